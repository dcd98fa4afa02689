//! A board with a world, profiles and limits, and the operations of a test in a line each.

use std::collections::BTreeSet;
use std::sync::Arc;

use andon_core::roster::{AssignableBy, ProfileFacts, Roster};
use andon_core::run::{Ending, Failure};
use andon_core::task::{Actor, BlockKind, Status};
use andon_core::{Millis, Policy, TaskId};
use andon_store::operation::{
    Block, Claim, Claimed, Complete, Create, EndRun, NewTask, Reap, Start, Take, Taken,
};
use andon_store::query::{Show, Shown};
use andon_store::sql::leases::Holder;
use andon_store::sql::runs::Words;
use andon_store::sql::tasks::Task;
use andon_store::{Board, Caller, OpError, Operation, World};
use serde_json::Value;

use crate::boards::Boards;
use crate::inspect::{Inspect, Inspection};
use crate::world::ManualWorld;

/// A profile that anybody may give work.
#[must_use]
pub fn profile() -> ProfileFacts {
    ProfileFacts {
        lane: false,
        max_running: None,
        reviewer: None,
        assignable_by: AssignableBy::Anyone,
        skills: BTreeSet::from(["rust".to_owned(), "sql".to_owned()]),
        max_children: 50,
        may_pause: false,
        routes: false,
    }
}

/// The profiles of most tests: `coder` and `writer`, the reviewer `judge`, the lane `hands`, the orchestrator `lead`, and `script`, whose work
/// only persons may choose.
#[must_use]
pub fn roster() -> Roster {
    let mut roster = Roster::default();
    for name in ["coder", "writer", "judge"] {
        roster.profiles.insert(name.parse().expect("a name"), profile());
    }
    roster.profiles.insert("hands".parse().expect("a name"), ProfileFacts { lane: true, ..profile() });
    roster.profiles.insert("lead".parse().expect("a name"), ProfileFacts { routes: true, ..profile() });
    let script = ProfileFacts { assignable_by: AssignableBy::Persons, ..profile() };
    roster.profiles.insert("script".parse().expect("a name"), script);
    roster
}

/// A board under test.
#[derive(Clone, Debug)]
pub struct Scene {
    /// The board.
    pub board: Board,
    /// Its time and chance.
    pub world: Arc<ManualWorld>,
    /// Who can be an assignee.
    pub roster: Roster,
    /// Limits.
    pub policy: Policy,
}

/// A new task in the making.
#[derive(Clone, Debug)]
pub struct Draft(NewTask);

impl Draft {
    /// A task of this title for `coder`.
    #[must_use]
    pub fn new(title: &str) -> Self {
        let assignee = Some("coder".parse().expect("a name"));
        Self(NewTask { title: title.to_owned(), assignee, ..NewTask::default() })
    }

    /// For somebody else.
    #[must_use]
    pub fn of(mut self, profile: &str) -> Self {
        self.0.assignee = Some(profile.parse().expect("a name"));
        self
    }

    /// For nobody.
    #[must_use]
    pub fn of_nobody(mut self) -> Self {
        self.0.assignee = None;
        self
    }

    /// After another task.
    #[must_use]
    pub fn after(mut self, parent: &TaskId) -> Self {
        self.0.parents.push(parent.clone());
        self
    }

    /// Where it starts.
    #[must_use]
    pub fn start(mut self, start: Start) -> Self {
        self.0.start = start;
        self
    }

    /// Whatever else.
    #[must_use]
    pub fn with(mut self, change: impl FnOnce(&mut NewTask)) -> Self {
        change(&mut self.0);
        self
    }
}

impl Scene {
    /// A new board with the usual profiles and limits, at a standing clock.
    pub fn new(boards: &impl Boards) -> Self {
        let world = ManualWorld::new(7);
        let port: Arc<dyn World> = Arc::<ManualWorld>::clone(&world);
        Self { board: boards.make(&port), world, roster: roster(), policy: Policy::default() }
    }

