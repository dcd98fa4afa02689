//! `andon profile`: who can be given work, and how it is run.

use std::path::PathBuf;

use andon_engine::profile::{
    Changes, NewProfile, Package, Profile, Profiles, Runner, Settings, create, edit, export, install, remove,
};
use clap::{Args, Subcommand};
use serde_json::{Value, json};

use crate::app::{App, absolute};
use crate::error::Failure;
use crate::exit::ExitCode;
use crate::output::{Cell, Look, Table};
use crate::{input, output};

/// List, show, make, change, remove, export and install profiles
#[derive(Args, Clone, Debug)]
pub(crate) struct ProfileArgs {
    #[command(subcommand)]
    verb: Option<Verb>,
}

#[derive(Clone, Debug, Subcommand)]
enum Verb {
    /// List the profiles, the broken ones too
    #[command(visible_alias = "ls")]
    List,
    /// Show a profile
    Show {
        /// Which
        name: String,
    },
    /// Make a profile
    Create(CreateArgs),
    /// Change a profile
    Edit(EditArgs),
    /// Remove a profile
    #[command(visible_alias = "remove")]
    Rm {
        /// Which
        name: String,
    },
    /// Write a profile as one portable file; what looks like a secret stays out
    Export {
        /// Which
        name: String,
        /// Into this file instead of standard output
        #[arg(long, short, value_name = "FILE")]
        output: Option<PathBuf>,
    },
    /// Install a profile from a portable file or a folder
    Install {
        /// The file or folder; `-` is standard input
        path: PathBuf,
        /// Under this name
        #[arg(long)]
        name: Option<String>,
        /// Replace a profile of that name
        #[arg(long)]
        force: bool,
    },
}

#[derive(Args, Clone, Debug)]
struct CreateArgs {
    /// Its name
    name: String,
    /// How its runs are started: `shell`, `command` or `lane`
    #[arg(long, value_parser = runner)]
    runner: Runner,
    /// What it is good at
    #[arg(long)]
    description: Option<String>,
    /// Runs that it may have at once on a board
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u32).range(1..=100_000))]
    max_running: Option<u32>,
    /// A variable of its environment
    #[arg(long, value_name = "K=V", value_parser = pair)]
    env: Vec<(String, String)>,
    /// Another setting, as in `profile.toml`
    #[arg(long, value_name = "KEY=VALUE", value_parser = pair)]
    set: Vec<(String, String)>,
    /// A file with instructions for its workers; `-` is standard input
    #[arg(long, value_name = "FILE")]
    instructions_file: Option<PathBuf>,
    /// Program and arguments of the runner `command`, with placeholders such as `{task}`
    #[arg(last = true, value_name = "ARGV")]
    argv: Vec<String>,
}

#[derive(Args, Clone, Debug)]
struct EditArgs {
    /// Which
    name: String,
    /// What it is good at
    #[arg(long)]
    description: Option<String>,
    /// How its runs are started
    #[arg(long, value_parser = runner)]
    runner: Option<Runner>,
    /// Runs that it may have at once on a board
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u32).range(1..=100_000))]
    max_running: Option<u32>,
    /// A variable of its environment
    #[arg(long, value_name = "K=V", value_parser = pair)]
    env: Vec<(String, String)>,
    /// A setting, as in `profile.toml`
    #[arg(long, value_name = "KEY=VALUE", value_parser = pair)]
    set: Vec<(String, String)>,
    /// A setting to remove, `env.NAME` for a variable
    #[arg(long, value_name = "KEY")]
    unset: Vec<String>,
    /// A file with instructions for its workers; `-` is standard input
    #[arg(long, value_name = "FILE")]
    instructions_file: Option<PathBuf>,
    /// Program and arguments of the runner `command`
    #[arg(last = true, value_name = "ARGV")]
    argv: Vec<String>,
}

