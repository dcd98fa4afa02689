//! `cargo xtask bench`: what Andon costs. Nothing here passes or fails by a time.

use crate::failure::Failure;
use crate::{shell, web};

/// Runs the named benchmarks, or all of them.
pub(crate) fn run(args: &[String]) -> Result<(), Failure> {
    if args.is_empty() || args.iter().any(|name| name.starts_with("dashboard")) {
        // The program has the dashboard inside.
        web::build()?;
    }
    shell::run(shell::cargo(&["build", "--release", "--package", "andon"]))?;
    // Agents are measured on a model that answers by a script.
    let server = ["build", "--release", "--package", "andon-tests", "--bin", "andon-model-server"];
    shell::run(shell::cargo(&server))?;
    let mut benches = shell::cargo(&["run", "--release", "--package", "andon-benches", "--"]);
    benches.args(args);
    shell::run(benches)
}
