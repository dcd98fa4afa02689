//! What verbs do to a task: the store's operations with the caller's words. One request's changes are one transaction.

use andon_api::{BlockRequest, BulkAction, Complete, Specify, TaskChanges};
use andon_core::TaskId;
use andon_core::task::{BlockKind, Refusal};
use andon_engine::artifacts;
use andon_engine::workspace::{Cleanup, cleanup, validate_branch};
use andon_engine::{paths, tidy};
use andon_store::files::{self, Reach};
use andon_store::operation as op;
use andon_store::operation::{Deleted, Handoff};
use andon_store::query::{LinkedTask, Show};
use andon_store::{OpError, Operation, Tx};
use serde_json::Value;

use super::access::Known;
use super::context::{OnBoard, matches, tag};
use super::failure::Failure;
use super::tokens::Scope;
use crate::shape;

/// Two operations as one: both are done, or neither.
pub(crate) struct Both<A, B>(pub(crate) Option<A>, pub(crate) Option<B>);

impl<A: Operation + Sync, B: Operation + Sync> Operation for Both<A, B> {
    type Reply = ();

    async fn apply<T: Tx>(&self, tx: &mut T) -> Result<(), OpError> {
        if let Some(first) = &self.0 {
            first.apply(tx).await?;
        }
        if let Some(second) = &self.1 {
            second.apply(tx).await?;
        }
        Ok(())
    }
}

/// An edit that is made only while the task is as the caller saw it. Gives whether it was.
struct Patch {
    task: TaskId,
    expected: Option<String>,
    changes: Both<op::Assign, op::Edit>,
}

impl Operation for Patch {
    type Reply = bool;

    async fn apply<T: Tx>(&self, tx: &mut T) -> Result<bool, OpError> {
        if let Some(expected) = &self.expected {
            let (task, parents, children) = LinkedTask { task: self.task.clone() }.apply(tx).await?;
            let now = tag(&shape::task(&task, &parents, &children));
            if !matches(expected, &now) {
                return Ok(false);
            }
        }
        self.changes.apply(tx).await?;
        Ok(true)
    }
}

fn reason(given: Option<String>, usual: &str) -> String {
    given.filter(|reason| !reason.trim().is_empty()).unwrap_or_else(|| usual.to_owned())
}

/// Does something to a task.
pub(crate) async fn act(at: &OnBoard, task: &TaskId, action: BulkAction) -> Result<(), Failure> {
    let (task, caller, policy) = (task.clone(), at.caller(), at.rules.policy.clone());
    let fresh = |fresh: bool| fresh.then(|| op::StartFresh { task: task.clone(), caller: caller.clone() });
    match action {
        BulkAction::Complete(body) => complete(at, &task, body).await?,
        BulkAction::Block(body) => block(at, &task, body).await?,
        BulkAction::Unblock(body) => {
            let first = fresh(body.fresh);
            let unblock = op::Unblock { task, caller, reason: body.reason, policy };
            at.change(Both(first, Some(unblock))).await?;
        }
        BulkAction::Promote(body) => {
            let first = fresh(body.fresh);
            let promote = op::Promote { task, caller, reason: body.reason, force: body.force, policy };
            at.change(Both(first, Some(promote))).await?;
        }
        BulkAction::Hold(body) => {
            at.change(op::Hold { task, caller, reason: body.reason, policy }).await?;
        }
        BulkAction::Triage(body) => {
            at.change(op::ToTriage { task, caller, reason: body.reason, policy }).await?;
        }
        BulkAction::Specify(body) => specify(at, task, body).await?,
        BulkAction::Assign(body) => {
            let roster = at.rules.roster.clone();
            let (assignee, reclaim) = (body.assignee, body.reclaim);
            at.change(op::Assign { task, assignee, reclaim, caller, roster, policy }).await?;
        }
        BulkAction::Archive(body) => {
            at.change(op::Archive { task, release: body.release, caller, policy }).await?;
            at.settle().await?;
        }
        BulkAction::Reopen(_) => {
            at.change(op::Reopen { task, caller, policy }).await?;
            at.settle().await?;
        }
        BulkAction::Stop(body) => {
            let reason = reason(body.reason, "stopped by a person");
            at.change(op::Stop { task, caller, reason, policy }).await?;
        }
        BulkAction::Reclaim(body) => {
            let reason = reason(body.reason, "taken back by a person");
            at.change(op::Reclaim { task, caller, reason, policy }).await?;
        }
        BulkAction::Schedule(body) => {
            let until = match &body.at {
                Some(at) => Some(at.millis().ok_or_else(|| not_a_time(at.as_str()))?),
                None => None,
            };
            let reason = body.reason.unwrap_or_default();
            at.change(op::Schedule { task, at: until, reason, caller, policy }).await?;
        }
        BulkAction::Approve(body) => {
            at.change(op::Approve { task, caller, summary: body.summary, policy }).await?;
            at.settle().await?;
        }
        BulkAction::RequestChanges(body) => {
            at.change(op::RequestChanges { task, caller, reason: body.reason, policy }).await?;
        }
        BulkAction::ResetFailures(_) => {
            at.change(op::ResetFailures { task, caller, policy }).await?;
        }
        BulkAction::Edit(changes) => Box::pin(edit(at, &task, *changes, None)).await?,
        BulkAction::Delete(body) => {
            delete(at, &task, body.release).await?;
        }
    }
    Ok(())
}

