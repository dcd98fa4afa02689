//! What must hold of a board as a whole, checked on the rows of one moment, and the repairs that are safe: each follows
//! from the rest of the board, and changes no word of a person or a worker.

use std::collections::{BTreeMap, BTreeSet};

use andon_core::diagnose::Severity;
use andon_core::run::{Failure, Outcome};
use andon_core::task::{End, Event, Status, satisfied};
use andon_core::{Policy, RunId, TaskId};
use serde_json::json;

use crate::caller::Caller;
use crate::error::OpError;
use crate::lifecycle::{Extra, advance, settle, tell_children};
use crate::sql::runs::{self, Words};
use crate::sql::tasks::{self, task_columns};
use crate::sql::{leases, links};
use crate::tx::{Lock, Operation, Ring, Tx};
use crate::vals;

/// Rows that are looked at together.
const PAGE: u32 = 1_000;

/// Something that must not be.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Defect {
    /// A task contradicts itself.
    TaskState {
        /// Which.
        task: String,
        /// The rule that it breaks.
        rule: String,
    },
    /// A row holds what no row can hold.
    UnreadableRow {
        /// Of which table.
        table: &'static str,
        /// Which.
        id: String,
        /// What is wrong.
        detail: String,
    },
    /// A task is running, and its run is not open or not there.
    RunningWithoutRun {
        /// Which task.
        task: TaskId,
        /// The run that it names.
        run: RunId,
    },
    /// A run is open, and its task does not name it.
    RunWithoutTask {
        /// Which run.
        run: RunId,
        /// Its task.
        task: TaskId,
    },
    /// A task has more than one run that is not reaped.
    SeveralRuns {
        /// Which task.
        task: TaskId,
        /// How many.
        count: u32,
    },
    /// The column that children look at is not what the task's status says.
    Satisfied {
        /// Which task.
        task: TaskId,
        /// What it should be.
        should: bool,
    },
    /// Tasks that wait for each other.
    Cycle {
        /// In their order, the first again at the end.
        path: Vec<TaskId>,
    },
    /// Children of a parent have not been told yet.
    Unsettled {
        /// Which parent.
        parent: TaskId,
        /// Of what.
        mode: String,
        /// After which child.
        after: String,
    },
    /// A task waits though nothing holds it.
    Forgotten {
        /// Which.
        task: TaskId,
    },
    /// A lease of a run that is reaped.
    LeaseOfReapedRun {
        /// Which run.
        run: RunId,
    },
    /// An open run without a lease: nobody would ever end it.
    OpenRunWithoutLease {
        /// Which run.
        run: RunId,
        /// Its task.
        task: TaskId,
    },
    /// A run that has ended, whose processes nobody looks for.
    UnreapedWithoutLease {
        /// Which run.
        run: RunId,
        /// Its task.
        task: TaskId,
    },
    /// A counter below zero.
    NegativeCounter {
        /// Which task.
        task: TaskId,
    },
    /// A cool-down that waits for a run that is over.
    StuckProbe {
        /// Of which profile.
        profile: String,
        /// The run.
        run: String,
    },
}

