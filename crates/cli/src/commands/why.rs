//! `andon why`: what keeps a task from running, and what would let it run.

use andon_server::shape;
use clap::Args;

use crate::app::App;
use crate::error::Failure;
use crate::exit::ExitCode;
use crate::output::Look;
use crate::{input, insight, output, time};

/// Say why a task does not run, and what would make it run
#[derive(Args, Clone, Debug)]
pub(crate) struct WhyArgs {
    /// Which task; a worker's own where none is named
    id: Option<String>,
}

/// Shows every reason, in order.
pub(crate) fn run(app: &App, args: WhyArgs) -> Result<ExitCode, Failure> {
    let id = input::task(app, args.id.as_deref())?;
    let reasons = insight::reasons(app, &id)?;
    if app.json {
        app.out.print_json(&reasons.into_iter().map(shape::reason).collect::<Vec<_>>());
        return Ok(ExitCode::Done);
    }
    app.out.print(&text(app, &reasons, ""));
    Ok(ExitCode::Done)
}

/// Reasons with what clears each.
pub(crate) fn text(app: &App, reasons: &[andon_core::why::Reason], indent: &str) -> String {
    let mut out = String::new();
    for reason in reasons {
        let code = output::paint(Look::Name, reason.code);
        out.push_str(&format!("{indent}{code}: {}\n", output::line(&reason.message)));
        if let Some(until) = reason.until {
            out.push_str(&format!(
                "{indent}  until {} ({})\n",
                time::local(until, app.zone()),
                time::relative(until, app.now())
            ));
        }
        if let Some(clear) = &reason.clear {
            out.push_str(&format!("{indent}  → {}\n", output::line(&clear.command)));
        }
    }
    out
}
