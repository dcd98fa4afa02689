//! The built `andon`, serving a home of its own, with workers that are this very program.

use std::os::unix::net::UnixDatagram;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use andon_core::TaskId;
use andon_store::operation::Create;
use andon_store::{Board, Mode};
use andon_testkit::block_on;

use crate::board::{creation, open};

/// The built `andon` beside this program.
pub(crate) fn andon() -> PathBuf {
    let path = std::env::current_exe().unwrap().with_file_name("andon");
    assert!(path.exists(), "{} is not built: `cargo build --release -p andon`", path.display());
    path
}

/// A home whose profile `coder` starts this program in a role.
pub(crate) struct Host {
    pub(crate) home: tempfile::TempDir,
    pub(crate) board: Board,
    stamps: UnixDatagram,
    serving: Option<Child>,
}

impl Host {
    /// A home; nothing serves it yet.
    pub(crate) fn new(role: &str, arguments: &[&str]) -> Self {
        let home = tempfile::tempdir().unwrap();
        let folder = home.path().join("profiles/coder");
        std::fs::create_dir_all(&folder).unwrap();
        let socket = home.path().join("stamps");
        let stamps = UnixDatagram::bind(&socket).unwrap();
        let mut command =
            vec![std::env::current_exe().unwrap().display().to_string(), format!("process:{role}")];
        command.extend([socket.display().to_string(), "{task}".to_owned()]);
        command.extend(arguments.iter().map(|argument| (*argument).to_owned()));
        let text = format!("runner = \"command\"\ncommand = {}\n", serde_json::json!(command));
        std::fs::write(folder.join("profile.toml"), text).unwrap();
        let board = open(home.path(), Mode::Short);
        Self { home, board, stamps, serving: None }
    }

    /// Starts `andon serve`, and waits until it is on the board.
    pub(crate) fn serve(&mut self) -> u32 {
        let mut command = Command::new(andon());
        command.arg("serve").arg("--home").arg(self.home.path()).stdout(Stdio::null()).stderr(Stdio::null());
        let child = command.spawn().unwrap();
        let pid = child.id();
        self.serving = Some(child);
        let wake = self.board.folder().join("wake");
        wait(|| std::fs::read_dir(&wake).is_ok_and(|entries| entries.flatten().count() > 0));
        pid
    }

    /// Starts `andon serve` with its API on a port of the system's choice; gives its process, address and token.
    pub(crate) fn serve_api(&mut self) -> (u32, String, String) {
        let mut command = Command::new(andon());
        command.args(["serve", "--listen", "127.0.0.1:0", "--home"]).arg(self.home.path());
        let child = command.stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap();
        let pid = child.id();
        self.serving = Some(child);
        let file = |name: &str| std::fs::read_to_string(self.home.path().join(name)).unwrap_or_default();
        wait(|| file("andon.url").ends_with('\n') && !file("token").is_empty());
        let (url, token) = (file("andon.url"), file("token"));
        (pid, url.trim().trim_start_matches("http://").to_owned(), token.trim().to_owned())
    }

    /// Creates a task; gives it with the moment at which that was durable.
    pub(crate) fn create(&self, change: impl FnOnce(&mut Create)) -> (TaskId, u128) {
        let mut create = creation("coder");
        change(&mut create);
        let created = block_on(self.board.run(create)).unwrap();
        (created.task.id, now())
    }

    /// The next worker that has started: its task, and when.
    pub(crate) fn started(&self, limit: Duration) -> Option<(String, u128)> {
        self.stamps.set_read_timeout(Some(limit)).unwrap();
        let mut bytes = [0; 128];
        let read = self.stamps.recv(&mut bytes).ok()?;
        let text = std::str::from_utf8(&bytes[..read]).unwrap();
        let (task, at) = text.split_once(' ').unwrap();
        Some((task.to_owned(), at.parse().unwrap()))
    }
}

impl Drop for Host {
    fn drop(&mut self) {
        if let Some(mut serving) = self.serving.take() {
            let _ = serving.kill();
            let _ = serving.wait();
        }
    }
}

/// Nanoseconds since 1970: the one clock that two processes share.
pub(crate) fn now() -> u128 {
    std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).unwrap().as_nanos()
}

/// The worker's part: says when it started, and stays for so many milliseconds.
pub(crate) fn stamp(arguments: &[String]) {
    let at = now();
    let socket = UnixDatagram::unbound().unwrap();
    socket.send_to(format!("{} {at}", arguments[1]).as_bytes(), Path::new(&arguments[0])).unwrap();
    if let Some(millis) = arguments.get(2) {
        std::thread::sleep(Duration::from_millis(millis.parse().unwrap()));
    }
}

/// Waits until something is so.
pub(crate) fn wait(mut so: impl FnMut() -> bool) {
    let begun = Instant::now();
    while !so() {
        assert!(begun.elapsed() < Duration::from_secs(300), "waited for five minutes");
        std::thread::sleep(Duration::from_millis(2));
    }
}
