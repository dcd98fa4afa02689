//! The tools on real boards: what each call does, and what no call can do.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on should stop, and says where")]

mod calls;
mod scopes;
mod stage;
