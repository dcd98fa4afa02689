//! A power cut at each named point of a run's life: the work finishes, once per run, and nothing is left behind.

use andon_tests::{House, processes, wait_until};

/// Crashes the dispatcher or the supervisor of the first run at `point`, lets a healthy dispatcher go on, and gives how
/// the runs ended.
fn cut_at(point: &str) -> (House, String, Vec<String>) {
    let house = House::new();
    house.config("lease_ttl = \"2s\"\nsweep_interval = \"100ms\"\n");
    let task = house.script(&crate::harness::alone("exit 0"));
    let mut first = house.dispatcher_with(&["--max", "1"], &[("ANDON_CRASH_AT", point)]);
    if point == "after_claim_commit" {
        assert!(!first.ended().success(), "it did not crash at {point}");
    } else {
        // The process dies with the run in its hands, or after it has handed it over.
        wait_until("the supervisor has come and gone", || {
            let gone = house.runs(&task).iter().all(|run| {
                processes::supervisors_of(run["id"].as_str().unwrap())
                    .iter()
                    .all(|pid| !processes::lives(*pid))
            });
            gone && (!house.lines("ran").is_empty() || supervised(&house, &task))
        });
        first.kill();
    }
    let _dispatcher = house.dispatcher();
    house.wait_status(&task, "done");
    wait_until("every run is reaped", || house.runs(&task).iter().all(|run| !run["reaped_at"].is_null()));
    let outcomes = house.outcomes(&task);
    let mut ran = house.lines("ran");
    let runs = ran.len();
    ran.sort();
    ran.dedup();
    assert_eq!(ran.len(), runs, "a run was worked on twice");
    assert!(house.lines("overlap").is_empty(), "two runs at once");
    nothing_is_left(&house);
    (house, task, outcomes)
}

/// Whether a supervisor took the run: only then has it gone.
fn supervised(house: &House, task: &str) -> bool {
    let runs = house.runs(task);
    runs.iter().any(|run| house.board().join("runs").join(run["id"].as_str().unwrap()).exists())
        || house.kinds_of(task).iter().any(|kind| kind == "crashed")
        || std::fs::read_to_string(house.board().join("logs/supervisors.log")).is_ok()
}

fn nothing_is_left(house: &House) {
    for folder in ["runs", "exits", "workspaces"] {
        wait_until(&format!("{folder}/ is empty"), || {
            std::fs::read_dir(house.board().join(folder)).map_or(0, Iterator::count) == 0
        });
    }
    wait_until("only the dispatcher lives", || house.busy_processes().len() == 1);
    house.healthy();
}

fn cut(point: &str, expected: &[&str]) {
    if !cfg!(debug_assertions) {
        return;
    }
    let (_house, _task, outcomes) = cut_at(point);
    assert_eq!(outcomes, expected);
}

#[test]
fn a_cut_after_the_claim_is_nobodys_failure() {
    cut("after_claim_commit", &["interrupted", "completed"]);
}

#[test]
fn a_cut_after_the_run_was_taken_is_retried() {
    cut("after_take", &["crashed", "completed"]);
}

#[test]
fn a_cut_before_the_exec_is_retried() {
    cut("before_exec", &["crashed", "completed"]);
}

#[test]
fn a_cut_after_the_exec_is_retried_when_the_worker_is_gone() {
    cut("after_exec", &["crashed", "completed"]);
}

#[test]
fn a_cut_after_the_tree_was_gone_is_retried() {
    cut("after_tree_gone", &["crashed", "completed"]);
}

#[test]
fn a_cut_after_the_exit_record_loses_nothing() {
    cut("after_record", &["completed"]);
}

#[test]
fn a_cut_after_the_end_loses_nothing() {
    cut("after_end", &["completed"]);
}
