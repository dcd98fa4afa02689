//! Hosts of a fleet: how soon one starts what another made possible, and what they ask while there is nothing to do.

use std::os::unix::net::UnixDatagram;
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use andon_testkit::block_on;

use super::fleet_server::Server;
use crate::board::creation;
use crate::host::{andon, now, wait};
use crate::table::{Figure, Row, percentile};

pub(crate) const LATENCY: Row = Row {
    name: "fleet-latency",
    what: "a task becomes possible on host A → its process has started on host B",
    target: "p99 < 100 ms",
    method: "one `andon dispatch` on PostgreSQL; from the moment at which the creation by another process is durable to the \
             worker's own first statement, one after the other, 200 times",
    run: latency,
};

pub(crate) const IDLE: Row = Row {
    name: "fleet-idle",
    what: "what 10 connected dispatchers ask the server while there is nothing to do",
    target: "< 5 queries/s in all",
    method: "statements that pg_stat_statements counts over 30 s, 5 s after the last dispatcher has registered",
    run: idle,
};

const ROUNDS: usize = 200;
const WATCHED: Duration = Duration::from_secs(30);

/// A host that dispatches; its workers say when they start.
struct Host {
    _home: tempfile::TempDir,
    stamps: UnixDatagram,
    child: Child,
}

impl Host {
    fn new(server: &Server, name: &str) -> Self {
        let home = tempfile::tempdir().unwrap();
        let config = format!("database_url = {:?}\nhost_name = {name:?}\n", server.url("ours"));
        std::fs::write(home.path().join("config.toml"), config).unwrap();
        let folder = home.path().join("profiles/coder");
        std::fs::create_dir_all(&folder).unwrap();
        let socket = home.path().join("stamps");
        let stamps = UnixDatagram::bind(&socket).unwrap();
        let program = std::env::current_exe().unwrap().display().to_string();
        let command = serde_json::json!([program, "process:stamp", socket.display().to_string(), "{task}"]);
        std::fs::write(folder.join("profile.toml"), format!("runner = \"command\"\ncommand = {command}\n"))
            .unwrap();
        let mut dispatch = Command::new(andon());
        dispatch.arg("dispatch").env("ANDON_HOME", home.path()).env("ANDON_MACHINE_ID", name);
        let child =
            dispatch.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap();
        Self { _home: home, stamps, child }
    }
}

impl Drop for Host {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

fn registered(server: &Server, count: usize) {
    wait(|| server.ask("ours", "select count(*) from andon_default.hosts") == [count.to_string()]);
}

fn latency() -> Vec<Figure> {
    let server = Server::new();
    server.database("ours");
    let fleet = server.board("ours");
    let host = Host::new(&server, "b");
    registered(&server, 1);
    let mut times: Vec<Duration> = (0..ROUNDS)
        .map(|_| {
            block_on(fleet.board.run(creation("coder"))).unwrap();
            let at = now();
            let mut bytes = [0; 128];
            host.stamps.set_read_timeout(Some(Duration::from_secs(60))).unwrap();
            let read = host.stamps.recv(&mut bytes).unwrap();
            let said = std::str::from_utf8(&bytes[..read]).unwrap();
            let when: u128 = said.split_once(' ').unwrap().1.parse().unwrap();
            wait(|| block_on(fleet.board.run(andon_store::query::LiveRuns)).unwrap().is_empty());
            Duration::from_nanos(u64::try_from(when.saturating_sub(at)).unwrap())
        })
        .collect();
    vec![
        Figure::millis("median", percentile(&mut times, 50)),
        Figure::millis("99th percentile", percentile(&mut times, 99)),
    ]
}

fn idle() -> Vec<Figure> {
    let server = Server::new();
    server.database("ours");
    drop(server.board("ours"));
    let hosts: Vec<Host> = (0..10).map(|number| Host::new(&server, &format!("host-{number}"))).collect();
    registered(&server, hosts.len());
    let watch = server.connect("postgres");
    watch.idle(Duration::from_secs(5));
    watch.ask("select pg_stat_statements_reset()");
    watch.idle(WATCHED);
    let asked =
        "select coalesce(sum(calls), 0) from pg_stat_statements where query not like '%pg_stat_statements%'";
    let calls: f64 = watch.ask(asked)[0].parse().unwrap();
    let mut figures = vec![Figure::new("queries", format!("{:.1}/s", calls / WATCHED.as_secs_f64()))];
    for line in watch.ask(
        "select format('%s × %s', calls, left(regexp_replace(query, '\\s+', ' ', 'g'), 90)) from pg_stat_statements \
         where query not like '%pg_stat_statements%' order by calls desc limit 4",
    ) {
        figures.push(Figure::new("of these", line));
    }
    drop(hosts);
    figures
}
