//! `andon create`: a new task.

use std::path::PathBuf;

use andon_core::task::{Refusal, Status, WorkspaceKind};
use andon_core::{ProfileName, TaskId};
use andon_engine::config::Duration;
use andon_engine::workspace::validate_branch;
use andon_server::shape;
use andon_store::operation::{Create, NewTask, Start};
use clap::{Args, ValueEnum};

use crate::app::App;
use crate::error::Failure;
use crate::exit::ExitCode;
use crate::{bulk, input, insight, output, time};

/// Where a new task starts.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum Initial {
    /// As its parents and its time allow
    Running,
    /// Blocked until somebody lets it go on
    Blocked,
    /// As an idea
    Triage,
}

/// Create a task
#[derive(Args, Clone, Debug)]
pub(crate) struct CreateArgs {
    /// What is to be done, on one line
    title: String,
    /// The specification
    #[arg(long, short = 'm', value_name = "TEXT", conflicts_with = "body_file")]
    body: Option<String>,
    /// The specification, from a file; `-` is standard input
    #[arg(long, value_name = "FILE")]
    body_file: Option<PathBuf>,
    /// The profile that works on it
    #[arg(long, short = 'a', value_name = "PROFILE")]
    assignee: Option<ProfileName>,
    /// The profile that reviews it
    #[arg(long, value_name = "PROFILE")]
    reviewer: Option<ProfileName>,
    /// A task that must be finished first; may be said several times
    #[arg(long = "parent", short = 'p', value_name = "TASK")]
    parents: Vec<String>,
    /// Where its runs work: scratch, dir:PATH, worktree or worktree:PATH
    #[arg(long, value_name = "WORKSPACE")]
    workspace: Option<String>,
    /// The branch of its worktree
    #[arg(long, value_name = "NAME", allow_hyphen_values = true)]
    branch: Option<String>,
    /// A name space inside the board
    #[arg(long, value_name = "NAME")]
    tenant: Option<String>,
    /// Higher goes first
    #[arg(long, default_value_t = 0, allow_negative_numbers = true, value_name = "N")]
    priority: i64,
    /// Start as an idea that somebody has yet to specify
    #[arg(long)]
    triage: bool,
    /// Where it starts
    #[arg(long, value_enum, value_name = "WHERE", conflicts_with = "triage")]
    initial_status: Option<Initial>,
    /// Not before this moment: RFC 3339, "2030-01-31 09:00", "in 2h", "tomorrow 9:00"
    #[arg(long, visible_alias = "scheduled-at", value_name = "WHEN")]
    at: Option<String>,
    /// Wait for a person's promote
    #[arg(long)]
    hold: bool,
    /// Creations with the same key make one task
    #[arg(long, value_name = "KEY")]
    idempotency_key: Option<String>,
    /// How long a run may take, such as 90s, 15m or 2h; 0 ends it at once
    #[arg(long, value_name = "LENGTH", value_parser = time::parse_length)]
    max_runtime: Option<Duration>,
    /// Failures in a row at which it is given up
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u32).range(1..))]
    max_retries: Option<u32>,
    /// The model that its runs use
    #[arg(long, value_name = "NAME")]
    model: Option<String>,
    /// A skill for its runs; may be said several times
    #[arg(long = "skill", value_name = "NAME")]
    skills: Vec<String>,
    /// A label that a host must have to run it; may be said several times
    #[arg(long = "require", value_name = "LABEL")]
    requires: Vec<String>,
    /// Judge its runs turn by turn until the goal is reached
    #[arg(long)]
    goal: bool,
    /// Turns of the goal mode
    #[arg(long, value_name = "N", requires = "goal", value_parser = clap::value_parser!(i64).range(1..))]
    goal_max_turns: Option<i64>,
    /// The session that it comes from
    #[arg(long, value_name = "ID")]
    session: Option<String>,
    /// The workflow that it belongs to
    #[arg(long, value_name = "ID")]
    workflow_template_id: Option<String>,
    /// Its step in the workflow
    #[arg(long, value_name = "KEY")]
    step_key: Option<String>,
    /// A channel that is told what becomes of it; may be said several times
    #[arg(long = "notify", value_name = "CHANNEL")]
    notify: Vec<String>,
}

