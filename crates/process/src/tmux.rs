//! A tree inside a session of a private tmux server that a person can attach to.
//!
//! The server inherits the marker and the control group, so it belongs to the tree. Its pane stays after the program has
//! ended and tells its exit status. The program is started by a script, because tmux would cut long command lines and
//! read a meaning into arguments that end with `;`.

use std::ffi::{OsStr, OsString};
use std::io;
use std::os::unix::ffi::{OsStrExt, OsStringExt};
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};
use std::time::{Duration, Instant};

use rustix::fs::{CWD, FileType, Mode, mknodat};
use rustix::process::{Pid, PidfdFlags, Signal, pidfd_open};
use tokio::net::unix::pipe::{OpenOptions, Receiver};

use crate::child::{self, Setup};
use crate::hunt;
use crate::procfs::Stat;
use crate::spec::{self, Spec};
use crate::tree::Exit;
use crate::{Cgroup, Identity};

/// Room for a socket's path in `sockaddr_un`, without its final NUL.
const SOCKET_PATH: usize = 107;
/// tmux drops an environment variable that does not fit in one of its messages.
const LONG_VARIABLE: usize = 8 * 1024;
/// How long the server may take to notice that the program in its pane has ended.
const NOTICE: Duration = Duration::from_secs(5);

/// A session with one program in it.
#[derive(Debug)]
pub(crate) struct Session {
    tmux: PathBuf,
    socket: PathBuf,
    name: String,
    pane: String,
    pub(crate) server: Identity,
    pub(crate) leader: Identity,
    /// Readable once the program has ended; `None` when it had ended before it could be watched.
    ended: Option<Receiver>,
}

impl Session {
    /// Starts the server and in it the program of `spec`; returns what it prints besides. The error says what is
    /// missing and how to get it.
    pub(crate) fn start(
        spec: &Spec,
        socket: &Path,
        name: &str,
        cgroup: Option<&Cgroup>,
    ) -> Result<(Self, Receiver), String> {
        let tmux = check(spec, socket, name)?;
        let files = Files::beside(socket);
        let output = files.create(spec).map_err(|error| format!("beside {}: {error}", socket.display()))?;
        let started = launch(spec, &tmux, socket, name, &files, cgroup)
            .map_err(|error| error.to_string())
            .and_then(|text| Self::found(&tmux, socket, name, &text));
        match started {
            Ok(session) => Ok((session, output)),
            Err(reason) => {
                files.remove();
                Err(reason)
            }
        }
    }

    fn found(tmux: &Path, socket: &Path, name: &str, text: &str) -> Result<Self, String> {
        let unexpected = || format!("tmux answered {text:?} where it was asked for its process ids");
        let fields: Vec<&str> = text.split_whitespace().collect();
        let [server, leader, pane] = fields[..] else { return Err(unexpected()) };
        let server = identity(server).ok_or_else(unexpected)?;
        let leader = identity(leader).ok_or_else(unexpected)?;
        let ended = watch(&leader);
        let (tmux, socket) = (tmux.to_owned(), socket.to_owned());
        Ok(Self { tmux, socket, name: name.to_owned(), pane: pane.to_owned(), server, leader, ended })
    }

