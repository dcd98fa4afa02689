//! Why a task does not run, what is wrong, what has happened, and what it costs.

use andon_api::{
    Assignees, Diagnostic, Diagnostics, Edge, Events, Findings, Graph, Hosts, Node, Reason, Reasons, Stats,
    Usage,
};
use andon_core::context::render;
use andon_core::diagnose::{Severity, TaskDiagnostics, Thresholds, diagnose};
use andon_core::run::EndsBy;
use andon_core::task::{Phase, Refusal};
use andon_core::why::why;
use andon_core::{Cursor, Millis, TaskId};
use andon_engine::config::Duration;
use andon_engine::{host, profile};
use andon_store::query::{
    Assignees as AssigneesOf, ContextOf, DiagnosticsOf, EventFilter, EventsAfter, Examined, GraphOf, Head,
    Show, StatsOf, Surroundings, UsageByDay, WhyOf,
};
use andon_store::sql::events::Event;
use andon_store::{OpError, Operation, Tx};
use axum::http::{HeaderValue, header};
use axum::response::{IntoResponse as _, Response};
use serde::Deserialize;
use utoipa::IntoParams;

use super::super::body::{Answer, Asked, task};
use super::super::context::{OnBoard, OnTask};
use super::super::events::{self, Filter};
use super::super::failure::Failure;
use super::Problems;
use super::tasks::Newest;
use crate::shape;

/// Most tasks of a graph.
const GRAPH: usize = 2_000;
/// Events that one look reads.
const LOOK: u32 = 1_000;

/// Everything that keeps a task from running, in order.
pub(crate) async fn reasons(at: &OnBoard, task: &TaskId) -> Result<Vec<Reason>, Failure> {
    let surroundings = Surroundings {
        roster: Some(at.rules.roster.clone()),
        max_running: at.rules.config.max_running,
        max_running_per_profile: at.rules.config.max_running_per_profile,
        caps: Vec::new(),
    };
    let facts = at.ask(WhyOf { task: task.clone(), surroundings }).await?;
    Ok(why(&facts, &at.rules.policy, at.api.now()).into_iter().map(shape::reason).collect())
}

/// What is wrong with one task.
pub(crate) async fn of_task(at: &OnBoard, task: &TaskId) -> Result<Vec<Diagnostic>, Failure> {
    let found = found(at, Some(task)).await?;
    Ok(found.iter().flat_map(|task| &task.diagnostics).map(shape::diagnostic).collect())
}

/// What is wrong with several tasks.
pub(crate) async fn of_tasks(at: &OnBoard, tasks: &[TaskId]) -> Result<Vec<TaskDiagnostics>, Failure> {
    examined(at, &tasks.iter().map(Some).collect::<Vec<_>>()).await
}

/// What is wrong on a board, the worst first.
pub(crate) async fn on_board(at: &OnBoard) -> Result<Vec<TaskDiagnostics>, Failure> {
    found(at, None).await
}

async fn found(at: &OnBoard, task: Option<&TaskId>) -> Result<Vec<TaskDiagnostics>, Failure> {
    examined(at, &[task]).await
}

/// Several examinations as one question.
struct Each(Vec<DiagnosticsOf>);

impl Operation for Each {
    type Reply = Vec<Examined>;
    const WRITES: bool = false;

    async fn apply<T: Tx>(&self, tx: &mut T) -> Result<Vec<Examined>, OpError> {
        let mut examined = Vec::new();
        for one in &self.0 {
            match one.apply(tx).await {
                Ok(found) => examined.extend(found),
                // It went between the page and this look.
                Err(error) if error.refusal().is_some_and(Refusal::is_unknown_id) => {}
                Err(error) => return Err(error),
            }
        }
        Ok(examined)
    }
}

