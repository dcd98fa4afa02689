//! One `git` command: argv only, a closed environment, no prompts, no pager, no hooks, and a limit on its time.
#![expect(
    clippy::disallowed_methods,
    reason = "git answers within a call that blocks; it is no run to supervise, and std opens everything close-on-exec"
)]

use std::{
    ffi::{OsStr, OsString},
    fs::File,
    io::{self, Read, Write},
    os::unix::{ffi::OsStringExt, process::CommandExt},
    path::{Path, PathBuf},
    process::{Child, Command, ExitStatus, Stdio},
    sync::mpsc::{self, Receiver},
    thread,
    time::{Duration, Instant},
};

use super::{error::WorkspaceError, repository::RepositoryLock};

/// Questions that git answers from its own files.
const QUICK: Duration = Duration::from_secs(60);
/// Commands that read or write a whole working tree.
const SLOW: Duration = Duration::from_secs(15 * 60);

/// Variables that would point git at another repository than `-C` does.
const FOREIGN: [&str; 22] = [
    "GIT_ALTERNATE_OBJECT_DIRECTORIES",
    "GIT_COMMON_DIR",
    "GIT_CONFIG",
    "GIT_CONFIG_COUNT",
    "GIT_CONFIG_PARAMETERS",
    "GIT_DIR",
    "GIT_EXTERNAL_DIFF",
    "GIT_GLOB_PATHSPECS",
    "GIT_GRAFT_FILE",
    "GIT_ICASE_PATHSPECS",
    "GIT_IMPLICIT_WORK_TREE",
    "GIT_INDEX_FILE",
    "GIT_LITERAL_PATHSPECS",
    "GIT_NAMESPACE",
    "GIT_NOGLOB_PATHSPECS",
    "GIT_NO_REPLACE_OBJECTS",
    "GIT_OBJECT_DIRECTORY",
    "GIT_PREFIX",
    "GIT_QUARANTINE_PATH",
    "GIT_REPLACE_REF_BASE",
    "GIT_SHALLOW_FILE",
    "GIT_WORK_TREE",
];

/// Settings of the user that would change what our commands see, start or touch.
const SETTINGS: [&str; 10] = [
    "core.hooksPath=/dev/null",
    "core.fsmonitor=false",
    "core.untrackedCache=false",
    "gc.auto=0",
    "maintenance.auto=false",
    "submodule.recurse=false",
    "status.showUntrackedFiles=normal",
    "status.relativePaths=false",
    "advice.addEmbeddedRepo=false",
    "log.showSignature=false",
];

/// A git command that is being put together.
pub(super) struct Git {
    at: PathBuf,
    args: Vec<OsString>,
    env: Vec<(&'static str, OsString)>,
    input: Option<Vec<u8>>,
    lock: Option<File>,
    limit: Duration,
    /// Most bytes of its answer.
    most: u64,
}

/// What a git command answered.
pub(super) struct Answer {
    pub(super) status: ExitStatus,
    pub(super) stdout: Vec<u8>,
    pub(super) stderr: String,
    /// Whether the answer was longer than was wanted; the exit status says nothing then.
    pub(super) cut: bool,
    command: String,
}

impl Git {
    /// A command with these arguments in that directory.
    pub(super) fn new<S: AsRef<OsStr>>(at: &Path, args: &[S]) -> Self {
        let args = args.iter().map(|arg| arg.as_ref().to_owned()).collect();
        Self {
            at: at.to_owned(),
            args,
            env: Vec::new(),
            input: None,
            lock: None,
            limit: QUICK,
            most: u64::MAX,
        }
    }

    pub(super) fn arg(mut self, arg: impl AsRef<OsStr>) -> Self {
        self.args.push(arg.as_ref().to_owned());
        self
    }

    pub(super) fn args<S: AsRef<OsStr>>(mut self, args: &[S]) -> Self {
        self.args.extend(args.iter().map(|arg| arg.as_ref().to_owned()));
        self
    }

    pub(super) fn env(mut self, name: &'static str, value: impl AsRef<OsStr>) -> Self {
        self.env.push((name, value.as_ref().to_owned()));
        self
    }

    pub(super) fn input(mut self, input: Vec<u8>) -> Self {
        self.input = Some(input);
        self
    }

    /// Lets git hold the repository's lock as well: should this process be killed, nobody else gets the lock before
    /// that git has ended. It travels as standard input, which these commands do not read.
    pub(super) fn under(mut self, lock: &RepositoryLock) -> Result<Self, WorkspaceError> {
        self.lock = Some(lock.share()?);
        Ok(self)
    }

    /// Allows the time that a whole working tree takes.
    pub(super) fn slow(mut self) -> Self {
        self.limit = SLOW;
        self
    }

    /// Reads at most so many bytes of its answer.
    pub(super) fn most(mut self, bytes: u64) -> Self {
        self.most = bytes;
        self
    }

    /// Runs it; anything but exit 0 is an error.
    pub(super) fn ok(self) -> Result<Vec<u8>, WorkspaceError> {
        let answer = self.run()?;
        if answer.status.success() { Ok(answer.stdout) } else { Err(answer.into_error()) }
    }

    /// Runs it; anything but exit 0 is an error. The answer is its text without the last line end.
    pub(super) fn line(self) -> Result<String, WorkspaceError> {
        Ok(String::from_utf8_lossy(&self.ok()?).trim_end_matches('\n').to_owned())
    }

