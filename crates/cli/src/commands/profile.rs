//! `andon profile`: who can be given work, and how it is run.

mod describe;

use std::path::{Path, PathBuf};

use andon_engine::profile::{
    Changes, NewProfile, Package, Profile, Profiles, Runner, Settings, create, edit, export, install,
    install_starter, remove,
};
use andon_engine::runner::{BUILT_IN, Preset, Runners, as_configuration};
use clap::{Args, Subcommand};
use serde_json::{Value, json};

use self::describe::DescribeArgs;
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
    /// Say what a profile is good at, or have the planner's model say it
    Describe(DescribeArgs),
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
    /// Install a profile from a portable file or a folder, or the starter fleet
    Install {
        /// The file or folder; `-` is standard input; `starter` is a fleet to start with
        path: PathBuf,
        /// Under this name
        #[arg(long)]
        name: Option<String>,
        /// Run it, or the whole fleet, by this runner
        #[arg(long)]
        runner: Option<String>,
        /// Replace a profile of that name
        #[arg(long)]
        force: bool,
    },
    /// List the runners: how agents are started
    ///
    /// `config.toml` may add others, or put one in the place of a built-in one, as [runners.<name>].
    Runners {
        /// Write this built-in one as it would stand in `config.toml`, to start from
        name: Option<String>,
        /// List what a runner may say
        #[arg(long, conflicts_with = "name")]
        keys: bool,
    },
}

#[derive(Args, Clone, Debug)]
struct CreateArgs {
    /// Its name
    name: String,
    /// How its runs are started: `agent`, `claude`, `codex`, `shell` and others; `andon profile runners` lists them
    #[arg(long)]
    runner: String,
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
    #[arg(long)]
    runner: Option<String>,
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

/// The runner of this name, in any case.
fn runner(app: &App, text: &str) -> Result<Runner, Failure> {
    let runners = Runners::load(app.home().root());
    let name = text.trim().to_lowercase();
    if runners.knows(&name) {
        return Ok(Runner::of(&name));
    }
    Err(Failure::Usage { message: input::one_of("runner", text, &runners.names()), hint: None })
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
        Verb::Describe(args) => describe::run(app, args),
        Verb::Rm { name } => {
            remove(home, &name)?;
            done(app, &name, "removed")
        }
        Verb::Export { name, output: target } => {
            let text = export(home, &name)?;
            match target {
                Some(path) => app.out.file(&path, text.as_bytes()).map_err(Failure::file(&path))?,
                None => app.out.print(&text),
            }
            Ok(ExitCode::Done)
        }
        Verb::Install { path, name, runner, force } => {
            fetch(app, &path, name.as_deref(), runner.as_deref(), force)
        }
        Verb::Runners { name: Some(name), .. } => settings_of(app, &name),
        Verb::Runners { keys: true, .. } => keys(app),
        Verb::Runners { .. } => runners(app),
    }
}

/// Installs one profile, or the fleet.
fn fetch(
    app: &App,
    path: &Path,
    name: Option<&str>,
    by: Option<&str>,
    force: bool,
) -> Result<ExitCode, Failure> {
    let home = app.home().root();
    let by = by.map(|by| runner(app, by)).transpose()?;
    let came_along = app.files.came_along();
    if path.as_os_str() == "starter" && (came_along || !path.exists()) {
        let names = install_starter(home, by.as_ref().map(Runner::as_str), force)?;
        if app.json {
            app.out.print_json(&json!({ "names": names, "done": "installed" }));
        } else {
            let names: Vec<&str> = names.iter().map(|name| name.as_str()).collect();
            app.out.print(&format!("Profiles installed: {}\n", names.join(", ")));
        }
        return Ok(ExitCode::Done);
    }
    let installed = if came_along || path.as_os_str() == "-" {
        let text = input::text(app, None, Some(path))?.unwrap_or_default();
        let shown = path.display().to_string();
        let origin = if shown == "-" { "standard input" } else { &shown };
        install(home, Package::Text { text: &text, origin }, name, force)?
    } else {
        install(home, Package::Path(&absolute(path)?), name, force)?
    };
    if let Some(by) = by {
        edit(home, installed.as_str(), &Changes::new().set_text("runner", by.as_str()))?;
    }
    done(app, installed.as_str(), "installed")
}

