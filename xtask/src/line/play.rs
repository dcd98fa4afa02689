//! A demo from the first task to the finished board.

use std::collections::BTreeMap;
use std::fs::{self, File};
use std::process::Stdio;
use std::time::{Duration, Instant};

use rustix::process::{Pid, Signal, kill_process};
use serde_json::Value;
use tokio::io::{AsyncBufReadExt as _, BufReader, Lines};
use tokio::process::{Child, ChildStdout};
use tokio::signal::unix::{SignalKind, signal};
use tokio::time::{MissedTickBehavior, interval, timeout};

use super::board::Board;
use super::feed::{Created, Event};
use super::paint::{Canvas, emit, seconds};
use super::progress::{State, Station};
use super::stage::Stage;
use crate::failure::Failure;

/// How often the picture is drawn.
const FRAME: Duration = Duration::from_millis(100);
/// How often the last line of a worker is looked at, in frames.
const LOOK: u32 = 4;
/// How long a question is shown before the demo answers it.
const THINKING: Duration = Duration::from_millis(1_500);
/// A line on which nothing has moved for this long has stopped.
const STILL: Duration = Duration::from_secs(4);
/// How long all of it may take.
const LONGEST: Duration = Duration::from_secs(300);
/// How long everything may take to stop.
const STOPPING: Duration = Duration::from_secs(20);

/// What is played on a line.
pub(crate) trait Play {
    /// Makes profiles, and the first tasks with their stations.
    async fn set_up(&mut self, line: &mut Line, stage: &Stage) -> Result<(), Failure>;

    /// Shows what came of it, once every task is done.
    async fn curtain(&self, line: &Line, stage: &Stage) -> Result<(), Failure>;
}

/// Plays on the stage, shows how it went, and leaves no process behind.
///
/// # Errors
/// When a task is not done at the end, when it was interrupted, or when something that it needs fails.
pub(crate) async fn perform(play: &mut impl Play, line: &mut Line, stage: &Stage) -> Result<(), Failure> {
    emit(&format!("A board of its own in {} ({})\n\n", stage.folder.display(), stage.fate()));
    let played = tokio::select! {
        played = line.play(play, stage) => played,
        interrupted = interrupted() => interrupted,
    };
    let ended = match played {
        Ok(()) => match line.finished(stage).await {
            Ok(()) => play.curtain(line, stage).await,
            Err(failure) => Err(failure),
        },
        Err(failure) => {
            emit("\n");
            Err(failure)
        }
    };
    line.stop(ended.is_err()).await;
    if stage.stays() {
        emit(&format!("\nLook at it with `andon --home {} list`\n", stage.home().display()));
    }
    ended
}

/// Waits for a person or the system to end the demo.
async fn interrupted() -> Result<(), Failure> {
    let listen =
        |kind| signal(kind).map_err(|source| Failure::Start { command: "signals".to_owned(), source });
    let (mut person, mut system) = (listen(SignalKind::interrupt())?, listen(SignalKind::terminate())?);
    tokio::select! {
        _ = person.recv() => {}
        _ = system.recv() => {}
    }
    Err(Failure::Demo("interrupted; what ran has been stopped".to_owned()))
}

/// A line while it runs.
pub(crate) struct Line {
    pub(crate) board: Board,
    pub(crate) stations: Vec<Station>,
    pub(crate) canvas: Canvas,
    /// What a person says when a task asks, by the key of the task.
    answers: BTreeMap<String, String>,
    began: Instant,
    ended: Option<Duration>,
    dispatcher: Option<Child>,
    /// Questions that have been seen: which station, and when to answer.
    questions: Vec<(usize, Duration)>,
    /// Stations that have had their answer.
    answered: Vec<usize>,
}

impl Line {
    /// An empty line that will hold about so many tasks.
    pub(crate) fn new(board: Board, answers: BTreeMap<String, String>, tasks: usize) -> Self {
        Self {
            board,
            stations: Vec::new(),
            canvas: Canvas::stdout(tasks + 2),
            answers,
            began: Instant::now(),
            ended: None,
            dispatcher: None,
            questions: Vec::new(),
            answered: Vec::new(),
        }
    }

