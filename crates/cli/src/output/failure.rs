//! How failures are told: in words with the way out, or as JSON.

use std::ffi::OsString;

use serde_json::json;

use super::escape;
use super::stream::Out;
use super::style::{Look, paint};
use crate::error::Failure;
use crate::exit::ExitCode;

/// Tells a failure; `note` comes before its way out.
pub(crate) fn complain(out: &Out, failure: &Failure, note: Option<&str>, json: bool) {
    let hint = match (note, failure.hint()) {
        (Some(note), Some(hint)) => {
            Some(format!("{note}{} {hint}", if note.ends_with('?') { "" } else { ";" }))
        }
        (Some(note), None) => Some(note.to_owned()),
        (None, hint) => hint,
    };
    tell(out, &failure.to_string(), failure.code(), hint.as_deref(), json);
}

/// Tells what went wrong: the message, its stable code, the way out.
pub(crate) fn tell(out: &Out, message: &str, code: &str, hint: Option<&str>, json: bool) {
    if json {
        let error = json!({ "error": { "code": code, "message": message, "hint": hint } });
        return out.say(&serde_json::to_string_pretty(&error).unwrap_or_default());
    }
    let message = escape::block(message, "");
    let mut text = format!("{} {}", paint(Look::Bad, "andon:"), message.trim_end());
    if let Some(hint) = hint {
        text.push_str(&format!("\n  hint: {}", escape::line(hint)));
    }
    text.push_str(&paint(Look::Dim, &format!("\n  code: {code}")));
    out.say(&text);
}

/// Tells what is wrong with a command line; help and the version are no mistakes.
pub(crate) fn usage(out: &Out, arguments: &[OsString], error: &clap::Error) -> ExitCode {
    let text = error.render();
    if !error.use_stderr() {
        out.print(&text.ansi().to_string());
        return ExitCode::Done;
    }
    if arguments.iter().any(|argument| argument == "--json") {
        let text = text.to_string();
        let message = text.strip_prefix("error: ").unwrap_or(&text).trim_end();
        tell(out, message, "usage", None, true);
    } else {
        let code = paint(Look::Dim, "\n  code: usage");
        out.say(&format!("{}{code}", text.ansi().to_string().trim_end()));
    }
    ExitCode::Usage
}
