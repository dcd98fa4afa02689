//! Calls that end or interrupt the work on a task.

use andon_core::task::BlockKind;
use andon_store::operation::{
    Approve, Attach, Block, BlockOn, Complete, Handoff, RequestChanges, RequestReview, Schedule,
};
use andon_store::query::Show;
use andon_store::{Caller, files};
use futures::executor::block_on;
use serde_json::{Map, Value, json};

use super::{Done, one_of};
use crate::arguments;
use crate::error::{CallError, ToolError};
use crate::moment::moment;
use crate::rules::BoardRules;
use crate::toolbox::OnBoard;

/// The work is done.
pub(crate) fn complete(on: &OnBoard<'_>, arguments: arguments::Complete) -> Result<Done, ToolError> {
    if arguments.summary.is_none() && arguments.result.is_none() {
        let message = "kanban_complete needs a `summary` of what was done, or a `result`".to_owned();
        return Err(CallError::BadArguments(message).into());
    }
    let task = on.task(arguments.task_id.as_deref())?;
    let rules = on.rules()?;
    let mut metadata = with_artifacts(arguments.metadata, &arguments.artifacts)?;
    let (kept, problems) = store(on, &task, &metadata)?;
    files::note_not_kept(&mut metadata, &problems);
    let done = on.run(Complete {
        task,
        caller: on.caller(),
        result: arguments.result,
        summary: arguments.summary,
        metadata,
        created_cards: arguments.created_cards,
        kept,
        policy: rules.policy.clone(),
    })?;
    settle(on, &rules)?;
    let problems = if problems.is_empty() { Value::Null } else { json!(problems) };
    Ok(Done::moved(on, &done, json!({ "not_kept": problems })))
}

/// The metadata with the artifacts in it, each once.
fn with_artifacts(metadata: Option<Map<String, Value>>, artifacts: &[String]) -> Result<Value, ToolError> {
    if artifacts.is_empty() {
        return Ok(metadata.map_or(Value::Null, Value::Object));
    }
    let mut object = metadata.unwrap_or_default();
    let mut listed = match object.remove("artifacts") {
        None | Some(Value::Null) => Vec::new(),
        Some(Value::Array(items)) => items,
        Some(item @ Value::String(_)) => vec![item],
        Some(_) => {
            let message = "`metadata.artifacts` is no list of paths; say them in `artifacts`".to_owned();
            return Err(CallError::BadArguments(message).into());
        }
    };
    for path in artifacts {
        let path = Value::String(path.clone());
        if !listed.contains(&path) {
            listed.push(path);
        }
    }
    object.insert("artifacts".to_owned(), Value::Array(listed));
    Ok(Value::Object(object))
}

/// Copies what is declared, to be recorded with the completion: before children may look for it, and before a scratch workspace
/// goes.
fn store(
    on: &OnBoard<'_>,
    task: &andon_core::TaskId,
    metadata: &Value,
) -> Result<(Vec<Attach>, Vec<String>), ToolError> {
    let declared = Handoff { summary: None, metadata: metadata.clone() }.artifacts();
    // The completion of another's task is refused: nothing is put there before.
    if declared.is_empty() || on.worker().is_some_and(|worker| worker.task != *task) {
        return Ok((Vec::new(), Vec::new()));
    }
    let shown = on.run(Show { task: task.clone(), limit: 0 })?;
    let worker = on.worker().map(|worker| worker.workspace.as_deref());
    let workspace = files::declared_from(on.folder()?, &shown, worker);
    let caller: Caller = on.caller();
    let declared = files::Declared {
        task,
        run: shown.task.state.current_run.as_ref(),
        paths: &declared,
        workspace: &workspace,
        reach: on.reach(),
        caller: &caller,
    };
    Ok(on.house().store(on.board()?, &declared))
}

