//! Processes of the agent's tools: each is a tree of its own, which is stopped with everything that it started.

use std::ffi::OsString;
use std::os::unix::fs::DirBuilderExt as _;
use std::path::PathBuf;
use std::time::Duration;

use andon_agent::processes::{Ended, Processes, Running, Start};
use andon_core::RunId;
use andon_process::{LogSpec, Spec, Tree};
use futures::FutureExt as _;
use futures::future::BoxFuture;

/// The variable by which the processes of one call are known.
const MARKER: &str = "ANDON_TOOL";
/// A process that is asked to end has so long.
const GRACE: Duration = Duration::from_millis(500);
/// Of the output of one process its last bytes are kept, up to twice as many as this: in its file, and in the one before.
const OUTPUT: u64 = 32 << 20;

/// Starts trees for one run.
pub(super) struct Trees {
    run: RunId,
    outputs: PathBuf,
    env: Vec<(OsString, OsString)>,
}

impl Trees {
    pub(super) fn new(run: &RunId, outputs: PathBuf, env: Vec<(OsString, OsString)>) -> Self {
        Self { run: run.clone(), outputs, env }
    }
}

struct OneTree {
    tree: Tree,
    output: PathBuf,
}

impl Processes for Trees {
    fn start(&self, start: &Start<'_>) -> Result<Box<dyn Running>, String> {
        let made = std::fs::DirBuilder::new().recursive(true).mode(0o700).create(&self.outputs);
        made.map_err(|error| format!("{}: {error}", self.outputs.display()))?;
        let output = self.outputs.join(format!("{}.txt", start.name));
        let log = LogSpec { path: output.clone(), rotate_bytes: OUTPUT, backups: 1 };
        let marker = (OsString::from(MARKER), OsString::from(format!("{}-{}", self.run, start.name)));
        let mut spec = Spec::new(start.argv.clone(), start.folder.to_owned(), marker, log);
        spec.env.clone_from(&self.env);
        spec.cgroup = None;
        let tree = Tree::start(spec).map_err(|error| error.to_string())?;
        Ok(Box::new(OneTree { tree, output }))
    }
}

impl Running for OneTree {
    fn wait(&mut self) -> BoxFuture<'_, Ended> {
        self.tree.wait().map(|exit| Ended { code: exit.code, signal: exit.signal }).boxed()
    }

    fn stop(&mut self) -> BoxFuture<'_, ()> {
        async {
            let report = self.tree.finish(GRACE).await;
            if !report.survivors.is_empty() {
                tracing::warn!(survivors = ?report.survivors, "processes of a tool could not be killed");
            }
        }
        .boxed()
    }

    fn output(&self) -> PathBuf {
        self.output.clone()
    }
}