impl Defect {
    /// The stable code.
    #[must_use]
    pub const fn code(&self) -> &'static str {
        match self {
            Self::TaskState { .. } => "task_state",
            Self::UnreadableRow { .. } => "unreadable_row",
            Self::RunningWithoutRun { .. } => "running_without_run",
            Self::RunWithoutTask { .. } => "run_without_task",
            Self::SeveralRuns { .. } => "several_runs",
            Self::Satisfied { .. } => "satisfied_column",
            Self::Cycle { .. } => "link_cycle",
            Self::Unsettled { .. } => "unsettled_children",
            Self::Forgotten { .. } => "forgotten_task",
            Self::LeaseOfReapedRun { .. } => "lease_of_reaped_run",
            Self::OpenRunWithoutLease { .. } => "run_without_lease",
            Self::UnreapedWithoutLease { .. } => "unreaped_without_lease",
            Self::NegativeCounter { .. } => "negative_counter",
            Self::StuckProbe { .. } => "stuck_probe",
        }
    }

    /// How bad it is.
    #[must_use]
    pub const fn severity(&self) -> Severity {
        match self {
            Self::TaskState { .. }
            | Self::RunningWithoutRun { .. }
            | Self::RunWithoutTask { .. }
            | Self::Satisfied { .. }
            | Self::OpenRunWithoutLease { .. } => Severity::Error,
            Self::UnreadableRow { .. } | Self::SeveralRuns { .. } | Self::Cycle { .. } => Severity::Critical,
            Self::Unsettled { .. }
            | Self::Forgotten { .. }
            | Self::LeaseOfReapedRun { .. }
            | Self::UnreapedWithoutLease { .. }
            | Self::NegativeCounter { .. }
            | Self::StuckProbe { .. } => Severity::Warning,
        }
    }

    /// What it is, in words.
    #[must_use]
    pub fn what(&self) -> String {
        match self {
            Self::TaskState { task, rule } => format!("{task} breaks a rule: {rule}"),
            Self::UnreadableRow { table, id, detail } => format!("{table} {id} cannot be read: {detail}"),
            Self::RunningWithoutRun { task, run } => {
                format!("{task} is running, but its run {run} is not open")
            }
            Self::RunWithoutTask { run, task } => format!("run {run} is open, but {task} does not name it"),
            Self::SeveralRuns { task, count } => format!("{task} has {count} runs that are not reaped"),
            Self::Satisfied { task, should } => {
                let says = if *should { "lets" } else { "does not let" };
                format!("{task} {says} its children run, but they are told otherwise")
            }
            Self::Cycle { path } => {
                let path: Vec<&str> = path.iter().map(TaskId::as_str).collect();
                format!("tasks wait for each other: {}", path.join(" → "))
            }
            Self::Unsettled { parent, mode, .. } => {
                format!("some children of {parent} have not been told yet ({mode})")
            }
            Self::Forgotten { task } => format!("{task} waits though nothing holds it"),
            Self::LeaseOfReapedRun { run } => format!("run {run} is gone, but its lease is not"),
            Self::OpenRunWithoutLease { run, task } => {
                format!("run {run} of {task} is open without a lease: nobody would end it")
            }
            Self::UnreapedWithoutLease { run, task } => {
                format!("run {run} of {task} has ended, and nobody is known to stop its processes")
            }
            Self::NegativeCounter { task } => format!("{task} has a counter below zero"),
            Self::StuckProbe { profile, run } => {
                format!("profile {profile} cools down until run {run} ends, which has ended")
            }
        }
    }

    /// What `--repair` does about it; none where only a person can know.
    #[must_use]
    pub const fn repair(&self) -> Option<&'static str> {
        match self {
            Self::RunningWithoutRun { .. } => {
                Some("the run counts as lost; the task starts again after its back-off")
            }
            Self::RunWithoutTask { .. } => Some("the run ends as interrupted"),
            Self::Satisfied { .. } => Some("the column is written anew"),
            Self::Unsettled { .. } => Some("they are told"),
            Self::Forgotten { .. } => Some("it goes on"),
            Self::LeaseOfReapedRun { .. } => Some("the lease goes"),
            Self::OpenRunWithoutLease { .. } => Some("the run ends as lost"),
            Self::NegativeCounter { .. } => Some("it becomes zero"),
            Self::StuckProbe { .. } => Some("another run probes"),
            Self::TaskState { .. }
            | Self::UnreadableRow { .. }
            | Self::SeveralRuns { .. }
            | Self::Cycle { .. }
            | Self::UnreapedWithoutLease { .. } => None,
        }
    }

    /// What a person can do where `--repair` does nothing.
    #[must_use]
    pub fn way_out(&self) -> Option<String> {
        match self {
            Self::Cycle { path } => {
                let (first, second) = (path.first()?, path.get(1)?);
                Some(format!("andon unlink {first} {second}"))
            }
            Self::UnreapedWithoutLease { task, .. } => Some(format!("andon edit {task} --clear-claim")),
            Self::TaskState { .. } | Self::UnreadableRow { .. } | Self::SeveralRuns { .. } => {
                Some("andon doctor --recover <new file>".to_owned())
            }
            Self::RunningWithoutRun { .. }
            | Self::RunWithoutTask { .. }
            | Self::Satisfied { .. }
            | Self::Unsettled { .. }
            | Self::Forgotten { .. }
            | Self::LeaseOfReapedRun { .. }
            | Self::OpenRunWithoutLease { .. }
            | Self::NegativeCounter { .. }
            | Self::StuckProbe { .. } => None,
        }
    }
}

