//! What a tree prints: streamed to its log as it comes, with the end of it kept in memory.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tokio::io::{AsyncRead, AsyncReadExt};
use tokio::sync::watch;
use tokio::task::JoinHandle;
use tokio::time::Instant;

use crate::log::Log;
use crate::spec::Listener;

/// How much of the end is kept.
const TAIL: usize = 64 * 1024;
/// A line is kept up to this length.
const LINE: usize = 8 * 1024;
/// After the leader's exit, silence of this length means that whoever holds a pipe open will not be waited for.
const LEAK: Duration = Duration::from_millis(150);
/// And nobody is waited for longer than this, however much is printed.
const DRAIN: Duration = Duration::from_secs(2);

/// What a tree has printed so far.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Captured {
    /// The last line of standard output, or of the terminal, that is not blank; without escape sequences, at most
    /// 8 KiB.
    pub last_line: Option<String>,
    /// The same of standard error; `None` on a terminal, which has but one stream.
    pub last_stderr_line: Option<String>,
    /// The end of both streams as they came in, at most 64 KiB; what is not UTF-8 is replaced.
    pub tail: String,
    /// Bytes of output that went to the log.
    pub log_bytes: u64,
    /// Bytes of output that the log could not take.
    pub dropped_bytes: u64,
}

/// A stream that is captured.
pub(crate) type Stream = Box<dyn AsyncRead + Send + Unpin>;

/// The streams of a tree.
pub(crate) struct Streams {
    pub(crate) output: Stream,
    pub(crate) errors: Option<Stream>,
    /// The first byte of `output` only says that its writer has arrived; silence before it is not the end.
    pub(crate) announced: bool,
}

/// The running capture of one tree. Dropping it ends it.
#[derive(Debug)]
pub(crate) struct Capture {
    sink: Arc<Mutex<Sink>>,
    leader_gone: watch::Sender<bool>,
    done: watch::Receiver<bool>,
    task: JoinHandle<()>,
}

impl Capture {
    /// Reads `streams` from here on, on the current runtime.
    pub(crate) fn start(streams: Streams, log: Log, listener: Option<Listener>) -> Self {
        let sink = Arc::new(Mutex::new(Sink::new(log, listener)));
        let (leader_gone, gone) = watch::channel(false);
        let (finished, done) = watch::channel(false);
        let into = Arc::clone(&sink);
        let task = tokio::spawn(async move {
            pump(streams, &into, gone).await;
            finished.send_replace(true);
        });
        Self { sink, leader_gone, done, task }
    }

    /// Takes what is there after the leader's exit. Safe to cancel.
    pub(crate) async fn drain(&mut self) {
        self.leader_gone.send_replace(true);
        // An error means that the task is gone, and nothing will come any more.
        let _ = self.done.wait_for(|done| *done).await;
    }

    pub(crate) fn captured(&self) -> Captured {
        lock(&self.sink).captured()
    }
}

impl Drop for Capture {
    fn drop(&mut self) {
        self.task.abort();
    }
}

fn lock(sink: &Mutex<Sink>) -> MutexGuard<'_, Sink> {
    sink.lock().unwrap_or_else(PoisonError::into_inner)
}

async fn pump(streams: Streams, sink: &Mutex<Sink>, mut gone: watch::Receiver<bool>) {
    let Streams { mut output, mut errors, mut announced } = streams;
    let (mut out, mut err) = (vec![0; 16 * 1024], vec![0; 16 * 1024]);
    let (mut out_open, mut err_open) = (true, errors.is_some());
    let mut limit: Option<Instant> = None;
    let mut heard = Instant::now();
    while out_open || err_open {
        let silence = if announced { DRAIN } else { LEAK };
        let until = limit.map(|limit| limit.min(heard + silence));
        tokio::select! {
            read = output.read(&mut out), if out_open => {
                let length = read.unwrap_or_default();
                out_open = length > 0;
                let bytes = out.get(usize::from(announced)..length).unwrap_or_default();
                announced &= length == 0;
                lock(sink).output(bytes);
                heard = Instant::now();
            }
            read = read_some(errors.as_mut(), &mut err), if err_open => {
                err_open = read > 0;
                lock(sink).errors(err.get(..read).unwrap_or_default());
                heard = Instant::now();
            }
            _ = gone.wait_for(|gone| *gone), if limit.is_none() => {
                heard = Instant::now();
                limit = Some(heard + DRAIN);
            }
            () = until_or_never(until) => break,
        }
    }
}

async fn read_some(stream: Option<&mut Stream>, buffer: &mut [u8]) -> usize {
    match stream {
        Some(stream) => stream.read(buffer).await.unwrap_or_default(),
        None => 0,
    }
}

async fn until_or_never(until: Option<Instant>) {
    match until {
        Some(until) => tokio::time::sleep_until(until).await,
        None => std::future::pending().await,
    }
}

struct Sink {
    log: Log,
    listener: Option<Listener>,
    tail: VecDeque<u8>,
    last_output: LastLine,
    last_error: LastLine,
}

impl std::fmt::Debug for Sink {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Sink").field("log", &self.log).field("tail", &self.tail.len()).finish_non_exhaustive()
    }
}

