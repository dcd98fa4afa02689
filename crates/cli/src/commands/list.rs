//! `andon list`: the tasks of a board.

use andon_core::ProfileName;
use andon_core::task::Status;
use andon_server::shape;
use andon_store::query::{List, Sort};
use clap::Args;

use crate::app::App;
use crate::error::Failure;
use crate::exit::ExitCode;
use crate::{input, output};

/// List tasks
#[derive(Args, Clone, Debug)]
pub(crate) struct ListArgs {
    /// Only of this status
    #[arg(long, short = 's', value_parser = input::status)]
    status: Option<Status>,
    /// Only of this assignee
    #[arg(long, short = 'a', value_name = "PROFILE", conflicts_with = "mine")]
    assignee: Option<ProfileName>,
    /// Only mine: of a worker's own profile, or of the profile that is called like me
    #[arg(long)]
    mine: bool,
    /// Only of this tenant
    #[arg(long, value_name = "NAME")]
    tenant: Option<String>,
    /// Only of this session
    #[arg(long, value_name = "ID")]
    session: Option<String>,
    /// Only of this workflow
    #[arg(long, value_name = "ID")]
    workflow_template_id: Option<String>,
    /// Only of this step of a workflow
    #[arg(long, visible_alias = "current-step-key", value_name = "KEY")]
    step_key: Option<String>,
    /// Archived ones too
    #[arg(long)]
    archived: bool,
    /// In which order: priority, priority-desc, created, created-desc, status, assignee, title, updated
    #[arg(long, value_name = "ORDER", default_value = "priority", value_parser = sort)]
    sort: Sort,
    /// At most so many
    #[arg(long, value_name = "N", default_value_t = 100, value_parser = clap::value_parser!(u32).range(1..=10_000))]
    limit: u32,
    /// Go on where an earlier list ended
    #[arg(long, value_name = "CURSOR", default_value_t = 0)]
    cursor: u32,
}

fn sort(text: &str) -> Result<Sort, String> {
    let names: Vec<&str> = Sort::NAMES.iter().map(|(name, _)| *name).collect();
    let found = Sort::NAMES.iter().find(|(name, _)| *name == text);
    found.map(|(_, sort)| *sort).ok_or_else(|| input::one_of("order", text, &names))
}

/// Lists tasks.
pub(crate) fn run(app: &App, args: ListArgs) -> Result<ExitCode, Failure> {
    let assignee = if args.mine {
        let own = app.own_profile();
        Some(own.ok_or_else(|| {
            Failure::usage(
                format!("{:?} is no profile's name, so nothing can be yours", app.person()),
                "say `--assignee <profile>`",
            )
        })?)
    } else {
        args.assignee
    };
    let (limit, cursor) = (args.limit, args.cursor);
    let listed = app.run(List {
        status: args.status,
        archived: args.archived,
        assignee,
        tenant: args.tenant,
        session: args.session,
        step_key: args.step_key,
        workflow_template_id: args.workflow_template_id,
        sort: args.sort,
        limit,
        offset: cursor,
    })?;
    if app.json {
        let tasks: Vec<_> = listed
            .tasks
            .iter()
            .map(|(task, parents, children)| shape::task(task, parents, children))
            .collect();
        app.out.print_json(&tasks);
    } else {
        if app.home().boards().len() > 1 {
            app.out.say(&output::paint(output::Look::Dim, &format!("board {}", app.slug()?)));
        }
        app.out.print(&output::list_table(listed.tasks.iter().map(|(task, _, _)| task), app.now()));
        if listed.tasks.is_empty() {
            app.out.say("(no matching tasks)");
        }
    }
    if listed.more {
        let next = cursor.saturating_add(limit);
        app.out.say(&format!("there are more: `--cursor {next}` goes on, `--limit` shows more at once"));
    }
    Ok(ExitCode::Done)
}
