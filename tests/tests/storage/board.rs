//! The board of a house as its store sees it, and what must hold of it.

use std::path::Path;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Condvar, Mutex};

use andon_core::Policy;
use andon_store::maintenance::{Finding, examine};
use andon_store::operation::{Create, NewTask};
use andon_store::{Board, Caller, Home, Mode, OpError, Operation, Tx};
use andon_testkit::{Inspect, Inspection, block_on, roster};
use andon_tests::wait_until;

/// Opens the board `default` of a home.
pub(super) fn open(home: &Path, mode: Mode) -> Board {
    Home::new(home).open(&"default".parse().unwrap(), mode).unwrap()
}

/// The whole board, checked.
pub(super) fn inspect(home: &Path) -> Inspection {
    let inspection = block_on(open(home, Mode::Short).run(Inspect)).unwrap();
    inspection.check().unwrap();
    inspection
}

/// What the doctor finds on the board `default`.
pub(super) fn findings(home: &Path) -> Vec<Finding> {
    examine(&Home::new(home), &"default".parse().unwrap()).unwrap().findings
}

/// Nothing at all is wrong with a board on which nobody works any more.
pub(super) fn whole(home: &Path) {
    inspect(home);
    assert_eq!(findings(home), []);
}

/// Keeps a transaction open until it is let go.
#[derive(Clone, Debug, Default)]
pub(super) struct Hold(Arc<(Mutex<(bool, bool)>, Condvar)>);

impl Hold {
    /// Lets it go.
    pub(super) fn let_go(&self) {
        self.0.0.lock().unwrap().1 = true;
        self.0.1.notify_all();
    }

    /// Waits until the transaction stands.
    pub(super) fn wait_until_held(&self) {
        let mut state = self.0.0.lock().unwrap();
        while !state.0 {
            state = self.0.1.wait(state).unwrap();
        }
    }

    fn hold(&self) {
        let mut state = self.0.0.lock().unwrap();
        state.0 = true;
        self.0.1.notify_all();
        while !state.1 {
            state = self.0.1.wait(state).unwrap();
        }
    }
}

/// Holds a write transaction.
impl Operation for Hold {
    type Reply = ();

    async fn apply<T: Tx>(&self, _: &mut T) -> Result<(), OpError> {
        self.hold();
        Ok(())
    }
}

/// Holds a read transaction that has read something.
#[derive(Clone, Debug)]
pub(super) struct HoldReading(pub(super) Hold);

impl Operation for HoldReading {
    type Reply = ();
    const WRITES: bool = false;

    async fn apply<T: Tx>(&self, tx: &mut T) -> Result<(), OpError> {
        tx.query("select count(*) from tasks", &[]).await?;
        self.0.hold();
        Ok(())
    }
}

/// The creation of a task for nobody.
pub(super) fn creation(title: &str, body: &str) -> Create {
    Create {
        task: NewTask { title: title.to_owned(), body: Some(body.to_owned()), ..NewTask::default() },
        caller: Caller::person("tester"),
        roster: roster(),
        default_workdir: None,
        policy: Policy::default(),
    }
}

/// Runs these operations on a long-lived board so that its writer finds all of them waiting at once.
pub(super) fn as_one_batch<O: Operation>(
    board: &Board,
    operations: Vec<O>,
) -> Vec<Result<O::Reply, OpError>> {
    let hold = Hold::default();
    let queued = AtomicUsize::new(0);
    let count = operations.len();
    std::thread::scope(|scope| {
        let holding = scope.spawn(|| block_on(board.run(hold.clone())));
        hold.wait_until_held();
        let running: Vec<_> = operations
            .into_iter()
            .map(|operation| {
                let queued = &queued;
                scope.spawn(move || {
                    let mut answer = Box::pin(board.run(operation));
                    block_on(std::future::poll_fn(|context| {
                        // The first look queues it.
                        let polled = answer.as_mut().poll(context);
                        queued.fetch_add(1, Ordering::SeqCst);
                        polled
                    }))
                })
            })
            .collect();
        wait_until("all are queued", || queued.load(Ordering::SeqCst) >= count);
        hold.let_go();
        holding.join().unwrap().unwrap();
        running.into_iter().map(|running| running.join().unwrap()).collect()
    })
}