/// Creates a task and shows it.
pub(crate) fn run(app: &App, args: CreateArgs) -> Result<ExitCode, Failure> {
    let needs_roster = args.assignee.is_some() || args.reviewer.is_some();
    let caller = app.caller()?;
    let board = app.board()?;
    let operation = Create {
        task: args.into_task(app)?,
        caller,
        roster: app.roster_if(needs_roster)?,
        default_workdir: app.settings()?.file.default_workdir.clone(),
        policy: app.policy()?,
    };
    let parents = operation.task.parents.clone();
    let created = futures::executor::block_on(board.run(operation))?;
    let task = &created.task;
    if app.json {
        let json =
            if created.new { shape::task(task, &parents, &[]) } else { bulk::task_json(app, &task.id)? };
        app.out.print_json(&json);
        return Ok(ExitCode::Done);
    }
    let assignee = task.assignee.as_ref().map_or("-", ProfileName::as_str);
    let word = if created.new { "Created" } else { "Exists already:" };
    let placed = output::placed(task, app.now());
    app.out.print(&format!("{word} {}  ({placed}, assignee={assignee})\n", task.id));
    if task.state.status == Status::Ready && task.assignee.is_some() {
        nobody_dispatches(app, &task.id)?;
    }
    Ok(ExitCode::Done)
}

/// Says so where the task would wait for ever.
fn nobody_dispatches(app: &App, task: &TaskId) -> Result<(), Failure> {
    let reasons = insight::reasons(app, task)?;
    if let Some(reason) = reasons.iter().find(|reason| reason.code == "no_dispatcher") {
        app.out.say(&format!(
            "andon: {}: `andon serve` or `andon dispatch` starts it",
            output::line(&reason.message)
        ));
    }
    Ok(())
}

impl CreateArgs {
    fn into_task(self, app: &App) -> Result<NewTask, Failure> {
        let (kind, path) = match &self.workspace {
            Some(text) => input::workspace(app, text).map(|(kind, path)| (Some(kind), path))?,
            None => (None, None),
        };
        check_branch(self.branch.as_deref(), kind)?;
        let now = app.now();
        let at = self.at.as_deref().map(|text| time::moment(text, now, app.zone())).transpose();
        let at = at.map_err(|message| Failure::Usage { message, hint: None })?;
        let mut notify = Vec::new();
        for name in self.notify.iter().flat_map(|text| input::names(text)) {
            let channel = super::notify::channel(app, &name)?;
            if !notify.contains(&channel) {
                notify.push(channel);
            }
        }
        let start = match (self.triage, self.initial_status) {
            (true, _) | (false, Some(Initial::Triage)) => Start::Triage,
            (false, Some(Initial::Blocked)) => Start::Blocked("blocked at its creation".to_owned()),
            (false, Some(Initial::Running) | None) => Start::Normal,
        };
        Ok(NewTask {
            title: self.title,
            body: input::text(app, self.body, self.body_file.as_deref())?,
            assignee: self.assignee,
            reviewer: self.reviewer,
            parents: parents(&self.parents)?,
            priority: self.priority,
            tenant: self.tenant,
            workspace_kind: kind,
            workspace_path: path,
            branch: self.branch,
            model: self.model,
            skills: self.skills,
            requires: self.requires,
            max_runtime: self.max_runtime.map(Duration::as_millis),
            max_retries: self.max_retries,
            idempotency_key: self.idempotency_key,
            session_id: self.session,
            goal_mode: self.goal,
            goal_max_turns: self.goal_max_turns,
            start,
            at,
            held: self.hold,
            step_key: self.step_key,
            workflow_template_id: self.workflow_template_id,
            notify,
        })
    }
}

/// Ids of parents; a text that is no id is a parent that is not there.
fn parents(given: &[String]) -> Result<Vec<TaskId>, Failure> {
    let mut ids = Vec::new();
    let mut unknown = Vec::new();
    for text in given.iter().flat_map(|text| input::names(text)) {
        match text.parse() {
            Ok(id) if !ids.contains(&id) => ids.push(id),
            Ok(_) => {}
            Err(_) => unknown.push(text.chars().take(80).collect()),
        }
    }
    if unknown.is_empty() { Ok(ids) } else { Err(Refusal::UnknownParents(unknown).into()) }
}

/// A branch is one of git's, and only a worktree has one.
pub(crate) fn check_branch(branch: Option<&str>, kind: Option<WorkspaceKind>) -> Result<(), Failure> {
    let Some(branch) = branch else { return Ok(()) };
    validate_branch(branch)?;
    if kind != Some(WorkspaceKind::Worktree) {
        let message = format!("branch {branch:?} needs a worktree to be checked out in");
        return Err(Failure::usage(message, "say `--workspace worktree` too, or leave `--branch` out"));
    }
    Ok(())
}
