//! The files of attachments (BD-40), and files that no row names any more.
//!
//! A file is complete and on the disk before its row is written, and its row is gone before it goes. What a crash leaves
//! in between is an orphan, which `gc` removes. Names of files come from a whitelist; nothing is ever read or removed
//! outside the board's own folder.

use std::collections::BTreeSet;
use std::io::{Read, Write as _};
use std::path::{Component, Path, PathBuf};
use std::time::{Duration, SystemTime};

use andon_core::task::Refusal;
use andon_core::{Millis, RunId, TaskId};
use serde_json::Value;
use sha2::{Digest, Sha256};

use crate::board::Board;
use crate::caller::Caller;
use crate::error::{DbError, OpError};
use crate::maintenance::MaintenanceError;
use crate::maintenance::{beside, io};
use crate::migrate::hex;
use crate::operation::{Attach, Detach};
use crate::query::Shown;
use crate::sql::attachments::Attachment;

/// Most bytes of an attachment.
pub const ATTACHMENT_LIMIT: u64 = 25 << 20;
/// Most characters of an attachment's name.
pub const NAME_LIMIT: usize = 200;
/// A file without a row is left alone for so long: its row may be about to be written.
pub const ORPHAN_AGE: Duration = Duration::from_secs(3_600);
const CHUNK: usize = 1 << 20;

/// From where the files may come that somebody names by their paths.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Reach {
    /// Nowhere: whoever names them is elsewhere, and the files of this host are none of its business.
    Nowhere,
    /// The workspace, with every link resolved: a worker may be locked in there while Andon is not.
    Workspace,
    /// Anywhere: a person of this machine.
    Anywhere,
}

/// Artifacts that a completion declares.
#[derive(Clone, Copy, Debug)]
pub struct Declared<'a> {
    /// Of which task.
    pub task: &'a TaskId,
    /// Of which run.
    pub run: Option<&'a RunId>,
    /// The paths, as declared.
    pub paths: &'a [String],
    /// Where relative ones start.
    pub workspace: &'a Path,
    /// From where they may come.
    pub reach: Reach,
    /// Who declares them.
    pub caller: &'a Caller,
}

/// Where the paths start that somebody declares: for a worker, `run`, the workspace that its supervisor named, else the scratch
/// folder of its task; for anybody else where the work on the task was done last.
#[must_use]
pub fn declared_from(board: &Path, shown: &Shown, run: Option<Option<&Path>>) -> PathBuf {
    match run {
        Some(Some(own)) => own.to_owned(),
        Some(None) => scratch(board, &shown.task.id),
        None => workspace(board, shown),
    }
}

/// Artifacts that were declared and could not be kept stand beside those that were, in words.
pub fn note_not_kept(metadata: &mut Value, problems: &[String]) {
    if let (Some(metadata), false) = (metadata.as_object_mut(), problems.is_empty()) {
        metadata.insert("not_kept".to_owned(), problems.into());
    }
}

/// Where the work on a task was done last: in its last run's workspace, in its own, or in the folder that a scratch task has
/// on its board.
#[must_use]
pub fn workspace(board: &Path, shown: &Shown) -> PathBuf {
    let of_run = shown.runs.last().and_then(|run| run.workspace_path.clone());
    let known = of_run.or_else(|| shown.task.workspace_path.clone());
    known.map_or_else(|| scratch(board, &shown.task.id), PathBuf::from)
}

/// The folder that a scratch task has on its board. All that a worker has of which no supervisor says where it works: whoever
/// made the task has chosen any other place, and may be elsewhere.
#[must_use]
pub fn scratch(board: &Path, task: &TaskId) -> PathBuf {
    board.join("workspaces").join(task.as_str())
}

