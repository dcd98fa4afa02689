//! A home with a board, a roster and tasks, and toolboxes of its people.

use std::sync::Arc;

use andon_core::{Policy, RunId, TaskId};
use andon_store::operation::{ClaimByHand, Claimed};
use andon_store::query::Show;
use andon_store::sql::tasks::Task;
use andon_store::{Board, BoardFile, Caller, Home, Mode};
use andon_testkit::{Draft, Scene, block_on, roster};
use andon_tools::{FixedRules, Identity, ToolReply, Toolbox, Toolset, Worker};
use serde_json::Value;

/// A home under test.
pub(crate) struct Stage {
    folder: tempfile::TempDir,
    home: Home,
    /// The board `default`.
    pub(crate) board: Board,
    rules: FixedRules,
}

impl Stage {
    pub(crate) fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let home = Home::new(folder.path());
        let slug = "default".parse().unwrap();
        home.create(&slug, &BoardFile::default()).unwrap();
        let board = home.open(&slug, Mode::Short).unwrap();
        let rules = FixedRules { roster: roster(), ..FixedRules::default() };
        Self { folder, home, board, rules }
    }

    /// A second board.
    pub(crate) fn another(&self, slug: &str) {
        self.home.create(&slug.parse().unwrap(), &BoardFile::default()).unwrap();
    }

    pub(crate) fn workspace(&self) -> std::path::PathBuf {
        let workspace = self.folder.path().join("workspace");
        std::fs::create_dir_all(&workspace).unwrap();
        workspace
    }

    /// A task that `coder` works on, and who that is.
    pub(crate) fn running(&self, title: &str) -> (Claimed, Worker) {
        let id = self.create(Draft::new(title));
        let claimed = self.claim(&id);
        let worker = Worker { workspace: Some(self.workspace()), ..as_worker(&claimed) };
        (claimed, worker)
    }

    /// The worker of a task that is claimed by hand.
    pub(crate) fn claim_by_hand(&self, id: &TaskId) -> Worker {
        as_worker(&self.claim(id))
    }

    fn claim(&self, id: &TaskId) -> Claimed {
        let claim = ClaimByHand {
            task: Some(id.clone()),
            profile: None,
            ttl: 60_000,
            force: false,
            caller: self.ada(),
            policy: Policy::default(),
        };
        block_on(self.board.run(claim)).unwrap()
    }

    pub(crate) fn create(&self, draft: Draft) -> TaskId {
        let scene = Scene {
            board: self.board.clone(),
            world: andon_testkit::ManualWorld::new(1),
            roster: roster(),
            policy: Policy::default(),
        };
        block_on(self.board.run(scene.creation(draft))).unwrap().task.id
    }

    pub(crate) fn person(&self) -> Toolbox {
        let identity = Identity::person("default".parse().unwrap(), "ada");
        Toolbox::new(self.home.clone(), identity, Toolset::Board, Arc::new(self.rules.clone()))
    }

    pub(crate) fn worker(&self, worker: &Worker, toolset: Toolset) -> Toolbox {
        let identity = Identity::worker("default".parse().unwrap(), worker.clone());
        Toolbox::new(self.home.clone(), identity, toolset, Arc::new(self.rules.clone()))
    }

    pub(crate) fn task(&self, id: &TaskId) -> Task {
        block_on(self.board.run(Show { task: id.clone(), limit: 0 })).unwrap().task
    }

    /// How many files a task has.
    pub(crate) fn files(&self, id: &TaskId) -> usize {
        block_on(self.board.run(Show { task: id.clone(), limit: 0 })).unwrap().attachments.len()
    }

    pub(crate) fn of_run(&self, run: &RunId) -> Vec<TaskId> {
        let list = andon_store::query::List { archived: true, limit: 1_000, ..Default::default() };
        let listed = block_on(self.board.run(list)).unwrap();
        let own = |task: &Task| task.created_by_run.as_deref() == Some(run.as_str());
        listed.tasks.into_iter().filter(|(task, _, _)| own(task)).map(|(task, _, _)| task.id).collect()
    }

    pub(crate) fn runs(&self, operation: impl andon_store::Operation) {
        assert!(block_on(self.board.run(operation)).is_ok());
    }

    pub(crate) fn ada(&self) -> Caller {
        Caller::person("ada")
    }
}

fn as_worker(claimed: &Claimed) -> Worker {
    Worker {
        run: claimed.run.id.clone(),
        token: claimed.token.clone(),
        task: claimed.task.id.clone(),
        profile: claimed.run.profile.clone(),
        workspace: None,
        tenant: None,
        session: None,
    }
}

/// Calls a tool in an event loop of its own.
pub(crate) fn call(toolbox: &Toolbox, name: &str, arguments: Value) -> ToolReply {
    let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
    runtime.block_on(toolbox.call(name, arguments))
}

/// The content of a call that must work.
#[track_caller]
pub(crate) fn ok(toolbox: &Toolbox, name: &str, arguments: Value) -> Value {
    let reply = call(toolbox, name, arguments);
    assert!(!reply.is_error, "{name}: {}", reply.content);
    assert_eq!(reply.content["ok"], true);
    reply.content
}

/// The code of a call that must be refused.
#[track_caller]
pub(crate) fn refused(toolbox: &Toolbox, name: &str, arguments: Value) -> String {
    let reply = call(toolbox, name, arguments);
    assert!(reply.is_error && !reply.ended_run, "{name}: {}", reply.content);
    assert!(reply.content["error"]["message"].as_str().is_some_and(|text| !text.is_empty()));
    let hint = reply.content["error"]["hint"].as_str().unwrap_or_default();
    assert!(hint.len() > 20, "{name} says not what to do next: {}", reply.content);
    reply.error_code().unwrap().to_owned()
}