/// Turns an idea into work.
async fn specify(at: &OnBoard, task: TaskId, body: Specify) -> Result<(), Failure> {
    let specify = op::Decompose {
        task,
        title: body.title,
        body: body.body,
        assignee: body.assignee,
        children: Vec::new(),
        hold_children: false,
        planned: None,
        caller: at.caller(),
        roster: at.rules.roster.clone(),
        policy: at.rules.policy.clone(),
    };
    at.change(specify).await?;
    Ok(())
}

/// The refusal of a text that is no time.
pub(crate) fn not_a_time(text: &str) -> Refusal {
    Refusal::invalid("time", text, "it is RFC 3339, such as 2026-01-31T09:00:00Z")
}

fn object(metadata: Option<Value>) -> Value {
    metadata.unwrap_or(Value::Null)
}

async fn complete(at: &OnBoard, task: &TaskId, body: Complete) -> Result<(), Failure> {
    let mut metadata = object(body.metadata);
    let kept = store_artifacts(at, task, &mut metadata).await?;
    at.change(op::Complete {
        task: task.clone(),
        caller: at.caller(),
        result: body.result,
        summary: body.summary,
        metadata,
        created_cards: body.created_cards,
        kept,
        policy: at.rules.policy.clone(),
    })
    .await?;
    at.settle().await
}

/// Copies what is declared, to be recorded with the completion. Only somebody who has the run of the house names files
/// anywhere, and only a worker those of its workspace.
async fn store_artifacts(
    at: &OnBoard,
    task: &TaskId,
    metadata: &mut Value,
) -> Result<Vec<op::Attach>, Failure> {
    let paths = Handoff { summary: None, metadata: metadata.clone() }.artifacts();
    // The completion of another's task is refused: nothing is put there before.
    let foreign = matches!(&at.who.known, Known::Run { task: own, .. } if own != task);
    if paths.is_empty() || foreign {
        return Ok(Vec::new());
    }
    let shown = at.ask(Show { task: task.clone(), limit: 1 }).await?;
    let run = shown.task.state.current_run.clone();
    let worker = match &at.who.known {
        Known::Run { workspace, .. } => Some(workspace.as_deref()),
        Known::Token(_) => None,
    };
    let workspace = files::declared_from(at.board.folder(), &shown, worker);
    let reach = match &at.who.known {
        Known::Token(Scope::Admin | Scope::Session | Scope::Login) => Reach::Anywhere,
        Known::Token(Scope::Board(_) | Scope::Read) => Reach::Nowhere,
        Known::Run { .. } => Reach::Workspace,
    };
    let (board, task, caller) = (at.board.clone(), task.clone(), at.caller());
    let stored = at.api.blocking(move || {
        let (task, run, paths) = (&task, run.as_ref(), paths.as_slice());
        let (workspace, caller) = (workspace.as_path(), &caller);
        artifacts::store(&board, &files::Declared { task, run, paths, workspace, reach, caller })
    });
    let stored = stored.await?;
    files::note_not_kept(metadata, &stored.problems);
    Ok(stored.files)
}

async fn block(at: &OnBoard, task: &TaskId, body: andon_api::Block) -> Result<(), Failure> {
    let (task, caller, policy) = (task.clone(), at.caller(), at.rules.policy.clone());
    let usual = if at.by_worker() { BlockRequest::NeedsInput } else { BlockRequest::Operator };
    let kind = body.kind.unwrap_or(if body.on.is_some() { BlockRequest::Dependency } else { usual });
    if body.on.is_some() && kind != BlockRequest::Dependency {
        let rule = "only kind `dependency` names a parent to wait for";
        return Err(Refusal::invalid("on", &body.on.map(String::from).unwrap_or_default(), rule).into());
    }
    let kind: Option<BlockKind> = kind.kind();
    match kind {
        Some(kind) => {
            at.change(op::Block { task, caller, kind, reason: body.reason, policy }).await?;
        }
        None => {
            let reason = reason(Some(body.reason), "it waits for a parent");
            at.change(op::BlockOn { task, caller, on: body.on, reason, policy }).await?;
        }
    }
    Ok(())
}

