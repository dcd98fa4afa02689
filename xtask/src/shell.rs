//! Starting other programs: never through a shell, never with a standard input to wait for.

use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use crate::failure::Failure;

/// The root of the repository, wherever the chore was started.
pub(crate) fn root() -> PathBuf {
    let here = Path::new(env!("CARGO_MANIFEST_DIR"));
    here.parent().unwrap_or(here).to_path_buf()
}

/// Where cargo puts what it builds.
pub(crate) fn target() -> PathBuf {
    std::env::var_os("CARGO_TARGET_DIR").map_or_else(|| root().join("target"), |folder| root().join(folder))
}

/// A command that runs in the root of the repository.
pub(crate) fn command(program: &str, args: &[&str]) -> Command {
    let mut command = Command::new(program);
    command.args(args).current_dir(root()).stdin(Stdio::null());
    command
}

/// The cargo that runs this program.
pub(crate) fn cargo(args: &[&str]) -> Command {
    let program = std::env::var("CARGO").unwrap_or_else(|_| "cargo".to_owned());
    let mut command = command(&program, args);
    // What cargo tells this program of its own package would have the builds of others believe that they changed.
    for (name, _) in std::env::vars_os() {
        let told = name.to_string_lossy();
        if told.starts_with("CARGO_PKG_") || told.starts_with("CARGO_MANIFEST_") {
            command.env_remove(&name);
        }
    }
    command
}

/// Shows and runs a command, whose output goes to the terminal.
///
/// # Errors
/// When it cannot be started, or ends with anything but success.
pub(crate) fn run(mut command: Command) -> Result<(), Failure> {
    let shown = describe(&command);
    eprintln!("$ {shown}");
    let status = command.status().map_err(|source| Failure::Start { command: shown.clone(), source })?;
    if status.success() { Ok(()) } else { Err(Failure::Command { command: shown, status }) }
}

/// Runs a command and returns its standard output.
///
/// # Errors
/// When it cannot be started, or ends with anything but success.
pub(crate) fn output(mut command: Command) -> Result<Vec<u8>, Failure> {
    let shown = describe(&command);
    command.stderr(Stdio::inherit());
    let output = command.output().map_err(|source| Failure::Start { command: shown.clone(), source })?;
    if output.status.success() {
        Ok(output.stdout)
    } else {
        Err(Failure::Command { command: shown, status: output.status })
    }
}

/// Whether a command can be started and succeeds; it is not heard.
pub(crate) fn succeeds(mut command: Command) -> bool {
    command.stdout(Stdio::null()).stderr(Stdio::null()).status().is_ok_and(|status| status.success())
}

/// Whether this cargo has the subcommand `name`.
pub(crate) fn cargo_has(name: &str) -> bool {
    succeeds(cargo(&[name, "--version"]))
}

fn describe(command: &Command) -> String {
    let program = Path::new(command.get_program()).file_name().unwrap_or(command.get_program());
    let mut shown = program.to_string_lossy().into_owned();
    for arg in command.get_args() {
        shown.push(' ');
        shown.push_str(&arg.to_string_lossy());
    }
    shown
}
