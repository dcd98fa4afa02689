//! `andon block`: stop tasks until somebody lets them go on.

use andon_core::TaskId;
use andon_core::task::BlockKind;
use andon_store::operation::{Block, BlockOn};
use andon_store::sql::tasks::Task;
use clap::Args;

use crate::app::App;
use crate::error::Failure;
use crate::exit::ExitCode;
use crate::{bulk, input};

/// Stop tasks until somebody lets them go on
#[derive(Args, Clone, Debug)]
pub(crate) struct BlockArgs {
    /// Which task, and the question or cause; in a worker the task may be left out
    #[arg(required = true, value_name = "[TASK] REASON")]
    words: Vec<String>,
    /// Further tasks; may be said several times
    #[arg(long, value_name = "TASK", num_args = 1..)]
    ids: Vec<String>,
    /// Why: needs_input, capability, transient, operator or dependency
    #[arg(long, value_name = "KIND", value_parser = kind)]
    kind: Option<Kind>,
    /// The parent to wait for, with `--kind dependency`
    #[arg(long, value_name = "TASK")]
    on: Option<String>,
}

/// Which kind of block is asked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Kind {
    Sticky(BlockKind),
    Dependency,
}

fn kind(text: &str) -> Result<Kind, String> {
    const KINDS: [&str; 5] = ["needs_input", "capability", "transient", "operator", "dependency"];
    match text.trim().to_lowercase().replace('-', "_").as_str() {
        "dependency" => Ok(Kind::Dependency),
        known if KINDS.contains(&known) => {
            known.parse().map(Kind::Sticky).map_err(|_| input::one_of("kind of block", text, &KINDS))
        }
        _ => Err(input::one_of("kind of block", text, &KINDS)),
    }
}

/// Blocks tasks.
pub(crate) fn run(app: &App, args: BlockArgs) -> Result<ExitCode, Failure> {
    let (first, reason) = input::task_and_words(app, &args.words)?;
    let mut given = vec![first.to_string()];
    given.extend(args.ids.iter().cloned());
    let on: Option<TaskId> = args.on.as_deref().map(str::parse).transpose()?;
    let default = if app.in_worker() { BlockKind::NeedsInput } else { BlockKind::Operator };
    let kind = match (args.kind, &on) {
        (Some(kind), _) => kind,
        (None, Some(_)) => Kind::Dependency,
        (None, None) => Kind::Sticky(default),
    };
    if on.is_some() && kind != Kind::Dependency {
        return Err(Failure::usage(
            "`--on` names a parent to wait for",
            "say `--kind dependency`, or leave `--on` out",
        ));
    }
    bulk::tasks(app, &bulk::ids(app, &given)?, "Blocked", |task| one(app, task, kind, &reason, on.as_ref()))
}

fn one(app: &App, task: TaskId, kind: Kind, reason: &str, on: Option<&TaskId>) -> Result<Task, Failure> {
    let (caller, policy, reason) = (app.caller()?, app.policy()?, reason.to_owned());
    match kind {
        Kind::Sticky(kind) => app.run(Block { task, caller, kind, reason, policy }),
        Kind::Dependency => {
            let reason = if reason.trim().is_empty() { "it waits for a parent".to_owned() } else { reason };
            app.run(BlockOn { task, caller, on: on.cloned(), reason, policy })
        }
    }
}
