//! `cargo xtask test`: one command that brings what the tests need and runs all of them.

use std::process::Command;

use crate::failure::Failure;
use crate::{needs, node, python, shell, tidy, web};

/// Runs the tests of the workspace, its doctests, and the dashboard's tests in a browser. `args` go to the test runner, and
/// choose what runs.
pub(crate) fn run(args: &[String]) -> Result<(), Failure> {
    needs::install()?;
    // What only waits for the network and the disk goes beside the builds.
    std::thread::scope(|scope| {
        let others = scope.spawn(|| node::install().and_then(|()| python::install()));
        if args.is_empty() {
            // The program has the dashboard inside.
            web::build()?;
        }
        // The process tests start the built binary, which no test runner builds for them.
        shell::run(shell::cargo(&["build", "--package", "andon", "--bin", "andon"]))?;
        others.join().unwrap_or_else(|panic| std::panic::resume_unwind(panic))
    })?;
    let nextest = shell::cargo_has("nextest");
    let mut tests = match (nextest, chooses_packages(args)) {
        (true, false) => shell::cargo(&["nextest", "run", "--workspace"]),
        (true, true) => shell::cargo(&["nextest", "run"]),
        (false, false) => shell::cargo(&["test", "--workspace", "--all-targets"]),
        (false, true) => shell::cargo(&["test", "--all-targets"]),
    };
    tests.args(args);
    shell::run(without_foreign_board(tests))?;
    if args.is_empty() {
        if tidy::doctests::any()? {
            shell::run(without_foreign_board(shell::cargo(&["test", "--workspace", "--doc"])))?;
        }
        web::check()?;
        web::journeys(&[])
    } else {
        eprintln!("doctests and the dashboard's tests: skipped, because arguments chose what runs");
        Ok(())
    }
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
