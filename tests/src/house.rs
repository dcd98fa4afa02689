//! A home of Andon in a folder of its own, with nothing of this process's environment but the PATH. Its boards lie in
//! its folder, or in a database of its own on the private server of the tests.

#![expect(clippy::disallowed_methods, reason = "the edge: starts the binary under test")]

use std::ffi::OsStr;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::atomic::{AtomicU32, Ordering};

use andon_testkit::{Cluster, Database};
use serde_json::Value;
use tempfile::TempDir;

use crate::processes;
use crate::{Answer, Dispatcher, andon, text_of, wait_for, wait_until};

/// Configuration that lets tests pass quickly; what a test says comes after it.
const QUICK: &str =
    "stop_grace = \"300ms\"\nbackoff_base = \"20ms\"\nbackoff_cap = \"100ms\"\nlisten = \"off\"\n";

/// Where the boards of a house are.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Engine {
    /// In files of its home.
    Sqlite,
    /// In a database of its own.
    Postgres,
}

impl Engine {
    /// What `ANDON_TESTS_ENGINE` says (`sqlite` or `postgres`); else PostgreSQL in the test binary `fleet`, and SQLite in
    /// every other.
    ///
    /// # Panics
    /// When the variable says something else.
    #[must_use]
    pub fn of_this_run() -> Self {
        match std::env::var("ANDON_TESTS_ENGINE").as_deref() {
            Ok("sqlite") => Self::Sqlite,
            Ok("postgres") => Self::Postgres,
            Ok(other) => panic!("ANDON_TESTS_ENGINE is {other:?}; sqlite or postgres was expected"),
            Err(_) => {
                let binary = std::env::current_exe().unwrap();
                let name = binary.file_name().and_then(OsStr::to_str).unwrap_or_default();
                if name.starts_with("fleet") { Self::Postgres } else { Self::Sqlite }
            }
        }
    }
}

/// One home. When it is dropped, what still lives of it is killed and its folder removed.
#[derive(Debug)]
pub struct House {
    root: TempDir,
    home: PathBuf,
    numbers: AtomicU32,
    database: Option<Database>,
    variables: Vec<(String, String)>,
}

impl House {
    /// A house whose path has a space and letters outside of ASCII, with a profile `sh` (runner `shell`) whose runs find
    /// [`Self::outside`] in `$OUT`, and short back-offs.
    #[must_use]
    pub fn new() -> Self {
        Self::at("ein Haus 家")
    }

    /// A house whose home is `folder` below a temporary folder.
    #[must_use]
    pub fn at(folder: &str) -> Self {
        Self::on(Engine::of_this_run(), folder)
    }

    /// A house whose boards are in this engine, whatever others have.
    #[must_use]
    pub fn on(engine: Engine, folder: &str) -> Self {
        let root = tempfile::Builder::new().prefix("andon-test-").tempdir().unwrap();
        let home = root.path().join(folder);
        let database = (engine == Engine::Postgres).then(|| Cluster::shared().database());
        let house = Self { root, home, numbers: AtomicU32::new(0), database, variables: Vec::new() };
        for made in [&house.home, &house.outside(), &house.user_home()] {
            std::fs::create_dir_all(made).unwrap();
        }
        let git = "[user]\nname = Tester\nemail = tester@example.org\n[init]\ndefaultBranch = main\n";
        std::fs::write(house.user_home().join(".gitconfig"), git).unwrap();
        house.config("");
        house.profile("sh", "runner = \"shell\"\n");
        house
    }

    /// `ANDON_HOME`.
    #[must_use]
    pub fn home(&self) -> &Path {
        &self.home
    }

    /// A folder outside of the home, where workers and tests tell each other things.
    #[must_use]
    pub fn outside(&self) -> PathBuf {
        self.root.path().join("out side ü")
    }

    /// `HOME`, by which every process of this house is known.
    #[must_use]
    pub fn user_home(&self) -> PathBuf {
        self.root.path().join("user")
    }

    /// The same house with a further variable in the environment of everything that it starts.
    #[must_use]
    pub fn with(mut self, name: &str, value: &str) -> Self {
        self.variables.push((name.to_owned(), value.to_owned()));
        self
    }

    /// A house on a host of this name, whose boards are in the database at `url`.
    #[must_use]
    pub fn host(name: &str, url: &str) -> Self {
        let house = Self::on(Engine::Sqlite, &format!("ein Haus {name}"));
        house.with("ANDON_DATABASE_URL", url).with("ANDON_HOST_NAME", name).with("ANDON_MACHINE_ID", name)
    }

