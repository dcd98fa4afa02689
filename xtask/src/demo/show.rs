//! The demo from the first task to the finished board.

use std::fs::{self, File};
use std::path::Path;
use std::process::Stdio;
use std::time::{Duration, Instant};

use rustix::process::{Pid, Signal, kill_process};
use serde_json::Value;
use tokio::io::{AsyncBufReadExt as _, BufReader, Lines};
use tokio::process::{Child, ChildStdout};
use tokio::signal::unix::{SignalKind, signal};
use tokio::time::{MissedTickBehavior, interval, timeout};

use super::board::Board;
use super::feed::Event;
use super::paint::{Canvas, emit, seconds};
use super::pipeline::Pipeline;
use super::progress::{State, Station};
use super::stage::Stage;
use crate::failure::Failure;
use crate::shell;

/// How often the picture is drawn.
const FRAME: Duration = Duration::from_millis(100);
/// How often the last line of a worker is looked at, in frames.
const LOOK: u32 = 4;
/// How long a question is shown before the demo answers it.
const THINKING: Duration = Duration::from_millis(1_500);
/// A line on which nothing has moved for this long has stopped.
const STILL: Duration = Duration::from_secs(4);
/// How long the whole pipeline may take.
const LONGEST: Duration = Duration::from_secs(300);
/// How long everything may take to stop.
const STOPPING: Duration = Duration::from_secs(20);

/// Sets the stage, runs the pipeline on it, shows how it went, and leaves nothing behind unless `keep` says so.
///
/// # Errors
/// When a task is not done at the end, when it was interrupted, or when something that it needs fails.
pub(super) async fn run(andon: &Path, keep: bool) -> Result<(), Failure> {
    let example = shell::root().join("examples").join("demo");
    let pipeline = Pipeline::read(&example.join("pipeline.toml"))?;
    let stage = Stage::set(&example, keep)?;
    let mut show = Show::new(Board::new(andon, stage.home()), pipeline);
    let fate = if keep { "it stays" } else { "removed at the end" };
    emit(&format!("A board of its own in {} ({fate})\n\n", stage.folder.display()));
    let played = tokio::select! {
        played = show.play(&stage, &example) => played,
        interrupted = interrupted() => interrupted,
    };
    let ended = match played {
        Ok(()) => show.curtain(&stage).await,
        Err(failure) => {
            emit("\n");
            Err(failure)
        }
    };
    show.stop(ended.is_err()).await;
    if keep {
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

/// The demo while it runs.
struct Show {
    board: Board,
    pipeline: Pipeline,
    stations: Vec<Station>,
    canvas: Canvas,
    began: Instant,
    dispatcher: Option<Child>,
    /// Questions that the demo has seen: which station, and when to answer.
    questions: Vec<(usize, Duration)>,
    /// Stations that have had their answer.
    answered: Vec<usize>,
}

impl Show {
    fn new(board: Board, pipeline: Pipeline) -> Self {
        let canvas = Canvas::stdout(pipeline.tasks.len() + 2);
        Self {
            board,
            pipeline,
            stations: Vec::new(),
            canvas,
            began: Instant::now(),
            dispatcher: None,
            questions: Vec::new(),
            answered: Vec::new(),
        }
    }

    /// Makes the board and its tasks, starts a dispatcher, and shows the line until nothing moves on it any more.
    async fn play(&mut self, stage: &Stage, example: &Path) -> Result<(), Failure> {
        self.set_up(stage, example).await?;
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
                    self.take(&line?);
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
        Ok(())
    }

    async fn set_up(&mut self, stage: &Stage, example: &Path) -> Result<(), Failure> {
        self.board.run(&["init"]).await?;
        for profile in &self.pipeline.profiles {
            let file = example.join(profile).display().to_string();
            self.board.run(&["profile", "install", &file]).await?;
        }
        for task in &self.pipeline.tasks {
            let body = task.body(example, &stage.places)?;
            let workspace = task.workspace(&stage.places);
            let mut args = vec!["create", &task.title, "--assignee", &task.assignee, "--body", &body];
            let known = self.stations.iter();
            let parents = known.filter(|station| task.parents.contains(&station.key));
            args.extend(parents.flat_map(|station| ["--parent", station.id.as_str()]));
            let options =
                [("--reviewer", &task.reviewer), ("--workspace", &workspace), ("--branch", &task.branch)];
            for (option, value) in options {
                args.extend(value.iter().flat_map(|value| [option, value.as_str()]));
            }
            let created = self.board.json(&args).await?;
            let id = created.get("id").and_then(Value::as_str).unwrap_or_default().to_owned();
            self.stations.push(Station::new(&task.key, &id, &task.assignee, &task.parents));
        }
        Ok(())
    }

    /// Takes in a line of the feed.
    fn take(&mut self, line: &str) {
        let now = self.began.elapsed();
        let Some(event) = Event::read(line) else { return };
        let found = self.stations.iter_mut().enumerate();
        let mut found = found.filter(|(_, station)| event.task_id.as_ref() == Some(&station.id));
        let (Some((index, station)), Some(change)) = (found.next(), event.change()) else { return };
        if station.apply(change, now) {
            self.canvas.tell(station, now);
        }
        let asks = station.state == State::Blocked && self.pipeline.answer(&station.key).is_some();
        if asks && !self.answered.contains(&index) {
            self.answered.push(index);
            self.questions.push((index, now + THINKING));
        }
    }

    /// Answers the questions whose time has come, as a person would.
    async fn answer(&mut self) -> Result<(), Failure> {
        let now = self.began.elapsed();
        let (due, later) = self.questions.drain(..).partition(|(_, at)| *at <= now);
        self.questions = later;
        let due: Vec<(usize, Duration)> = due;
        for (index, _) in due {
            let Some(station) = self.stations.get_mut(index) else { continue };
            let Some(text) = self.pipeline.answer(&station.key) else { continue };
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
                station.note = line;
            }
        }
    }

    /// The finished board, what the tasks made, and how long it took.
    async fn curtain(&self, stage: &Stage) -> Result<(), Failure> {
        let took = seconds(self.began.elapsed());
        self.canvas.heading("The board (`andon list`)");
        emit(&self.board.run(&["list"]).await?);
        let undone: Vec<&Station> =
            self.stations.iter().filter(|station| station.state != State::Done).collect();
        for station in &undone {
            self.canvas.heading(&format!("Why {} is not done (`andon why {}`)", station.key, station.id));
            emit(&self.board.run(&["why", &station.id]).await?);
        }
        if !undone.is_empty() {
            let log = fs::read_to_string(stage.folder.join("dispatcher.log")).unwrap_or_default();
            for line in log.lines().filter(|line| !line.starts_with("andon: started")) {
                emit(&format!("{line}\n"));
            }
            let names: Vec<&str> = undone.iter().map(|station| station.key.as_str()).collect();
            return Err(Failure::Demo(format!("not done after {took}: {}", names.join(", "))));
        }
        if let Ok(report) = fs::read_to_string(stage.places.desk.join("report.txt")) {
            self.canvas.heading("The report that they wrote");
            emit(&report);
        }
        self.canvas.heading("The branches that they merged (`git log --graph`)");
        emit(&stage.history());
        let kept = self.stations.iter().flat_map(|station| &station.kept);
        let kept: Vec<&str> = kept.map(String::as_str).collect();
        emit(&format!("\nKept as attachments: {}\n", kept.join(", ")));
        emit(&format!("{} tasks done in {took}\n", self.stations.len()));
        Ok(())
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
