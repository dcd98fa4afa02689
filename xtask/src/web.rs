//! `cargo xtask web`: what the dashboard needs, installed as its lock file says, then checked and built.
//!
//! The build lies in `web/dist`, from where the server's build puts it into the program. No script of a package is run.

use std::process::Command;

use crate::failure::Failure;
use crate::shell;

/// Builds the dashboard; `--check` also checks its types and runs its tests, `--browser` runs the journeys in a browser
/// against the built program.
///
/// # Errors
/// When npm is not there, or a step fails.
pub(crate) fn run(args: &[String]) -> Result<(), Failure> {
    let (mut check, mut browser) = (false, false);
    for arg in args {
        match arg.as_str() {
            "--check" => check = true,
            "--browser" => browser = true,
            unknown => {
                return Err(Failure::Usage(format!("`web` knows --check and --browser, not `{unknown}`")));
            }
        }
    }
    install()?;
    if check {
        shell::run(npm(&["run", "--silent", "check"]))?;
        shell::run(npm(&["run", "--silent", "test"]))?;
    }
    shell::run(npm(&["run", "--silent", "build"]))?;
    if browser {
        // The program has the dashboard inside: it is built after it.
        shell::run(shell::cargo(&["build", "--package", "andon", "--bin", "andon"]))?;
        shell::run(crate::test::without_foreign_board(npm(&["run", "--silent", "test:browser"])))?;
    }
    Ok(())
}

/// Installs exactly what the lock file names, unless it is there already.
fn install() -> Result<(), Failure> {
    let folder = shell::root().join("web");
    let lock = folder.join("package-lock.json");
    let stamp = folder.join("node_modules/.andon-lock");
    let locked =
        std::fs::read_to_string(&lock).map_err(|source| Failure::File { path: lock.clone(), source })?;
    if std::fs::read_to_string(&stamp).is_ok_and(|installed| installed == locked) {
        return Ok(());
    }
    shell::run(npm(&["ci", "--ignore-scripts", "--no-audit", "--no-fund", "--loglevel=error"]))?;
    std::fs::write(&stamp, locked).map_err(|source| Failure::File { path: stamp, source })
}

fn npm(args: &[&str]) -> Command {
    let mut command = shell::command("npm", args);
    command.current_dir(shell::root().join("web"));
    command
}