    /// Runs it to its end, whatever that is.
    pub(super) fn run(mut self) -> Result<Answer, WorkspaceError> {
        let command = self.shown();
        let stdin = match (self.lock.take(), &self.input) {
            (Some(lock), None) => Stdio::from(lock),
            (Some(_) | None, Some(_)) => Stdio::piped(),
            (None, None) => Stdio::null(),
        };
        let mut child = self.command().stdin(stdin).spawn().map_err(|source| match source.kind() {
            io::ErrorKind::NotFound => WorkspaceError::GitMissing,
            _ => WorkspaceError::Io { action: "start", path: PathBuf::from("git"), source },
        })?;
        let deadline = Instant::now() + self.limit;
        if let (Some(input), Some(mut pipe)) = (self.input, child.stdin.take()) {
            // A git that ends early closes the pipe: its exit status tells, not the write.
            thread::spawn(move || pipe.write_all(&input));
        }
        let stdout = drain(child.stdout.take(), self.most);
        let stderr = drain(child.stderr.take(), u64::MAX);
        let output = (|| {
            let stdout = receive(&stdout, deadline)?;
            let stderr = receive(&stderr, deadline)?;
            Some((stdout, stderr, await_exit(&mut child, deadline)?))
        })();
        match output {
            Some((stdout, stderr, status)) => {
                let stderr = String::from_utf8_lossy(&stderr).trim().to_owned();
                let cut = stdout.len() as u64 >= self.most;
                Ok(Answer { status, stdout, stderr, cut, command })
            }
            None => {
                kill(&mut child);
                Err(WorkspaceError::TimedOut { command, seconds: self.limit.as_secs() })
            }
        }
    }

    fn command(&self) -> Command {
        let mut command = Command::new("git");
        command.arg("--no-pager");
        for setting in SETTINGS {
            command.args(["-c", setting]);
        }
        command.arg("-C").arg(&self.at).args(&self.args);
        for name in FOREIGN {
            command.env_remove(name);
        }
        command
            .env("LC_ALL", "C")
            .env("GIT_TERMINAL_PROMPT", "0")
            .env("GIT_OPTIONAL_LOCKS", "0")
            .env("GIT_EDITOR", "true")
            .env("GIT_SEQUENCE_EDITOR", "true")
            .envs(self.env.iter().map(|(name, value)| (name, value)))
            // The caller's own directory may have been removed, which git dies of before it reads `-C`.
            .current_dir("/")
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .process_group(0);
        command
    }

    fn shown(&self) -> String {
        let args: Vec<_> = self.args.iter().map(|arg| arg.to_string_lossy()).collect();
        format!("git -C {} {}", self.at.display(), args.join(" "))
    }
}

impl Answer {
    pub(super) fn into_error(self) -> WorkspaceError {
        let said = if self.stderr.is_empty() { self.status.to_string() } else { self.stderr };
        WorkspaceError::Git { command: self.command, said }
    }
}

/// Reads a pipe, at most so many bytes: a program that writes more finds it closed, and ends.
fn drain(pipe: Option<impl Read + Send + 'static>, most: u64) -> Receiver<Vec<u8>> {
    let (sender, receiver) = mpsc::channel();
    thread::spawn(move || {
        let mut bytes = Vec::new();
        if let Some(pipe) = pipe {
            // A pipe that breaks ends like one that closes; the exit status says whether the answer is whole.
            let _ = pipe.take(most).read_to_end(&mut bytes);
        }
        sender.send(bytes)
    });
    receiver
}

fn receive(from: &Receiver<Vec<u8>>, deadline: Instant) -> Option<Vec<u8>> {
    from.recv_timeout(deadline.saturating_duration_since(Instant::now())).ok()
}

fn await_exit(child: &mut Child, deadline: Instant) -> Option<ExitStatus> {
    // Its pipes are closed already, so the end is at most moments away.
    loop {
        match child.try_wait() {
            Ok(Some(status)) => return Some(status),
            Ok(None) if Instant::now() < deadline => thread::sleep(Duration::from_millis(1)),
            Ok(None) | Err(_) => return None,
        }
    }
}

fn kill(child: &mut Child) {
    let group = rustix::process::Pid::from_child(child);
    // Both may fail only because it has ended meanwhile.
    let _ = rustix::process::kill_process_group(group, rustix::process::Signal::KILL);
    let _ = child.wait();
}

/// A path from the bytes that git wrote.
pub(super) fn path_of(bytes: &[u8]) -> PathBuf {
    PathBuf::from(OsString::from_vec(bytes.to_vec()))
}

/// The fields of a `-z` answer.
pub(super) fn fields(bytes: &[u8]) -> impl Iterator<Item = &[u8]> {
    bytes.split(|byte| *byte == 0).filter(|field| !field.is_empty())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn in_root(args: &[&str]) -> Git {
        Git::new(Path::new("/"), args)
    }

    #[test]
    fn a_command_that_hangs_is_killed_with_what_it_started() {
        let mut git = in_root(&["-c", "alias.hang=!sleep 600", "hang"]);
        git.limit = Duration::from_millis(100);
        assert!(
            matches!(git.run(), Err(WorkspaceError::TimedOut { command, .. }) if command.ends_with("hang"))
        );
    }

    #[test]
    fn a_host_without_git_is_told_so() {
        let git = in_root(&["version"]).env("PATH", "/nowhere");
        assert!(matches!(git.run(), Err(WorkspaceError::GitMissing)));
    }

    #[test]
    fn a_failure_shows_the_command_and_what_git_said() {
        let Err(error) = in_root(&["no-such-command", "ü"]).ok() else { panic!("it succeeded") };
        assert!(error.to_string().contains("git -C / no-such-command ü"), "{error}");
        assert!(error.to_string().contains("is not a git command"), "{error}");
    }
}
