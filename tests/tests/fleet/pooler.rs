//! PgBouncer between Andon and its server, in transaction mode: settings and statements of a connection do not stay, and no
//! notification comes through.

#![expect(clippy::disallowed_methods, reason = "the edge: finds and starts the pooler")]

use std::net::{SocketAddr, TcpListener};
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};

use andon_tests::{Engine, House, Server, wait_until};

struct Pooler {
    child: Child,
    address: SocketAddr,
    _folder: tempfile::TempDir,
}

impl Drop for Pooler {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

fn program() -> PathBuf {
    let path = std::env::var_os("PATH").unwrap_or_default();
    let folders = std::env::split_paths(&path).chain([PathBuf::from("/usr/sbin")]);
    let mut programs = folders.map(|folder| folder.join("pgbouncer"));
    programs.find(|program| program.is_file()).expect("pgbouncer; `cargo xtask test` installs it")
}

impl Pooler {
    fn before(server: &Server) -> Self {
        let program = program();
        let folder = tempfile::tempdir().unwrap();
        let address = TcpListener::bind(("127.0.0.1", 0)).unwrap().local_addr().unwrap();
        let config = format!(
            "[databases]\npostgres = host=127.0.0.1 port={} user=postgres\n[pgbouncer]\nlisten_addr = 127.0.0.1\nlisten_port = {}\n\
             auth_type = any\npool_mode = transaction\ndefault_pool_size = 8\nmax_client_conn = 200\n\
             unix_socket_dir = \nignore_startup_parameters = extra_float_digits,options\nlogfile = {}\n",
            server.address().port(),
            address.port(),
            folder.path().join("log").display()
        );
        let file = folder.path().join("pgbouncer.ini");
        std::fs::write(&file, config).unwrap();
        let root = rustix::process::getuid().is_root();
        if root {
            let chown = Command::new("chown").args(["-R", "postgres"]).arg(folder.path()).status();
            assert!(chown.unwrap().success());
        }
        let mut command = Command::new(&program);
        if root {
            command.args(["-u", "postgres"]);
        }
        command.arg(&file).stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
        Self { child: command.spawn().unwrap(), address, _folder: folder }
    }
}

#[test]
fn a_board_works_behind_a_pooler_in_transaction_mode() {
    let server = Server::new();
    let pooler = Pooler::before(&server);
    wait_until("the pooler listens", || std::net::TcpStream::connect(pooler.address).is_ok());
    let url = format!("postgres://postgres@{}/postgres?prepared=false", pooler.address);
    let house = House::on(Engine::Sqlite, "home").with("ANDON_DATABASE_URL", &url);
    // Nobody is told of anything: the dispatcher looks by itself.
    house.config("sweep_interval = \"300ms\"\n");
    let _ = house.andon(["init"]).exits(0);
    let parent = house.script("echo made");
    let child = house.create(["child", "--assignee", "sh", "--body", "true", "--parent", &parent]);
    let _dispatcher = house.dispatcher();
    house.wait_status(&parent, "done");
    house.wait_status(&child, "done");
    let many: Vec<String> = (0..12).map(|_| house.script("true")).collect();
    for task in &many {
        house.wait_status(task, "done");
    }
    house.healthy();
}
