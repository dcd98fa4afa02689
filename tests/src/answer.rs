//! What a command answered.

use std::process::Output;

use serde_json::Value;

/// Exit code and both streams of one command.
#[derive(Clone, Debug)]
pub struct Answer {
    /// The command, for messages.
    pub command: String,
    /// Its exit code; −1 when a signal ended it.
    pub code: i32,
    /// Data.
    pub stdout: String,
    /// Talk.
    pub stderr: String,
}

impl Answer {
    pub(crate) fn new(command: String, output: &Output) -> Self {
        Self {
            command,
            code: output.status.code().unwrap_or(-1),
            stdout: String::from_utf8_lossy(&output.stdout).into_owned(),
            stderr: String::from_utf8_lossy(&output.stderr).into_owned(),
        }
    }

    /// This answer, which must have this exit code.
    ///
    /// # Panics
    /// When it has another one.
    #[track_caller]
    #[must_use = "or say `.exits(…)` for its effect with `let _ =`"]
    pub fn exits(self, code: i32) -> Self {
        assert_eq!(self.code, code, "{}\n{}{}", self.command, self.stdout, self.stderr);
        self
    }

    /// Standard output without surrounding blanks, of a command that succeeded.
    ///
    /// # Panics
    /// When it failed.
    #[track_caller]
    #[must_use]
    pub fn ok(self) -> String {
        self.exits(0).stdout.trim().to_owned()
    }

    /// Standard output as JSON.
    ///
    /// # Panics
    /// When it is none.
    #[track_caller]
    #[must_use]
    pub fn json(&self) -> Value {
        serde_json::from_str(&self.stdout).unwrap_or_else(|error| {
            panic!("{}: no JSON ({error}):\n{}{}", self.command, self.stdout, self.stderr)
        })
    }

    /// The stable code of the error that a command with `--json` told on standard error.
    ///
    /// # Panics
    /// When there is none.
    #[track_caller]
    #[must_use]
    pub fn error_code(&self) -> String {
        let start = self.stderr.find('{').unwrap_or_default();
        let error: Value = serde_json::from_str(&self.stderr[start..]).unwrap_or_else(|error| {
            panic!("{}: no JSON error ({error}), exit {}:\n{}", self.command, self.code, self.stderr)
        });
        text_of(&error["error"]["code"])
    }
}

/// A JSON text as it is; other values as JSON.
#[must_use]
pub fn text_of(value: &Value) -> String {
    value.as_str().map_or_else(|| value.to_string(), str::to_owned)
}
