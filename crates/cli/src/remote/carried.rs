//! Files that a command line names: which of its arguments they are, and whether they are read or written. They belong to the
//! machine where the command was typed.

use std::collections::BTreeMap;
use std::io::Read as _;
use std::path::{Path, PathBuf};

use andon_api::VerbFile;
use andon_core::task::Refusal;
use andon_store::files::ATTACHMENT_LIMIT;
use clap::ArgMatches;

use super::rules::path_of;
use crate::error::Failure;

/// Most bytes that go along with one command.
const LARGEST: u64 = 28 << 20;

/// What becomes of a file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Use {
    /// It goes along.
    Read,
    /// It is written here with what comes back.
    Written,
    /// It is not of the place where the command was typed: the verb runs where the boards are.
    Theirs,
}

/// Every argument that is a path.
const FILES: &[(&str, &str, Use)] = &[
    ("attach", "files", Use::Read),
    ("attachments get", "output", Use::Written),
    ("backup", "target", Use::Theirs),
    ("comment", "body_file", Use::Read),
    ("complete", "artifacts", Use::Read),
    ("complete", "summary_file", Use::Read),
    ("create", "body_file", Use::Read),
    ("decompose", "plan", Use::Read),
    ("doctor", "recover", Use::Theirs),
    ("edit", "body_file", Use::Read),
    ("import hermes", "path", Use::Theirs),
    ("man", "dir", Use::Theirs),
    ("profile create", "instructions_file", Use::Read),
    ("profile edit", "instructions_file", Use::Read),
    ("profile export", "output", Use::Written),
    ("profile install", "path", Use::Read),
    ("restore", "from", Use::Theirs),
    ("specify", "body_file", Use::Read),
];

/// The files that are read, with what is in them.
///
/// # Errors
/// One that cannot be read, is no file, or is too large.
pub(super) fn read(matches: &ArgMatches) -> Result<Vec<VerbFile>, Failure> {
    let mut read: Vec<VerbFile> = Vec::new();
    let mut room = LARGEST;
    for path in named(matches, Use::Read) {
        let name = path.to_str().map(str::to_owned);
        let name = name.ok_or_else(|| {
            Failure::usage(format!("{} is no UTF-8 text", path.display()), "give the file another name")
        })?;
        // The fleet to start with is no file, unless there is one of that name.
        let starter = name == "starter" && !path.exists() && path_of(matches).0 == "profile install";
        if starter || read.iter().any(|known| known.name == name) {
            continue;
        }
        let content = content(&path, room)?;
        room -= content.len() as u64;
        read.push(VerbFile { name, content });
    }
    Ok(read)
}

fn content(path: &Path, room: u64) -> Result<Vec<u8>, Failure> {
    if path.is_dir() {
        let reason = "it is a folder; a folder cannot go along with a command".to_owned();
        return Err(Failure::File { path: path.to_owned(), reason });
    }
    let mut bytes = Vec::new();
    let read = if path.as_os_str() == "-" {
        std::io::stdin().lock().take(room + 1).read_to_end(&mut bytes)
    } else {
        std::fs::File::open(path).and_then(|file| file.take(room + 1).read_to_end(&mut bytes))
    };
    read.map_err(Failure::file(path))?;
    let size = bytes.len() as u64;
    if size > room {
        let name = path.display().to_string();
        return Err(Refusal::TooLarge { name, size, limit: ATTACHMENT_LIMIT.min(room) }.into());
    }
    Ok(bytes)
}

/// The files that may be written with what comes back, and no others.
pub(super) fn written(matches: &ArgMatches) -> Vec<PathBuf> {
    named(matches, Use::Written)
}

/// Whether the command line names files.
pub(super) fn any(matches: &ArgMatches) -> bool {
    !named(matches, Use::Read).is_empty() || !written(matches).is_empty()
}

/// Those that have come along, by path.
pub(super) fn by_path(files: Vec<VerbFile>) -> BTreeMap<PathBuf, Vec<u8>> {
    files.into_iter().map(|file| (PathBuf::from(file.name), file.content)).collect()
}

fn named(matches: &ArgMatches, of: Use) -> Vec<PathBuf> {
    let (path, leaf) = path_of(matches);
    let arguments = FILES.iter().filter(|(verb, _, used)| *verb == path && *used == of);
    arguments
        .filter_map(|(_, argument, _)| leaf.try_get_many::<PathBuf>(argument).ok().flatten())
        .flatten()
        .cloned()
        .collect()
}

#[cfg(test)]
mod tests {
    use std::any::TypeId;

    use super::*;

    fn paths(command: &clap::Command, before: &str, found: &mut Vec<(String, String)>) {
        for verb in command.get_subcommands().filter(|verb| verb.get_name() != "help") {
            let path = format!("{before}{}", verb.get_name());
            let files = verb.get_arguments().filter(|argument| {
                !argument.is_global_set() && argument.get_value_parser().type_id() == TypeId::of::<PathBuf>()
            });
            found.extend(files.map(|argument| (path.clone(), argument.get_id().to_string())));
            paths(verb, &format!("{path} "), found);
        }
    }

    #[test]
    fn every_argument_that_is_a_path_is_read_written_or_of_the_other_machine() {
        let mut found = Vec::new();
        paths(&crate::args::command(), "", &mut found);
        found.sort();
        let known: Vec<(String, String)> =
            FILES.iter().map(|(verb, argument, _)| ((*verb).to_owned(), (*argument).to_owned())).collect();
        assert_eq!(known, found);
    }
}
