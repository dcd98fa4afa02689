//! `andon specify`: an idea becomes work.

use std::path::PathBuf;

use andon_core::ProfileName;
use andon_store::operation::Decompose;
use clap::Args;

use crate::app::App;
use crate::error::Failure;
use crate::exit::ExitCode;
use crate::{bulk, input};

/// Turn an idea into work, with a better title, body or assignee
#[derive(Args, Clone, Debug)]
pub(crate) struct SpecifyArgs {
    /// Which idea
    id: String,
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
    let (caller, policy) = (app.caller()?, app.policy()?);
    let roster = app.roster_if(args.assignee.is_some())?;
    let body = input::text(app, args.body, args.body_file.as_deref())?;
    bulk::tasks(app, &[args.id], "Specified", |task| {
        let (task, _) = app.run(Decompose {
            task,
            title: args.title.clone(),
            body: body.clone(),
            assignee: args.assignee.clone(),
            children: Vec::new(),
            hold_children: false,
            caller: caller.clone(),
            roster: roster.clone(),
            policy: policy.clone(),
        })?;
        Ok(task)
    })
}
