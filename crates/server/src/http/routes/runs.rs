//! Runs: which there are, what they wrote, and who works.

use andon_api::{Run, RunProcesses, Runs, Stop, Task, Worker, Workers};
use andon_core::run::Outcome;
use andon_core::task::Refusal;
use andon_core::{ProfileName, RunId};
use andon_engine::host;
use andon_engine::inspect::footprint;
use andon_store::operation as op;
use andon_store::query::{BriefOf, LiveRuns, RecentRuns, RunOf};
use andon_store::sql;
use axum::http::{HeaderMap, StatusCode};
use axum::response::Response;
use serde::Deserialize;
use utoipa::IntoParams;

use super::super::attachments::{self, Sent};
use super::super::body::{Answer, Asked, Body, task};
use super::super::context::{OnBoard, OnTask, of_task};
use super::super::events;
use super::super::failure::Failure;
use super::super::logs;
use super::Problems;
use crate::shape;

/// Most processes that are told one by one.
const TREE: usize = 256;

/// Which runs.
#[derive(Debug, Default, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
#[serde(deny_unknown_fields)]
pub(crate) struct WhichRuns {
    /// Of one task.
    task: Option<String>,
    /// Of one profile.
    profile: Option<String>,
    /// Only those that have not ended, or only those that have.
    open: Option<bool>,
    /// Before this run.
    before: Option<String>,
    /// At most so many, 1 to 500.
    #[param(minimum = 1, maximum = 500)]
    limit: Option<u32>,
}

/// The runs of a board, the newest first.
#[utoipa::path(get, path = "/boards/{board}/runs", tag = "runs", params(("board" = String, Path), WhichRuns),
    responses((status = 200, body = Runs, description = "Runs"), Problems))]
pub(crate) async fn list(at: OnBoard, Asked(which): Asked<WhichRuns>) -> Result<Answer<Runs>, Failure> {
    let limit = which.limit.unwrap_or(100).clamp(1, 500);
    let asked = RecentRuns {
        task: which.task.as_deref().map(task).transpose()?,
        profile: which.profile.as_deref().map(str::parse::<ProfileName>).transpose()?,
        open: which.open,
        before: which.before.as_deref().map(str::parse::<RunId>).transpose()?,
        limit: limit.saturating_add(1),
    };
    let mut found = at.ask(asked).await?;
    let more = found.len() > limit as usize;
    found.truncate(limit as usize);
    let next = found.last().filter(|_| more).map(|run| run.id.to_string());
    Ok(Answer(Runs { runs: found.iter().map(shape::run).collect(), next }))
}

/// Which runs of a task.
#[derive(Debug, Default, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
#[serde(deny_unknown_fields)]
pub(crate) struct WhichOfTask {
    /// Only those that have not ended, or only those that have.
    open: Option<bool>,
    /// Only those that ended so, such as `crashed`.
    outcome: Option<String>,
}

/// The runs of a task.
#[utoipa::path(get, path = "/boards/{board}/tasks/{task}/runs", tag = "runs",
    params(("board" = String, Path), ("task" = String, Path), WhichOfTask),
    responses((status = 200, body = Runs, description = "Oldest first"), Problems))]
pub(crate) async fn of_task_runs(
    at: OnTask,
    Asked(which): Asked<WhichOfTask>,
) -> Result<Answer<Runs>, Failure> {
    let unknown = |name: &str| {
        let known: Vec<&str> = Outcome::ALL.iter().map(|outcome| outcome.as_str()).collect();
        Refusal::invalid("outcome", name, format!("it is one of {}", known.join(", ")))
    };
    let outcome = which.outcome.as_deref().map(|name| name.parse::<Outcome>().map_err(|_| unknown(name)));
    let outcome = outcome.transpose()?;
    let mut shown = at.on.ask(andon_store::query::Show { task: at.task.clone(), limit: 1 }).await?;
    shown.runs.retain(|run| {
        which.open.is_none_or(|open| run.ended_at.is_none() == open)
            && outcome.is_none_or(|outcome| run.outcome == Some(outcome))
    });
    Ok(Answer(Runs { runs: shown.runs.iter().map(shape::run).collect(), next: None }))
}

