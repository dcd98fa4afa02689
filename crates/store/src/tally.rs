//! What a process committed: counted where it is done, told to whoever measures.

use std::sync::atomic::{AtomicU64, Ordering};

/// What the handle of a board committed since it was opened.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Commits {
    /// Transactions that were committed.
    pub batches: u64,
    /// Operations in them.
    pub operations: u64,
    /// Those of them that renewed leases.
    pub renewals: u64,
}

/// The counters.
#[derive(Debug, Default)]
pub(crate) struct Tally {
    batches: AtomicU64,
    operations: AtomicU64,
    renewals: AtomicU64,
}

impl Tally {
    /// One more transaction, of so many operations, of which so many renewed leases.
    pub(crate) fn add(&self, operations: u64, renewals: u64) {
        self.batches.fetch_add(1, Ordering::Relaxed);
        self.operations.fetch_add(operations, Ordering::Relaxed);
        self.renewals.fetch_add(renewals, Ordering::Relaxed);
    }

    /// The sums.
    pub(crate) fn commits(&self) -> Commits {
        let read = |counter: &AtomicU64| counter.load(Ordering::Relaxed);
        Commits {
            batches: read(&self.batches),
            operations: read(&self.operations),
            renewals: read(&self.renewals),
        }
    }
}