/// Tells children that one operation could not tell in its own transaction.
fn settle(on: &OnBoard<'_>, rules: &BoardRules) -> Result<(), ToolError> {
    Ok(block_on(on.board()?.settle_queued(&rules.policy))?)
}

/// The work cannot go on.
pub(crate) fn block(on: &OnBoard<'_>, arguments: arguments::Block) -> Result<Done, ToolError> {
    let task = on.task(arguments.task_id.as_deref())?;
    let (caller, policy, reason) = (on.caller(), on.rules()?.policy, arguments.reason);
    let default = match (&arguments.on, on.worker()) {
        (Some(_), _) => "dependency",
        (None, Some(_)) => "needs_input",
        (None, None) => "operator",
    };
    let kind = arguments.kind.unwrap_or_else(|| default.to_owned()).trim().to_lowercase().replace('-', "_");
    if kind != "dependency" && arguments.on.is_some() {
        let message = format!(
            "`on` names a task to wait for, but `kind` is {kind:?}: say dependency, or leave `on` out"
        );
        return Err(CallError::BadArguments(message).into());
    }
    let moved = match kind.as_str() {
        "dependency" => {
            let parent = arguments.on.as_deref().map(str::parse).transpose()?;
            on.run(BlockOn { task, caller, on: parent, reason, policy })?
        }
        other => {
            let kind: BlockKind = other.parse().map_err(|_| one_of("kind", other, &arguments::BLOCKS))?;
            on.run(Block { task, caller, kind, reason, policy })?
        }
    };
    let kind = moved.state.block.as_ref().map(|block| block.kind);
    Ok(Done::moved(on, &moved, json!({ "block_kind": kind })))
}

/// Somebody should look at the work.
pub(crate) fn request_review(
    on: &OnBoard<'_>,
    arguments: arguments::RequestReview,
) -> Result<Done, ToolError> {
    let moved = on.run(RequestReview {
        task: on.task(arguments.task_id.as_deref())?,
        caller: on.caller(),
        summary: arguments.summary,
        metadata: arguments.metadata.map_or(Value::Null, Value::Object),
        roster: on.roster()?,
        policy: on.rules()?.policy,
    })?;
    let reviewer = moved.reviewer.as_ref().map_or("a person", andon_core::ProfileName::as_str).to_owned();
    Ok(Done::moved(on, &moved, json!({ "reviewer": reviewer })))
}

/// The work is not good yet.
pub(crate) fn request_changes(
    on: &OnBoard<'_>,
    arguments: arguments::RequestChanges,
) -> Result<Done, ToolError> {
    let moved = on.run(RequestChanges {
        task: on.task(arguments.task_id.as_deref())?,
        caller: on.caller(),
        reason: arguments.reason,
        policy: on.rules()?.policy,
    })?;
    Ok(Done::moved(on, &moved, Value::Null))
}

/// The work is good.
pub(crate) fn approve(on: &OnBoard<'_>, arguments: arguments::Approve) -> Result<Done, ToolError> {
    let rules = on.rules()?;
    let moved = on.run(Approve {
        task: on.task(arguments.task_id.as_deref())?,
        caller: on.caller(),
        summary: arguments.summary,
        policy: rules.policy.clone(),
    })?;
    settle(on, &rules)?;
    Ok(Done::moved(on, &moved, Value::Null))
}

/// The work goes on later.
pub(crate) fn schedule(on: &OnBoard<'_>, arguments: arguments::Schedule) -> Result<Done, ToolError> {
    let at = arguments.at.as_deref().map(|text| moment(text, on.now())).transpose()?;
    let moved = on.run(Schedule {
        task: on.task(arguments.task_id.as_deref())?,
        at,
        reason: arguments.reason.unwrap_or_default(),
        caller: on.caller(),
        policy: on.rules()?.policy,
    })?;
    let until = moved.state.scheduled_at.map(andon_core::context::rfc3339);
    Ok(Done::moved(on, &moved, json!({ "scheduled_at": until })))
}
