//! `andon exit-codes`: what the exit codes mean.

use clap::Args;

use crate::error::Failure;
use crate::exit::{ExitCode, TABLE};
use crate::output::Out;

/// Say what the exit codes mean
#[derive(Args, Clone, Debug)]
#[command(after_help = TABLE)]
pub(crate) struct ExitCodesArgs {}

/// Prints the table.
pub(crate) fn run(_args: ExitCodesArgs) -> Result<ExitCode, Failure> {
    Out::Standard.print(&format!("{TABLE}\n"));
    Ok(ExitCode::Done)
}