    /// The same scene on the same board, as another process opens it.
    #[must_use]
    pub fn again(&self, boards: &impl Boards) -> Self {
        Self { board: boards.again(&self.board), ..self.clone() }
    }

    /// Runs an operation that may be refused.
    ///
    /// # Errors
    /// As the operation.
    pub async fn run<O: Operation>(&self, operation: O) -> Result<O::Reply, OpError> {
        self.board.run(operation).await
    }

    /// Runs an operation that must work.
    pub async fn ok<O: Operation>(&self, operation: O) -> O::Reply {
        match self.board.run(operation).await {
            Ok(reply) => reply,
            Err(error) => panic!("{}: {error}", error.code()),
        }
    }

    /// Runs an operation that must be refused; gives the code.
    pub async fn refused<O: Operation>(&self, operation: O) -> &'static str {
        let before = self.inspect().await;
        let code = match self.board.run(operation).await {
            Ok(_) => return "ok",
            Err(error) => error.code(),
        };
        let after = self.inspect().await;
        assert_eq!(before.tasks, after.tasks, "a refusal ({code}) changed a task");
        assert_eq!(before.links, after.links, "a refusal ({code}) changed a link");
        code
    }

    /// The whole board, checked.
    pub async fn inspect(&self) -> Inspection {
        let inspection = self.ok(Inspect).await;
        if let Err(broken) = inspection.check() {
            panic!("{broken}");
        }
        inspection
    }

    /// The person of most tests.
    #[must_use]
    pub fn person(&self) -> Caller {
        Caller::person("ada")
    }

    /// The worker of a claimed run.
    #[must_use]
    pub fn worker(&self, claimed: &Claimed) -> Caller {
        Caller::worker(claimed.run.id.clone(), claimed.run.profile.clone(), claimed.token.clone())
    }

    /// The operation that creates a draft.
    #[must_use]
    pub fn creation(&self, draft: Draft) -> Create {
        Create {
            task: draft.0,
            caller: self.person(),
            roster: self.roster.clone(),
            default_workdir: None,
            policy: self.policy.clone(),
        }
    }

    /// Creates a task, a millisecond after the one before.
    pub async fn create(&self, draft: Draft) -> Task {
        self.world.advance(1);
        self.ok(self.creation(draft)).await.task
    }

    /// Creates a task for `coder`.
    pub async fn task(&self, title: &str) -> TaskId {
        self.create(Draft::new(title)).await.id
    }

    /// Creates a task for `coder` that waits for another.
    pub async fn child(&self, title: &str, parent: &TaskId) -> TaskId {
        self.create(Draft::new(title).after(parent)).await.id
    }

    /// Everything about a task.
    pub async fn show(&self, task: &TaskId) -> Shown {
        self.ok(Show { task: task.clone(), limit: 1_000 }).await
    }

    /// A task.
    pub async fn get(&self, task: &TaskId) -> Task {
        self.show(task).await.task
    }

    /// Where a task stands.
    pub async fn status(&self, task: &TaskId) -> Status {
        self.get(task).await.state.status
    }

    /// What happened to a task, oldest first.
    pub async fn kinds(&self, task: &TaskId) -> Vec<String> {
        self.show(task).await.events.into_iter().map(|event| event.kind).collect()
    }

    /// How often something happened to a task.
    pub async fn count(&self, task: &TaskId, kind: &str) -> usize {
        self.kinds(task).await.iter().filter(|known| *known == kind).count()
    }

    /// A claim of a whole host for everybody on the roster.
    #[must_use]
    pub fn claiming(&self, batch: u32) -> Claim {
        Claim {
            host: "here".to_owned(),
            claimer: None,
            roster: self.roster.clone(),
            max_running: None,
            max_running_per_profile: None,
            host_room: None,
            max_running_per_host: None,
            labels: Vec::new(),
            batch,
            skip: Vec::new(),
            policy: self.policy.clone(),
        }
    }

    /// Claims up to `batch` tasks.
    pub async fn claim(&self, batch: u32) -> Vec<Claimed> {
        self.ok(self.claiming(batch)).await
    }

    /// Claims the next task, which must be there.
    pub async fn claim_one(&self) -> Claimed {
        self.claim(1).await.pop().expect("a task to claim")
    }

    /// Creates a task for `coder` and claims it, supervised.
    pub async fn running(&self, title: &str) -> Claimed {
        let id = self.task(title).await;
        let claimed = self.claim_one().await;
        assert_eq!(claimed.task.id, id, "another task was ready");
        self.take(&claimed).await;
        claimed
    }

    /// A supervisor on this host.
    #[must_use]
    pub fn holder(&self, pid: i64) -> Holder {
        Holder { host: "here".to_owned(), boot_id: "boot".to_owned(), pid, start_time: pid * 10 }
    }

    /// Takes a run as supervisor 1.
    pub async fn take(&self, claimed: &Claimed) -> Taken {
        self.take_as(claimed, 1).await
    }

    /// Takes a run as the supervisor of that pid.
    pub async fn take_as(&self, claimed: &Claimed, pid: i64) -> Taken {
        let take = Take {
            run: claimed.run.id.clone(),
            token: claimed.token.clone(),
            holder: self.holder(pid),
            policy: self.policy.clone(),
        };
        self.ok(take).await
    }

    /// A completion.
    #[must_use]
    pub fn completion(&self, task: &TaskId, caller: Caller) -> Complete {
        Complete {
            task: task.clone(),
            caller,
            result: None,
            summary: None,
            metadata: Value::Null,
            created_cards: Vec::new(),
            kept: Vec::new(),
            policy: self.policy.clone(),
        }
    }

    /// A person completes a task.
    pub async fn complete(&self, task: &TaskId) -> Task {
        self.ok(self.completion(task, self.person())).await
    }

    /// The end of a run that failed, its tree gone.
    #[must_use]
    pub fn failure(&self, claimed: &Claimed, failure: Failure) -> EndRun {
        EndRun {
            run: claimed.run.id.clone(),
            ending: Ending::Failed(failure),
            error: "it broke".to_owned(),
            words: Words::default(),
            resets_at: None,
            reaped: true,
            policy: self.policy.clone(),
        }
    }

    /// Fails a run, its tree gone.
    pub async fn fail(&self, claimed: &Claimed, failure: Failure) {
        self.ok(self.failure(claimed, failure)).await;
    }

    /// Records that a run's tree is gone.
    pub async fn reap(&self, claimed: &Claimed) -> bool {
        self.ok(Reap { run: claimed.run.id.clone(), exit_code: Some(0), signal: None }).await
    }

    /// A block.
    #[must_use]
    pub fn blocking(&self, task: &TaskId, caller: Caller, kind: BlockKind) -> Block {
        let policy = self.policy.clone();
        Block { task: task.clone(), caller, kind, reason: "which colour?".to_owned(), policy }
    }

    /// What the slow sweep finds: nothing, unless an edge was missed.
    pub async fn sweep(&self) -> Vec<TaskId> {
        self.board.sweep(&self.policy).await.expect("the board is swept")
    }

    /// Tells every queued child.
    pub async fn settle(&self) {
        self.board.settle_queued(&self.policy).await.expect("queued children are told");
    }

    /// Now.
    #[must_use]
    pub fn now(&self) -> Millis {
        self.world.time()
    }

    /// Lets time pass.
    pub fn wait(&self, millis: i64) {
        self.world.advance(millis);
    }

    /// An actor that is a worker without being one.
    #[must_use]
    pub fn forged(&self, claimed: &Claimed) -> Caller {
        let actor = Actor::Worker { profile: claimed.run.profile.clone(), run: claimed.run.id.clone() };
        Caller { actor, token: Some("0".repeat(64)), routes: false }
    }
}
