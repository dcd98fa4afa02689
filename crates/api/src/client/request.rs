//! Requests with one answer.

use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use andon_core::{BoardSlug, TaskId};
use bytes::Bytes;
use http_body_util::{BodyExt as _, Full, Limited};
use hyper::body::Incoming;
use hyper::header::{ACCEPT, AUTHORIZATION, CONTENT_TYPE, HOST, HeaderValue, USER_AGENT};
use hyper::{Method, Request, Response, StatusCode};
use serde::Serialize;
use serde::de::DeserializeOwned;
use tokio::io::{AsyncRead, AsyncWrite};

use super::connection::{self, Sender};
use super::endpoint::Endpoint;
use super::error::ClientError;
use crate::{Boards, Me, NewComment, NewTask, Problem, Shown, Task, Tasks};

/// How long a whole answer may take.
const ANSWER: Duration = Duration::from_secs(120);
/// Most bytes of an answer in JSON.
const LARGEST: usize = 256 << 20;
/// How long a connection that is kept may take to be free.
const FREE: Duration = Duration::from_millis(5);
/// Connections that are kept for the next request.
const KEPT: usize = 4;

/// A client of one server. Cheap to clone; clones share their connections.
#[derive(Clone, Debug)]
pub struct Client {
    inner: Arc<Inner>,
}

#[derive(Debug)]
struct Inner {
    endpoint: Endpoint,
    token: Option<Secret>,
    roots: Option<PathBuf>,
    idle: Mutex<Vec<Sender>>,
}

/// What is never shown.
struct Secret(HeaderValue);

impl std::fmt::Debug for Secret {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Secret")
    }
}

impl Client {
    /// A client; nothing is connected yet. `token` is a token of the API, or `<run>.<secret>` of a worker; `roots` is a
    /// file of certificates that an encrypted connection trusts, in place of the system's.
    ///
    /// # Errors
    /// A token that cannot be part of a request.
    pub fn new(endpoint: Endpoint, token: Option<&str>, roots: Option<&Path>) -> Result<Self, ClientError> {
        let secret = |token: &str| {
            let value = HeaderValue::from_str(&format!("Bearer {}", token.trim()));
            let mut value = value.map_err(|_| ClientError::Url {
                url: endpoint.to_string(),
                reason: "the token for it is no text on one line".to_owned(),
            })?;
            value.set_sensitive(true);
            Ok(Secret(value))
        };
        let token = token.map(secret).transpose()?;
        let inner = Inner { endpoint, token, roots: roots.map(Path::to_owned), idle: Mutex::default() };
        Ok(Self { inner: Arc::new(inner) })
    }

    /// A client whose first requests go over a stream that stands already.
    ///
    /// # Errors
    /// Where HTTP cannot be spoken over it.
    pub async fn over<S>(endpoint: Endpoint, stream: S) -> Result<Self, ClientError>
    where
        S: AsyncRead + AsyncWrite + Unpin + Send + 'static,
    {
        let opened = connection::over(stream).await;
        let sender =
            opened.map_err(|reason| ClientError::Unreachable { to: endpoint.to_string(), reason })?;
        let client = Self::new(endpoint, None, None)?;
        client.keep(sender);
        Ok(client)
    }

    /// Where its server is.
    #[must_use]
    pub fn endpoint(&self) -> &Endpoint {
        &self.inner.endpoint
    }

    /// Asks for what is at `path` (`/api/v1/…`).
    ///
    /// # Errors
    /// As [`ClientError`] says.
    pub async fn get<T: DeserializeOwned>(&self, path: &str) -> Result<T, ClientError> {
        self.json(self.ask(Method::GET, path, None, &[]).await?).await
    }

    /// Sends a body with a method; gives the answer. `key` makes a repetition of a `POST` safe: the server answers it from
    /// memory.
    ///
    /// # Errors
    /// As [`ClientError`] says.
    pub async fn send<B: Serialize + Sync, T: DeserializeOwned>(
        &self,
        method: Method,
        path: &str,
        body: &B,
        key: Option<&str>,
    ) -> Result<T, ClientError> {
        let headers: Vec<(&str, &str)> = key.map(|key| ("idempotency-key", key)).into_iter().collect();
        let body = self.encode(body)?;
        self.json(self.ask(method, path, Some(body), &headers).await?).await
    }