    /// How long it took until nothing moved any more.
    pub(crate) fn took(&self) -> Duration {
        self.ended.unwrap_or_else(|| self.began.elapsed())
    }

    /// Sets the line up, starts a dispatcher, and shows the line until nothing moves on it any more.
    async fn play(&mut self, play: &mut impl Play, stage: &Stage) -> Result<(), Failure> {
        play.set_up(self, stage).await?;
        let mut feed = self.board.start(&["events", "--follow", "--json"], Stdio::null())?;
        let mut lines = feed.stdout.take().map(|stdout| BufReader::new(stdout).lines());
        let log = stage.folder.join("dispatcher.log");
        let log = File::create(&log).map_err(|source| Failure::File { path: log, source })?;
        self.began = Instant::now();
        self.dispatcher = Some(self.board.start(&["dispatch"], log.into())?);
        let mut frames = interval(FRAME);
        frames.set_missed_tick_behavior(MissedTickBehavior::Delay);
        let (mut frame, mut moved) = (0_u32, Instant::now());
        while self.stations.iter().any(|station| station.state != State::Done)
            && moved.elapsed() < STILL
            && self.began.elapsed() < LONGEST
        {
            tokio::select! {
                line = next(&mut lines) => {
                    self.take(&line?).await?;
                }
                _ = frames.tick() => {
                    frame = frame.wrapping_add(1);
                    self.answer().await?;
                    if frame.is_multiple_of(LOOK) {
                        self.listen().await;
                    }
                }
            }
            if self.stations.iter().any(|station| station.state.moves()) || !self.questions.is_empty() {
                moved = Instant::now();
            }
            self.canvas.draw(&self.stations, self.began.elapsed());
        }
        self.ended = Some(self.began.elapsed());
        Ok(())
    }

    /// Takes in a line of the feed.
    async fn take(&mut self, line: &str) -> Result<(), Failure> {
        let now = self.began.elapsed();
        let Some(event) = Event::read(line) else { return Ok(()) };
        let found = self.stations.iter_mut().enumerate();
        let mut found = found.filter(|(_, station)| event.task_id.as_ref() == Some(&station.id));
        let Some((index, station)) = found.next() else { return self.join(&event).await };
        let Some(change) = event.change() else { return Ok(()) };
        if station.apply(change, now) {
            self.canvas.tell(station, now);
        }
        let asks = station.state == State::Blocked && self.answers.contains_key(&station.key);
        if asks && !self.answered.contains(&index) {
            self.answered.push(index);
            self.questions.push((index, now + THINKING));
        }
        Ok(())
    }

    /// A task that a worker has made joins the line. Its short name is what stands behind the last dash of its idempotency
    /// key.
    async fn join(&mut self, event: &Event) -> Result<(), Failure> {
        let Some(Created { task, assignee, parents }) = event.created() else { return Ok(()) };
        let shown = self.board.json(&["show", &task]).await?;
        let key = shown.pointer("/task/idempotency_key").and_then(Value::as_str).unwrap_or(&task);
        let key = key.rsplit('-').next().unwrap_or(key);
        let known = |id: &String| {
            let mut stations = self.stations.iter();
            stations
                .find(|station| station.id == *id)
                .map_or_else(|| id.clone(), |station| station.key.clone())
        };
        let parents: Vec<String> = parents.iter().map(known).collect();
        let station = Station::new(key, &task, &assignee, &parents);
        self.canvas.tell(&station, self.began.elapsed());
        self.stations.push(station);
        Ok(())
    }

