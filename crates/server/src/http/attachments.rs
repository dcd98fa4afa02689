//! Files over the wire: received in a stream, sent with ranges, never from outside the board's own folder.

use std::fs::File;
use std::io::{self, Read, Seek as _, SeekFrom};
use std::path::{Path, PathBuf};
use std::time::Duration;

use andon_core::TaskId;
use andon_store::files;
use andon_store::sql::attachments::Attachment;
use axum::body::Body;
use axum::extract::Request;
use axum::http::{HeaderMap, HeaderValue, StatusCode, header};
use axum::response::{IntoResponse as _, Response};
use bytes::Bytes;
use futures::executor::block_on;
use futures::stream::unfold;
use http_body_util::BodyExt as _;
use tokio::sync::mpsc;
use tokio::time::Instant;

use super::context::OnBoard;
use super::failure::Failure;
use super::limits::{PAUSE, SLOWEST};
use super::state::Api;

/// Bytes that are sent at once.
const CHUNK: u64 = 64 << 10;

/// A body as a file that is read: its pieces come through a channel.
struct Incoming {
    pieces: mpsc::Receiver<io::Result<Bytes>>,
    rest: Bytes,
}

impl Read for Incoming {
    fn read(&mut self, into: &mut [u8]) -> io::Result<usize> {
        while self.rest.is_empty() {
            match self.pieces.blocking_recv() {
                Some(piece) => self.rest = piece?,
                None => return Ok(0),
            }
        }
        let count = self.rest.len().min(into.len());
        into[..count].copy_from_slice(&self.rest.split_to(count));
        Ok(count)
    }
}

/// Receives a file of a task.
pub(crate) async fn receive(
    at: &OnBoard,
    task: &TaskId,
    name: &str,
    request: Request,
) -> Result<Attachment, Failure> {
    let length = request.headers().get(header::CONTENT_LENGTH).and_then(|length| length.to_str().ok());
    let length = length.and_then(|length| length.parse::<u64>().ok());
    if let Some(size) = length.filter(|length| *length > files::ATTACHMENT_LIMIT) {
        let (name, limit) = (name.chars().take(200).collect(), files::ATTACHMENT_LIMIT);
        return Err(andon_core::task::Refusal::TooLarge { name, size, limit }.into());
    }
    let (sender, pieces) = mpsc::channel(8);
    let (board, task, name, caller) = (at.board.clone(), task.clone(), name.to_owned(), at.caller());
    // Not one of the few readers' places: a slow client must not keep others from reading.
    let kept = tokio::task::spawn_blocking(move || {
        let mut incoming = Incoming { pieces, rest: Bytes::new() };
        block_on(files::attach(&board, &task, &name, &mut incoming, &caller))
    });
    let mut body = request.into_body();
    let (mut slow, mut received, begun) = (false, 0, Instant::now());
    loop {
        let piece = match tokio::time::timeout(patience(received, begun.elapsed()), body.frame()).await {
            Ok(Some(Ok(frame))) => match frame.into_data() {
                Ok(data) => {
                    received += data.len() as u64;
                    Ok(data)
                }
                Err(_) => continue,
            },
            Ok(Some(Err(error))) => Err(io::Error::other(error.to_string())),
            Ok(None) => break,
            Err(_) => {
                slow = true;
                Err(io::Error::new(io::ErrorKind::TimedOut, "the client is too slow"))
            }
        };
        let last = piece.is_err();
        // A reader that has gone has refused the file: it says why.
        if sender.send(piece).await.is_err() || last {
            break;
        }
    }
    drop(sender);
    let kept = kept.await.map_err(|error| Failure::internal(&error))?;
    if slow {
        return Err(Failure::new(
            "too_slow",
            "the client paused for too long, or sent too little in its time",
            None,
        ));
    }
    Ok(kept?)
}

/// How long the next piece of a file is waited for: no pause is too long by itself that many small pieces could not make
/// longer, so that all of them together have a pace to keep.
fn patience(received: u64, elapsed: Duration) -> Duration {
    let due = PAUSE + Duration::from_secs(received / SLOWEST);
    due.saturating_sub(elapsed).min(PAUSE)
}

