//! One child with every process that it starts: wait for it, stop it, leave nothing behind.

use std::ffi::OsString;
use std::path::Path;
use std::process::ExitStatus;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use rustix::process::{Pid, Signal, kill_process_group};
use serde::{Deserialize, Serialize};
use tokio::signal::unix::{SignalKind, signal};
use tokio::task::JoinHandle;

use crate::capture::{Capture, Captured};
use crate::children::{self, children};
use crate::hunt::{self, Hunt, StopReport};
use crate::leader::Child;
use crate::log::Log;
use crate::procfs::Stat;
use crate::spec::Listener;
use crate::start::{self, Started};
use crate::tmux::Session;
use crate::{Cgroup, Identity};

/// How a leader ended. Both are `None` when nobody can tell any more.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Exit {
    /// The code that it exited with.
    pub code: Option<i32>,
    /// The signal that ended it.
    pub signal: Option<i32>,
}

impl From<ExitStatus> for Exit {
    fn from(status: ExitStatus) -> Self {
        use std::os::unix::process::ExitStatusExt;
        Self { code: status.code(), signal: status.signal() }
    }
}

/// A running, or ended, child with all its descendants.
///
/// Dropping it kills nothing: whoever starts a tree ends it with [`Tree::finish`], and whoever finds one whose
/// supervisor died uses [`crate::sweep()`].
#[derive(Debug)]
pub struct Tree {
    identity: Identity,
    leader: Leader,
    exit: Option<Exit>,
    capture: Capture,
    hunt: Arc<Mutex<Hunt>>,
    cgroup: Option<Cgroup>,
    limits_unavailable: Vec<String>,
    /// Collects adopted orphans as they end, and feeds the leader its input.
    tasks: Vec<JoinHandle<()>>,
}

/// Whose exit the tree waits for.
#[derive(Debug)]
pub(crate) enum Leader {
    Child(Child),
    Tmux(Session),
}

impl Tree {
    pub(crate) fn new(
        started: Started,
        (log, listener): (Log, Option<Listener>),
        marker: &(OsString, OsString),
        cgroup: Option<Cgroup>,
        limits_unavailable: Vec<String>,
    ) -> Self {
        let Started { leader, identity, streams, input } = started;
        let mut hunt = Hunt::below(identity.clone(), marker, cgroup.clone());
        match &leader {
            Leader::Child(_) => {}
            Leader::Tmux(session) => hunt.add(&session.server),
        }
        let mut tasks: Vec<JoinHandle<()>> =
            input.into_iter().map(|(pipe, bytes)| tokio::spawn(start::feed(pipe, bytes))).collect();
        if children::is_subreaper() {
            tasks.push(tokio::spawn(reap_as_they_end()));
        }
        children().trees += 1;
        let capture = Capture::start(streams, log, listener);
        let hunt = Arc::new(Mutex::new(hunt));
        Self { identity, leader, exit: None, capture, hunt, cgroup, limits_unavailable, tasks }
    }

    /// The process that was started.
    #[must_use]
    pub fn leader(&self) -> Identity {
        self.identity.clone()
    }

    /// The folder of its control group, where there is one.
    #[must_use]
    pub fn cgroup_path(&self) -> Option<&Path> {
        self.cgroup.as_ref().map(Cgroup::path)
    }

    /// The limits that were asked for and could not be set, each with the reason.
    #[must_use]
    pub fn limits_unavailable(&self) -> &[String] {
        &self.limits_unavailable
    }

    /// What it has printed so far.
    #[must_use]
    pub fn captured(&self) -> Captured {
        self.capture.captured()
    }

    /// Waits until the leader has ended and what it printed has been captured. A descendant that keeps the output open
    /// is not waited for. Safe to cancel and to call again.
    pub async fn wait(&mut self) -> Exit {
        let exit = self.leader_exit().await;
        self.capture.drain().await;
        exit
    }

    async fn leader_exit(&mut self) -> Exit {
        if let Some(exit) = self.exit {
            return exit;
        }
        let exit = match &mut self.leader {
            Leader::Child(child) => match child.wait().await {
                Ok(status) => Exit::from(status),
                Err(error) => {
                    tracing::warn!(pid = self.identity.pid, %error, "an exit status was lost");
                    Exit { code: None, signal: None }
                }
            },
            Leader::Tmux(session) => session.wait().await,
        };
        self.exit = Some(exit);
        children().leaders.remove(&self.identity.pid);
        exit
    }

    /// Stops the whole tree: `SIGTERM`, then `grace` while any process of it lives, then `SIGKILL` to every process
    /// that is left, until two looks in a row find none. Returns early when all have gone. The leader's exit is told by
    /// [`Tree::wait`] afterwards.
    pub async fn stop(&mut self, grace: Duration) -> StopReport {
        if !grace.is_zero() {
            self.terminate(grace).await;
        }
        let furniture = match &self.leader {
            Leader::Child(_) => None,
            Leader::Tmux(session) => Some(session.is_furniture()),
        };
        let Some(furniture) = furniture else { return self.kill(|_| false).await };
        // The server is the last to go, because it alone knows how the program ended.
        let mut report = self.kill(furniture).await;
        if report.survivors.is_empty() {
            let _ = self.wait().await;
        }
        self.remove_session().await;
        let rest = self.kill(|_| false).await;
        report.survivors = rest.survivors;
        if let Leader::Tmux(session) = &self.leader
            && report.survivors.is_empty()
        {
            session.remove_files();
        }
        report
    }

