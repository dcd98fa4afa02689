//! Verbs of the command line, run by the server: the very verb that the command line has, so that it says and does the same
//! from everywhere.
//!
//! The route itself asks only that its caller is known. What a verb asks of it follows from the command line, and is
//! checked here before anything runs.

use std::sync::Arc;

use andon_api::{VerbCall, VerbFacts, VerbFrame};
use andon_core::task::Refusal;
use andon_store::crash;
use axum::body::Body;
use axum::extract::{ConnectInfo, Request, State};
use axum::http::{HeaderValue, header};
use axum::response::{IntoResponse as _, Response};

use super::super::access::{Known, Who};
use super::super::body::{Answer, whole};
use super::super::events;
use super::super::failure::Failure;
use super::super::listen::Peer;
use super::super::state::{Api, Counters};
use super::super::tokens::Scope;
use super::Problems;
use super::verb_call::{Call, listen};
use super::verb_port::{Audience as _, Verb, VerbCaller, Verbs};

/// Most bytes of a call: an attachment of the largest size, as text, and some words.
const LARGEST: usize = 40 << 20;
/// The id of a caller that is known by its connection.
const ITSELF: &str = "itself";

/// The server's own user over the home's own socket, who needs no token for its own verbs: what it could do with one it
/// could do without the server as well.
pub(crate) fn itself(request: &Request, path: &str) -> Option<Who> {
    let own = matches!(request.extensions().get(), Some(ConnectInfo(Peer::Local { own: true })));
    let verbs = path == "/api/v1/verbs" && !request.headers().contains_key(header::AUTHORIZATION);
    let known = Known::Token(Scope::Admin);
    (own && verbs).then(|| Who { name: String::new(), id: ITSELF.to_owned(), known, browser: false })
}

fn port(api: &Api) -> Result<Arc<dyn Verbs>, Failure> {
    let detail = "this server runs no verbs";
    api.verbs
        .port
        .clone()
        .ok_or_else(|| Failure::new("verb_elsewhere", detail, Some("run it where the board is")))
}

/// What the server is: its version, and a name by which it is known again. Its own user, over the home's own socket, is
/// also told which program it runs and under which settings.
#[utoipa::path(get, path = "/verbs", tag = "verbs",
    responses((status = 200, body = VerbFacts, description = "The server"), Problems))]
pub(crate) async fn facts(State(api): State<Api>, who: Who) -> Result<Answer<VerbFacts>, Failure> {
    let port = port(&api)?;
    let (program, variables) = if who.id == ITSELF { port.facts() } else { Default::default() };
    let version = env!("CARGO_PKG_VERSION").to_owned();
    Ok(Answer(VerbFacts { version, instance: api.verbs.calls.instance.clone(), program, variables }))
}

/// Run a verb of the command line, and hear what it says: one `VerbFrame` a line. It acts under the name of the caller's
/// token, and may what the token may.
#[utoipa::path(post, path = "/verbs", tag = "verbs", request_body = VerbCall,
    responses((status = 200, body = VerbFrame, content_type = "application/x-ndjson",
        description = "What it says, one frame a line; the last one is `exit`"), Problems))]
pub(crate) async fn run(State(api): State<Api>, who: Who, request: Request) -> Result<Response, Failure> {
    let port = port(&api)?;
    let call = read(&api, request).await?;
    let (caller, itself) = caller(&who);
    let operation = call.operation.clone();
    // Reading a command line takes its time, and may look at the database for the board that is meant.
    Counters::add(&api.verbs.ran, 1);
    let verb = api.blocking(move || port.read(call, &caller)).await?.map_err(Failure)?;
    if !itself && !who.known.may(verb.access(), Some(verb.board().as_str())) {
        return Err(forbidden(&who, verb.as_ref()));
    }
    if verb.follows() {
        let place = events::place(&api)?;
        let call = Arc::new(Call::passing());
        start(verb, Arc::clone(&call), None)?;
        return Ok(answer(Body::from_stream(listen(api, call, Some(who), Some(place)))));
    }
    let name = operation.map(|operation| (format!("{}/{}", who.id, who.name), operation));
    let (call, new) = match &name {
        Some(name) => api.verbs.calls.begin(name.clone()),
        None => (Arc::new(Call::passing()), true),
    };
    if new {
        let slot = Arc::clone(&api.verbs.slots).acquire_owned().await;
        let started = slot
            .map_err(|error| Failure::internal(&error))
            .and_then(|slot| start(verb, Arc::clone(&call), Some(slot)));
        if let (Err(_), Some(name)) = (&started, &name) {
            api.verbs.calls.forget(name);
        }
        started?;
    }
    Ok(answer(Body::from_stream(listen(api, call, None, None))))
}