fn runner(text: &str) -> Result<Runner, String> {
    let names: Vec<&str> = Runner::ALL.iter().map(|runner| runner.as_str()).collect();
    let found = Runner::ALL.iter().find(|runner| runner.as_str() == text.trim().to_lowercase());
    found.copied().ok_or_else(|| input::one_of("runner", text, &names))
}

/// For clap: `KEY=VALUE`.
fn pair(text: &str) -> Result<(String, String), String> {
    let (key, value) = text.split_once('=').ok_or_else(|| format!("{text:?} has no `=`: write KEY=VALUE"))?;
    if key.trim().is_empty() {
        return Err(format!("{text:?} has no key: write KEY=VALUE"));
    }
    Ok((key.trim().to_owned(), value.to_owned()))
}

/// Runs the verb; none lists.
pub(crate) fn run(app: &App, args: ProfileArgs) -> Result<ExitCode, Failure> {
    let home = app.home().root();
    match args.verb.unwrap_or(Verb::List) {
        Verb::List => list(app),
        Verb::Show { name } => show(app, &Profiles::load_one(home, &name)?),
        Verb::Create(args) => make(app, args),
        Verb::Edit(args) => change(app, args),
        Verb::Rm { name } => {
            remove(home, &name)?;
            done(app, &name, "removed")
        }
        Verb::Export { name, output: target } => {
            let text = export(home, &name)?;
            match target {
                Some(path) => std::fs::write(&path, text).map_err(Failure::file(&path))?,
                None => output::print(&text),
            }
            Ok(ExitCode::Done)
        }
        Verb::Install { path, name, force } => {
            let name = if path.as_os_str() == "-" {
                let text = input::text(None, Some(&path))?.unwrap_or_default();
                install(
                    home,
                    Package::Text { text: &text, origin: "standard input" },
                    name.as_deref(),
                    force,
                )?
            } else {
                install(home, Package::Path(&absolute(&path)?), name.as_deref(), force)?
            };
            done(app, name.as_str(), "installed")
        }
    }
}

fn done(app: &App, name: &str, what: &str) -> Result<ExitCode, Failure> {
    if app.json {
        output::print_json(&json!({ "name": name, "done": what }));
    } else {
        output::print(&format!("Profile '{name}' {what}.\n"));
    }
    Ok(ExitCode::Done)
}

fn make(app: &App, args: CreateArgs) -> Result<ExitCode, Failure> {
    let home = app.home().root();
    let settings = Settings {
        runner: Some(args.runner),
        description: args.description,
        max_running: args.max_running,
        env: args.env.into_iter().collect(),
        command: args.argv,
        ..Settings::default()
    };
    let instructions = input::text(None, args.instructions_file.as_deref())?;
    let name = create(home, &NewProfile { name: args.name, settings, instructions })?;
    if !args.set.is_empty() {
        let changes =
            args.set.iter().fold(Changes::new(), |changes, (key, value)| changes.set_text(key, value));
        if let Err(error) = edit(home, name.as_str(), &changes) {
            // Half of what was asked for is not what was asked for.
            let _ = remove(home, name.as_str());
            return Err(error.into());
        }
    }
    if app.json {
        return show(app, &Profiles::load_one(home, name.as_str())?);
    }
    done(app, name.as_str(), "created")
}

