//! Calls that change nothing.

use andon_core::TaskId;
use andon_core::context::render;
use andon_core::task::{Phase, Status};
use andon_core::why::why as reasons;
use andon_store::query::{ContextOf, List, Show, Surroundings, WhyOf};
use serde_json::{Value, json};

use super::{Done, one_of};
use crate::arguments;
use crate::error::ToolError;
use crate::shape;
use crate::toolbox::OnBoard;

/// Newest events and comments of a task that is shown.
const NEWEST: u32 = 50;
/// Tasks of a list that says no limit, and the most of any.
const LISTED: i64 = 50;
const MOST: i64 = 200;

/// A task with its worker's text.
pub(crate) fn show(on: &OnBoard<'_>, arguments: arguments::Show) -> Result<Done, ToolError> {
    let id = on.task(arguments.task_id.as_deref())?;
    let shown = on.run(Show { task: id.clone(), limit: NEWEST })?;
    let context = context(on, &id)?;
    Ok(shape::shown(on.folder()?, &shown, &context).into())
}

/// The text that the present or next worker of a task reads.
pub(crate) fn context(on: &OnBoard<'_>, id: &TaskId) -> Result<String, ToolError> {
    let own = on.worker().filter(|worker| worker.task == *id);
    let reader = match own {
        Some(worker) => worker.profile.clone(),
        None => {
            let task = on.run(Show { task: id.clone(), limit: 0 })?.task;
            match task.state.phase {
                Phase::Work => task.assignee,
                Phase::Review => task.reviewer,
            }
        }
    };
    let facts = on.run(ContextOf {
        task: id.clone(),
        run: own.map(|worker| worker.run.clone()),
        ends_by: reader.and_then(|profile| on.house().ends_by(&profile)),
        terminal_timeout: None,
        folder: on.folder()?.to_owned(),
    })?;
    Ok(render(&facts))
}

/// Tasks of the board.
pub(crate) fn list(on: &OnBoard<'_>, arguments: arguments::List) -> Result<Done, ToolError> {
    let status = match arguments.status.as_deref().map(str::trim) {
        Some(text) => Some(text.to_lowercase().parse::<Status>().map_err(|_| {
            let known: Vec<&str> = Status::ALL.iter().map(|status| status.as_str()).collect();
            one_of("status", text, &known)
        })?),
        None => None,
    };
    let limit = arguments.limit.unwrap_or(LISTED).clamp(1, MOST);
    let listed = on.run(List {
        status,
        archived: arguments.include_archived.unwrap_or(false),
        assignee: arguments.assignee.map(|name| name.parse()).transpose()?,
        tenant: arguments.tenant,
        limit: u32::try_from(limit).unwrap_or(1),
        ..List::default()
    })?;
    let tasks: Vec<Value> =
        listed.tasks.iter().map(|(task, parents, children)| shape::listed(task, parents, children)).collect();
    let mut content = json!({
        "ok": true, "count": tasks.len(), "limit": limit, "truncated": listed.more, "tasks": tasks,
    });
    if let (true, Some(object)) = (listed.more && limit < MOST, content.as_object_mut()) {
        object.insert("next_limit".to_owned(), json!((limit * 2).min(MOST)));
    }
    Ok(content.into())
}

/// The profiles that can be assignees.
pub(crate) fn assignees(on: &OnBoard<'_>, _arguments: arguments::Assignees) -> Result<Done, ToolError> {
    let (roster, caller) = (on.roster()?, on.caller());
    let profiles: Vec<Value> = roster
        .profiles
        .iter()
        .map(|(name, facts)| {
            json!({
                "name": name, "description": on.house().description(name), "by_hand": facts.lane, "skills": facts.skills,
                "you_may_assign": roster.assignable(name, &caller.actor).is_ok(),
            })
        })
        .collect();
    Ok(json!({ "ok": true, "profiles": profiles, "default_assignee": roster.default_assignee }).into())
}

/// The files of a task.
pub(crate) fn attachments(on: &OnBoard<'_>, arguments: arguments::Attachments) -> Result<Done, ToolError> {
    let id = on.task(arguments.task_id.as_deref())?;
    let shown = on.run(Show { task: id, limit: 0 })?;
    let folder = on.folder()?;
    let files: Vec<Value> = shown.attachments.iter().map(|file| shape::attachment(folder, file)).collect();
    Ok(json!({ "ok": true, "task_id": shown.task.id, "attachments": files }).into())
}

/// Why a task does not run.
pub(crate) fn why(on: &OnBoard<'_>, arguments: arguments::Why) -> Result<Done, ToolError> {
    let id = on.task(arguments.task_id.as_deref())?;
    let rules = on.rules()?;
    let surroundings = Surroundings {
        roster: Some(on.roster()?),
        max_running: rules.max_running,
        max_running_per_profile: rules.max_running_per_profile,
        caps: Vec::new(),
    };
    let facts = on.run(WhyOf { task: id.clone(), surroundings })?;
    let status = facts.state.status;
    let reasons: Vec<Value> = reasons(&facts, &rules.policy, on.now()).iter().map(shape::reason).collect();
    Ok(json!({ "ok": true, "task_id": id, "status": status, "reasons": reasons }).into())
}
