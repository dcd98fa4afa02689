//! A model server that answers by a script: on loopback, without a key, the same answer each time.
//!
//! It speaks five ways, each streaming and at once, and records what it was asked:
//!
//! | `api` | of whom | where |
//! |---|---|---|
//! | `chat` | OpenAI's chat completions, and whoever is compatible | `POST /v1/chat/completions` |
//! | `responses` | OpenAI's Responses | `POST /v1/responses` |
//! | `anthropic` | Anthropic's messages | `POST /v1/messages` |
//! | `gemini` | Gemini | `POST /v1beta/models/<model>:generateContent`, `:streamGenerateContent` |
//! | `ollama` | Ollama's own | `POST /api/chat` |
//!
//! A script is JSON:
//!
//! ```json
//! { "conversations": [
//!   { "when": { "task": "t_0123abcd", "model": "m", "contains": "a text of the request", "api": "chat" },
//!     "turns": [
//!       { "calls": [ { "name": "kanban_show", "arguments": {} } ] },
//!       { "status": 429, "headers": { "retry-after": "1" } },
//!       { "say": "done with {{task}}", "usage": { "input": 10, "output": 2, "cached": 4 } }
//!     ],
//!     "then": "repeat" } ] }
//! ```
//!
//! The first conversation whose `when` fits answers (`contains` may be a list: all of them; `offers` names a tool that the
//! request has; what is left out always fits).
//! Each task has its own place in each conversation. Behind the last turn the last one is repeated (`"then": "repeat"`),
//! else the answer is a status 500 that says so.
//!
//! | key of a turn | what it does |
//! |---|---|
//! | `say`, `calls` | the answer: a text, calls of tools (`name`, `arguments`; `raw_arguments`: text that may be no JSON) |
//! | `usage` | tokens: `input`, `output`, `cached` |
//! | `pad` | so many further bytes of text |
//! | `delay_ms`, `pause_ms` | before the first byte; between two chunks |
//! | `status`, `headers`, `body` | an HTTP error, or another answer word for word |
//! | `malformed`, `truncate` | an answer that is no JSON; one that breaks off in the middle |
//! | `ends_early` | a stream that ends in good order before the answer does |
//! | `fails` | a stream that brings this error in the middle |
//! | `think` | a thought with a signature, where the API has such |
//! | `drop`, `hang` | no answer: the connection is closed; it stays open in silence |
//!
//! A tool is called by the name that the request offers: the script's `kanban_show` finds `mcp__andon__kanban_show`,
//! `andon_kanban_show` and the member of a name space, unless the call says `"exact": true`. In texts and arguments `{{task}}` is the task of the
//! request, and `{{result:<n>:<pointer>}}` a part of the n-th result of a tool in it (from 0; −1 is the last).

mod answer;
mod dialect;
pub(crate) mod http;
mod openai;
mod others;
mod script;

use std::collections::HashMap;
use std::io;
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::thread;
use std::time::Duration;

use serde_json::{Value, json};

use dialect::Dialect;
use http::Asked;
pub use script::{Call, Conversation, Script, Turn, Usage, When};

/// What the server was asked.
#[derive(Clone, Debug)]
pub struct Recorded {
    /// `chat`, `responses`, `anthropic`, `gemini` or `ollama`.
    pub api: &'static str,
    /// Whether a stream was asked for.
    pub streams: bool,
    /// The task that the request is about, where it names one.
    pub task: Option<String>,
    /// Which conversation of the script answered; none where none fits.
    pub conversation: Option<usize>,
    /// Which turn of it, from 0.
    pub turn: usize,
    /// The header `Authorization`, `x-api-key` or `x-goog-api-key`.
    pub authorization: Option<String>,
    /// The whole request.
    pub body: Value,
}

/// A running server. It stops answering when it is dropped.
#[derive(Debug)]
pub struct ModelServer {
    address: SocketAddr,
    shared: Arc<Shared>,
}

#[derive(Debug)]
struct Shared {
    script: Mutex<Script>,
    places: Mutex<HashMap<(usize, String), usize>>,
    recorded: Mutex<Vec<Recorded>>,
    record_to: Option<std::path::PathBuf>,
    stopped: AtomicBool,
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

impl ModelServer {
    /// Starts on a free port of loopback.
    ///
    /// # Panics
    /// When the script is none, or no port is free.
    #[must_use]
    pub fn start(script: Value) -> Self {
        let script: Script = serde_json::from_value(script).expect("the script reads");
        Self::serve(script, 0, None).expect("a port is free")
    }

