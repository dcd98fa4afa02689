//! Frames: one JSON-RPC message a line. Whatever a client sends becomes a request, or an answer that says what is wrong with
//! it, or nothing; never an end of the server.

use std::io::{BufRead, BufReader, ErrorKind, Read};

use rmcp::model::{ClientJsonRpcMessage, ErrorCode, ErrorData, NumberOrString, RequestId};
use serde_json::{Value, json};

/// Most bytes of a frame; longer ones are answered with an error and passed over.
pub const FRAME_LIMIT: usize = 8 << 20;
/// In so many bytes at the start and at the end of a longer one its id is looked for.
const EDGE: usize = 4_096;

/// One line of the input.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Line {
    /// A whole line, without its end.
    Whole(Vec<u8>),
    /// A line beyond the limit; it has been passed over. Its id, where that stands at its start or its end.
    TooLong(Option<RequestId>),
}

/// Splits an input into lines, and never holds more than the limit of one.
#[derive(Debug)]
pub struct Frames<R> {
    input: BufReader<R>,
    limit: usize,
}

impl<R: Read> Frames<R> {
    /// The frames of an input of at most `limit` bytes each.
    pub fn new(input: R, limit: usize) -> Self {
        Self { input: BufReader::with_capacity(1 << 16, input), limit }
    }

    /// The next line that is not blank; none at the end of the input, or where it cannot be read any more. What follows the
    /// last line break is a line too.
    pub fn next_line(&mut self) -> Option<Line> {
        loop {
            match self.read_line()? {
                Line::Whole(line) if line.iter().all(u8::is_ascii_whitespace) => {}
                line => return Some(line),
            }
        }
    }

    fn read_line(&mut self) -> Option<Line> {
        let (mut line, mut end_of_long) = (Vec::new(), Vec::new());
        let (mut long, mut any) = (false, false);
        loop {
            let available = match self.input.fill_buf() {
                Ok(available) => available,
                Err(error) if error.kind() == ErrorKind::Interrupted => continue,
                Err(_) => return None,
            };
            if available.is_empty() {
                break;
            }
            any = true;
            let end = available.iter().position(|byte| *byte == b'\n');
            let part = &available[..end.unwrap_or(available.len())];
            long |= line.len() + part.len() > self.limit;
            if long {
                end_of_long.extend_from_slice(if end_of_long.is_empty() { last(&line, EDGE) } else { &[] });
                let room = EDGE.saturating_sub(line.len()).min(part.len());
                line.extend_from_slice(&part[..room]);
                line.truncate(EDGE);
                line.shrink_to(EDGE);
                end_of_long.extend_from_slice(last(part, EDGE));
                end_of_long = last(&end_of_long, EDGE).to_vec();
            } else {
                line.extend_from_slice(part);
            }
            let used = end.map_or(available.len(), |end| end + 1);
            self.input.consume(used);
            if end.is_some() {
                break;
            }
        }
        match (any, long) {
            (false, _) => None,
            (true, true) => Some(Line::TooLong(id_at_start(&line).or_else(|| id_at_end(&end_of_long)))),
            (true, false) => Some(Line::Whole(line)),
        }
    }
}

fn last(bytes: &[u8], count: usize) -> &[u8] {
    &bytes[bytes.len().saturating_sub(count)..]
}

/// The id of a message, of which this is the start.
fn id_at_start(start: &[u8]) -> Option<RequestId> {
    let text = String::from_utf8_lossy(start);
    let mut rest = text.trim_start().strip_prefix('{')?;
    // Members that are whole, up to the id; a longer one hides what follows it.
    loop {
        let (key, after) = value_of(rest)?;
        let (value, after) = value_of(after.trim_start().strip_prefix(':')?)?;
        if key == "id" {
            // A number that reaches to the end may go on behind it.
            return id_of(&value).filter(|_| !after.trim_start().is_empty());
        }
        rest = after.trim_start().strip_prefix(',')?;
    }
}

/// The first JSON value of a text, and what comes after it.
fn value_of(text: &str) -> Option<(Value, &str)> {
    let mut values = serde_json::Deserializer::from_str(text).into_iter::<Value>();
    let value = values.next()?.ok()?;
    Some((value, text.get(values.byte_offset()..)?))
}

