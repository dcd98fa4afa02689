//! `cargo xtask bench`: what Andon costs. Nothing here passes or fails by a time.

use crate::failure::Failure;
use crate::shell;

/// Runs the named benchmarks, or all of them.
pub(crate) fn run(args: &[String]) -> Result<(), Failure> {
    shell::run(shell::cargo(&["build", "--release", "--package", "andon"]))?;
    let mut benches = shell::cargo(&["run", "--release", "--package", "andon-benches", "--"]);
    benches.args(args);
    shell::run(benches)
}