    /// The database of its boards, where they are no files.
    #[must_use]
    pub fn database(&self) -> Option<&Database> {
        self.database.as_ref()
    }

    /// The folder of the board `default`.
    #[must_use]
    pub fn board(&self) -> PathBuf {
        self.home.join("boards/default")
    }

    /// Writes `config.toml`: short times, then `text`.
    pub fn config(&self, text: &str) {
        let own = |line: &&str| !text.contains(line.split('=').next().unwrap().trim());
        let quick: String = QUICK.lines().filter(own).map(|line| format!("{line}\n")).collect();
        std::fs::write(self.home.join("config.toml"), quick + text).unwrap();
    }

    /// Writes a profile. `OUT` is added to the environment of its runs; `text` may end with further `[env]` lines.
    pub fn profile(&self, name: &str, text: &str) {
        let folder = self.home.join("profiles").join(name);
        std::fs::create_dir_all(&folder).unwrap();
        let out = self.outside();
        let env = if text.contains("[env]") { "" } else { "[env]\n" };
        let text = format!("{text}\n{env}OUT = {:?}\n", out.to_str().unwrap());
        std::fs::write(folder.join("profile.toml"), text).unwrap();
    }

    pub(crate) fn next_number(&self) -> u32 {
        self.numbers.fetch_add(1, Ordering::Relaxed)
    }

    /// The binary with this house's environment.
    #[must_use]
    pub fn command(&self) -> Command {
        let mut command = self.foreign(andon());
        command.env("ANDON_HOME", &self.home).env("ANDON_USER", "tester");
        if let Some(database) = &self.database {
            command.env("ANDON_DATABASE_URL", database.url());
        }
        command.envs(self.variables.iter().map(|(name, value)| (name, value)));
        command
    }

    /// Another program with this house's environment.
    #[must_use]
    pub fn foreign(&self, program: impl AsRef<OsStr>) -> Command {
        let mut command = Command::new(program);
        command.env_clear().current_dir(self.root.path()).stdin(Stdio::null());
        command.env("PATH", std::env::var_os("PATH").unwrap_or_default());
        command.env("HOME", self.user_home()).env("LANG", "C.UTF-8").env("USER", "tester");
        command
    }

    /// Runs `andon` with these arguments.
    pub fn andon<I: IntoIterator<Item: AsRef<OsStr>>>(&self, arguments: I) -> Answer {
        let mut command = self.command();
        command.args(arguments);
        Self::answer(command)
    }

    /// Runs a command to its end.
    ///
    /// # Panics
    /// When it cannot be started.
    #[must_use]
    pub fn answer(mut command: Command) -> Answer {
        let shown = format!("{command:?}");
        let output = command.output().unwrap_or_else(|error| panic!("{shown}: {error}"));
        Answer::new(shown, &output)
    }

    /// Runs `andon … --json`, which must succeed.
    #[track_caller]
    pub fn json<I: IntoIterator<Item: AsRef<OsStr>>>(&self, arguments: I) -> Value {
        let mut command = self.command();
        command.args(arguments).arg("--json");
        Self::answer(command).exits(0).json()
    }

    /// Creates a task; gives its id.
    #[track_caller]
    pub fn create<I: IntoIterator<Item: AsRef<OsStr>>>(&self, arguments: I) -> String {
        let mut command = self.command();
        command.arg("create").args(arguments).arg("--json");
        text_of(&Self::answer(command).exits(0).json()["id"])
    }

    /// Creates a task of the profile `sh` whose body is this script.
    #[track_caller]
    pub fn script(&self, script: &str) -> String {
        self.create(["a script", "--assignee", "sh", "--body", script])
    }

    /// All of a task: `show --json`.
    #[track_caller]
    pub fn show(&self, task: &str) -> Value {
        self.json(["show", task])
    }

    /// The task itself.
    #[track_caller]
    pub fn task(&self, task: &str) -> Value {
        self.show(task)["task"].clone()
    }

    /// Its status.
    #[track_caller]
    pub fn status(&self, task: &str) -> String {
        text_of(&self.task(task)["status"])
    }

    /// Its runs, oldest first.
    #[track_caller]
    pub fn runs(&self, task: &str) -> Vec<Value> {
        self.json(["runs", task]).as_array().unwrap().clone()
    }

    /// How its runs ended.
    #[track_caller]
    pub fn outcomes(&self, task: &str) -> Vec<String> {
        self.runs(task).iter().map(|run| text_of(&run["outcome"])).collect()
    }

    /// Every event of the board, oldest first.
    #[track_caller]
    pub fn events(&self) -> Vec<Value> {
        self.json(["events", "--limit", "1000000"]).as_array().unwrap().clone()
    }

