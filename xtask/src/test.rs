//! `cargo xtask test`: one command that brings what the tests need and runs all of them.

use std::process::Command;

use crate::failure::Failure;
use crate::{ci, needs, node, python, shell, web};

/// Says that the checks come beside the tests.
pub(crate) const AND_CHECK: &str = "--and-check";

/// Runs the tests of the workspace, its doctests, and the dashboard's tests in a browser. `args` go to the test runner, and
/// choose what runs. With `--and-check` instead, all of them run, and the checks beside them.
pub(crate) fn run(args: &[String]) -> Result<(), Failure> {
    if matches!(args, [only] if only == AND_CHECK) { everything(true) } else { chosen(args) }
}

fn chosen(args: &[String]) -> Result<(), Failure> {
    if args.is_empty() {
        return everything(false);
    }
    build(false)?;
    shell::run(without_foreign_board(runner(args)))?;
    eprintln!("doctests and the dashboard's tests: skipped, because arguments chose what runs");
    Ok(())
}

/// Most tests wait for processes much of the time, which is enough for the compiler to look through everything.
fn everything(and_check: bool) -> Result<(), Failure> {
    build(true)?;
    shell::run(without_foreign_board(runner(&["--no-run".to_owned()])))?;
    std::thread::scope(|scope| {
        let checks = and_check.then(|| scope.spawn(ci::check_beside));
        let tests = shell::run(without_foreign_board(runner(&[])))
            .and_then(|()| shell::run(without_foreign_board(shell::cargo(&["test", "--workspace", "--doc"]))))
            .and_then(|()| web::check())
            .and_then(|()| web::journeys(&[]));
        let checked =
            checks.map(|checks| checks.join().unwrap_or_else(|panic| std::panic::resume_unwind(panic)));
        tests.and(checked.unwrap_or(Ok(())))
    })
}

/// Brings what the tests need, and builds what they start.
fn build(with_dashboard: bool) -> Result<(), Failure> {
    needs::install()?;
    // What only waits for the network and the disk goes beside the builds.
    std::thread::scope(|scope| {
        let others = scope.spawn(|| node::install().and_then(|()| python::install()));
        if with_dashboard {
            // The program has the dashboard inside.
            web::build()?;
        }
        // The process tests start the built binary, which no test runner builds for them.
        shell::run(shell::cargo(&["build", "--package", "andon", "--bin", "andon"]))?;
        others.join().unwrap_or_else(|panic| std::panic::resume_unwind(panic))
    })
}

/// The test runner that is there.
fn runner(args: &[String]) -> Command {
    let nextest = shell::cargo_has("nextest");
    let mut tests = match (nextest, chooses_packages(args)) {
        (true, false) => shell::cargo(&["nextest", "run", "--workspace"]),
        (true, true) => shell::cargo(&["nextest", "run"]),
        (false, false) => shell::cargo(&["test", "--workspace", "--all-targets"]),
        (false, true) => shell::cargo(&["test", "--all-targets"]),
    };
    tests.args(args);
    tests
}

/// Whoever runs the tests may be a worker of Andon: its board, task and run are none of the tests' business.
pub(crate) fn without_foreign_board(mut command: Command) -> Command {
    const OURS: [&str; 3] = ["ANDON_CHAOS", "ANDON_SOAK", "ANDON_REQUIRE_POSTGRES"];
    for (name, _) in std::env::vars_os() {
        let name = name.to_string_lossy();
        if name.starts_with("ANDON_") && !OURS.contains(&name.as_ref()) {
            command.env_remove(name.as_ref());
        }
    }
    command
}

fn chooses_packages(args: &[String]) -> bool {
    args.iter()
        .any(|arg| arg.starts_with("-p") || arg.starts_with("--package") || arg.starts_with("--manifest"))
}
