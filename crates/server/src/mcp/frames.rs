//! Frames: one JSON-RPC message a line. Whatever a client sends becomes a request, or an answer that says what is wrong with
//! it, or nothing; never an end of the server.

use std::io::{BufRead, BufReader, ErrorKind, Read};

use rmcp::model::{ClientJsonRpcMessage, ErrorCode, ErrorData, NumberOrString, RequestId};
use serde_json::{Value, json};

/// Most bytes of a frame; longer ones are answered with an error and passed over.
pub const FRAME_LIMIT: usize = 8 << 20;

/// One line of the input.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Line {
    /// A whole line, without its end.
    Whole(Vec<u8>),
    /// A line beyond the limit; it has been passed over.
    TooLong,
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
        let mut line = Vec::new();
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
                line = Vec::new();
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
            (true, true) => Some(Line::TooLong),
            (true, false) => Some(Line::Whole(line)),
        }
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
            Line::TooLong => {
                let message =
                    format!("the message is longer than {FRAME_LIMIT} bytes; send large texts as files");
                return Self::bad(ErrorCode::INVALID_REQUEST, message, None);
            }
        };
        match serde_json::from_slice(bytes) {
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
            Some(Value::String(id)) => NumberOrString::String(id.as_str().into()),
            Some(Value::Number(number)) if number.is_i64() => {
                NumberOrString::Number(number.as_i64().unwrap_or_default())
            }
            None | Some(_) => {
                let message = "a request has an `id` that is a text or a whole number, and a `method`";
                return Self::bad(ErrorCode::INVALID_REQUEST, message.to_owned(), None);
            }
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
        assert_eq!(lines(b"ab\n\n  \nabcde\r\nx", 4), [whole("ab"), Line::TooLong, whole("x")]);
        assert_eq!(lines(b"", 4), []);
        let mut long = vec![b'x'; 1 << 18];
        long.extend_from_slice(b"\nok\n");
        assert_eq!(lines(&long, 1 << 17), [Line::TooLong, whole("ok")]);
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
