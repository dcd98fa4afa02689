//! The server: in a temporary folder, behind a Unix socket, without waiting for disks. The first test that needs it starts
//! it; a watcher stops it when no test has used it for a while.

#![expect(clippy::disallowed_methods, reason = "tests start a server, and its watcher must outlive them")]

use std::fs::File;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::OnceLock;
use std::sync::atomic::{AtomicU64, Ordering};

use rustix::fs::{FlockOperation, flock};

/// Seconds without a test after which the server goes.
const IDLE: u32 = 60;
/// The user that may log in with a password alone, and its password.
const SEALED: (&str, &str) = ("sealed", "open sesame");

/// The running server. It stays while any test process holds one of these.
#[derive(Debug)]
pub struct Cluster {
    folder: PathBuf,
    _user: File,
}

/// A database of a test; it goes with it.
#[derive(Debug)]
pub struct Database {
    cluster: &'static Cluster,
    name: String,
}

impl Cluster {
    /// The server of this run, started when it is not there yet.
    ///
    /// # Panics
    /// When PostgreSQL is not installed or does not start.
    pub fn shared() -> &'static Self {
        static SHARED: OnceLock<Cluster> = OnceLock::new();
        SHARED.get_or_init(Self::find_or_start)
    }

    fn find_or_start() -> Self {
        let user = rustix::process::getuid().as_raw();
        let folder = spacious().join(format!("andon-postgres-{user}"));
        std::fs::create_dir_all(&folder).expect("a temporary folder");
        let lock = |name: &str, how| {
            let open = File::options().create(true).truncate(false).write(true).open(folder.join(name));
            let file = open.expect("a lock file");
            flock(&file, how).expect("a lock");
            file
        };
        // In this order, as the watcher does: whoever starts or stops is alone.
        let _starting = lock("start.lock", FlockOperation::LockExclusive);
        let user = lock("users.lock", FlockOperation::LockShared);
        let cluster = Self { folder, _user: user };
        if !cluster.answers() {
            cluster.start();
        }
        cluster
    }

    fn answers(&self) -> bool {
        self.folder.join("socket/.s.PGSQL.5432").exists() && self.try_run("postgres", "select 1").is_ok()
    }

    fn start(&self) {
        let programs = programs();
        let (data, socket) = (self.folder.join("data"), self.folder.join("socket"));
        for old in [&data, &socket] {
            let _ = std::fs::remove_dir_all(old);
            std::fs::create_dir_all(old).expect("a folder");
            hand_over(old);
        }
        let text = |path: &Path| path.to_str().expect("a plain path").to_owned();
        let init = ["-D", &text(&data), "-U", "postgres", "-A", "trust", "-N", "-E", "UTF8", "--locale=C"];
        run(as_server(&programs.join("initdb"), &init));
        let access = format!("local all {} scram-sha-256\nlocal all all trust\n", SEALED.0);
        std::fs::write(data.join("pg_hba.conf"), access).expect("rules of access");
        hand_over(&data.join("pg_hba.conf"));
        let settings = format!(
            "-c listen_addresses= -c unix_socket_directories={} -c fsync=off -c full_page_writes=off \
             -c synchronous_commit=off -c max_connections=400 -c shared_buffers=128MB -c wal_level=minimal \
             -c max_wal_senders=0 -c autovacuum_naptime=5 -c deadlock_timeout=200ms",
            text(&socket)
        );
        let log = text(&data.join("server.log"));
        run(as_server(
            &programs.join("pg_ctl"),
            &["-D", &text(&data), "-l", &log, "-o", &settings, "-w", "-t", "60", "start"],
        ));
        self.run(
            "postgres",
            &format!(
                "set password_encryption = 'scram-sha-256'; create role {} login password '{}'",
                SEALED.0, SEALED.1
            ),
        );
        self.watch(&programs);
    }

    /// Stops the server when nobody has used it for a while: no test knows that it is the last.
    fn watch(&self, programs: &Path) {
        const SCRIPT: &str = r#"
            idle=0
            while [ $idle -lt "$IDLE" ]; do
                sleep 1
                if flock -n -x users.lock true; then idle=$((idle + 1)); else idle=0; fi
                [ -e data/postmaster.pid ] || exit 0
            done
            flock -x start.lock flock -n -x users.lock sh -c "$STOP; rm -rf data socket" || exec sh -c "$SCRIPT"
        "#;
        let stop = as_server(&programs.join("pg_ctl"), &["-D", "data", "-m", "immediate", "-w", "stop"]);
        let words = std::iter::once(stop.get_program()).chain(stop.get_args());
        let stop: Vec<_> = words.map(|word| format!("'{}'", word.to_string_lossy())).collect();
        let mut watcher = Command::new("setsid");
        watcher
            .args(["sh", "-c", SCRIPT])
            .current_dir(&self.folder)
            .env("IDLE", IDLE.to_string())
            .env("SCRIPT", SCRIPT)
            .env("STOP", stop.join(" "))
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::null());
        drop(watcher.spawn().expect("a watcher"));
    }

    /// A new database.
    pub fn database(&'static self) -> Database {
        static MADE: AtomicU64 = AtomicU64::new(0);
        let name = format!("andon_{}_{}", std::process::id(), MADE.fetch_add(1, Ordering::SeqCst));
        self.run("postgres", &format!("drop database if exists {name} with (force)"));
        self.run("postgres", &format!("create database {name} template template0"));
        Database { cluster: self, name }
    }

    fn run(&self, database: &str, sql: &str) {
        if let Err(error) = self.try_run(database, sql) {
            panic!("{sql}: {error}");
        }
    }

    /// Runs statements and gives the first column of what they gave.
    fn try_run(&self, database: &str, sql: &str) -> Result<Vec<Option<String>>, String> {
        let config = format!("host={} user=postgres dbname={database}", self.folder.join("socket").display());
        let sql = sql.to_owned();
        // A thread of its own: the caller may be inside a runtime.
        let asked = std::thread::spawn(move || {
            let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
            runtime.map_err(|error| error.to_string())?.block_on(async move {
                let connected = tokio_postgres::connect(&config, tokio_postgres::NoTls).await;
                let (client, connection) = connected.map_err(|error| error.to_string())?;
                tokio::spawn(connection);
                let told = client.simple_query(&sql).await.map_err(|error| match error.as_db_error() {
                    Some(error) => error.message().to_owned(),
                    None => error.to_string(),
                })?;
                Ok(told
                    .into_iter()
                    .filter_map(|message| match message {
                        tokio_postgres::SimpleQueryMessage::Row(row) => Some(row.get(0).map(str::to_owned)),
                        _ => None,
                    })
                    .collect())
            })
        });
        asked.join().expect("the question ends")
    }
}

