//! Boards to measure on, and the operations that are measured.

use std::path::Path;
use std::time::{Duration, Instant};

use andon_core::roster::Roster;
use andon_core::{Policy, TaskId};
use andon_store::operation::{Claim, Claimed, Complete, Create, NewTask};
use andon_store::{Board, Caller, Home, Mode, OpError};
use andon_testkit::{Bulk, Sql, block_on, roster};
use serde_json::Value;

/// A board in a directory that goes with it.
pub(crate) struct Scratch {
    /// The home.
    pub(crate) home: tempfile::TempDir,
    /// Its board.
    pub(crate) board: Board,
}

impl Scratch {
    /// A new board, used as a server does.
    pub(crate) fn new(mode: Mode) -> Self {
        let home = tempfile::tempdir().unwrap();
        let board = open(home.path(), mode);
        Self { home, board }
    }
}

/// The board `default` of a home.
pub(crate) fn open(home: &Path, mode: Mode) -> Board {
    Home::new(home).open_or_default(&"default".parse().unwrap(), mode).unwrap()
}

/// The creation of a task for a profile.
pub(crate) fn creation(profile: &str) -> Create {
    let assignee = Some(profile.parse().unwrap());
    Create {
        task: NewTask { title: "a task of usual length, say".to_owned(), assignee, ..NewTask::default() },
        caller: Caller::person("ada"),
        roster: roster(),
        default_workdir: None,
        policy: Policy::default(),
    }
}

/// A claim of up to `batch` tasks for the profiles of a roster.
pub(crate) fn claim(roster: Roster, batch: u32) -> Claim {
    Claim {
        host: "here".to_owned(),
        claimer: None,
        roster,
        max_running: None,
        max_running_per_profile: None,
        host_room: None,
        max_running_per_host: None,
        labels: Vec::new(),
        batch,
        skip: Vec::new(),
        policy: Policy::default(),
    }
}

/// The roster with one profile in it.
pub(crate) fn only(profile: &str) -> Roster {
    let mut roster = roster();
    roster.profiles.retain(|name, _| name.as_str() == profile);
    roster
}

/// The completion of a claimed task by its worker.
pub(crate) fn completion(claimed: &Claimed) -> Complete {
    let run = &claimed.run;
    Complete {
        task: claimed.task.id.clone(),
        caller: Caller::worker(run.id.clone(), run.profile.clone(), claimed.token.clone()),
        result: None,
        summary: Some("done".to_owned()),
        metadata: Value::Null,
        created_cards: Vec::new(),
        kept: Vec::new(),
        policy: Policy::default(),
    }
}

/// Who creates, claims and completes; it has read its profiles once, as every process does.
pub(crate) struct Client {
    create: Create,
    claim: Claim,
}

impl Client {
    pub(crate) fn new() -> Self {
        Self { create: creation("coder"), claim: claim(only("coder"), 1) }
    }

    /// Create, claim, complete: three durable operations.
    pub(crate) async fn cycle(&self, board: &Board) -> Result<(), OpError> {
        board.run(self.create.clone()).await?;
        for claimed in board.run(self.claim.clone()).await? {
            board.run(completion(&claimed)).await?;
        }
        Ok(())
    }
}

/// Runs cycles of one client for a time; gives how many and how long.
pub(crate) fn cycles(board: &Board, time: Duration) -> (usize, Duration) {
    let client = Client::new();
    let begun = Instant::now();
    let mut count = 0;
    while begun.elapsed() < time {
        block_on(client.cycle(board)).unwrap();
        count += 1;
    }
    (count, begun.elapsed())
}

/// Fills a board through one connection with room for all of it: ids are random, so that a small cache writes each page
/// again and again.
pub(crate) fn fill(board: &Board, count: usize, create: &Create) -> Vec<TaskId> {
    let cache = |pragma| block_on(board.run(Sql(pragma, Vec::new()))).unwrap();
    cache("pragma cache_size = -524288");
    let mut ids = Vec::with_capacity(count);
    while ids.len() < count {
        let slice = vec![create.clone(); (count - ids.len()).min(20_000)];
        ids.extend(block_on(board.run(Bulk(slice))).unwrap());
    }
    cache("pragma cache_size = -8192");
    ids
}
