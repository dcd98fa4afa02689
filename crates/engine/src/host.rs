//! This host, and which of its processes hold runs.

use std::ffi::OsString;
use std::io;

use andon_core::RunId;
use andon_process::Identity;
use andon_store::sql::leases::Holder;

/// The environment variable by which every process of a run is known.
pub const MARKER: &str = "ANDON_RUN";

/// The name of this host.
#[must_use]
pub fn name() -> String {
    rustix::system::uname().nodename().to_string_lossy().into_owned()
}

/// This process as the holder of a lease.
///
/// # Errors
/// When procfs cannot be read.
pub fn holder() -> io::Result<Holder> {
    let me = Identity::current()?;
    Ok(Holder {
        host: name(),
        boot_id: me.boot_id,
        pid: i64::from(me.pid),
        start_time: i64::try_from(me.start_time).unwrap_or(i64::MAX),
    })
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

/// The marker of a run's processes.
#[must_use]
pub fn marker(run: &RunId) -> (OsString, OsString) {
    (OsString::from(MARKER), OsString::from(run.as_str()))
}
