//! `cargo xtask chaos` and `cargo xtask soak`: the process tests in the long form that CI has no time for.

use std::ffi::OsStr;

use crate::failure::Failure;
use crate::{needs, shell, test};

/// Runs the process tests with `variable` set, which asks them for their long form. `args` go to the test runner.
pub(crate) fn run(variable: &str, args: &[String]) -> Result<(), Failure> {
    run_with(variable, args, &[])
}

/// The same, with more variables.
pub(crate) fn run_with(variable: &str, args: &[String], more: &[(&str, &OsStr)]) -> Result<(), Failure> {
    needs::install()?;
    shell::run(shell::cargo(&["build", "--package", "andon", "--bin", "andon"]))?;
    let mut tests = if shell::cargo_has("nextest") {
        shell::cargo(&["nextest", "run", "--profile", "chaos", "--package", "andon-tests"])
    } else {
        shell::cargo(&["test", "--package", "andon-tests"])
    };
    tests.args(args).env(variable, "1");
    let mut tests = test::without_foreign_board(tests);
    tests.envs(more.iter().copied());
    shell::run(tests)
}