    /// After the leader's exit: stops what it left running, removes its tmux session and its control group. A leader
    /// that still lives is stopped as well.
    pub async fn finish(&mut self, grace: Duration) -> StopReport {
        let report = if self.is_quiet() { StopReport::default() } else { self.stop(grace).await };
        if let Some(cgroup) = &self.cgroup {
            match cgroup.remove_soon().await {
                Ok(()) => self.cgroup = None,
                Err(error) => {
                    tracing::warn!(path = %cgroup.path().display(), %error, "a control group could not be removed");
                }
            }
        }
        report
    }

    /// Whether nothing is left, without a look at every process of the host: a subreaper without any child has no
    /// descendant. (Whoever a foreign daemon started for the program never descended from here; `stop` looks for it.)
    fn is_quiet(&self) -> bool {
        let by_child = matches!(self.leader, Leader::Child(_)) && self.exit.is_some();
        let empty = || self.cgroup.as_ref().is_none_or(|group| matches!(group.is_populated(), Ok(false)));
        by_child
            && children::is_subreaper()
            && {
                children::reap_orphans();
                children::has_none()
            }
            && empty()
    }

    async fn terminate(&mut self, grace: Duration) {
        let deadline = Instant::now() + grace;
        let mut members = self.members(true);
        let mut pause = Duration::from_millis(5);
        self.ask_to_end(&members);
        while !members.is_empty() && Instant::now() < deadline {
            tokio::time::sleep(pause.min(deadline.saturating_duration_since(Instant::now()))).await;
            pause = (pause * 2).min(Duration::from_millis(50));
            children::reap_orphans();
            members = self.members(false);
            if members.is_empty() {
                members = self.members(true);
            }
        }
    }

    /// `SIGTERM` once to each: what a process starts to clean up after itself is not disturbed. `SIGCONT` lets a stopped
    /// one hear it.
    fn ask_to_end(&self, members: &[Stat]) {
        let group = match self.leader {
            // The number of a leader that nobody has collected yet belongs to nobody else.
            Leader::Child(_) if self.exit.is_none() => Pid::from_raw(self.identity.pid),
            Leader::Child(_) | Leader::Tmux(_) => None,
        };
        for signal in [Signal::TERM, Signal::CONT] {
            if let Some(group) = group {
                // An empty group has nobody to ask.
                let _ = kill_process_group(group, signal);
            }
            let rest =
                members.iter().filter(|stat| group.is_none_or(|group| stat.group != group.as_raw_pid()));
            // Whoever is gone needs no asking, and whoever may not be signalled is reported as a survivor.
            rest.for_each(|stat| drop(hunt::signal(stat, signal)));
        }
    }

    /// The living processes of the tree, without a terminal's own.
    fn members(&self, environments: bool) -> Vec<Stat> {
        let found = self.hunt.lock().unwrap_or_else(PoisonError::into_inner).members(environments);
        let mut members = found.unwrap_or_else(|error| {
            tracing::warn!(%error, "the processes of a tree cannot be listed");
            Vec::new()
        });
        match &self.leader {
            Leader::Child(_) => {}
            Leader::Tmux(session) => {
                let furniture = session.is_furniture();
                members.retain(|stat| !furniture(stat));
            }
        }
        members
    }

    async fn kill(&self, spare: impl Fn(&Stat) -> bool + Send + 'static) -> StopReport {
        let hunt = Arc::clone(&self.hunt);
        let kill = move || hunt.lock().unwrap_or_else(PoisonError::into_inner).kill_all(spare);
        let outcome = tokio::task::spawn_blocking(kill).await.map_err(std::io::Error::other);
        outcome.and_then(|outcome| outcome).unwrap_or_else(|error| {
            tracing::warn!(%error, "the processes of a tree cannot be listed");
            let survivors = if self.identity.is_alive() { vec![self.identity.pid] } else { Vec::new() };
            StopReport { sigkill: true, killed: Vec::new(), survivors }
        })
    }

    /// Lets the server of an ended program go, for a moment at most.
    async fn remove_session(&self) {
        let Leader::Tmux(session) = &self.leader else { return };
        session.remove_if_finished();
        let deadline = Instant::now() + Duration::from_secs(1);
        while session.server.is_alive() && Instant::now() < deadline {
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
    }
}

impl Drop for Tree {
    fn drop(&mut self) {
        self.tasks.iter().for_each(JoinHandle::abort);
        let mut children = children();
        children.leaders.remove(&self.identity.pid);
        children.trees = children.trees.saturating_sub(1);
    }
}

async fn reap_as_they_end() {
    match signal(SignalKind::child()) {
        Ok(mut ended) => {
            while ended.recv().await.is_some() {
                children::reap_orphans();
            }
        }
        Err(error) => tracing::warn!(%error, "orphans are collected at the end only"),
    }
}
