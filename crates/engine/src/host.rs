//! This host, and which of its processes hold runs.

use std::ffi::OsString;
use std::io;
use std::sync::OnceLock;

use andon_core::RunId;
use andon_core::diagnose::TaskFacts;
use andon_process::Identity;
use andon_store::query::Examined;
use andon_store::sql::leases::Holder;

/// The environment variable by which every process of a run is known.
pub const MARKER: &str = "ANDON_RUN";

static NAME: OnceLock<String> = OnceLock::new();

/// Takes the name that the configuration gives this host; the first one holds as long as the process lives.
pub fn be_called(name: Option<&str>) {
    if let Some(name) = name.map(str::trim).filter(|name| !name.is_empty()) {
        let _ = NAME.set(name.to_owned());
    }
}

/// The name of this host: as configured, else what the system calls it.
#[must_use]
pub fn name() -> String {
    NAME.get().cloned().unwrap_or_else(|| rustix::system::uname().nodename().to_string_lossy().into_owned())
}

/// Which machine this is, whatever it is called: `ANDON_MACHINE_ID`, systemd's id, or the boot where there is neither.
/// Containers that share an image may share the id of a machine; they are told apart by the variable.
#[must_use]
pub fn machine() -> String {
    #[expect(clippy::disallowed_methods, reason = "the edge: what tells one machine from another")]
    let named = std::env::var("ANDON_MACHINE_ID").ok();
    let written = || std::fs::read_to_string("/etc/machine-id").ok();
    let filled = |text: String| Some(text.trim().to_owned()).filter(|text| !text.is_empty());
    let id = named.and_then(filled).or_else(|| written().and_then(filled));
    id.unwrap_or_else(|| andon_process::boot_id().unwrap_or_default())
}

/// This process as the holder of a lease.
///
/// # Errors
/// When procfs cannot be read.
pub fn holder() -> io::Result<Holder> {
    Ok(held_by(Identity::current()?))
}

/// A process of this host as the holder of a lease.
#[must_use]
pub(crate) fn held_by(process: Identity) -> Holder {
    Holder {
        host: name(),
        boot_id: process.boot_id,
        pid: i64::from(process.pid),
        start_time: i64::try_from(process.start_time).unwrap_or(i64::MAX),
    }
}

/// The process that a lease names.
#[must_use]
pub fn identity(holder: &Holder) -> Identity {
    Identity {
        boot_id: holder.boot_id.clone(),
        pid: i32::try_from(holder.pid).unwrap_or(0),
        start_time: u64::try_from(holder.start_time).unwrap_or(0),
    }
}

/// The facts of an examination, with what only this host can see: whether the supervisors that run on it live.
#[must_use]
pub fn seen_from_here(examined: Vec<Examined>) -> Vec<TaskFacts> {
    let here = name();
    let look = |mut one: Examined| {
        if let (Some(claim), Some(holder)) = (&mut one.facts.claim, &one.holder)
            && holder.host == here
        {
            claim.supervisor_alive = Some(identity(holder).is_alive());
        }
        one.facts
    };
    examined.into_iter().map(look).collect()
}

/// The variable that marks the supervisor of a run from its very start, before it has taken the run. Workers do not have it.
pub const SUPERVISES: &str = "ANDON_SUPERVISE_RUN";

/// The marker of a run's supervisor.
#[must_use]
pub fn supervisor_marker(run: &RunId) -> (OsString, OsString) {
    (OsString::from(SUPERVISES), OsString::from(run.as_str()))
}

/// The marker of a run's processes.
#[must_use]
pub fn marker(run: &RunId) -> (OsString, OsString) {
    (OsString::from(MARKER), OsString::from(run.as_str()))
}
