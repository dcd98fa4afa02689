//! `andon watch`: what happens on the board, as it happens.

use std::collections::BTreeMap;

use andon_core::ProfileName;
use andon_store::query::{EventFilter, Head};
use andon_store::sql::events::Event;
use clap::Args;

use crate::app::App;
use crate::error::Failure;
use crate::exit::ExitCode;
use crate::follow::Follow;
use crate::input;

/// Show what happens on the board from now on, until interrupted
#[derive(Args, Clone, Debug)]
pub(crate) struct WatchArgs {
    /// Only of tasks of this assignee
    #[arg(long, short = 'a', value_name = "PROFILE")]
    assignee: Option<ProfileName>,
    /// Only of tasks of this tenant
    #[arg(long, value_name = "NAME")]
    tenant: Option<String>,
    /// Only of these kinds, separated by commas
    #[arg(long, value_name = "KINDS")]
    kinds: Option<String>,
}

/// Follows the board.
pub(crate) fn run(app: &App, args: WatchArgs) -> Result<ExitCode, Failure> {
    let (head, _) = app.run(Head { reader: None })?;
    let filter =
        EventFilter { task: None, kinds: args.kinds.as_deref().map(input::names).unwrap_or_default() };
    let narrow = args.assignee.is_some() || args.tenant.is_some();
    // A task that is gone keeps the answer that it last had.
    let mut known: BTreeMap<String, bool> = BTreeMap::new();
    let wanted = |event: &Event| {
        let Some(id) = event.task.as_deref().filter(|_| narrow) else { return Ok(!narrow) };
        let belongs = match id.parse().ok().and_then(|task| app.shown(&task, 0).ok()) {
            Some(shown) => {
                args.assignee.as_ref().is_none_or(|wanted| shown.task.assignee.as_ref() == Some(wanted))
                    && args.tenant.as_ref().is_none_or(|wanted| shown.task.tenant.as_ref() == Some(wanted))
            }
            None => known.get(id).copied().unwrap_or(false),
        };
        known.insert(id.to_owned(), belongs);
        Ok(belongs)
    };
    Follow { filter, wanted, with_task: true }.run(app, head)
}
