//! What a tree is started with, and why it could not be.

use std::ffi::{OsStr, OsString};
use std::fmt;
use std::io;
use std::os::unix::ffi::OsStrExt;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use thiserror::Error;

use crate::log::LogSpec;

/// Everything that decides how a tree starts. Its `Debug` form names variables without their values, which are secrets
/// often enough, and tells of the input its length alone.
#[derive(Clone)]
pub struct Spec {
    /// The program and its arguments. A program without a slash is looked for in the `PATH` of `env`.
    pub argv: Vec<OsString>,
    /// The whole environment, but for the marker: nothing else is inherited.
    pub env: Vec<(OsString, OsString)>,
    /// The folder that the program starts in.
    pub cwd: PathBuf,
    /// What the program reads.
    pub stdin: Stdin,
    /// Where its output goes.
    pub log: LogSpec,
    /// Whether it has a terminal.
    pub terminal: Terminal,
    /// Name and value of the environment variable by which every process of this tree, and of no other one, is known.
    pub marker: (OsString, OsString),
    /// What the tree may use at most.
    pub limits: Limits,
    /// The name of a control group of its own; `None` for none. What the host does not offer is left out.
    pub cgroup: Option<String>,
    /// Who hears what it writes to standard output, or to its terminal, besides the log.
    pub listener: Option<Listener>,
}

/// Hears output as it comes, in pieces of any size. It must not wait for anything.
pub type Listener = Arc<dyn Fn(&[u8]) + Send + Sync>;

impl Spec {
    /// A tree without input, terminal and limits, whose control group is named after the value of the marker.
    #[must_use]
    pub fn new(argv: Vec<OsString>, cwd: PathBuf, marker: (OsString, OsString), log: LogSpec) -> Self {
        let cgroup = Some(marker.1.to_string_lossy().into_owned());
        Self {
            argv,
            env: Vec::new(),
            cwd,
            stdin: Stdin::Null,
            log,
            terminal: Terminal::None,
            marker,
            limits: Limits::default(),
            cgroup,
            listener: None,
        }
    }
}

impl fmt::Debug for Spec {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { argv, env, cwd, stdin, log, terminal, marker, limits, cgroup, listener } = self;
        let names: Vec<&OsString> = env.iter().map(|(name, _)| name).collect();
        let input = match stdin {
            Stdin::Null => 0,
            Stdin::Bytes(bytes) => bytes.len(),
        };
        f.debug_struct("Spec")
            .field("argv", argv)
            .field("env", &names)
            .field("cwd", cwd)
            .field("stdin_bytes", &input)
            .field("log", log)
            .field("terminal", terminal)
            .field("marker", marker)
            .field("limits", limits)
            .field("cgroup", cgroup)
            .field("listener", &listener.is_some())
            .finish()
    }
}

/// What the program reads from its standard input.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub enum Stdin {
    /// Nothing: the end of file at once. On a terminal, a person who never types.
    #[default]
    Null,
    /// These bytes, then the end of file.
    Bytes(Vec<u8>),
}

/// Whether, and how, the program has a terminal.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub enum Terminal {
    /// No terminal: standard output and standard error are separate pipes.
    #[default]
    None,
    /// A pseudo-terminal of this size, whose output goes to the log.
    Pty {
        /// Characters in a line.
        cols: u16,
        /// Lines.
        rows: u16,
    },
    /// A session on a private tmux server, which a person can attach to with `tmux -S <socket> attach -t <session>`.
    Tmux {
        /// The server's socket; beside it lie its start script and its pipe, with the endings `.run` and `.out`.
        socket: PathBuf,
        /// ASCII letters, digits, `-` and `_`.
        session: String,
    },
}

/// What a tree may use at most. Needs a control group with these controllers; what cannot be had is reported by
/// [`crate::Tree::limits_unavailable`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Limits {
    /// `memory.max`.
    pub memory_bytes: Option<u64>,
    /// `cpu.max`, in per cent of one core: 200 is two cores.
    pub cpu_percent: Option<u32>,
    /// `pids.max`: processes and threads.
    pub pids: Option<u32>,
}

