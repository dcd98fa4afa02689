//! Several processes on one board: each task once, no error, nothing damaged.

use std::collections::BTreeSet;
use std::path::Path;

use andon_core::Policy;
use andon_core::task::Status;
use andon_store::operation::{Claim, Create, NewTask};
use andon_store::{Board, Caller, Mode};
use andon_testkit::{Bulk, Inspect, block_on, roster};

use crate::child;

pub(crate) fn creation(title: &str) -> Create {
    let assignee = Some("coder".parse().unwrap());
    Create {
        task: NewTask { title: title.to_owned(), assignee, ..NewTask::default() },
        caller: Caller::person("ada"),
        roster: roster(),
        default_workdir: None,
        policy: Policy::default(),
    }
}

pub(crate) fn claim(board: &Board) -> Vec<andon_store::operation::Claimed> {
    let claim = Claim {
        host: "here".to_owned(),
        claimer: None,
        roster: roster(),
        max_running: None,
        max_running_per_profile: None,
        max_running_per_host: None,
        labels: Vec::new(),
        host_room: None,
        batch: 1,
        skip: Vec::new(),
        policy: Policy::default(),
    };
    block_on(board.run(claim)).unwrap()
}

/// The role `claim`: claims one task at a time until there is none, and says each.
pub(crate) fn claim_all(home: &Path) {
    let board = child::open(home, Mode::Short);
    while let Some(claimed) = claim(&board).pop() {
        child::say(claimed.task.id.as_str());
    }
}

/// The role `open`: opens the board, which may not be there yet, and writes one task.
pub(crate) fn open_once(home: &Path) {
    let board = child::open(home, Mode::Short);
    child::say(block_on(board.run(creation("mine"))).unwrap().task.id.as_str());
}

/// Runs eight processes of a role to their end; gives what each said.
fn eight(role: &str, home: &Path) -> Vec<Vec<String>> {
    let children: Vec<_> = (0..8).map(|_| child::start(role, home, &[])).collect();
    children
        .into_iter()
        .map(|child| {
            let output = child.wait_with_output().unwrap();
            assert!(output.status.success(), "a process failed: {}", String::from_utf8_lossy(&output.stdout));
            child::said(&output.stdout)
        })
        .collect()
}

#[test]
fn eight_processes_claim_two_thousand_tasks_each_exactly_once() {
    let home = tempfile::tempdir().unwrap();
    let board = child::open(home.path(), Mode::Short);
    let database = board.database();
    let ids = block_on(board.run(Bulk(vec![creation("t"); 2_000]))).unwrap();
    let claimed: Vec<String> = eight("claim", home.path()).into_iter().flatten().collect();
    assert_eq!(claimed.len(), 2_000);
    let each: BTreeSet<&str> = claimed.iter().map(String::as_str).collect();
    assert_eq!(each, ids.iter().map(andon_core::TaskId::as_str).collect());
    let inspection = block_on(board.run(Inspect)).unwrap();
    inspection.check().unwrap();
    assert_eq!(inspection.live.len(), 2_000);
    assert!(inspection.tasks.values().all(|(task, _)| task.state.status == Status::Running));
    drop(board);
    assert_eq!(child::integrity(&database), "ok");
}

#[test]
fn eight_processes_that_open_a_new_board_at_once_share_one() {
    for _ in 0..5 {
        let home = tempfile::tempdir().unwrap();
        let said = eight("open", home.path());
        let board = child::open(home.path(), Mode::Short);
        let tasks = block_on(board.run(Inspect)).unwrap().tasks;
        let expected: BTreeSet<String> = said.into_iter().flatten().collect();
        assert_eq!(tasks.keys().map(ToString::to_string).collect::<BTreeSet<_>>(), expected);
        assert_eq!(expected.len(), 8);
        let database = board.database();
        drop(board);
        assert_eq!(child::integrity(&database), "ok");
    }
}
