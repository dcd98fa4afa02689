//! The cord: pause and resume, over everything, a board, or a profile of it; and the wake-up of dispatchers.

use andon_api::{PauseAll, PauseBoard, Paused, ResumeBoard, Resumed};
use andon_core::task::Refusal;
use andon_core::{ProfileName, TaskId};
use andon_engine::control::wait_for_starts;
use andon_store::operation as op;
use andon_store::operation::Scope;
use andon_store::query::LiveRuns;
use andon_store::{Board, Caller, Ring};
use axum::extract::State;
use axum::http::StatusCode;
use futures::executor::block_on;

use super::super::access::{Known, Who};
use super::super::body::{Answer, Body};
use super::super::context::OnBoard;
use super::super::failure::Failure;
use super::super::state::Api;
use super::Problems;

/// Pulls the cord of one board; gives whether it was not pulled yet, and what was stopped.
async fn pull(
    api: &Api,
    board: &Board,
    caller: &Caller,
    scope: Scope,
    body: &PauseAll,
) -> Result<(bool, Vec<TaskId>), Failure> {
    let profile = match &scope {
        Scope::Profile(profile) => Some(profile.clone()),
        Scope::Everything | Scope::Board => None,
    };
    let reason = body.reason.clone().filter(|reason| !reason.trim().is_empty());
    let pause = op::Pause { scope, reason: reason.clone(), caller: caller.clone() };
    let new = api.change(board, pause).await?;
    let (waited, concerned) = (board.clone(), profile.clone());
    let wait =
        move || block_on(wait_for_starts(&waited, |of| concerned.is_none() || of == concerned.as_ref()));
    api.blocking(wait).await??;
    let mut stopped = Vec::new();
    if body.stop_running {
        let policy = api.rules(board.slug())?.policy.clone();
        for (run, _) in api.ask(board, LiveRuns).await? {
            if run.ended_at.is_some() || (profile.is_some() && run.profile != profile) {
                continue;
            }
            let reason = reason.clone().unwrap_or_else(|| "the cord was pulled".to_owned());
            let stop =
                op::Stop { task: run.task.clone(), caller: caller.clone(), reason, policy: policy.clone() };
            match board.run(stop).await {
                Ok(task) => stopped.push(task.id),
                // It ended by itself in between.
                Err(error) if error.refusal().is_some() => {}
                Err(error) => return Err(error.into()),
            }
        }
    }
    Ok((new, stopped))
}

fn words(scope: &Scope) -> String {
    match scope {
        Scope::Everything => "everything".to_owned(),
        Scope::Board => "board".to_owned(),
        Scope::Profile(profile) => format!("profile:{profile}"),
    }
}

fn scope(at: &OnBoard, profile: Option<ProfileName>) -> Result<Scope, Failure> {
    match profile {
        Some(profile) => {
            at.rules.roster.get(&profile)?;
            Ok(Scope::Profile(profile))
        }
        None => Ok(Scope::Board),
    }
}

/// A worker pulls the cord by right of its profile, and stops nobody else's run.
fn worker_may(at: &OnBoard, body: &PauseBoard) -> Result<(), Failure> {
    let Known::Run { profile, .. } = &at.who.known else { return Ok(()) };
    let actor = at.who.name.clone();
    let forbidden = |why| Refusal::Forbidden { actor: actor.clone(), verb: "pull the cord from", why };
    let facts = profile.as_ref().and_then(|profile| at.rules.roster.profiles.get(profile));
    if !facts.is_some_and(|facts| facts.may_pause) {
        return Err(forbidden("its profile does not say `may_pause = true`").into());
    }
    if body.stop_running {
        return Err(forbidden("only a person stops what runs").into());
    }
    Ok(())
}

/// Pull the cord over a board, or over one profile on it: nothing starts any more once this has answered.
#[utoipa::path(post, path = "/boards/{board}/pause", tag = "cord", request_body = PauseBoard,
    params(("board" = String, Path)),
    responses((status = 200, body = Paused, description = "Nothing starts"), Problems))]