async fn read(api: &Api, request: Request) -> Result<VerbCall, Failure> {
    let kind = request.headers().get(header::CONTENT_TYPE).and_then(|kind| kind.to_str().ok());
    if !kind.is_some_and(|kind| kind.trim().to_ascii_lowercase().starts_with("application/json")) {
        let hint = Some("say `Content-Type: application/json`");
        return Err(Failure::new("unsupported_media_type", "the body must be JSON", hint));
    }
    let length = request.headers().get(header::CONTENT_LENGTH).and_then(|length| length.to_str().ok());
    let small =
        length.and_then(|length| length.parse::<usize>().ok()).is_some_and(|bytes| bytes <= api.limits.body);
    // Few large ones at once: each lies in memory as a whole.
    let _turn = if small { None } else { Some(api.verbs.large.acquire().await) };
    let bytes = whole(request, LARGEST).await?;
    let parse = move || serde_json::from_slice::<VerbCall>(&bytes);
    let parsed = if small { parse() } else { api.blocking(parse).await? };
    let call = parsed.map_err(|error| {
        let detail = format!("the body cannot be read: {error}");
        if error.is_data() {
            Failure::with_status(422, "malformed", detail)
        } else {
            Failure::malformed(detail)
        }
    })?;
    if call.operation.as_ref().is_some_and(|operation| operation.is_empty() || operation.len() > 100) {
        return Err(Refusal::invalid("operation", "", "it has 1 to 100 bytes").into());
    }
    if call.instance.as_ref().is_some_and(|instance| *instance != api.verbs.calls.instance) {
        let hint = Some("what that server did is on the board; ask this one anew");
        return Err(Failure::new("other_server", "this is another server than the one that is meant", hint));
    }
    Ok(call)
}

/// Who calls, and whether it is the server's own user.
fn caller(who: &Who) -> (VerbCaller, bool) {
    match &who.known {
        Known::Token(_) if who.id == ITSELF => (VerbCaller::Itself, true),
        Known::Token(_) => {
            (VerbCaller::Person { name: who.name.clone(), board: who.known.board().cloned() }, false)
        }
        Known::Run { board, run, token, task, profile, .. } => {
            let (board, run, token) = (board.clone(), run.clone(), token.clone());
            (VerbCaller::Worker { board, run, token, task: task.clone(), profile: profile.clone() }, false)
        }
    }
}

fn forbidden(who: &Who, verb: &dyn Verb) -> Failure {
    let detail = match &who.known {
        Known::Token(scope) => {
            format!("a token of scope {scope} does not open this verb on board {}", verb.board())
        }
        Known::Run { board, .. } => format!("the worker of a run on board {board} may not do this"),
    };
    Failure::new("forbidden", detail, None)
}

/// Runs a verb on a thread of its own: it may wait for the database, for files, and for whoever hears it.
fn start(
    verb: Box<dyn Verb>,
    call: Arc<Call>,
    slot: Option<tokio::sync::OwnedSemaphorePermit>,
) -> Result<(), Failure> {
    let thread = std::thread::Builder::new().name("verb".to_owned());
    let running = thread.spawn(move || {
        let mut end = End { call: &call, code: None };
        crash::point("verb_begun");
        end.code = Some(verb.run(Arc::clone(&call) as _));
        crash::point("verb_done");
        drop(end);
        drop(slot);
    });
    running.map(drop).map_err(|error| Failure::internal(&error))
}

/// Tells the end, however it comes.
struct End<'a> {
    call: &'a Call,
    code: Option<u8>,
}

impl Drop for End<'_> {
    fn drop(&mut self) {
        if self.code.is_none() {
            let text = "andon: the verb failed inside the server; its log says more".to_owned();
            self.call.tell(VerbFrame::Err { text });
        }
        self.call.end(self.code);
    }
}

fn answer(body: Body) -> Response {
    let mut response = body.into_response();
    let headers = response.headers_mut();
    headers.insert(header::CONTENT_TYPE, HeaderValue::from_static("application/x-ndjson"));
    headers.insert("x-accel-buffering", HeaderValue::from_static("no"));
    response
}
