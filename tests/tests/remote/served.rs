//! A server of a house, and commands that it runs.

use std::fs::File;
use std::process::{Child, Command, ExitStatus, Stdio};

use andon_tests::{Answer, House, processes, wait_for};

/// `andon serve` as a child. Killed when it is dropped.
#[derive(Debug)]
pub(super) struct Served {
    child: Child,
    /// Where it is.
    pub(super) url: String,
}

impl Served {
    /// Serves at a port of the system's choice; nothing starts until somebody resumes.
    pub(super) fn start(house: &House) -> Self {
        let _ = house.andon(["init"]).exits(0);
        let _ = house.andon(["pause", "--all"]).exits(0);
        Self::with(house, &[])
    }

    /// Serves with further variables.
    pub(super) fn with(house: &House, variables: &[(&str, &str)]) -> Self {
        static NUMBER: std::sync::atomic::AtomicU32 = std::sync::atomic::AtomicU32::new(0);
        let number = NUMBER.fetch_add(1, std::sync::atomic::Ordering::Relaxed);
        let log = house.outside().join(format!("served-{number}.log"));
        let mut command = house.command();
        command.args(["serve", "--listen", "127.0.0.1:0"]).envs(variables.iter().copied());
        command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(File::create(&log).unwrap());
        let mut child = command.spawn().unwrap();
        let url = wait_for("the server says where it is", || {
            let said = std::fs::read_to_string(&log).unwrap();
            assert!(child.try_wait().unwrap().is_none(), "the server ended: {said}");
            let (url, _) =
                said.lines().find_map(|line| line.strip_prefix("andon: open "))?.split_once("/login")?;
            Some(url.to_owned())
        });
        Self { child, url }
    }

    /// A command that this server is to run.
    pub(super) fn command(&self, house: &House) -> Command {
        let mut command = house.command();
        command.env("ANDON_SERVER", &self.url);
        command
    }

    /// Runs a command by this server.
    pub(super) fn andon(&self, house: &House, words: &[&str]) -> Answer {
        let mut command = self.command(house);
        command.args(words);
        House::answer(command)
    }

    /// Runs a command by this server with this token alone.
    pub(super) fn as_token(&self, house: &House, token: &str, words: &[&str]) -> Answer {
        let mut command = self.command(house);
        command.args(words).env("ANDON_TOKEN", token).env("ANDON_USER", "somebody");
        House::answer(command)
    }

    /// How many verbs it was asked to run.
    pub(super) fn verbs(&self, house: &House) -> u64 {
        let token = std::fs::read_to_string(house.home().join("token")).unwrap();
        let address = self.url.strip_prefix("http://").unwrap();
        let mut stream = std::net::TcpStream::connect(address).unwrap();
        let head = format!(
            "GET /metrics HTTP/1.1\r\nHost: {address}\r\nAuthorization: Bearer {}\r\nConnection: close\r\n\r\n",
            token.trim()
        );
        std::io::Write::write_all(&mut stream, head.as_bytes()).unwrap();
        let mut text = String::new();
        std::io::Read::read_to_string(&mut stream, &mut text).unwrap();
        let line = text.lines().find_map(|line| line.strip_prefix("andon_verbs_total{} "));
        line.expect("it is counted").trim().parse().unwrap()
    }

    /// Its process.
    pub(super) fn pid(&self) -> i32 {
        i32::try_from(self.child.id()).unwrap()
    }

    /// SIGTERM, and waits for its end.
    pub(super) fn stop(mut self) -> ExitStatus {
        processes::terminate(self.pid());
        wait_for("the server ends", || self.child.try_wait().unwrap())
    }

    /// SIGKILL, and waits for its end.
    pub(super) fn kill(mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }

    /// Waits until it has died by itself.
    pub(super) fn died(mut self) {
        let _ = wait_for("the server dies", || self.child.try_wait().unwrap());
    }
}

impl Drop for Served {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// Makes a token; gives its secret.
pub(super) fn token(house: &House, scope: &str, name: &str) -> String {
    house.andon(["token", "create", "--scope", scope, "--name", name]).ok()
}