pub(crate) async fn pause_board(
    at: OnBoard,
    Body(body): Body<PauseBoard>,
) -> Result<Answer<Paused>, Failure> {
    worker_may(&at, &body)?;
    let scope = scope(&at, body.profile)?;
    let paused = words(&scope);
    let how = PauseAll { reason: body.reason, stop_running: body.stop_running };
    let (new, stopped) = pull(&at.api, &at.board, &at.caller(), scope, &how).await?;
    Ok(Answer(Paused { paused, new, stopped }))
}

/// Let the cord of a board, or of one profile on it, go.
#[utoipa::path(post, path = "/boards/{board}/resume", tag = "cord", request_body = ResumeBoard,
    params(("board" = String, Path)),
    responses((status = 200, body = Resumed, description = "Work starts again"), Problems))]
pub(crate) async fn resume_board(
    at: OnBoard,
    Body(body): Body<ResumeBoard>,
) -> Result<Answer<Resumed>, Failure> {
    let scope = scope(&at, body.profile)?;
    let resumed = words(&scope);
    let was_paused = at.change(op::Resume { scope, caller: at.caller() }).await?;
    Ok(Answer(Resumed { resumed, was_paused }))
}

/// Pull the cord over every board.
#[utoipa::path(post, path = "/pause", tag = "cord", request_body = PauseAll,
    responses((status = 200, body = Paused, description = "Nothing starts"), Problems))]
pub(crate) async fn pause_all(
    State(api): State<Api>,
    who: Who,
    Body(body): Body<PauseAll>,
) -> Result<Answer<Paused>, Failure> {
    // The mark comes first: a board that is created in between inherits it.
    let marked = api.clone();
    api.blocking(move || marked.home.set_paused_everything(true)).await??;
    let (mut new, mut stopped) = (false, Vec::new());
    for board in boards(&api).await? {
        let (fresh, gone) = pull(&api, &board, &who.caller(), Scope::Everything, &body).await?;
        new |= fresh;
        stopped.extend(gone);
    }
    Ok(Answer(Paused { paused: words(&Scope::Everything), new, stopped }))
}

/// Let the cord over every board go.
#[utoipa::path(post, path = "/resume", tag = "cord",
    responses((status = 200, body = Resumed, description = "Work starts again"), Problems))]
pub(crate) async fn resume_all(State(api): State<Api>, who: Who) -> Result<Answer<Resumed>, Failure> {
    let mut was_paused = false;
    for board in boards(&api).await? {
        was_paused |=
            api.change(&board, op::Resume { scope: Scope::Everything, caller: who.caller() }).await?;
    }
    let marked = api.clone();
    api.blocking(move || marked.home.set_paused_everything(false)).await??;
    Ok(Answer(Resumed { resumed: words(&Scope::Everything), was_paused }))
}

/// Every board of the home that can be opened; one that cannot is left out, and nothing starts on it anyway.
pub(crate) async fn boards(api: &Api) -> Result<Vec<Board>, Failure> {
    let asked = api.clone();
    let open = move || {
        let slugs = asked.home.try_boards()?;
        Ok::<_, Failure>(slugs.iter().filter_map(|slug| asked.board(slug, false).ok()).collect())
    };
    api.blocking(open).await?
}

/// Wake every dispatcher of a board.
#[utoipa::path(post, path = "/boards/{board}/nudge", tag = "cord", params(("board" = String, Path)),
    responses((status = 204, description = "They look at once"), Problems))]
pub(crate) async fn nudge(at: OnBoard) -> Result<StatusCode, Failure> {
    let board = at.board.clone();
    at.api.blocking(move || board.doorbell().ring(&[Ring::Board])).await?;
    Ok(StatusCode::NO_CONTENT)
}
