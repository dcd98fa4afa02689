//! Verbs that a server runs: named by `--server`, or found by the socket of the home.

mod files;
mod lost;
mod served;
mod socket;
mod streams;
mod tls;
mod tokens;
mod verbs;
