//! Group commit: many callers, one commit; nobody is told before it, and what fails takes nobody with it.

use std::sync::{Arc, Condvar, Mutex};

use andon_core::TaskId;
use andon_core::task::Refusal;
use andon_store::operation::{Create, Created};
use andon_store::{Board, DbError, Mode, OpError, Operation, Tx};
use andon_testkit::{Draft, Scene, Sql, SqliteBoards, block_on};
use futures::FutureExt as _;
use futures::future::join_all;

/// Keeps the writer busy until it is opened, so that what comes meanwhile is one batch.
#[derive(Clone, Debug, Default)]
struct Gate(Arc<(Mutex<(bool, bool)>, Condvar)>);

impl Gate {
    fn open(&self) {
        self.0.0.lock().unwrap().1 = true;
        self.0.1.notify_all();
    }

    fn wait_until_reached(&self) {
        let mut state = self.0.0.lock().unwrap();
        while !state.0 {
            state = self.0.1.wait(state).unwrap();
        }
    }
}

impl Operation for Gate {
    type Reply = ();

    async fn apply<T: Tx>(&self, _: &mut T) -> Result<(), OpError> {
        let mut state = self.0.0.lock().unwrap();
        state.0 = true;
        self.0.1.notify_all();
        while !state.1 {
            state = self.0.1.wait(state).unwrap();
        }
        Ok(())
    }
}

/// Queues what a future asks for, without waiting for the answer.
fn queue<F: Future + Unpin>(future: &mut F) {
    assert!(future.now_or_never().is_none(), "it was answered before it could be committed");
}

/// Runs operations so that the writer finds all of them waiting at once.
fn as_one_batch<O: Operation>(board: &Board, operations: Vec<O>) -> Vec<Result<O::Reply, OpError>> {
    let gate = Gate::default();
    let mut held = Box::pin(board.run(gate.clone()));
    queue(&mut held);
    gate.wait_until_reached();
    let mut batch = join_all(operations.into_iter().map(|operation| Box::pin(board.run(operation))));
    queue(&mut batch);
    gate.open();
    block_on(held).unwrap();
    block_on(batch)
}

fn scene() -> (SqliteBoards, Scene) {
    let boards = SqliteBoards::new(Mode::Long);
    let scene = Scene::new(&boards);
    (boards, scene)
}

fn creations(s: &Scene, count: usize, body: usize) -> Vec<Create> {
    let body = "x".repeat(body);
    let draft = |n: usize| {
        Draft::new(&format!("task {n}")).with(|new| {
            new.body = Some(body.clone());
            new.idempotency_key = Some(n.to_string());
        })
    };
    (0..count).map(|n| s.creation(draft(n))).collect()
}

#[test]
fn refusals_in_a_batch_do_not_undo_their_neighbours() {
    let (_boards, s) = scene();
    let mut batch = creations(&s, 64, 10);
    for refused in batch.iter_mut().skip(1).step_by(3) {
        refused.task.parents = vec![TaskId::from_bits(1)];
    }
    let before = block_on(s.inspect()).events.len();
    let answers = as_one_batch(&s.board, batch);
    for (n, answer) in answers.iter().enumerate() {
        match answer {
            Ok(created) => {
                assert!(n % 3 != 1 && created.task.title == format!("task {n}"));
                assert_eq!(block_on(s.get(&created.task.id)), created.task);
            }
            Err(error) => {
                assert!(n % 3 == 1 && matches!(error.refusal(), Some(Refusal::UnknownParents(_))));
            }
        }
    }
    let inspection = block_on(s.inspect());
    assert_eq!(inspection.tasks.len(), answers.iter().filter(|answer| answer.is_ok()).count());
    assert_eq!(inspection.events.len() - before, inspection.tasks.len());
}

