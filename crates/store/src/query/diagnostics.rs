//! What is wrong with tasks: the facts for [`andon_core::diagnose`], aggregated with a constant number of statements for
//! the whole board, never one per task.

use std::collections::BTreeMap;
use std::sync::LazyLock;

use andon_core::diagnose::{
    CRASH_BREAKS, CYCLE_STARTS, CYCLE_STOPS, ClaimFacts, ClosedRun, Crashes, Cycles, PHANTOM_ENDS, Phantoms,
    READY_EVENTS, TaskFacts, Thresholds,
};
use andon_core::planning::Planning;
use andon_core::roster::Roster;
use andon_core::run::Outcome;
use andon_core::task::{BlockKind, EventKind, Phase, Status};
use andon_core::{Millis, ProfileName, TaskId};

use super::why::standing;
use crate::error::OpError;
use crate::sql::boards;
use crate::sql::events::{self, Event};
use crate::sql::leases::{self, Holder};
use crate::sql::plans;
use crate::sql::runs;
use crate::tx::{Operation, Tx};
use crate::vals;
use crate::value::{Row, Val};

/// Asks what is wrong, with one task or with all that are not archived.
#[derive(Clone, Debug, Default)]
pub struct DiagnosticsOf {
    /// Which task; none is the whole board.
    pub task: Option<TaskId>,
    /// Who can be an assignee; none when nobody has looked.
    pub roster: Option<Roster>,
    /// When a rule speaks.
    pub thresholds: Thresholds,
}

/// The facts of one task, and who supervises its run: only the caller can see whether that process lives.
#[derive(Clone, Debug, PartialEq)]
pub struct Examined {
    /// What the rules look at; `claim.supervisor_alive` is for the caller to fill in.
    pub facts: TaskFacts,
    /// The holder of the claim.
    pub holder: Option<Holder>,
}

/// A statement for one task and its sister for the whole board. Both take the task as `$1`, empty for the whole board.
struct Pair([String; 2]);

impl Pair {
    /// `{and X}` becomes a condition on the column X.
    fn new(text: &str) -> Self {
        let (head, rest) = text.split_once("{and ").unwrap_or((text, "} "));
        let (column, tail) = rest.split_once('}').unwrap_or(("", rest));
        Self([format!("{head} and {column} = $1 {tail}"), format!("{head} and coalesce($1, '') = '' {tail}")])
    }

    fn of(&'static self, task: Option<&TaskId>) -> &'static str {
        &self.0[usize::from(task.is_none())]
    }
}

fn quoted<'a>(names: impl Iterator<Item = &'a str>) -> String {
    names.map(|name| format!("'{name}'")).collect::<Vec<_>>().join(", ")
}

fn kinds(kinds: &[EventKind]) -> String {
    quoted(kinds.iter().map(|kind| kind.as_str()))
}

static TASKS: LazyLock<Pair> = LazyLock::new(|| {
    Pair::new(
        "select id, title, status, phase, assignee, reviewer, skills, created_at, block_kind, blocked_at, eligible_at, \
         consecutive_failures, last_failure_error from tasks where status <> 'archived' {and id} order by id",
    )
});
static COMMENTS: LazyLock<Pair> = LazyLock::new(|| {
    Pair::new("select task_id, max(created_at) from comments where 1 = 1 {and task_id} group by task_id")
});
static READY: LazyLock<Pair> = LazyLock::new(|| {
    Pair::new(&format!(
        "select task_id, max(at) from events where kind in ({}) and exists \
         (select 1 from tasks where tasks.id = events.task_id and tasks.status = 'ready') {{and task_id}} \
         group by task_id",
        kinds(READY_EVENTS)
    ))
});
static LAST_RUNS: LazyLock<Pair> = LazyLock::new(|| {
    Pair::new(
        "select task_id, id, outcome, ended_at from runs where ended_at is not null {and task_id} \
         and not exists (select 1 from runs later where later.task_id = runs.task_id \
         and later.attempt > runs.attempt and later.ended_at is not null)",
    )
});
static CRASHES: LazyLock<Pair> = LazyLock::new(|| {
    Pair::new(&format!(
        "select task_id, id, ended_at, error from runs where outcome = 'crashed' {{and task_id}} \
         and not exists (select 1 from runs later where later.task_id = runs.task_id \
         and later.attempt > runs.attempt and later.outcome in ({})) order by task_id, attempt",
        quoted(CRASH_BREAKS.iter().map(|outcome| outcome.as_str()))
    ))
});
static PHANTOMS: LazyLock<Pair> = LazyLock::new(|| {
    let found = kinds(&[EventKind::PhantomCards, EventKind::PhantomReferences]);
    Pair::new(&format!(
        "select number, task_id, run_id, kind, actor, data, at from events where kind in ({found}, {}) \
         and exists (select 1 from events sign where sign.task_id = events.task_id and sign.kind in ({found})) \
         {{and task_id}} order by number",
        kinds(PHANTOM_ENDS)
    ))
});
static CYCLES: LazyLock<Pair> = LazyLock::new(|| {
    Pair::new(&format!(
        "select number, task_id, run_id, kind, actor, null, at from events where kind in ({stops}, {}) \
         and exists (select 1 from events stop where stop.task_id = events.task_id and stop.kind in ({stops}) \
         and stop.at >= $2) {{and task_id}} order by number",
        kinds(CYCLE_STARTS),
        stops = kinds(CYCLE_STOPS)
    ))
});