/// A file that is sent.
pub(crate) struct Sent<'a> {
    /// Where it lies.
    pub(crate) path: PathBuf,
    /// Its media type.
    pub(crate) content_type: &'a str,
    /// Its name, for whoever keeps it; shown in place where there is none.
    pub(crate) keep_as: Option<&'a str>,
    /// What tells it from another.
    pub(crate) tag: Option<String>,
    /// From where on, unless a range says otherwise.
    pub(crate) from: u64,
}

/// Sends a file, or the range of it that is asked for.
pub(crate) async fn send(api: &Api, sent: Sent<'_>, headers: &HeaderMap) -> Result<Response, Failure> {
    let path = sent.path.clone();
    let opened = api.blocking(move || open(&path)).await?;
    let (file, size) = opened.map_err(|error| Failure::new("not_found", error.to_string(), None))?;
    if let (Some(tag), Some(known)) = (&sent.tag, headers.get(header::IF_NONE_MATCH))
        && known.to_str().is_ok_and(|known| known.split(',').any(|known| known.trim() == tag))
    {
        return Ok((StatusCode::NOT_MODIFIED, [(header::ETAG, tag.clone())]).into_response());
    }
    let range = match headers.get(header::RANGE).and_then(|range| range.to_str().ok()) {
        Some(range) => range_of(range, size),
        None => Asked::All,
    };
    let (from, until, status) = match range {
        Asked::All => (sent.from.min(size), size, StatusCode::OK),
        Asked::Part(from, until) => (from, until, StatusCode::PARTIAL_CONTENT),
        Asked::Nothing => {
            let detail = format!("the file has {size} bytes");
            let mut response = Failure::new("range_not_satisfiable", detail, None).into_response();
            insert(response.headers_mut(), header::CONTENT_RANGE, &format!("bytes */{size}"));
            return Ok(response);
        }
    };
    let mut response = (status, body(api.clone(), file, from, until)).into_response();
    let headers = response.headers_mut();
    insert(headers, header::CONTENT_TYPE, sent.content_type);
    insert(headers, header::CONTENT_LENGTH, &(until - from).to_string());
    insert(headers, header::ACCEPT_RANGES, "bytes");
    if status == StatusCode::PARTIAL_CONTENT {
        let last = until.saturating_sub(1);
        insert(headers, header::CONTENT_RANGE, &format!("bytes {from}-{last}/{size}"));
    }
    if let Some(tag) = &sent.tag {
        insert(headers, header::ETAG, tag);
    }
    // What agents wrote is shown, never run.
    insert(
        headers,
        header::CONTENT_SECURITY_POLICY,
        "sandbox; default-src 'none'; style-src 'unsafe-inline'",
    );
    if let Some(name) = sent.keep_as {
        insert(
            headers,
            header::CONTENT_DISPOSITION,
            &format!("attachment; filename*=UTF-8''{}", encoded(name)),
        );
    }
    Ok(response)
}

fn insert(headers: &mut HeaderMap, name: header::HeaderName, value: &str) {
    if let Ok(value) = HeaderValue::from_str(value) {
        headers.insert(name, value);
    }
}

fn open(path: &Path) -> io::Result<(File, u64)> {
    let file = File::open(path)?;
    let meta = file.metadata()?;
    if !meta.is_file() {
        return Err(io::Error::new(io::ErrorKind::NotFound, "it is no file"));
    }
    Ok((file, meta.len()))
}

