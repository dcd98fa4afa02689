//! Starting a tree: check, enter the control group, become the program.

use std::ffi::OsString;
use std::io;
use std::process::{Command, Stdio};

use tokio::io::{AsyncWrite, AsyncWriteExt};

use crate::capture::Streams;
use crate::cgroup::{self, Cgroup};
use crate::children::children;
use crate::leader::Child;
use crate::log::Log;
use crate::pty::Pty;
use crate::spec::{self, Spec, StartError, Stdin, Terminal};
use crate::tmux::Session;
use crate::{Identity, Tree, tree::Leader};

/// End of transmission: what a terminal takes for the end of its input, at the start of a line.
const EOT: u8 = 4;

/// A program that has been started, before its output is captured.
pub(crate) struct Started {
    pub(crate) leader: Leader,
    pub(crate) identity: Identity,
    pub(crate) streams: Streams,
    pub(crate) input: Option<(Box<dyn AsyncWrite + Send + Unpin>, Vec<u8>)>,
}

impl Tree {
    /// Starts the program of `spec` as the leader of a new tree. Must be called within a tokio runtime with its I/O
    /// and time drivers; output is captured whenever that runtime runs.
    ///
    /// # Errors
    /// See [`StartError`]; nothing is left behind then.
    pub fn start(spec: Spec) -> Result<Self, StartError> {
        spec::check(&spec)?;
        let log = Log::open(spec.log.clone())
            .map_err(|source| StartError::Log { path: spec.log.path.clone(), source })?;
        let (cgroup, mut unavailable) = confine(&spec);
        let started = match &spec.terminal {
            Terminal::None => piped(&spec, cgroup.as_ref()),
            Terminal::Pty { cols, rows } => on_pty(&spec, *cols, *rows, cgroup.as_ref()),
            Terminal::Tmux { socket, session } => in_tmux(&spec, socket, session, cgroup.as_ref()),
        };
        let started = match started {
            Ok(started) => started,
            Err(error) => {
                if let Some(cgroup) = cgroup {
                    let _ = cgroup.remove();
                }
                return Err(error);
            }
        };
        let cgroup = cgroup.filter(|group| entered(group, &started.identity));
        if cgroup.is_none() && unavailable.is_empty() {
            unavailable =
                cgroup::all_unavailable(spec.limits, "the process could not enter its control group");
        }
        Ok(Self::new(started, (log, spec.listener), &spec.marker, cgroup, unavailable))
    }
}

fn confine(spec: &Spec) -> (Option<Cgroup>, Vec<String>) {
    let Some(name) = &spec.cgroup else {
        return (None, cgroup::all_unavailable(spec.limits, "no control group was asked for"));
    };
    match Cgroup::create(name) {
        Ok(group) => {
            let unavailable = group.limit(spec.limits);
            (Some(group), unavailable)
        }
        Err(error) => {
            tracing::debug!(name, %error, "no control group");
            (None, cgroup::all_unavailable(spec.limits, &format!("no control group: {error}")))
        }
    }
}

/// A process that has ended already may have been in the group, and its children may be.
fn entered(group: &Cgroup, leader: &Identity) -> bool {
    let inside = group.pids().contains(&leader.pid) || !leader.is_alive();
    if !inside {
        tracing::debug!(path = %group.path().display(), "the process did not enter its control group");
        let _ = group.remove();
    }
    inside
}

fn piped(spec: &Spec, cgroup: Option<&Cgroup>) -> Result<Started, StartError> {
    let mut command = command(spec)?;
    let stdin = match &spec.stdin {
        Stdin::Null => Stdio::null(),
        Stdin::Bytes(_) => Stdio::piped(),
    };
    command.stdin(stdin).stdout(Stdio::piped()).stderr(Stdio::piped());
    let (mut child, identity) = spawn(spec, command, false, cgroup)?;
    let (Some(output), Some(errors)) = (child.stdout.take(), child.stderr.take()) else {
        return Err(other(spec, io::Error::other("it has no pipes")));
    };
    let input = match (&spec.stdin, child.stdin.take()) {
        (Stdin::Bytes(bytes), Some(pipe)) => Some((boxed(pipe), bytes.clone())),
        (Stdin::Bytes(_), None) | (Stdin::Null, _) => None,
    };
    let streams = Streams { output: Box::new(output), errors: Some(Box::new(errors)), announced: false };
    Ok(Started { leader: Leader::Child(child), identity, streams, input })
}

