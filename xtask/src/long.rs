//! `cargo xtask chaos` and `cargo xtask soak`: the process tests in the long form that CI has no time for.

use crate::failure::Failure;
use crate::{needs, shell, test};

/// Runs the process tests with `variable` set, which asks them for their long form. `args` go to the test runner.
pub(crate) fn run(variable: &str, args: &[String]) -> Result<(), Failure> {
    needs::install()?;
    shell::run(shell::cargo(&["build", "--package", "andon", "--bin", "andon"]))?;
    let mut tests = if shell::cargo_has("nextest") {
        shell::cargo(&["nextest", "run", "--profile", "chaos", "--package", "andon-tests"])
    } else {
        shell::cargo(&["test", "--package", "andon-tests"])
    };
    tests.args(args).env(variable, "1");
    shell::run(test::without_foreign_board(tests))
}
