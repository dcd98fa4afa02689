//! Logs and streams.

use std::io::{BufRead as _, BufReader};
use std::process::{Child, ChildStdout, Stdio};
use std::time::{Duration, Instant};

use serde_json::Value;

use super::place::Place;

/// A command that goes on until it is killed.
struct Going {
    child: Child,
    lines: std::io::Lines<BufReader<ChildStdout>>,
}

impl Going {
    fn start(place: &Place, words: &[&str]) -> Self {
        let mut child =
            place.command().args(words).stdout(Stdio::piped()).stderr(Stdio::null()).spawn().unwrap();
        let lines = BufReader::new(child.stdout.take().unwrap()).lines();
        Self { child, lines }
    }

    fn line(&mut self) -> String {
        self.lines.next().unwrap().unwrap()
    }
}

impl Drop for Going {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

fn kind(line: &str) -> String {
    let event: Value = serde_json::from_str(line).unwrap();
    event["kind"].as_str().unwrap().to_owned()
}

#[test]
fn tail_shows_what_was_and_what_comes() {
    let place = Place::new();
    let (id, other) = (place.create("followed", &[]), place.create("other", &[]));
    let mut tail = Going::start(&place, &["tail", &id, "--json"]);
    assert_eq!(kind(&tail.line()), "created");
    place.run(["comment", &other, "elsewhere"]).done();
    place.run(["hold", &id]).done();
    assert_eq!(kind(&tail.line()), "held");
    assert!(place.run(["tail", &id, "--no-follow"]).done().contains("held"));
}

#[test]
fn watch_shows_only_what_is_wanted() {
    let place = Place::with_profiles(&[("coder", "runner = \"lane\"\n")]);
    let own = place.create("own", &["--assignee", "coder"]);
    let other = place.create("other", &[]);
    let mut watch =
        Going::start(&place, &["watch", "--json", "--assignee", "coder", "--kinds", "commented,held"]);
    // It has looked where the board stands before it binds its bell.
    let wake = place.home().join("boards/default/wake");
    let until = Instant::now() + Duration::from_secs(30);
    while std::fs::read_dir(&wake).map_or(0, Iterator::count) == 0 {
        assert!(Instant::now() < until, "watch binds no bell");
        std::thread::yield_now();
    }
    place.run(["comment", &other, "no"]).done();
    place.run(["edit", &own, "--priority", "1"]).done();
    place.run(["hold", &own]).done();
    let event: Value = serde_json::from_str(&watch.line()).unwrap();
    assert_eq!((&event["kind"], &event["task_id"]), (&"held".into(), &own.as_str().into()));
}

#[test]
fn a_log_is_shown_whole_by_its_end_or_by_run() {
    let place = Place::new();
    let id = place.create("logged", &[]);
    let run = place.claim(&id)[1].1.clone();
    let folder = place.home().join("boards/default/logs").join(&id);
    std::fs::create_dir_all(&folder).unwrap();
    std::fs::write(folder.join(format!("{run}.log")), "first\nsecond line\nthird\n").unwrap();
    assert_eq!(place.run(["log", &id]).done(), "first\nsecond line\nthird\n");
    assert_eq!(place.run(["log", &id, "--tail", "9"]).done(), "third\n");
    assert_eq!(place.run(["log", &id, "--tail", "3"]).done(), "rd\n");
    assert_eq!(place.run(["log", &id, "--run", "1"]).done(), "first\nsecond line\nthird\n");
    assert_eq!(place.run(["log", &id, "--run", &run.to_lowercase()]).done(), "first\nsecond line\nthird\n");
    assert_eq!(place.run(["log", &id, "--run", "7", "--json"]).refusal(), (4, "not_found".to_owned()));
    place.run(["complete", &id]).done();
    assert_eq!(place.run(["log", &id, "--follow"]).done(), "first\nsecond line\nthird\n");
}

#[test]
fn a_reader_who_goes_is_no_failure() {
    let place = Place::new();
    for n in 0..3 {
        place.create(&format!("task {n}"), &["--body", &"x".repeat(60_000)]);
    }
    let mut child = place
        .command()
        .args(["list", "--json"])
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    drop(child.stdout.take());
    let output = child.wait_with_output().unwrap();
    assert!(output.status.success() && output.stderr.is_empty(), "{output:?}");
}
