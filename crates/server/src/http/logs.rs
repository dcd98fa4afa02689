//! What runs wrote: as a file, and as a stream that follows it.

use std::fs::File;
use std::io::{ErrorKind, Read as _, Seek as _, SeekFrom};
use std::path::{Path, PathBuf};
use std::time::Duration;

use andon_api::{LogChunk, LogEnd};
use andon_core::RunId;
use andon_engine::paths::RunPaths;
use andon_store::Board;
use andon_store::query::RunOf;
use andon_store::sql::runs::Run;
use axum::response::Response;
use bytes::Bytes;
use futures::stream::unfold;
use tokio::sync::OwnedSemaphorePermit;
use tokio::time::Instant;

use super::access::Who;
use super::context::OnBoard;
use super::events::{place, response};
use super::failure::Failure;
use super::limits::HEARTBEAT;
use super::state::Api;

/// Bytes that are sent at once.
const CHUNK: usize = 64 << 10;
/// How often a log is looked at.
const LOOK: Duration = Duration::from_millis(150);
/// How often it is asked whether the run is over.
const ASK: Duration = Duration::from_secs(1);
/// Bytes in which the last line is looked for.
const LAST: u64 = 4 << 10;

/// Where a run's log lies.
pub(crate) fn path_of(board: &Board, run: &Run) -> PathBuf {
    RunPaths::new(board.folder(), &run.task, &run.id).log
}

/// The last line that stands in a log, without the colours of a terminal, at most 300 characters.
pub(crate) fn last_line(path: &Path) -> Option<String> {
    let mut file = File::open(path).ok()?;
    let size = file.metadata().ok()?.len();
    file.seek(SeekFrom::Start(size.saturating_sub(LAST))).ok()?;
    let mut bytes = Vec::new();
    file.take(LAST).read_to_end(&mut bytes).ok()?;
    let text = String::from_utf8_lossy(&bytes).into_owned();
    let line = text.lines().rev().map(plain).find(|line| !line.is_empty())?;
    Some(line.chars().take(300).collect())
}

/// A line without escape sequences and other characters that cannot be seen.
fn plain(line: &str) -> String {
    let mut out = String::new();
    let mut chars = line.rsplit('\r').find(|part| !part.trim().is_empty()).unwrap_or_default().chars();
    while let Some(c) = chars.next() {
        if c == '\u{1b}' {
            // A sequence ends with a letter, or `~`; an operating-system command with a bell.
            let osc = chars.next() == Some(']');
            for next in chars.by_ref() {
                if (osc && next == '\u{7}') || (!osc && (next.is_ascii_alphabetic() || next == '~')) {
                    break;
                }
            }
        } else if !c.is_control() {
            out.push(c);
        }
    }
    out.trim().to_owned()
}

/// Opens a stream that follows the log of a run from a place on.
pub(crate) fn follow(
    at: OnBoard,
    run: &Run,
    from: Option<u64>,
    tail: Option<u64>,
) -> Result<Response, Failure> {
    let permit = place(&at.api)?;
    let path = path_of(&at.board, run);
    let size = std::fs::metadata(&path).map_or(0, |meta| meta.len());
    let offset = match (from, tail) {
        (Some(from), _) => from,
        (None, Some(tail)) => size.saturating_sub(tail),
        (None, None) => 0,
    };
    let follower = Follower {
        api: at.api,
        board: at.board,
        who: at.who,
        run: run.id.clone(),
        path,
        offset,
        over: None,
        done: false,
        asked: None,
        heartbeat: Instant::now() + HEARTBEAT,
        _permit: permit,
    };
    Ok(response(unfold(follower, |mut follower| async move {
        let bytes = follower.next().await?;
        Some((Ok(bytes), follower))
    })))
}

struct Follower {
    api: Api,
    board: Board,
    who: Who,
    run: RunId,
    path: PathBuf,
    offset: u64,
    /// The run, once it is over: what stands in the log then is all.
    over: Option<Run>,
    done: bool,
    asked: Option<Instant>,
    heartbeat: Instant,
    _permit: OwnedSemaphorePermit,
}

