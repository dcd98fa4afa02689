//! A receiver of notifications on a port of its own: it writes down what comes, and answers as it is told to.

use std::net::{SocketAddr, TcpListener, TcpStream};
use std::sync::{Arc, Mutex};
use std::thread;

use serde_json::Value;

use crate::model_server::http;
use crate::wait_for;

/// A message as it came.
#[derive(Clone, Debug)]
pub struct Received {
    /// The path that it was posted to.
    pub path: String,
    /// Its headers, names in lower case.
    pub headers: Vec<(String, String)>,
    /// Its bytes.
    pub body: Vec<u8>,
}

impl Received {
    /// A header.
    #[must_use]
    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers.iter().find(|(known, _)| known == name).map(|(_, value)| value.as_str())
    }

    /// Its body.
    #[must_use]
    pub fn json(&self) -> Value {
        serde_json::from_slice(&self.body).unwrap()
    }

    /// The kind of event that it tells, as a webhook has it.
    #[must_use]
    pub fn kind(&self) -> String {
        crate::text_of(&self.json()["data"]["kind"])
    }
}

/// What it answers.
#[derive(Clone, Debug)]
struct Reply {
    status: u16,
    headers: Vec<(String, String)>,
    body: String,
}

#[derive(Debug)]
struct State {
    got: Vec<Received>,
    reply: Reply,
    over: bool,
}

/// A receiver. It stops listening when it is dropped, so that its port refuses connections.
#[derive(Debug)]
pub struct Receiver {
    address: SocketAddr,
    state: Arc<Mutex<State>>,
    thread: Option<thread::JoinHandle<()>>,
}

impl Receiver {
    /// A receiver that takes everything.
    #[must_use]
    pub fn new() -> Self {
        Self::at(SocketAddr::from(([127, 0, 0, 1], 0)))
    }

    /// One at an address that another one had.
    #[must_use]
    pub fn at(address: SocketAddr) -> Self {
        let listener = wait_for("the port is free", || TcpListener::bind(address).ok());
        let address = listener.local_addr().unwrap();
        let reply = Reply { status: 200, headers: Vec::new(), body: "{\"ok\":true}".to_owned() };
        let state = Arc::new(Mutex::new(State { got: Vec::new(), reply, over: false }));
        let own = Arc::clone(&state);
        let thread = thread::spawn(move || {
            for stream in listener.incoming().flatten() {
                if own.lock().unwrap().over {
                    return;
                }
                let state = Arc::clone(&own);
                thread::spawn(move || serve(stream, &state));
            }
        });
        Self { address, state, thread: Some(thread) }
    }

    /// Where it listens.
    #[must_use]
    pub const fn address(&self) -> SocketAddr {
        self.address
    }

    /// Answers so from now on.
    pub fn answer(&self, status: u16, headers: &[(&str, &str)], body: &str) {
        let headers = headers.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect();
        self.state.lock().unwrap().reply = Reply { status, headers, body: body.to_owned() };
    }

    /// What has come so far.
    #[must_use]
    pub fn got(&self) -> Vec<Received> {
        self.state.lock().unwrap().got.clone()
    }

    /// Waits until that many have come; gives all.
    #[track_caller]
    #[must_use]
    pub fn wait(&self, count: usize) -> Vec<Received> {
        wait_for(&format!("{count} messages have come"), || {
            let got = self.got();
            (got.len() >= count).then_some(got)
        })
    }
}

impl Default for Receiver {
    fn default() -> Self {
        Self::new()
    }
}

impl Drop for Receiver {
    fn drop(&mut self) {
        self.state.lock().unwrap().over = true;
        drop(TcpStream::connect(self.address));
        if let Some(thread) = self.thread.take() {
            let _ = thread.join();
        }
    }
}

fn serve(mut stream: TcpStream, state: &Mutex<State>) {
    let Ok(asked) = http::read(&mut stream) else { return };
    if asked.method.is_empty() {
        return;
    }
    let reply = {
        let mut state = state.lock().unwrap();
        state.got.push(Received { path: asked.path, headers: asked.headers, body: asked.body });
        state.reply.clone()
    };
    let _ = http::plain(&mut stream, reply.status, &reply.headers, "application/json", &reply.body);
}