/// Why a tree could not be started. Nothing of it is left behind.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum StartError {
    /// The program is nowhere (a shell would exit 127).
    #[error("program {program:?} not found in {searched:?}; install it, or correct the command or its PATH")]
    NotFound {
        /// As it was asked for.
        program: OsString,
        /// The `PATH`, or the folder that a relative path starts in.
        searched: OsString,
    },
    /// The program is there and cannot be executed (a shell would exit 126).
    #[error("program {program:?} cannot be executed ({source}); check its permissions and its first line")]
    NotExecutable {
        /// As it was asked for.
        program: OsString,
        /// What the system said.
        source: io::Error,
    },
    /// The folder to start in is not a usable folder.
    #[error("workspace {path:?} cannot be entered: {source}")]
    Workspace {
        /// The folder.
        path: PathBuf,
        /// What the system said.
        source: io::Error,
    },
    /// The terminal that was asked for cannot be had.
    #[error("no terminal for {program:?}: {reason}")]
    Terminal {
        /// As it was asked for.
        program: OsString,
        /// What is missing, and the way out.
        reason: String,
    },
    /// The log cannot be opened.
    #[error("log {path:?} cannot be opened: {source}")]
    Log {
        /// The log.
        path: PathBuf,
        /// What the system said.
        source: io::Error,
    },
    /// Anything else that the system said.
    #[error("program {program:?} cannot be started: {source}")]
    Other {
        /// As it was asked for.
        program: OsString,
        /// What the system said.
        source: io::Error,
    },
}

impl StartError {
    /// The exit code that a shell would have given: 127 for not found, 126 for not executable.
    #[must_use]
    pub fn exit_code(&self) -> Option<i32> {
        match self {
            Self::NotFound { .. } => Some(127),
            Self::NotExecutable { .. } => Some(126),
            Self::Workspace { .. } | Self::Terminal { .. } | Self::Log { .. } | Self::Other { .. } => None,
        }
    }
}

/// Checks what can be known before a process exists, so that each failure has its own name.
pub(crate) fn check(spec: &Spec) -> Result<(), StartError> {
    let program = program(spec)?;
    enterable(&spec.cwd).map_err(|source| StartError::Workspace { path: spec.cwd.clone(), source })?;
    let nul = |text: &OsString| text.as_bytes().contains(&0);
    if spec.argv.iter().any(nul) || spec.env.iter().any(|(name, value)| nul(name) || nul(value)) {
        let source = io::Error::new(io::ErrorKind::InvalidInput, "an argument or variable holds a NUL byte");
        return Err(StartError::Other { program, source });
    }
    resolve(spec).map(|_| ())
}

/// The program as it was asked for.
pub(crate) fn program(spec: &Spec) -> Result<OsString, StartError> {
    spec.argv.first().filter(|program| !program.is_empty()).cloned().ok_or_else(|| StartError::Other {
        program: OsString::new(),
        source: io::Error::new(io::ErrorKind::InvalidInput, "the command is empty"),
    })
}

fn enterable(path: &Path) -> io::Result<()> {
    if !path.metadata()?.is_dir() {
        return Err(io::Error::from(io::ErrorKind::NotADirectory));
    }
    Ok(rustix::fs::access(path, rustix::fs::Access::EXEC_OK)?)
}

/// Finds the program the way `execvp` will.
fn resolve(spec: &Spec) -> Result<PathBuf, StartError> {
    let program = program(spec)?;
    if program.as_bytes().contains(&b'/') {
        return match executable(&spec.cwd.join(&program)) {
            Ok(path) => Ok(path),
            Err(error) if error.kind() == io::ErrorKind::NotFound => {
                Err(StartError::NotFound { program, searched: spec.cwd.clone().into_os_string() })
            }
            Err(source) => Err(StartError::NotExecutable { program, source }),
        };
    }
    let searched = path_of(&spec.env);
    find(&program, &searched, &spec.cwd).map_err(|refused| match refused {
        Some(source) => StartError::NotExecutable { program, source },
        None => StartError::NotFound { program, searched },
    })
}

/// Looks in each folder of `path`. The error is that of a file which is there and cannot be executed, if any is.
pub(crate) fn find(program: &OsStr, path: &OsStr, cwd: &Path) -> Result<PathBuf, Option<io::Error>> {
    let mut refused = None;
    for dir in std::env::split_paths(path) {
        match executable(&cwd.join(dir).join(program)) {
            Ok(found) => return Ok(found),
            Err(error) if error.kind() == io::ErrorKind::PermissionDenied => refused = Some(error),
            Err(_) => {}
        }
    }
    Err(refused)
}

pub(crate) fn path_of(env: &[(OsString, OsString)]) -> OsString {
    let found = env.iter().rev().find(|(name, _)| name == "PATH");
    found.map_or_else(|| OsString::from("/bin:/usr/bin"), |(_, value)| value.clone())
}

fn executable(path: &Path) -> io::Result<PathBuf> {
    if path.metadata()?.is_dir() {
        return Err(io::Error::new(io::ErrorKind::PermissionDenied, "it is a directory"));
    }
    rustix::fs::access(path, rustix::fs::Access::EXEC_OK)?;
    Ok(path.to_owned())
}
