//! Maintenance of boards, on real files: backup, restore, doctor, quarantine, recovery, import, questions, files.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on should stop")]

mod backup;
mod crash;
mod damage;
mod doctor;
mod import;
mod locks;
mod questions;
mod reference;

use std::path::{Path, PathBuf};

use andon_core::roster::{AssignableBy, ProfileFacts, Roster};
use andon_core::{BoardSlug, Policy, ProfileName, TaskId};
use andon_store::operation::{Claim, Claimed, Create, NewTask};
use andon_store::{Board, BoardFile, Caller, Home, Mode, OpError, Operation};
use futures::executor::block_on;

/// A home with a board, and everything that goes with it.
pub(crate) struct Fixture {
    pub(crate) dir: tempfile::TempDir,
    pub(crate) home: Home,
    pub(crate) slug: BoardSlug,
}

impl Fixture {
    pub(crate) fn new() -> Self {
        let dir = tempfile::tempdir().unwrap();
        let home = Home::new(dir.path().join("home with späces"));
        let slug: BoardSlug = "line".parse().unwrap();
        home.create(&slug, &BoardFile { name: Some("The line".to_owned()), ..BoardFile::default() }).unwrap();
        Self { dir, home, slug }
    }

    pub(crate) fn board(&self) -> Board {
        self.home.open(&self.slug, Mode::Short).unwrap()
    }

    pub(crate) fn folder(&self) -> PathBuf {
        self.home.board_folder(&self.slug)
    }

    pub(crate) fn database(&self) -> PathBuf {
        self.folder().join("board.db")
    }

    pub(crate) fn path(&self, name: &str) -> PathBuf {
        self.dir.path().join(name)
    }

    /// Changes rows behind Andon's back. No board may be open here at the time.
    pub(crate) fn tamper(&self, sql: &str) {
        let connection = rusqlite::Connection::open(self.database()).unwrap();
        connection.execute_batch("pragma foreign_keys = off; pragma ignore_check_constraints = on").unwrap();
        connection.execute_batch(sql).unwrap();
    }
}

pub(crate) fn profile(name: &str) -> ProfileName {
    name.parse().unwrap()
}

pub(crate) fn roster(names: &[&str]) -> Roster {
    let facts = ProfileFacts {
        lane: false,
        max_running: None,
        reviewer: None,
        assignable_by: AssignableBy::Anyone,
        skills: Default::default(),
        max_children: 50,
        may_pause: false,
        routes: false,
    };
    Roster {
        profiles: names.iter().map(|name| (profile(name), facts.clone())).collect(),
        ..Roster::default()
    }
}

pub(crate) fn run<O: Operation>(board: &Board, operation: O) -> Result<O::Reply, OpError> {
    block_on(board.run(operation))
}

pub(crate) fn person() -> Caller {
    Caller::person("ann")
}

pub(crate) fn create(board: &Board, title: &str, parents: &[&TaskId]) -> TaskId {
    let task = NewTask {
        title: title.to_owned(),
        assignee: Some(profile("coder")),
        parents: parents.iter().map(|id| (*id).clone()).collect(),
        ..NewTask::default()
    };
    let create = Create {
        task,
        caller: person(),
        roster: roster(&["coder"]),
        default_workdir: None,
        policy: Policy::default(),
    };
    run(board, create).unwrap().task.id
}

pub(crate) fn claim(board: &Board) -> Vec<Claimed> {
    let claim = Claim {
        host: "here".to_owned(),
        claimer: None,
        roster: roster(&["coder"]),
        max_running: None,
        max_running_per_profile: None,
        host_room: None,
        max_running_per_host: None,
        labels: Vec::new(),
        batch: 100,
        skip: Vec::new(),
        policy: Policy::default(),
    };
    run(board, claim).unwrap()
}

/// Copies in another process, as the binary does.
#[expect(clippy::disallowed_methods, reason = "the copy must not be made by this process")]
pub(crate) fn copier(from: &Path, to: &Path) -> std::io::Result<()> {
    let done = std::process::Command::new("cp").arg("--").arg(from).arg(to).status()?;
    if done.success() { Ok(()) } else { Err(std::io::Error::other("cp failed")) }
}

/// Attaches a file of this content.
pub(crate) fn attach(
    board: &Board,
    task: &TaskId,
    name: &str,
    content: &str,
) -> andon_store::sql::attachments::Attachment {
    let caller = person();
    let mut source = content.as_bytes();
    block_on(andon_store::files::attach(board, task, name, &mut source, &caller)).unwrap()
}