    /// Answers the questions whose time has come, as a person would.
    async fn answer(&mut self) -> Result<(), Failure> {
        let now = self.began.elapsed();
        let (due, later) = self.questions.drain(..).partition(|(_, at)| *at <= now);
        self.questions = later;
        let due: Vec<(usize, Duration)> = due;
        for (index, _) in due {
            let Some(station) = self.stations.get_mut(index) else { continue };
            let Some(text) = self.answers.get(&station.key) else { continue };
            self.board.run(&["comment", &station.id, text]).await?;
            self.board.run(&["unblock", &station.id]).await?;
            station.answer(text);
            self.canvas.tell(station, self.began.elapsed());
        }
        Ok(())
    }

    /// Looks at what the workers write, where it is shown.
    async fn listen(&mut self) {
        if !self.canvas.is_live() {
            return;
        }
        let running = |station: &&mut Station| matches!(station.state, State::Running | State::Reviewing);
        for station in self.stations.iter_mut().filter(running) {
            if let Some(line) = self.board.last_line(&station.id).await {
                station.note = line.strip_prefix("andon agent: ").unwrap_or(&line).to_owned();
            }
        }
    }

    /// The board at the end, and why a task is not done.
    async fn finished(&self, stage: &Stage) -> Result<(), Failure> {
        let took = seconds(self.took());
        self.canvas.heading("The board (`andon list`)");
        emit(&self.board.run(&["list"]).await?);
        let undone: Vec<&Station> =
            self.stations.iter().filter(|station| station.state != State::Done).collect();
        for station in &undone {
            self.canvas.heading(&format!("Why {} is not done (`andon why {}`)", station.key, station.id));
            emit(&self.board.run(&["why", &station.id]).await?);
        }
        if undone.is_empty() {
            // What a run has consumed is known once its process has gone.
            let _ = timeout(STOPPING, gone(&self.board, &self.stations)).await;
            return Ok(());
        }
        let log = fs::read_to_string(stage.folder.join("dispatcher.log")).unwrap_or_default();
        for line in log.lines().filter(|line| !line.starts_with("andon: started")) {
            emit(&format!("{line}\n"));
        }
        let names: Vec<&str> = undone.iter().map(|station| station.key.as_str()).collect();
        Err(Failure::Demo(format!("not done after {took}: {}", names.join(", "))))
    }

    /// Names of the files that were kept.
    pub(crate) fn kept(&self) -> String {
        let kept = self.stations.iter().flat_map(|station| &station.kept);
        let kept: Vec<&str> = kept.map(String::as_str).collect();
        kept.join(", ")
    }

    /// Stops the dispatcher, and before it whatever runs.
    async fn stop(&mut self, early: bool) {
        let Some(dispatcher) = &mut self.dispatcher else { return };
        if early {
            // A demo that ends badly has said why already.
            let _ = self.board.run(&["pause", "--stop-running", "the demo ends"]).await;
            let _ = timeout(STOPPING, gone(&self.board, &self.stations)).await;
        }
        if let Some(pid) = dispatcher.id().and_then(|pid| i32::try_from(pid).ok()).and_then(Pid::from_raw) {
            let _ = kill_process(pid, Signal::TERM);
        }
        // What does not end by itself is killed when it is dropped.
        let _ = timeout(STOPPING, dispatcher.wait()).await;
    }
}

/// The next line of the feed.
async fn next(lines: &mut Option<Lines<BufReader<ChildStdout>>>) -> Result<String, Failure> {
    let line = match lines {
        Some(lines) => lines.next_line().await.ok().flatten(),
        None => None,
    };
    line.ok_or_else(|| Failure::Demo("`andon events --follow` has ended".to_owned()))
}

/// Waits until no process of a run is left.
async fn gone(board: &Board, stations: &[Station]) {
    let mut looks = interval(FRAME);
    for station in stations {
        loop {
            looks.tick().await;
            let runs = board.json(&["runs", &station.id]).await.unwrap_or_default();
            let mut runs = runs.as_array().into_iter().flatten();
            if runs.all(|run| run.get("reaped_at").is_some_and(Value::is_string)) {
                break;
            }
        }
    }
}