/// Examines tasks; none stands for the whole board.
async fn examined(at: &OnBoard, tasks: &[Option<&TaskId>]) -> Result<Vec<TaskDiagnostics>, Failure> {
    let own = &at.rules.config.diagnostics;
    let whole = |length: Duration, unit: u64| u32::try_from(length.as_secs() / unit).unwrap_or(u32::MAX);
    let thresholds = Thresholds {
        failure_threshold: Some(own.failure_threshold),
        crash_threshold: own.crash_threshold,
        blocked_stale_hours: whole(own.blocked_stale_after, 3_600),
        stranded_threshold_seconds: whole(own.stranded_after, 1),
        block_cycle_threshold: own.block_cycle_threshold,
        block_cycle_window_seconds: whole(own.block_cycle_window, 1),
    };
    let roster = Some(at.rules.roster.clone());
    let asked = tasks.iter().map(|task| DiagnosticsOf {
        task: task.cloned(),
        roster: roster.clone(),
        thresholds: thresholds.clone(),
    });
    let examined = at.ask(Each(asked.collect())).await?;
    let (policy, now) = (at.rules.policy.clone(), at.api.now());
    let look = move || diagnose(&host::seen_from_here(examined), &thresholds, &policy, now);
    at.api.blocking(look).await
}

/// Why a task does not run.
#[utoipa::path(get, path = "/boards/{board}/tasks/{task}/why", tag = "insight",
    params(("board" = String, Path), ("task" = String, Path)),
    responses((status = 200, body = Reasons, description = "In order"), Problems))]
pub(crate) async fn why_not(at: OnTask) -> Result<Answer<Reasons>, Failure> {
    Ok(Answer(Reasons { reasons: reasons(&at.on, &at.task).await? }))
}

/// What is wrong with a task.
#[utoipa::path(get, path = "/boards/{board}/tasks/{task}/diagnostics", tag = "insight",
    params(("board" = String, Path), ("task" = String, Path)),
    responses((status = 200, body = Findings, description = "The worst first"), Problems))]
pub(crate) async fn task_diagnostics(at: OnTask) -> Result<Answer<Findings>, Failure> {
    Ok(Answer(Findings { diagnostics: of_task(&at.on, &at.task).await? }))
}

/// How bad it must be.
#[derive(Debug, Default, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
#[serde(deny_unknown_fields)]
pub(crate) struct AtLeast {
    /// warning, error or critical.
    severity: Option<String>,
}

/// What is wrong on a board.
#[utoipa::path(get, path = "/boards/{board}/diagnostics", tag = "insight",
    params(("board" = String, Path), AtLeast),
    responses((status = 200, body = Diagnostics, description = "The worst task first"), Problems))]
pub(crate) async fn diagnostics(
    at: OnBoard,
    Asked(least): Asked<AtLeast>,
) -> Result<Answer<Diagnostics>, Failure> {
    let name = least.severity.as_deref().unwrap_or("warning");
    let refused = |_| Refusal::invalid("severity", name, "it is warning, error or critical");
    let least = name.parse::<Severity>().map_err(refused)?;
    let mut found = found(&at, None).await?;
    for task in &mut found {
        task.diagnostics.retain(|diagnostic| diagnostic.severity >= least);
    }
    found.retain(|task| !task.diagnostics.is_empty());
    let diagnostics: Vec<_> = found.iter().map(shape::findings).collect();
    let count = u32::try_from(diagnostics.len()).unwrap_or(u32::MAX);
    Ok(Answer(Diagnostics { diagnostics, count }))
}

/// The events of a task.
#[utoipa::path(get, path = "/boards/{board}/tasks/{task}/events", tag = "insight",
    params(("board" = String, Path), ("task" = String, Path), Newest),
    responses((status = 200, body = Events, description = "The newest, oldest of them first"), Problems))]
pub(crate) async fn task_events(at: OnTask, Asked(newest): Asked<Newest>) -> Result<Answer<Events>, Failure> {
    let shown = at.on.ask(Show { task: at.task.clone(), limit: newest.limit(1_000) }).await?;
    let (head, _) = at.on.ask(Head { reader: None }).await?;
    let events = shown.events.iter().map(shape::event).collect();
    Ok(Answer(Events { events, cursor: head.to_string(), resync: false, more: false }))
}

/// The text that the worker of a task reads.
#[utoipa::path(get, path = "/boards/{board}/tasks/{task}/context", tag = "insight",
    params(("board" = String, Path), ("task" = String, Path)),
    responses((status = 200, body = String, content_type = "text/plain", description = "The text"), Problems))]
