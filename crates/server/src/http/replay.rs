//! Answers that are given again: a request that is repeated with its `Idempotency-Key` is not done twice.

use std::collections::{HashMap, VecDeque};
use std::sync::{Mutex, PoisonError};

use axum::body::Body;
use axum::extract::{Request, State};
use axum::http::{HeaderMap, HeaderValue, Method, StatusCode, header};
use axum::middleware::Next;
use axum::response::{IntoResponse as _, Response};
use bytes::Bytes;
use http_body_util::BodyExt as _;
use sha2::{Digest as _, Sha256};
use tracing::Instrument as _;

use super::access::Who;
use super::body::whole;
use super::failure::Failure;
use super::state::Api;

/// Answers that are kept; the oldest go.
const KEPT: usize = 2_000;
/// Most bytes of an answer that is kept.
const LARGEST: usize = 1 << 20;
/// Most characters of a key.
const KEY: usize = 200;

/// Who asked what under which key.
type Name = (String, String, String);

#[derive(Clone, Debug)]
struct Given {
    sum: [u8; 32],
    /// None while it is worked on.
    answer: Option<(StatusCode, HeaderMap, Bytes)>,
}

/// The answers.
#[derive(Debug, Default)]
pub(crate) struct Replays {
    known: Mutex<(HashMap<Name, Given>, VecDeque<Name>)>,
}

/// The key of a request.
pub(crate) fn key(headers: &HeaderMap) -> Result<Option<String>, Failure> {
    let Some(value) = headers.get("idempotency-key") else { return Ok(None) };
    let text = value.to_str().map(str::trim).unwrap_or_default();
    if text.is_empty() || text.chars().count() > KEY {
        return Err(Failure::malformed(format!("an Idempotency-Key has 1 to {KEY} visible characters")));
    }
    Ok(Some(text.to_owned()))
}

/// Gives the answer of an earlier request with the same key; else has it worked on, and keeps the answer.
pub(crate) async fn replay(State(api): State<Api>, request: Request, next: Next) -> Response {
    // Files are streams, and a verb of the command line knows its calls again by itself.
    let path = request.uri().path();
    let other = path.ends_with("/attachments") || path == "/api/v1/verbs";
    if request.method() != Method::POST || other {
        return next.run(request).await;
    }
    match once(&api, request, next).await {
        Ok(response) => response,
        Err(failure) => failure.into_response(),
    }
}

async fn once(api: &Api, request: Request, next: Next) -> Result<Response, Failure> {
    let Some(key) = key(request.headers())? else { return Ok(next.run(request).await) };
    let caller = request.extensions().get::<Who>().map(|who| who.id.clone()).unwrap_or_default();
    let name: Name = (caller, request.uri().to_string(), key);
    let (parts, body) = request.into_parts();
    let bytes = whole(Request::new(body), api.limits.body).await?;
    let sum: [u8; 32] = Sha256::digest(&bytes).into();
    if let Some(known) = api.replays.begin(&name, sum) {
        return known;
    }
    // What was begun is done, whether its client waits for it or not: the answer is kept for when it asks again.
    let unfinished = Unfinished { api: api.clone(), name, kept: false };
    let request = Request::from_parts(parts, Body::from(bytes));
    let begun = tokio::spawn(finish(unfinished, next, request).in_current_span());
    begun.await.map_err(|error| Failure::internal(&error))?
}

async fn finish(mut unfinished: Unfinished, next: Next, request: Request) -> Result<Response, Failure> {
    let response = next.run(request).await;
    let (parts, body) = response.into_parts();
    let bytes = body.collect().await.map_err(|error| Failure::internal(&error))?.to_bytes();
    // A failure of ours, or of the moment, may go better the next time.
    let passing = parts.status.is_server_error() || parts.status == StatusCode::TOO_MANY_REQUESTS;
    if !passing && bytes.len() <= LARGEST {
        unfinished.kept = true;
        let answer = (parts.status, parts.headers.clone(), bytes.clone());
        unfinished.api.replays.keep(&unfinished.name, answer);
    }
    Ok(Response::from_parts(parts, Body::from(bytes)))
}

/// A request that failed or broke off is as if it had never been: whoever repeats it is not told to wait for ever.
struct Unfinished {
    api: Api,
    name: Name,
    kept: bool,
}

impl Drop for Unfinished {
    fn drop(&mut self) {
        if self.kept {
            return;
        }
        let mut known = self.api.replays.known.lock().unwrap_or_else(PoisonError::into_inner);
        known.0.remove(&self.name);
    }
}

impl Replays {
    /// What is known of a request; none where it is the first, which is marked as begun.
    fn begin(&self, name: &Name, sum: [u8; 32]) -> Option<Result<Response, Failure>> {
        let mut known = self.known.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(given) = known.0.get(name) {
            return Some(given.again(sum));
        }
        known.0.insert(name.clone(), Given { sum, answer: None });
        known.1.push_back(name.clone());
        while known.1.len() > KEPT {
            if let Some(oldest) = known.1.pop_front() {
                known.0.remove(&oldest);
            }
        }
        None
    }

    fn keep(&self, name: &Name, answer: (StatusCode, HeaderMap, Bytes)) {
        let mut known = self.known.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(given) = known.0.get_mut(name) {
            given.answer = Some(answer);
        }
    }
}

impl Given {
    fn again(&self, sum: [u8; 32]) -> Result<Response, Failure> {
        if self.sum != sum {
            let detail = "this Idempotency-Key was used for another request";
            return Err(Failure::new("idempotency_reused", detail, Some("use a new key for each request")));
        }
        let Some((status, headers, bytes)) = self.answer.clone() else {
            let detail = "the first request with this Idempotency-Key is still worked on";
            return Err(Failure::new("idempotency_in_flight", detail, Some("ask again")));
        };
        let mut response = (status, bytes).into_response();
        *response.headers_mut() = headers;
        response.headers_mut().remove(header::CONTENT_LENGTH);
        response.headers_mut().insert("idempotency-replayed", HeaderValue::from_static("true"));
        Ok(response)
    }
}
