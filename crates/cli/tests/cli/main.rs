//! What the command line promises, on the built binary: text, JSON, exit codes. Every test has a home of its own, with a
//! space and letters of several scripts in its path, and an environment that holds nothing else.

#![expect(clippy::disallowed_methods, reason = "the binary under test is started as a person starts it")]
#![expect(clippy::unwrap_used, reason = "a test that cannot go on should stop")]

mod bad_input;
mod bulk;
mod cord;
mod following;
mod keeping;
mod lifecycle;
mod place;
mod reading;
mod worker;
