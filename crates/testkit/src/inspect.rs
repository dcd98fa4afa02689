//! Everything that must hold of a whole board at any time, looked at in one consistent moment.

use std::collections::BTreeMap;

use andon_core::TaskId;
use andon_core::task::{EventKind, Status};
use andon_store::operation::Create;
use andon_store::sql::events::{self, Event};
use andon_store::sql::leases::{self, Lease};
use andon_store::sql::runs::Run;
use andon_store::sql::tasks::{self, Task};
use andon_store::{OpError, Operation, Row, Tx, Val};

/// Reads a whole (small) board.
#[derive(Clone, Copy, Debug)]
pub struct Inspect;

/// A whole board.
#[derive(Clone, Debug)]
pub struct Inspection {
    /// Every task, and what its `satisfied` column says.
    pub tasks: BTreeMap<TaskId, (Task, bool)>,
    /// Parent and child.
    pub links: Vec<(TaskId, TaskId)>,
    /// Runs that are not reaped, with their leases.
    pub live: Vec<(Run, Option<Lease>)>,
    /// The event log.
    pub events: Vec<Event>,
    /// Parents whose children are still being told.
    pub queued: u64,
}

impl Operation for Inspect {
    type Reply = Inspection;
    const WRITES: bool = false;

    async fn apply<T: Tx>(&self, tx: &mut T) -> Result<Inspection, OpError> {
        let mut all = BTreeMap::new();
        for mut row in tx.query("select id, satisfied from tasks", &[]).await? {
            let (id, satisfied): (TaskId, bool) = (row.parse()?, row.flag()?);
            let task = tasks::get(tx, &id).await?;
            all.insert(id, (task, satisfied));
        }
        let mut links = Vec::new();
        for mut row in tx.query("select parent_id, child_id from links", &[]).await? {
            links.push((row.parse()?, row.parse()?));
        }
        let queued = tx.query("select parent_id from settlements", &[]).await?.len() as u64;
        let live = leases::live(tx).await?;
        let events = events::after(tx, 0, u32::MAX >> 1).await?;
        Ok(Inspection { tasks: all, links, live, events, queued })
    }
}

impl Inspection {
    /// Checks what the core and the design promise of every board.
    ///
    /// # Errors
    /// The first promise that does not hold, with the task that breaks it.
    pub fn check(&self) -> Result<(), String> {
        for (id, (task, satisfied)) in &self.tasks {
            task.state.check().map_err(|broken| format!("{id}: {broken}"))?;
            if *satisfied != task.state.satisfied() {
                return Err(format!("{id}: its satisfied column says {satisfied}"));
            }
            self.check_runs(id, task)?;
            self.check_place(id, task)?;
        }
        self.check_events()
    }

    fn check_runs(&self, id: &TaskId, task: &Task) -> Result<(), String> {
        let live: Vec<&(Run, Option<Lease>)> = self.live.iter().filter(|(run, _)| run.task == *id).collect();
        if live.len() > 1 {
            return Err(format!("{id}: {} runs are not reaped", live.len()));
        }
        let open: Vec<_> =
            live.iter().filter(|(run, _)| run.ended_at.is_none()).map(|(run, _)| &run.id).collect();
        if open != task.state.current_run.iter().collect::<Vec<_>>() {
            return Err(format!("{id}: current run {:?}, open runs {open:?}", task.state.current_run));
        }
        match live.iter().find(|(_, lease)| lease.is_none()) {
            Some((run, _)) => Err(format!("{id}: live run {} has no lease", run.id)),
            None => Ok(()),
        }
    }

    /// Nothing waits that could go on, and nothing is ready that must wait, but for what is still being told.
    fn check_place(&self, id: &TaskId, task: &Task) -> Result<(), String> {
        let open = self.links.iter().filter(|(parent, child)| {
            child == id && self.tasks.get(parent).is_some_and(|(parent, _)| !parent.state.satisfied())
        });
        let open = open.count();
        let state = &task.state;
        let waits = state.held || (open > 0 && !state.parents_waived);
        if self.queued == 0 && state.status == Status::Todo && !waits {
            return Err(format!("{id}: in todo with nothing to wait for"));
        }
        if self.queued == 0 && matches!(state.status, Status::Ready | Status::Review) && waits {
            return Err(format!("{id}: {} with {open} open parents", state.status));
        }
        Ok(())
    }

    /// Numbers grow; each task's changes of status are told by one event each.
    fn check_events(&self) -> Result<(), String> {
        for pair in self.events.windows(2) {
            if pair[0].number >= pair[1].number {
                return Err(format!("event {} follows {}", pair[1].number, pair[0].number));
            }
        }
        let swept = EventKind::PromotedBySweep.as_str();
        match self.events.iter().find(|event| event.kind == swept) {
            Some(event) => Err(format!("event {}: an edge was missed", event.number)),
            None => Ok(()),
        }
    }

    /// The events of one task after number `after` that tell a change of status.
    #[must_use]
    pub fn moves(&self, task: &TaskId, after: i64) -> Vec<&str> {
        self.events
            .iter()
            .filter(|event| event.number > after && event.task.as_deref() == Some(task.as_str()))
            .map(|event| event.kind.as_str())
            .filter(|kind| tells_a_move(kind))
            .collect()
    }
}

/// Whether events of this kind tell a change of a task's status.
fn tells_a_move(kind: &str) -> bool {
    let Ok(kind) = kind.parse::<EventKind>() else { return false };
    use EventKind as K;
    matches!(
        kind,
        K::Created
            | K::Specified
            | K::Triaged
            | K::Promoted
            | K::PromotedManual
            | K::Revived
            | K::Demoted
            | K::Held
            | K::Claimed
            | K::ClaimRejected
            | K::Completed
            | K::ReviewRequested
            | K::Approved
            | K::ChangesRequested
            | K::Blocked
            | K::WaitsForParent
            | K::Unblocked
            | K::Scheduled
            | K::ScheduleFired
            | K::SpawnFailed
            | K::Crashed
            | K::ProtocolViolation
            | K::TimedOut
            | K::RateLimited
            | K::Lost
            | K::Stale
            | K::Interrupted
            | K::GaveUp
            | K::Stopped
            | K::Reclaimed
            | K::Archived
            | K::Reopened
    )
}

/// Many creations in one transaction: fills a board fast.
#[derive(Clone, Debug)]
pub struct Bulk(pub Vec<Create>);

impl Operation for Bulk {
    type Reply = Vec<TaskId>;

    async fn apply<T: Tx>(&self, tx: &mut T) -> Result<Vec<TaskId>, OpError> {
        let mut ids = Vec::with_capacity(self.0.len());
        for create in &self.0 {
            ids.push(create.apply(tx).await?.task.id);
        }
        Ok(ids)
    }
}

/// One statement as it is, for states that no operation makes; gives its rows.
#[derive(Clone, Debug)]
pub struct Sql(pub &'static str, pub Vec<Val>);

impl Operation for Sql {
    type Reply = Vec<Row>;

    async fn apply<T: Tx>(&self, tx: &mut T) -> Result<Vec<Row>, OpError> {
        Ok(tx.query(self.0, &self.1).await?)
    }
}
