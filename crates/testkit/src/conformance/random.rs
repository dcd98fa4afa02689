//! Random histories of a board: whatever happens, in whatever order, the invariants hold after every step.

use andon_core::TaskId;
use andon_core::run::{Ending, Failure};
use andon_core::task::{BlockKind, Status};
use andon_store::operation::{
    AddComment, Approve, Archive, Assign, BlockOn, Claimed, Delete, EndRun, FireDue, Hold, JudgeLease, Link,
    Promote, Reclaim, Reopen, RequestChanges, RequestReview, ResetFailures, Schedule, SettleQueued, Start,
    Stop, ToTriage, Unblock, Unlink,
};
use andon_store::{Caller, OpError};
use rand::rngs::StdRng;
use rand::seq::IndexedRandom as _;
use rand::{Rng as _, SeedableRng as _};
use serde_json::Value;

use crate::{Boards, Draft, Inspection, Scene};

/// Histories that each driver goes through, and the steps of each.
const HISTORIES: u64 = 4;
const STEPS: usize = 250;

/// The invariants of DESIGN §3 hold after every step of a random history, and no edge is ever missed.
pub async fn the_invariants_hold_after_every_step(boards: &impl Boards) {
    let first: u64 = rand::random();
    for seed in first..first.saturating_add(HISTORIES) {
        let mut history = History::new(Scene::new(boards), seed);
        for step in 0..STEPS {
            history.step(step).await;
        }
    }
}

struct History {
    s: Scene,
    seed: u64,
    dice: StdRng,
    tasks: Vec<TaskId>,
    runs: Vec<Claimed>,
    /// The board after the last step: nobody else changes it.
    now: Option<Inspection>,
}

impl History {
    fn new(mut s: Scene, seed: u64) -> Self {
        s.roster.reviewer = Some("judge".parse().unwrap());
        Self { s, seed, dice: StdRng::seed_from_u64(seed), tasks: Vec::new(), runs: Vec::new(), now: None }
    }

    async fn step(&mut self, step: usize) {
        let before = match self.now.take() {
            Some(before) => before,
            None => self.s.ok(crate::Inspect).await,
        };
        let last = before.events.last().map_or(0, |event| event.number);
        let (what, outcome) = self.act().await;
        let at = format!("seed {}, step {step}, {what}", self.seed);
        if let Err(OpError::Db(error)) = &outcome {
            panic!("{at}: {error}");
        }
        let after = self.s.ok(crate::Inspect).await;
        if let Err(broken) = after.check() {
            panic!("{at}: {broken}");
        }
        for (id, (task, _)) in &after.tasks {
            let was = before.tasks.get(id).map(|(task, _)| task.state.status);
            let moves = after.moves(id, last);
            // To assign with a reclaim, and to block on a parent that must be linked first, are two steps each.
            let moved = was != Some(task.state.status);
            assert!(!moved || !moves.is_empty(), "{at}: {id} moved from {was:?} without an event");
            assert!(
                moves.len() <= 1 || matches!(what, "assign" | "block on"),
                "{at}: {id} moved once, told {moves:?}"
            );
        }
        let swept = self.s.sweep().await;
        assert!(swept.is_empty(), "{at}: the sweep found {swept:?}");
        self.now = Some(after);
    }

    fn pick(&mut self) -> TaskId {
        self.tasks.choose(&mut self.dice).cloned().unwrap_or_else(|| TaskId::from_bits(1))
    }

    /// A person, or the worker of some run, current or not.
    fn caller(&mut self) -> Caller {
        // Mostly of a run that is young: older ones are stale, and only prove that they can do nothing.
        let young = self.runs.len().saturating_sub(3);
        let from = if self.dice.random_bool(0.8) { young } else { 0 };
        match self.runs[from..].choose(&mut self.dice) {
            Some(run) if self.dice.random_bool(0.6) => self.s.worker(run),
            Some(_) | None => self.s.person(),
        }
    }