    /// Every event of a task, oldest first.
    #[track_caller]
    pub fn events_of(&self, task: &str) -> Vec<Value> {
        self.json(["events", task, "--limit", "1000000"]).as_array().unwrap().clone()
    }

    /// The kinds of a task's events.
    #[track_caller]
    pub fn kinds_of(&self, task: &str) -> Vec<String> {
        self.events_of(task).iter().map(|event| text_of(&event["kind"])).collect()
    }

    /// The number of the last event.
    #[track_caller]
    pub fn head(&self) -> i64 {
        self.events().last().map_or(0, |event| event["number"].as_i64().unwrap())
    }

    /// Starts a dispatcher that works until it is killed.
    #[must_use]
    pub fn dispatcher(&self) -> Dispatcher {
        self.dispatcher_with(&[], &[])
    }

    /// Starts `andon dispatch` with further arguments and variables.
    #[must_use]
    pub fn dispatcher_with(&self, arguments: &[&str], environment: &[(&str, &str)]) -> Dispatcher {
        Dispatcher::start(self, arguments, environment)
    }

    /// Dispatches until nothing is left to do; everything must be finished then.
    #[track_caller]
    pub fn until_idle(&self) -> Value {
        self.json(["dispatch", "--until-idle"])
    }

    /// Dispatches until a task is done, whatever becomes of others.
    #[track_caller]
    pub fn wait_idle_done(&self, task: &str) {
        let _ = self.andon(["dispatch", "--until-idle"]);
        assert_eq!(self.status(task), "done");
    }

    /// Waits until a task has this status.
    #[track_caller]
    pub fn wait_status(&self, task: &str, status: &str) -> Value {
        let mut last = Value::Null;
        let mut look = || {
            last = self.task(task);
            text_of(&last["status"]) == status
        };
        wait_until(&format!("{task} is {status}"), &mut look);
        last
    }

    /// Waits until a task runs and its worker has started; gives the run.
    #[track_caller]
    pub fn wait_running(&self, task: &str) -> String {
        wait_for("its worker has started", || {
            let run = text_of(&self.task(task)["current_run_id"]);
            (run != "null" && !processes::of_run(&run).is_empty()).then_some(run)
        })
    }

    /// Lines that workers wrote to a file in [`Self::outside`]; none where it is not there.
    #[must_use]
    pub fn lines(&self, file: &str) -> Vec<String> {
        let text = std::fs::read_to_string(self.outside().join(file)).unwrap_or_default();
        text.lines().map(str::to_owned).collect()
    }

    /// Makes an empty file in [`Self::outside`], for which workers wait.
    pub fn touch(&self, file: &str) {
        std::fs::write(self.outside().join(file), "").unwrap();
    }

    /// Every process of this house: dispatchers, supervisors, workers and what those started.
    #[must_use]
    pub fn processes(&self) -> Vec<i32> {
        processes::with_environ("HOME", self.user_home())
    }

    /// Those that have something to do: all but supervisors that wait for a run.
    #[must_use]
    pub fn busy_processes(&self) -> Vec<i32> {
        let mut all = self.processes();
        all.retain(|pid| !processes::waits(*pid));
        all
    }

    /// Waits until no process of this house lives. Its dispatchers must have ended.
    #[track_caller]
    pub fn wait_empty(&self) {
        wait_until("no process of the house lives", || self.processes().is_empty());
    }

    /// Every promise about every task of the board: no defect, nothing corrupt.
    #[track_caller]
    pub fn healthy(&self) {
        let _ = self.andon(["doctor"]).exits(0);
    }

    #[expect(clippy::print_stderr, reason = "a failed test tells what its house went through")]
    fn tell(&self) {
        let file = self.board().join("logs/supervisors.log");
        eprintln!("--- supervisors\n{}", std::fs::read_to_string(file).unwrap_or_default());
        for number in 0..self.next_number() {
            let file = self.outside().join(format!("dispatcher-{number}.log"));
            eprintln!("--- dispatcher {number}\n{}", std::fs::read_to_string(file).unwrap_or_default());
        }
        eprintln!("--- events\n{}", self.andon(["events", "--limit", "200"]).stdout);
    }
}

impl Default for House {
    fn default() -> Self {
        Self::new()
    }
}

impl Drop for House {
    fn drop(&mut self) {
        if std::thread::panicking() {
            self.tell();
        }
        // Whatever a failed test left behind: it is known by this house's own HOME.
        for _ in 0..200 {
            let left = self.processes();
            if left.is_empty() {
                break;
            }
            left.into_iter().for_each(processes::kill);
            std::thread::yield_now();
        }
    }
}