    /// Sends a request without a body, whose answer says nothing.
    ///
    /// # Errors
    /// As [`ClientError`] says.
    pub async fn tell(&self, method: Method, path: &str) -> Result<(), ClientError> {
        self.ask(method, path, None, &[]).await.map(drop)
    }

    /// Who the server takes this client for.
    ///
    /// # Errors
    /// As [`ClientError`] says.
    pub async fn me(&self) -> Result<Me, ClientError> {
        self.get("/api/v1/me").await
    }

    /// The boards that are open to it.
    ///
    /// # Errors
    /// As [`ClientError`] says.
    pub async fn boards(&self) -> Result<Boards, ClientError> {
        self.get("/api/v1/boards").await
    }

    /// A page of tasks; `query` is what follows the question mark, empty for all.
    ///
    /// # Errors
    /// As [`ClientError`] says.
    pub async fn tasks(&self, board: &BoardSlug, query: &str) -> Result<Tasks, ClientError> {
        self.get(&format!("/api/v1/boards/{board}/tasks?{query}")).await
    }

    /// A task with all that belongs to it.
    ///
    /// # Errors
    /// As [`ClientError`] says.
    pub async fn task(&self, board: &BoardSlug, task: &TaskId) -> Result<Shown, ClientError> {
        self.get(&format!("/api/v1/boards/{board}/tasks/{task}")).await
    }

    /// Creates a task; with a key, creating it again gives the same one.
    ///
    /// # Errors
    /// As [`ClientError`] says.
    pub async fn create_task(
        &self,
        board: &BoardSlug,
        task: &NewTask,
        key: Option<&str>,
    ) -> Result<Task, ClientError> {
        self.send(Method::POST, &format!("/api/v1/boards/{board}/tasks"), task, key).await
    }

    /// Does something to a task: `verb` is the last part of its route (`complete`, `request-review`, …), `body` what the
    /// verb is told.
    ///
    /// # Errors
    /// As [`ClientError`] says.
    pub async fn act<B: Serialize + Sync>(
        &self,
        board: &BoardSlug,
        task: &TaskId,
        verb: &str,
        body: &B,
    ) -> Result<Task, ClientError> {
        self.send(Method::POST, &format!("/api/v1/boards/{board}/tasks/{task}/{verb}"), body, None).await
    }

    /// Comments on a task.
    ///
    /// # Errors
    /// As [`ClientError`] says.
    pub async fn comment(
        &self,
        board: &BoardSlug,
        task: &TaskId,
        text: &NewComment,
    ) -> Result<crate::Comment, ClientError> {
        self.send(Method::POST, &format!("/api/v1/boards/{board}/tasks/{task}/comments"), text, None).await
    }

    pub(super) fn encode<B: Serialize>(&self, body: &B) -> Result<Bytes, ClientError> {
        serde_json::to_vec(body).map(Bytes::from).map_err(|error| self.foreign(error.to_string()))
    }

    pub(super) fn foreign(&self, reason: impl Into<String>) -> ClientError {
        ClientError::Foreign { to: self.inner.endpoint.to_string(), reason: reason.into() }
    }

    pub(super) fn lost(&self, reason: impl Into<String>) -> ClientError {
        ClientError::Lost { to: self.inner.endpoint.to_string(), reason: reason.into() }
    }

    async fn json<T: DeserializeOwned>(&self, response: Response<Incoming>) -> Result<T, ClientError> {
        let bytes = self.whole(response).await?;
        serde_json::from_slice(&bytes).map_err(|error| self.foreign(error.to_string()))
    }

    async fn whole(&self, response: Response<Incoming>) -> Result<Bytes, ClientError> {
        let read = Limited::new(response.into_body(), LARGEST).collect();
        match tokio::time::timeout(ANSWER, read).await {
            Ok(Ok(body)) => Ok(body.to_bytes()),
            Ok(Err(error)) => Err(self.lost(error.to_string())),
            Err(_) => Err(self.lost(format!("no answer within {} s", ANSWER.as_secs()))),
        }
    }