pub(crate) async fn context(at: OnTask) -> Result<Response, Failure> {
    let shown = at.on.ask(Show { task: at.task.clone(), limit: 1 }).await?.task;
    let reader = match shown.state.phase {
        Phase::Work => shown.assignee.as_ref(),
        Phase::Review => shown.reviewer.as_ref(),
    };
    let profile = reader.and_then(|name| at.on.rules.profiles.get(name.as_str()));
    let ends_by = profile.map(|profile| match profile.ends_by() {
        profile::EndsBy::Exit => EndsBy::Exit,
        profile::EndsBy::Protocol => EndsBy::Protocol,
    });
    let run = at.on.caller().actor.run().cloned().filter(|_| shown.state.current_run.is_some());
    let folder = at.on.board.folder().to_owned();
    let of = ContextOf { task: at.task.clone(), run, ends_by, terminal_timeout: None, folder };
    let text = render(&at.on.ask(of).await?);
    let mut response = text.into_response();
    response
        .headers_mut()
        .insert(header::CONTENT_TYPE, HeaderValue::from_static("text/plain; charset=utf-8"));
    Ok(response)
}

/// Around which task.
#[derive(Debug, Default, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
#[serde(deny_unknown_fields)]
pub(crate) struct Around {
    /// Only what hangs together with this task.
    task: Option<String>,
    /// Finished tasks too; around a task they always are there.
    #[serde(default)]
    done: bool,
}

/// The dependencies of a board, or around one task.
#[utoipa::path(get, path = "/boards/{board}/graph", tag = "insight", params(("board" = String, Path), Around),
    responses((status = 200, body = Graph, description = "Tasks and what they wait for"), Problems))]
pub(crate) async fn graph(at: OnBoard, Asked(around): Asked<Around>) -> Result<Answer<Graph>, Failure> {
    let centre = around.task.as_deref().map(task).transpose()?;
    let graph = at.ask(GraphOf { task: centre, done: around.done, limit: GRAPH }).await?;
    let nodes = graph.nodes.into_iter().map(|node| Node {
        id: node.id,
        title: node.title,
        status: node.status,
        assignee: node.assignee,
        priority: node.priority,
    });
    let edges = graph.edges.into_iter().map(|(parent, child)| Edge { parent, child });
    Ok(Answer(Graph { nodes: nodes.collect(), edges: edges.collect(), truncated: graph.truncated }))
}

/// The hosts that dispatch a board.
#[utoipa::path(get, path = "/boards/{board}/hosts", tag = "insight", params(("board" = String, Path)),
    responses((status = 200, body = Hosts, description = "By name"), Problems))]
pub(crate) async fn hosts(at: OnBoard) -> Result<Answer<Hosts>, Failure> {
    Ok(Answer(shape::hosts(&at.ask(StatsOf).await?)))
}

/// The counts of a board.
#[utoipa::path(get, path = "/boards/{board}/stats", tag = "insight", params(("board" = String, Path)),
    responses((status = 200, body = Stats, description = "Counts"), Problems))]
pub(crate) async fn stats(at: OnBoard) -> Result<Answer<Stats>, Failure> {
    Ok(Answer(shape::stats(&at.ask(StatsOf).await?)))
}

/// Who can be given work, or has some.
#[utoipa::path(get, path = "/boards/{board}/assignees", tag = "insight", params(("board" = String, Path)),
    responses((status = 200, body = Assignees, description = "By name"), Problems))]
pub(crate) async fn assignees(at: OnBoard) -> Result<Answer<Assignees>, Failure> {
    let counts = at.ask(AssigneesOf).await?;
    Ok(Answer(Assignees { assignees: shape::assignees(counts, &at.rules.profiles) }))
}

/// How far back.
#[derive(Debug, Default, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
#[serde(deny_unknown_fields)]
pub(crate) struct Days {
    /// So many days, 1 to 3650.
    #[param(minimum = 1, maximum = 3650)]
    days: Option<u32>,
}

/// What runs consumed, by day and profile.
#[utoipa::path(get, path = "/boards/{board}/usage", tag = "insight", params(("board" = String, Path), Days),
    responses((status = 200, body = Usage, description = "The newest day first"), Problems))]
pub(crate) async fn usage(at: OnBoard, Asked(days): Asked<Days>) -> Result<Answer<Usage>, Failure> {
    let back = i64::from(days.days.unwrap_or(30).clamp(1, 3_650)) * 86_400_000;
    let found = at.ask(UsageByDay { since: Millis(at.api.now().0.saturating_sub(back).max(0)) }).await?;
    Ok(Answer(Usage { days: found.iter().map(shape::day).collect() }))
}

