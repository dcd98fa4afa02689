//! Nothing loops: a worker that dies at once is counted before it may start again, and given up at the limit.

use andon_tests::{Dispatcher, House, text_of, wait_until};
use serde_json::Value;

const LIMIT: usize = 3;

fn storm(house: &House, tasks: usize) -> Vec<String> {
    house.config("failure_limit = 3\nsweep_interval = \"100ms\"\n");
    let script = "printf '%s\\n' \"$ANDON_TASK\" >> \"$OUT/spawns\"; exit 1";
    (0..tasks).map(|_| house.script(script)).collect()
}

/// Each attempt is counted, with the time before which the next must not start, before the next is claimed.
fn counted_before_the_next(events: &[Value]) {
    let mut open = false;
    let mut eligible_at = 0;
    let mut failures = 0;
    for event in events {
        let payload = &event["payload"];
        match text_of(&event["kind"]).as_str() {
            "claimed" => {
                assert!(!open, "claimed before the run before it was counted");
                open = true;
            }
            "crashed" => {
                assert!(open);
                open = false;
                failures += 1;
                assert_eq!(payload["failures"], failures);
                let next = payload["eligible_at"].as_i64().expect("a back-off is visible");
                assert!(next > eligible_at);
                eligible_at = next;
            }
            "gave_up" => {
                assert!(open);
                open = false;
                failures += 1;
            }
            _ => {}
        }
    }
    assert!(!open);
    assert_eq!(failures, i64::try_from(LIMIT).unwrap());
}

#[test]
fn a_worker_that_dies_at_once_is_started_no_oftener_than_the_limit_under_four_dispatchers() {
    let house = House::new();
    let _dispatchers: Vec<Dispatcher> = (0..4).map(|_| house.dispatcher()).collect();
    let tasks = storm(&house, if andon_tests::chaos() { 60 } else { 6 });
    wait_until("all are given up", || {
        assert!(house.lines("spawns").len() <= tasks.len() * LIMIT, "a storm");
        let blocked = house.json(["list", "--status", "blocked", "--limit", "1000"]);
        blocked.as_array().unwrap().len() == tasks.len()
    });
    let spawns = house.lines("spawns");
    for task in &tasks {
        assert_eq!(spawns.iter().filter(|line| *line == task).count(), LIMIT);
        assert_eq!(house.task(task)["block_kind"], "gave_up");
        assert_eq!(house.outcomes(task), ["crashed"; LIMIT]);
        counted_before_the_next(&house.events_of(task));
    }
    house.healthy();
}

#[test]
fn three_tasks_of_a_profile_that_fail_alike_trip_at_once() {
    let house = House::new();
    house.config("failure_limit = 1000\nmax_running = 1\nbackoff_base = \"10m\"\nbackoff_cap = \"10m\"\n");
    let tasks: Vec<String> = (0..3).map(|_| house.script("echo 'no such endpoint' >&2; exit 4")).collect();
    let _dispatcher = house.dispatcher();
    house.wait_status(&tasks[2], "blocked");
    let stopped = house.events_of(&tasks[2]).into_iter().find(|event| event["kind"] == "gave_up").unwrap();
    assert_eq!(stopped["payload"]["systemic"], true);
    assert_eq!(house.status(&tasks[0]), "ready");
}

#[test]
fn a_profile_that_has_gone_since_creation_blocks_its_tasks_before_any_start() {
    let house = House::new();
    house.profile("gone", "runner = \"shell\"\n");
    let task = house.create(["for nobody", "--assignee", "gone", "--body", "echo > \"$OUT/ran\""]);
    std::fs::remove_dir_all(house.home().join("profiles/gone")).unwrap();
    let _dispatchers: Vec<Dispatcher> = (0..4).map(|_| house.dispatcher()).collect();
    let blocked = house.wait_status(&task, "blocked");
    assert_eq!(blocked["block_kind"], "capability");
    assert!(text_of(&blocked["block_reason"]).contains("gone"));
    assert!(house.runs(&task).is_empty());
    assert!(house.lines("ran").is_empty());
    let kinds = house.kinds_of(&task);
    assert_eq!(kinds.iter().filter(|kind| *kind == "blocked").count(), 1, "{kinds:?}");
}

#[test]
fn a_program_that_is_missing_is_a_capability_and_blocks_at_once() {
    let house = House::new();
    house.profile("tool", "runner = \"command\"\ncommand = [\"no-such-program-anywhere\"]\n");
    let tasks = [house.create(["a tool", "--assignee", "tool"]), house.script("no-such-program-anywhere")];
    let _dispatcher = house.dispatcher();
    for task in &tasks {
        let blocked = house.wait_status(task, "blocked");
        assert_eq!(blocked["block_kind"], "capability");
        assert!(text_of(&blocked["block_reason"]).contains("no-such-program-anywhere"), "{blocked:#}");
        assert_eq!(house.outcomes(task), ["spawn_failed"]);
    }
    assert_eq!(house.runs(&tasks[1])[0]["exit_code"], 127);
}