/// A part of a file, a piece at a time.
fn body(api: Api, file: File, from: u64, until: u64) -> Body {
    let stream = unfold(Some((api, file, from)), move |state| async move {
        let (api, mut file, at) = state?;
        if at >= until {
            return None;
        }
        let read = move || {
            let mut piece = vec![0; usize::try_from(CHUNK.min(until - at)).unwrap_or(0)];
            file.seek(SeekFrom::Start(at)).and_then(|_| file.read_exact(&mut piece)).map(|()| (file, piece))
        };
        match api.blocking(read).await {
            Ok(Ok((file, piece))) => {
                let next = at + piece.len() as u64;
                Some((Ok(Bytes::from(piece)), Some((api, file, next))))
            }
            // A file that shrank: the connection ends before its length, so that the client knows.
            Ok(Err(error)) => Some((Err(error), None)),
            Err(_) => None,
        }
    });
    Body::from_stream(stream)
}

/// The part that a `Range` asks for: from, and until before.
#[derive(Debug, PartialEq, Eq)]
enum Asked {
    All,
    Part(u64, u64),
    Nothing,
}

/// One range of bytes; several, or what is none, count as none.
fn range_of(range: &str, size: u64) -> Asked {
    let Some((first, last)) = range.trim().strip_prefix("bytes=").and_then(|range| range.split_once('-'))
    else {
        return Asked::All;
    };
    let number = |text: &str| text.trim().parse::<u64>().ok();
    match (first.trim(), last.trim()) {
        ("", last) => match number(last) {
            Some(0) => Asked::Nothing,
            Some(_) if size == 0 => Asked::Nothing,
            Some(count) => Asked::Part(size.saturating_sub(count), size),
            None => Asked::All,
        },
        (first, last) => match (number(first), number(last)) {
            (Some(first), _) if first >= size => Asked::Nothing,
            (Some(first), None) if last.is_empty() => Asked::Part(first, size),
            (Some(first), Some(last)) if last >= first => {
                Asked::Part(first, last.saturating_add(1).min(size))
            }
            (Some(_) | None, _) => Asked::All,
        },
    }
}

/// A name as RFC 5987 has it.
fn encoded(name: &str) -> String {
    let mut out = String::new();
    for byte in name.bytes() {
        if byte.is_ascii_alphanumeric() || matches!(byte, b'.' | b'-' | b'_') {
            out.push(char::from(byte));
        } else {
            out.push_str(&format!("%{byte:02X}"));
        }
    }
    out
}

/// Whether a browser may show a file in place: text and pictures that hold no script.
pub(crate) fn shown_in_place(content_type: &str) -> bool {
    matches!(
        content_type,
        "text/plain"
            | "text/markdown"
            | "text/csv"
            | "text/x-diff"
            | "application/json"
            | "application/toml"
            | "application/yaml"
            | "image/png"
            | "image/jpeg"
            | "image/gif"
            | "image/webp"
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_that_drips_in_is_as_slow_as_one_that_stops() {
        assert_eq!(patience(0, Duration::ZERO), PAUSE);
        // One byte at a time does not buy more time.
        assert_eq!(patience(30, PAUSE), Duration::ZERO);
        // Whoever keeps the pace may pause again and again.
        assert_eq!(patience(60 * SLOWEST, PAUSE), PAUSE);
        assert_eq!(patience(60 * SLOWEST, PAUSE * 3), Duration::ZERO);
    }

    #[test]
    fn ranges_are_those_of_the_standard() {
        for (range, expected) in [
            ("bytes=0-3", Asked::Part(0, 4)),
            ("bytes=8-", Asked::Part(8, 10)),
            ("bytes=-3", Asked::Part(7, 10)),
            ("bytes=-30", Asked::Part(0, 10)),
            ("bytes=5-500", Asked::Part(5, 10)),
            ("bytes=10-", Asked::Nothing),
            ("bytes=-0", Asked::Nothing),
            ("bytes=5-2", Asked::All),
            ("bytes=0-1,3-4", Asked::All),
            ("lines=1-2", Asked::All),
        ] {
            assert_eq!(range_of(range, 10), expected, "{range}");
        }
        assert_eq!(range_of("bytes=0-", 0), Asked::Nothing);
    }

    #[test]
    fn names_in_headers_hold_nothing_but_letters() {
        assert_eq!(encoded("a \"é\"\r\n.txt"), "a%20%22%C3%A9%22%0D%0A.txt");
    }
}
