//! `andon profile describe`: what a profile is good at, in a person's words or a model's.

use andon_agent::Stop;
use andon_agent::planner::Spent;
use andon_engine::planner::{asker, describe};
use andon_engine::profile::{Changes, Profile, Profiles, edit};
use clap::Args;
use serde_json::{Value, json};

use super::super::planning;
use crate::app::App;
use crate::error::Failure;
use crate::exit::ExitCode;
use crate::output;

#[derive(Args, Clone, Debug)]
pub(super) struct DescribeArgs {
    /// Which; alone it shows the description
    #[arg(required_unless_present = "all", conflicts_with = "all")]
    name: Option<String>,
    /// In these words; empty takes the description away
    #[arg(long, value_name = "TEXT", conflicts_with_all = ["auto", "all"])]
    text: Option<String>,
    /// In the words of the planner's model, marked as such
    #[arg(long)]
    auto: bool,
    /// Also where a person has written a description
    #[arg(long, requires = "auto")]
    overwrite: bool,
    /// Every profile that nobody has described
    #[arg(long, requires = "auto")]
    all: bool,
}

pub(super) fn run(app: &App, args: DescribeArgs) -> Result<ExitCode, Failure> {
    let home = app.home().root();
    match (args.name, args.text) {
        (Some(name), Some(text)) => {
            let text = text.trim();
            let changes = Changes::new();
            let changes =
                if text.is_empty() { changes.unset("description") } else { changes.set("description", text) };
            shown(app, &edit(home, &name, &changes)?)
        }
        (Some(name), None) if !args.auto => shown(app, &Profiles::load_one(home, &name)?),
        (Some(name), None) => {
            let exit = by_a_model(app, &[name], args.overwrite)?;
            Ok(if exit > 0 { ExitCode::Done } else { ExitCode::Refused })
        }
        (None, _) => {
            let wanted = |profile: &&Profile| {
                let settings = &profile.settings;
                args.overwrite || settings.description_auto || settings.description.is_none()
            };
            let names: Vec<String> = app
                .profiles()
                .valid
                .values()
                .filter(wanted)
                .map(|profile| profile.name.to_string())
                .collect();
            if names.is_empty() {
                if app.json {
                    app.out.print_json_line(&json!({ "described": 0, "total": 0 }));
                } else {
                    app.out.print("Every profile has a description.\n");
                }
                return Ok(ExitCode::Done);
            }
            let done = by_a_model(app, &names, args.overwrite)?;
            Ok(if done > 0 { ExitCode::Done } else { ExitCode::Refused })
        }
    }
}

/// The description as it is.
fn shown(app: &App, profile: &Profile) -> Result<ExitCode, Failure> {
    let settings = &profile.settings;
    if app.json {
        app.out.print_json_line(&json!({
            "name": profile.name, "description": settings.description, "description_auto": settings.description_auto,
        }));
        return Ok(ExitCode::Done);
    }
    let text = match settings.description.as_deref() {
        Some(text) if settings.description_auto => format!("[auto] {}", output::line(text)),
        Some(text) => output::line(text),
        None => format!("(nobody has described {})", profile.name),
    };
    app.out.print(&format!("{text}\n"));
    Ok(ExitCode::Done)
}

/// How many were described.
fn by_a_model(app: &App, names: &[String], overwrite: bool) -> Result<usize, Failure> {
    let home = app.home().root();
    let (config, profiles, roster) = (app.config()?, app.profiles(), app.roster()?);
    for name in names {
        Profiles::load_one(home, name)?;
    }
    planning::waiting(app, async |stop: Stop| -> Result<usize, Failure> {
        let asker = asker(home, &config, &profiles, &roster)?;
        let mut done = 0;
        for name in names {
            let described = tokio::select! {
                () = stop.wait() => break,
                described = describe(home, name, overwrite, &asker) => described?,
            };
            let usage = described.spent.as_ref().map_or(Value::Null, Spent::as_json);
            let (text, failure) = match &described.result {
                Ok(text) => (Some(text), None),
                Err(failure) => (None, Some(failure)),
            };
            done += usize::from(failure.is_none());
            if app.json {
                app.out.print_json_line(&json!({
                    "name": name, "ok": failure.is_none(), "reason": failure.map(|failure| failure.code()),
                    "message": failure.map(ToString::to_string), "description": text, "usage": usage,
                }));
            } else if let Some(failure) = failure {
                let message = output::line(&failure.to_string());
                app.out.say(&format!("andon: {name} is not described: {message}"));
                app.out.say(&format!("  code: {}", failure.code()));
            } else if let Some(text) = text {
                app.out.print(&format!("{name}: {}\n", output::line(text)));
            }
        }
        Ok(done)
    })?
}
