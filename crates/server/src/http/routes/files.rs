//! The files of a task.

use andon_api::{Attachment, Attachments};
use andon_core::task::Refusal;
use andon_store::files;
use andon_store::query::Show;
use andon_store::sql;
use axum::extract::Request;
use axum::http::{HeaderMap, StatusCode};
use axum::response::{IntoResponse as _, Response};
use serde::Deserialize;
use utoipa::IntoParams;

use super::super::attachments::{self, Sent, shown_in_place};
use super::super::body::{Answer, Asked};
use super::super::context::OnTask;
use super::super::failure::Failure;
use super::Problems;
use crate::shape;

/// The files of a task.
#[utoipa::path(get, path = "/boards/{board}/tasks/{task}/attachments", tag = "files",
    params(("board" = String, Path), ("task" = String, Path)),
    responses((status = 200, body = Attachments, description = "Oldest first"), Problems))]
pub(crate) async fn list(at: OnTask) -> Result<Answer<Attachments>, Failure> {
    let shown = at.on.ask(Show { task: at.task.clone(), limit: 1 }).await?;
    Ok(Answer(Attachments { attachments: shown.attachments.iter().map(shape::attachment).collect() }))
}

/// What a file is called.
#[derive(Debug, Default, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
#[serde(deny_unknown_fields)]
pub(crate) struct Called {
    /// Its name.
    #[serde(default)]
    #[param(required = true)]
    name: String,
}

/// Attach a file: the body is its content, of any type, at most 25 MiB.
#[utoipa::path(post, path = "/boards/{board}/tasks/{task}/attachments", tag = "files",
    params(("board" = String, Path), ("task" = String, Path), Called),
    request_body(content = String, content_type = "application/octet-stream"),
    responses((status = 201, body = Attachment, description = "The file"), Problems))]
pub(crate) async fn attach(
    at: OnTask,
    Asked(called): Asked<Called>,
    request: Request,
) -> Result<Response, Failure> {
    let made = attachments::receive(&at.on, &at.task, &called.name, request).await?;
    Ok((StatusCode::CREATED, axum::Json(shape::attachment(&made))).into_response())
}

/// How a file is wanted.
#[derive(Debug, Default, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
#[serde(deny_unknown_fields)]
pub(crate) struct How {
    /// To be kept, not shown in place.
    #[serde(default)]
    download: bool,
}

async fn found(at: &OnTask) -> Result<sql::attachments::Attachment, Failure> {
    let which = at.on.named.text("attachment");
    let shown = at.on.ask(Show { task: at.task.clone(), limit: 1 }).await?;
    let found = shown.attachments.into_iter().find(|file| file.id.to_string() == which);
    Ok(found.ok_or_else(|| Refusal::UnknownAttachment(which.chars().take(80).collect()))?)
}

/// A file, with ranges.
#[utoipa::path(get, path = "/boards/{board}/tasks/{task}/attachments/{attachment}", tag = "files",
    params(("board" = String, Path), ("task" = String, Path), ("attachment" = String, Path), How,
        ("Range" = Option<String>, Header)),
    responses((status = 200, body = String, content_type = "application/octet-stream", description = "The file"),
        (status = 206, body = String, content_type = "application/octet-stream", description = "A part of it"),
        (status = 304, description = "As it was"),
        (status = 416, body = andon_api::Problem, content_type = "application/problem+json", description = "No such part"),
        Problems))]
pub(crate) async fn get(at: OnTask, headers: HeaderMap, Asked(how): Asked<How>) -> Result<Response, Failure> {
    let file = found(&at).await?;
    let path = files::path_of(at.on.board.folder(), &file)?;
    let content_type = file.content_type.as_deref().unwrap_or("application/octet-stream");
    let in_place = !how.download && shown_in_place(content_type);
    let shown = match content_type {
        text if text.starts_with("text/") && in_place => format!("{text}; charset=utf-8"),
        other => other.to_owned(),
    };
    let sent = Sent {
        path,
        content_type: &shown,
        keep_as: (!in_place).then_some(file.name.as_str()),
        tag: Some(format!("\"{}\"", file.sha256)),
        from: 0,
    };
    attachments::send(&at.on.api, sent, &headers).await
}

/// Remove a file.
#[utoipa::path(delete, path = "/boards/{board}/tasks/{task}/attachments/{attachment}", tag = "files",
    params(("board" = String, Path), ("task" = String, Path), ("attachment" = String, Path)),
    responses((status = 204, description = "It is gone"), Problems))]
pub(crate) async fn detach(at: OnTask) -> Result<StatusCode, Failure> {
    let file = found(&at).await?;
    files::detach(&at.on.board, &at.task, &file.id.to_string(), &at.on.caller()).await?;
    Ok(StatusCode::NO_CONTENT)
}
