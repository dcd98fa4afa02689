//! `andon decompose`: an idea becomes several tasks, by a plan.

use std::path::PathBuf;

use andon_agent::planner::idea::Wish;
use andon_core::ProfileName;
use andon_core::task::Refusal;
use andon_store::operation::{Child, Decompose};
use clap::Args;
use serde::Deserialize;
use serde_json::json;

use super::planning;
use crate::app::App;
use crate::error::Failure;
use crate::exit::ExitCode;
use crate::{input, output};

/// Split an idea into tasks that it then waits for
#[derive(Args, Clone, Debug)]
pub(crate) struct DecomposeArgs {
    /// Which idea
    #[arg(required_unless_present = "all", conflicts_with = "all")]
    id: Option<String>,
    /// The plan, a JSON file; `-` is standard input:
    /// {"children": [{"title": …, "body": …, "assignee": …, "parents": [0]}, …]}
    #[arg(long, value_name = "FILE", required_unless_present_any = ["auto", "all"])]
    plan: Option<PathBuf>,
    /// The children wait for a promote
    #[arg(long)]
    hold: bool,
    /// Have the planner's model make the plan
    #[arg(long, conflicts_with_all = ["plan", "hold"])]
    auto: bool,
    /// Have it do so with every idea of the board
    #[arg(long, conflicts_with_all = ["plan", "hold"])]
    all: bool,
    /// With `--all`: those of this tenant
    #[arg(long, value_name = "NAME", requires = "all")]
    tenant: Option<String>,
}

/// A plan. Parents of a child are positions in the list, from 0.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Plan {
    title: Option<String>,
    body: Option<String>,
    assignee: Option<ProfileName>,
    children: Vec<PlannedChild>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct PlannedChild {
    title: String,
    body: Option<String>,
    assignee: Option<ProfileName>,
    #[serde(default)]
    parents: Vec<usize>,
}

/// Decomposes an idea; the whole plan, or nothing.
pub(crate) fn run(app: &App, args: DecomposeArgs) -> Result<ExitCode, Failure> {
    if args.auto || args.all {
        return planning::ideas(app, Wish::Decompose, args.id, args.tenant);
    }
    let id = input::task(app, args.id.as_deref())?;
    let file = args.plan.unwrap_or_else(|| PathBuf::from("-"));
    let text = input::text(app, None, Some(&file))?.unwrap_or_default();
    let plan: Plan = serde_json::from_str(&text)
        .map_err(|error| Refusal::BadPlan(format!("{}: {error}", file.display())))?;
    if plan.children.is_empty() {
        return Err(Refusal::BadPlan(format!("{}: the plan has no children", file.display())).into());
    }
    let children = plan.children.into_iter().map(|child| Child {
        title: child.title,
        body: child.body,
        assignee: child.assignee,
        parents: child.parents,
    });
    let (task, ids) = app.run(Decompose {
        task: id,
        title: plan.title,
        body: plan.body,
        assignee: plan.assignee,
        children: children.collect(),
        hold_children: args.hold,
        planned: None,
        caller: app.caller()?,
        roster: app.roster()?,
        policy: app.policy()?,
    })?;
    if app.json {
        app.out.print_json(&json!({
            "task_id": task.id, "ok": true, "reason": null, "fanout": ids.len(), "child_ids": ids,
            "new_title": task.title,
        }));
    } else {
        app.out.print(&format!("Decomposed {}  ({})\n", task.id, output::placed(&task, app.now())));
        for id in ids {
            app.out.print(&format!("  {id}\n"));
        }
    }
    Ok(ExitCode::Done)
}
