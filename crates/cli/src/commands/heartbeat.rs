//! `andon heartbeat`: say that there is progress.

use andon_engine::config::Duration;
use andon_store::operation::Heartbeat;
use clap::Args;
use serde_json::json;

use crate::app::App;
use crate::error::Failure;
use crate::exit::ExitCode;
use crate::{input, time};

/// Say that a running task makes progress; renews a claim by hand
#[derive(Args, Clone, Debug)]
pub(crate) struct HeartbeatArgs {
    /// Which task; a worker's own where none is named
    id: Option<String>,
    /// What is being done
    #[arg(long, value_name = "TEXT")]
    note: Option<String>,
    /// How long a claim by hand lasts from now on
    #[arg(long, value_name = "LENGTH", value_parser = time::parse_length)]
    ttl: Option<Duration>,
}

/// Sends a heartbeat.
pub(crate) fn run(app: &App, args: HeartbeatArgs) -> Result<ExitCode, Failure> {
    let task = input::task(app, args.id.as_deref())?;
    let expires_at = app.run(Heartbeat {
        caller: app.caller()?,
        task: Some(task.clone()),
        note: args.note,
        ttl: args.ttl.map(Duration::as_millis),
        policy: app.policy()?,
    })?;
    if app.json {
        app.out.print_json(&json!({ "task_id": task, "expires_at": time::rfc3339(expires_at) }));
    } else {
        app.out.print(&format!("Heartbeat {task}  (until {})\n", time::local(expires_at, app.zone())));
    }
    Ok(ExitCode::Done)
}
