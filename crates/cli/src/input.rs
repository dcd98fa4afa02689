//! What verbs are given: ids, words, texts from files, names of statuses, workspaces.

use std::collections::BTreeMap;
use std::io::Read;
use std::path::{Path, PathBuf};

use andon_core::nearest::nearest;
use andon_core::task::{Status, WorkspaceKind};
use andon_core::{ProfileName, TaskId};
use andon_engine::workspace::{Kind, validate_workspace};
use serde_json::Value;

use crate::app::App;
use crate::error::Failure;

/// No text file is read further than this: what does not fit the board is refused there, with its size.
const LONGEST_TEXT: u64 = 64 << 20;

/// For clap: a word of a set, or what was probably meant.
pub(crate) fn one_of(what: &str, text: &str, known: &[&str]) -> String {
    let meant = nearest(text, known.iter().copied());
    let meant = meant.first().map_or_else(String::new, |name| format!("; did you mean {name}?"));
    let given: String = text.chars().take(80).collect();
    format!("there is no {what} {given:?}{meant} (one of {})", known.join(", "))
}

/// For clap: a status.
pub(crate) fn status(text: &str) -> Result<Status, String> {
    let names: Vec<&str> = Status::ALL.iter().map(|status| status.as_str()).collect();
    text.trim().to_lowercase().parse().map_err(|_| one_of("status", text, &names))
}

/// For clap: a profile, or nobody (`none`, `-`, `null`).
pub(crate) fn assignee(text: &str) -> Result<Option<ProfileName>, String> {
    match text.trim().to_lowercase().as_str() {
        "none" | "-" | "null" | "" => Ok(None),
        name => name.parse().map(Some).map_err(|error: andon_core::id::InvalidId| error.to_string()),
    }
}

/// For clap: a JSON object.
pub(crate) fn json_object(text: &str) -> Result<Value, String> {
    match serde_json::from_str::<Value>(text) {
        Ok(value @ Value::Object(_)) => Ok(value),
        Ok(_) => Err("it must be a JSON object, such as {\"files\": 3}".to_owned()),
        Err(error) => Err(format!("it is no JSON: {error}")),
    }
}

/// For clap: a list of names separated by commas.
pub(crate) fn names(text: &str) -> Vec<String> {
    text.split(',').map(str::trim).filter(|name| !name.is_empty()).map(str::to_owned).collect()
}

/// The task that `id` names, or the worker's own.
///
/// # Errors
/// `unknown_task` for a text that is no id; usage outside a worker without one.
pub(crate) fn task(app: &App, id: Option<&str>) -> Result<TaskId, Failure> {
    match id {
        Some(id) => Ok(id.parse()?),
        None => app.own_task(),
    }
}

/// Words that start with an id or, in a worker, need not: `block t_0123abcd why` and `block why`.
///
/// # Errors
/// As [`task`].
pub(crate) fn task_and_words(app: &App, words: &[String]) -> Result<(TaskId, String), Failure> {
    match words.split_first() {
        Some((first, rest)) => match first.parse() {
            Ok(id) => Ok((id, rest.join(" "))),
            Err(_) if app.in_worker() => Ok((app.own_task()?, words.join(" "))),
            Err(error) => Err(Failure::BadId(error)),
        },
        None => Ok((app.own_task()?, String::new())),
    }
}

/// Where the files that a command line names are read.
#[derive(Debug)]
pub(crate) enum Files {
    /// On this machine, from this process's directory.
    Here,
    /// On this machine, but for those that were read already: standard input is read once.
    Read(BTreeMap<PathBuf, Vec<u8>>),
    /// Among those that came along with the command line, by the paths that stand in it.
    Sent(BTreeMap<PathBuf, Vec<u8>>),
}

impl Files {
    /// Opens a file; `-` is standard input.
    ///
    /// # Errors
    /// Where it is no regular file that can be read.
    pub(crate) fn open(&self, path: &Path) -> Result<Box<dyn Read + Send + '_>, Failure> {
        match self {
            Self::Read(files) if files.contains_key(path) => {
                Ok(Box::new(files.get(path).map(Vec::as_slice).unwrap_or_default()))
            }
            Self::Here | Self::Read(_) if path.as_os_str() == "-" => Ok(Box::new(std::io::stdin())),
            Self::Here | Self::Read(_) => {
                let file = std::fs::File::open(path).map_err(Failure::file(path))?;
                Ok(Box::new(file))
            }
            Self::Sent(files) => {
                let missing = || Failure::File {
                    path: path.to_owned(),
                    reason: "it did not come along with the command".to_owned(),
                };
                Ok(Box::new(files.get(path).ok_or_else(missing)?.as_slice()))
            }
        }
    }

    /// Whether they came along with a command from elsewhere.
    pub(crate) const fn came_along(&self) -> bool {
        match self {
            Self::Here | Self::Read(_) => false,
            Self::Sent(_) => true,
        }
    }
}

/// A text given on the command line or in a file; `-` is standard input.
///
/// # Errors
/// Where the file cannot be read as text.
pub(crate) fn text(app: &App, given: Option<String>, file: Option<&Path>) -> Result<Option<String>, Failure> {
    let Some(path) = file else { return Ok(given) };
    let mut bytes = Vec::new();
    app.files.open(path)?.take(LONGEST_TEXT).read_to_end(&mut bytes).map_err(Failure::file(path))?;
    match String::from_utf8(bytes) {
        Ok(text) => Ok(Some(text)),
        Err(error) => {
            let reason = format!("it is no UTF-8 text from byte {} on", error.utf8_error().valid_up_to());
            Err(Failure::File { path: path.to_owned(), reason })
        }
    }
}

/// `scratch`, `dir:<path>` or `worktree[:<path>]`; `~` is the person's own directory.
///
/// # Errors
/// An unknown kind, a relative or otherwise unusable path.
pub(crate) fn workspace(app: &App, text: &str) -> Result<(WorkspaceKind, Option<String>), Failure> {
    let (kind, path) = validate_workspace(text, app.user_home().as_deref())?;
    let kind = match kind {
        Kind::Scratch => WorkspaceKind::Scratch,
        Kind::Dir => WorkspaceKind::Dir,
        Kind::Worktree => WorkspaceKind::Worktree,
    };
    let path = path.map(|path: PathBuf| match path.into_os_string().into_string() {
        Ok(path) => Ok(path),
        Err(path) => Err(Failure::usage(
            format!("workspace path {} is no UTF-8 text", path.to_string_lossy()),
            "rename the folder",
        )),
    });
    Ok((kind, path.transpose()?))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_mistyped_status_names_the_nearest() {
        assert_eq!(status(" Ready "), Ok(Status::Ready));
        let error = status("redy").unwrap_err();
        assert!(error.starts_with("there is no status \"redy\"; did you mean ready?"), "{error}");
    }

    #[test]
    fn nobody_has_several_names() {
        for nobody in ["none", "-", "NULL", ""] {
            assert_eq!(assignee(nobody), Ok(None));
        }
        assert!(assignee("a/b").is_err());
    }

    #[test]
    fn metadata_is_an_object() {
        assert!(json_object("{\"a\": 1}").is_ok());
        assert!(json_object("[1]").unwrap_err().contains("JSON object"));
        assert!(json_object("{").unwrap_err().contains("no JSON"));
    }
}