    /// Waits until the program has ended. Safe to cancel.
    pub(crate) async fn wait(&mut self) -> Exit {
        if let Some(ended) = &self.ended {
            // A watch that fails is replaced by asking below.
            let _ = ended.readable().await;
        }
        while self.leader.is_alive() {
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
        self.exit_status().await
    }

    async fn exit_status(&self) -> Exit {
        let deadline = Instant::now() + NOTICE;
        loop {
            let format = "#{pane_dead}|#{pane_dead_status}|#{pane_dead_signal}";
            let mut ask = control(&self.tmux, &self.socket);
            ask.args(["display-message", "-p", "-t", &self.pane, format]);
            let answer = tokio::process::Command::from(ask).output().await;
            match answer.map(|output| text_of(&output)) {
                Ok(Ok(text)) => {
                    if let Some(exit) = parse_exit(&text) {
                        return exit;
                    }
                }
                // Without its server nobody knows how the program ended.
                Ok(Err(_)) | Err(_) => return Exit { code: None, signal: None },
            }
            if Instant::now() >= deadline {
                return Exit { code: None, signal: None };
            }
            self.remind();
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    }

    /// A busy tmux sometimes misses that its child has ended; told again, it looks for all that have.
    fn remind(&self) {
        if let Ok(Some(server)) = Stat::read(self.server.pid)
            && server.start_time == self.server.start_time
        {
            // A server that is gone is noticed by the next question.
            let _ = hunt::signal(&server, Signal::CHILD);
        }
    }

    /// The server and what carries its output: they end with the session, not with the program.
    pub(crate) fn is_furniture(&self) -> impl Fn(&Stat) -> bool + Send + use<> {
        let (server, leader) = (self.server.pid, self.leader.pid);
        move |stat| stat.pid == server || (stat.ppid == server && stat.pid != leader)
    }

    /// Removes the session if nothing lives in it any more, so that its server ends.
    pub(crate) fn remove_if_finished(&self) {
        if let Err(error) = remove(&self.tmux, &self.socket, &self.name) {
            tracing::warn!(session = %self.name, %error, "a tmux session could not be removed");
        }
    }

    /// Removes the files, after the server has gone.
    pub(crate) fn remove_files(&self) {
        remove_session_files(&self.socket);
    }
}

/// Removes a session from the tmux server at `socket` when every pane of it is dead; a live session stays. Tells whether
/// it was removed; a server or session that is not there was not.
///
/// # Errors
/// When tmux is not installed or cannot be run.
pub fn remove_finished_session(socket: &Path, session: &str) -> io::Result<bool> {
    let tmux = find_tmux(&[])
        .ok_or_else(|| io::Error::new(io::ErrorKind::NotFound, "tmux is not installed or not in PATH"))?;
    remove(&tmux, socket, session)
}

/// Removes the socket, the start script and the pipe of a session whose supervisor and server are gone. What is not
/// there is fine; what cannot be removed is logged.
pub fn remove_session_files(socket: &Path) {
    Files::beside(socket).remove();
}

fn remove(tmux: &Path, socket: &Path, session: &str) -> io::Result<bool> {
    let target = format!("={session}");
    let panes =
        control(tmux, socket).args(["list-panes", "-s", "-t", &target, "-F", "#{pane_dead}"]).output()?;
    let Ok(panes) = text_of(&panes) else { return Ok(false) };
    if panes.lines().any(|dead| dead != "1") {
        return Ok(false);
    }
    Ok(control(tmux, socket).args(["kill-session", "-t", &target]).output()?.status.success())
}

fn check(spec: &Spec, socket: &Path, name: &str) -> Result<PathBuf, String> {
    let plain = |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '_');
    if name.is_empty() || !name.chars().all(plain) {
        return Err(format!("{name:?} cannot name a tmux session; letters, digits, '-' and '_' can"));
    }
    let length = socket.as_os_str().len();
    if length > SOCKET_PATH {
        return Err(format!(
            "the path of the tmux socket {} has {length} bytes, and {SOCKET_PATH} are possible; choose a shorter home",
            socket.display()
        ));
    }
    find_tmux(&spec.env).ok_or_else(|| "tmux is not installed or not in PATH; install tmux".to_owned())
}

/// In the `PATH` of the program, else in our own.
fn find_tmux(env: &[(OsString, OsString)]) -> Option<PathBuf> {
    #[expect(
        clippy::disallowed_methods,
        reason = "tmux is a tool of ours, so it is found where this process finds its own"
    )]
    let own = std::env::var_os("PATH").unwrap_or_default();
    [spec::path_of(env), own]
        .iter()
        .find_map(|path| spec::find(OsStr::new("tmux"), path, Path::new("/")).ok())
}