#[test]
fn sixty_four_callers_at_once_are_each_answered_once() {
    let (_boards, s) = scene();
    let made: Vec<TaskId> = std::thread::scope(|scope| {
        let callers: Vec<_> = (0..64)
            .map(|_| {
                let s = s.clone();
                scope
                    .spawn(move || (0..5).map(|_| block_on(s.create(Draft::new("t"))).id).collect::<Vec<_>>())
            })
            .collect();
        callers.into_iter().flat_map(|caller| caller.join().unwrap()).collect()
    });
    let tasks = block_on(s.inspect()).tasks;
    assert_eq!(tasks.len(), 320);
    assert!(made.iter().all(|id| tasks.contains_key(id)));
}

fn pages(s: &Scene) -> i64 {
    block_on(s.ok(Sql("pragma page_count", Vec::new())))[0].int().unwrap()
}

/// Lets the writer's database grow by so many pages and no more; `None` lifts that.
fn limit_pages(s: &Scene, more: Option<i64>) {
    let limit = more.map_or(1_073_741_823, |more| pages(s) + more);
    let text: &'static str = format!("pragma max_page_count = {limit}").leak();
    block_on(s.ok(Sql(text, Vec::new())));
}

/// What a full disk must leave: acknowledged operations once, failed ones not at all.
fn check_after_full(s: &Scene, answers: &[Result<Created, OpError>]) -> (usize, usize) {
    let tasks = block_on(s.inspect()).tasks;
    let (mut done, mut full) = (0, 0);
    for (n, answer) in answers.iter().enumerate() {
        let found = tasks.values().filter(|(task, _)| task.title == format!("task {n}")).count();
        match answer {
            Ok(created) => {
                assert!(created.new, "task {n} was applied twice");
                assert_eq!(found, 1, "task {n} was acknowledged");
                done += 1;
            }
            Err(OpError::Db(DbError::Full)) => {
                assert_eq!(found, 0, "task {n} failed");
                full += 1;
            }
            Err(error) => panic!("task {n}: {error}"),
        }
    }
    (done, full)
}

#[test]
fn a_full_disk_inside_a_batch_leaves_each_operation_applied_once_or_failed() {
    let (_boards, s) = scene();
    let batch = creations(&s, 50, 20_000);
    limit_pages(&s, Some(100));
    let answers = as_one_batch(&s.board, batch.clone());
    let (done, full) = check_after_full(&s, &answers);
    assert!(done > 5 && full > 5, "{done} done, {full} failed: the disk was not full in the middle");
    limit_pages(&s, None);
    for answer in as_one_batch(&s.board, batch) {
        answer.expect("there is room again");
    }
    assert_eq!(block_on(s.inspect()).tasks.len(), 50);
}

#[test]
fn a_full_disk_refuses_alone_what_a_short_lived_process_asks() {
    let boards = SqliteBoards::new(Mode::Short);
    let s = Scene::new(&boards);
    block_on(s.task("before"));
    limit_pages(&s, Some(3));
    let refused = block_on(s.run(creations(&s, 1, 90_000).remove(0)));
    assert_eq!(refused.unwrap_err(), OpError::Db(DbError::Full));
    limit_pages(&s, None);
    block_on(s.ok(creations(&s, 1, 90_000).remove(0)));
    assert_eq!(block_on(s.inspect()).tasks.len(), 2);
}

#[test]
fn a_caller_that_does_not_wait_loses_the_answer_and_not_the_operation() {
    let (_boards, s) = scene();
    let gate = Gate::default();
    let mut held = Box::pin(s.board.run(gate.clone()));
    queue(&mut held);
    gate.wait_until_reached();
    let mut dropped = Box::pin(s.board.run(s.creation(Draft::new("dropped"))));
    queue(&mut dropped);
    drop(dropped);
    gate.open();
    block_on(held).unwrap();
    block_on(s.task("next"));
    assert_eq!(block_on(s.inspect()).tasks.len(), 2);
}

/// Rings the bell, then fails or not.
#[derive(Clone, Debug)]
struct RingAnd(bool);

impl Operation for RingAnd {
    type Reply = ();

