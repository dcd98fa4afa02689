//! `andon why`: what keeps a task from running, and what would let it run.

use clap::Args;

use crate::app::App;
use crate::error::Failure;
use crate::exit::ExitCode;
use crate::json::ReasonJson;
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
        output::print_json(&reasons.into_iter().map(ReasonJson::from).collect::<Vec<_>>());
        return Ok(ExitCode::Done);
    }
    output::print(&text(&reasons, app.now(), ""));
    Ok(ExitCode::Done)
}

/// Reasons with what clears each.
pub(crate) fn text(reasons: &[andon_core::why::Reason], now: andon_core::Millis, indent: &str) -> String {
    let mut out = String::new();
    for reason in reasons {
        let code = output::paint(Look::Name, reason.code);
        out.push_str(&format!("{indent}{code}: {}\n", output::line(&reason.message)));
        if let Some(until) = reason.until {
            out.push_str(&format!(
                "{indent}  until {} ({})\n",
                time::local(until),
                time::relative(until, now)
            ));
        }
        if let Some(clear) = &reason.clear {
            out.push_str(&format!("{indent}  → {}\n", output::line(&clear.command)));
        }
    }
    out
}
