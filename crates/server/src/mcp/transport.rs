//! The way between two pipes and the SDK: a thread that reads, a thread that writes, and at most so many requests at work
//! that a client which floods waits instead of filling the memory.

use std::collections::HashMap;
use std::io::{Read, Write};
use std::sync::Arc;
use std::time::Duration;

use rmcp::model::{ClientJsonRpcMessage, NumberOrString, RequestId, ServerJsonRpcMessage};
use rmcp::service::RoleServer;
use rmcp::transport::Transport;
use thiserror::Error;
use tokio::sync::{OwnedSemaphorePermit, Semaphore, mpsc, watch};

use super::frames::{FRAME_LIMIT, Frame, Frames, Line};

/// Requests at work at once; the input is not read further before one of them is answered.
const AT_WORK: usize = 64;
/// Lines that are read ahead.
const AHEAD: usize = 4;
/// How long answers that are ready may take to be read by a client that is leaving.
const LAST_WORDS: Duration = Duration::from_secs(2);

/// The client reads no answers any more.
#[derive(Clone, Copy, Debug, Error)]
#[error("the client has gone")]
pub(super) struct Gone;

struct Answer {
    bytes: Vec<u8>,
    /// Given back when the answer has been written.
    _place: Option<OwnedSemaphorePermit>,
}

/// A client at the other end of two pipes.
pub(super) struct Pipes {
    lines: mpsc::Receiver<Line>,
    answers: Option<mpsc::Sender<Answer>>,
    written: watch::Receiver<bool>,
    places: Arc<Semaphore>,
    place: Option<OwnedSemaphorePermit>,
    /// Requests at work by the number that the SDK knows them by: ids of clients may come twice.
    at_work: HashMap<i64, (RequestId, OwnedSemaphorePermit)>,
    next: i64,
    pending: Option<Answer>,
}

impl Pipes {
    /// Starts to read and to write. The reading thread ends with its input. `left` gives when nobody reads the output any
    /// more, if that can be known.
    ///
    /// # Errors
    /// When a thread cannot be started.
    pub(super) fn start(
        input: impl Read + Send + 'static,
        output: impl Write + Send + 'static,
        left: Option<fn()>,
    ) -> std::io::Result<Self> {
        let (line, lines) = mpsc::channel(AHEAD);
        let (answers, answer) = mpsc::channel(AT_WORK);
        let (done, written) = watch::channel(false);
        let spawn = |name: &str| std::thread::Builder::new().name(name.to_owned());
        spawn("mcp-read").spawn(move || read(Frames::new(input, FRAME_LIMIT), &line))?;
        if let Some(left) = left {
            let done = done.clone();
            spawn("mcp-watch").spawn(move || {
                left();
                let _ = done.send(true);
            })?;
        }
        spawn("mcp-write").spawn(move || {
            write(output, answer);
            let _ = done.send(true);
        })?;
        Ok(Self {
            lines,
            answers: Some(answers),
            written,
            places: Arc::new(Semaphore::new(AT_WORK)),
            place: None,
            at_work: HashMap::new(),
            next: 0,
            pending: None,
        })
    }

    /// Hands a request to the SDK under a number of ours.
    fn begin(&mut self, id: RequestId, mut message: ClientJsonRpcMessage) -> Option<ClientJsonRpcMessage> {
        let place = self.place.take()?;
        self.next += 1;
        if let ClientJsonRpcMessage::Request(request) = &mut message {
            request.id = NumberOrString::Number(self.next);
        }
        self.at_work.insert(self.next, (id, place));
        Some(message)
    }

    /// Gives an answer the id that its client knows.
    fn end(&mut self, mut message: ServerJsonRpcMessage) -> Answer {
        let id = match &mut message {
            ServerJsonRpcMessage::Response(response) => Some(&mut response.id),
            ServerJsonRpcMessage::Error(error) => error.id.as_mut(),
            ServerJsonRpcMessage::Request(_) | ServerJsonRpcMessage::Notification(_) => None,
        };
        let mut place = None;
        if let Some(id) = id
            && let NumberOrString::Number(number) = id
            && let Some((known, held)) = self.at_work.remove(number)
        {
            *id = known;
            place = Some(held);
        }
        let bytes = serde_json::to_vec(&message).unwrap_or_else(|error| {
            tracing::error!(%error, "an answer cannot be written as JSON");
            Vec::new()
        });
        Answer { bytes, _place: place }
    }

    async fn next_line(&mut self) -> Option<Line> {
        tokio::select! {
            line = self.lines.recv() => line,
            _ = self.written.wait_for(|done| *done) => None,
        }
    }
}

impl Transport<RoleServer> for Pipes {
    type Error = Gone;

    fn send(
        &mut self,
        item: ServerJsonRpcMessage,
    ) -> impl Future<Output = Result<(), Gone>> + Send + 'static {
        let answer = self.end(item);
        let answers = self.answers.clone();
        async move { answers.ok_or(Gone)?.send(answer).await.map_err(|_| Gone) }
    }

    /// May be dropped at any await and called again: what has been taken from the input is never lost.
    async fn receive(&mut self) -> Option<ClientJsonRpcMessage> {
        loop {
            if self.pending.is_some() {
                let room = self.answers.as_ref()?.reserve().await.ok()?;
                if let Some(answer) = self.pending.take() {
                    room.send(answer);
                }
            }
            if self.place.is_none() {
                let places = Arc::clone(&self.places);
                let mut written = self.written.clone();
                self.place = tokio::select! {
                    place = places.acquire_owned() => Some(place.ok()?),
                    _ = written.wait_for(|done| *done) => return None,
                };
            }
            match Frame::read(&self.next_line().await?) {
                Frame::Request(id, message) => return self.begin(id, message),
                Frame::Nothing => {}
                Frame::Bad(answer) => {
                    let bytes = answer.to_string().into_bytes();
                    self.pending = Some(Answer { bytes, _place: None });
                }
            }
        }
    }

    async fn close(&mut self) -> Result<(), Gone> {
        self.answers = None;
        self.lines.close();
        let written = tokio::time::timeout(LAST_WORDS, self.written.wait_for(|done| *done)).await;
        if written.is_err() {
            tracing::warn!("the client did not read its last answers");
        }
        Ok(())
    }
}

fn read(mut frames: Frames<impl Read>, lines: &mpsc::Sender<Line>) {
    while let Some(line) = frames.next_line() {
        if lines.blocking_send(line).is_err() {
            return;
        }
    }
}

/// Writes what is ready in one go. Ends with its answers, or when nobody reads them any more.
fn write(mut output: impl Write, mut answers: mpsc::Receiver<Answer>) {
    while let Some(first) = answers.blocking_recv() {
        let mut batch = vec![first];
        while let Ok(more) = answers.try_recv() {
            batch.push(more);
        }
        let mut bytes = Vec::with_capacity(batch.iter().map(|answer| answer.bytes.len() + 1).sum());
        for answer in batch.iter().filter(|answer| !answer.bytes.is_empty()) {
            bytes.extend_from_slice(&answer.bytes);
            bytes.push(b'\n');
        }
        if let Err(error) = output.write_all(&bytes).and_then(|()| output.flush()) {
            tracing::debug!(%error, "the client has gone");
            return;
        }
    }
}