/// What was counted, by task.
#[derive(Default)]
struct Counted {
    comments: BTreeMap<String, Millis>,
    ready: BTreeMap<String, Millis>,
    last_runs: BTreeMap<String, ClosedRun>,
    crashes: BTreeMap<String, Crashes>,
    cards: BTreeMap<String, Phantoms>,
    references: BTreeMap<String, Phantoms>,
    cycles: BTreeMap<String, Cycles>,
    claims: BTreeMap<TaskId, (ClaimFacts, Option<Holder>)>,
    plans: BTreeMap<TaskId, Planning>,
    pauses: Vec<String>,
}

impl Operation for DiagnosticsOf {
    type Reply = Vec<Examined>;
    const WRITES: bool = false;

    async fn apply<T: Tx>(&self, tx: &mut T) -> Result<Vec<Examined>, OpError> {
        let task = self.task.as_ref();
        if let Some(id) = task {
            crate::sql::tasks::get(tx, id).await?;
        }
        let one = [Val::from(task)];
        let mut counted = Counted {
            comments: times(tx.query(COMMENTS.of(task), &one).await?)?,
            ready: times(tx.query(READY.of(task), &one).await?)?,
            pauses: boards::pauses(tx).await?.into_iter().map(|pause| pause.scope).collect(),
            ..Counted::default()
        };
        for mut row in tx.query(LAST_RUNS.of(task), &one).await? {
            let (task, run) = (row.text()?, row.parse()?);
            let (outcome, ended_at): (Outcome, Millis) = (row.parse()?, row.at()?);
            counted.last_runs.insert(task, ClosedRun { run, outcome, ended_at });
        }
        for row in tx.query(CRASHES.of(task), &one).await? {
            crashed(&mut counted.crashes, row)?;
        }
        for row in tx.query(PHANTOMS.of(task), &one).await? {
            counted.phantom(events::decode(row)?);
        }
        let since = self.thresholds.cycles_since(tx.now());
        let rows = tx.query(CYCLES.of(task), vals![task, since]).await?;
        counted.cycle(rows, since)?;
        for (run, lease) in self.live(tx).await? {
            let facts = ClaimFacts {
                run: run.id,
                host: run.host.unwrap_or_else(|| "no host".to_owned()),
                claimed_at: run.started_at,
                lease_expires_at: lease.as_ref().map(|lease| lease.facts.expires_at),
                ended_at: run.ended_at,
                supervisor_alive: None,
            };
            counted.claims.insert(run.task, (facts, lease.and_then(|lease| lease.holder)));
        }
        for (task, plan) in plans::all(tx).await? {
            counted.plans.insert(task, plan.planning);
        }
        let rows = tx.query(TASKS.of(task), &one).await?;
        rows.into_iter().map(|row| self.examine(row.of("task"), &mut counted)).collect()
    }
}

impl DiagnosticsOf {
    async fn live<T: Tx>(&self, tx: &mut T) -> Result<Vec<(runs::Run, Option<leases::Lease>)>, OpError> {
        let Some(task) = &self.task else { return Ok(leases::live(tx).await?) };
        let Some(run) = runs::unreaped_of(tx, task).await? else { return Ok(Vec::new()) };
        let lease = leases::find(tx, &run.id).await?;
        Ok(vec![(run, lease)])
    }