impl Sink {
    fn new(log: Log, listener: Option<Listener>) -> Self {
        let (last_output, last_error) = (LastLine::default(), LastLine::default());
        Self { log, listener, tail: VecDeque::new(), last_output, last_error }
    }

    fn output(&mut self, bytes: &[u8]) {
        if let Some(listener) = &self.listener {
            listener(bytes);
        }
        self.last_output.feed(bytes);
        self.both(bytes);
    }

    fn errors(&mut self, bytes: &[u8]) {
        self.last_error.feed(bytes);
        self.both(bytes);
    }

    fn both(&mut self, bytes: &[u8]) {
        if bytes.is_empty() {
            return;
        }
        self.log.append(bytes);
        self.tail.extend(bytes);
        let excess = self.tail.len().saturating_sub(TAIL);
        self.tail.drain(..excess);
    }

    fn captured(&self) -> Captured {
        let (front, back) = self.tail.as_slices();
        let tail = [front, back].concat();
        Captured {
            last_line: self.last_output.get(),
            last_stderr_line: self.last_error.get(),
            tail: bounded(String::from_utf8_lossy(&tail).into_owned()),
            log_bytes: self.log.written(),
            dropped_bytes: self.log.dropped(),
        }
    }
}

/// Replacing bytes that are not UTF-8 makes text longer; the bound holds for the text.
fn bounded(text: String) -> String {
    let mut start = text.len().saturating_sub(TAIL);
    while !text.is_char_boundary(start) {
        start += 1;
    }
    if start == 0 { text } else { text[start..].to_owned() }
}

/// The last line that is not blank, complete or not.
#[derive(Debug, Default)]
struct LastLine {
    line: Vec<u8>,
    last: Option<String>,
}

impl LastLine {
    fn feed(&mut self, bytes: &[u8]) {
        for part in bytes.split_inclusive(|&byte| byte == b'\n') {
            let room = LINE.saturating_sub(self.line.len());
            self.line.extend_from_slice(part.get(..room).unwrap_or(part));
            if part.ends_with(b"\n") {
                self.last = readable(&self.line).or_else(|| self.last.take());
                self.line.clear();
            }
        }
    }

    fn get(&self) -> Option<String> {
        readable(&self.line).or_else(|| self.last.clone())
    }
}

/// The line as a person sees it: without escape sequences and control characters, and after the last carriage return,
/// which is how progress is overwritten. `None` when it is blank.
fn readable(line: &[u8]) -> Option<String> {
    let text = without_escapes(&String::from_utf8_lossy(line));
    let seen = text.trim_end().rsplit('\r').next().unwrap_or_default();
    let seen: String = seen.chars().filter(|&c| c == '\t' || !c.is_control()).collect();
    let seen = seen.trim();
    (!seen.is_empty()).then(|| seen.to_owned())
}

fn without_escapes(text: &str) -> String {
    let mut plain = String::with_capacity(text.len());
    let mut chars = text.chars().peekable();
    while let Some(char) = chars.next() {
        if char != '\u{1b}' {
            plain.push(char);
            continue;
        }
        match chars.next() {
            // A control sequence ends with a byte from `@` to `~`.
            Some('[') => while chars.next().is_some_and(|c| !('@'..='~').contains(&c)) {},
            // A system command ends with BEL or with `ESC \`.
            Some(']' | 'P' | '_' | '^') => {
                while let Some(c) = chars.next() {
                    if c == '\u{7}' || (c == '\u{1b}' && chars.next_if_eq(&'\\').is_some()) {
                        break;
                    }
                }
            }
            // A character set is named by one more character.
            Some('(' | ')' | '#' | '%') => {
                let _ = chars.next();
            }
            Some(_) | None => {}
        }
    }
    plain
}

#[cfg(test)]
mod tests {
    use super::*;

    fn last(parts: &[&str]) -> Option<String> {
        let mut line = LastLine::default();
        parts.iter().for_each(|part| line.feed(part.as_bytes()));
        line.get()
    }

    #[test]
    fn the_last_line_is_the_last_that_is_not_blank() {
        assert_eq!(last(&["one\ntw", "o\n", "\n  \n"]).as_deref(), Some("two"));
        assert_eq!(last(&["one\npartial"]).as_deref(), Some("partial"));
        assert_eq!(last(&["\n\n"]), None);
    }

    #[test]
    fn a_terminal_line_is_what_a_person_sees() {
        assert_eq!(
            last(&["\u{1b}[1;32mok\u{1b}[0m \u{1b}]0;title\u{7}done\r\n"]).as_deref(),
            Some("ok done")
        );
        assert_eq!(last(&["10 %\r50 %\r100 %\r\n"]).as_deref(), Some("100 %"));
    }

    #[test]
    fn a_long_line_is_kept_up_to_its_bound_only() {
        assert_eq!(last(&["x".repeat(3 * LINE).as_str(), "y\n"]).unwrap().len(), LINE);
    }

    #[test]
    fn the_tail_is_bounded_in_text_also() {
        assert!(bounded("\u{fffd}".repeat(TAIL)).len() <= TAIL);
    }
}
