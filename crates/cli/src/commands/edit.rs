//! `andon edit`: change what a person may change, and mend a task that is stuck (SD4-08..11).

use std::path::PathBuf;

use andon_core::task::Status;
use andon_core::{ProfileName, TaskId};
use andon_engine::config::Duration;
use andon_engine::workspace::validate_branch;
use andon_store::operation::{Edit, Reclaim, ResetFailures, TaskChanges};
use andon_store::sql::tasks::Task;
use clap::Args;
use serde_json::Value;

use crate::app::App;
use crate::error::Failure;
use crate::exit::ExitCode;
use crate::{bulk, input, time};

/// Change a task, or mend one that is stuck
#[derive(Args, Clone, Debug)]
pub(crate) struct EditArgs {
    /// Which tasks; a worker's own where none is named
    #[arg(value_name = "TASK")]
    ids: Vec<String>,
    /// A new title
    #[arg(long, value_name = "TEXT")]
    title: Option<String>,
    /// A new body; an empty one clears it
    #[arg(long, value_name = "TEXT", conflicts_with = "body_file")]
    body: Option<String>,
    /// A new body, from a file; `-` is standard input
    #[arg(long, value_name = "FILE")]
    body_file: Option<PathBuf>,
    /// A new priority; higher goes first
    #[arg(long, value_name = "N", allow_negative_numbers = true)]
    priority: Option<i64>,
    /// A new tenant; `none` clears it
    #[arg(long, value_name = "NAME")]
    tenant: Option<String>,
    /// A new reviewer; `none` clears it
    #[arg(long, value_name = "PROFILE", value_parser = input::assignee)]
    reviewer: Option<MaybeProfile>,
    /// A new model; `none` clears it
    #[arg(long, value_name = "NAME")]
    model: Option<String>,
    /// Its skills from now on; may be said several times
    #[arg(long = "skill", value_name = "NAME", conflicts_with = "clear_skills")]
    skills: Vec<String>,
    /// The labels that its host must have from now on; may be said several times, and `--require ""` asks for none
    #[arg(long = "require", value_name = "LABEL")]
    requires: Vec<String>,
    /// How long a run may take; `none` clears it
    #[arg(long, value_name = "LENGTH", value_parser = maybe_length)]
    max_runtime: Option<MaybeLength>,
    /// Failures in a row at which it is given up; `none` clears it
    #[arg(long, value_name = "N", value_parser = maybe_count)]
    max_retries: Option<MaybeCount>,
    /// Where its runs work from now on
    #[arg(long, value_name = "WORKSPACE")]
    workspace: Option<String>,
    /// The branch of its worktree; `none` clears it
    #[arg(long, value_name = "NAME", allow_hyphen_values = true)]
    branch: Option<String>,
    /// The result of a finished task
    #[arg(long, value_name = "TEXT")]
    result: Option<String>,
    /// The handoff of a finished task
    #[arg(long, value_name = "TEXT")]
    summary: Option<String>,
    /// The same as data: a JSON object
    #[arg(long, value_name = "JSON", value_parser = input::json_object)]
    metadata: Option<Value>,
    /// Set the failure counters to zero
    #[arg(long)]
    reset_failures: bool,
    /// Take back a run that keeps the task
    #[arg(long)]
    clear_claim: bool,
    /// Ask for no skills any more
    #[arg(long)]
    clear_skills: bool,
}

type MaybeProfile = Option<ProfileName>;
type MaybeLength = Option<Duration>;
type MaybeCount = Option<u32>;

fn maybe_length(text: &str) -> Result<MaybeLength, String> {
    if text == "none" { Ok(None) } else { time::parse_length(text).map(Some) }
}

fn maybe_count(text: &str) -> Result<MaybeCount, String> {
    match text {
        "none" => Ok(None),
        other => match other.parse() {
            Ok(count) if count >= 1 => Ok(Some(count)),
            Ok(_) | Err(_) => Err("it is a whole number of at least 1, or `none`".to_owned()),
        },
    }
}

/// Edits tasks.
pub(crate) fn run(app: &App, args: EditArgs) -> Result<ExitCode, Failure> {
    let ids = bulk::ids(app, &args.ids)?;
    let changes = args.changes(app)?;
    let edits = changes != TaskChanges::default();
    if !edits && !args.reset_failures && !args.clear_claim {
        return Err(Failure::usage("nothing is to be changed", "`andon edit --help` shows what can be"));
    }
    let (caller, policy) = (app.caller()?, app.policy()?);
    let roster = app.roster_if(changes.reviewer.is_some() || changes.skills.is_some())?;
    bulk::tasks(app, &ids, "Edited", |task| {
        let mut edited = None;
        if args.clear_claim {
            edited = Some(clear_claim(app, &task)?);
        }
        if args.reset_failures {
            let reset = ResetFailures { task: task.clone(), caller: caller.clone(), policy: policy.clone() };
            edited = Some(app.run(reset)?);
        }
        match edited {
            Some(edited) if !edits => Ok(edited),
            Some(_) | None => app.run(Edit {
                task,
                changes: changes.clone(),
                caller: caller.clone(),
                roster: roster.clone(),
                policy: policy.clone(),
            }),
        }
    })
}

/// Takes back the run of a running task; a task that does not run has no claim to clear.
fn clear_claim(app: &App, task: &TaskId) -> Result<Task, Failure> {
    let now = app.shown(task, 0)?.task;
    if now.state.status != Status::Running {
        return Ok(now);
    }
    let (caller, policy) = (app.caller()?, app.policy()?);
    app.run(Reclaim { task: task.clone(), caller, reason: "the claim was cleared".to_owned(), policy })
}

impl EditArgs {
    fn changes(&self, app: &App) -> Result<TaskChanges, Failure> {
        let or_none = |text: &Option<String>| {
            text.as_ref()
                .map(|text| Some(text.trim().to_owned()).filter(|text| !text.is_empty() && text != "none"))
        };
        let branch = or_none(&self.branch);
        if let Some(Some(branch)) = &branch {
            validate_branch(branch)?;
        }
        let skills = if self.clear_skills {
            Some(Vec::new())
        } else {
            Some(self.skills.clone()).filter(|s| !s.is_empty())
        };
        Ok(TaskChanges {
            title: self.title.clone(),
            body: input::text(app, self.body.clone(), self.body_file.as_deref())?.map(Some),
            priority: self.priority,
            tenant: or_none(&self.tenant),
            reviewer: self.reviewer.clone(),
            model: or_none(&self.model),
            skills,
            requires: Some(self.requires.clone()).filter(|labels| !labels.is_empty()),
            max_runtime: self.max_runtime.map(|length| length.map(Duration::as_millis)),
            max_retries: self.max_retries,
            workspace: self.workspace.as_deref().map(|text| input::workspace(app, text)).transpose()?,
            branch,
            goal_mode: None,
            goal_max_turns: None,
            result: self.result.clone(),
            summary: self.summary.clone(),
            metadata: self.metadata.clone(),
        })
    }
}
