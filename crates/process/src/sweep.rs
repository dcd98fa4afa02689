//! What is left of a tree whose supervisor is gone: found by its marker, its control group and its leader.

use std::ffi::OsString;
use std::io;
use std::path::Path;

use crate::hunt::{Hunt, StopReport};
use crate::procfs::{self, MarkerScan};
use crate::{Cgroup, Identity};

/// Kills every process that is left of a tree which another process started, at once, and removes its control group.
///
/// Found are: whoever carries the marker, whoever is in the group at `cgroup`, a leader that still lives as the same
/// process, its session, and the descendants of all of these. The calling process and those of `exclude` are never
/// touched. A process that erased its environment, after its leader and its supervisor died, is found by the group
/// alone.
///
/// # Errors
/// When procfs cannot be read; then processes may be left.
pub async fn sweep(
    marker: &(OsString, OsString),
    leader: Option<&Identity>,
    cgroup: Option<&Path>,
    exclude: &[i32],
) -> io::Result<StopReport> {
    let cgroup = cgroup.and_then(Cgroup::open);
    let mut hunt = Hunt::foreign(leader, marker, cgroup.clone(), exclude)?;
    let report = tokio::task::spawn_blocking(move || hunt.kill_all(|_| false)).await??;
    if let Some(cgroup) = cgroup
        && let Err(error) = cgroup.remove_soon().await
    {
        tracing::warn!(path = %cgroup.path().display(), %error, "a control group could not be removed");
    }
    Ok(report)
}

/// The living processes that carry the marker in the environment they were started with, but for the calling one.
///
/// # Errors
/// When procfs cannot be read.
pub fn find_marked(marker: &(OsString, OsString)) -> io::Result<Vec<i32>> {
    let me = rustix::process::getpid().as_raw_pid();
    let mut scan = MarkerScan::new(marker);
    let table = procfs::table()?;
    let marked = table.iter().filter(|stat| stat.pid != me && stat.is_alive());
    Ok(marked.map(|stat| stat.pid).filter(|&pid| scan.carried_by(pid)).collect())
}