    fn examine(&self, mut row: Row, counted: &mut Counted) -> Result<Examined, OpError> {
        let id: TaskId = row.parse()?;
        let (title, status, phase): (String, Status, Phase) = (row.text()?, row.parse()?, row.parse()?);
        let (assignee, reviewer): (Option<ProfileName>, Option<ProfileName>) =
            (row.opt_parse()?, row.opt_parse()?);
        let (skills, created_at) = (row.texts()?, row.at()?);
        let (kind, blocked_at): (Option<BlockKind>, Option<Millis>) = (row.opt_parse()?, row.opt_at()?);
        let (eligible_at, failures, error) = (row.opt_at()?, row.count()?, row.opt_text()?);
        let key = id.as_str();
        let next = match phase {
            Phase::Work => assignee.as_ref(),
            Phase::Review => reviewer.as_ref(),
        };
        let own = next.map(|name| format!("profile:{name}"));
        let paused = counted
            .pauses
            .iter()
            .any(|scope| matches!(scope.as_str(), "everything" | "board") || Some(scope) == own.as_ref());
        let (claim, holder) =
            counted.claims.remove(&id).map_or((None, None), |(claim, holder)| (Some(claim), holder));
        let facts = TaskFacts {
            profile: standing(self.roster.as_ref(), assignee.as_ref()),
            unknown_skills: self.unknown_skills(assignee.as_ref(), skills),
            title,
            status,
            assignee,
            created_at,
            blocked: kind.zip(blocked_at),
            last_comment_at: counted.comments.remove(key),
            ready_since: counted.ready.remove(key),
            eligible_at,
            paused,
            consecutive_failures: failures,
            last_failure_error: error,
            last_run: counted.last_runs.remove(key),
            crashes: counted.crashes.remove(key),
            phantom_cards: counted.cards.remove(key),
            phantom_references: counted.references.remove(key),
            cycles: counted.cycles.remove(key),
            claim,
            planning: counted.plans.remove(&id),
            task: id,
        };
        Ok(Examined { facts, holder })
    }

    fn unknown_skills(&self, assignee: Option<&ProfileName>, skills: Vec<String>) -> Vec<String> {
        let roster = self.roster.as_ref();
        let known = assignee.zip(roster).and_then(|(name, roster)| roster.profiles.get(name));
        let Some(known) = known else { return Vec::new() };
        skills.into_iter().filter(|skill| !known.skills.contains(skill)).collect()
    }
}

fn times(rows: Vec<Row>) -> Result<BTreeMap<String, Millis>, OpError> {
    rows.into_iter().map(|mut row| Ok((row.text()?, row.at()?))).collect()
}

/// Rows come by task, oldest first.
fn crashed(crashes: &mut BTreeMap<String, Crashes>, row: Row) -> Result<(), OpError> {
    let mut row = row.of("run");
    let (task, run, at, error) = (row.text()?, row.parse()?, row.at()?, row.opt_text()?);
    match crashes.get_mut(&task) {
        Some(known) => {
            known.count = known.count.saturating_add(1);
            known.last_at = at;
            known.run = run;
            known.error = error;
        }
        None => {
            crashes.insert(task, Crashes { count: 1, first_at: at, last_at: at, run, error });
        }
    }
    Ok(())
}

impl Counted {
    /// One event of the phantom kinds, in the order of the log. A completion ends what was found before it, but for
    /// references that its own run made.
    fn phantom(&mut self, event: Event) {
        let Some(task) = event.task.clone() else { return };
        let (found, key) = if event.kind == EventKind::PhantomCards.as_str() {
            (&mut self.cards, "phantom_cards")
        } else if event.kind == EventKind::PhantomReferences.as_str() {
            (&mut self.references, "phantom_refs")
        } else {
            self.cards.remove(&task);
            let own = self.references.get(&task).and_then(|found| found.run.as_ref());
            if own.is_none_or(|own| Some(own.as_str()) != event.run.as_deref()) {
                self.references.remove(&task);
            }
            return;
        };
        let ids = event.data.get(key).and_then(|ids| ids.as_array()).cloned().unwrap_or_default();
        let entry = found.entry(task).or_insert_with(|| Phantoms {
            ids: Vec::new(),
            count: 0,
            first_at: event.at,
            last_at: event.at,
            run: None,
        });
        for id in ids.iter().filter_map(|id| id.as_str()) {
            if !entry.ids.iter().any(|known| known == id) {
                entry.ids.push(id.to_owned());
            }
        }
        entry.count = entry.count.saturating_add(1);
        entry.last_at = event.at;
        entry.run = event.run.and_then(|run| run.parse().ok());
    }

    /// A stop directly after a start is a cycle, if it is new enough.
    fn cycle(&mut self, rows: Vec<Row>, since: Millis) -> Result<(), OpError> {
        let mut started: BTreeMap<String, bool> = BTreeMap::new();
        for row in rows {
            let event = events::decode(row)?;
            let Some(task) = event.task else { continue };
            let start = CYCLE_STARTS.iter().any(|kind| kind.as_str() == event.kind);
            let before = started.insert(task.clone(), start).unwrap_or(false);
            if start || !before || event.at < since {
                continue;
            }
            let cycles =
                self.cycles.entry(task).or_insert(Cycles { count: 0, first_at: event.at, last_at: event.at });
            cycles.count = cycles.count.saturating_add(1);
            cycles.last_at = event.at;
        }
        Ok(())
    }
}
