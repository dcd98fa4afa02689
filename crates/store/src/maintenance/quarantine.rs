//! What becomes of a board whose database is damaged: one copy of it, named by its content, and a pause before anybody
//! tries again. A thousand attempts make one copy.
//!
//! The copy is made by another process: reading the file here and closing it would cancel the locks that this process
//! may hold on it through SQLite.

use std::io::Read as _;
use std::path::{Path, PathBuf};

use andon_core::Millis;
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

use super::error::{MaintenanceError, io};
use super::snapshot::beside;
use crate::board_file::write_synced;
use crate::migrate::hex;

const MARKER: &str = "quarantine.json";
/// The first pause, milliseconds; it doubles with each further attempt.
const FIRST: i64 = 60_000;
/// The longest pause, milliseconds.
const LONGEST: i64 = 3_600_000;

/// Copies a file in another process: `(from, to)`.
pub type Copier<'a> = &'a dyn Fn(&Path, &Path) -> std::io::Result<()>;

/// A board in quarantine.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Quarantine {
    /// Since when.
    pub since: Millis,
    /// Not tried again before.
    pub until: Millis,
    /// Attempts that found it damaged.
    pub attempts: u32,
    /// What SQLite said.
    pub detail: String,
    /// The copy of the damaged file, beside it.
    pub copy: Option<String>,
    /// Size, time and number of the file that was copied: another file is another case.
    file: (u64, i64, u64),
}

/// Whether a board is in quarantine, and until when nobody should try it again. A file that has been replaced or repaired
/// since is not.
#[must_use]
pub fn quarantined(board: &Path) -> Option<Quarantine> {
    let text = std::fs::read_to_string(board.join(MARKER)).ok()?;
    let marker: Quarantine = serde_json::from_str(&text).ok()?;
    (marker.file == fingerprint(&board.join("board.db"))).then_some(marker)
}

/// Puts a board into quarantine, or keeps it there: its damaged database is copied once, to
/// `board.db.corrupt.<16 hexadecimal digits of its checksum>.bak`, and the pause grows.
/// The caller has closed its own connections.
///
/// # Errors
/// When the copy or the marker cannot be written.
pub fn quarantine(
    board: &Path,
    detail: &str,
    now: Millis,
    copier: Copier<'_>,
) -> Result<Quarantine, MaintenanceError> {
    let live = board.join("board.db");
    let known = quarantined(board);
    if let Some(known) = &known
        && now < known.until
    {
        return Ok(known.clone());
    }
    let attempts = known.as_ref().map_or(0, |known| known.attempts).saturating_add(1);
    let pause = FIRST.saturating_mul(1 << attempts.saturating_sub(1).min(16)).min(LONGEST);
    let copy = match known.as_ref().and_then(|known| known.copy.clone()) {
        Some(copy) if board.join(&copy).exists() => Some(copy),
        Some(_) | None => keep(board, &live, copier)?,
    };
    let marker = Quarantine {
        since: known.map_or(now, |known| known.since),
        until: now.plus(pause),
        attempts,
        detail: detail.to_owned(),
        copy,
        file: fingerprint(&live),
    };
    let path = board.join(MARKER);
    let text = serde_json::to_string(&marker).unwrap_or_default();
    let draft = beside(&path, ".partial");
    write_synced(&draft, text.as_bytes()).and_then(|()| std::fs::rename(&draft, &path)).map_err(io(&path))?;
    Ok(marker)
}

/// Ends a quarantine; a board that was in none stays as it is.
pub fn lift(board: &Path) {
    let _ = std::fs::remove_file(board.join(MARKER));
}

/// One copy by content; the log that belongs to the database goes with it.
fn keep(board: &Path, live: &Path, copier: Copier<'_>) -> Result<Option<String>, MaintenanceError> {
    if !std::fs::metadata(live).is_ok_and(|meta| meta.is_file() && meta.len() > 0) {
        return Ok(None);
    }
    let failed =
        |error: std::io::Error| MaintenanceError::Copy { path: live.to_owned(), reason: error.to_string() };
    let draft = board.join("board.db.corrupt.partial");
    copier(live, &draft).map_err(failed)?;
    let sum = checksum(&draft).map_err(io(&draft))?;
    let name = format!("board.db.corrupt.{}.bak", &sum[..16]);
    let target = board.join(&name);
    if target.exists() {
        std::fs::remove_file(&draft).map_err(io(&draft))?;
        return Ok(Some(name));
    }
    let log = beside(live, "-wal");
    if log.exists() {
        copier(&log, &beside(&target, "-wal")).map_err(failed)?;
    }
    std::fs::rename(&draft, &target).map_err(io(&target))?;
    Ok(Some(name))
}

/// What `__copy` does, in a process of its own: the new file is complete and on the disk before it returns.
///
/// # Errors
/// Of the disk.
pub fn copy_file(from: &Path, to: &Path) -> std::io::Result<()> {
    let mut source = std::fs::File::open(from)?;
    let mut target = std::fs::File::create(to)?;
    std::io::copy(&mut source, &mut target)?;
    target.sync_all()
}

fn checksum(path: &Path) -> std::io::Result<String> {
    let mut file = std::fs::File::open(path)?;
    let mut sum = Sha256::new();
    let mut chunk = vec![0; 1 << 16];
    loop {
        let read = file.read(&mut chunk)?;
        if read == 0 {
            return Ok(hex(&sum.finalize()));
        }
        sum.update(&chunk[..read]);
    }
}

fn fingerprint(path: &Path) -> (u64, i64, u64) {
    use std::os::unix::fs::MetadataExt as _;
    std::fs::metadata(path).map_or((0, 0, 0), |meta| {
        (
            meta.len(),
            meta.mtime().saturating_mul(1_000).saturating_add(meta.mtime_nsec() / 1_000_000),
            meta.ino(),
        )
    })
}

impl Quarantine {
    /// The copy's path in the board's folder.
    #[must_use]
    pub fn copy_in(&self, board: &Path) -> Option<PathBuf> {
        self.copy.as_ref().map(|name| board.join(name))
    }
}
