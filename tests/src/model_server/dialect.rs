//! The ways of speaking: which request is whose, and how each frames what it says.

use serde_json::Value;

use super::answer::{Event, Said};
use super::http::Asked;
use super::{openai, others};

/// An API of models.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Dialect {
    Chat,
    Responses,
    Anthropic,
    Gemini,
    Ollama,
}

impl Dialect {
    /// Whose request this is.
    pub(super) fn of(method: &str, path: &str) -> Option<Self> {
        if method != "POST" {
            return None;
        }
        Some(match path {
            "/v1/chat/completions" => Self::Chat,
            "/v1/responses" => Self::Responses,
            "/v1/messages" => Self::Anthropic,
            "/api/chat" => Self::Ollama,
            path if path.starts_with("/v1beta/models/") && Self::model(path).is_some() => Self::Gemini,
            _ => return None,
        })
    }

    /// The model that a path names.
    pub(super) fn model(path: &str) -> Option<&str> {
        let (model, verb) = path.rsplit('/').next()?.rsplit_once(':')?;
        ["generateContent", "streamGenerateContent"].contains(&verb).then_some(model)
    }

    pub(super) const fn name(self) -> &'static str {
        match self {
            Self::Chat => "chat",
            Self::Responses => "responses",
            Self::Anthropic => "anthropic",
            Self::Gemini => "gemini",
            Self::Ollama => "ollama",
        }
    }

    /// Whether a request wants a stream.
    pub(super) fn streams(self, path: &str, body: &Value) -> bool {
        match self {
            Self::Gemini => path.ends_with(":streamGenerateContent"),
            Self::Chat | Self::Responses | Self::Anthropic | Self::Ollama => body["stream"] == true,
        }
    }

    /// What the API itself would refuse.
    pub(super) fn check(self, asked: &Asked, body: &Value) -> Result<(), String> {
        match self {
            Self::Anthropic => others::check_anthropic(asked, body),
            Self::Gemini => others::check_gemini(body),
            Self::Chat | Self::Responses | Self::Ollama => Ok(()),
        }
    }

    /// A whole answer.
    pub(super) fn body(self, said: &Said) -> Value {
        match self {
            Self::Chat => openai::chat_body(said),
            Self::Responses => openai::response(said, "completed"),
            Self::Anthropic => others::anthropic_body(said),
            Self::Gemini => others::gemini_body(said),
            Self::Ollama => others::ollama_body(said),
        }
    }

    /// An answer in pieces.
    pub(super) fn events(self, said: &Said) -> Vec<Event> {
        match self {
            Self::Chat => openai::chat_events(said),
            Self::Responses => openai::responses_events(said),
            Self::Anthropic => others::anthropic_events(said),
            Self::Gemini => others::gemini_events(said),
            Self::Ollama => others::ollama_events(said),
        }
    }

    /// A piece on the wire.
    pub(super) fn framed(self, (name, data): &Event) -> String {
        let name = name.map_or_else(String::new, |name| format!("event: {name}\n"));
        match self {
            Self::Ollama => format!("{data}\n"),
            Self::Chat | Self::Responses | Self::Anthropic | Self::Gemini => {
                format!("{name}data: {data}\n\n")
            }
        }
    }

    pub(super) const fn stream_type(self) -> &'static str {
        match self {
            Self::Ollama => "application/x-ndjson",
            Self::Chat | Self::Responses | Self::Anthropic | Self::Gemini => "text/event-stream",
        }
    }

    /// What follows the last piece.
    pub(super) const fn end_of_stream(self) -> &'static [&'static str] {
        match self {
            Self::Chat => &["data: [DONE]\n\n"],
            Self::Responses | Self::Anthropic | Self::Gemini | Self::Ollama => &[],
        }
    }

    /// The name of an event that brings an error.
    pub(super) const fn name_of_errors(self) -> Option<&'static str> {
        match self {
            Self::Anthropic | Self::Responses => Some("error"),
            Self::Chat | Self::Gemini | Self::Ollama => None,
        }
    }

    /// A piece that is no JSON.
    pub(super) const fn broken(self) -> &'static str {
        match self {
            Self::Anthropic => "event: message_start\ndata: {\"type\": \"message_start\", \"message\": {\n\n",
            Self::Ollama => "{\"message\": {\"role\":\n",
            Self::Chat | Self::Responses | Self::Gemini => "data: {\"choices\": [{\"delta\": {\n\n",
        }
    }
}