/// Which events.
#[derive(Debug, Default, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
#[serde(deny_unknown_fields)]
pub(crate) struct Which {
    /// After this place, `epoch-number`.
    after: Option<String>,
    /// Of one task.
    task: Option<String>,
    /// Of these kinds, separated by commas.
    kinds: Option<String>,
    /// At most so many, 1 to 1000; of no account for the stream.
    #[param(minimum = 1, maximum = 1000)]
    limit: Option<u32>,
}

impl Which {
    fn kinds(&self) -> Vec<String> {
        let names = self.kinds.as_deref().unwrap_or_default().split(',').map(str::trim);
        names.filter(|name| !name.is_empty()).map(str::to_owned).collect()
    }
}

fn cursor(text: &str) -> Result<Cursor, Failure> {
    text.parse::<Cursor>().map_err(|error| Failure::new("bad_cursor", error.to_string(), None))
}

/// What has happened on a board: after a place, oldest first; the newest without one.
#[utoipa::path(get, path = "/boards/{board}/history", tag = "insight", params(("board" = String, Path), Which),
    responses((status = 200, body = Events, description = "Events"), Problems))]
pub(crate) async fn history(at: OnBoard, Asked(which): Asked<Which>) -> Result<Answer<Events>, Failure> {
    let limit = which.limit.unwrap_or(100).clamp(1, LOOK) as usize;
    let filter = EventFilter { task: which.task.as_deref().map(task).transpose()?, kinds: which.kinds() };
    let found = match &which.after {
        Some(after) => following(&at, cursor(after)?, &filter, limit).await?,
        None => newest(&at, &filter, limit).await?,
    };
    Ok(Answer(found))
}

/// Events after a place, and the place after them.
async fn following(
    at: &OnBoard,
    mut place: Cursor,
    filter: &EventFilter,
    limit: usize,
) -> Result<Events, Failure> {
    let mut events: Vec<Event> = Vec::new();
    loop {
        let read = at.ask(EventsAfter { cursor: place, filter: filter.clone(), limit: LOOK }).await?;
        if read.resync {
            let cursor = read.cursor.to_string();
            return Ok(Events { events: Vec::new(), cursor, resync: true, more: false });
        }
        place = read.cursor;
        let mut more = read.more;
        events.extend(read.events);
        if events.len() > limit {
            events.truncate(limit);
            place.number = events.last().map_or(place.number, |event| event.number);
            more = true;
        }
        if events.len() >= limit || !more {
            let cursor = place.to_string();
            return Ok(Events {
                events: events.iter().map(shape::event).collect(),
                cursor,
                resync: false,
                more,
            });
        }
    }
}

/// The newest events: it looks back further and further, so that a long log costs nothing.
async fn newest(at: &OnBoard, filter: &EventFilter, limit: usize) -> Result<Events, Failure> {
    let (head, _) = at.ask(Head { reader: None }).await?;
    let mut back = i64::from(LOOK);
    loop {
        let number = head.number.saturating_sub(back).max(0);
        let start = Cursor { epoch: head.epoch, number };
        let mut found = following(at, start, filter, usize::MAX).await?;
        if found.events.len() >= limit || number == 0 || found.resync {
            let over = found.events.len().saturating_sub(limit);
            found.events.drain(..over);
            found.more = false;
            return Ok(found);
        }
        back = back.saturating_mul(8);
    }
}

/// Follow a board: server-sent events that never skip and never repeat. `Last-Event-ID` goes on after a place.
#[utoipa::path(get, path = "/boards/{board}/events", tag = "insight",
    params(("board" = String, Path), Which, ("Last-Event-ID" = Option<String>, Header)),
    responses((status = 200, body = String, content_type = "text/event-stream",
        description = "`ready`, then `event` for each event, `resync` after a restore, `heartbeat` every 15 s"), Problems))]
pub(crate) async fn stream(
    at: OnBoard,
    headers: axum::http::HeaderMap,
    Asked(which): Asked<Which>,
) -> Result<Response, Failure> {
    let after = events::last_event_id(&headers).or(which.after.as_deref()).map(cursor).transpose()?;
    let one = which.task.as_deref().map(task).transpose()?.map(String::from);
    events::open(at, after, Filter { task: one, kinds: which.kinds() }).await
}
