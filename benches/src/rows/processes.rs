//! Processes that claim from one board.

use std::path::Path;
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use andon_store::Mode;
use andon_testkit::block_on;

use crate::board::{Scratch, claim, creation, fill, only, open};
use crate::table::{Figure, Row, percentile};

pub(crate) const ROW: Row = Row {
    name: "processes",
    what: "8 processes, one claim each at a time, 2,000 tasks",
    target: "≥ 2,000 claims/s, no stall over 200 ms",
    method: "8 processes open the board and start together; first to last claim; each claim is timed in its process",
    run,
};

const TASKS: usize = 2_000;

/// The process's part: waits for its start, claims until nothing is left, and prints its times in nanoseconds.
pub(crate) fn claim_all(arguments: &[String]) {
    let home = Path::new(&arguments[0]);
    let board = open(home, Mode::Short);
    println!("ready");
    while !home.join("start").exists() {
        std::thread::yield_now();
    }
    let mut times = Vec::new();
    loop {
        let begun = Instant::now();
        let claimed = block_on(board.run(claim(only("coder"), 1))).unwrap();
        times.push(begun.elapsed());
        if claimed.is_empty() {
            break;
        }
    }
    for time in times {
        println!("{}", time.as_nanos());
    }
}

fn run() -> Vec<Figure> {
    let mut best: Option<(Duration, Vec<Duration>)> = None;
    let mut worst_stall = Duration::ZERO;
    for _ in 0..3 {
        let (took, mut times) = once();
        worst_stall = worst_stall.max(percentile(&mut times, 100));
        if best.as_ref().is_none_or(|(known, _)| took < *known) {
            best = Some((took, times));
        }
    }
    let (took, mut times) = best.unwrap();
    vec![
        Figure::rate("claims, best of three rounds", TASKS, took),
        Figure::millis("one claim, median", percentile(&mut times, 50)),
        Figure::millis("one claim, 99th percentile", percentile(&mut times, 99)),
        Figure::millis("longest stall of all rounds", worst_stall),
    ]
}

fn once() -> (Duration, Vec<Duration>) {
    use std::io::{BufRead as _, BufReader};
    let scratch = Scratch::new(Mode::Short);
    fill(&scratch.board, TASKS, &creation("coder"));
    let program = std::env::current_exe().unwrap();
    let mut readers: Vec<_> = (0..8)
        .map(|_| {
            let mut command = Command::new(&program);
            command.arg("process:claim").arg(scratch.home.path()).stdout(Stdio::piped());
            let mut child = command.spawn().unwrap();
            let mut lines = BufReader::new(child.stdout.take().unwrap()).lines();
            assert_eq!(lines.next().unwrap().unwrap(), "ready");
            (child, lines)
        })
        .collect();
    let begun = Instant::now();
    std::fs::write(scratch.home.path().join("start"), "").unwrap();
    let mut ended = Duration::ZERO;
    let mut times = Vec::new();
    for (child, lines) in &mut readers {
        for line in lines {
            ended = ended.max(begun.elapsed());
            times.push(Duration::from_nanos(line.unwrap().parse().unwrap()));
        }
        assert!(child.wait().unwrap().success());
    }
    assert_eq!(times.len(), TASKS + 8, "every task is claimed once, and each process then finds nothing");
    (ended, times)
}
