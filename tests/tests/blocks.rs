//! Blocked means blocked: what a worker or a person stopped stays stopped until somebody explicitly lets it go on.

use andon_tests::{House, wait_until};

/// A finished parent: what waits for it would be promoted by whoever looks at parents alone.
fn finished_parent(house: &House) -> String {
    let parent = house.create(["a parent"]);
    let _ = house.andon(["complete", &parent]).ok();
    parent
}

/// A task that its worker blocked, one that was created blocked, and one that was given up; all with finished parents.
fn three_stopped(house: &House) -> [String; 3] {
    let parent = finished_parent(house);
    let with = |title, body, more: &[&str]| {
        let fixed = [title, "--assignee", "sh", "--parent", &parent, "--body", body];
        house.create(fixed.iter().chain(more))
    };
    let asked = with("asks", "andon block 'which colour?'", &[]);
    let created = with("created so", "exit 0", &["--initial-status", "blocked"]);
    let broken = with("breaks", "exit 9", &["--max-retries", "1"]);
    let _ = house.andon(["dispatch", "--until-idle", "--max", "2"]).exits(3);
    for (task, kind) in [(&asked, "needs_input"), (&created, "operator"), (&broken, "gave_up")] {
        let stopped = house.task(task);
        assert_eq!((&stopped["status"], &stopped["block_kind"]), (&"blocked".into(), &kind.into()));
    }
    [asked, created, broken]
}

#[test]
fn what_is_blocked_stays_so_through_a_hundred_passes_of_other_processes() {
    let house = House::new();
    let stopped = three_stopped(&house);
    let before: Vec<_> = stopped.iter().map(|task| house.show(task)).collect();
    for _ in 0..100 {
        let report = house.json(["dispatch", "--once"]);
        assert_eq!(report["spawned"], serde_json::json!([]));
    }
    for (task, before) in stopped.iter().zip(before) {
        let after = house.show(task);
        assert_eq!(after["task"], before["task"]);
        assert_eq!(after["events"], before["events"]);
        assert_eq!(after["runs"], before["runs"]);
    }
    house.healthy();
}

#[test]
fn what_is_blocked_stays_so_beside_two_dispatchers_at_work() {
    let house = House::new();
    house.config("sweep_interval = \"100ms\"\n");
    let stopped = three_stopped(&house);
    let before: Vec<_> = stopped.iter().map(|task| house.show(task)).collect();
    let (_one, _two) = (house.dispatcher(), house.dispatcher());
    for _ in 0..10 {
        let task = house.script("exit 0");
        house.wait_status(&task, "done");
    }
    for (task, before) in stopped.iter().zip(before) {
        let after = house.show(task);
        assert_eq!((&after["task"], &after["events"]), (&before["task"], &before["events"]));
    }
}

#[test]
fn an_unblock_and_nothing_else_lets_a_blocked_task_go_on() {
    let house = House::new();
    let task = house.script("[ -e \"$OUT/answer\" ] || exec andon block 'which colour?'");
    let _dispatcher = house.dispatcher();
    house.wait_status(&task, "blocked");
    house.touch("answer");
    let _ = house.andon(["comment", &task, "green"]).ok();
    let other = house.script("exit 0");
    house.wait_status(&other, "done");
    assert_eq!(house.status(&task), "blocked");
    let _ = house.andon(["unblock", &task]).ok();
    house.wait_status(&task, "done");
    assert_eq!(house.outcomes(&task), ["blocked", "completed"]);
}

#[test]
fn the_same_block_without_news_becomes_recurring() {
    let house = House::new();
    let task = house.script("andon block 'again'");
    let _dispatcher = house.dispatcher();
    let blocked = |runs: usize| {
        wait_until("it is blocked again", || {
            house.runs(&task).len() == runs && house.status(&task) == "blocked"
        });
        house.task(&task)["block_kind"].clone()
    };
    assert_eq!(blocked(1), "needs_input");
    let _ = house.andon(["unblock", &task]).ok();
    assert_eq!(blocked(2), "needs_input");
    let _ = house.andon(["unblock", &task]).ok();
    assert_eq!(blocked(3), "recurring");
}
