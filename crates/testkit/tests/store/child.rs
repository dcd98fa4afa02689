//! Other processes: the test binary runs itself, told by its environment what to do.

#![expect(clippy::disallowed_methods, reason = "tests start processes and time themselves")]

use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};

use andon_store::{Board, Home, Mode};

const ROLE: &str = "ANDON_TEST_ROLE";
const HOME: &str = "ANDON_TEST_HOME";

/// Starts this test binary as a process with a role on a home; its output is piped.
pub(crate) fn start(role: &str, home: &Path, environment: &[(&str, &str)]) -> Child {
    let mut command = command(std::env::current_exe().unwrap().to_str().unwrap(), role, home);
    command.envs(environment.iter().copied());
    command.spawn().unwrap()
}

/// The same through a shell, so that its limits and ignored signals are set before.
pub(crate) fn start_in_shell(script: &str, role: &str, home: &Path) -> Child {
    let mut command = command("/bin/sh", role, home);
    let mut shell = Command::new("/bin/sh");
    shell.arg("-c").arg(script).arg("sh").arg(std::env::current_exe().unwrap());
    shell.args(command.get_args());
    shell.envs(command.get_envs().filter_map(|(key, value)| Some((key, value?))));
    shell.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::inherit());
    command = shell;
    command.spawn().unwrap()
}

fn command(program: &str, role: &str, home: &Path) -> Command {
    let mut command = Command::new(program);
    command.args(["--exact", "child::the_other_process", "--nocapture", "--test-threads=1"]);
    command.env(ROLE, role).env(HOME, home);
    command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::inherit());
    command
}

/// The lines that a finished process said, without the test harness's.
pub(crate) fn said(output: &[u8]) -> Vec<String> {
    let text = String::from_utf8_lossy(output);
    text.lines().filter_map(|line| Some(line.split_once("» ")?.1.to_owned())).collect()
}

/// Says a line, at once and in one piece, so that a kill cannot cut it off.
pub(crate) fn say(line: &str) {
    use std::io::Write as _;
    let mut out = std::io::stdout().lock();
    // The harness may have begun a line of its own.
    out.write_all(format!("\n» {line}\n").as_bytes()).unwrap();
    out.flush().unwrap();
}

/// A switch of the environment.
pub(crate) fn setting(name: &str) -> Option<String> {
    std::env::var(name).ok()
}

/// The board `default` of a home, made when it is not there.
pub(crate) fn open(home: &Path, mode: Mode) -> Board {
    Home::new(home).open_or_default(&"default".parse().unwrap(), mode).unwrap()
}

/// What SQLite itself says of a database that nobody has open any more.
pub(crate) fn integrity(database: &Path) -> String {
    let connection = rusqlite::Connection::open(database).unwrap();
    connection.query_row("pragma integrity_check", [], |row| row.get(0)).unwrap()
}

/// Does nothing in a usual run; in a process that was started with a role it plays that role.
#[test]
fn the_other_process() {
    let Some(role) = setting(ROLE) else { return };
    let home = PathBuf::from(setting(HOME).unwrap());
    match role.as_str() {
        "claim" => crate::processes::claim_all(&home),
        "open" => crate::processes::open_once(&home),
        "write" => crate::kills::write_for_ever(&home),
        "limited" => crate::kills::write_into_a_limit(&home),
        other => panic!("no role {other}"),
    }
}