/// Opens a regular file whose path was resolved before: what has become a link since then, anywhere on the way, is refused.
///
/// # Errors
/// When it is no regular file, or cannot be opened.
pub fn open_resolved(path: &Path) -> std::io::Result<std::fs::File> {
    use rustix::fs::{CWD, Mode, OFlags, ResolveFlags, open, openat2};
    use rustix::io::Errno;
    use std::os::fd::AsRawFd as _;
    // A pipe would be waited for.
    let flags = OFlags::RDONLY | OFlags::CLOEXEC | OFlags::NONBLOCK | OFlags::NOCTTY | OFlags::NOFOLLOW;
    let file = match openat2(CWD, path, flags, Mode::empty(), ResolveFlags::NO_SYMLINKS) {
        // An old kernel, or a sandbox that knows no such call: then what was opened is asked where it is.
        Err(Errno::NOSYS | Errno::PERM) => {
            let file = open(path, flags, Mode::empty())?;
            let is_at = std::fs::read_link(format!("/proc/self/fd/{}", file.as_raw_fd()))?;
            if is_at != path {
                return Err(std::io::Error::other("it lies elsewhere than it did a moment ago"));
            }
            file
        }
        opened => opened?,
    };
    let file = std::fs::File::from(file);
    if file.metadata()?.is_file() { Ok(file) } else { Err(std::io::Error::other("it is not a regular file")) }
}

/// The name of an attachment: the last part of what was given, over both kinds of separators, without characters that
/// cannot be printed and without leading dots, at most [`NAME_LIMIT`] characters.
///
/// # Errors
/// `invalid_value` when nothing is left.
pub fn clean_name(given: &str) -> Result<String, Refusal> {
    let last = given.rsplit(['/', '\\']).next().unwrap_or_default();
    let printable: String = last.chars().filter(|c| !c.is_control() && !is_format(*c)).collect();
    let name = printable.trim().trim_start_matches('.').trim_start();
    let name: String = match name.rsplit_once('.') {
        // A long name keeps its ending, by which programs know what it is.
        Some((stem, ending)) if name.chars().count() > NAME_LIMIT && ending.chars().count() < 20 => {
            let room = NAME_LIMIT - 1 - ending.chars().count();
            format!("{}.{ending}", stem.chars().take(room).collect::<String>())
        }
        Some(_) | None => name.chars().take(NAME_LIMIT).collect(),
    };
    if name.is_empty() {
        let rule = "the name of an attachment has at least one visible character that is not a dot";
        return Err(Refusal::invalid("file name", given, rule));
    }
    Ok(name)
}

/// Characters that change how their neighbours look, and have no look of their own.
fn is_format(c: char) -> bool {
    matches!(c, '\u{200b}'..='\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2060}'..='\u{2069}' | '\u{feff}')
}

/// The media type that a name tells.
#[must_use]
pub fn content_type(name: &str) -> Option<&'static str> {
    let ending = name.rsplit_once('.')?.1.to_ascii_lowercase();
    Some(match ending.as_str() {
        "txt" | "log" => "text/plain",
        "md" => "text/markdown",
        "html" | "htm" => "text/html",
        "css" => "text/css",
        "csv" => "text/csv",
        "json" => "application/json",
        "toml" => "application/toml",
        "yaml" | "yml" => "application/yaml",
        "xml" => "application/xml",
        "pdf" => "application/pdf",
        "zip" => "application/zip",
        "gz" | "tgz" => "application/gzip",
        "tar" => "application/x-tar",
        "patch" | "diff" => "text/x-diff",
        "js" => "text/javascript",
        "rs" | "py" | "ts" | "c" | "h" | "go" | "sh" | "sql" => "text/plain",
        "png" => "image/png",
        "jpg" | "jpeg" => "image/jpeg",
        "gif" => "image/gif",
        "webp" => "image/webp",
        "svg" => "image/svg+xml",
        "mp3" => "audio/mpeg",
        "wav" => "audio/wav",
        "mp4" => "video/mp4",
        _ => return None,
    })
}

