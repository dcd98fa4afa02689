//! Declared artifacts are kept as attachments before the workspace goes (BD-40, SD2-19).

use std::io;
use std::path::Path;

use andon_core::{RunId, TaskId};
use andon_store::operation::Attach;
use andon_store::{Board, Caller, OpError};
use sha2::{Digest as _, Sha256};

use crate::workspace;

/// Copies what a run declares from its workspace into the board and records it. Safe to repeat: the same artifact of the
/// same run is kept once. Gives what could not be kept, in words.
///
/// # Errors
/// Of the database.
pub async fn keep(
    board: &Board,
    task: &TaskId,
    run: Option<&RunId>,
    declared: &[String],
    workspace: &Path,
    caller: &Caller,
) -> Result<Vec<String>, OpError> {
    if declared.is_empty() {
        return Ok(Vec::new());
    }
    let (found, mut problems) = workspace::artifacts(declared, workspace);
    for artifact in found {
        let relative = match run {
            Some(run) => format!("{task}/{run}-{}", artifact.name),
            None => format!("{task}/by-hand-{}", artifact.name),
        };
        let target = board.folder().join("attachments").join(&relative);
        let copied = copy(&artifact.path, &target);
        let (size, sha256) = match copied {
            Ok(copied) => copied,
            Err(error) => {
                problems.push(format!("{}: {error}", artifact.path.display()));
                continue;
            }
        };
        let attach = Attach {
            task: task.clone(),
            name: artifact.name,
            path: relative,
            content_type: None,
            size: i64::try_from(size).unwrap_or(i64::MAX),
            sha256,
            run: run.map(RunId::to_string),
            caller: caller.clone(),
        };
        board.run(attach).await?;
    }
    Ok(problems)
}

/// Copies a regular file, never through a link, and waits until it is on the disk.
fn copy(source: &Path, target: &Path) -> io::Result<(u64, String)> {
    use std::io::{Read as _, Write as _};
    use std::os::unix::fs::OpenOptionsExt as _;
    let flags = i32::try_from(rustix::fs::OFlags::NOFOLLOW.bits()).unwrap_or(0);
    let mut from = std::fs::OpenOptions::new().read(true).custom_flags(flags).open(source)?;
    if !from.metadata()?.is_file() {
        return Err(io::Error::other("it is not a regular file"));
    }
    if let Some(folder) = target.parent() {
        std::fs::create_dir_all(folder)?;
    }
    let draft = target.with_extension("part");
    let mut to =
        std::fs::OpenOptions::new().write(true).create(true).truncate(true).mode(0o600).open(&draft)?;
    let (mut hash, mut size, mut buffer) = (Sha256::new(), 0_u64, vec![0_u8; 1 << 16]);
    loop {
        let read = from.read(&mut buffer)?;
        if read == 0 {
            break;
        }
        size += read as u64;
        if size > workspace::ARTIFACT_LIMIT {
            let _ = std::fs::remove_file(&draft);
            return Err(io::Error::other("it grew over the limit while it was copied"));
        }
        hash.update(&buffer[..read]);
        to.write_all(&buffer[..read])?;
    }
    to.sync_all()?;
    std::fs::rename(&draft, target)?;
    let digest = hash.finalize();
    let sha256 = digest.iter().map(|byte| format!("{byte:02x}")).collect();
    Ok((size, sha256))
}
