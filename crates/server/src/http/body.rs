//! Reading what a request brings: a JSON body within its limit, and the query; what is wrong with either is a problem.

use andon_core::{BoardSlug, RunId, TaskId};
use axum::extract::{FromRequest, FromRequestParts, Query, RawPathParams, Request};
use axum::http::request::Parts;
use axum::http::{StatusCode, header};
use axum::response::{IntoResponse, Response};
use bytes::Bytes;
use http_body_util::{BodyExt as _, Limited};
use serde::Serialize;
use serde::de::DeserializeOwned;

use super::failure::Failure;
use super::state::Api;

/// A JSON body.
#[derive(Debug)]
pub(crate) struct Body<T>(pub(crate) T);

impl<T: DeserializeOwned> FromRequest<Api> for Body<T> {
    type Rejection = Failure;

    async fn from_request(request: Request, api: &Api) -> Result<Self, Failure> {
        let kind = request.headers().get(header::CONTENT_TYPE).and_then(|kind| kind.to_str().ok());
        let json = kind.is_some_and(|kind| {
            let kind = kind.split(';').next().unwrap_or_default().trim();
            kind.eq_ignore_ascii_case("application/json")
        });
        let bytes = whole(request, api.limits.body).await?;
        // A verb without a word needs no body.
        let text: &[u8] = if bytes.is_empty() { b"{}" } else { &bytes };
        if !json && !bytes.is_empty() {
            let hint = Some("say `Content-Type: application/json`");
            return Err(Failure::new("unsupported_media_type", "the body must be JSON", hint));
        }
        serde_json::from_slice(text).map(Self).map_err(|error| {
            let detail = format!("the body cannot be read: {error}");
            match error.classify() {
                serde_json::error::Category::Data => Failure::with_status(422, "malformed", detail),
                serde_json::error::Category::Io
                | serde_json::error::Category::Syntax
                | serde_json::error::Category::Eof => Failure::malformed(detail),
            }
        })
    }
}

/// All of a body.
pub(crate) async fn whole(request: Request, limit: usize) -> Result<Bytes, Failure> {
    match Limited::new(request.into_body(), limit).collect().await {
        Ok(body) => Ok(body.to_bytes()),
        Err(error) if error.is::<http_body_util::LengthLimitError>() => {
            Err(Failure::new("body_too_large", format!("a request has at most {limit} bytes"), None))
        }
        Err(error) => Err(Failure::malformed(format!("the body cannot be read: {error}"))),
    }
}

/// The query.
#[derive(Debug)]
pub(crate) struct Asked<T>(pub(crate) T);

impl<T: DeserializeOwned> FromRequestParts<Api> for Asked<T> {
    type Rejection = Failure;

    async fn from_request_parts(parts: &mut Parts, _: &Api) -> Result<Self, Failure> {
        let read = Query::<T>::try_from_uri(&parts.uri);
        read.map(|query| Self(query.0)).map_err(|error| Failure::malformed(error.body_text()))
    }
}

/// The parts of an address that name something.
#[derive(Debug, Default)]
pub(crate) struct Named(Vec<(String, String)>);

impl Named {
    /// Reads them.
    pub(crate) async fn of(parts: &mut Parts) -> Result<Self, Failure> {
        let params = RawPathParams::from_request_parts(parts, &()).await;
        let params = params.map_err(|error| Failure::malformed(error.body_text()))?;
        Ok(Self(params.iter().map(|(name, value)| (name.to_owned(), value.to_owned())).collect()))
    }

    /// One of them.
    pub(crate) fn text(&self, name: &str) -> &str {
        self.0.iter().find(|(known, _)| known == name).map_or("", |(_, value)| value)
    }

    /// The board.
    pub(crate) fn board(&self) -> Result<BoardSlug, Failure> {
        Ok(self.text("board").parse::<BoardSlug>()?)
    }

    /// The task; a text that is no id is a task that is not there.
    pub(crate) fn task(&self) -> Result<TaskId, Failure> {
        task(self.text("task"))
    }

    /// The run.
    pub(crate) fn run(&self) -> Result<RunId, Failure> {
        let text = self.text("run");
        let unknown = |_| andon_core::task::Refusal::UnknownRun(text.chars().take(80).collect());
        Ok(text.parse::<RunId>().map_err(unknown)?)
    }
}

/// A task's id.
pub(crate) fn task(text: &str) -> Result<TaskId, Failure> {
    let unknown = |_| andon_core::task::Refusal::UnknownTask(text.chars().take(80).collect());
    Ok(text.parse::<TaskId>().map_err(unknown)?)
}

/// An answer in JSON.
pub(crate) struct Answer<T>(pub(crate) T);

impl<T: Serialize> IntoResponse for Answer<T> {
    fn into_response(self) -> Response {
        (StatusCode::OK, axum::Json(self.0)).into_response()
    }
}
