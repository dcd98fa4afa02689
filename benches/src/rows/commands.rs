//! Commands as whole processes.

use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use andon_store::Mode;

use crate::board::{creation, fill, open};
use crate::host::{Host, andon};
use crate::table::{Figure, Row, percentile};

pub(crate) const ROW: Row = Row {
    name: "commands",
    what: "`list` of 50 from 100,000, `show`, `why`, `create`, each as a whole process",
    target: "< 10 ms each (the reference: 270 ms and more)",
    method: "100,000 ready tasks; each command 50 times, from fork to exit, output thrown away; beside it `/bin/true`",
    run,
};

fn run() -> Vec<Figure> {
    let host = Host::new("stamp", &[]);
    let board = open(host.home.path(), Mode::Long);
    let ids = fill(&board, 100_000, &creation("coder"));
    drop(board);
    let task = ids[77_777].as_str();
    let commands: [(&str, Vec<&str>); 5] = [
        ("list --limit 50", vec!["list", "--limit", "50"]),
        ("list --limit 50 --json", vec!["list", "--limit", "50", "--json"]),
        ("show", vec!["show", task]),
        ("why", vec!["why", task]),
        ("create", vec!["create", "one more", "--assignee", "coder"]),
    ];
    let mut figures = Vec::new();
    for (label, arguments) in commands {
        let mut times: Vec<Duration> = (0..50).map(|_| once(&host, &arguments)).collect();
        figures.push(Figure::millis(&format!("{label}, median"), percentile(&mut times, 50)));
        figures.push(Figure::millis(&format!("{label}, 90th percentile"), percentile(&mut times, 90)));
    }
    let mut times: Vec<Duration> = (0..50).map(|_| timed(&mut Command::new("/bin/true"))).collect();
    figures.push(Figure::millis("/bin/true, median", percentile(&mut times, 50)));
    figures
}

fn once(host: &Host, arguments: &[&str]) -> Duration {
    timed(Command::new(andon()).arg("--home").arg(host.home.path()).args(arguments))
}

fn timed(command: &mut Command) -> Duration {
    let begun = Instant::now();
    let status = command.stdout(Stdio::null()).stderr(Stdio::null()).status().unwrap();
    let took = begun.elapsed();
    assert!(status.success());
    took
}
