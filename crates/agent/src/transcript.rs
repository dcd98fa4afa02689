//! What was said, as lines of JSON beside the log. Bounded, without keys, readable by its owner alone.

use std::fs::File;
use std::io::Write as _;
use std::os::unix::fs::{DirBuilderExt as _, OpenOptionsExt as _};
use std::path::Path;
use std::sync::Arc;

use andon_core::context::rfc3339;
use andon_store::World;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::Secret;

/// Most bytes of one text.
const LONGEST: usize = 64 * 1024;

/// One line.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Entry {
    /// When, RFC 3339.
    #[serde(default)]
    pub at: String,
    /// What: `system`, `told`, `answer`, `call`, `result`, `note`, `end`.
    pub kind: String,
    /// In words.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub text: String,
    /// The tool of a call or result.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub tool: Option<String>,
    /// Arguments, tokens or the outcome.
    #[serde(default, skip_serializing_if = "Value::is_null")]
    pub data: Value,
}

/// The open transcript. What cannot be written is lost; the run goes on.
#[derive(Debug)]
pub struct Transcript {
    file: Option<File>,
    world: Arc<dyn World>,
    key: Option<Secret>,
}

impl Transcript {
    /// Opens it for appending; without a path nothing is kept. Its folder is made where no supervisor has made it: in a run
    /// that was claimed by hand.
    #[must_use]
    pub fn open(path: Option<&Path>, world: Arc<dyn World>, key: Option<Secret>) -> Self {
        let file = path.and_then(|path| {
            if let Some(folder) = path.parent()
                && let Err(error) = std::fs::DirBuilder::new().recursive(true).mode(0o700).create(folder)
            {
                tracing::warn!(path = %folder.display(), %error, "no folder for the transcript");
            }
            let opened = std::fs::OpenOptions::new().create(true).append(true).mode(0o600).open(path);
            opened.inspect_err(|error| tracing::warn!(path = %path.display(), %error, "no transcript")).ok()
        });
        Self { file, world, key }
    }

    /// Writes a line.
    pub fn write(&mut self, kind: &str, text: &str, tool: Option<&str>, data: Value) {
        let Some(file) = &mut self.file else { return };
        let entry = Entry {
            at: rfc3339(self.world.now()),
            kind: kind.to_owned(),
            text: bounded(text),
            tool: tool.map(str::to_owned),
            data: if data.to_string().len() > LONGEST {
                Value::String(bounded(&data.to_string()))
            } else {
                data
            },
        };
        let Ok(mut line) = serde_json::to_string(&entry) else { return };
        if let Some(key) = &self.key {
            line = key.hidden(line);
        }
        line.push('\n');
        if let Err(error) = file.write_all(line.as_bytes()) {
            tracing::warn!(%error, "a line of the transcript is lost");
        }
    }
}

fn bounded(text: &str) -> String {
    if text.len() <= LONGEST {
        return text.to_owned();
    }
    let mut end = LONGEST;
    while !text.is_char_boundary(end) {
        end -= 1;
    }
    format!("{} […{} bytes more]", &text[..end], text.len() - end)
}

/// The lines of a transcript; what is no line of ours is passed over.
pub fn entries(text: &str) -> impl Iterator<Item = Entry> + '_ {
    text.lines().filter_map(|line| serde_json::from_str(line).ok())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_transcript_is_private_bounded_and_without_keys() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("t.jsonl");
        let mut transcript =
            Transcript::open(Some(&path), andon_store::ambient(), Secret::new("sk-geheim-123"));
        transcript.write("told", "use sk-geheim-123", None, Value::Null);
        transcript.write("result", &"ü".repeat(LONGEST), Some("shell"), Value::Null);
        let text = std::fs::read_to_string(&path).unwrap();
        assert!(!text.contains("geheim"));
        let lines: Vec<Entry> = entries(&text).collect();
        assert_eq!(lines.len(), 2);
        assert!(lines[1].text.len() < LONGEST + 100 && lines[1].text.contains("bytes more"));
    }
}