/// Edits a task, and gives it to somebody where the changes say so.
pub(crate) async fn edit(
    at: &OnBoard,
    task: &TaskId,
    changes: TaskChanges,
    expected: Option<String>,
) -> Result<(), Failure> {
    let (caller, policy, roster) = (at.caller(), at.rules.policy.clone(), at.rules.roster.clone());
    let assign = changes.assignee.clone().map(|assignee| op::Assign {
        task: task.clone(),
        assignee,
        reclaim: None,
        caller: caller.clone(),
        roster: roster.clone(),
        policy: policy.clone(),
    });
    if let Some(Some(branch)) = &changes.branch {
        let refused = |error: &dyn std::fmt::Display| Refusal::invalid("branch", branch, error.to_string());
        validate_branch(branch).map_err(|error| refused(&error))?;
    }
    let changes = op::TaskChanges {
        title: changes.title,
        body: changes.body,
        priority: changes.priority,
        tenant: changes.tenant,
        reviewer: changes.reviewer,
        model: changes.model,
        skills: changes.skills,
        requires: changes.requires,
        max_runtime: changes.max_runtime,
        max_retries: changes.max_retries,
        workspace: changes.workspace.map(|workspace| (workspace.kind, workspace.path)),
        branch: changes.branch,
        goal_mode: changes.goal_mode,
        goal_max_turns: changes.goal_max_turns,
        result: changes.result,
        summary: changes.summary,
        metadata: changes.metadata,
    };
    check_limits(
        changes.max_runtime.flatten(),
        changes.max_retries.flatten(),
        changes.goal_max_turns.flatten(),
    )?;
    if changes.metadata.as_ref().is_some_and(|metadata| !metadata.is_object()) {
        return Err(Refusal::invalid("metadata", "", "it must be a JSON object").into());
    }
    let edit = (changes != op::TaskChanges::default()).then(|| op::Edit {
        task: task.clone(),
        changes,
        caller,
        roster,
        policy,
    });
    if assign.is_none() && edit.is_none() && expected.is_none() {
        return Ok(());
    }
    let patch = Patch { task: task.clone(), expected, changes: Both(assign, edit) };
    if Box::pin(at.change(patch)).await? {
        return Ok(());
    }
    let hint = "read it again, and send its new ETag as If-Match";
    Err(Failure::new("changed", format!("task {task} has changed since it was read"), Some(hint)))
}

/// Numbers that the database would not take.
pub(crate) fn check_limits(
    max_runtime: Option<i64>,
    max_retries: Option<u32>,
    goal_max_turns: Option<i64>,
) -> Result<(), Refusal> {
    if let Some(number) = max_runtime.filter(|number| *number < 0) {
        return Err(Refusal::invalid("max_runtime", &number.to_string(), "it is 0 or more milliseconds"));
    }
    if max_retries == Some(0) {
        return Err(Refusal::invalid("max_retries", "0", "it is at least 1"));
    }
    if let Some(number) = goal_max_turns.filter(|number| *number < 1) {
        return Err(Refusal::invalid("goal_max_turns", &number.to_string(), "it is at least 1"));
    }
    Ok(())
}

/// Deletes a task with all that belongs to it; gives what of its files stays, in words.
pub(crate) async fn delete(
    at: &OnBoard,
    task: &TaskId,
    release: Option<bool>,
) -> Result<Vec<String>, Failure> {
    let shown = at.ask(Show { task: task.clone(), limit: 1 }).await?;
    let worked_in = shown.runs.iter().rev().find_map(|run| run.workspace_path.clone());
    let deleted = at
        .change(op::Delete {
            task: task.clone(),
            release,
            only_archived: false,
            caller: at.caller(),
            policy: at.rules.policy.clone(),
        })
        .await?;
    at.settle().await?;
    let board = at.board.clone();
    at.api.blocking(move || remove_files(&board, &deleted, worked_in.as_deref())).await
}

/// Removes what a deleted task leaves on the disk, as far as that loses nothing that is not the task's.
fn remove_files(board: &andon_store::Board, deleted: &Deleted, worked_in: Option<&str>) -> Vec<String> {
    let mut kept = Vec::new();
    let task = &deleted.task.id;
    for attachment in &deleted.attachments {
        andon_store::files::remove(board.folder(), &attachment.path);
    }
    let folders =
        [board.folder().join("attachments").join(task.as_str()), paths::log_folder(board.folder(), task)];
    for folder in folders {
        match std::fs::remove_dir_all(&folder) {
            Err(error) if error.kind() != std::io::ErrorKind::NotFound => {
                kept.push(format!("{}: {error}", folder.display()));
            }
            Ok(()) | Err(_) => {}
        }
    }
    if let Some(target) = tidy::target(board, &deleted.task, worked_in) {
        match cleanup(&target) {
            Ok(Cleanup::Removed { .. } | Cleanup::Nothing) => {}
            Ok(Cleanup::Kept { reason }) => kept.push(format!("{} stays: {reason}", target.path.display())),
            Err(error) => kept.push(error.to_string()),
        }
    }
    kept
}
