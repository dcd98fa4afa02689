//! What a worker still writes after its run is no longer its own.

use andon_store::Mode;
use andon_testkit::{Inspect, block_on};
use andon_tests::{Answer, House, text_of};

use super::board;

/// The environment of a worker, as its own process would have it.
struct Worker {
    task: String,
    run: String,
    token: String,
}

impl Worker {
    /// Claims a task by hand and becomes its worker.
    fn of_claim(house: &House, task: &str) -> Self {
        let claimed = house.json(["claim", task]);
        Self {
            task: task.to_owned(),
            run: text_of(&claimed["run"]["id"]),
            token: text_of(&claimed["run"]["token"]),
        }
    }

    fn andon(&self, house: &House, arguments: &[&str]) -> Answer {
        let mut command = house.command();
        command.env("ANDON_BOARD", "default").env("ANDON_TASK", &self.task).env("ANDON_RUN", &self.run);
        command.env("ANDON_RUN_TOKEN", &self.token).env("ANDON_PROFILE", "sh");
        command.args(arguments).arg("--json");
        House::answer(command)
    }
}

/// Every write that a worker has for its own task.
const WRITES: &[&[&str]] = &[
    &["complete", "--result", "too late"],
    &["block", "too late"],
    &["heartbeat", "--note", "too late"],
    &["comment", "too late"],
    &["request-review", "--summary", "too late"],
    &["create", "a late child"],
    &["schedule", "--at", "in 2h"],
];

/// Writes everything as a stale worker: each is refused as stale, told in the log once, and changes nothing else.
fn is_refused(house: &House, worker: &Worker) {
    let look = || block_on(board::open(house.home(), Mode::Short).run(Inspect)).unwrap();
    for write in WRITES {
        let before = look();
        let answer = worker.andon(house, write);
        assert_eq!(answer.code, 1, "{answer:?}");
        assert_eq!(answer.error_code(), "stale_run", "{answer:?}");
        let after = look();
        assert_eq!(before.tasks, after.tasks, "{write:?}");
        assert_eq!(before.links, after.links, "{write:?}");
        assert_eq!(before.live, after.live, "{write:?}");
        let news: Vec<_> = after.events.iter().skip(before.events.len()).collect();
        assert_eq!(news.len(), 1, "{write:?}: {news:?}");
        assert_eq!(news[0].kind, "stale_write", "{write:?}");
        assert_eq!(news[0].run.as_deref(), Some(worker.run.as_str()), "{write:?}");
        assert_eq!(news[0].task.as_deref(), Some(worker.task.as_str()), "{write:?}");
    }
}

#[test]
fn late_writes_of_a_reclaimed_run_are_refused_typed_and_audited() {
    let house = House::new();
    let task = house.script("true");
    let worker = Worker::of_claim(&house, &task);
    let _ = worker.andon(&house, &["heartbeat"]).exits(0);
    let _ = house.andon(["reclaim", &task]).exits(0);
    is_refused(&house, &worker);
    // The same while a newer run has the task: that one goes on undisturbed.
    let newer = Worker::of_claim(&house, &task);
    is_refused(&house, &worker);
    let _ = newer.andon(&house, &["complete", "--result", "in time"]).exits(0);
    assert_eq!(house.task(&task)["result"], "in time");
    is_refused(&house, &worker);
    is_refused(&house, &newer);
    board::whole(house.home());
}

#[test]
fn late_writes_of_a_run_that_a_person_ended_are_refused() {
    for end in [&["complete"] as &[&str], &["block", "no"], &["archive"]] {
        let house = House::new();
        let task = house.script("true");
        let worker = Worker::of_claim(&house, &task);
        let answer = house.andon([&[end[0], task.as_str()], &end[1..]].concat());
        assert_eq!(answer.code, 0, "{answer:?}");
        is_refused(&house, &worker);
    }
}

#[test]
fn a_worker_with_a_false_secret_is_refused_like_a_stale_one() {
    let house = House::new();
    let task = house.script("true");
    let genuine = Worker::of_claim(&house, &task);
    let forged = Worker {
        token: "0".repeat(64),
        ..Worker { task: task.clone(), run: genuine.run.clone(), token: String::new() }
    };
    is_refused(&house, &forged);
    let _ = genuine.andon(&house, &["complete"]).exits(0);
}