async fn found(at: &OnBoard) -> Result<sql::runs::Run, Failure> {
    let run = at.named.run()?;
    let found = at.ask(RunOf { run: run.clone() }).await?;
    Ok(found.ok_or_else(|| Refusal::UnknownRun(run.to_string()))?)
}

/// One run.
#[utoipa::path(get, path = "/boards/{board}/runs/{run}", tag = "runs",
    params(("board" = String, Path), ("run" = String, Path)),
    responses((status = 200, body = Run, description = "The run"), Problems))]
pub(crate) async fn show(at: OnBoard) -> Result<Answer<Run>, Failure> {
    Ok(Answer(shape::run(&found(&at).await?)))
}

/// What the processes of a run are doing, where this host knows it.
#[utoipa::path(get, path = "/boards/{board}/runs/{run}/processes", tag = "runs",
    params(("board" = String, Path), ("run" = String, Path)),
    responses((status = 200, body = RunProcesses, description = "Now"), Problems))]
pub(crate) async fn processes(at: OnBoard) -> Result<Answer<RunProcesses>, Failure> {
    let run = found(&at).await?;
    let live = at.ask(LiveRuns).await?;
    let holder = live.into_iter().find(|(known, _)| known.id == run.id).and_then(|(_, lease)| lease?.holder);
    let mut told = RunProcesses {
        run_id: run.id,
        alive: None,
        reason: None,
        host: holder.as_ref().map(|holder| holder.host.clone()).or(run.host),
        pid: holder.as_ref().map(|holder| holder.pid),
        processes: None,
        threads: None,
        memory_bytes: None,
        cpu_millis: None,
        cpu_percent: None,
        descriptors: None,
        tree: Vec::new(),
    };
    let Some(holder) = holder else {
        told.alive = run.reaped_at.map(|_| false);
        let why = if run.by_hand { "it was claimed by hand" } else { "it has no supervisor" };
        told.reason = Some(if run.reaped_at.is_some() { "it is over".to_owned() } else { why.to_owned() });
        return Ok(Answer(told));
    };
    if holder.host != host::name() {
        told.reason = Some(format!("it is on host {}", holder.host));
        return Ok(Answer(told));
    }
    let look = move || {
        let identity = host::identity(&holder);
        let footprint = footprint(identity.pid);
        // Looked at afterwards: what was counted belonged to it.
        (identity.is_alive(), footprint)
    };
    let (alive, used) = at.api.blocking(look).await?;
    told.alive = Some(alive);
    if alive {
        told.processes = Some(used.processes());
        told.threads = Some(used.threads());
        told.memory_bytes = Some(used.memory_bytes());
        told.cpu_millis = Some(used.cpu_millis());
        told.cpu_percent = used.cpu_percent();
        told.descriptors = Some(used.descriptors());
        let now = at.api.now();
        let process = |one| shape::process(one, now);
        told.tree = used.tree.into_iter().take(TREE).map(process).collect();
    } else {
        told.reason = Some("its supervisor has gone".to_owned());
    }
    Ok(Answer(told))
}

/// Take a run back; its processes are stopped, and its task may run again. Gives the task.
#[utoipa::path(post, path = "/boards/{board}/runs/{run}/terminate", tag = "runs", request_body = Stop,
    params(("board" = String, Path), ("run" = String, Path)),
    responses((status = 200, body = Task, description = "Its task afterwards"), Problems))]
pub(crate) async fn terminate(at: OnBoard, Body(body): Body<Stop>) -> Result<Response, Failure> {
    let run = found(&at).await?;
    if run.ended_at.is_some() {
        let (run, current) = (run.id, None);
        return Err(Refusal::StaleRun { run, current }.into());
    }
    let reclaim = op::Reclaim {
        task: run.task.clone(),
        caller: at.caller(),
        reason: body.reason.unwrap_or_else(|| "terminated by a person".to_owned()),
        policy: at.rules.policy.clone(),
    };
    at.change(reclaim).await?;
    Ok(of_task(StatusCode::OK, &at.task(&run.task).await?))
}

