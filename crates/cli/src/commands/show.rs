//! `andon show`: everything about one task.

use andon_core::Millis;
use andon_core::diagnose::{Diagnostic, Severity};
use andon_core::run::Outcome;
use andon_core::why::Reason;
use andon_server::shape;
use andon_store::query::Shown;
use andon_store::sql::runs::Usage;
use andon_store::sql::tasks::Task;
use clap::{Args, ValueEnum};
use serde_json::json;

use super::runs::{self, state_filter};
use super::why;
use crate::app::App;
use crate::error::Failure;
use crate::exit::ExitCode;
use crate::output::{Cell, Look, Table};
use crate::{input, insight, output, time};

/// By what runs are chosen.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum StateType {
    /// Whether they still run: `open` or `ended`
    Status,
    /// How they ended
    Outcome,
}

/// Show a task with its runs, comments and events
#[derive(Args, Clone, Debug)]
pub(crate) struct ShowArgs {
    /// Which task; a worker's own where none is named
    id: Option<String>,
    /// Choose runs by this
    #[arg(long, value_enum, requires = "state_name")]
    state_type: Option<StateType>,
    /// Choose runs of this status or outcome
    #[arg(long, requires = "state_type", value_name = "NAME")]
    state_name: Option<String>,
    /// The newest so many comments and events
    #[arg(long, value_name = "N", default_value_t = 20)]
    limit: u32,
}

/// Shows a task.
pub(crate) fn run(app: &App, args: ShowArgs) -> Result<ExitCode, Failure> {
    let id = input::task(app, args.id.as_deref())?;
    let wanted = state_filter(args.state_type, args.state_name.as_deref())?;
    let limit = if app.json { args.limit.max(1_000) } else { args.limit };
    let mut shown = app.shown(&id, limit)?;
    shown.runs.retain(|run| wanted(run));
    let reasons = insight::reasons(app, &id)?;
    let found = insight::diagnostics(app, Some(&id))?;
    let findings: Vec<&Diagnostic> = found.iter().flat_map(|task| &task.diagnostics).collect();
    if app.json {
        app.out.print_json(&json!({
            "task": shape::task(&shown.task, &shown.parents, &shown.children),
            "parents": shown.parents,
            "children": shown.children,
            "comments": shown.comments.iter().map(shape::comment).collect::<Vec<_>>(),
            "events": shown.events.iter().map(shape::event).collect::<Vec<_>>(),
            "runs": shown.runs.iter().map(shape::run).collect::<Vec<_>>(),
            "attachments": shown.attachments.iter().map(shape::attachment).collect::<Vec<_>>(),
            "latest_summary": shown.latest_summary(),
            "diagnostics": findings.into_iter().map(shape::diagnostic).collect::<Vec<_>>(),
            "why": reasons.into_iter().map(shape::reason).collect::<Vec<_>>(),
        }));
        return Ok(ExitCode::Done);
    }
    app.out.print(&text(app, &shown, &reasons, &findings)?);
    Ok(ExitCode::Done)
}

fn text(app: &App, shown: &Shown, reasons: &[Reason], findings: &[&Diagnostic]) -> Result<String, Failure> {
    let (task, now) = (&shown.task, app.now());
    let mut out = format!(
        "{} {}  {}\n",
        output::paint(output::of_status(task.state.status), output::icon(task.state.status)),
        output::paint(Look::Name, task.id.as_str()),
        output::paint(Look::Heading, &output::line(&task.title))
    );
    out.push_str(&facts(app, shown, now)?);
    out.push_str(&section("Why", &why::text(app, reasons, "  ")));
    out.push_str(&section("Diagnostics", &diagnosed(findings)));
    if let Some(body) = &task.body {
        out.push_str(&section("Body", &output::block(body, "  ")));
    }
    if let Some(result) = shown.latest_summary() {
        out.push_str(&section("Result", &output::block(result, "  ")));
    }
    if let Some(error) = &task.state.last_failure_error {
        out.push_str(&section("Last failure", &output::block(error, "  ")));
    }
    if !shown.attachments.is_empty() {
        let mut table = Table::new().indent("  ");
        for attachment in &shown.attachments {
            table.row([
                Cell::new(attachment.id.to_string()).right(),
                Cell::new(&attachment.name),
                Cell::new(format!("{} bytes", attachment.size)).right(),
            ]);
        }
        out.push_str(&section("Attachments", &table.render()));
    }
    out.push_str(&comments(shown, now));
    if !shown.runs.is_empty() {
        out.push_str(&section("Runs", &runs::table(&shown.runs, now, "  ")));
    }
    let mut events = Table::new().indent("  ");
    for event in &shown.events {
        events.row(super::events::cells(event, now, false));
    }
    out.push_str(&section("Events", &events.render()));
    Ok(out)
}

fn diagnosed(findings: &[&Diagnostic]) -> String {
    let mut out = String::new();
    for found in findings {
        let look = if found.severity == Severity::Warning { Look::Warning } else { Look::Bad };
        let severity = output::paint(look, found.severity.as_str());
        out.push_str(&format!("  {severity}: {}\n", output::line(&found.title)));
        for action in found.actions.iter().filter(|action| action.suggested) {
            out.push_str(&format!("    → {}\n", output::line(&action.command)));
        }
    }
    out
}

