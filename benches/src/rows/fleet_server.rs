//! A PostgreSQL of its own with the settings that it comes with (`fsync` and `synchronous_commit` on), and boards on it.

use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use andon_core::BoardSlug;
use andon_store::{Board, BoardFile, DatabaseUrl, Home, Mode};
use andon_testkit::block_on;
use futures::future::join_all;
use tokio_postgres::{Client, NoTls, SimpleQueryMessage};

use crate::board::{claim, completion, creation, only};
use crate::table::per_second;

/// A server that goes with its folder.
pub(crate) struct Server {
    folder: tempfile::TempDir,
    programs: PathBuf,
}

impl Server {
    /// Starts one; it listens on a socket in its folder.
    pub(crate) fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let server = Self { folder, programs: programs() };
        let (data, socket) = (server.folder.path().join("data"), server.socket());
        for made in [&data, &socket] {
            std::fs::create_dir_all(made).unwrap();
        }
        server.hand_over();
        let data = data.to_str().unwrap();
        server.run("initdb", &["-D", data, "-U", "postgres", "-A", "trust", "-E", "UTF8", "--locale=C"]);
        let settings = format!(
            "-c listen_addresses= -c unix_socket_directories={} -c max_connections=200 \
             -c shared_preload_libraries=pg_stat_statements -c track_io_timing=off {}",
            server.socket().display(),
            std::env::var("ANDON_BENCH_POSTGRES").unwrap_or_default()
        );
        let log = format!("{data}/server.log");
        server.run("pg_ctl", &["-D", data, "-l", &log, "-o", &settings, "-w", "-t", "60", "start"]);
        server.ask("postgres", "create extension pg_stat_statements");
        server
    }

    /// The folder of its socket.
    pub(crate) fn socket(&self) -> PathBuf {
        self.folder.path().join("socket")
    }

    /// The URL of a database.
    pub(crate) fn url(&self, database: &str) -> String {
        format!("postgres://postgres@{}/{database}", self.socket().display().to_string().replace('/', "%2F"))
    }

    /// A new database.
    pub(crate) fn database(&self, name: &str) {
        self.ask("postgres", &format!("create database \"{name}\""));
    }

    /// The board `default` in a database, opened as a server does.
    pub(crate) fn board(&self, database: &str) -> Fleet {
        let root = tempfile::tempdir().unwrap();
        let url: DatabaseUrl = self.url(database).parse().unwrap();
        let home = Home::new(root.path()).with_database(&url).unwrap();
        let slug: BoardSlug = "default".parse().unwrap();
        home.create(&slug, &BoardFile::default()).unwrap();
        Fleet { board: home.open(&slug, Mode::Long).unwrap(), _root: root }
    }

    /// A connection that stays, with the loop that drives it.
    pub(crate) fn connect(&self, database: &str) -> Wire {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        let config = format!("host={} user=postgres dbname={database}", self.socket().display());
        let (client, connection) = runtime.block_on(tokio_postgres::connect(&config, NoTls)).unwrap();
        runtime.spawn(connection);
        Wire { runtime, client }
    }

    /// Runs statements; gives the first column of what they gave.
    pub(crate) fn ask(&self, database: &str, sql: &str) -> Vec<String> {
        self.connect(database).ask(sql)
    }

    fn run(&self, program: &str, arguments: &[&str]) {
        let mut command = self.as_server(program);
        let output = command.args(arguments).stdin(Stdio::null()).output().unwrap();
        assert!(output.status.success(), "{program}: {}", String::from_utf8_lossy(&output.stderr));
    }

    /// The server refuses to run as root: then the user `postgres` runs it.
    fn as_server(&self, program: &str) -> Command {
        let program = self.programs.join(program);
        let mut command = Command::new(if root() { Path::new("runuser") } else { &program });
        if root() {
            command.args(["-u", "postgres", "--"]).arg(&program);
        }
        command.current_dir("/");
        command
    }

    fn hand_over(&self) {
        if root() {
            let status = Command::new("chown").args(["-R", "postgres"]).arg(self.folder.path()).status();
            assert!(status.unwrap().success());
        }
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        let data = self.folder.path().join("data");
        let _ = self.as_server("pg_ctl").args(["-m", "immediate", "-w", "stop", "-D"]).arg(data).output();
    }
}