/// The id of a message, of which this is the end: many clients write it last.
fn id_at_end(end: &[u8]) -> Option<RequestId> {
    let text = String::from_utf8_lossy(end);
    // What closes with the message, and no earlier, is a member of the message itself.
    text.rmatch_indices("\"id\"").find_map(|(at, _)| {
        let members: Value = serde_json::from_str(&format!("{{{}", &text[at..])).ok()?;
        id_of(members.get("id")?)
    })
}

fn id_of(value: &Value) -> Option<RequestId> {
    match value {
        Value::String(id) => Some(NumberOrString::String(id.as_str().into())),
        Value::Number(number) => number.as_i64().map(NumberOrString::Number),
        Value::Null | Value::Bool(_) | Value::Array(_) | Value::Object(_) => None,
    }
}

/// The same text as JSON that can be read: bytes that are no UTF-8, and halves of characters beyond the first plane, become
/// U+FFFD. Clients that cut texts send such halves.
fn mended(bytes: &[u8]) -> String {
    let text = String::from_utf8_lossy(bytes);
    let mut out = String::with_capacity(text.len());
    let mut rest = text.as_ref();
    while let Some(at) = rest.find('\\') {
        let (before, escape) = rest.split_at(at);
        out.push_str(before);
        let length = match (unit(escape), escape.get(6..).and_then(unit)) {
            (Some(0xD800..=0xDBFF), Some(0xDC00..=0xDFFF)) => 12,
            (Some(0xD800..=0xDFFF), _) => {
                out.push('\u{fffd}');
                rest = &escape[6..];
                continue;
            }
            (Some(_), _) => 6,
            // A backslash and what it escapes, which may be another one.
            (None, _) => 1 + escape.chars().nth(1).map_or(0, char::len_utf8),
        };
        let (whole, after) = escape.split_at(length);
        out.push_str(whole);
        rest = after;
    }
    out.push_str(rest);
    out
}

/// The code unit of an escape such as `\ud83d` at the start of a text.
fn unit(text: &str) -> Option<u16> {
    let digits = text.strip_prefix("\\u")?.get(..4)?;
    if digits.bytes().all(|byte| byte.is_ascii_hexdigit()) {
        u16::from_str_radix(digits, 16).ok()
    } else {
        None
    }
}

/// What a line says.
#[derive(Clone, Debug)]
#[expect(clippy::large_enum_variant, reason = "a frame lives for a moment, and most are requests")]
pub enum Frame {
    /// A request, to be answered under this id.
    Request(RequestId, ClientJsonRpcMessage),
    /// Something that wants no answer: a notification, or the answer to a question that was never asked.
    Nothing,
    /// No message: the answer to it.
    Bad(Value),
}

impl Frame {
    /// Reads a line.
    #[must_use]
    pub fn read(line: &Line) -> Self {
        let bytes = match line {
            Line::Whole(bytes) => bytes.strip_prefix(b"\xEF\xBB\xBF").unwrap_or(bytes),
            Line::TooLong(id) => {
                let message =
                    format!("the message is longer than {FRAME_LIMIT} bytes; send large texts as files");
                return Self::bad(ErrorCode::INVALID_REQUEST, message, id.as_ref());
            }
        };
        match serde_json::from_slice(bytes)
            .or_else(|error| serde_json::from_str(&mended(bytes)).map_err(|_| error))
        {
            Ok(value) => Self::of_value(value),
            Err(error) => Self::bad(ErrorCode::PARSE_ERROR, format!("the line is no JSON: {error}"), None),
        }
    }

    fn of_value(value: Value) -> Self {
        let Value::Object(object) = &value else {
            let message = "a message is one JSON object a line; batches are not part of this protocol";
            return Self::bad(ErrorCode::INVALID_REQUEST, message.to_owned(), None);
        };
        let method = object.get("method");
        let id = match object.get("id") {
            None if method.is_some() => return Self::Nothing,
            Some(_)
                if method.is_none() && (object.contains_key("result") || object.contains_key("error")) =>
            {
                return Self::Nothing;
            }
            id => id.and_then(id_of),
        };
        let Some(id) = id else {
            let message = "a request has an `id` that is a text or a whole number, and a `method`";
            return Self::bad(ErrorCode::INVALID_REQUEST, message.to_owned(), None);
        };
        match serde_json::from_value(value) {
            Ok(message @ ClientJsonRpcMessage::Request(_)) => Self::Request(id, message),
            Ok(_) | Err(_) => {
                let message =
                    "this is no JSON-RPC 2.0 request: `jsonrpc`, `id`, `method` and an object `params`";
                Self::bad(ErrorCode::INVALID_REQUEST, message.to_owned(), Some(&id))
            }
        }
    }