/// Where a relative path lies inside `root`, if it does: neither its text nor a link on the way leads out.
#[must_use]
pub fn inside(root: &Path, relative: &str) -> Option<PathBuf> {
    let plain = Path::new(relative).components().all(|part| matches!(part, Component::Normal(_)));
    if relative.is_empty() || !plain || relative.contains('\0') {
        return None;
    }
    let path = root.join(relative);
    match path.canonicalize() {
        Ok(real) => real.starts_with(root.canonicalize().ok()?).then_some(path),
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => Some(path),
        Err(_) => None,
    }
}

/// A file that lies in place, and has no row yet.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Stored {
    /// Its name, as people see it.
    pub name: String,
    /// Where it lies, relative to the board's attachments.
    pub path: String,
    /// Bytes.
    pub size: u64,
    /// Its checksum.
    pub sha256: String,
}

/// Streams a file into the board's attachments, where it is complete and on the disk before it has its name. The same
/// content under the same name is the same file.
///
/// # Errors
/// `invalid_value`, `too_large`, or input and output; nothing is left then.
pub fn store(
    board: &Path,
    task: &TaskId,
    name: &str,
    source: &mut dyn Read,
) -> Result<Stored, MaintenanceError> {
    let name = clean_name(name).map_err(OpError::from)?;
    let folder = board.join("attachments").join(task.as_str());
    std::fs::create_dir_all(&folder).map_err(io(&folder))?;
    let draft = folder.join(format!(".{:016x}.partial", rand::random::<u64>()));
    let written = write(&draft, &name, source);
    let placed = written.and_then(|(size, sha256)| {
        let path = format!("{task}/{}-{name}", &sha256[..16]);
        let target = board.join("attachments").join(&path);
        crate::crash::point("attachment_written");
        std::fs::rename(&draft, &target).map_err(io(&target))?;
        std::fs::File::open(&folder).and_then(|folder| folder.sync_all()).map_err(io(&folder))?;
        Ok(Stored { name, path, size, sha256 })
    });
    placed.inspect_err(|_| {
        let _ = std::fs::remove_file(&draft);
    })
}

fn write(draft: &Path, name: &str, source: &mut dyn Read) -> Result<(u64, String), MaintenanceError> {
    use std::os::unix::fs::OpenOptionsExt as _;
    let open = std::fs::OpenOptions::new().write(true).create_new(true).mode(0o600).open(draft);
    let mut file = open.map_err(io(draft))?;
    let mut sum = Sha256::new();
    let mut size = 0_u64;
    let mut chunk = vec![0; CHUNK];
    loop {
        let read = match source.read(&mut chunk) {
            Ok(read) => read,
            Err(error) if error.kind() == std::io::ErrorKind::Interrupted => continue,
            Err(error) => return Err(io(Path::new(name))(error)),
        };
        if read == 0 {
            break;
        }
        size += read as u64;
        if size > ATTACHMENT_LIMIT {
            let refusal = Refusal::TooLarge { name: name.to_owned(), size, limit: ATTACHMENT_LIMIT };
            return Err(OpError::from(refusal).into());
        }
        sum.update(&chunk[..read]);
        file.write_all(&chunk[..read]).map_err(io(draft))?;
    }
    file.sync_all().map_err(io(draft))?;
    Ok((size, hex(&sum.finalize())))
}

/// Adds an attachment: first the file, then the row.
///
/// # Errors
/// As [`store`], and the board's refusal.
pub async fn attach(
    board: &Board,
    task: &TaskId,
    name: &str,
    source: &mut (dyn Read + Send),
    caller: &Caller,
) -> Result<Attachment, MaintenanceError> {
    // An unknown task is refused before anything is written.
    board.run(crate::query::Known { task: task.clone() }).await?;
    Ok(board.run(prepare(board.folder(), task, name, source, caller)?).await?)
}