fn change(app: &App, args: EditArgs) -> Result<ExitCode, Failure> {
    let home = app.home().root();
    let mut changes = Changes::new();
    if let Some(description) = &args.description {
        changes = changes.set_text("description", description);
    }
    if let Some(runner) = args.runner {
        changes = changes.set_text("runner", runner.as_str());
    }
    if let Some(count) = args.max_running {
        changes = changes.set_text("max_running", &count.to_string());
    }
    for (name, value) in &args.env {
        changes = changes.env(name, value);
    }
    for (key, value) in &args.set {
        changes = changes.set_text(key, value);
    }
    for key in &args.unset {
        changes = changes.unset(key);
    }
    if !args.argv.is_empty() {
        let argv: toml_edit::Array = args.argv.iter().map(String::as_str).collect();
        changes = changes.set_text("command", &argv.to_string());
    }
    if let Some(text) = input::text(None, args.instructions_file.as_deref())? {
        changes = changes.instructions(Some(&text));
    }
    if changes.is_empty() {
        let file = Profiles::folder(home).join(&args.name).join("profile.toml");
        let keys: Vec<&str> = Settings::keys().iter().map(|key| key.name).collect();
        return Err(Failure::usage(
            format!("nothing to change is named; its settings lie in {}", file.display()),
            format!("`--set KEY=VALUE`, where KEY is one of {}", keys.join(", ")),
        ));
    }
    let profile = edit(home, &args.name, &changes)?;
    if app.json {
        return show(app, &profile);
    }
    done(app, profile.name.as_str(), "changed")
}

fn as_json(profile: &Profile) -> Value {
    let settings: serde_json::Map<String, Value> =
        profile.settings.entries().into_iter().map(|(key, value)| (key.to_owned(), plain(&value))).collect();
    json!({
        "name": profile.name, "runner": profile.runner().as_str(), "description": profile.settings.description,
        "max_running": profile.settings.max_running, "model": profile.settings.model, "skills": profile.skills,
        "ends_by": profile.ends_by().as_str(), "folder": profile.folder, "settings": settings, "problem": null,
    })
}

/// A value as it stands in a file, as JSON.
fn plain(text: &str) -> Value {
    let parsed = format!("value = {text}").parse::<toml::Table>().ok();
    let value = parsed.and_then(|mut table| table.remove("value"));
    value.and_then(|value| serde_json::to_value(value).ok()).unwrap_or_else(|| json!(text))
}

fn list(app: &App) -> Result<ExitCode, Failure> {
    let profiles = app.profiles();
    if app.json {
        let broken = profiles
            .broken
            .iter()
            .map(|(name, problem)| json!({ "name": name, "runner": null, "problem": problem.to_string() }));
        output::print_json(&profiles.valid.values().map(as_json).chain(broken).collect::<Vec<_>>());
        return Ok(ExitCode::Done);
    }
    let mut table = Table::new();
    for profile in profiles.valid.values() {
        let limit = profile.settings.max_running.map_or(String::new(), |limit| format!("≤{limit}"));
        table.row([
            Cell::new(profile.name.as_str()).look(Look::Name),
            Cell::new(profile.runner().as_str()),
            Cell::new(limit).right(),
            Cell::new(profile.settings.description.as_deref().unwrap_or("(no description)")),
        ]);
    }
    for (name, problem) in &profiles.broken {
        table.row([
            Cell::new(name).look(Look::Name),
            Cell::new("broken").look(Look::Bad),
            Cell::new(""),
            Cell::new(problem.to_string()),
        ]);
    }
    output::print(&table.render());
    Ok(ExitCode::Done)
}

fn show(app: &App, profile: &Profile) -> Result<ExitCode, Failure> {
    if app.json {
        output::print_json(&as_json(profile));
        return Ok(ExitCode::Done);
    }
    let mut table = Table::new();
    table.row([Cell::new("name").look(Look::Dim), Cell::new(profile.name.as_str()).look(Look::Name)]);
    for (key, value) in profile.settings.entries() {
        table.row([Cell::new(key).look(Look::Dim), Cell::new(value)]);
    }
    if !profile.skills.is_empty() {
        table.row([Cell::new("skills there").look(Look::Dim), Cell::new(profile.skills.join(", "))]);
    }
    table.row([Cell::new("folder").look(Look::Dim), Cell::new(profile.folder.display().to_string())]);
    output::print(&table.render());
    if let Ok(Some(instructions)) = profile.instructions() {
        output::print(&format!("\n{}", output::block(&instructions, "")));
    }
    Ok(ExitCode::Done)
}