impl Follower {
    async fn next(&mut self) -> Option<Bytes> {
        loop {
            if self.done {
                return None;
            }
            let over = self.over.is_some();
            let (path, offset) = (self.path.clone(), self.offset);
            let read = self.api.blocking(move || read_on(&path, offset, over)).await.ok()?;
            if let Some(chunk) = read {
                self.offset = chunk.offset + chunk.bytes;
                return Some(self.chunk(chunk));
            }
            if let Some(run) = &self.over {
                self.done = true;
                let data = serde_json::to_string(&LogEnd { outcome: run.outcome }).unwrap_or_default();
                return Some(Bytes::from(format!("event: end\nid: {}\ndata: {data}\n\n", self.offset)));
            }
            if self.asked.is_none_or(|asked| asked.elapsed() >= ASK) {
                self.asked = Some(Instant::now());
                let run = self.api.ask(&self.board, RunOf { run: self.run.clone() }).await.ok()?;
                self.over = Some(run?).filter(|run| run.reaped_at.is_some());
                if self.over.is_some() {
                    // Once more: what was written before its end is read before the end is told.
                    continue;
                }
            }
            if Instant::now() >= self.heartbeat {
                if !self.who.stands(&self.api) {
                    return None;
                }
                self.heartbeat = Instant::now() + HEARTBEAT;
                return Some(Bytes::from_static(b"event: heartbeat\ndata: {}\n\n"));
            }
            tokio::select! {
                () = self.api.ending.cancelled() => return None,
                () = tokio::time::sleep(LOOK) => {}
            }
        }
    }

    fn chunk(&mut self, read: ReadOn) -> Bytes {
        self.heartbeat = Instant::now() + HEARTBEAT;
        let chunk = LogChunk { offset: read.offset, text: read.text, reset: read.reset };
        let data = serde_json::to_string(&chunk).unwrap_or_default();
        Bytes::from(format!("event: log\nid: {}\ndata: {data}\n\n", self.offset))
    }
}

struct ReadOn {
    offset: u64,
    bytes: u64,
    text: String,
    reset: bool,
}

/// What stands in a log from a place on; nothing where there is nothing new, or only a part of a character.
fn read_on(path: &Path, from: u64, over: bool) -> Option<ReadOn> {
    let mut file = match File::open(path) {
        Err(error) if error.kind() == ErrorKind::NotFound => return None,
        opened => opened.ok()?,
    };
    let size = file.metadata().ok()?.len();
    // A log that has become shorter was rotated: the new one is read from its start.
    let reset = size < from;
    let offset = if reset { 0 } else { from };
    file.seek(SeekFrom::Start(offset)).ok()?;
    let mut bytes = Vec::new();
    file.take(CHUNK as u64).read_to_end(&mut bytes).ok()?;
    let whole = match std::str::from_utf8(&bytes) {
        // The rest of the character is on its way, or in the next chunk.
        Err(error) if error.error_len().is_none() && (!over || bytes.len() == CHUNK) => error.valid_up_to(),
        Ok(_) | Err(_) => bytes.len(),
    };
    bytes.truncate(whole);
    if bytes.is_empty() {
        return None;
    }
    let text = String::from_utf8_lossy(&bytes).into_owned();
    Some(ReadOn { offset, bytes: bytes.len() as u64, text, reset })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_last_line_is_plain_text() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("log");
        std::fs::write(&path, "one\n\u{1b}[31mred\u{1b}[0m 10%\rdone \u{1b}]0;title\u{7}now\n\n").unwrap();
        assert_eq!(last_line(&path).unwrap(), "done now");
        assert_eq!(last_line(&folder.path().join("none")), None);
    }

    #[test]
    fn a_character_is_never_cut() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("log");
        std::fs::write(&path, &"aé".as_bytes()[..2]).unwrap();
        let read = read_on(&path, 0, false).unwrap();
        assert_eq!((read.text.as_str(), read.bytes), ("a", 1));
        assert!(read_on(&path, 1, false).is_none());
        assert_eq!(read_on(&path, 1, true).unwrap().text, "\u{fffd}");
        let rotated = read_on(&path, 10, false).unwrap();
        assert!(rotated.reset && rotated.offset == 0);
    }
}