    /// Sends a request; gives the answer once its head is there, if it is a good one.
    pub(super) async fn ask(
        &self,
        method: Method,
        path: &str,
        body: Option<Bytes>,
        headers: &[(&str, &str)],
    ) -> Result<Response<Incoming>, ClientError> {
        let response = match tokio::time::timeout(ANSWER, self.exchange(&method, path, body, headers)).await {
            Ok(response) => response?,
            Err(_) => return Err(self.lost(format!("no answer within {} s", ANSWER.as_secs()))),
        };
        if response.status().is_success() { Ok(response) } else { Err(self.refusal(response).await) }
    }

    async fn refusal(&self, response: Response<Incoming>) -> ClientError {
        let status = response.status();
        let bytes = match self.whole(response).await {
            Ok(bytes) => bytes,
            Err(error) => return error,
        };
        match serde_json::from_slice::<Problem>(&bytes) {
            Ok(problem) => ClientError::Refused(Box::new(problem)),
            // Something that stands before the server, or no server of ours.
            Err(_) => self.foreign(format!("status {status}")),
        }
    }

    /// Over a connection that is kept, else over a new one. One that the server had closed in between is no failure: what
    /// was not sent, or changes nothing, is sent again.
    async fn exchange(
        &self,
        method: &Method,
        path: &str,
        body: Option<Bytes>,
        headers: &[(&str, &str)],
    ) -> Result<Response<Incoming>, ClientError> {
        let mut kept = self.kept().await;
        loop {
            let fresh = kept.is_none();
            let mut sender = match kept.take() {
                Some(sender) => sender,
                None => connection::open(&self.inner.endpoint, self.inner.roots.as_deref()).await?,
            };
            let request = self.request(method, path, body.clone(), headers)?;
            match sender.try_send_request(request).await {
                Ok(response) => {
                    if response.status() != StatusCode::SWITCHING_PROTOCOLS {
                        self.keep(sender);
                    }
                    return Ok(response);
                }
                Err(mut error) => {
                    let unsent = error.take_message().is_some();
                    let reason = reason(error.error());
                    match (fresh, unsent || method.is_safe()) {
                        (false, true) => {}
                        (true, true) if unsent => {
                            return Err(ClientError::Unreachable {
                                to: self.inner.endpoint.to_string(),
                                reason,
                            });
                        }
                        (true | false, _) => return Err(self.lost(reason)),
                    }
                }
            }
        }
    }

    fn request(
        &self,
        method: &Method,
        path: &str,
        body: Option<Bytes>,
        headers: &[(&str, &str)],
    ) -> Result<Request<Full<Bytes>>, ClientError> {
        let endpoint = &self.inner.endpoint;
        let mut request = Request::builder()
            .method(method)
            .uri(endpoint.target(path))
            .header(HOST, endpoint.authority())
            .header(USER_AGENT, concat!("andon/", env!("CARGO_PKG_VERSION")))
            .header(ACCEPT, "*/*");
        if let Some(Secret(token)) = &self.inner.token {
            request = request.header(AUTHORIZATION, token);
        }
        if body.is_some() {
            request = request.header(CONTENT_TYPE, "application/json");
        }
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        request.body(Full::new(body.unwrap_or_default())).map_err(|error| self.foreign(error.to_string()))
    }

    /// A connection that is kept and free. One whose last answer is still being read is left to that answer.
    async fn kept(&self) -> Option<Sender> {
        loop {
            let sender = self.inner.idle.lock().unwrap_or_else(PoisonError::into_inner).pop();
            let mut sender = sender?;
            if let Ok(Ok(())) = tokio::time::timeout(FREE, sender.ready()).await {
                return Some(sender);
            }
        }
    }

    fn keep(&self, sender: Sender) {
        let mut idle = self.inner.idle.lock().unwrap_or_else(PoisonError::into_inner);
        if idle.len() < KEPT {
            idle.push(sender);
        }
    }
}

/// An error with what caused it.
pub(super) fn reason(error: &dyn std::error::Error) -> String {
    let mut text = error.to_string();
    let mut cause = error.source();
    while let Some(error) = cause {
        text.push_str(&format!(": {error}"));
        cause = error.source();
    }
    text
}
