//! A supervisor that is started before there is a run for it. What it costs to start a program, and to go through the code of
//! opening a board for the first time, is then paid while nobody waits.

use std::os::fd::{AsFd as _, AsRawFd as _};
use std::path::Path;
use std::time::{Duration, Instant};

use andon_core::BoardSlug;
use andon_process::{SelfExe, Slot, Standby, spawn_detached};
use andon_store::operation::Claimed;

use super::start;
use crate::supervisor::{NO_RUN, STANDBY, words};

/// After a failure to start one, none is started for so long.
const REST: Duration = Duration::from_secs(60);

/// What became of a run that was to be handed over.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum HandedOver {
    /// It has arrived.
    Yes,
    /// None waits for this board: another one is to be started.
    No,
    /// The one that waits does not answer: another one is to be started, but it may have the run, too. Should it wake up, the board
    /// lets only one of the two take it.
    Perhaps,
}

/// At most one supervisor that waits for a run of one board.
#[derive(Debug)]
pub(super) struct Reserve {
    wanted: bool,
    /// Not before this, where the last one could not be started.
    rests: Option<Instant>,
    waiting: Option<(BoardSlug, Standby)>,
    /// The board whose run was started last.
    last: Option<BoardSlug>,
}

impl Reserve {
    /// None is ever started where none is wanted.
    pub(super) fn new(wanted: bool) -> Self {
        Self { wanted, rests: None, waiting: None, last: None }
    }

    /// Hands a claimed run to the one that waits.
    pub(super) fn hand_over(
        &mut self,
        board: &BoardSlug,
        claimed: &Claimed,
        slot: Option<&Slot>,
    ) -> HandedOver {
        if self.last.as_ref() != Some(board) {
            self.last = Some(board.clone());
        }
        let Some((_, standby)) = self.waiting.take_if(|(of, _)| of == board) else { return HandedOver::No };
        let said = words(&claimed.run.id, &claimed.token);
        match standby.hand_over(said.as_bytes(), slot.map(|slot| slot.as_fd())) {
            Ok(()) => HandedOver::Yes,
            Err(error) => {
                tracing::warn!(run = %claimed.run.id, %error, "the waiting supervisor does not take it: another one is started");
                HandedOver::Perhaps
            }
        }
    }

    /// Starts one, for the board whose run was started last, else for `usual`, unless one waits for it. One that waits for
    /// another board is sent home.
    pub(super) fn refill(
        &mut self,
        exe: &SelfExe,
        home: &Path,
        usual: Option<&BoardSlug>,
        log: impl Fn(&BoardSlug) -> std::path::PathBuf,
    ) {
        let Some(board) = self.last.as_ref().or(usual).filter(|_| self.wanted) else { return };
        let rests = self.rests.is_some_and(|until| Instant::now() < until);
        if rests || self.waiting.as_ref().is_some_and(|(of, _)| of == board) {
            return;
        }
        match wait_for(exe, home, board, &log(board)) {
            Ok(standby) => self.waiting = Some((board.clone(), standby)),
            Err(error) => {
                tracing::warn!(%error, "no supervisor can be started beforehand; for now each is started when there is a run for it");
                self.rests = Some(Instant::now() + REST);
            }
        }
    }
}

fn wait_for(exe: &SelfExe, home: &Path, board: &BoardSlug, log: &Path) -> std::io::Result<Standby> {
    let (standby, theirs) = Standby::pair()?;
    let mut command = start::command(exe, home, board.as_str(), NO_RUN);
    command.env(STANDBY, theirs.as_fd().as_raw_fd().to_string()).env(crate::host::SUPERVISES, NO_RUN);
    spawn_detached(command, Some(log), &[theirs.as_fd()])?;
    Ok(standby)
}
