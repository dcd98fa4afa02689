//! The processes of this machine, as procfs shows them. Only processes of a test's own house are ever signalled.

use std::ffi::OsStr;
use std::os::unix::ffi::OsStrExt as _;

use rustix::process::{Pid, Signal, kill_process};

/// Processes whose environment holds `name=value`. A zombie has no environment.
#[must_use]
pub fn with_environ(name: &str, value: impl AsRef<OsStr>) -> Vec<i32> {
    let mut wanted = format!("{name}=").into_bytes();
    wanted.extend(value.as_ref().as_bytes());
    all("environ", |environ| environ.split(|byte| *byte == 0).any(|entry| entry == wanted))
}

/// The processes of a run: its worker and all that it started.
#[must_use]
pub fn of_run(run: &str) -> Vec<i32> {
    with_environ("ANDON_RUN", run)
}

/// The supervisors of a run.
#[must_use]
pub fn supervisors_of(run: &str) -> Vec<i32> {
    let mut found = started_for(run);
    found.retain(|pid| !is_guard(*pid));
    found
}

/// The guards of a run's supervisors.
#[must_use]
pub fn guards_of(run: &str) -> Vec<i32> {
    let mut found = started_for(run);
    found.retain(|pid| is_guard(*pid));
    found
}

/// Those of some processes that are supervisors of a run.
#[must_use]
pub fn supervisors_among(mut pids: Vec<i32>) -> Vec<i32> {
    pids.retain(|pid| {
        let line = std::fs::read(format!("/proc/{pid}/cmdline")).unwrap_or_default();
        line.split(|byte| *byte == 0).nth(1) == Some(b"__supervise") && !is_guard(*pid) && !waits(*pid)
    });
    pids
}

/// Whether it is a supervisor that waits for a run.
#[must_use]
pub fn waits(pid: i32) -> bool {
    // What stands for the run while there is none.
    const NO_RUN: &[u8] = b"--------------------------";
    let line = std::fs::read(format!("/proc/{pid}/cmdline")).unwrap_or_default();
    line.split(|byte| *byte == 0).nth(4) == Some(NO_RUN)
}

/// Whether it guards a supervisor: both were started as one process.
#[must_use]
pub fn is_guard(pid: i32) -> bool {
    std::fs::read_to_string(format!("/proc/{pid}/comm")).is_ok_and(|name| name.trim_end() == "andon-guard")
}

fn started_for(run: &str) -> Vec<i32> {
    all("cmdline", |line| {
        let arguments: Vec<&[u8]> = line.split(|byte| *byte == 0).collect();
        arguments.get(1) == Some(&b"__supervise".as_slice()) && arguments.contains(&run.as_bytes())
    })
}

/// Kills the supervisors of a run together with their guards: what is left of it then only others can find.
pub fn kill_unguarded(run: &str) {
    let (guards, supervisors) = (guards_of(run), supervisors_of(run));
    // First of all none of them may notice what happens to another.
    for pid in guards.iter().chain(&supervisors) {
        send(*pid, Signal::STOP);
    }
    guards.into_iter().chain(supervisors).for_each(kill);
}

fn all(file: &str, wanted: impl Fn(&[u8]) -> bool) -> Vec<i32> {
    let mut found = Vec::new();
    for entry in std::fs::read_dir("/proc").into_iter().flatten().flatten() {
        let Some(pid) = entry.file_name().to_str().and_then(|name| name.parse::<i32>().ok()) else {
            continue;
        };
        if std::fs::read(entry.path().join(file)).is_ok_and(|content| wanted(&content)) {
            found.push(pid);
        }
    }
    found
}

/// Whether a process lives; a zombie does not.
#[must_use]
pub fn lives(pid: i32) -> bool {
    state(pid).is_some_and(|state| state != 'Z' && state != 'X')
}

/// The state letter of a process: `T` is stopped.
#[must_use]
pub fn state(pid: i32) -> Option<char> {
    let stat = std::fs::read_to_string(format!("/proc/{pid}/stat")).ok()?;
    stat.rsplit_once(')')?.1.trim_start().chars().next()
}

/// SIGKILL. A process that is gone is no mistake.
pub fn kill(pid: i32) {
    send(pid, Signal::KILL);
}

/// SIGTERM.
pub fn terminate(pid: i32) {
    send(pid, Signal::TERM);
}

/// SIGSTOP, whatever it holds.
pub fn stop_at_once(pid: i32) {
    send(pid, Signal::STOP);
}

/// SIGSTOP at a moment at which the process holds no lock on a file, so that nobody else waits for it; returns when it
/// has stopped.
pub fn freeze(pid: i32) {
    crate::wait_until("a process stops between two transactions", || {
        send(pid, Signal::STOP);
        crate::wait_until("a process stops", || {
            state(pid).is_none_or(|state| matches!(state, 'T' | 'Z' | 'X'))
        });
        let free = !holds_write_lock(pid);
        if !free {
            thaw(pid);
        }
        free
    });
}

/// Whether it holds a lock that keeps others from writing.
#[must_use]
pub fn holds_write_lock(pid: i32) -> bool {
    let locks = std::fs::read_to_string("/proc/locks").unwrap_or_default();
    let mut held = locks.lines().map(|line| line.split_whitespace().collect::<Vec<_>>());
    held.any(|lock| {
        let pid = pid.to_string();
        matches!(lock.as_slice(), [_, "POSIX", _, "WRITE", holder, ..] if *holder == pid)
    })
}

/// SIGCONT.
pub fn thaw(pid: i32) {
    send(pid, Signal::CONT);
}

fn send(pid: i32, signal: Signal) {
    if let Some(pid) = Pid::from_raw(pid).filter(|_| pid > 1) {
        let _ = kill_process(pid, signal);
    }
}
