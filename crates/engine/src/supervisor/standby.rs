//! The life of a supervisor before it has a run: it goes once through what every run needs, and waits.

use std::os::fd::RawFd;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use andon_core::{BoardSlug, RunId};
use andon_process::{Side, Slot, Waiting, Wire, rename_in_place};
use andon_store::query::Glance;
use andon_store::{Home, Mode};

use super::guarding::guard_waiting;
use super::life::{Assignment, divided, live};
use crate::host::SUPERVISES;
use crate::settings;

/// The variable that names the inherited descriptor by which a supervisor hears of its run.
pub const STANDBY: &str = "ANDON_SUPERVISE_STANDBY";
/// Stands for the run in the arguments and the environment until there is one. As long as a run's id.
pub(crate) const NO_RUN: &str = "--------------------------";

/// What a dispatcher says of a claimed run.
pub(crate) fn words(run: &RunId, token: &str) -> String {
    format!("{run}\n{token}")
}

/// Waits for a run of a board of a home, on this descriptor, and supervises it. It is divided at once: what it goes through is then in
/// the memory of the very process that needs it. Exits 0 where no run ever comes.
#[must_use]
pub fn stand_by(home: PathBuf, board: BoardSlug, descriptor: RawFd) -> ExitCode {
    let waiting = match Waiting::adopt(descriptor) {
        Ok(waiting) => waiting,
        Err(error) => {
            tracing::warn!(%error, "nobody can hand a run to this supervisor");
            return ExitCode::FAILURE;
        }
    };
    match divided() {
        Some(Side::Supervisor(wire)) => match wait(home, board, waiting, &wire) {
            Some(assignment) => live(assignment, wire),
            None => ExitCode::SUCCESS,
        },
        Some(Side::Guard(guardian)) => {
            drop(waiting);
            guard_waiting(guardian, home, board)
        }
        None => ExitCode::FAILURE,
    }
}

/// None: there will be no run, or no guard of it. Then nothing is answered, and another supervisor is started.
fn wait(home: PathBuf, board: BoardSlug, waiting: Waiting, wire: &Wire) -> Option<Assignment> {
    go_through(&home, &board);
    let said = waiting.wait().inspect_err(|error| tracing::warn!(%error, "waiting in vain")).ok()??;
    let said = String::from_utf8(said).ok()?;
    let (run, token) = said.split_once('\n')?;
    let run: RunId = run.parse().ok()?;
    wire.tell(run.as_str().as_bytes())
        .inspect_err(|error| tracing::warn!(%run, %error, "the guard of this supervisor is gone"))
        .ok()?;
    // Before it is told that the run has arrived: when the dispatcher dies after that, others look for it under this name.
    if let Err(error) = rename(&run) {
        tracing::warn!(%run, %error, "lists of processes do not show which run this is");
    }
    // A dispatcher that died meanwhile has handed over all the same; whether the run may be taken is the board's to say.
    let slot = waiting.answer().ok().flatten().map(Slot::given);
    Some(Assignment { home, board, run, token: token.to_owned(), slot })
}

/// Shows the run where nothing stood for it.
pub(super) fn rename(run: &RunId) -> std::io::Result<()> {
    rename_in_place(SUPERVISES, NO_RUN, run.as_str())
}

/// Opens the board and looks at it once: the code that this needs is in memory when there is a run. Nothing of it is kept, since
/// the board may be another one by then. A board on a server is not asked: its connection would be the expensive part.
fn go_through(home: &Path, board: &BoardSlug) {
    let Ok(config) = settings::load_config(home) else { return };
    if config.database_url.is_some() {
        return;
    }
    if let Ok(board) = Home::new(home).open(board, Mode::Short) {
        let _ = futures::executor::block_on(board.run(Glance));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_stands_for_a_run_is_as_long_as_one() {
        let run: RunId = "01JC0000000000000000000001".parse().unwrap();
        assert_eq!(run.as_str().len(), NO_RUN.len());
        assert!(NO_RUN.parse::<RunId>().is_err());
        assert_eq!(words(&run, "secret").split_once('\n'), Some((run.as_str(), "secret")));
    }
}
