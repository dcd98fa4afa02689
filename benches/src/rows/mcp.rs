//! The board as tools: `andon mcp` as a client sees it.

use std::io::{BufRead as _, BufReader, Write as _};
use std::process::{Child, ChildStdin, ChildStdout, Command, Stdio};
use std::time::{Duration, Instant};

use andon_store::Mode;
use serde_json::{Value, json};

use crate::board::{creation, fill, open};
use crate::host::{Host, andon};
use crate::table::{Figure, Row, per_second, percentile};

pub(crate) const ROW: Row = Row {
    name: "mcp",
    what: "`andon mcp`: from its start to its first answer, and calls of tools on a board of 10,000 tasks",
    target: "first answer < 50 ms; `kanban_show` < 5 ms at the median",
    method: "start: 50 times, from fork to the answer to `initialize`, and to that of a first `kanban_show`; calls: 1,000 one \
             after another over pipes, then 1,000 `kanban_show` written at once",
    run,
};

/// A server and the pipes to it.
struct Server {
    child: Child,
    input: ChildStdin,
    output: BufReader<ChildStdout>,
}

impl Server {
    fn start(host: &Host) -> Self {
        let mut command = Command::new(andon());
        command.arg("--home").arg(host.home.path()).arg("mcp");
        command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::null());
        let mut child = command.spawn().unwrap();
        let (input, output) = (child.stdin.take().unwrap(), child.stdout.take().unwrap());
        Self { child, input, output: BufReader::new(output) }
    }

    fn write(&mut self, method: &str, params: &Value) {
        let line = format!("{}\n", json!({ "jsonrpc": "2.0", "id": 1, "method": method, "params": params }));
        self.input.write_all(line.as_bytes()).unwrap();
    }

    fn answer(&mut self) {
        let mut line = String::new();
        self.output.read_line(&mut line).unwrap();
        assert!(line.contains("\"result\"") && !line.contains("\"isError\":true"), "{line}");
    }

    fn ask(&mut self, method: &str, params: &Value) -> Duration {
        let begun = Instant::now();
        self.write(method, params);
        self.answer();
        begun.elapsed()
    }

    fn end(mut self) {
        drop(self.input);
        self.child.wait().unwrap();
    }
}

fn run() -> Vec<Figure> {
    let host = Host::new("stamp", &[]);
    let board = open(host.home.path(), Mode::Long);
    let ids = fill(&board, 10_000, &creation("coder"));
    drop(board);
    let hello = json!({ "protocolVersion": "2025-06-18", "capabilities": {}, "clientInfo": { "name": "bench", "version": "1" } });
    let show = json!({ "name": "kanban_show", "arguments": { "task_id": ids[7_777] } });
    let beat =
        json!({ "name": "kanban_comment", "arguments": { "task_id": ids[8_888], "body": "half way" } });
    let (mut first, mut shown) = (Vec::new(), Vec::new());
    for _ in 0..50 {
        let begun = Instant::now();
        let mut server = Server::start(&host);
        server.ask("initialize", &hello);
        first.push(begun.elapsed());
        server.ask("tools/call", &show);
        shown.push(begun.elapsed());
        server.end();
    }
    let mut server = Server::start(&host);
    server.ask("initialize", &hello);
    let mut shows: Vec<Duration> = (0..1_000).map(|_| server.ask("tools/call", &show)).collect();
    let mut writes: Vec<Duration> = (0..1_000).map(|_| server.ask("tools/call", &beat)).collect();
    let at_once = at_once(server, &show);
    vec![
        Figure::millis("start to first answer, median", percentile(&mut first, 50)),
        Figure::millis("start to first answer, 99th percentile", percentile(&mut first, 99)),
        Figure::millis("start to first `kanban_show`, median", percentile(&mut shown, 50)),
        Figure::millis("`kanban_show`, median", percentile(&mut shows, 50)),
        Figure::millis("`kanban_show`, 99th percentile", percentile(&mut shows, 99)),
        Figure::millis("`kanban_comment`, median", percentile(&mut writes, 50)),
        Figure::millis("`kanban_comment`, 99th percentile", percentile(&mut writes, 99)),
        Figure::new("`kanban_show`, 1,000 at once", format!("{:.0}/s", per_second(1_000, at_once))),
    ]
}

fn at_once(mut server: Server, show: &Value) -> Duration {
    let begun = Instant::now();
    let line = json!({ "jsonrpc": "2.0", "id": 1, "method": "tools/call", "params": show });
    let (mut input, lines) = (server.input, format!("{line}\n").repeat(1_000));
    let writing = std::thread::spawn(move || {
        input.write_all(lines.as_bytes()).unwrap();
        input
    });
    let mut line = String::new();
    for _ in 0..1_000 {
        line.clear();
        server.output.read_line(&mut line).unwrap();
        assert!(line.contains("\"result\""), "{line}");
    }
    let took = begun.elapsed();
    drop(writing.join().unwrap());
    server.child.wait().unwrap();
    took
}