/// The first half of [`attach`]: the file lies in place, and what is given records it. One that is never recorded goes with
/// `gc`.
///
/// # Errors
/// As [`store`].
pub fn prepare(
    board: &Path,
    task: &TaskId,
    name: &str,
    source: &mut dyn Read,
    caller: &Caller,
) -> Result<Attach, MaintenanceError> {
    let stored = store(board, task, name, source)?;
    Ok(Attach {
        task: task.clone(),
        content_type: content_type(&stored.name).map(str::to_owned),
        name: stored.name,
        path: stored.path,
        size: i64::try_from(stored.size).unwrap_or(i64::MAX),
        sha256: stored.sha256,
        run: caller.actor.run().map(ToString::to_string),
        caller: caller.clone(),
    })
}

/// Removes an attachment: first the row, then the file.
///
/// # Errors
/// The board's refusal. A file that cannot be removed is an orphan for `gc`.
pub async fn detach(
    board: &Board,
    task: &TaskId,
    which: &str,
    caller: &Caller,
) -> Result<Attachment, OpError> {
    let operation = Detach { task: task.clone(), which: which.to_owned(), caller: caller.clone() };
    let gone = board.run(operation).await?;
    remove(board.folder(), &gone.path);
    Ok(gone)
}

/// Removes the file of an attachment, and its task's folder when it was the last.
pub fn remove(board: &Path, path: &str) {
    if let Some(file) = inside(&board.join("attachments"), path) {
        let _ = std::fs::remove_file(&file);
        if let Some(folder) = file.parent() {
            let _ = std::fs::remove_dir(folder);
        }
    }
}

/// Where an attachment's file lies, if it is there and inside the board's folder.
///
/// # Errors
/// `unknown_attachment` when it is not.
pub fn path_of(board: &Path, attachment: &Attachment) -> Result<PathBuf, OpError> {
    let path = inside(&board.join("attachments"), &attachment.path).filter(|path| path.is_file());
    path.ok_or_else(|| Refusal::UnknownAttachment(attachment.name.clone()).into())
}

/// The files below a board's attachments that no row names, oldest content first by name. Those younger than
/// [`ORPHAN_AGE`] are left out.
#[must_use]
pub fn orphans(board: &Path, known: &BTreeSet<String>) -> Vec<PathBuf> {
    let root = board.join("attachments");
    let mut found = Vec::new();
    for folder in entries(&root) {
        if !folder.is_dir() {
            continue;
        }
        for file in entries(&folder) {
            let relative = file.strip_prefix(&root).ok().and_then(|path| path.to_str());
            let named = relative.is_some_and(|relative| known.contains(relative));
            if !named && is_older(&file, ORPHAN_AGE) {
                found.push(file);
            }
        }
    }
    found
}

/// Removes what imports that died left among the boards; gives how many went.
#[must_use]
pub fn remove_old_drafts(boards: &Path) -> u64 {
    let drafts = entries(boards).into_iter().filter(|path| {
        let name = path.file_name().map(|name| name.to_string_lossy().into_owned()).unwrap_or_default();
        name.starts_with("_importing-") && is_older(path, ORPHAN_AGE)
    });
    drafts.filter(|path| std::fs::remove_dir_all(path).is_ok()).count() as u64
}

/// Removes logs that nobody has written since `before`; gives how many went.
#[must_use]
pub fn remove_old_logs(board: &Path, before: Millis, now: Millis) -> u64 {
    let age = Duration::from_millis(u64::try_from(now.since(before)).unwrap_or(0));
    let mut removed = 0;
    for entry in entries(&board.join("logs")) {
        let files = if entry.is_dir() { entries(&entry) } else { vec![entry.clone()] };
        for file in files {
            if file.is_file() && is_older(&file, age) && std::fs::remove_file(&file).is_ok() {
                removed += 1;
            }
        }
        if entry.is_dir() {
            let _ = std::fs::remove_dir(&entry);
        }
    }
    removed
}

fn entries(folder: &Path) -> Vec<PathBuf> {
    let listed = std::fs::read_dir(folder).into_iter().flatten().flatten();
    let mut paths: Vec<PathBuf> = listed.map(|entry| entry.path()).collect();
    paths.sort();
    paths
}

