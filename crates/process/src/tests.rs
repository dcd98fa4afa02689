//! Promises of a tree, kept with real processes.

#![expect(clippy::disallowed_methods, reason = "the tests start processes beside those of the crate")]

mod detached;
mod output;
mod starting;
mod stopping;
mod terminal;

use std::ffi::OsString;
use std::fs;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use tempfile::TempDir;
use tokio::sync::{Mutex, MutexGuard};

use crate::*;

/// Whoever waits for a process gives up after this.
const PATIENCE: Duration = Duration::from_secs(20);
const GRACE: Duration = Duration::from_millis(300);

/// Adopted orphans of two trees in one process cannot be told apart, so tests that rely on adoption take turns.
static TURN: Mutex<()> = Mutex::const_new(());

/// A folder, a marker of its own, and the turn.
struct Bench {
    dir: TempDir,
    marker: (OsString, OsString),
    _turn: MutexGuard<'static, ()>,
}

impl Bench {
    async fn new(name: &str) -> Self {
        let turn = TURN.lock().await;
        become_subreaper().unwrap();
        let dir = tempfile::tempdir().unwrap();
        let run = format!("{name}-{}-{}", std::process::id(), boottime_ms());
        Self { dir, marker: ("ANDON_TEST_RUN".into(), run.into()), _turn: turn }
    }

    fn path(&self, name: &str) -> PathBuf {
        self.dir.path().join(name)
    }

    /// A shell that runs `script` in the folder, with a `PATH` and nothing else.
    fn spec(&self, script: &str) -> Spec {
        self.argv(&["sh", "-c", script])
    }

    fn argv(&self, argv: &[&str]) -> Spec {
        let argv = argv.iter().map(OsString::from).collect();
        let log = LogSpec::new(self.path("log"));
        let mut spec = Spec::new(argv, self.dir.path().to_owned(), self.marker.clone(), log);
        spec.env = vec![("PATH".into(), "/usr/local/bin:/usr/bin:/bin".into())];
        spec
    }

    fn log(&self) -> String {
        fs::read_to_string(self.path("log")).unwrap()
    }

    /// The process whose number the script writes to the file `name`.
    async fn process(&self, name: &str) -> Identity {
        let path = self.path(name);
        eventually(|| {
            let pid = fs::read_to_string(&path).ok()?.trim().parse().ok()?;
            Identity::of_pid(pid).unwrap()
        })
        .await
    }
}

/// Whatever a test left, so that one that fails disturbs nobody else.
impl Drop for Bench {
    fn drop(&mut self) {
        let Ok(mut hunt) = crate::hunt::Hunt::foreign(None, &self.marker, None, &[]) else { return };
        let _ = hunt.kill_all(|_| false);
        let Ok(group) = Cgroup::create(&self.marker.1.to_string_lossy()) else { return };
        let _ = group.kill();
        let deadline = Instant::now() + PATIENCE;
        while group.remove().is_err() && Instant::now() < deadline {
            reap_orphans();
            std::thread::yield_now();
        }
    }
}

/// A process that leaves its parent, group and session, and ignores what asks it to end. It writes its number to `pid`.
const ESCAPEE: &str = "(setsid sh -c 'trap \"\" TERM HUP INT; echo $$ > pid.new; mv pid.new pid; \
                       while :; do sleep 1; done' >/dev/null 2>&1 &)";

/// The same, after it has erased its environment.
fn nameless(escapee: &str) -> String {
    escapee.replace("setsid", "env -i PATH=/usr/bin:/bin setsid")
}

async fn eventually<T>(mut probe: impl FnMut() -> Option<T>) -> T {
    let deadline = Instant::now() + PATIENCE;
    loop {
        if let Some(found) = probe() {
            return found;
        }
        assert!(Instant::now() < deadline, "waited in vain");
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
}

async fn gone(process: &Identity) {
    eventually(|| (!process.is_alive()).then_some(())).await;
}

fn exited(code: i32) -> Exit {
    Exit { code: Some(code), signal: None }
}

fn exists(path: &Path) -> bool {
    path.symlink_metadata().is_ok()
}