    fn bad(code: ErrorCode, message: String, id: Option<&RequestId>) -> Self {
        Self::Bad(json!({ "jsonrpc": "2.0", "id": id, "error": ErrorData::new(code, message, None) }))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn lines(input: &[u8], limit: usize) -> Vec<Line> {
        let mut frames = Frames::new(input, limit);
        std::iter::from_fn(|| frames.next_line()).collect()
    }

    #[test]
    fn a_line_beyond_the_limit_is_passed_over_and_the_next_one_is_read() {
        let whole = |text: &str| Line::Whole(text.as_bytes().to_vec());
        assert_eq!(lines(b"ab\n\n  \nabcde\r\nx", 4), [whole("ab"), Line::TooLong(None), whole("x")]);
        assert_eq!(lines(b"", 4), []);
        let mut long = vec![b'x'; 1 << 18];
        long.extend_from_slice(b"\nok\n");
        assert_eq!(lines(&long, 1 << 17), [Line::TooLong(None), whole("ok")]);
    }

    #[test]
    fn the_id_of_a_line_beyond_the_limit_is_found_at_its_edges() {
        let long = "x".repeat(200_000);
        let id = |text: String| match lines(text.as_bytes(), 1 << 17).pop() {
            Some(Line::TooLong(id)) => serde_json::to_value(id).unwrap(),
            other => panic!("{other:?}"),
        };
        let params = format!("{{\"id\":5,\"text\":\"{long}\"}}");
        assert_eq!(id(format!("{{\"jsonrpc\":\"2.0\",\"id\":7,\"method\":\"a\",\"params\":{params}}}")), 7);
        assert_eq!(
            id(format!("{{\"method\":\"a\",\"params\":{params},\"jsonrpc\":\"2.0\",\"id\":\"é\"}}")),
            "é"
        );
        assert_eq!(id(format!("{{\"method\":\"a\",\"params\":{params},\"id\":8,\"jsonrpc\":\"2.0\"}}\r")), 8);
        let nested = format!("{{\"method\":\"a\",\"params\":{{\"text\":\"{long}\",\"id\":5}}}}");
        assert_eq!(id(nested), Value::Null, "an id of something within is not its own");
    }

    #[test]
    fn halves_of_characters_are_read_as_such() {
        let read = |text: &[u8]| serde_json::from_str::<Value>(&mended(text)).unwrap();
        assert_eq!(read(br#""cut \ud83d""#), "cut \u{fffd}");
        assert_eq!(read(br#""\udc00\ud83d\ude00 \u00e9 \\ud83d \n""#), "\u{fffd}\u{1f600} é \\ud83d \n");
        assert_eq!(read(b"\"\xff\""), "\u{fffd}");
        assert_eq!(mended(br"\"), r"\", "an escape without its character stays what it is");
        let call = br#"{"jsonrpc":"2.0","id":4,"method":"tools/call","params":{"name":"x","arguments":{"body":"\ud83d"}}}"#;
        assert!(matches!(
            Frame::read(&Line::Whole(call.to_vec())),
            Frame::Request(NumberOrString::Number(4), _)
        ));
    }

    #[test]
    fn what_is_no_request_is_answered_or_ignored() {
        let read = |text: &str| Frame::read(&Line::Whole(text.as_bytes().to_vec()));
        let code = |text: &str| match read(text) {
            Frame::Bad(answer) => answer["error"]["code"].as_i64().unwrap(),
            Frame::Nothing => 0,
            Frame::Request(..) => 1,
        };
        assert_eq!(code("{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"tools/list\"}"), 1);
        assert_eq!(code("{\"jsonrpc\":\"2.0\",\"id\":\"a\",\"method\":\"no/such\",\"params\":{}}"), 1);
        assert_eq!(code("{\"jsonrpc\":\"2.0\",\"method\":\"notifications/initialized\"}"), 0);
        assert_eq!(code("{\"jsonrpc\":\"2.0\",\"id\":3,\"result\":{}}"), 0);
        assert_eq!(code("nonsense"), -32_700);
        assert_eq!(code("\u{0}"), -32_700);
        assert_eq!(code(&"[".repeat(100_000)), -32_700);
        for bad in ["[]", "3", "null", "{}", "{\"id\":{},\"method\":\"ping\"}", "{\"id\":1,\"method\":3}"] {
            assert_eq!(code(bad), -32_600, "{bad}");
        }
    }
}