    async fn act(&mut self) -> (&'static str, Result<(), OpError>) {
        let roll = self.dice.random_range(0..100);
        self.s.world.advance(self.dice.random_range(0..40_000));
        match roll {
            0..15 => ("create", self.create().await),
            15..30 => ("claim", self.claim().await),
            30..48 => self.worker_s_word().await,
            48..60 => ("end", self.end().await),
            60..75 => self.graph().await,
            75..95 => self.person_s_word().await,
            _ => self.clockwork().await,
        }
    }

    async fn create(&mut self) -> Result<(), OpError> {
        let mut draft = Draft::new("t").with(|new| new.priority = 0);
        for _ in 0..self.dice.random_range(0..3) {
            if let Some(parent) = self.tasks.choose(&mut self.dice) {
                draft = draft.after(parent);
            }
        }
        let later = self.s.now().plus(20_000);
        draft = match self.dice.random_range(0..8) {
            0 => draft.start(Start::Triage),
            1 => draft.start(Start::Blocked("no".to_owned())),
            2 => draft.with(|new| new.at = Some(later)),
            3 => draft.with(|new| new.held = true),
            4 => draft.of_nobody(),
            _ => draft,
        };
        let created = self.s.run(self.s.creation(draft)).await?;
        self.tasks.push(created.task.id);
        Ok(())
    }

    async fn claim(&mut self) -> Result<(), OpError> {
        let claimed = self.s.run(self.s.claiming(self.dice.random_range(1..3))).await?;
        for run in claimed {
            if self.dice.random_bool(0.8) {
                self.s.take(&run).await;
            }
            self.runs.push(run);
        }
        Ok(())
    }

    async fn worker_s_word(&mut self) -> (&'static str, Result<(), OpError>) {
        let (id, caller, policy) = (self.pick(), self.caller(), self.s.policy.clone());
        let task = match self.runs.iter().find(|run| caller.actor.run() == Some(&run.run.id)) {
            Some(run) if self.dice.random_bool(0.9) => run.task.id.clone(),
            Some(_) | None => id,
        };
        let reason = "because".to_owned();
        match self.dice.random_range(0..7) {
            0 | 1 => ("complete", self.s.run(self.s.completion(&task, caller)).await.map(drop)),
            2 => ("block", self.s.run(self.s.blocking(&task, caller, BlockKind::NeedsInput)).await.map(drop)),
            3 => {
                let on = Some(self.pick());
                ("block on", self.s.run(BlockOn { task, caller, on, reason, policy }).await.map(drop))
            }
            4 => {
                let (summary, roster) = (None, self.s.roster.clone());
                let metadata = Value::Null;
                let review = RequestReview { task, caller, summary, metadata, roster, policy };
                ("review", self.s.run(review).await.map(drop))
            }
            5 => ("approve", self.s.run(Approve { task, caller, summary: None, policy }).await.map(drop)),
            _ => ("changes", self.s.run(RequestChanges { task, caller, reason, policy }).await.map(drop)),
        }
    }

    async fn end(&mut self) -> Result<(), OpError> {
        let Some(run) = self.runs.choose(&mut self.dice).cloned() else { return Ok(()) };
        let reaped = self.dice.random_bool(0.7);
        let ending = match self.dice.random_range(0..6) {
            0 => {
                let judging = self.judging(&run);
                return self.s.run(judging).await.map(drop);
            }
            1 => {
                self.s.reap(&run).await;
                return Ok(());
            }
            2 => Ending::Complete,
            _ => Ending::Failed(*Failure::ALL.choose(&mut self.dice).unwrap()),
        };
        self.s.run(EndRun { ending, reaped, ..self.s.failure(&run, Failure::Crashed) }).await
    }

    fn judging(&mut self, run: &Claimed) -> JudgeLease {
        let holder_alive = *[Some(true), Some(false), None].choose(&mut self.dice).unwrap();
        let (run, policy) = (run.run.id.clone(), self.s.policy.clone());
        let unstarted = self.dice.random_range(0..4) == 0;
        JudgeLease { run, holder_alive, rebooted: false, unstarted, policy }
    }

