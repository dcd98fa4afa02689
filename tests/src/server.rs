//! A PostgreSQL of one test, which the test may stop, kill and fill up: in a folder of its own, as an unprivileged user,
//! reached by TCP on the loopback.

#![expect(clippy::disallowed_methods, reason = "the edge: starts the server under test")]

use std::net::{SocketAddr, TcpListener};
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};

/// A server; it goes with its folder.
#[derive(Debug)]
pub struct Server {
    folder: tempfile::TempDir,
    address: SocketAddr,
    mounted: bool,
    /// Further settings, as its command line has them.
    settings: String,
}

impl Server {
    /// A running server.
    ///
    /// # Panics
    /// When PostgreSQL is not installed or does not start.
    #[must_use]
    pub fn new() -> Self {
        Self::on(|_| false, |_| String::new())
    }

    /// A running server with further settings; `prepare` gets the folder of its data before it starts, and gives them as its
    /// command line has them.
    #[must_use]
    pub fn with(prepare: impl FnOnce(&Path) -> String) -> Self {
        Self::on(|_| false, prepare)
    }

    /// A running server whose data lie in a file system of `megabytes` of its own; the reason where that cannot be.
    ///
    /// # Errors
    /// When this user may not mount anything here.
    pub fn on_a_small_disk(megabytes: u32) -> Result<Self, String> {
        if !rustix::process::getuid().is_root() {
            return Err("only root may mount a file system".to_owned());
        }
        let mut answer = Err("nothing was mounted".to_owned());
        let server = Self::on(
            |folder| {
                let mut mount = Command::new("mount");
                mount.args(["-t", "tmpfs", "-o", &format!("size={megabytes}m"), "tmpfs"]).arg(folder);
                let output = mount.output().unwrap();
                answer = if output.status.success() {
                    Ok(())
                } else {
                    Err(String::from_utf8_lossy(&output.stderr).trim().to_owned())
                };
                answer.is_ok()
            },
            |_| String::new(),
        );
        answer.map(|()| server)
    }

    fn on(mount: impl FnOnce(&Path) -> bool, prepare: impl FnOnce(&Path) -> String) -> Self {
        let folder = tempfile::Builder::new().prefix("andon-server-").tempdir().unwrap();
        let address = TcpListener::bind(("127.0.0.1", 0)).unwrap().local_addr().unwrap();
        let mounted = mount(folder.path());
        let mut server = Self { folder, address, mounted, settings: String::new() };
        let data = server.data();
        std::fs::create_dir_all(&data).unwrap();
        if rustix::process::getuid().is_root() {
            let chown = Command::new("chown").args(["-R", "postgres"]).arg(server.folder.path()).status();
            assert!(chown.unwrap().success());
        }
        let path = data.to_str().unwrap();
        server.must("initdb", &["-D", path, "-U", "postgres", "-A", "trust", "-E", "UTF8", "--locale=C"]);
        server.settings = prepare(&data);
        if rustix::process::getuid().is_root() {
            let chown = Command::new("chown").args(["-R", "postgres"]).arg(&data).status();
            assert!(chown.unwrap().success());
        }
        server.start();
        server
    }

    /// Where it listens.
    #[must_use]
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// The URL of its database, by this address.
    #[must_use]
    pub fn url(&self, by: SocketAddr) -> String {
        format!("postgres://postgres@{by}/postgres?connect_timeout=2&tcp_user_timeout=3000")
    }

    /// The folder of its data.
    #[must_use]
    pub fn data(&self) -> PathBuf {
        self.folder.path().join("data")
    }

    /// Starts it; it waits for disks as in production.
    pub fn start(&self) {
        let settings = format!(
            "-c listen_addresses=127.0.0.1 -c port={} -c unix_socket_directories= -c max_connections=150 \
             -c shared_buffers=32MB -c deadlock_timeout=200ms -c max_wal_size=64MB {}",
            self.address.port(),
            self.settings
        );
        let data = self.data();
        let (data, log) = (data.to_str().unwrap(), data.join("server.log"));
        let log = log.to_str().unwrap();
        self.must("pg_ctl", &["-D", data, "-l", log, "-o", &settings, "-w", "-t", "90", "start"]);
    }