fn root() -> bool {
    rustix::process::getuid().is_root()
}

/// Where the server's programs are: Debian keeps them off the path.
fn programs() -> PathBuf {
    let versions = std::fs::read_dir("/usr/lib/postgresql").into_iter().flatten().flatten();
    let mut folders: Vec<PathBuf> = versions.map(|entry| entry.path().join("bin")).collect();
    folders.sort();
    let path = std::env::var_os("PATH").unwrap_or_default();
    let mut listed = folders.into_iter().rev().chain(std::env::split_paths(&path));
    listed.find(|folder| folder.join("pg_ctl").is_file()).unwrap()
}

/// What a server has written to its log so far: bytes, and images of whole pages.
#[derive(Clone, Copy, Default)]
pub(crate) struct Written {
    pub(crate) bytes: i64,
    pub(crate) images: i64,
}

impl Server {
    /// What it has written so far.
    pub(crate) fn written(&self) -> Written {
        // A connection of its own, because the figures of others are seen by a new look alone.
        let told = self.ask("postgres", "select wal_bytes::bigint || ' ' || wal_fpi from pg_stat_wal");
        let (bytes, images) = told[0].split_once(' ').unwrap();
        Written { bytes: bytes.parse().unwrap(), images: images.parse().unwrap() }
    }
}

/// A connection of the measurement itself.
pub(crate) struct Wire {
    runtime: tokio::runtime::Runtime,
    client: Client,
}

impl Wire {
    /// Runs statements; gives the first column of what they gave.
    pub(crate) fn ask(&self, sql: &str) -> Vec<String> {
        let told = self.runtime.block_on(self.client.simple_query(sql)).unwrap();
        let first = |message| match message {
            SimpleQueryMessage::Row(row) => row.get(0).map(str::to_owned),
            _ => None,
        };
        told.into_iter().filter_map(first).collect()
    }

    /// Lets the server speak for a time.
    pub(crate) fn idle(&self, time: Duration) {
        self.runtime.block_on(async { tokio::time::sleep(time).await });
    }
}

/// A board on a server, and the folder of its home.
pub(crate) struct Fleet {
    pub(crate) board: Board,
    _root: tempfile::TempDir,
}

/// Clients that work side by side.
pub(crate) const CLIENTS: usize = 64;
/// Tasks of a batch.
pub(crate) const BATCH: u32 = 50;

/// How many in how long.
pub(crate) type Count = (usize, Duration);

/// Adds a turn to what there was.
pub(crate) fn add(sum: &mut Count, (count, took): Count) {
    *sum = (sum.0 + count, sum.1 + took);
}

/// What a count comes to, per second.
pub(crate) fn rate(count: Count) -> f64 {
    per_second(count.0, count.1)
}

impl Fleet {
    /// All clients for a time, in batches of so many.
    pub(crate) fn turn(&self, time: Duration, batch: u32) -> Count {
        let begun = Instant::now();
        let counts = block_on(join_all((0..CLIENTS).map(|_| async {
            let mut count = 0;
            while begun.elapsed() < time {
                count += self.round(batch).await;
            }
            count
        })));
        (counts.iter().sum(), begun.elapsed())
    }

    /// Creates, claims and completes; gives how many were completed.
    async fn round(&self, batch: u32) -> usize {
        let created = (0..batch).map(|_| self.board.run(creation("coder")));
        for created in join_all(created).await {
            created.unwrap();
        }
        let claimed = self.board.run(claim(only("coder"), batch)).await.unwrap();
        let completed = claimed.iter().map(|claimed| self.board.run(completion(claimed)));
        for completed in join_all(completed).await {
            completed.unwrap();
        }
        claimed.len()
    }
}