fn on_pty(spec: &Spec, cols: u16, rows: u16, cgroup: Option<&Cgroup>) -> Result<Started, StartError> {
    let refuse = |error: io::Error| terminal(spec, format!("no pseudo-terminal: {error}"));
    let pty = Pty::open(cols, rows).map_err(refuse)?;
    let mut command = command(spec)?;
    if !spec.env.iter().any(|(name, _)| name == "TERM") {
        command.env("TERM", "xterm-256color");
    }
    command.stdout(pty.child.try_clone().map_err(refuse)?);
    command.stderr(pty.child.try_clone().map_err(refuse)?);
    command.stdin(pty.child);
    let (child, identity) = spawn(spec, command, true, cgroup)?;
    let input = match &spec.stdin {
        Stdin::Null => None,
        Stdin::Bytes(bytes) => Some((boxed(pty.input), [bytes.as_slice(), &[EOT]].concat())),
    };
    let streams = Streams { output: Box::new(pty.output), errors: None, announced: false };
    Ok(Started { leader: Leader::Child(child), identity, streams, input })
}

fn in_tmux(
    spec: &Spec,
    socket: &std::path::Path,
    name: &str,
    cgroup: Option<&Cgroup>,
) -> Result<Started, StartError> {
    if spec.stdin != Stdin::Null {
        return Err(terminal(
            spec,
            "input cannot be given to a tmux session; a person types there".to_owned(),
        ));
    }
    let started = Session::start(spec, socket, name, cgroup);
    let (session, output) = started.map_err(|reason| terminal(spec, reason))?;
    let identity = session.leader.clone();
    let streams = Streams { output: Box::new(output), errors: None, announced: true };
    Ok(Started { leader: Leader::Tmux(session), identity, streams, input: None })
}

#[expect(clippy::disallowed_methods, reason = "this crate starts processes")]
fn command(spec: &Spec) -> Result<Command, StartError> {
    let mut command = Command::new(spec::program(spec)?);
    command.args(spec.argv.iter().skip(1)).current_dir(&spec.cwd).env_clear();
    command.envs(spec.env.iter().map(|(name, value)| (name, value)));
    command.env(&spec.marker.0, &spec.marker.1);
    Ok(command)
}

fn spawn(
    spec: &Spec,
    command: Command,
    controlling_terminal: bool,
    cgroup: Option<&Cgroup>,
) -> Result<(Child, Identity), StartError> {
    // Held until the leader is entered, so that nobody else collects its exit status.
    let mut children = children();
    let (child, identity) =
        Child::start(command, controlling_terminal, cgroup).map_err(|error| failed(spec, error))?;
    children.leaders.insert(identity.pid);
    Ok((child, identity))
}

/// What `fork`, `chdir` or `exec` said, after everything looked well a moment ago.
fn failed(spec: &Spec, error: io::Error) -> StartError {
    if !spec.cwd.is_dir() {
        return StartError::Workspace { path: spec.cwd.clone(), source: error };
    }
    let program = spec.argv.first().cloned().unwrap_or_default();
    // The program itself was found: what is missing is the interpreter in its first line.
    let unusable = [libc::ENOENT, libc::EACCES, libc::ENOEXEC, libc::ENOTDIR, libc::ELOOP];
    if error.raw_os_error().is_some_and(|code| unusable.contains(&code)) {
        return StartError::NotExecutable { program, source: error };
    }
    StartError::Other { program, source: error }
}

fn terminal(spec: &Spec, reason: String) -> StartError {
    StartError::Terminal { program: asked(spec), reason }
}

fn other(spec: &Spec, source: io::Error) -> StartError {
    StartError::Other { program: asked(spec), source }
}

fn asked(spec: &Spec) -> OsString {
    spec.argv.first().cloned().unwrap_or_default()
}

fn boxed(writer: impl AsyncWrite + Send + Unpin + 'static) -> Box<dyn AsyncWrite + Send + Unpin> {
    Box::new(writer)
}

/// Feeds the program its input. A program that does not read it is not at fault.
pub(crate) async fn feed(mut pipe: Box<dyn AsyncWrite + Send + Unpin>, bytes: Vec<u8>) {
    let _ = pipe.write_all(&bytes).await;
    let _ = pipe.shutdown().await;
}
