//! As much of HTTP/1.1 as the clients of models need.

use std::io::{self, BufRead as _, BufReader, Read as _, Write as _};
use std::net::TcpStream;
use std::path::Path;

use serde_json::json;

use super::Recorded;

/// A request.
#[derive(Debug)]
pub(crate) struct Asked {
    pub(crate) method: String,
    pub(crate) path: String,
    pub(crate) headers: Vec<(String, String)>,
    pub(crate) body: Vec<u8>,
}

impl Asked {
    pub(super) fn header(&self, name: &str) -> Option<String> {
        self.headers.iter().find(|(known, _)| known == name).map(|(_, value)| value.clone())
    }
}

/// Reads a request to its end.
pub(crate) fn read(stream: &mut TcpStream) -> io::Result<Asked> {
    let mut reader = BufReader::new(stream.try_clone()?);
    let mut first = String::new();
    reader.read_line(&mut first)?;
    let mut words = first.split_whitespace();
    let (method, path) =
        (words.next().unwrap_or_default().to_owned(), words.next().unwrap_or_default().to_owned());
    let mut headers = Vec::new();
    loop {
        let mut line = String::new();
        if reader.read_line(&mut line)? == 0 || line.trim().is_empty() {
            break;
        }
        if let Some((name, value)) = line.split_once(':') {
            headers.push((name.trim().to_lowercase(), value.trim().to_owned()));
        }
    }
    let mut asked = Asked { method, path, headers, body: Vec::new() };
    if asked.header("expect").is_some() {
        stream.write_all(b"HTTP/1.1 100 Continue\r\n\r\n")?;
    }
    if asked.header("transfer-encoding").is_some_and(|coding| coding.contains("chunked")) {
        asked.body = chunks(&mut reader)?;
    } else {
        let length = asked.header("content-length").and_then(|length| length.parse().ok()).unwrap_or(0);
        reader.take(length).read_to_end(&mut asked.body)?;
    }
    Ok(asked)
}

fn chunks(reader: &mut BufReader<TcpStream>) -> io::Result<Vec<u8>> {
    let mut body = Vec::new();
    loop {
        let mut line = String::new();
        reader.read_line(&mut line)?;
        let length = u64::from_str_radix(line.trim(), 16).unwrap_or(0);
        reader.by_ref().take(length).read_to_end(&mut body)?;
        line.clear();
        reader.read_line(&mut line)?;
        if length == 0 {
            return Ok(body);
        }
    }
}

/// A whole answer.
pub(crate) fn plain(
    stream: &mut TcpStream,
    status: u16,
    headers: &[(String, String)],
    kind: &str,
    body: &str,
) -> io::Result<()> {
    head(stream, status, headers, kind, Some(body.len()))?;
    stream.write_all(body.as_bytes())?;
    stream.flush()
}

/// The head of an answer: of this length, else in chunks.
pub(super) fn head(
    stream: &mut TcpStream,
    status: u16,
    headers: &[(String, String)],
    kind: &str,
    length: Option<usize>,
) -> io::Result<()> {
    let mut head = format!("HTTP/1.1 {status} Scripted\r\ncontent-type: {kind}\r\nconnection: close\r\n");
    match length {
        Some(length) => head.push_str(&format!("content-length: {length}\r\n")),
        None => head.push_str("transfer-encoding: chunked\r\ncache-control: no-cache\r\n"),
    }
    for (name, value) in headers {
        head.push_str(&format!("{name}: {value}\r\n"));
    }
    stream.write_all(format!("{head}\r\n").as_bytes())?;
    stream.flush()
}

/// One chunk; an empty one ends the answer.
pub(super) fn chunk(stream: &mut TcpStream, text: &str) -> io::Result<()> {
    stream.write_all(format!("{:x}\r\n{text}\r\n", text.len()).as_bytes())?;
    stream.flush()
}

/// Appends what was asked to a file, one line of JSON each. A file that cannot be written changes no answer.
pub(super) fn append(path: &Path, recorded: &Recorded) {
    let line = json!({
        "api": recorded.api, "task": recorded.task, "conversation": recorded.conversation, "turn": recorded.turn,
        "body": recorded.body,
    });
    let file = std::fs::OpenOptions::new().create(true).append(true).open(path);
    let _ = file.and_then(|mut file| file.write_all(format!("{line}\n").as_bytes()));
}
