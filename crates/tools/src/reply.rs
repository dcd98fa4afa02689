//! What a call gives.

use serde_json::Value;

use crate::error::ToolError;

/// The answer to a call.
#[derive(Clone, Debug, PartialEq)]
pub struct ToolReply {
    /// An object with `"ok": true`, or with `"ok": false` and the `error`.
    pub content: Value,
    /// Whether it is an error; nothing has changed then.
    pub is_error: bool,
    /// Whether the caller's own run has ended by this call: the worker should finish now.
    pub ended_run: bool,
}

impl ToolReply {
    /// The stable code of the error, if it is one. `stale_run` says that the caller's run ended earlier.
    #[must_use]
    pub fn error_code(&self) -> Option<&str> {
        self.content.get("error")?.get("code")?.as_str()
    }
}

impl From<ToolError> for ToolReply {
    fn from(error: ToolError) -> Self {
        Self { content: error.to_content(), is_error: true, ended_run: false }
    }
}
