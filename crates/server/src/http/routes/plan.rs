//! Ideas that become work, work that is taken by hand, and the slow look for forgotten tasks.

use andon_api::{Claim, ClaimNext, Claimed, ClaimedRun, Decompose, Decomposed, Recomputed, Specify, Task};
use andon_core::task::Refusal;
use andon_core::{ProfileName, TaskId};
use andon_engine::{tidy, workspace};
use andon_store::operation as op;
use axum::http::StatusCode;
use axum::response::{IntoResponse as _, Response};

use super::super::body::{Answer, Body};
use super::super::context::{OnBoard, OnTask};
use super::super::failure::Failure;
use super::super::limits::IDS;
use super::super::work::act;
use super::Problems;

/// The shortest and the longest claim, milliseconds.
const CLAIM: std::ops::RangeInclusive<i64> = 1_000..=31_536_000_000;

/// Turn an idea into work, with a better title, specification or assignee.
#[utoipa::path(post, path = "/boards/{board}/tasks/{task}/specify", tag = "verbs", request_body = Specify,
    params(("board" = String, Path, description = "The board"), ("task" = String, Path, description = "The idea")),
    responses((status = 200, body = Task, description = "The task afterwards"), Problems))]
pub(crate) async fn specify(at: OnTask, Body(body): Body<Specify>) -> Result<Response, Failure> {
    act(&at.on, &at.task, andon_api::BulkAction::Specify(body)).await?;
    at.answer().await
}

/// Split an idea into tasks that it then waits for: all of them, or none.
#[utoipa::path(post, path = "/boards/{board}/tasks/{task}/decompose", tag = "verbs", request_body = Decompose,
    params(("board" = String, Path, description = "The board"), ("task" = String, Path, description = "The idea")),
    responses((status = 200, body = Decomposed, description = "The task and its parts"), Problems))]
pub(crate) async fn decompose(
    at: OnTask,
    Body(plan): Body<Decompose>,
) -> Result<Answer<Decomposed>, Failure> {
    if plan.children.is_empty() || plan.children.len() > IDS {
        return Err(Refusal::BadPlan(format!("a plan has 1 to {IDS} children")).into());
    }
    let children = plan.children.into_iter().map(|child| op::Child {
        title: child.title,
        body: child.body,
        assignee: child.assignee,
        parents: child.parents,
    });
    let decompose = op::Decompose {
        task: at.task.clone(),
        title: plan.title,
        body: plan.body,
        assignee: plan.assignee,
        children: children.collect(),
        hold_children: plan.hold,
        planned: None,
        caller: at.on.caller(),
        roster: at.on.rules.roster.clone(),
        policy: at.on.rules.policy.clone(),
    };
    let (_, child_ids) = at.on.change(decompose).await?;
    Ok(Answer(Decomposed { task: at.on.task(&at.task).await?, child_ids }))
}

/// Take a task by hand. The answer has the secret of its run, and is given once.
#[utoipa::path(post, path = "/boards/{board}/tasks/{task}/claim", tag = "verbs", request_body = Claim,
    params(("board" = String, Path, description = "The board"), ("task" = String, Path, description = "The task")),
    responses((status = 201, body = Claimed, description = "A run of the caller's own"), Problems))]
pub(crate) async fn claim(at: OnTask, Body(body): Body<Claim>) -> Result<Response, Failure> {
    take(&at.on, Some(at.task.clone()), None, body.ttl, body.force).await
}

/// Take the next task of a profile by hand.
#[utoipa::path(post, path = "/boards/{board}/claim", tag = "verbs", request_body = ClaimNext,
    params(("board" = String, Path, description = "The board")),
    responses((status = 201, body = Claimed, description = "A run of the caller's own"), Problems))]
pub(crate) async fn claim_next(at: OnBoard, Body(body): Body<ClaimNext>) -> Result<Response, Failure> {
    at.rules.roster.get(&body.profile)?;
    take(&at, None, Some(body.profile), body.ttl, body.force).await
}

async fn take(
    at: &OnBoard,
    task: Option<TaskId>,
    profile: Option<ProfileName>,
    ttl: Option<i64>,
    force: bool,
) -> Result<Response, Failure> {
    let policy = at.rules.policy.clone();
    let ttl = ttl.unwrap_or(policy.claim_ttl);
    if !CLAIM.contains(&ttl) {
        return Err(
            Refusal::invalid("ttl", &ttl.to_string(), "it is a second to a year, in milliseconds").into()
        );
    }
    let caller = at.caller();
    let claimed = at.change(op::ClaimByHand { task, profile, ttl, force, caller, policy }).await?;
    let workspace = prepare(at, &claimed).await?;
    let run = ClaimedRun {
        id: claimed.run.id.clone(),
        token: claimed.token,
        expires_at: claimed.expires_at.into(),
    };
    let taken = Claimed { task: at.task(&claimed.task.id).await?, run, workspace };
    Ok((StatusCode::CREATED, axum::Json(taken)).into_response())
}

/// Makes the directory to work in. The claim stands where that fails.
async fn prepare(at: &OnBoard, claimed: &op::Claimed) -> Result<Option<String>, Failure> {
    let workdir = at.rules.file.default_workdir.as_deref();
    let request = tidy::request(&claimed.task, &claimed.run.id, at.board.folder(), workdir);
    match at.api.blocking(move || workspace::prepare(&request)).await? {
        Ok(prepared) => Ok(Some(prepared.path.to_string_lossy().into_owned())),
        Err(error) => {
            tracing::warn!(task = %claimed.task.id, %error, "a claim stands, but it has no workspace");
            Ok(None)
        }
    }
}

/// Look for tasks that wait though nothing holds them. What is found goes on, and is a defect worth reporting.
#[utoipa::path(post, path = "/boards/{board}/recompute", tag = "cord", params(("board" = String, Path)),
    responses((status = 200, body = Recomputed, description = "What was found"), Problems))]
pub(crate) async fn recompute(at: OnBoard) -> Result<Answer<Recomputed>, Failure> {
    at.settle().await?;
    let promoted = at.board.sweep(&at.rules.policy).await?;
    let defects = u32::try_from(promoted.len()).unwrap_or(u32::MAX);
    Ok(Answer(Recomputed { promoted, defects }))
}