/// Asks what must not be.
#[derive(Clone, Debug)]
pub(crate) struct Examine;

impl Operation for Examine {
    type Reply = Vec<Defect>;
    const WRITES: bool = false;

    async fn apply<T: Tx>(&self, tx: &mut T) -> Result<Vec<Defect>, OpError> {
        let mut found = Vec::new();
        task_rows(tx, &mut found).await?;
        run_rows(tx, &mut found).await?;
        lease_rows(tx, &mut found).await?;
        graph(tx, &mut found).await?;
        for mut row in
            tx.query("select parent_id, mode, after_child from settlements order by parent_id", &[]).await?
        {
            found.push(Defect::Unsettled { parent: row.parse()?, mode: row.text()?, after: row.text()? });
        }
        if !found.iter().any(|defect| matches!(defect, Defect::Unsettled { .. })) {
            let mut next = Some(String::new());
            while let Some(after) = next {
                let (forgotten, last) = tasks::forgotten(tx, &after, PAGE).await?;
                found.extend(forgotten.into_iter().map(|task| Defect::Forgotten { task }));
                next = last;
            }
        }
        Ok(found)
    }
}

async fn task_rows<T: Tx>(tx: &mut T, found: &mut Vec<Defect>) -> Result<(), OpError> {
    const SQL: &str = concat!(
        "select id, satisfied, case when consecutive_failures < 0 or reclaims < 0 or rate_limits < 0 or interruptions < 0 \
         or blocks < 0 or review_rounds < 0 then 1 else 0 end, ",
        task_columns!(),
        " from tasks where id > $1 order by id limit $2"
    );
    let mut after = String::new();
    loop {
        let rows = tx.query(SQL, vals![&after, PAGE]).await?;
        let full = rows.len() == PAGE as usize;
        for mut row in rows {
            after = row.text()?;
            let (column, negative) = (row.flag()?, row.flag()?);
            let task = match tasks::decode(row) {
                Ok(task) => task,
                Err(error) => {
                    let detail = error.to_string();
                    found.push(Defect::UnreadableRow { table: "task", id: after.clone(), detail });
                    continue;
                }
            };
            if let Err(rule) = task.state.check() {
                found.push(Defect::TaskState { task: after.clone(), rule: rule.to_owned() });
            }
            if negative {
                found.push(Defect::NegativeCounter { task: task.id.clone() });
            }
            let should = satisfied(task.state.status, task.state.released);
            if should != column {
                found.push(Defect::Satisfied { task: task.id, should });
            }
        }
        if !full {
            return Ok(());
        }
    }
}

async fn run_rows<T: Tx>(tx: &mut T, found: &mut Vec<Defect>) -> Result<(), OpError> {
    let lost = tx
        .query(
            "select tasks.id, tasks.current_run_id from tasks where status = 'running' and not exists \
             (select 1 from runs where runs.id = tasks.current_run_id and runs.task_id = tasks.id \
              and runs.ended_at is null) order by tasks.id",
            &[],
        )
        .await?;
    for mut row in lost {
        found.push(Defect::RunningWithoutRun { task: row.parse()?, run: row.parse()? });
    }
    let loose = tx
        .query(
            "select runs.id, runs.task_id from runs join tasks on tasks.id = runs.task_id where runs.ended_at is null \
             and (tasks.current_run_id is null or tasks.current_run_id <> runs.id) order by runs.id",
            &[],
        )
        .await?;
    for mut row in loose {
        found.push(Defect::RunWithoutTask { run: row.parse()?, task: row.parse()? });
    }
    let several = tx
        .query(
            "select task_id, count(*) from runs where reaped_at is null group by task_id having count(*) > 1",
            &[],
        )
        .await?;
    for mut row in several {
        found.push(Defect::SeveralRuns { task: row.parse()?, count: row.count()? });
    }
    let probes = tx
        .query(
            "select profile, probe_run from cooldowns where probe_run is not null and not exists \
             (select 1 from runs where runs.id = cooldowns.probe_run and runs.reaped_at is null) order by profile",
            &[],
        )
        .await?;
    for mut row in probes {
        found.push(Defect::StuckProbe { profile: row.text()?, run: row.text()? });
    }
    Ok(())
}