    async fn apply<T: Tx>(&self, tx: &mut T) -> Result<(), OpError> {
        tx.ring(andon_store::Ring::Board);
        if self.0 { Ok(()) } else { Err(Refusal::NothingToWaitFor.into()) }
    }
}

#[test]
fn the_bell_rings_after_the_commit_and_only_for_what_was_committed() {
    for mode in [Mode::Short, Mode::Long] {
        let boards = SqliteBoards::new(mode);
        let s = Scene::new(&boards);
        let waiter = s.board.doorbell().wait_for_board(1).unwrap();
        assert!(block_on(s.run(RingAnd(false))).is_err());
        assert!(!waiter.drain(), "{mode:?}: a refusal rang");
        block_on(s.run(RingAnd(true))).unwrap();
        assert!(waiter.drain(), "{mode:?}: a commit did not ring");
    }
}

/// Creates a task, then stays in its transaction until the gate is opened.
#[derive(Clone, Debug)]
struct CreateAndStay(Create, Gate);

impl Operation for CreateAndStay {
    type Reply = Created;

    async fn apply<T: Tx>(&self, tx: &mut T) -> Result<Created, OpError> {
        let created = self.0.apply(tx).await?;
        self.1.apply(tx).await?;
        Ok(created)
    }
}

#[test]
fn nobody_sees_or_hears_of_an_operation_before_its_commit() {
    let (_boards, s) = scene();
    let waiter = s.board.doorbell().wait_for_board(1).unwrap();
    let gate = Gate::default();
    let staying = CreateAndStay(s.creation(Draft::new("t")), gate.clone());
    let mut created = Box::pin(s.board.run(staying));
    queue(&mut created);
    gate.wait_until_reached();
    assert!(!waiter.drain(), "it rang before the commit");
    assert!(block_on(s.inspect()).tasks.is_empty(), "it was seen before the commit");
    gate.open();
    assert!(block_on(created).unwrap().new && waiter.drain());
}

/// Rings the bell and writes a comment on no task, which the database finds out at the commit.
#[derive(Clone, Debug)]
struct FailAtCommit;

impl Operation for FailAtCommit {
    type Reply = ();

    async fn apply<T: Tx>(&self, tx: &mut T) -> Result<(), OpError> {
        tx.ring(andon_store::Ring::Board);
        tx.query("pragma defer_foreign_keys = on", &[]).await?;
        let orphan = "insert into links (parent_id, child_id, created_at) values ('t_a', 't_b', 0)";
        tx.execute(orphan, &[]).await?;
        Ok(())
    }
}

#[test]
fn a_commit_that_fails_is_told_to_its_own_caller_alone_and_rings_no_bell() {
    for mode in [Mode::Short, Mode::Long] {
        let boards = SqliteBoards::new(mode);
        let s = Scene::new(&boards);
        let waiter = s.board.doorbell().wait_for_board(1).unwrap();
        let failed = block_on(s.run(FailAtCommit));
        assert!(matches!(failed, Err(OpError::Db(DbError::Conflict(_)))), "{mode:?}: {failed:?}");
        assert!(!waiter.drain(), "{mode:?}: it rang for a commit that failed");
        block_on(s.task("next"));
        assert!(waiter.drain());
        assert_eq!(block_on(s.inspect()).tasks.len(), 1);
    }
    let (_boards, s) = scene();
    let gate = Gate::default();
    let mut held = Box::pin(s.board.run(gate.clone()));
    queue(&mut held);
    gate.wait_until_reached();
    let mut bad = Box::pin(s.board.run(FailAtCommit));
    queue(&mut bad);
    let mut good = join_all(creations(&s, 5, 10).into_iter().map(|create| Box::pin(s.board.run(create))));
    queue(&mut good);
    gate.open();
    assert!(block_on(bad).is_err() && block_on(held).is_ok());
    assert!(block_on(good).iter().all(Result::is_ok), "a neighbour failed with it");
    assert_eq!(block_on(s.inspect()).tasks.len(), 5);
}