#[expect(clippy::disallowed_methods, reason = "this crate starts processes")]
fn control(tmux: &Path, socket: &Path) -> Command {
    let mut command = Command::new(tmux);
    command.env_clear().env("PATH", "/usr/local/bin:/usr/bin:/bin").stdin(Stdio::null());
    command.arg("-u").arg("-S").arg(socket);
    command
}

fn launch(
    spec: &Spec,
    tmux: &Path,
    socket: &Path,
    name: &str,
    files: &Files,
    cgroup: Option<&Cgroup>,
) -> io::Result<String> {
    let mut command = control(tmux, socket);
    command.env_clear().envs(spec.env.iter().map(|(name, value)| (name, value)));
    command.env(&spec.marker.0, &spec.marker.1).current_dir(&spec.cwd);
    command.args(["-f", "/dev/null", "set-option", "-g", "remain-on-exit", "on", ";"]);
    command.args(["set-option", "-g", "history-limit", "20000", ";"]);
    command.args(["new-session", "-d", "-P", "-F", "#{pid} #{pane_pid} #{pane_id}"]);
    command.args(["-s", name, "-x", "200", "-y", "50", "/bin/sh"]).arg(&files.script).arg(";");
    command.args(["pipe-pane", "-t", &format!("={name}:")]).arg(carrier(&files.pipe));
    child::prepare(
        &mut command,
        Setup { cgroup_procs: cgroup.and_then(|group| group.entrance().ok()), ..Setup::default() },
    );
    text_of(&command.output()?)
}

/// The command that carries the output to our pipe. It announces itself with one byte, and only ends with its input.
fn carrier(pipe: &Path) -> OsString {
    let mut command = b"exec >".to_vec();
    command.extend_from_slice(&quoted(pipe.as_os_str()));
    command.extend_from_slice(b"; trap '' HUP INT TERM; printf .; exec cat");
    // tmux expands formats (`#`) and times (`%`) here.
    let escape = |&byte: &u8| if matches!(byte, b'#' | b'%') { vec![byte, byte] } else { vec![byte] };
    OsString::from_vec(command.iter().flat_map(escape).collect())
}

/// What tmux printed, or what it complained about.
fn text_of(output: &Output) -> io::Result<String> {
    if output.status.success() {
        return Ok(String::from_utf8_lossy(&output.stdout).trim().to_owned());
    }
    Err(io::Error::other(format!("tmux: {}", String::from_utf8_lossy(&output.stderr).trim())))
}

/// `None` as long as the pane is not known to be dead: its terminal closes before its exit status is collected.
fn parse_exit(text: &str) -> Option<Exit> {
    let mut fields = text.split('|');
    if fields.next() != Some("1") {
        return None;
    }
    let code = fields.next().and_then(|code| code.parse().ok());
    let signal = fields.next().and_then(signal_number);
    let code = if signal.is_some() { None } else { code };
    (code.is_some() || signal.is_some()).then_some(Exit { code, signal })
}

/// A number, or a name without `SIG` as some versions print it.
fn signal_number(text: &str) -> Option<i32> {
    const NAMES: [(&str, i32); 12] = [
        ("HUP", libc::SIGHUP),
        ("INT", libc::SIGINT),
        ("QUIT", libc::SIGQUIT),
        ("ILL", libc::SIGILL),
        ("ABRT", libc::SIGABRT),
        ("BUS", libc::SIGBUS),
        ("FPE", libc::SIGFPE),
        ("KILL", libc::SIGKILL),
        ("SEGV", libc::SIGSEGV),
        ("PIPE", libc::SIGPIPE),
        ("ALRM", libc::SIGALRM),
        ("TERM", libc::SIGTERM),
    ];
    let named = || NAMES.iter().find(|(name, _)| text.eq_ignore_ascii_case(name)).map(|(_, number)| *number);
    text.parse().ok().or_else(named)
}

/// A program that has ended already has no start time any more: 0 is that of nobody.
fn identity(pid: &str) -> Option<Identity> {
    let pid = pid.parse().ok()?;
    let gone = || Some(Identity { boot_id: crate::boot_id().ok()?, pid, start_time: 0 });
    Identity::of_pid(pid).ok()?.or_else(gone)
}

