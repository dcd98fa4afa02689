//! `andon claim`: take a task by hand.

use andon_core::ProfileName;
use andon_engine::config::Duration;
use andon_engine::{tidy, workspace};
use andon_store::operation::{ClaimByHand, Claimed};
use clap::Args;

use crate::app::App;
use crate::error::Failure;
use crate::exit::ExitCode;
use crate::output::{Cell, Look, Table};
use crate::{bulk, json, output, time};

/// Take a task by hand, as a person or an outside terminal does
#[derive(Args, Clone, Debug)]
pub(crate) struct ClaimArgs {
    /// Which task
    #[arg(required_unless_present = "profile")]
    id: Option<String>,
    /// The next task of this profile
    #[arg(long, short = 'p', value_name = "PROFILE", conflicts_with = "id")]
    profile: Option<ProfileName>,
    /// How long without a heartbeat, such as 15m; 1h where the configuration says nothing else
    #[arg(long, value_name = "LENGTH", value_parser = time::parse_length)]
    ttl: Option<Duration>,
    /// Although its profile cools down after a rate limit
    #[arg(long)]
    force: bool,
}

/// Claims a task, prepares its workspace, and says what its worker must know.
pub(crate) fn run(app: &App, args: ClaimArgs) -> Result<ExitCode, Failure> {
    let task = args.id.as_deref().map(str::parse).transpose()?;
    let policy = app.policy()?;
    if let Some(profile) = &args.profile {
        app.roster()?.get(profile)?;
    }
    let ttl = args.ttl.map_or(policy.claim_ttl, Duration::as_millis);
    let (profile, force, caller) = (args.profile, args.force, app.caller()?);
    let claimed = app.run(ClaimByHand { task, profile, ttl, force, caller, policy })?;
    let workspace = prepare(app, &claimed)?;
    if app.json {
        let task = bulk::task_json(app, &claimed.task.id)?;
        app.out.print_json(&json::claimed(&claimed, task, workspace));
        return Ok(ExitCode::Done);
    }
    let mut table = Table::new();
    let mut row = |name: &str, value: &str| table.row([Cell::new(name).look(Look::Dim), Cell::new(value)]);
    row("task", claimed.task.id.as_str());
    row("title", &claimed.task.title);
    row("run", claimed.run.id.as_str());
    row("token", &claimed.token);
    row("until", &time::rfc3339(claimed.expires_at));
    row("workspace", workspace.as_deref().unwrap_or("-"));
    app.out.print(&table.render());
    Ok(ExitCode::Done)
}

/// Makes the directory to work in. The claim stands where that fails: the person reads why.
fn prepare(app: &App, claimed: &Claimed) -> Result<Option<String>, Failure> {
    let workdir = app.settings()?.file.default_workdir.as_deref();
    let request = tidy::request(&claimed.task, &claimed.run.id, &app.board_folder()?, workdir);
    match workspace::prepare(&request) {
        Ok(prepared) => {
            if let Some(note) = &prepared.note {
                app.out.say(&output::line(note));
            }
            Ok(Some(prepared.path.to_string_lossy().into_owned()))
        }
        Err(error) => {
            let error = error.to_string();
            app.out.say(&format!(
                "andon: the claim stands, but there is no workspace: {}",
                output::line(&error)
            ));
            Ok(None)
        }
    }
}
