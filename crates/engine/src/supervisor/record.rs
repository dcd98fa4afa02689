//! The exit record: how a run ended, on disk before the board is told, so that neither a full disk nor a SIGKILL in
//! between loses it. Its room is reserved when the run starts.

use std::io;
use std::path::Path;

use andon_core::run::{Ending, Failure};
use andon_core::{Millis, RunId};
use andon_process::RecordFile;
use andon_store::sql::leases::Holder;
use andon_store::sql::runs::Words;
use serde::{Deserialize, Serialize};
use serde_json::Value;

/// The room that a record needs at most; summaries and metadata beyond it are cut.
const ROOM: u64 = 64 * 1024;

/// A record that has its room.
#[derive(Debug)]
pub struct ExitRecord {
    file: RecordFile,
    run: RunId,
    holder: Holder,
}

/// What stands in a record.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Exit {
    /// Which run.
    pub run: RunId,
    /// Who supervised it.
    pub holder: Holder,
    /// What its exit means: `complete`, `approve`, `request_changes` or a failure.
    pub ending: String,
    /// The words of a failure.
    pub error: String,
    /// The exit code.
    pub exit_code: Option<i64>,
    /// The signal.
    pub signal: Option<i64>,
    /// The handoff in words.
    pub summary: Option<String>,
    /// The handoff as data.
    pub metadata: Value,
    /// The sign of a crash.
    pub fingerprint: Option<String>,
    /// When the rate limit that ended it is over, Unix milliseconds.
    #[serde(default)]
    pub resets_at: Option<Millis>,
}

const ENDINGS: &[(&str, Ending)] = &[
    ("complete", Ending::Complete),
    ("approve", Ending::Approve),
    ("request_changes", Ending::RequestChanges),
    ("spawn_failed", Ending::Failed(Failure::SpawnFailed { missing: false })),
    ("missing", Ending::Failed(Failure::SpawnFailed { missing: true })),
    ("crashed", Ending::Failed(Failure::Crashed)),
    ("authentication_failed", Ending::Failed(Failure::AuthenticationFailed)),
    ("protocol_violation", Ending::Failed(Failure::ProtocolViolation)),
    ("timed_out", Ending::Failed(Failure::TimedOut)),
    ("rate_limited", Ending::Failed(Failure::RateLimited)),
    ("lost", Ending::Failed(Failure::Lost)),
    ("stale", Ending::Failed(Failure::Stale)),
    ("interrupted", Ending::Failed(Failure::Interrupted)),
];

impl Exit {
    /// What the exit means; a word of another version reads as a crash.
    #[must_use]
    pub fn meaning(&self) -> Ending {
        let known = ENDINGS.iter().find(|(word, _)| *word == self.ending);
        known.map_or(Ending::Failed(Failure::Crashed), |(_, ending)| *ending)
    }

    /// The handoff and the exit.
    #[must_use]
    pub fn words(&self) -> Words {
        Words {
            summary: self.summary.clone(),
            metadata: self.metadata.clone(),
            fingerprint: self.fingerprint.clone(),
            exit_code: self.exit_code,
            signal: self.signal,
        }
    }
}

impl ExitRecord {
    /// Reserves the room. None: another supervisor's record lies there, which stays.
    pub(super) fn prepare(path: &Path, run: &RunId, holder: &Holder) -> io::Result<Option<Self>> {
        match RecordFile::preallocate(path, ROOM) {
            Ok(file) => Ok(Some(Self { file, run: run.clone(), holder: holder.clone() })),
            Err(error) if error.kind() == io::ErrorKind::AlreadyExists => Ok(None),
            Err(error) => Err(error),
        }
    }

    /// Takes over what a supervisor prepared that will write nothing more. None: it has written, or prepared nothing.
    pub(super) fn take_over(path: &Path, run: &RunId, holder: &Holder) -> io::Result<Option<Self>> {
        match RecordFile::read(path) {
            Ok(Some(_)) => Ok(None),
            Ok(None) => {
                let file = RecordFile::open(path)?;
                Ok(Some(Self { file, run: run.clone(), holder: holder.clone() }))
            }
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
            Err(error) => Err(error),
        }
    }

    /// Writes how the run ended; durable once it returns.
    pub(super) fn write(
        &mut self,
        ending: Ending,
        error: &str,
        words: &Words,
        resets_at: Option<Millis>,
    ) -> io::Result<()> {
        let word = ENDINGS.iter().find(|(_, known)| *known == ending).map_or("crashed", |(word, _)| word);
        let mut exit = Exit {
            run: self.run.clone(),
            holder: self.holder.clone(),
            ending: word.to_owned(),
            error: andon_core::text::cap_chars(error, 2_000),
            exit_code: words.exit_code,
            signal: words.signal,
            summary: words.summary.clone(),
            metadata: words.metadata.clone(),
            fingerprint: words.fingerprint.clone(),
            resets_at,
        };
        let mut bytes = serde_json::to_vec(&exit)?;
        if bytes.len() as u64 > ROOM - 64 {
            exit.metadata = Value::Null;
            exit.summary = exit.summary.map(|summary| andon_core::text::cap_chars(&summary, 8_000));
            bytes = serde_json::to_vec(&exit)?;
        }
        self.file.write(&bytes)
    }

    /// Reads a record. None while nothing has been written.
    ///
    /// # Errors
    /// When it cannot be read.
    pub fn read(path: &Path) -> io::Result<Option<Exit>> {
        let bytes = RecordFile::read(path)?;
        Ok(bytes.and_then(|bytes| serde_json::from_slice(&bytes).ok()))
    }

    /// The board knows: the record goes.
    pub(super) fn remove(self) {
        if let Err(error) = self.file.remove() {
            tracing::warn!(%error, "an exit record could not be removed");
        }
    }
}
