//! `andon specify`: an idea becomes work.

use std::path::PathBuf;

use andon_agent::planner::idea::Wish;
use andon_core::ProfileName;
use andon_store::operation::Decompose;
use clap::Args;

use super::planning;
use crate::app::App;
use crate::error::Failure;
use crate::exit::ExitCode;
use crate::{bulk, input};

/// Turn an idea into work, with a better title, body or assignee
#[derive(Args, Clone, Debug)]
pub(crate) struct SpecifyArgs {
    /// Which idea
    #[arg(required_unless_present = "all", conflicts_with = "all")]
    id: Option<String>,
    /// Have the planner's model write title and body
    #[arg(long, conflicts_with_all = ["title", "body", "body_file", "assignee"])]
    auto: bool,
    /// Have it do so with every idea of the board
    #[arg(long, conflicts_with_all = ["title", "body", "body_file", "assignee"])]
    all: bool,
    /// With `--all`: those of this tenant
    #[arg(long, value_name = "NAME", requires = "all")]
    tenant: Option<String>,
    /// Its title from now on
    #[arg(long, value_name = "TEXT")]
    title: Option<String>,
    /// Its specification
    #[arg(long, value_name = "TEXT", conflicts_with = "body_file")]
    body: Option<String>,
    /// Its specification, from a file; `-` is standard input
    #[arg(long, value_name = "FILE")]
    body_file: Option<PathBuf>,
    /// Who works on it
    #[arg(long, short = 'a', value_name = "PROFILE")]
    assignee: Option<ProfileName>,
}

/// Specifies an idea.
pub(crate) fn run(app: &App, args: SpecifyArgs) -> Result<ExitCode, Failure> {
    if args.auto || args.all {
        return planning::ideas(app, Wish::Specify, args.id, args.tenant);
    }
    let ids: Vec<String> = args.id.into_iter().collect();
    let (caller, policy) = (app.caller()?, app.policy()?);
    let roster = app.roster_if(args.assignee.is_some())?;
    let body = input::text(app, args.body, args.body_file.as_deref())?;
    bulk::tasks(app, &ids, "Specified", |task| {
        let (task, _) = app.run(Decompose {
            task,
            title: args.title.clone(),
            body: body.clone(),
            assignee: args.assignee.clone(),
            children: Vec::new(),
            hold_children: false,
            planned: None,
            caller: caller.clone(),
            roster: roster.clone(),
            policy: policy.clone(),
        })?;
        Ok(task)
    })
}
