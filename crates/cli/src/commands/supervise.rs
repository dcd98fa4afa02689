//! `andon __supervise`: the process that owns one run. Started by a dispatcher, never by a person.

use std::ffi::OsString;
use std::path::PathBuf;
use std::process::ExitCode;

use andon_engine::dispatcher::{SLOT, TOKEN};
use andon_engine::supervisor::{Assignment, STANDBY, stand_by, supervise};
use andon_process::Slot;

use crate::environment::Environment;

/// Supervises the run that `arguments` (home, board, run) and the environment name. A malformed identity is a failed
/// startup guard: it ends benignly, with no process started and no failure counted (SD4-05, SD4-06).
pub(crate) fn run(arguments: &[OsString], environment: &Environment) -> ExitCode {
    super::dispatch::log_to_stderr(environment, None);
    if let Some(descriptor) = environment.text(STANDBY) {
        return waiting(arguments, &descriptor).unwrap_or(ExitCode::FAILURE);
    }
    match assignment(arguments, environment) {
        Some(assignment) => supervise(assignment),
        None => {
            tracing::info!("standing down: no run is named, or its name or secret is malformed");
            ExitCode::SUCCESS
        }
    }
}

/// Waits for a run that a dispatcher hands over when it has claimed one.
fn waiting(arguments: &[OsString], descriptor: &str) -> Option<ExitCode> {
    let [home, board, _no_run] = arguments else { return None };
    Some(stand_by(PathBuf::from(home), board.to_str()?.parse().ok()?, descriptor.parse().ok()?))
}

fn assignment(arguments: &[OsString], environment: &Environment) -> Option<Assignment> {
    let [home, board, run] = arguments else { return None };
    let token = environment.text(TOKEN).filter(|token| !token.trim().is_empty())?;
    let slot = match environment.text(SLOT) {
        // A slot that is not there any more is nobody's to hold; the run goes on.
        Some(number) => number.parse().ok().and_then(|number| Slot::adopt(number).ok()),
        None => None,
    };
    Some(Assignment {
        home: PathBuf::from(home),
        board: board.to_str()?.parse().ok()?,
        run: run.to_str()?.parse().ok()?,
        token,
        slot,
    })
}
