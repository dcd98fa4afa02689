//! What goes on until nobody listens: it arrives as it happens, and ends with either side.

use std::io::{BufRead as _, BufReader, Lines};
use std::process::{Child, ChildStdout, Stdio};

use andon_tests::{House, wait_for, wait_until};
use serde_json::Value;

use super::served::Served;

/// A command that goes on. Killed when it is dropped.
struct Going {
    child: Child,
    lines: Lines<BufReader<ChildStdout>>,
}

impl Going {
    fn start(served: &Served, house: &House, words: &[&str]) -> Self {
        let mut command = served.command(house);
        command.args(words).stdout(Stdio::piped()).stderr(Stdio::null());
        let mut child = command.spawn().unwrap();
        let lines = BufReader::new(child.stdout.take().unwrap()).lines();
        Self { child, lines }
    }

    fn line(&mut self) -> String {
        self.lines.next().expect("it goes on").unwrap()
    }

    fn event(&mut self) -> Value {
        serde_json::from_str(&self.line()).unwrap()
    }

    fn code(mut self) -> Option<i32> {
        wait_for("it ends", || self.child.try_wait().unwrap()).code()
    }
}

impl Drop for Going {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

#[test]
fn events_arrive_as_they_happen_and_the_stream_ends_with_the_server() {
    let house = House::new();
    let served = Served::start(&house);
    let task = house.create(["a"]);
    let mut tail = Going::start(&served, &house, &["tail", &task, "--json"]);
    assert_eq!(tail.event()["kind"], "created");
    let mut watch = Going::start(&served, &house, &["events", "--follow", "--json", "--limit", "1"]);
    assert_eq!(watch.event()["kind"], "created");
    let _ = house.andon(["comment", &task, "a word"]).exits(0);
    assert_eq!(tail.event()["kind"], "commented");
    assert_eq!(watch.event()["kind"], "commented");
    // One whose reader goes lets go of its place.
    drop(watch);
    let _ = house.andon(["comment", &task, "another"]).exits(0);
    assert_eq!(tail.event()["kind"], "commented");
    assert!(served.stop().success());
    assert_eq!(tail.code(), Some(6), "it was cut off, and says so");
}

#[test]
fn a_log_is_followed_to_the_end_of_its_run() {
    let house = House::new();
    let served = Served::start(&house);
    let _ = house.andon(["resume", "--all"]).exits(0);
    let task =
        house.script("echo one; while [ ! -e \"$OUT/go\" ]; do sleep 0.02; done; printf 'two\\377\\n'");
    let _ = house.wait_running(&task);
    wait_until("it has written", || served.andon(&house, &["log", &task]).stdout.contains("one"));
    let mut log = Going::start(&served, &house, &["log", &task, "--follow"]);
    assert_eq!(log.line(), "one");
    house.touch("go");
    // Bytes that are no text come as they are.
    assert_eq!(log.lines.next().unwrap().unwrap_err().kind(), std::io::ErrorKind::InvalidData);
    assert_eq!(log.code(), Some(0));
}
