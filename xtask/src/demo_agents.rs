//! `cargo xtask demo-agents`: builds Andon and runs the starter fleet on a board of its own, with a model that answers by a
//! script.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Stdio;

use serde::Deserialize;
use serde_json::Value;
use tokio::io::{AsyncBufReadExt as _, BufReader};
use tokio::process::{Child, Command};

use crate::failure::Failure;
use crate::line::{Board, Line, Play, Stage, Station, copy, emit, perform, seconds};
use crate::shell;

const HELP: &str = "\
Usage: cargo xtask demo-agents [--keep] [--andon FILE] [--model-server FILE]

Builds Andon and runs the starter fleet with the built-in agent on the goal of examples/agents, on a board in a temporary
folder. The model answers by a script, on loopback; no key and no network are needed.

  --keep                 leave the folder behind, and say how to look at the board
  --andon FILE           this `andon` instead of building one
  --model-server FILE    this `andon-model-server` instead of building one
";

/// Tasks that the orchestrator makes, and its own.
const TASKS: usize = 6;

/// What the command line says.
#[derive(Debug, Default)]
struct Arguments {
    keep: bool,
    andon: Option<PathBuf>,
    server: Option<PathBuf>,
}

impl Arguments {
    /// None where help is wanted.
    fn read(args: &[String]) -> Result<Option<Self>, Failure> {
        let mut read = Self::default();
        let mut words = args.iter();
        while let Some(word) = words.next() {
            let mut file = || {
                let named = words.next().map(|path| shell::root().join(path));
                named.ok_or_else(|| Failure::Usage(format!("`{word}` needs a file")))
            };
            match word.as_str() {
                "--keep" => read.keep = true,
                "--andon" => read.andon = Some(file()?),
                "--model-server" => read.server = Some(file()?),
                "--help" | "-h" => return Ok(None),
                other => return Err(Failure::Usage(format!("demo-agents knows no `{other}`\n\n{HELP}"))),
            }
        }
        Ok(Some(read))
    }
}

/// Builds with the development profile, which a fresh machine finishes soonest, and runs the fleet.
pub(crate) fn run(args: &[String]) -> Result<(), Failure> {
    let Some(Arguments { keep, andon, server }) = Arguments::read(args)? else {
        print!("{HELP}");
        return Ok(());
    };
    let andon = built(andon, "andon", "andon")?;
    let server = built(server, "andon-tests", "andon-model-server")?;
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
    let runtime =
        runtime.map_err(|source| Failure::Start { command: "the event loop".to_owned(), source })?;
    runtime.block_on(show(&andon, &server, keep))
}

/// A program that is there, or else built. Each is built by itself: cargo gives programs that are built together the
/// features of all of them.
fn built(named: Option<PathBuf>, package: &str, program: &str) -> Result<PathBuf, Failure> {
    if let Some(named) = named {
        return Ok(named);
    }
    shell::run(shell::cargo(&["build", "--package", package, "--bin", program]))?;
    Ok(shell::target().join("debug").join(program))
}

async fn show(andon: &Path, server: &Path, keep: bool) -> Result<(), Failure> {
    let example = shell::root().join("examples").join("agents");
    let fleet = Fleet::read(&example.join("fleet.toml"))?;
    let stage = Stage::set(&example, "Count the words of a text", keep)?;
    let model = Model::start(server, &example.join("script.json"), &stage).await?;
    let mut line = Line::new(Board::new(andon, stage.home()), fleet.answers.clone(), TASKS);
    emit(
        "The starter fleet at work: an orchestrator cuts a goal into tasks, others carry them out, one of them judges.\n\
         Only the model is played, by a script; a person's one answer, too. Everything else happens.\n\n",
    );
    perform(&mut Show { fleet, example, model }, &mut line, &stage).await
}

/// What `fleet.toml` says.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Fleet {
    goal: Goal,
    /// What a person says when a task asks, by its key.
    answers: BTreeMap<String, String>,
    /// The table `[agent]` of every profile.
    agent: toml::Table,
}

/// The task of the orchestrator.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Goal {
    key: String,
    title: String,
    assignee: String,
    /// The file with its body.
    body: PathBuf,
}

impl Fleet {
    fn read(file: &Path) -> Result<Self, Failure> {
        toml::from_str(&text_of(file)?).map_err(|error| Failure::Demo(format!("{}: {error}", file.display())))
    }
}

fn text_of(file: &Path) -> Result<String, Failure> {
    fs::read_to_string(file).map_err(|source| Failure::File { path: file.to_owned(), source })
}

/// The model that answers by a script. It ends when this is dropped.
struct Model {
    url: String,
    _process: Child,
}

impl Model {
    /// Starts it with a script whose places are filled in.
    async fn start(server: &Path, script: &Path, stage: &Stage) -> Result<Self, Failure> {
        let filled = stage.folder.join("script.json");
        let repository = Value::from(stage.repository.display().to_string()).to_string();
        let text = text_of(script)?.replace("{repository}", repository.trim_matches('"'));
        fs::write(&filled, text).map_err(|source| Failure::File { path: filled.clone(), source })?;
        let mut command = Command::new(server);
        command.arg(&filled).stdin(Stdio::null()).stdout(Stdio::piped());
        // A Ctrl-C of the terminal reaches this program alone.
        command.process_group(0).kill_on_drop(true);
        let failed = |source| Failure::Start { command: server.display().to_string(), source };
        let mut process = command.spawn().map_err(failed)?;
        let mut url = String::new();
        if let Some(stdout) = process.stdout.take() {
            BufReader::new(stdout).read_line(&mut url).await.map_err(failed)?;
        }
        match url.trim() {
            "" => Err(Failure::Demo("the scripted model has not started".to_owned())),
            url => Ok(Self { url: url.to_owned(), _process: process }),
        }
    }
}

