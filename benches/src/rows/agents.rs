//! Many built-in agents at once.

use std::fs::File;
use std::io::{BufRead as _, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use andon_core::run::Outcome;
use andon_core::task::Status;
use andon_store::Mode;
use andon_store::query::{List, Show, StatsOf};
use andon_testkit::block_on;
use serde_json::{Value, json};

use crate::board::{creation, fill, open};
use crate::host::{Host, wait};
use crate::table::{Figure, Row};

pub(crate) const ROW: Row = Row {
    name: "agents",
    what: "100 built-in agents at once on a scripted model",
    target: "all finish by their first run; < 15 MB for each agent",
    method: "100 ready tasks, one `andon serve`; each agent looks at its task, runs a command, writes a file, and then waits \
             for its model until all have come so far; proportional, private dirty and resident memory of each from \
             /proc/<pid>/smaps_rollup; then each task's runs are looked at",
    run,
};

const AGENTS: usize = 100;
/// How long the model thinks before the last answer, so that all agents are there together.
const THINKS: Duration = Duration::from_secs(60);

/// The model that answers by a script, as a process of its own.
struct Model {
    process: Child,
    url: String,
    record: PathBuf,
}

impl Model {
    fn start(folder: &Path) -> Self {
        let call = |name: &str, arguments| json!({ "calls": [{ "name": name, "arguments": arguments }] });
        let mut last = call("kanban_complete", json!({ "summary": "the file is written" }));
        last["delay_ms"] = json!(THINKS.as_millis());
        let turns = json!([
            call("kanban_show", json!({})),
            call("shell", json!({ "command": "uname -a; seq 1 2000" })),
            call("write", json!({ "path": "notes.md", "content": "A line of notes.\n".repeat(200) })),
            last,
        ]);
        let script = folder.join("script.json");
        std::fs::write(&script, json!({ "conversations": [{ "turns": turns }] }).to_string()).unwrap();
        let program = std::env::current_exe().unwrap().with_file_name("andon-model-server");
        let build = "cargo build --release -p andon-tests --bin andon-model-server";
        assert!(program.exists(), "{} is not built: `{build}`", program.display());
        let record = folder.join("asked.jsonl");
        File::create(&record).unwrap();
        let mut command = Command::new(program);
        command.arg(&script).arg("--record").arg(&record).stdout(Stdio::piped());
        let mut process = command.spawn().unwrap();
        let mut url = String::new();
        BufReader::new(process.stdout.take().unwrap()).read_line(&mut url).unwrap();
        Self { process, url: url.trim().to_owned(), record }
    }

    /// Waits until so many agents wait for the last answer.
    fn wait_for(&self, agents: usize) {
        let mut asked = BufReader::new(File::open(&self.record).unwrap());
        let (mut line, mut waiting) = (String::new(), 0);
        wait(|| {
            // A line without its end is still being written.
            while asked.read_line(&mut line).unwrap() > 0 && line.ends_with('\n') {
                let asked: Value = serde_json::from_str(&line).unwrap();
                waiting += usize::from(asked["turn"] == 3);
                line.clear();
            }
            waiting >= agents
        });
    }
}

impl Drop for Model {
    fn drop(&mut self) {
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

fn run() -> Vec<Figure> {
    let mut host = Host::new("stamp", &[]);
    let folder = tempfile::tempdir().unwrap();
    let model = Model::start(folder.path());
    let profile = format!(
        "runner = \"agent\"\n[agent]\nprovider = \"openai\"\nmodel = \"scripted\"\nbase_url = \"{}\"\n",
        model.url
    );
    std::fs::write(host.home.path().join("profiles/coder/profile.toml"), profile).unwrap();
    let long = open(host.home.path(), Mode::Long);
    fill(&long, AGENTS, &creation("coder"));
    drop(long);
    let begun = Instant::now();
    host.serve();
    model.wait_for(AGENTS);
    let all_there = begun.elapsed();
    let agents = agents_of(host.home.path());
    let (mut shared, mut dirty) = (memory(&agents, "Pss:"), memory(&agents, "Private_Dirty:"));
    let mut resident = memory(&agents, "Rss:");
    let supervisors: Vec<u32> = agents.iter().filter_map(|pid| parent(*pid)).collect();
    let mut beside = memory(&supervisors, "Pss:");
    wait(|| block_on(host.board.run(StatsOf)).unwrap().live.hosts.is_empty());
    let took = begun.elapsed();
    let (done, first_runs) = finished(&host);
    vec![
        Figure::new("agents at once", agents.len().to_string()),
        Figure::millis("all started and three tools on after", all_there),
        Figure::new("an agent, proportional (PSS)", spread(&mut shared)),
        Figure::new("an agent, private dirty", spread(&mut dirty)),
        Figure::new("an agent, resident", spread(&mut resident)),
        Figure::new("the supervisor beside it, proportional", spread(&mut beside)),
        Figure::new("tasks done", format!("{done} of {AGENTS}")),
        Figure::new("done by their first and only run", format!("{first_runs} of {AGENTS}")),
        Figure::millis("all finished after", took),
    ]
}

/// How many tasks are done, and how many of them by one run.
fn finished(host: &Host) -> (usize, usize) {
    let listed = block_on(host.board.run(List { limit: 1_000, ..List::default() })).unwrap();
    let done = listed.tasks.iter().filter(|(task, _, _)| task.state.status == Status::Done).count();
    let first = listed.tasks.iter().filter(|(task, _, _)| {
        let shown = block_on(host.board.run(Show { task: task.id.clone(), limit: 1 })).unwrap();
        shown.runs.len() == 1 && shown.runs[0].outcome == Some(Outcome::Completed)
    });
    (done, first.count())
}

/// The processes `andon agent run` of a home.
fn agents_of(home: &Path) -> Vec<u32> {
    let own = format!("ANDON_HOME={}", home.display());
    let holds = |pid: u32, file: &str, wanted: &[&str]| {
        let bytes = std::fs::read(format!("/proc/{pid}/{file}")).unwrap_or_default();
        let text = String::from_utf8_lossy(&bytes).into_owned();
        wanted.iter().all(|wanted| text.split('\0').any(|word| word == *wanted))
    };
    let entries = std::fs::read_dir("/proc").unwrap().flatten();
    let pids = entries.filter_map(|entry| entry.file_name().to_str()?.parse::<u32>().ok());
    pids.filter(|pid| holds(*pid, "cmdline", &["agent", "run"]) && holds(*pid, "environ", &[&own])).collect()
}

fn parent(pid: u32) -> Option<u32> {
    let text = std::fs::read_to_string(format!("/proc/{pid}/status")).ok()?;
    text.lines().find_map(|line| line.strip_prefix("PPid:")?.trim().parse().ok())
}

/// Kilobytes of each process; those that have ended are left out.
fn memory(pids: &[u32], what: &str) -> Vec<u64> {
    let of = |pid: &u32| {
        let text = std::fs::read_to_string(format!("/proc/{pid}/smaps_rollup")).ok()?;
        text.lines().find_map(|line| line.strip_prefix(what)?.split_whitespace().next()?.parse().ok())
    };
    pids.iter().filter_map(of).collect()
}

/// Median and largest.
#[expect(clippy::cast_precision_loss, reason = "kilobytes of one process")]
fn spread(kilobytes: &mut [u64]) -> String {
    kilobytes.sort_unstable();
    let megabytes = |at: usize| kilobytes.get(at).map_or(0.0, |found| *found as f64 / 1024.0);
    let (median, largest) = (megabytes(kilobytes.len() / 2), megabytes(kilobytes.len().saturating_sub(1)));
    format!("{median:.1} MB median, {largest:.1} MB at most")
}