    /// Stops it: `fast` or `immediate`.
    pub fn stop(&self, how: &str) {
        let data = self.data();
        let _ = self.run("pg_ctl", &["-D", data.to_str().unwrap(), "-m", how, "-w", "stop"]);
    }

    /// Whether it accepts connections.
    #[must_use]
    pub fn answers(&self) -> bool {
        self.try_ask("select 1").is_ok()
    }

    /// Runs statements; gives what they print.
    ///
    /// # Panics
    /// When the server refuses them.
    #[must_use]
    pub fn ask(&self, sql: &str) -> String {
        self.try_ask(sql).unwrap_or_else(|error| panic!("{sql}: {error}"))
    }

    /// Runs statements.
    ///
    /// # Errors
    /// What the server says.
    pub fn try_ask(&self, sql: &str) -> Result<String, String> {
        let output = self.client(sql).output().unwrap();
        let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).trim().to_owned();
        if output.status.success() { Ok(text(&output.stdout)) } else { Err(text(&output.stderr)) }
    }

    /// A client that runs statements.
    #[must_use]
    pub fn client(&self, sql: &str) -> Command {
        let mut client = Command::new(program("psql"));
        client.args(["-X", "-q", "-A", "-t", "-h", "127.0.0.1", "-p", &self.address.port().to_string()]);
        client.args(["-U", "postgres", "-d", "postgres", "-v", "ON_ERROR_STOP=1", "-c", sql]);
        client.stdin(Stdio::null()).env("PGCONNECT_TIMEOUT", "5");
        client
    }

    fn must(&self, name: &str, arguments: &[&str]) {
        let output = self.run(name, arguments);
        assert!(
            output.status.success(),
            "{name}: {}{}",
            String::from_utf8_lossy(&output.stderr),
            std::fs::read_to_string(self.data().join("server.log")).unwrap_or_default()
        );
    }

    /// The server refuses to run as root: then the user `postgres` runs it. What it prints goes to files: the server
    /// inherits them, and would keep a pipe open.
    fn run(&self, name: &str, arguments: &[&str]) -> Output {
        let program = program(name);
        let mut command = if rustix::process::getuid().is_root() {
            let mut command = Command::new("runuser");
            command.args(["-u", "postgres", "--"]).arg(program);
            command
        } else {
            Command::new(program)
        };
        let errors = tempfile::NamedTempFile::new().unwrap();
        command.args(arguments).current_dir("/").stdin(Stdio::null()).stdout(Stdio::null());
        let status = command.stderr(errors.reopen().unwrap()).status().unwrap();
        Output { status, stdout: Vec::new(), stderr: std::fs::read(errors.path()).unwrap_or_default() }
    }
}

impl Default for Server {
    fn default() -> Self {
        Self::new()
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        self.stop("immediate");
        if self.mounted {
            let _ = Command::new("umount").args(["-l"]).arg(self.folder.path()).status();
        }
    }
}

/// A program of PostgreSQL: Debian keeps the server's off the path.
fn program(name: &str) -> PathBuf {
    let versions = std::fs::read_dir("/usr/lib/postgresql").into_iter().flatten().flatten();
    let mut folders: Vec<PathBuf> = versions.map(|entry| entry.path().join("bin")).collect();
    folders.sort();
    let path = std::env::var_os("PATH").unwrap_or_default();
    let mut listed =
        folders.into_iter().rev().chain(std::env::split_paths(&path)).map(|folder| folder.join(name));
    listed
        .find(|program| program.is_file())
        .unwrap_or_else(|| panic!("{name} of PostgreSQL is not installed"))
}
