//! `andon serve` as its clients see it, and what it costs when nobody asks.

use std::collections::HashMap;
use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::net::TcpStream;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use andon_store::Mode;

use crate::board::{creation, fill, open};
use crate::host::{Host, now};
use crate::rows::idle::megabytes;
use crate::table::{Figure, Row, percentile};

pub(crate) const ROW: Row = Row {
    name: "api",
    what: "the HTTP API of `andon serve`: a board of 10,000 tasks, events to 100 clients, creations over 64 connections",
    target: "view < 20 ms and < 200 KB; events p99 < 50 ms; creations >= 5,000/s; idle < 30 MB",
    method: "view: `columns` 200 times over one connection, to the last byte; events: 200 tasks created by this process, from \
             the commit to the line at each client; creations: `POST tasks` for 5 s, each answered after its commit; idle: \
             resident memory of a new server after 3 s",
    run,
};

const TASKS: &str = "/api/v1/boards/default/tasks";
const CLIENTS: usize = 100;
const CONNECTIONS: usize = 64;
const TIME: Duration = Duration::from_secs(5);

/// A connection that stays open.
struct Connection {
    stream: BufReader<TcpStream>,
    head: String,
}

impl Connection {
    fn new(address: &str, token: &str) -> Self {
        let stream = TcpStream::connect(address).unwrap();
        stream.set_nodelay(true).unwrap();
        let head = format!("Host: {address}\r\nAuthorization: Bearer {token}\r\n");
        Self { stream: BufReader::new(stream), head }
    }

    fn send(&mut self, method: &str, path: &str, body: &str) {
        let (head, length) = (&self.head, body.len());
        let text = format!(
            "{method} {path} HTTP/1.1\r\n{head}Content-Type: application/json\r\nContent-Length: {length}\r\n\r\n{body}"
        );
        self.stream.get_mut().write_all(text.as_bytes()).unwrap();
    }

    /// The status, and how many bytes the body is, unless it has no end.
    fn head(&mut self) -> (u16, Option<usize>) {
        let mut line = String::new();
        self.stream.read_line(&mut line).unwrap();
        let status = line.split(' ').nth(1).unwrap().parse().unwrap();
        let mut length = None;
        loop {
            line.clear();
            self.stream.read_line(&mut line).unwrap();
            let Some((name, value)) = line.trim_end().split_once(':') else { return (status, length) };
            if name.eq_ignore_ascii_case("content-length") {
                length = Some(value.trim().parse().unwrap());
            }
        }
    }

    /// Asks, and reads the whole answer; gives how long it is.
    fn ask(&mut self, method: &str, path: &str, body: &str, wanted: u16) -> usize {
        self.send(method, path, body);
        let (status, length) = self.head();
        let mut answer = vec![0; length.unwrap()];
        self.stream.read_exact(&mut answer).unwrap();
        assert_eq!(status, wanted, "{}", String::from_utf8_lossy(&answer));
        answer.len()
    }
}

fn run() -> Vec<Figure> {
    let idle = {
        let mut host = Host::new("stamp", &[]);
        let (pid, _, _) = host.serve_api();
        thread::sleep(Duration::from_secs(3));
        megabytes(pid, "Rss:")
    };
    let mut host = Host::new("stamp", &[]);
    let board = open(host.home.path(), Mode::Long);
    // Nobody starts them: a lane is worked on by hand.
    std::fs::write(host.home.path().join("profiles/coder/profile.toml"), "runner = \"lane\"\n").unwrap();
    let _ = fill(&board, 10_000, &creation("coder"));
    drop(board);
    let (pid, address, token) = host.serve_api();
    let mut figures = view(&address, &token);
    figures.extend(events(&host, &address, &token));
    figures.push(creations(&address, &token));
    figures.push(Figure::new("idle, resident", idle));
    figures.push(Figure::new("after all this, resident", megabytes(pid, "Rss:")));
    figures
}

fn view(address: &str, token: &str) -> Vec<Figure> {
    let mut connection = Connection::new(address, token);
    let (mut times, mut bytes) = (Vec::new(), 0);
    for _ in 0..200 {
        let begun = Instant::now();
        bytes = connection.ask("GET", "/api/v1/boards/default/columns", "", 200);
        times.push(begun.elapsed());
    }
    vec![
        Figure::millis("view, median", percentile(&mut times, 50)),
        Figure::millis("view, 99th percentile", percentile(&mut times, 99)),
        Figure::new("view, size", format!("{} KB", bytes / 1_000)),
    ]
}

fn events(host: &Host, address: &str, token: &str) -> Vec<Figure> {
    const EVENTS: usize = 200;
    let ready = Arc::new(AtomicUsize::new(0));
    let clients: Vec<_> = (0..CLIENTS)
        .map(|_| {
            let (mut connection, ready) = (Connection::new(address, token), Arc::clone(&ready));
            thread::spawn(move || {
                connection.send("GET", "/api/v1/boards/default/events?kinds=created", "");
                assert_eq!(connection.head().0, 200);
                let (mut seen, mut line) = (Vec::with_capacity(EVENTS), String::new());
                while seen.len() < EVENTS {
                    line.clear();
                    assert!(connection.stream.read_line(&mut line).unwrap() > 0, "the stream ended");
                    if line.starts_with("event: ready") {
                        ready.fetch_add(1, Ordering::SeqCst);
                    }
                    if let Some(data) = line.strip_prefix("data: ")
                        && let Some((_, rest)) = data.split_once("\"task_id\":\"")
                    {
                        seen.push((rest[..10].to_owned(), now()));
                    }
                }
                seen
            })
        })
        .collect();
    crate::host::wait(|| ready.load(Ordering::SeqCst) == CLIENTS);
    let mut committed = HashMap::new();
    for _ in 0..EVENTS {
        let (task, at) = host.create(|_| {});
        committed.insert(task.to_string(), at);
        thread::sleep(Duration::from_millis(10));
    }
    let mut times: Vec<Duration> = Vec::with_capacity(EVENTS * CLIENTS);
    for client in clients {
        for (task, at) in client.join().unwrap() {
            let nanos = at.saturating_sub(committed[&task]);
            times.push(Duration::from_nanos(u64::try_from(nanos).unwrap()));
        }
    }
    vec![
        Figure::millis("event at 100 clients, median", percentile(&mut times, 50)),
        Figure::millis("event at 100 clients, 99th percentile", percentile(&mut times, 99)),
    ]
}

fn creations(address: &str, token: &str) -> Figure {
    let over = Arc::new(AtomicBool::new(false));
    let begun = Instant::now();
    let workers: Vec<_> = (0..CONNECTIONS)
        .map(|_| {
            let (mut connection, over) = (Connection::new(address, token), Arc::clone(&over));
            thread::spawn(move || {
                let mut count = 0;
                while !over.load(Ordering::Relaxed) {
                    connection.ask(
                        "POST",
                        TASKS,
                        "{\"title\":\"a task of usual length, say\",\"assignee\":\"coder\"}",
                        201,
                    );
                    count += 1;
                }
                count
            })
        })
        .collect();
    thread::sleep(TIME);
    over.store(true, Ordering::Relaxed);
    let count: usize = workers.into_iter().map(|worker| worker.join().unwrap()).sum();
    Figure::rate("durable creations over 64 connections", count, begun.elapsed())
}
