//! Calls that make and route work.

use andon_core::task::{Refusal, WorkspaceKind};
use andon_core::{ProfileName, TaskId};
use andon_store::operation::{Assign, Create, Link, NewTask, Start, Unblock};
use andon_store::query::Show;
use serde_json::{Value, json};

use super::{Done, one_of};
use crate::arguments;
use crate::error::{CallError, ToolError};
use crate::toolbox::OnBoard;

/// A new task.
pub(crate) fn create(on: &OnBoard<'_>, arguments: arguments::Create) -> Result<Done, ToolError> {
    let (rules, roster) = (on.rules()?, on.roster()?);
    let start = start(&arguments)?;
    if arguments.assignee.is_none() && start != Start::Triage {
        let known: Vec<&str> = roster.profiles.keys().map(ProfileName::as_str).collect();
        let message =
            format!("`assignee` is missing: name the profile that does it, one of {}", known.join(", "));
        return Err(CallError::BadArguments(message).into());
    }
    let (kind, path) = workspace(on, &arguments)?;
    let profile = |name: Option<String>| name.map(|name| name.trim().parse::<ProfileName>()).transpose();
    let worker = on.worker();
    let created = on.run(Create {
        task: NewTask {
            title: arguments.title,
            body: arguments.body,
            assignee: profile(arguments.assignee)?,
            reviewer: profile(arguments.reviewer)?,
            parents: parents(&arguments.parents)?,
            priority: arguments.priority.unwrap_or(0),
            tenant: arguments.tenant.or_else(|| worker?.tenant.clone()),
            workspace_kind: kind,
            workspace_path: path,
            branch: arguments.branch,
            model: arguments.model,
            skills: arguments.skills,
            max_runtime: arguments.max_runtime_seconds.map(millis).transpose()?,
            idempotency_key: arguments.idempotency_key,
            session_id: arguments.session_id.or_else(|| worker?.session.clone()),
            goal_mode: arguments.goal_mode.unwrap_or(false),
            goal_max_turns: arguments.goal_max_turns.map(turns).transpose()?,
            start,
            ..NewTask::default()
        },
        caller: on.caller(),
        roster,
        default_workdir: rules.default_workdir,
        policy: rules.policy,
    })?;
    let task = &created.task;
    Ok(json!({
        "ok": true, "task_id": task.id, "status": task.state.status, "assignee": task.assignee,
        "new": created.new,
    })
    .into())
}

fn start(arguments: &arguments::Create) -> Result<Start, ToolError> {
    let named = arguments.initial_status.as_deref().map(|text| text.trim().to_lowercase());
    match (arguments.triage.unwrap_or(false), named.as_deref()) {
        (true, None | Some("triage")) | (false, Some("triage")) => Ok(Start::Triage),
        (false, None | Some("running")) => Ok(Start::Normal),
        (false, Some("blocked")) => Ok(Start::Blocked("blocked at its creation".to_owned())),
        (true, Some(other)) => {
            let message =
                format!("`triage` is true, but `initial_status` is {other:?}: leave one of them out");
            Err(CallError::BadArguments(message).into())
        }
        (false, Some(other)) => Err(one_of("initial_status", other, &arguments::STARTS)),
    }
}

fn millis(seconds: i64) -> Result<i64, ToolError> {
    match seconds.checked_mul(1_000).filter(|millis| *millis >= 0) {
        Some(millis) => Ok(millis),
        None => {
            let rule = "it is a number of seconds of at least 0";
            Err(Refusal::invalid("max_runtime_seconds", &seconds.to_string(), rule).into())
        }
    }
}

fn turns(turns: i64) -> Result<i64, ToolError> {
    if turns >= 1 {
        return Ok(turns);
    }
    Err(Refusal::invalid("goal_max_turns", &turns.to_string(), "it is at least 1").into())
}

/// Ids of parents, each once; a text that is no id is a parent that is not there.
fn parents(given: &[String]) -> Result<Vec<TaskId>, ToolError> {
    let mut ids = Vec::new();
    let mut unknown = Vec::new();
    for text in given {
        match text.parse() {
            Ok(id) if !ids.contains(&id) => ids.push(id),
            Ok(_) => {}
            Err(_) => unknown.push(text.chars().take(80).collect()),
        }
    }
    if unknown.is_empty() { Ok(ids) } else { Err(Refusal::UnknownParents(unknown).into()) }
}

/// The workspace that is asked for; where nothing is said in a run, what its own task says (TL-16). A scratch workspace is
/// never shared: it goes with its task. Nor is a worktree: another one of its repository is made.
fn workspace(
    on: &OnBoard<'_>,
    arguments: &arguments::Create,
) -> Result<(Option<WorkspaceKind>, Option<String>), ToolError> {
    let path = arguments.workspace_path.clone();
    if let Some(text) = &arguments.workspace_kind {
        let kind = text.trim().to_lowercase();
        let kind = kind.parse().map_err(|_| {
            let known: Vec<&str> = WorkspaceKind::ALL.iter().map(|kind| kind.as_str()).collect();
            one_of("workspace_kind", text, &known)
        })?;
        return Ok((Some(kind), path));
    }
    if path.is_some() {
        return Ok((Some(WorkspaceKind::Dir), path));
    }
    let Some(worker) = on.worker() else { return Ok((None, None)) };
    let own = on.run(Show { task: worker.task.clone(), limit: 0 })?.task;
    let tree = worker.workspace.as_deref().and_then(std::path::Path::to_str);
    Ok(match own.workspace_kind {
        WorkspaceKind::Scratch => (None, None),
        WorkspaceKind::Dir => (Some(WorkspaceKind::Dir), own.workspace_path),
        WorkspaceKind::Worktree => {
            let repository = own.workspace_path.filter(|path| Some(path.as_str()) != tree);
            (Some(WorkspaceKind::Worktree), repository)
        }
    })
}

/// A dependency.
pub(crate) fn link(on: &OnBoard<'_>, arguments: arguments::Link) -> Result<Done, ToolError> {
    let parent: TaskId = arguments.parent_id.parse()?;
    let child = on.run(Link {
        parent: parent.clone(),
        child: arguments.child_id.parse()?,
        caller: on.routing_caller()?,
        policy: on.rules()?.policy,
    })?;
    Ok(Done::moved(on, &child, json!({ "parent_id": parent, "child_id": child.id })))
}

/// A blocked task goes on; the answer says where it stands (mends Q-41).
pub(crate) fn unblock(on: &OnBoard<'_>, arguments: arguments::Unblock) -> Result<Done, ToolError> {
    let task = on.run(Unblock {
        task: arguments.task_id.parse()?,
        caller: on.routing_caller()?,
        reason: arguments.reason,
        policy: on.rules()?.policy,
    })?;
    Ok(Done::moved(on, &task, Value::Null))
}

/// Somebody else does it.
pub(crate) fn assign(on: &OnBoard<'_>, arguments: arguments::Assign) -> Result<Done, ToolError> {
    let assignee = match arguments.assignee.trim().to_lowercase().as_str() {
        "none" | "-" | "null" | "" => None,
        name => Some(name.parse()?),
    };
    let task = on.run(Assign {
        task: arguments.task_id.parse()?,
        assignee,
        reclaim: None,
        caller: on.routing_caller()?,
        roster: on.roster()?,
        policy: on.rules()?.policy,
    })?;
    Ok(Done::moved(on, &task, json!({ "assignee": task.assignee })))
}