/// How much of a log.
#[derive(Debug, Default, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
#[serde(deny_unknown_fields)]
pub(crate) struct Tail {
    /// Only the last so many bytes.
    #[param(minimum = 0)]
    tail: Option<u64>,
}

/// What a run wrote, with ranges.
#[utoipa::path(get, path = "/boards/{board}/runs/{run}/log", tag = "runs",
    params(("board" = String, Path), ("run" = String, Path), Tail, ("Range" = Option<String>, Header)),
    responses((status = 200, body = String, content_type = "text/plain", description = "As it was written"),
        (status = 206, body = String, content_type = "text/plain", description = "A part of it"),
        (status = 416, body = andon_api::Problem, content_type = "application/problem+json", description = "No such part"),
        Problems))]
pub(crate) async fn log(
    at: OnBoard,
    headers: HeaderMap,
    Asked(tail): Asked<Tail>,
) -> Result<Response, Failure> {
    let run = found(&at).await?;
    let path = logs::path_of(&at.board, &run);
    let size = std::fs::metadata(&path).map(|meta| meta.len());
    let size =
        size.map_err(|_| Failure::new("no_log", format!("run {} has written nothing", run.id), None))?;
    let from = tail.tail.map_or(0, |tail| size.saturating_sub(tail));
    let sent = Sent { path, content_type: "text/plain; charset=utf-8", keep_as: None, tag: None, from };
    attachments::send(&at.api, sent, &headers).await
}

/// Follow what a run writes: server-sent events until it is over.
#[utoipa::path(get, path = "/boards/{board}/runs/{run}/log/stream", tag = "runs",
    params(("board" = String, Path), ("run" = String, Path), Tail, ("Last-Event-ID" = Option<String>, Header)),
    responses((status = 200, body = String, content_type = "text/event-stream",
        description = "`log` (LogChunk, its id the bytes read so far), `end` (LogEnd), `heartbeat`"), Problems))]
pub(crate) async fn log_stream(
    at: OnBoard,
    headers: HeaderMap,
    Asked(tail): Asked<Tail>,
) -> Result<Response, Failure> {
    let run = found(&at).await?;
    let from = match events::last_event_id(&headers) {
        Some(id) => {
            let offset = id.parse::<u64>();
            Some(offset.map_err(|_| Failure::new("bad_cursor", "Last-Event-ID is a number of bytes", None))?)
        }
        None => None,
    };
    logs::follow(at, &run, from, tail.tail)
}

/// The runs whose processes may live.
#[utoipa::path(get, path = "/boards/{board}/workers", tag = "runs", params(("board" = String, Path)),
    responses((status = 200, body = Workers, description = "Oldest first"), Problems))]
pub(crate) async fn workers(at: OnBoard) -> Result<Answer<Workers>, Failure> {
    let live = at.ask(LiveRuns).await?;
    let brief = at.ask(BriefOf { tasks: live.iter().map(|(run, _)| run.task.clone()).collect() }).await?;
    let board = at.board.clone();
    let look = move || {
        let worker = |(run, lease): &(sql::runs::Run, Option<sql::leases::Lease>)| {
            Some(Worker {
                task: shape::brief(brief.get(&run.task)?),
                lease: lease.as_ref().map(shape::lease),
                last_line: logs::last_line(&logs::path_of(&board, run)),
                run: shape::run(run),
            })
        };
        live.iter().filter_map(worker).collect()
    };
    let workers: Vec<Worker> = at.api.blocking(look).await?;
    let count = u32::try_from(workers.len()).unwrap_or(u32::MAX);
    Ok(Answer(Workers { workers, count, checked_at: at.api.now().into() }))
}