    async fn graph(&mut self) -> (&'static str, Result<(), OpError>) {
        let (parent, child, policy) = (self.pick(), self.pick(), self.s.policy.clone());
        let (task, caller) = (parent.clone(), self.s.person());
        let release = *[None, Some(true), Some(false)].choose(&mut self.dice).unwrap();
        match self.dice.random_range(0..10) {
            0..3 => ("link", self.s.run(Link { parent, child, caller, policy }).await.map(drop)),
            3 | 4 => ("unlink", self.s.run(Unlink { parent, child, caller, policy }).await.map(drop)),
            5 | 6 => ("reopen", self.s.run(Reopen { task, caller, policy }).await.map(drop)),
            7 | 8 => ("archive", self.s.run(Archive { task, release, caller, policy }).await.map(drop)),
            _ => {
                let delete = Delete { task, release, only_archived: false, caller, policy };
                ("delete", self.s.run(delete).await.map(drop))
            }
        }
    }

    async fn person_s_word(&mut self) -> (&'static str, Result<(), OpError>) {
        let (task, caller, policy) = (self.pick(), self.caller(), self.s.policy.clone());
        let force = self.dice.random_bool(0.3);
        let reason = None;
        let why = "because".to_owned();
        match self.dice.random_range(0..10) {
            0 | 1 => ("unblock", self.s.run(Unblock { task, caller, reason, policy }).await.map(drop)),
            2 => ("promote", self.s.run(Promote { task, caller, reason, force, policy }).await.map(drop)),
            3 => ("hold", self.s.run(Hold { task, caller, reason, policy }).await.map(drop)),
            4 => ("to triage", self.s.run(ToTriage { task, caller, reason, policy }).await.map(drop)),
            5 => ("stop", self.s.run(Stop { task, caller, reason: why, policy }).await.map(drop)),
            6 => ("reclaim", self.s.run(Reclaim { task, caller, reason: why, policy }).await.map(drop)),
            7 => ("reset", self.s.run(ResetFailures { task, caller, policy }).await.map(drop)),
            8 => ("comment", self.s.run(AddComment { task, body: why, caller, policy }).await.map(drop)),
            _ => {
                let names = ["coder", "writer", "hands"];
                let assignee = names.choose(&mut self.dice).map(|name| name.parse().unwrap());
                let reclaim = Some(why).filter(|_| force);
                let roster = self.s.roster.clone();
                let assign = Assign { task, assignee, reclaim, caller, roster, policy };
                ("assign", self.s.run(assign).await.map(drop))
            }
        }
    }

    async fn clockwork(&mut self) -> (&'static str, Result<(), OpError>) {
        let (task, caller, policy) = (self.pick(), self.caller(), self.s.policy.clone());
        match self.dice.random_range(0..4) {
            0 => ("fire", self.s.run(FireDue { policy }).await.map(drop)),
            1 => ("settle", self.s.run(SettleQueued { policy }).await.map(drop)),
            2 => ("sweep", self.s.board.sweep(&policy).await.map(drop)),
            _ => {
                let at = Some(self.s.now().plus(20_000)).filter(|_| self.dice.random_bool(0.7));
                let reason = String::new();
                let schedule = Schedule { task, at, reason, caller, policy };
                ("schedule", self.s.run(schedule).await.map(drop))
            }
        }
    }
}

/// Statuses that a random history should reach: a suite that never gets there proves nothing.
pub async fn random_histories_reach_every_status(boards: &impl Boards) {
    let mut reached = std::collections::BTreeSet::new();
    let mut history = History::new(Scene::new(boards), 1);
    for step in 0..400 {
        history.step(step).await;
        let tasks = history.now.iter().flat_map(|now| now.tasks.values());
        reached.extend(tasks.map(|(task, _)| task.state.status));
        if reached.len() == Status::ALL.len() {
            return;
        }
    }
    panic!("only {reached:?} in 400 steps");
}