async fn lease_rows<T: Tx>(tx: &mut T, found: &mut Vec<Defect>) -> Result<(), OpError> {
    let gone = tx
        .query(
            "select leases.run_id from leases join runs on runs.id = leases.run_id \
             where runs.reaped_at is not null order by runs.id",
            &[],
        )
        .await?;
    for mut row in gone {
        found.push(Defect::LeaseOfReapedRun { run: row.parse()? });
    }
    let bare = tx
        .query(
            "select runs.id, runs.task_id, runs.ended_at is null, coalesce(tasks.current_run_id = runs.id, 0) \
             from runs join tasks on tasks.id = runs.task_id where runs.reaped_at is null \
             and not exists (select 1 from leases where leases.run_id = runs.id) order by runs.id",
            &[],
        )
        .await?;
    for mut row in bare {
        let (run, task): (RunId, TaskId) = (row.parse()?, row.parse()?);
        match (row.flag()?, row.flag()?) {
            (true, true) => found.push(Defect::OpenRunWithoutLease { run, task }),
            // Told by the run that its task does not name.
            (true, false) => {}
            (false, _) => found.push(Defect::UnreapedWithoutLease { run, task }),
        }
    }
    Ok(())
}

/// One cycle, if there is any: what is left after every task without open parents has been taken away, again and again.
async fn graph<T: Tx>(tx: &mut T, found: &mut Vec<Defect>) -> Result<(), OpError> {
    let mut parents: BTreeMap<TaskId, BTreeSet<TaskId>> = BTreeMap::new();
    let mut children: BTreeMap<TaskId, Vec<TaskId>> = BTreeMap::new();
    for mut row in tx.query("select parent_id, child_id from links", &[]).await? {
        let (parent, child): (TaskId, TaskId) = (row.parse()?, row.parse()?);
        parents.entry(child.clone()).or_default().insert(parent.clone());
        children.entry(parent).or_default().push(child);
    }
    let mut free: Vec<TaskId> =
        children.keys().filter(|task| !parents.contains_key(*task)).cloned().collect();
    while let Some(task) = free.pop() {
        for child in children.remove(&task).unwrap_or_default() {
            if let Some(waits) = parents.get_mut(&child) {
                waits.remove(&task);
                if waits.is_empty() {
                    parents.remove(&child);
                    free.push(child);
                }
            }
        }
    }
    let Some(mut at) = parents.keys().next().cloned() else { return Ok(()) };
    let mut way: Vec<TaskId> = Vec::new();
    loop {
        if let Some(start) = way.iter().position(|task| *task == at) {
            let mut path = way.split_off(start);
            path.push(at);
            path.reverse();
            found.push(Defect::Cycle { path });
            return Ok(());
        }
        let Some(above) = parents.get(&at).and_then(|above| above.iter().next()).cloned() else {
            return Ok(());
        };
        way.push(std::mem::replace(&mut at, above));
    }
}

/// Repairs what is safe, in one transaction with the event that says what was done.
#[derive(Clone, Debug)]
pub(crate) struct Repair {
    /// Who asked for it.
    pub(crate) caller: Caller,
    /// Limits.
    pub(crate) policy: Policy,
}

impl Operation for Repair {
    type Reply = Vec<Defect>;

    async fn apply<T: Tx>(&self, tx: &mut T) -> Result<Vec<Defect>, OpError> {
        tx.lock(Lock::Graph).await?;
        let found = Examine.apply(tx).await?;
        let mut repaired = Vec::new();
        for defect in found {
            if self.one(tx, &defect).await? {
                repaired.push(defect);
            }
        }
        if !repaired.is_empty() {
            let done: Vec<_> = repaired
                .iter()
                .map(|defect| json!({ "code": defect.code(), "what": defect.what() }))
                .collect();
            let (now, data) = (tx.now(), json!({ "repaired": done }));
            tx.execute(
                "insert into events (task_id, run_id, kind, actor, data, at) values (null, null, 'repaired', $1, $2, $3)",
                vals![self.caller.actor.to_string(), &data, now],
            )
            .await?;
            tx.ring(Ring::Board);
        }
        Ok(repaired)
    }
}

