//! `andon diagnostics`: what is wrong with tasks, and what to do about it.

use andon_core::TaskId;
use andon_core::diagnose::{Severity, TaskDiagnostics};
use andon_server::shape;
use clap::Args;
use serde_json::{Value, json};

use crate::app::App;
use crate::error::Failure;
use crate::exit::ExitCode;
use crate::output::Look;
use crate::{input, insight, output};

/// Say what is wrong with tasks, and what to do about it
#[derive(Args, Clone, Debug)]
pub(crate) struct DiagnosticsArgs {
    /// Only what is at least this bad: `warning`, `error` or `critical`
    #[arg(long, value_parser = severity)]
    severity: Option<Severity>,
    /// Only of this task
    #[arg(long, value_name = "TASK")]
    task: Option<TaskId>,
}

fn severity(text: &str) -> Result<Severity, String> {
    let names: Vec<&str> = Severity::ALL.iter().map(|severity| severity.as_str()).collect();
    text.trim().to_lowercase().parse().map_err(|_| input::one_of("severity", text, &names))
}

/// Shows the findings, the worst task first.
pub(crate) fn run(app: &App, args: DiagnosticsArgs) -> Result<ExitCode, Failure> {
    let least = args.severity.unwrap_or(Severity::Warning);
    let mut found = insight::diagnostics(app, args.task.as_ref())?;
    for task in &mut found {
        task.diagnostics.retain(|diagnostic| diagnostic.severity >= least);
    }
    found.retain(|task| !task.diagnostics.is_empty());
    if app.json {
        app.out.print_json(&found.iter().map(as_json).collect::<Vec<_>>());
    } else if found.is_empty() {
        app.out.say("andon: nothing is wrong");
    } else {
        app.out.print(&found.iter().map(as_text).collect::<Vec<_>>().join("\n"));
    }
    Ok(ExitCode::Done)
}

fn as_json(task: &TaskDiagnostics) -> Value {
    json!({
        "task_id": task.task_id, "title": task.title, "status": task.status, "assignee": task.assignee,
        "diagnostics": task.diagnostics.iter().map(shape::diagnostic).collect::<Vec<_>>(),
    })
}

fn as_text(task: &TaskDiagnostics) -> String {
    let assignee = task.assignee.as_ref().map_or("(unassigned)", |name| name.as_str());
    let id = output::paint(Look::Name, task.task_id.as_str());
    let mut out = format!("{id}  {}  {assignee}  {}\n", task.status, output::line(&task.title));
    for found in &task.diagnostics {
        let (sign, look) = match found.severity {
            Severity::Warning => ("⚠", Look::Warning),
            Severity::Error => ("!!", Look::Bad),
            Severity::Critical => ("!!!", Look::Bad),
        };
        let sign = output::paint(look, sign);
        out.push_str(&format!("  {sign} {}: {}\n", found.kind, output::line(&found.title)));
        out.push_str(&format!("     {}\n", output::line(&found.detail)));
        for action in &found.actions {
            let star = if action.suggested { "★" } else { "·" };
            out.push_str(&format!("     {star} {}: {}\n", action.label, output::line(&action.command)));
        }
    }
    out
}
