//! `shell` and `process`: commands in the foreground and in the background.

use std::collections::BTreeMap;
use std::ffi::OsString;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use serde::Deserialize;
use serde_json::Value;
use tokio::sync::{Notify, watch};
use tokio::task::JoinHandle;
use tokio::time::Instant;

use super::place::{Access, Place};
use super::{Told, arguments, bounded};
use crate::processes::{Ended, Processes, Running, Start};

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Asked {
    command: String,
    folder: Option<String>,
    timeout_s: Option<u64>,
    #[serde(default)]
    background: bool,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct AskedAfter {
    id: u32,
    action: Action,
    timeout_s: Option<u64>,
}

#[derive(Clone, Copy, Deserialize)]
#[serde(rename_all = "lowercase")]
enum Action {
    Output,
    Wait,
    Stop,
}

/// Whoever wants longer uses the background.
const LONGEST: Duration = Duration::from_secs(3_600);
/// Most processes in the background at once.
const MOST: usize = 16;
/// What git may take to say how a file stands.
const QUIET: Duration = Duration::from_secs(10);
/// How much a notice quotes, bytes.
const NOTICE: usize = 2_000;

/// The processes of a run.
pub(super) struct Shell {
    processes: Arc<dyn Processes>,
    timeout: Duration,
    limit: usize,
    next: u32,
    /// Kept here and not in the call, so that a call that is given up leaves nobody behind.
    foreground: Option<Box<dyn Running>>,
    background: BTreeMap<u32, Background>,
}

/// A process in the background.
struct Background {
    command: String,
    output: PathBuf,
    ended: watch::Receiver<Option<(Ended, Duration)>>,
    stop: Arc<Notify>,
    task: JoinHandle<()>,
    told: bool,
}

impl Shell {
    pub(super) fn new(processes: Arc<dyn Processes>, timeout: Duration, limit: usize) -> Self {
        Self { processes, timeout, limit, next: 1, foreground: None, background: BTreeMap::new() }
    }

    /// `shell`.
    pub(super) async fn run(&mut self, place: &Place, given: &Value) -> Told {
        let asked: Asked = arguments("shell", given)?;
        if asked.command.trim().is_empty() {
            return Err("`command` is empty".to_owned());
        }
        let folder = place.resolve(asked.folder.as_deref().unwrap_or("."), Access::Read)?;
        let number = self.next;
        self.next += 1;
        let shell = if Path::new("/bin/bash").exists() { "/bin/bash" } else { "/bin/sh" };
        let argv = [shell, "-c", &asked.command].iter().map(OsString::from).collect();
        let name = format!("shell-{number}");
        let running = self.processes.start(&Start { name: &name, argv, folder: &folder })?;
        if asked.background {
            return self.keep(number, asked.command, running).await;
        }
        let limit = asked.timeout_s.map_or(self.timeout, Duration::from_secs).min(LONGEST);
        let (ended, output) = self.wait_for(running, limit).await;
        let shown =
            bounded::shown(&output, self.limit).map_err(|error| format!("its output is lost: {error}"))?;
        let shown = if shown.trim().is_empty() { "(no output)".to_owned() } else { shown };
        Ok(match ended {
            Some(Ended { code: Some(0), .. }) => shown,
            Some(ended) => format!("{shown}\n[{ended}]"),
            None => format!(
                "{shown}\n[stopped after {} s; use timeout_s or background for what takes longer]",
                limit.as_secs_f32()
            ),
        })
    }

    /// Waits in the foreground; none: it took too long and was stopped.
    async fn wait_for(&mut self, running: Box<dyn Running>, limit: Duration) -> (Option<Ended>, PathBuf) {
        let running = self.foreground.insert(running);
        let ended = tokio::time::timeout(limit, running.wait()).await.ok();
        running.stop().await;
        let output = running.output();
        self.foreground = None;
        (ended, output)
    }

    /// The output of a short program of our own; none where it fails or says nothing.
    pub(super) async fn quietly(&mut self, argv: Vec<OsString>, folder: &Path) -> Option<String> {
        let name = format!("quiet-{}", self.next);
        self.next += 1;
        let running = self.processes.start(&Start { name: &name, argv, folder }).ok()?;
        let (ended, output) = self.wait_for(running, QUIET).await;
        if ended?.code != Some(0) {
            return None;
        }
        let text = String::from_utf8_lossy(&std::fs::read(&output).ok()?).into_owned();
        // Nobody reads it again.
        let _ = std::fs::remove_file(output);
        Some(text).filter(|text| !text.is_empty())
    }

    async fn keep(&mut self, number: u32, command: String, mut running: Box<dyn Running>) -> Told {
        if self.background.values().filter(|known| known.ended.borrow().is_none()).count() >= MOST {
            running.stop().await;
            return Err(format!("{MOST} processes run in the background already: stop one first"));
        }
        let output = running.output();
        let (sender, ended) = watch::channel(None);
        let stop = Arc::new(Notify::new());
        let asked = Arc::clone(&stop);
        let started = Instant::now();
        let task = tokio::spawn(async move {
            let end = tokio::select! {
                end = running.wait() => end,
                () = asked.notified() => Ended::default(),
            };
            running.stop().await;
            // After a stop this tells how it ended.
            let end = if end == Ended::default() { running.wait().await } else { end };
            sender.send_replace(Some((end, started.elapsed())));
        });
        let known = Background { command, output: output.clone(), ended, stop, task, told: false };
        self.background.insert(number, known);
        Ok(format!("started in the background as process {number}; its output goes to {}", output.display()))
    }

    /// `process`.
    pub(super) async fn look_after(&mut self, given: &Value) -> Told {
        let asked: AskedAfter = arguments("process", given)?;
        let known: Vec<String> = self.background.keys().map(u32::to_string).collect();
        let Some(process) = self.background.get_mut(&asked.id) else {
            let known = if known.is_empty() { "none".to_owned() } else { known.join(", ") };
            return Err(format!("there is no process {} in the background; known: {known}", asked.id));
        };
        match asked.action {
            Action::Output => {}
            Action::Wait => {
                let limit = asked.timeout_s.map_or(Duration::from_secs(60), Duration::from_secs).min(LONGEST);
                // Over its time: it is told that it still runs.
                let _ = tokio::time::timeout(limit, process.ended.wait_for(Option::is_some)).await;
            }
            Action::Stop => {
                process.stop.notify_one();
                // An error says that its task is gone, and with it the process.
                let _ = process.ended.wait_for(Option::is_some).await;
            }
        }
        let end = *process.ended.borrow();
        process.told |= end.is_some();
        let state = match end {
            Some((ended, after)) => format!("ended with {ended} after {} s", after.as_secs()),
            None => "still running".to_owned(),
        };
        let shown = bounded::shown(&process.output, self.limit).unwrap_or_default();
        Ok(format!("[process {} {state}]\n{shown}", asked.id))
    }

    /// What has ended and was not told yet.
    pub(super) fn notices(&mut self) -> Vec<String> {
        let mut notices = Vec::new();
        for (number, process) in self.background.iter_mut().filter(|(_, process)| !process.told) {
            let Some((ended, after)) = *process.ended.borrow() else { continue };
            process.told = true;
            let shown = bounded::shown(&process.output, NOTICE).unwrap_or_default();
            let command = andon_core::text::first_line(&process.command, 100);
            notices.push(format!(
                "Note: process {number} in the background (`{command}`) ended with {ended} after {} s. Its output:\n{shown}",
                after.as_secs()
            ));
        }
        notices
    }

    /// Stops everything.
    pub(super) async fn stop(&mut self) {
        if let Some(mut running) = self.foreground.take() {
            running.stop().await;
        }
        for process in self.background.values() {
            process.stop.notify_one();
        }
        for process in self.background.values_mut() {
            // A task that is gone has stopped its process.
            let _ = (&mut process.task).await;
        }
        self.background.clear();
    }
}

/// What tests look at.
#[cfg(test)]
pub(super) mod fake {
    use super::*;
    use futures::FutureExt as _;
    use futures::future::BoxFuture;
    use std::process::Stdio;
    use std::sync::{Mutex, PoisonError};

    /// Starts programs as they are, for tests of the tools themselves.
    pub(crate) struct Plain {
        pub(crate) folder: PathBuf,
        pub(crate) stopped: Arc<Mutex<Vec<String>>>,
    }

    struct PlainRunning {
        child: tokio::process::Child,
        output: PathBuf,
        name: String,
        stopped: Arc<Mutex<Vec<String>>>,
    }

    impl Processes for Plain {
        fn start(&self, start: &Start<'_>) -> Result<Box<dyn Running>, String> {
            let output = self.folder.join(start.name);
            let file = std::fs::File::create(&output).map_err(|error| error.to_string())?;
            let (program, arguments) = start.argv.split_first().ok_or("no program")?;
            let mut command = tokio::process::Command::new(program);
            command.args(arguments).current_dir(start.folder).stdin(Stdio::null());
            command
                .stdout(file.try_clone().map_err(|error| error.to_string())?)
                .stderr(file)
                .kill_on_drop(true);
            let child = command.spawn().map_err(|error| error.to_string())?;
            let (name, stopped) = (start.name.to_owned(), Arc::clone(&self.stopped));
            Ok(Box::new(PlainRunning { child, output, name, stopped }))
        }
    }

    impl Running for PlainRunning {
        fn wait(&mut self) -> BoxFuture<'_, Ended> {
            use std::os::unix::process::ExitStatusExt as _;
            async {
                let status = self.child.wait().await.unwrap_or_default();
                Ended { code: status.code(), signal: status.signal() }
            }
            .boxed()
        }

        fn stop(&mut self) -> BoxFuture<'_, ()> {
            async {
                let _ = self.child.kill().await;
                self.stopped.lock().unwrap_or_else(PoisonError::into_inner).push(self.name.clone());
            }
            .boxed()
        }

        fn output(&self) -> PathBuf {
            self.output.clone()
        }
    }
}