fn watch(leader: &Identity) -> Option<Receiver> {
    let pidfd = pidfd_open(Pid::from_raw(leader.pid)?, PidfdFlags::empty()).ok()?;
    // Not a pipe, but polled like one: it becomes readable when the process ends. Nothing is ever read from it.
    let watch = Receiver::from_owned_fd_unchecked(pidfd).ok()?;
    leader.is_alive().then_some(watch)
}

/// What lies beside the socket.
#[derive(Debug)]
struct Files {
    socket: PathBuf,
    script: PathBuf,
    pipe: PathBuf,
}

impl Files {
    fn beside(socket: &Path) -> Self {
        let beside = |ending: &str| {
            let mut path = socket.as_os_str().to_owned();
            path.push(ending);
            PathBuf::from(path)
        };
        Self { socket: socket.to_owned(), script: beside(".run"), pipe: beside(".out") }
    }

    fn create(&self, spec: &Spec) -> io::Result<Receiver> {
        for stale in [&self.script, &self.pipe] {
            forget(stale)?;
        }
        let mut options = std::fs::OpenOptions::new();
        let mut file = options.write(true).create_new(true).mode(0o600).open(&self.script)?;
        io::Write::write_all(&mut file, &script(spec))?;
        mknodat(CWD, &self.pipe, FileType::Fifo, Mode::RUSR | Mode::WUSR, 0)?;
        // Opened for writing too, so that it does not look closed before its writer has arrived.
        OpenOptions::new().read_write(true).open_receiver(&self.pipe)
    }

    fn remove(&self) {
        for path in [&self.script, &self.pipe, &self.socket] {
            if let Err(error) = forget(path) {
                tracing::warn!(path = %path.display(), %error, "a file of a tmux session could not be removed");
            }
        }
    }
}

fn forget(path: &Path) -> io::Result<()> {
    match std::fs::remove_file(path) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => Err(error),
        Ok(()) | Err(_) => Ok(()),
    }
}

/// Becomes the program in its folder, with the variables that were too long for tmux.
fn script(spec: &Spec) -> Vec<u8> {
    let mut text = b"cd -- ".to_vec();
    text.extend_from_slice(&quoted(spec.cwd.as_os_str()));
    text.extend_from_slice(b" || exit 126\n");
    for (name, value) in spec.env.iter().filter(|(name, value)| value.len() > LONG_VARIABLE && is_plain(name))
    {
        text.extend_from_slice(&[b"export ", name.as_bytes(), b"="].concat());
        text.extend_from_slice(&quoted(value));
        text.push(b'\n');
    }
    text.extend_from_slice(b"exec");
    for argument in &spec.argv {
        text.push(b' ');
        text.extend_from_slice(&quoted(argument));
    }
    text.push(b'\n');
    text
}

fn is_plain(name: &OsStr) -> bool {
    name.as_bytes().iter().all(|byte| byte.is_ascii_alphanumeric() || *byte == b'_')
}

/// One word for a shell.
fn quoted(text: &OsStr) -> Vec<u8> {
    let mut word = b"'".to_vec();
    for &byte in text.as_bytes() {
        match byte {
            b'\'' => word.extend_from_slice(b"'\\''"),
            other => word.push(other),
        }
    }
    word.push(b'\'');
    word
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_dead_pane_tells_its_code_or_its_signal() {
        assert_eq!(parse_exit("0||"), None);
        assert_eq!(parse_exit("1||"), None);
        assert_eq!(parse_exit("1|7|"), Some(Exit { code: Some(7), signal: None }));
        assert_eq!(parse_exit("1||15"), Some(Exit { code: None, signal: Some(15) }));
        assert_eq!(parse_exit("1||term"), Some(Exit { code: None, signal: Some(15) }));
    }

    #[test]
    fn any_word_is_one_word_of_a_shell() {
        assert_eq!(quoted(OsStr::new("a 'b' $c;")), b"'a '\\''b'\\'' $c;'");
    }
}