fn is_older(file: &Path, age: Duration) -> bool {
    #[expect(clippy::disallowed_methods, reason = "the age of a file is told by the clock that stamped it")]
    let now = SystemTime::now();
    let modified = std::fs::symlink_metadata(file).and_then(|meta| meta.modified());
    modified.is_ok_and(|modified| now.duration_since(modified).is_ok_and(|is| is >= age))
}

/// Copies the files of one folder of attachments that another does not have; gives how many.
pub(crate) fn copy_missing(from: &Path, to: &Path) -> Result<u64, MaintenanceError> {
    let mut copied = 0;
    for folder in entries(from) {
        for file in entries(&folder) {
            let Some(relative) = file.strip_prefix(from).ok().and_then(|path| path.to_str()) else {
                continue;
            };
            let Some(target) = inside(to, relative).filter(|target| !target.exists()) else { continue };
            if !file.is_file() {
                continue;
            }
            if let Some(parent) = target.parent() {
                std::fs::create_dir_all(parent).map_err(io(parent))?;
            }
            let draft = beside(&target, ".partial");
            std::fs::copy(&file, &draft).map_err(io(&file))?;
            std::fs::File::open(&draft).and_then(|file| file.sync_all()).map_err(io(&draft))?;
            std::fs::rename(&draft, &target).map_err(io(&target))?;
            copied += 1;
        }
    }
    Ok(copied)
}

/// An error of a file, as an operation's.
impl From<MaintenanceError> for OpError {
    fn from(error: MaintenanceError) -> Self {
        match error {
            MaintenanceError::Op(error) => error,
            other => Self::Db(DbError::Io(other.to_string())),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_the_last_part_without_tricks() {
        for (given, clean) in [
            ("report.pdf", "report.pdf"),
            ("../../etc/passwd", "passwd"),
            ("C:\\secrets\\key.txt", "key.txt"),
            ("...hidden", "hidden"),
            ("a\u{0}b\nc", "abc"),
            ("\u{202e}gpj.exe", "gpj.exe"),
            ("grüße 日本.txt", "grüße 日本.txt"),
        ] {
            assert_eq!(clean_name(given).unwrap(), clean);
        }
        for bad in ["", "..", "a/", "\u{200b}", "\n"] {
            assert_eq!(clean_name(bad).unwrap_err().code(), "invalid_value", "{bad:?}");
        }
        let long = clean_name(&format!("{}.tar.gz", "x".repeat(400))).unwrap();
        assert!(long.chars().count() == NAME_LIMIT && long.ends_with(".gz"));
    }

    #[test]
    fn nothing_outside_its_root_is_reached() {
        let root = tempfile::tempdir().unwrap();
        let attachments = root.path().join("attachments");
        std::fs::create_dir_all(attachments.join("t_1")).unwrap();
        std::fs::write(root.path().join("secret"), "x").unwrap();
        std::os::unix::fs::symlink(root.path().join("secret"), attachments.join("t_1/link")).unwrap();
        for bad in ["", "../secret", "/etc/passwd", "t_1/../../secret", "t_1/link", "./x", "a\0b"] {
            assert_eq!(inside(&attachments, bad), None, "{bad:?}");
        }
        assert!(inside(&attachments, "t_1/new.txt").is_some());
    }

    #[test]
    fn too_large_a_file_leaves_nothing() {
        let root = tempfile::tempdir().unwrap();
        let task = TaskId::from_bits(7);
        let mut source = std::io::repeat(b'x').take(ATTACHMENT_LIMIT + 1);
        let error = store(root.path(), &task, "big.bin", &mut source).unwrap_err();
        assert_eq!(error.code(), "too_large");
        assert!(entries(&root.path().join("attachments").join(task.as_str())).is_empty());
        let stored = store(root.path(), &task, "ok.txt", &mut &b"hello"[..]).unwrap();
        assert_eq!(store(root.path(), &task, "ok.txt", &mut &b"hello"[..]).unwrap(), stored);
        assert_eq!((stored.size, content_type(&stored.name)), (5, Some("text/plain")));
    }
}