/// A built-in runner as it would stand in `config.toml`.
fn settings_of(app: &App, name: &str) -> Result<ExitCode, Failure> {
    let known: Vec<&str> = BUILT_IN.iter().map(|(name, _)| *name).collect();
    let Some(out) = as_configuration(name.trim()) else {
        return Err(Failure::Usage { message: input::one_of("built-in runner", name, &known), hint: None });
    };
    if app.json {
        app.out.print_json(&json!({ "name": name, "settings": out }));
    } else {
        app.out.print(&out);
    }
    Ok(ExitCode::Done)
}

/// What a runner may say.
fn keys(app: &App) -> Result<ExitCode, Failure> {
    let keys = Preset::keys();
    if app.json {
        let listed = keys.iter().map(
            |key| json!({ "key": key.name, "doc": key.doc, "default": key.default, "expects": key.expects }),
        );
        app.out.print_json(&listed.collect::<Vec<_>>());
        return Ok(ExitCode::Done);
    }
    let mut table = Table::new();
    for key in &keys {
        table.row([Cell::new(key.name).look(Look::Name), Cell::new(&key.doc)]);
    }
    app.out.print(&table.render());
    Ok(ExitCode::Done)
}

fn runners(app: &App) -> Result<ExitCode, Failure> {
    let runners = Runners::load(app.home().root());
    let described = |name: &str| match name {
        "shell" => Some("the task's body is the script".to_owned()),
        "command" => Some("a program with arguments".to_owned()),
        "lane" => Some("never started: work is claimed by hand".to_owned()),
        name => runners.get(name).and_then(|preset| preset.description.clone()),
    };
    let resumes = |name: &str| runners.get(name).is_some_and(|preset| preset.can_resume());
    if app.json {
        let listed: Vec<Value> = runners
            .names()
            .into_iter()
            .map(|name| json!({ "name": name, "description": described(name), "resumes": resumes(name), "own": runners.is_own(name) }))
            .collect();
        app.out.print_json(&listed);
        return Ok(ExitCode::Done);
    }
    let mut table = Table::new();
    for name in runners.names() {
        let place = if runners.is_own(name) { "config.toml" } else { "" };
        let resumes = if resumes(name) { "resumes" } else { "" };
        table.row([
            Cell::new(name).look(Look::Name),
            Cell::new(described(name).unwrap_or_default()),
            Cell::new(resumes).look(Look::Dim),
            Cell::new(place).look(Look::Dim),
        ]);
    }
    app.out.print(&table.render());
    Ok(ExitCode::Done)
}

fn done(app: &App, name: &str, what: &str) -> Result<ExitCode, Failure> {
    if app.json {
        app.out.print_json(&json!({ "name": name, "done": what }));
    } else {
        app.out.print(&format!("Profile '{name}' {what}.\n"));
    }
    Ok(ExitCode::Done)
}

fn make(app: &App, args: CreateArgs) -> Result<ExitCode, Failure> {
    let home = app.home().root();
    let settings = Settings {
        runner: Some(runner(app, &args.runner)?),
        description: args.description,
        max_running: args.max_running,
        env: args.env.into_iter().collect(),
        command: args.argv,
        ..Settings::default()
    };
    let instructions = input::text(app, None, args.instructions_file.as_deref())?;
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
    if let Some(name) = &args.runner {
        changes = changes.set_text("runner", runner(app, name)?.as_str());
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
    if let Some(text) = input::text(app, None, args.instructions_file.as_deref())? {
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
        "description_auto": profile.settings.description_auto, "ends_by": profile.ends_by().as_str(), "folder": profile.folder, "settings": settings, "problem": null,
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
        app.out.print_json(&profiles.valid.values().map(as_json).chain(broken).collect::<Vec<_>>());
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
    app.out.print(&table.render());
    Ok(ExitCode::Done)
}

fn show(app: &App, profile: &Profile) -> Result<ExitCode, Failure> {
    if app.json {
        app.out.print_json(&as_json(profile));
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
    app.out.print(&table.render());
    if let Ok(Some(instructions)) = profile.instructions() {
        app.out.print(&format!("\n{}", output::block(&instructions, "")));
    }
    Ok(ExitCode::Done)
}