fn section(title: &str, text: &str) -> String {
    if text.is_empty() { String::new() } else { format!("\n{}\n{text}", output::paint(Look::Heading, title)) }
}

fn facts(app: &App, shown: &Shown, now: Millis) -> Result<String, Failure> {
    let task = &shown.task;
    let mut table = Table::new().indent("  ");
    let mut fact = |name: &str, value: Option<String>| {
        if let Some(value) = value {
            table.row([Cell::new(name).look(Look::Dim), Cell::new(value)]);
        }
    };
    fact("status", Some(output::placed(task, now)));
    fact("reason", task.state.block.as_ref().map(|block| block.reason.clone()));
    let name = |name: &Option<andon_core::ProfileName>| name.as_ref().map(ToString::to_string);
    fact("assignee", Some(name(&task.assignee).unwrap_or_else(|| "(unassigned)".to_owned())));
    fact("reviewer", name(&task.reviewer));
    fact("priority", (task.priority != 0).then(|| task.priority.to_string()));
    fact("tenant", task.tenant.clone());
    let ids = |ids: &[andon_core::TaskId]| {
        let shown: Vec<&str> = ids.iter().take(20).map(andon_core::TaskId::as_str).collect();
        let more = if ids.len() > 20 { format!(" and {} more", ids.len() - 20) } else { String::new() };
        (!ids.is_empty()).then(|| shown.join(" ") + &more)
    };
    fact("parents", ids(&shown.parents));
    fact("children", ids(&shown.children));
    fact("workspace", Some(workspace(task)));
    fact("branch", task.branch.clone());
    fact("model", task.model.clone());
    fact("skills", (!task.skills.is_empty()).then(|| task.skills.join(", ")));
    fact("max runtime", task.max_runtime.map(time::length));
    let policy = app.settings()?.policy.failure_limit;
    let retries =
        task.max_retries.map_or_else(|| format!("{policy} (configuration)"), |own| format!("{own} (task)"));
    fact("gives up after", Some(format!("{retries}, failures in a row: {}", task.state.counters.failures)));
    fact("key", task.idempotency_key.clone());
    fact("session", task.session_id.clone());
    let whole = runs::consumed(&total(shown.runs.iter().map(|run| &run.usage)));
    fact("consumed", (!whole.is_empty()).then_some(whole));
    let when = |at: Millis| format!("{} ({})", time::local(at, app.zone()), time::relative(at, now));
    fact("created", Some(format!("{} by {}", when(task.created_at), task.created_by)));
    fact("started", task.state.started_at.map(when));
    fact("completed", task.state.completed_at.map(when));
    fact("run", task.state.current_run.as_ref().map(ToString::to_string));
    fact("lease until", shown.lease.as_ref().map(|lease| when(lease.facts.expires_at)));
    fact("progress", shown.lease.as_ref().and_then(|lease| lease.progress_note.clone()));
    Ok(table.render())
}

/// What runs consumed together.
fn total<'u>(usages: impl Iterator<Item = &'u Usage>) -> Usage {
    let plus = |sum: &mut Option<i64>, more: Option<i64>| {
        if let Some(more) = more {
            *sum = Some(sum.unwrap_or(0).saturating_add(more));
        }
    };
    let mut sum = Usage::default();
    for usage in usages {
        plus(&mut sum.input_tokens, usage.input_tokens);
        plus(&mut sum.output_tokens, usage.output_tokens);
        plus(&mut sum.cost_micros, usage.cost_micros);
    }
    sum
}

fn workspace(task: &Task) -> String {
    match &task.workspace_path {
        Some(path) => format!("{}: {path}", task.workspace_kind),
        None => task.workspace_kind.to_string(),
    }
}

fn comments(shown: &Shown, now: Millis) -> String {
    let mut text = String::new();
    for comment in &shown.comments {
        let kind = if comment.author_kind == "person" { "" } else { ", worker" };
        let head =
            format!("{}{kind}, {}", output::line(&comment.author), time::relative(comment.created_at, now));
        text.push_str(&format!(
            "  {}\n{}",
            output::paint(Look::Dim, &head),
            output::block(&comment.body, "    ")
        ));
    }
    let left_out = usize::try_from(shown.comment_count).unwrap_or(0).saturating_sub(shown.comments.len());
    let title = if left_out == 0 {
        "Comments".to_owned()
    } else {
        format!("Comments ({left_out} earlier ones left out)")
    };
    section(&title, &text)
}

/// Whether an outcome is meant by a name.
pub(crate) fn outcome(name: &str) -> Result<Outcome, Failure> {
    let names: Vec<&str> = Outcome::ALL.iter().map(|outcome| outcome.as_str()).collect();
    name.parse().map_err(|_| Failure::Usage { message: input::one_of("outcome", name, &names), hint: None })
}
