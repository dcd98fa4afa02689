//! `andon boards`: the boards of this home.

use std::path::Path;

use andon_core::BoardSlug;
use andon_core::task::Refusal;
use andon_store::maintenance::{CopyOptions, MaintenanceError, copy};
use andon_store::query::{MovedTo, StatsOf};
use andon_store::{BoardFile, Mode};
use clap::{Args, Subcommand};
use futures::executor::block_on;
use serde_json::{Value, json};

use crate::app::App;
use crate::error::Failure;
use crate::exit::ExitCode;
use crate::output::{Cell, Look, Table};

/// List, create, choose, describe and remove boards
#[derive(Args, Clone, Debug)]
pub(crate) struct BoardsArgs {
    #[command(subcommand)]
    verb: Option<Verb>,
}

#[derive(Clone, Debug, Subcommand)]
enum Verb {
    /// List the boards
    #[command(visible_alias = "ls")]
    List {
        /// Archived ones too
        #[arg(long)]
        all: bool,
    },
    /// Create a board; one that is there stays as it is
    #[command(visible_alias = "new")]
    Create {
        /// Its name in paths and on the command line
        slug: BoardSlug,
        #[command(flatten)]
        about: About,
        /// Choose it from now on
        #[arg(long)]
        switch: bool,
    },
    /// Put a board away under `boards/_archived`
    #[command(visible_alias = "remove")]
    Rm {
        /// Which
        slug: BoardSlug,
        /// Delete it with everything in it
        #[arg(long)]
        delete: bool,
        /// Although runs of it are alive
        #[arg(long)]
        force: bool,
    },
    /// Delete a board with everything in it
    Delete {
        /// Which
        slug: BoardSlug,
        /// Although runs of it are alive
        #[arg(long)]
        force: bool,
    },
    /// Choose the board that is meant where none is named
    #[command(visible_alias = "use")]
    Switch {
        /// Which
        slug: BoardSlug,
    },
    /// Show a board; the one that is meant where none is named
    #[command(visible_alias = "current")]
    Show {
        /// Which
        slug: Option<BoardSlug>,
    },
    /// Change the name that people see
    Rename {
        /// Which
        slug: BoardSlug,
        /// The name
        name: String,
    },
    /// Set the directory of tasks that name none, or clear it
    SetDefaultWorkdir {
        /// Which
        slug: BoardSlug,
        /// An absolute path; left out, the setting goes
        path: Option<String>,
    },
    /// Move a board to another database or home, with all that it has
    ///
    /// The board is sealed where it was: it can be read there, and names where it is now. Ids and events stay what they
    /// are; places in the event log have to be looked for anew. Logs and workspaces stay on this host.
    Copy {
        /// Which
        slug: BoardSlug,
        /// `postgres://user@host/database`, or the folder of another home
        #[arg(long, value_name = "URL|HOME")]
        to: String,
        /// Pause the board and wait for its runs, instead of refusing while some are alive
        #[arg(long)]
        wait: bool,
    },
    /// Change what a board says of itself; an empty text clears it
    Edit {
        /// Which
        slug: BoardSlug,
        #[command(flatten)]
        about: About,
    },
}

/// What a board says of itself.
#[derive(Args, Clone, Debug, Default)]
struct About {
    /// The name that people see
    #[arg(long)]
    name: Option<String>,
    /// What it is for
    #[arg(long)]
    description: Option<String>,
    /// A sign for it
    #[arg(long)]
    icon: Option<String>,
    /// Its colour
    #[arg(long)]
    color: Option<String>,
    /// The directory of `dir` and `worktree` tasks that name none
    #[arg(long, value_name = "PATH")]
    default_workdir: Option<String>,
    /// Who reviews where neither task nor profile says: a profile, or `person`
    #[arg(long)]
    reviewer: Option<String>,
}

/// Runs the verb; none lists.
pub(crate) fn run(app: &App, args: BoardsArgs) -> Result<ExitCode, Failure> {
    match args.verb.unwrap_or(Verb::List { all: false }) {
        Verb::List { all } => list(app, all),
        Verb::Create { slug, about, switch } => create(app, &slug, about, switch),
        Verb::Rm { slug, delete, force } => remove(app, &slug, delete, force),
        Verb::Delete { slug, force } => remove(app, &slug, true, force),
        Verb::Switch { slug } => {
            app.home().switch(&slug)?;
            say(app, &slug, &format!("Board '{slug}' is the current one."))
        }
        Verb::Show { slug } => show(app, &slug.map_or_else(|| app.slug(), Ok)?),
        Verb::Rename { slug, name } => {
            let name = Some(name.trim().to_owned()).filter(|name| !name.is_empty());
            app.home().edit(&slug, |file| file.name = name)?;
            say(app, &slug, &format!("Board '{slug}' renamed."))
        }
        Verb::SetDefaultWorkdir { slug, path } => {
            let path = path.map(|path| absolute(app, &path)).transpose()?.flatten();
            let told = path.as_ref().map_or("cleared".to_owned(), |path| format!("set to {path}"));
            app.home().edit(&slug, |file| file.default_workdir = path)?;
            say(app, &slug, &format!("Default directory of '{slug}' {told}."))
        }
        Verb::Copy { slug, to, wait } => copy_to(app, &slug, &to, wait),
        Verb::Edit { slug, about } => {
            let change = describe(app, about)?;
            app.home().edit(&slug, change)?;
            say(app, &slug, &format!("Board '{slug}' changed."))
        }
    }
}