impl Database {
    /// Its URL, for the server's owner.
    #[must_use]
    pub fn url(&self) -> String {
        self.url_of("postgres")
    }

    /// Its URL for a user, who may bring a password: `name:password`.
    #[must_use]
    pub fn url_of(&self, user: &str) -> String {
        let socket = self.cluster.folder.join("socket").display().to_string().replace('/', "%2F");
        format!("postgres://{user}@{socket}/{}", self.name)
    }

    /// The user that needs a password, and its password.
    #[must_use]
    pub fn sealed(&self) -> (&'static str, &'static str) {
        SEALED
    }

    /// Its name.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.name
    }

    /// Runs statements as the server's owner; gives the first column of what they gave.
    ///
    /// # Panics
    /// When the server refuses them.
    #[must_use]
    pub fn ask(&self, sql: &str) -> Vec<Option<String>> {
        match self.cluster.try_run(&self.name, sql) {
            Ok(rows) => rows,
            Err(error) => panic!("{sql}: {error}"),
        }
    }

    /// Runs statements as the server's owner.
    ///
    /// # Panics
    /// When the server refuses them.
    pub fn run(&self, sql: &str) {
        drop(self.ask(sql));
    }
}

impl Drop for Database {
    fn drop(&mut self) {
        let _ =
            self.cluster.try_run("postgres", &format!("drop database if exists {} with (force)", self.name));
    }
}

/// Where the server's files lie: in memory where there is room, because every database of a test is some hundred files that
/// are made and removed, and a file system of a disk spends more on that than the server spends on the test.
fn spacious() -> PathBuf {
    const ROOM: u64 = 4 << 30;
    let memory = Path::new("/dev/shm");
    let free = rustix::fs::statvfs(memory).map_or(0, |space| space.f_bavail.saturating_mul(space.f_frsize));
    let usable = free >= ROOM && rustix::fs::access(memory, rustix::fs::Access::WRITE_OK).is_ok();
    if usable { memory.to_path_buf() } else { std::env::temp_dir() }
}

/// Where the server's programs are: Debian keeps them off the path.
fn programs() -> PathBuf {
    let path = std::env::var_os("PATH").unwrap_or_default();
    let versions = std::fs::read_dir("/usr/lib/postgresql").into_iter().flatten().flatten();
    let mut folders: Vec<PathBuf> = versions.map(|entry| entry.path().join("bin")).collect();
    folders.sort();
    let listed = folders.into_iter().rev().chain(std::env::split_paths(&path));
    let found = listed.into_iter().find(|folder| folder.join("pg_ctl").is_file());
    found.expect(
        "PostgreSQL is not installed; `cargo xtask test` installs it (Debian: `apt-get install postgresql`)",
    )
}

/// A program of the server, which refuses to run as root: then the user `postgres` runs it.
fn as_server(program: &Path, args: &[&str]) -> Command {
    let mut command = if rustix::process::getuid().is_root() {
        let mut command = Command::new("runuser");
        command.args(["-u", "postgres", "--"]).arg(program);
        command
    } else {
        Command::new(program)
    };
    command.args(args).current_dir("/").stdin(Stdio::null()).stdout(Stdio::null());
    command
}

fn hand_over(path: &Path) {
    if rustix::process::getuid().is_root() {
        let mut chown = Command::new("chown");
        run(chown.arg("postgres").arg(path));
    }
}

fn run(mut command: impl std::borrow::BorrowMut<Command>) {
    let command = command.borrow_mut();
    let log = tempfile::NamedTempFile::new().expect("a file for messages");
    let status = command.stderr(log.reopen().expect("the same file")).status();
    let status = status.unwrap_or_else(|error| panic!("{command:?}: {error}"));
    assert!(status.success(), "{command:?}: {}", std::fs::read_to_string(log.path()).unwrap_or_default());
}