/// The fleet, the folder of the example, and the model.
struct Show {
    fleet: Fleet,
    example: PathBuf,
    model: Model,
}

impl Play for Show {
    async fn set_up(&mut self, line: &mut Line, stage: &Stage) -> Result<(), Failure> {
        copy(&self.example.join("desk"), &stage.desk)?;
        line.board.run(&["init"]).await?;
        line.board.run(&["profile", "install", "starter", "--runner", "agent"]).await?;
        let mut settings = vec![format!("agent.base_url={}", self.model.url)];
        settings.extend(self.fleet.agent.iter().map(|(key, value)| match value.as_str() {
            Some(text) => format!("agent.{key}={text}"),
            None => format!("agent.{key}={value}"),
        }));
        let profiles = line.board.json(&["profile", "list"]).await?;
        for name in profiles.as_array().into_iter().flatten().filter_map(|profile| profile["name"].as_str()) {
            let mut args = vec!["profile", "edit", name];
            args.extend(settings.iter().flat_map(|setting| ["--set", setting.as_str()]));
            line.board.run(&args).await?;
        }
        let Goal { key, title, assignee, body } = &self.fleet.goal;
        let body = text_of(&self.example.join(body))?;
        let body = body.replace("{repository}", &stage.repository.display().to_string());
        let desk = format!("dir:{}", stage.desk.display());
        let create = ["create", title, "--assignee", assignee, "--body", &body, "--workspace", &desk];
        let created = line.board.json(&create).await?;
        let id = created["id"].as_str().unwrap_or_default();
        line.stations.push(Station::new(key, id, assignee, &[]));
        Ok(())
    }

    async fn curtain(&self, line: &Line, stage: &Stage) -> Result<(), Failure> {
        line.canvas.heading("The branch of the engineer (`git log --graph`)");
        emit(&stage.history("top-words"));
        line.canvas.heading("What the writer wrote");
        emit(&text_of(&stage.desk.join("release-notes.md"))?);
        line.canvas.heading("Tokens and cost (`andon stats`)");
        let stats = line.board.json(&["stats"]).await?;
        let (table, runs) = consumed(&stats);
        emit(&table);
        emit(&format!("\nKept as attachments: {}\n", line.kept()));
        let tasks = line.stations.len();
        emit(&format!("{tasks} tasks done by {runs} runs in {}\n", seconds(line.took())));
        Ok(())
    }
}

/// Runs, tokens and dollars of each profile and of all, with how many runs there were.
fn consumed(stats: &Value) -> (String, i64) {
    let profiles = stats["consumed"].as_array().map_or(&[][..], Vec::as_slice);
    let count = |profile: &Value, key: &str| profile[key].as_i64().unwrap_or(0);
    let dollars = |profile: &Value| profile["cost_usd"].as_f64().unwrap_or(0.0);
    let row = |name: &str, of: &[Value]| {
        let sum = |key| of.iter().map(|profile| count(profile, key)).sum::<i64>();
        let (runs, sent, cached) = (sum("runs"), sum("input_tokens"), sum("cached_tokens"));
        let cost: f64 = of.iter().map(dollars).sum();
        format!(
            "  {name:<14}{runs:>4}{sent:>10}{cached:>10}{:>10}{:>10}\n",
            sum("output_tokens"),
            format!("${cost:.4}")
        )
    };
    let mut table = format!(
        "  {:<14}{:>4}{:>10}{:>10}{:>10}{:>10}\n",
        "profile", "runs", "sent", "cached", "answered", "cost"
    );
    for profile in profiles {
        table.push_str(&row(profile["profile"].as_str().unwrap_or("-"), std::slice::from_ref(profile)));
    }
    table.push_str(&row("all", profiles));
    (table, profiles.iter().map(|profile| count(profile, "runs")).sum())
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn the_fleet_of_the_examples_hangs_together() {
        let folder = shell::root().join("examples/agents");
        let fleet = Fleet::read(&folder.join("fleet.toml")).unwrap();
        assert!(text_of(&folder.join(&fleet.goal.body)).unwrap().contains("{repository}"));
        let script = text_of(&folder.join("script.json")).unwrap();
        assert!(serde_json::from_str::<Value>(&script).is_ok());
        // Whoever asks has an answer, under the name by which it was made.
        for key in fleet.answers.keys() {
            assert!(script.contains(&format!("{{{{task}}}}-{key}\"")), "{key}");
        }
    }

    #[test]
    fn the_table_ends_with_what_all_have_consumed() {
        let of = |name: &str, cost: f64| json!({ "profile": name, "runs": 2, "input_tokens": 1_000, "output_tokens": 50, "cached_tokens": 0, "cost_usd": cost });
        let (table, runs) = consumed(&json!({ "consumed": [of("ops", 0.001), of("writer", 0.002)] }));
        assert_eq!(runs, 4);
        let last: Vec<&str> = table.lines().last().unwrap().split_whitespace().collect();
        assert_eq!(last, ["all", "4", "2000", "0", "100", "$0.0030"]);
    }

    #[test]
    fn an_option_without_its_file_is_told() {
        let refusal = Arguments::read(&["--andon".to_owned()]).unwrap_err().to_string();
        assert!(refusal.contains("`--andon` needs a file"), "{refusal}");
    }
}
