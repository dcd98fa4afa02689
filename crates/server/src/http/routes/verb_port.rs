//! What runs verbs of the command line: a port, since the command line stands above the server and hands itself in.

use std::collections::BTreeMap;
use std::fmt;
use std::sync::Arc;

use andon_api::{Problem, VerbCall, VerbFrame};
use andon_core::{BoardSlug, ProfileName, RunId, TaskId};

use super::super::access::Access;

/// Runs verbs.
pub trait Verbs: fmt::Debug + Send + Sync {
    /// The file of this program, and checksums of the variables that change what a verb does: what a caller on the same
    /// machine compares with its own.
    fn facts(&self) -> (String, BTreeMap<String, String>);

    /// Reads a command line as its caller. A mistake in it is no refusal: it is told by the verb that comes of it.
    ///
    /// # Errors
    /// A verb that cannot be run from elsewhere, with the place where it can.
    fn read(&self, call: VerbCall, caller: &VerbCaller) -> Result<Box<dyn Verb>, Box<Problem>>;
}

/// One verb, ready to be run.
pub trait Verb: Send {
    /// What it asks of its caller.
    fn access(&self) -> Access;

    /// The board that it is about.
    fn board(&self) -> &BoardSlug;

    /// Whether it goes on until nobody listens.
    fn follows(&self) -> bool;

    /// Runs it to its end on this thread; gives the exit code.
    fn run(self: Box<Self>, to: Arc<dyn Audience>) -> u8;
}

/// Who hears what a verb says.
pub trait Audience: fmt::Debug + Send + Sync {
    /// Tells it. What nobody hears any more is dropped.
    fn tell(&self, frame: VerbFrame);

    /// Whether somebody still listens.
    fn listens(&self) -> bool;
}

/// Who calls.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum VerbCaller {
    /// A person, by a token.
    Person {
        /// The name under which the token acts.
        name: String,
        /// The one board that is open to it; none where all are.
        board: Option<BoardSlug>,
    },
    /// The worker of a run, by the secret of the run.
    Worker {
        /// Its board.
        board: BoardSlug,
        /// Its run.
        run: RunId,
        /// The secret.
        token: String,
        /// Its task.
        task: TaskId,
        /// Its profile.
        profile: Option<ProfileName>,
    },
    /// The server's own user, over the home's own socket: the call says itself who it is, as a command would that runs
    /// beside the server.
    Itself,
}