    /// Starts on a port (0: a free one). Each request is also appended as a line of JSON to the file `record_to`.
    ///
    /// # Errors
    /// When the port cannot be had.
    pub fn serve(script: Script, port: u16, record_to: Option<std::path::PathBuf>) -> io::Result<Self> {
        let listener = TcpListener::bind(("127.0.0.1", port))?;
        let address = listener.local_addr()?;
        let shared = Arc::new(Shared {
            script: Mutex::new(script),
            places: Mutex::default(),
            recorded: Mutex::default(),
            record_to,
            stopped: AtomicBool::new(false),
        });
        let accepting = Arc::clone(&shared);
        thread::spawn(move || {
            for stream in listener.incoming() {
                if accepting.stopped.load(Ordering::Acquire) {
                    return;
                }
                let (Ok(stream), shared) = (stream, Arc::clone(&accepting)) else { continue };
                // A client that left needs no answer.
                thread::spawn(move || drop(shared.handle(stream)));
            }
        });
        Ok(Self { address, shared })
    }

    /// What clients call their base URL: `http://127.0.0.1:<port>/v1`.
    #[must_use]
    pub fn base_url(&self) -> String {
        format!("http://{}/v1", self.address)
    }

    /// Without the version: `http://127.0.0.1:<port>`.
    #[must_use]
    pub fn root(&self) -> String {
        format!("http://{}", self.address)
    }

    /// Its port.
    #[must_use]
    pub fn port(&self) -> u16 {
        self.address.port()
    }

    /// Every request for an answer of the model, oldest first.
    #[must_use]
    pub fn requests(&self) -> Vec<Recorded> {
        lock(&self.shared.recorded).clone()
    }

    /// How many there were.
    #[must_use]
    pub fn calls(&self) -> usize {
        lock(&self.shared.recorded).len()
    }

    /// Goes on by another script, from its start.
    ///
    /// # Panics
    /// When it is none.
    pub fn follow(&self, script: Value) {
        *lock(&self.shared.script) = serde_json::from_value(script).expect("the script reads");
        lock(&self.shared.places).clear();
    }
}

impl Drop for ModelServer {
    fn drop(&mut self) {
        self.shared.stopped.store(true, Ordering::Release);
        // Wakes the thread that accepts; when that fails nobody accepts any more.
        let _ = TcpStream::connect_timeout(&self.address, Duration::from_millis(200));
    }
}

impl Shared {
    fn handle(&self, mut stream: TcpStream) -> io::Result<()> {
        let asked = http::read(&mut stream)?;
        let path = asked.path.split('?').next().unwrap_or_default().trim_end_matches('/').to_owned();
        if (asked.method.as_str(), path.as_str()) == ("GET", "/v1/models") {
            let models =
                json!({ "object": "list", "data": [{ "id": "scripted", "object": "model" }], "models": [] });
            return http::plain(&mut stream, 200, &[], "application/json", &models.to_string());
        }
        let Some(dialect) = Dialect::of(&asked.method, &path) else {
            let body = json!({ "error": { "message": format!("no {} {path} here", asked.method) } });
            return http::plain(&mut stream, 404, &[], "application/json", &body.to_string());
        };
        let (turn, recorded) = self.turn(dialect, &path, &asked);
        if let Err(why) = dialect.check(&asked, &recorded.body) {
            let body =
                json!({ "type": "error", "error": { "type": "invalid_request_error", "message": why } });
            return http::plain(&mut stream, 400, &[], "application/json", &body.to_string());
        }
        match turn {
            Some(turn) => answer::give(&mut stream, dialect, &turn, &recorded),
            None => {
                let task = recorded.task.as_deref().unwrap_or("no task");
                let message = format!(
                    "the script has no answer for {task}, conversation {:?}, turn {}",
                    recorded.conversation, recorded.turn
                );
                let body = json!({ "error": { "message": message, "type": "scripted" } });
                http::plain(&mut stream, 500, &[], "application/json", &body.to_string())
            }
        }
    }

    /// The turn that answers, and the request with its place in the script.
    fn turn(&self, dialect: Dialect, path: &str, asked: &Asked) -> (Option<Turn>, Recorded) {
        let api = dialect.name();
        let mut body: Value = serde_json::from_slice(&asked.body).unwrap_or_default();
        let streams = dialect.streams(path, &body);
        if let (Some(model), Some(object)) = (Dialect::model(path), body.as_object_mut()) {
            object.insert("model".to_owned(), model.into());
        }
        let text = String::from_utf8_lossy(&asked.body);
        let task = script::task_of(&text);
        let script = lock(&self.script);
        let found =
            script.conversations.iter().position(|known| known.when.fits(api, &body, &text, task.as_deref()));
        let place = found.map(|found| {
            let mut places = lock(&self.places);
            let place = places.entry((found, task.clone().unwrap_or_default())).or_default();
            *place += 1;
            *place - 1
        });
        let turn =
            found.zip(place).and_then(|(found, place)| script.conversations.get(found)?.turn(place).cloned());
        let recorded = Recorded {
            api,
            streams,
            task,
            conversation: found,
            turn: place.unwrap_or(0),
            authorization: ["authorization", "x-api-key", "x-goog-api-key"]
                .into_iter()
                .find_map(|name| asked.header(name)),
            body,
        };
        if let Some(path) = &self.record_to {
            http::append(path, &recorded);
        }
        lock(&self.recorded).push(recorded.clone());
        (turn, recorded)
    }
}