impl Repair {
    async fn one<T: Tx>(&self, tx: &mut T, defect: &Defect) -> Result<bool, OpError> {
        match defect {
            Defect::RunningWithoutRun { task, run } | Defect::OpenRunWithoutLease { task, run } => {
                self.lose(tx, task, run).await?;
            }
            Defect::RunWithoutTask { run, .. } => {
                let error = "interrupted: its task did not name it";
                runs::end(tx, run, Outcome::Interrupted, false, Some(error), &Words::default()).await?;
                if leases::find(tx, run).await?.is_none_or(|lease| lease.holder.is_none()) {
                    runs::reaped(tx, run, None, None).await?;
                    leases::delete(tx, run).await?;
                }
            }
            Defect::Satisfied { task, should } => self.satisfy(tx, task, *should).await?,
            Defect::Unsettled { parent, mode, after } => {
                let (mode, mut after) = (mode_of(mode), after.clone());
                tell_children(tx, parent, mode, &after, &self.policy).await?;
                while let Some(next) = queued(tx, parent, mode).await? {
                    after = next;
                    tell_children(tx, parent, mode, &after, &self.policy).await?;
                }
            }
            Defect::Forgotten { task } => {
                let event = Event::ParentsSettled { completion: false };
                return settle(tx, task, &event, &self.policy).await;
            }
            Defect::LeaseOfReapedRun { run } => leases::delete(tx, run).await?,
            Defect::NegativeCounter { task } => {
                tx.execute(
                    "update tasks set consecutive_failures = max(0, consecutive_failures), reclaims = max(0, reclaims), \
                     rate_limits = max(0, rate_limits), interruptions = max(0, interruptions), \
                     blocks = max(0, blocks), review_rounds = max(0, review_rounds) where id = $1",
                    vals![task],
                )
                .await?;
            }
            Defect::StuckProbe { profile, .. } => {
                tx.execute("update cooldowns set probe_run = null where profile = $1", vals![profile])
                    .await?;
            }
            Defect::TaskState { .. }
            | Defect::UnreadableRow { .. }
            | Defect::SeveralRuns { .. }
            | Defect::Cycle { .. }
            | Defect::UnreapedWithoutLease { .. } => return Ok(false),
        }
        Ok(true)
    }

    /// Ends what a running task believes to be its run.
    async fn lose<T: Tx>(&self, tx: &mut T, task: &TaskId, run: &RunId) -> Result<(), OpError> {
        let task = tasks::get(tx, task).await?;
        if task.state.status != Status::Running {
            return Ok(());
        }
        let error = "its run was not on the board any more".to_owned();
        let end = End { run: run.clone(), failure: Failure::Lost, error, systemic: false };
        let event = Event::RunEnded(end);
        advance(tx, task, &event, &Caller::system(), &self.policy, &Extra::default()).await.map(drop)
    }

    /// Children that were told the wrong thing look at their parents again.
    async fn satisfy<T: Tx>(&self, tx: &mut T, task: &TaskId, should: bool) -> Result<(), OpError> {
        tx.execute("update tasks set satisfied = $2 where id = $1", vals![task, should]).await?;
        let event = if should { Event::ParentsSettled { completion: false } } else { Event::ParentReopened };
        for child in links::children(tx, task, "", u32::MAX >> 1).await? {
            settle(tx, &child, &event, &self.policy).await?;
        }
        Ok(())
    }
}

fn mode_of(mode: &str) -> &'static str {
    match mode {
        "completion" => "completion",
        "release" => "release",
        _ => "demote",
    }
}

async fn queued<T: Tx>(tx: &mut T, parent: &TaskId, mode: &str) -> Result<Option<String>, OpError> {
    let row = crate::tx::first(
        tx,
        "select after_child from settlements where parent_id = $1 and mode = $2",
        vals![parent, mode],
    )
    .await?;
    Ok(row.map(|mut row| row.text()).transpose()?)
}
