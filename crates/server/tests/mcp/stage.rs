//! A board with a worker and the tasks of others, and a server that is driven over pipes in memory. The fuzz target stands on
//! it too.

use std::io::{Cursor, Write};
use std::sync::{Arc, Mutex, PoisonError};

use andon_core::roster::{AssignableBy, ProfileFacts, Roster};
use andon_core::task::BlockKind;
use andon_core::{Policy, TaskId};
use andon_server::mcp::{FRAME_LIMIT, Frame, Frames, McpService, serve};
use andon_store::operation::{Block, ClaimByHand, Create, NewTask, Start};
use andon_store::query::Show;
use andon_store::{Board, BoardFile, Caller, Home, Mode};
use andon_tools::{FixedRules, Identity, Toolbox, Toolset, Worker};
use futures::executor::block_on;
use serde_json::Value;

/// A home under test.
pub(crate) struct Stage {
    _folder: tempfile::TempDir,
    home: Home,
    board: Board,
    rules: FixedRules,
    worker: Worker,
    foreign: Vec<TaskId>,
}

/// What the server writes.
#[derive(Clone, Default)]
struct Output(Arc<Mutex<Vec<u8>>>);

impl Write for Output {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> std::io::Result<()> {
        Ok(())
    }
}

fn roster() -> Roster {
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
    let mut roster = Roster::default();
    roster.profiles.insert("coder".parse().expect("a name"), facts);
    roster
}

impl Stage {
    pub(crate) fn new() -> Self {
        let folder = tempfile::tempdir().expect("a folder");
        let home = Home::new(folder.path());
        let slug = "default".parse().expect("a name");
        home.create(&slug, &BoardFile::default()).expect("a board");
        let board = home.open(&slug, Mode::Short).expect("a board");
        let create = |title: &str, start: Start| {
            let assignee = Some("coder".parse().expect("a name"));
            let task = NewTask { title: title.to_owned(), assignee, start, ..NewTask::default() };
            let create = Create {
                task,
                caller: Caller::person("ada"),
                roster: roster(),
                default_workdir: None,
                policy: Policy::default(),
            };
            block_on(board.run(create)).expect("a task").task.id
        };
        let claim = |task: TaskId| {
            let caller = Caller::person("ada");
            let claim = ClaimByHand {
                task: Some(task),
                profile: None,
                ttl: 600_000,
                force: false,
                caller,
                policy: Policy::default(),
            };
            block_on(board.run(claim)).expect("a run")
        };
        let foreign = vec![
            create("ready", Start::Normal),
            create("idea", Start::Triage),
            create("stopped", Start::Blocked("no".to_owned())),
            claim(create("running", Start::Normal)).task.id,
            create("asks", Start::Normal),
        ];
        if let Some(asks) = foreign.last() {
            let block = Block {
                task: asks.clone(),
                caller: Caller::person("ada"),
                kind: BlockKind::NeedsInput,
                reason: "which?".to_owned(),
                policy: Policy::default(),
            };
            block_on(board.run(block)).expect("a block");
        }
        let own = claim(create("own", Start::Normal));
        let worker = Worker {
            run: own.run.id.clone(),
            token: own.token.clone(),
            task: own.task.id.clone(),
            profile: own.run.profile.clone(),
            workspace: Some(folder.path().to_owned()),
            tenant: None,
            session: None,
        };
        let rules = FixedRules { roster: roster(), ..FixedRules::default() };
        Self { _folder: folder, home, board, rules, worker, foreign }
    }

    fn stands(&self) -> Vec<Value> {
        let of = |id: &TaskId| {
            let task = block_on(self.board.run(Show { task: id.clone(), limit: 0 })).expect("a task").task;
            serde_json::json!([
                task.state.status.as_str(),
                task.state.block.map(|block| block.reason),
                task.state.current_run,
                task.assignee,
                task.title,
                task.state.counters.failures,
            ])
        };
        self.foreign.iter().map(of).collect()
    }

    /// Serves what a client sends until it leaves: each request and each line that is no message is answered once, in JSON,
    /// and no task of others moves. The words `own` and `foreign` in it stand for ids of tasks.
    ///
    /// # Panics
    /// When it is not so.
    pub(crate) fn drive(&self, input: &[u8]) -> Vec<Value> {
        let input = replaced(input, b"\"own\"", &format!("\"{}\"", self.worker.task));
        let input = replaced(&input, b"\"foreign\"", &format!("\"{}\"", self.foreign[0]));
        let mut frames = Frames::new(input.as_slice(), FRAME_LIMIT);
        let mut expected = 0;
        while let Some(line) = frames.next_line() {
            expected += usize::from(!matches!(Frame::read(&line), Frame::Nothing));
        }
        let before = self.stands();
        let identity = Identity::worker("default".parse().expect("a name"), self.worker.clone());
        let toolbox = Toolbox::new(self.home.clone(), identity, Toolset::Board, Arc::new(self.rules.clone()));
        let output = Output::default();
        serve(&McpService::new(toolbox), Cursor::new(input), output.clone(), None).expect("it serves");
        let written = std::mem::take(&mut *output.0.lock().unwrap_or_else(PoisonError::into_inner));
        let answers: Vec<Value> = written
            .split(|byte| *byte == b'\n')
            .filter(|line| !line.is_empty())
            .map(|line| serde_json::from_slice(line).expect("an answer is a line of JSON"))
            .collect();
        assert_eq!(answers.len(), expected, "each request is answered once");
        for answer in &answers {
            assert_eq!(answer["jsonrpc"], "2.0");
            assert!(answer.get("result").is_some() != answer.get("error").is_some(), "{answer}");
        }
        assert_eq!(self.stands(), before, "a worker moved a task of others");
        answers
    }
}

fn replaced(bytes: &[u8], what: &[u8], by: &str) -> Vec<u8> {
    let mut out = Vec::with_capacity(bytes.len());
    let mut rest = bytes;
    while let Some(at) = rest.windows(what.len()).position(|window| window == what) {
        out.extend_from_slice(&rest[..at]);
        out.extend_from_slice(by.as_bytes());
        rest = &rest[at + what.len()..];
    }
    out.extend_from_slice(rest);
    out
}
