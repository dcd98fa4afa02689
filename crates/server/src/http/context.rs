//! Where a request acts: on a board, or on a task of it, under whose name and by which rules.

use std::sync::Arc;

use andon_api::Task;
use andon_core::TaskId;
use andon_store::query::LinkedTask;
use andon_store::{Board, Caller, Operation};
use axum::extract::FromRequestParts;
use axum::http::request::Parts;
use axum::http::{HeaderMap, HeaderValue, StatusCode, header};
use axum::response::{IntoResponse as _, Response};
use serde::Serialize;
use sha2::{Digest as _, Sha256};

use super::access::{Known, Who};
use super::body::Named;
use super::failure::Failure;
use super::state::{Api, Rules};
use crate::shape;

/// A request on a board.
#[derive(Debug)]
pub(crate) struct OnBoard {
    /// What all requests share.
    pub(crate) api: Api,
    /// The board.
    pub(crate) board: Board,
    /// What holds on it.
    pub(crate) rules: Arc<Rules>,
    /// Who calls.
    pub(crate) who: Who,
    /// What the address names.
    pub(crate) named: Named,
}

impl FromRequestParts<Api> for OnBoard {
    type Rejection = Failure;

    async fn from_request_parts(parts: &mut Parts, api: &Api) -> Result<Self, Failure> {
        let who = caller(parts)?;
        let named = Named::of(parts).await?;
        let slug = named.board()?;
        let create = !parts.method.is_safe();
        let (asked, wanted) = (api.clone(), slug.clone());
        let board = if api.home.database_url().is_some() {
            // The server is asked whether it is there.
            api.blocking(move || asked.board(&wanted, create)).await??
        } else {
            api.board(&slug, create)?
        };
        Ok(Self { api: api.clone(), board, rules: api.rules(&slug)?, who, named })
    }
}

/// Who calls, as the table of access has found out.
pub(crate) fn caller(parts: &Parts) -> Result<Who, Failure> {
    let known = parts.extensions.get::<Who>().cloned();
    known.ok_or_else(|| Failure::new("unauthenticated", "who calls is not known", None))
}

impl FromRequestParts<Api> for Who {
    type Rejection = Failure;

    async fn from_request_parts(parts: &mut Parts, _: &Api) -> Result<Self, Failure> {
        caller(parts)
    }
}

impl OnBoard {
    /// A request on a board that its address does not name.
    pub(crate) fn of(api: Api, board: Board, rules: Arc<Rules>, who: Who) -> Self {
        Self { api, board, rules, who, named: Named::default() }
    }

    /// The caller, as the store knows it, with the rights of its profile.
    pub(crate) fn caller(&self) -> Caller {
        self.who.caller().with_rights(&self.rules.roster)
    }

    /// Whether a worker calls.
    pub(crate) const fn by_worker(&self) -> bool {
        matches!(self.who.known, Known::Run { .. })
    }

    /// Asks the board.
    pub(crate) async fn ask<O: Operation>(&self, question: O) -> Result<O::Reply, Failure> {
        self.api.ask(&self.board, question).await
    }

    /// Changes the board.
    pub(crate) async fn change<O: Operation>(&self, change: O) -> Result<O::Reply, Failure> {
        self.api.change(&self.board, change).await
    }

    /// Tells children that one operation could not tell in its own transaction.
    pub(crate) async fn settle(&self) -> Result<(), Failure> {
        Ok(self.board.settle_queued(&self.rules.policy).await?)
    }

    /// A task with its links, as it is now.
    pub(crate) async fn task(&self, task: &TaskId) -> Result<Task, Failure> {
        let (task, parents, children) = self.ask(LinkedTask { task: task.clone() }).await?;
        Ok(shape::task(&task, &parents, &children))
    }
}

/// A request on a task.
#[derive(Debug)]
pub(crate) struct OnTask {
    /// On which board.
    pub(crate) on: OnBoard,
    /// Which task.
    pub(crate) task: TaskId,
}

impl FromRequestParts<Api> for OnTask {
    type Rejection = Failure;

    async fn from_request_parts(parts: &mut Parts, api: &Api) -> Result<Self, Failure> {
        let on = OnBoard::from_request_parts(parts, api).await?;
        let task = on.named.task()?;
        Ok(Self { on, task })
    }
}

impl OnTask {
    /// The task as it is now.
    pub(crate) async fn answer(&self) -> Result<Response, Failure> {
        Ok(of_task(StatusCode::OK, &self.on.task(&self.task).await?))
    }
}

/// A task with its tag.
pub(crate) fn of_task(status: StatusCode, task: &Task) -> Response {
    let mut response = (status, axum::Json(task)).into_response();
    if let Ok(tag) = HeaderValue::from_str(&tag(task)) {
        response.headers_mut().insert(header::ETAG, tag);
    }
    response
}

/// What tells one state of a task from another, for `ETag` and `If-Match`: its own fields, without its links.
pub(crate) fn tag(task: &Task) -> String {
    tag_of(&Task { parents: Vec::new(), children: Vec::new(), ..task.clone() })
}

/// Something of the home with its tag.
pub(crate) fn tagged(shown: &impl Serialize) -> Response {
    let mut response = axum::Json(shown).into_response();
    if let Ok(tag) = HeaderValue::from_str(&tag_of(shown)) {
        response.headers_mut().insert(header::ETAG, tag);
    }
    response
}

/// Whether a tag is among those of an `If-Match`.
pub(crate) fn matches(expected: &str, tag: &str) -> bool {
    expected == "*" || expected.split(',').any(|known| known.trim() == tag)
}

/// Refuses a change of what is not as its caller saw it.
pub(crate) fn unchanged(headers: &HeaderMap, now: &impl Serialize) -> Result<(), Failure> {
    let Some(expected) = headers.get(header::IF_MATCH) else { return Ok(()) };
    if expected.to_str().is_ok_and(|expected| matches(expected, &tag_of(now))) {
        return Ok(());
    }
    let hint = "read it again, and send its new ETag as If-Match";
    Err(Failure::new("changed", "it has changed since it was read", Some(hint)))
}

fn tag_of(shown: &impl Serialize) -> String {
    let text = serde_json::to_vec(shown).unwrap_or_default();
    let sum: String = Sha256::digest(&text).iter().take(8).map(|byte| format!("{byte:02x}")).collect();
    format!("\"{sum}\"")
}