fn say(app: &App, slug: &BoardSlug, text: &str) -> Result<ExitCode, Failure> {
    if app.json {
        app.out.print_json(&as_json(app, slug)?);
    } else {
        app.out.print(&format!("{text}\n"));
    }
    Ok(ExitCode::Done)
}

/// Checks what was given, and gives the change that makes it so.
fn describe(app: &App, about: About) -> Result<impl FnOnce(&mut BoardFile), Failure> {
    let workdir = about.default_workdir.as_deref().map(|path| absolute(app, path)).transpose()?;
    if let Some(name) =
        about.reviewer.as_deref().map(str::trim).filter(|name| !matches!(*name, "" | "person"))
    {
        app.roster()?.get(&name.parse()?)?;
    }
    Ok(move |file: &mut BoardFile| {
        let set = |field: &mut Option<String>, given: Option<String>| {
            if let Some(text) = given {
                *field = Some(text.trim().to_owned()).filter(|text| !text.is_empty());
            }
        };
        set(&mut file.name, about.name);
        set(&mut file.description, about.description);
        set(&mut file.icon, about.icon);
        set(&mut file.color, about.color);
        set(&mut file.reviewer, about.reviewer);
        if let Some(workdir) = workdir {
            file.default_workdir = workdir;
        }
    })
}

/// An absolute path, `~` being the person's own directory; nothing for an empty text.
fn absolute(app: &App, path: &str) -> Result<Option<String>, Failure> {
    let path = path.trim();
    if path.is_empty() {
        return Ok(None);
    }
    let own = app.user_home();
    let expanded = match (path.strip_prefix('~'), own.as_ref().and_then(|home| home.to_str())) {
        (Some(rest), Some(home)) if rest.is_empty() || rest.starts_with('/') => format!("{home}{rest}"),
        _ => path.to_owned(),
    };
    if Path::new(&expanded).is_absolute() {
        return Ok(Some(expanded));
    }
    Err(Refusal::invalid("default directory", path, "it is an absolute path").into())
}

fn create(app: &App, slug: &BoardSlug, about: About, switch: bool) -> Result<ExitCode, Failure> {
    let mut file = BoardFile::default();
    describe(app, about)?(&mut file);
    let new = app.home().create(slug, &file)?;
    if switch {
        app.home().switch(slug)?;
    }
    say(app, slug, &format!("Board '{slug}' {}.", if new { "created" } else { "already exists" }))
}

fn copy_to(app: &App, slug: &BoardSlug, to: &str, wait: bool) -> Result<ExitCode, Failure> {
    let to = if to.contains("://") {
        to.to_owned()
    } else {
        let path = crate::app::absolute(Path::new(to))?;
        path.into_os_string().into_string().map_err(|path| {
            Failure::usage(format!("{} is no text", path.display()), "name a folder whose path is text")
        })?
    };
    let options = CopyOptions { wait, policy: app.config()?.policy() };
    let copied = copy(app.home(), slug, &to, &options)?;
    if app.json {
        app.out.print_json(&json!({
            "board": copied.board, "to": copied.to, "epoch": copied.epoch, "files": copied.files,
        }));
    } else {
        app.out.print(&format!("Board '{slug}' has moved to {}\n", copied.to));
    }
    Ok(ExitCode::Done)
}

fn remove(app: &App, slug: &BoardSlug, delete: bool, force: bool) -> Result<ExitCode, Failure> {
    app.home().require(slug)?;
    if !force {
        alive(app, slug)?;
    }
    let (text, path) = if delete {
        app.home().delete(slug)?;
        (format!("Board '{slug}' deleted."), None)
    } else {
        let path = app.home().archive(slug)?;
        (format!("Board '{slug}' archived: {}", path.display()), Some(path))
    };
    if app.json {
        app.out.print_json(&json!({ "slug": slug, "deleted": delete, "path": path }));
    } else {
        app.out.print(&format!("{text}\n"));
    }
    Ok(ExitCode::Done)
}

/// A board whose workers live is not taken from under them. One that cannot be opened has none that could write.
fn alive(app: &App, slug: &BoardSlug) -> Result<(), Failure> {
    let Ok(board) = app.home().open(slug, Mode::Short) else { return Ok(()) };
    let live = block_on(board.run(StatsOf))?.live.total();
    if live == 0 {
        return Ok(());
    }
    let what = format!("{live} run(s) of it are alive");
    Err(MaintenanceError::InUse { board: slug.to_string(), what }.into())
}

