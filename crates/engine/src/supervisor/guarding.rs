//! The life of a supervisor's guard: it waits, and stops the tree of a supervisor that cannot do so any more.

use std::path::PathBuf;
use std::process::ExitCode;

use andon_core::run::{Ending, Failure};
use andon_core::{BoardSlug, RunId};
use andon_process::{Guardian, Identity};
use andon_store::Home;
use andon_store::sql::leases::Holder;
use andon_store::sql::runs::Words;

use super::record::ExitRecord;
use super::standby;
use crate::host;
use crate::paths::exit_record;
use crate::settings;

/// Guards a supervisor that waits for a run of a board; ends with it.
pub(super) fn guard_waiting(guardian: Guardian, home: PathBuf, board: BoardSlug) -> ExitCode {
    let run: RunId = match guardian.learn() {
        Ok(Some(words)) => match std::str::from_utf8(&words).ok().and_then(|run| run.parse().ok()) {
            Some(run) => run,
            None => return ExitCode::FAILURE,
        },
        Ok(None) => return ExitCode::SUCCESS,
        Err(error) => {
            tracing::error!(%error, "this supervisor cannot be guarded");
            return ExitCode::FAILURE;
        }
    };
    // Only what lists of processes show.
    let _ = standby::rename(&run);
    guard(guardian, home, board, &run)
}

/// Guards the supervisor of a run; ends with it.
pub(super) fn guard(guardian: Guardian, home: PathBuf, board: BoardSlug, run: &RunId) -> ExitCode {
    let marker = host::marker(run);
    let named = run.clone();
    let overdue = move |supervisor: Identity| {
        let path = exit_record(&Home::new(&home).board_folder(&board), &named);
        // For the name that this host is configured to have.
        if let Err(error) = settings::load_config(&home) {
            tracing::warn!(%error, "the configuration cannot be read");
        }
        let holder = host::held_by(supervisor);
        if let Err(error) = write_lost(&path, &named, &holder) {
            tracing::warn!(run = %named, %error, "why its supervisor is stopped could not be written");
        }
    };
    guardian.watch(&marker, overdue).unwrap_or_else(|error| {
        tracing::error!(%run, %error, "this supervisor cannot be guarded");
        ExitCode::FAILURE
    })
}

/// A supervisor that was frozen is no crash of its worker: its run was lost.
fn write_lost(path: &std::path::Path, run: &RunId, holder: &Holder) -> std::io::Result<()> {
    let Some(mut record) = ExitRecord::take_over(path, run, holder)? else { return Ok(()) };
    let error = "its supervisor did not act for as long as its lease lasts, and was stopped with its worker";
    record.write(Ending::Failed(Failure::Lost), error, &Words::default(), None)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn holder() -> Holder {
        Holder { host: "here".to_owned(), boot_id: "boot".to_owned(), pid: 7, start_time: 9 }
    }

    #[test]
    fn what_a_guard_writes_is_a_loss_and_replaces_no_end_that_was_written() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("exit.json");
        let run: RunId = "01JC0000000000000000000001".parse().unwrap();
        write_lost(&path, &run, &holder()).unwrap();
        assert!(!path.exists(), "where nothing was prepared nothing is written");
        let mut prepared = ExitRecord::prepare(&path, &run, &holder()).unwrap().unwrap();
        write_lost(&path, &run, &holder()).unwrap();
        assert_eq!(ExitRecord::read(&path).unwrap().unwrap().meaning(), Ending::Failed(Failure::Lost));
        prepared.write(Ending::Complete, "", &Words::default(), None).unwrap();
        write_lost(&path, &run, &holder()).unwrap();
        assert_eq!(ExitRecord::read(&path).unwrap().unwrap().meaning(), Ending::Complete);
    }
}
