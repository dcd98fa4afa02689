//! Starting a supervisor: the same binary, through a descriptor opened at the dispatcher's start, in a session of its own,
//! and then forgotten.

use std::io;
use std::os::fd::{AsFd as _, AsRawFd as _};
use std::path::Path;
use std::process::Command;

use andon_process::{SelfExe, Slot, spawn_detached};
use andon_store::operation::Claimed;

use crate::supervisor::STANDBY;

/// The first argument by which the binary knows that it is a supervisor.
pub const SUPERVISE: &str = "__supervise";
/// The variable that carries the run's secret. Arguments are for everybody to see.
pub const TOKEN: &str = "ANDON_SUPERVISE_TOKEN";
/// The variable that names the inherited descriptor of the run's slot.
pub const SLOT: &str = "ANDON_SUPERVISE_SLOT";

/// What a worker's environment says of its own run; a dispatcher started by a worker does not pass it on.
const OF_A_WORKER: &[&str] = &[
    "ANDON_TASK",
    "ANDON_RUN",
    "ANDON_RUN_TOKEN",
    "ANDON_PROFILE",
    "ANDON_WORKSPACE",
    "ANDON_BRANCH",
    "ANDON_RESULT",
    "ANDON_PROMPT_FILE",
    "ANDON_USAGE",
    "ANDON_PROFILE_DIR",
    "ANDON_PHASE",
    "ANDON_SESSION",
    "ANDON_TENANT",
    "ANDON_BOARD",
];

/// A supervisor of a run, or of none yet.
pub(super) fn command(exe: &SelfExe, home: &Path, board: &str, run: &str) -> Command {
    let mut command = exe.command();
    command.arg(SUPERVISE).arg(home).arg(board).arg(run);
    for name in OF_A_WORKER {
        command.env_remove(name);
    }
    for name in [TOKEN, SLOT, STANDBY] {
        command.env_remove(name);
    }
    command.current_dir("/");
    command
}

/// Starts the supervisor of a claimed run.
pub(super) fn supervisor(
    exe: &SelfExe,
    home: &Path,
    board: &str,
    claimed: &Claimed,
    slot: Option<Slot>,
    log: &Path,
) -> io::Result<()> {
    let mut command = command(exe, home, board, claimed.run.id.as_str());
    command.env(TOKEN, &claimed.token).env(crate::host::SUPERVISES, claimed.run.id.as_str());
    match slot {
        Some(slot) => {
            command.env(SLOT, slot.as_fd().as_raw_fd().to_string());
            spawn_detached(command, Some(log), &[slot.as_fd()]).map(drop)
        }
        None => spawn_detached(command, Some(log), &[]).map(drop),
    }
}