fn as_json(app: &App, slug: &BoardSlug) -> Result<Value, Failure> {
    let file = app.home().describe(slug)?;
    let folder = app.home().board_folder(slug);
    // A board that cannot be opened is listed all the same, with what is wrong.
    let mut moved_to = None;
    let (counts, total, problem) = match app.home().open(slug, Mode::Short) {
        Ok(board) => {
            moved_to = block_on(board.run(MovedTo))?;
            let stats = block_on(board.run(StatsOf))?;
            let total: u32 = stats.by_status.iter().map(|(_, count)| count).sum();
            let counts: serde_json::Map<String, Value> =
                stats.by_status.iter().map(|(status, count)| (status.to_string(), json!(count))).collect();
            (Value::Object(counts), json!(total), Value::Null)
        }
        Err(error) => (Value::Null, Value::Null, json!(error.to_string())),
    };
    let name = file.name.clone().unwrap_or_else(|| title(slug));
    Ok(json!({
        "slug": slug, "name": name, "description": file.description, "icon": file.icon, "color": file.color,
        "default_workdir": file.default_workdir, "reviewer": file.reviewer, "created_at": file.created_at,
        "database": app.home().database_url().map(ToString::to_string),
        "is_current": app.slug().ok().as_ref() == Some(slug), "path": folder, "counts": counts, "total": total,
        "problem": problem, "moved_to": moved_to,
    }))
}

/// A name where the board has none (BD-06).
fn title(slug: &BoardSlug) -> String {
    let words = slug.as_str().split(['-', '_']).filter(|word| !word.is_empty()).map(|word| {
        let mut letters = word.chars();
        letters
            .next()
            .map(|first| first.to_uppercase().chain(letters).collect::<String>())
            .unwrap_or_default()
    });
    words.collect::<Vec<_>>().join(" ")
}

fn list(app: &App, all: bool) -> Result<ExitCode, Failure> {
    let mut rows = Vec::new();
    for slug in app.home().try_boards()? {
        rows.push(match as_json(app, &slug) {
            Ok(row) => row,
            Err(failure) => json!({ "slug": slug, "problem": failure.to_string() }),
        });
    }
    if all {
        let folder = app.home().boards_folder().join("_archived");
        let listed = std::fs::read_dir(&folder).into_iter().flatten().flatten();
        let mut names: Vec<String> =
            listed.filter_map(|entry| entry.file_name().into_string().ok()).collect();
        names.sort();
        rows.extend(names.into_iter().map(|name| {
            let path = folder.join(&name);
            json!({ "slug": name, "archived": true, "path": path })
        }));
    }
    if app.json {
        app.out.print_json(&rows);
        return Ok(ExitCode::Done);
    }
    let mut table = Table::new();
    for row in &rows {
        let text = |key: &str| row.get(key).and_then(Value::as_str).unwrap_or_default().to_owned();
        let current = row.get("is_current").and_then(Value::as_bool).unwrap_or(false);
        let archived = row.get("archived").is_some();
        let total = row.get("total").and_then(Value::as_u64).map(|total| format!("{total} tasks"));
        let moved = text("moved_to");
        let told = match (archived, total) {
            (true, _) => Cell::new("archived").look(Look::Dim),
            (false, _) if !moved.is_empty() => Cell::new(format!("sealed: moved to {moved}")).look(Look::Dim),
            (false, Some(total)) => Cell::new(total),
            (false, None) => Cell::new(text("problem")).look(Look::Bad),
        };
        let mark = if current { "●" } else { " " };
        table.row([
            Cell::new(mark).look(Look::Live),
            Cell::new(text("slug")).look(Look::Name),
            text("name").into(),
            told,
        ]);
    }
    app.out.print(&table.render());
    Ok(ExitCode::Done)
}

fn show(app: &App, slug: &BoardSlug) -> Result<ExitCode, Failure> {
    let row = as_json(app, slug)?;
    if app.json {
        app.out.print_json(&row);
        return Ok(ExitCode::Done);
    }
    let mut table = Table::new();
    for (label, key) in [
        ("board", "slug"),
        ("name", "name"),
        ("description", "description"),
        ("default directory", "default_workdir"),
        ("reviewer", "reviewer"),
        ("created", "created_at"),
        ("database", "database"),
        ("folder", "path"),
        ("problem", "problem"),
    ] {
        if let Some(text) = row.get(key).and_then(Value::as_str) {
            table.row([Cell::new(label).look(Look::Dim), Cell::new(text)]);
        }
    }
    if let Some(counts) = row.get("counts").and_then(Value::as_object) {
        let told: Vec<String> = counts
            .iter()
            .filter(|(_, count)| count.as_u64() != Some(0))
            .map(|(status, count)| format!("{status} {count}"))
            .collect();
        let told = if told.is_empty() { "none".to_owned() } else { told.join(", ") };
        table.row([Cell::new("tasks").look(Look::Dim), Cell::new(told)]);
    }
    app.out.print(&table.render());
    Ok(ExitCode::Done)
}
