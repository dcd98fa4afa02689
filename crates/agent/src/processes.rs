//! The port to processes that tools start. Whoever owns processes implements it: started apart from the agent, and stopped with
//! everything that they started.

use std::ffi::OsString;
use std::path::{Path, PathBuf};

use futures::future::BoxFuture;

/// Starts processes.
pub trait Processes: Send + Sync {
    /// Starts one. Its output, both streams, goes to the file that [`Running::output`] names. Where that grows too long it is
    /// moved to `<file>.1`, over an earlier one, and begun anew.
    ///
    /// # Errors
    /// Why it could not be started, for the model.
    fn start(&self, start: &Start<'_>) -> Result<Box<dyn Running>, String>;
}

/// What to start.
#[derive(Clone, Debug)]
pub struct Start<'a> {
    /// A name that no other process of the run has.
    pub name: &'a str,
    /// Program and arguments.
    pub argv: Vec<OsString>,
    /// Where it starts.
    pub folder: &'a Path,
}

/// How a process ended.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Ended {
    /// With this code.
    pub code: Option<i32>,
    /// By this signal.
    pub signal: Option<i32>,
}

impl std::fmt::Display for Ended {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match (self.code, self.signal) {
            (Some(code), _) => write!(f, "exit {code}"),
            (None, Some(signal)) => write!(f, "signal {signal}"),
            (None, None) => f.write_str("an unknown end"),
        }
    }
}

/// A process that was started.
pub trait Running: Send {
    /// Waits for its end. Safe to cancel, and to call again.
    fn wait(&mut self) -> BoxFuture<'_, Ended>;

    /// Stops it, or what it left behind: asked first, then killed, with every descendant.
    fn stop(&mut self) -> BoxFuture<'_, ()>;

    /// The file with its output so far.
    fn output(&self) -> PathBuf;
}
