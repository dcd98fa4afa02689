//! `andon completions`: what a shell needs to complete command lines.

use clap::Args;
use clap_complete::Shell;

use crate::args::unbuilt;
use crate::error::Failure;
use crate::exit::ExitCode;
use crate::output::Out;

/// Write what a shell needs to complete command lines
#[derive(Args, Clone, Debug)]
pub(crate) struct CompletionsArgs {
    /// For which shell
    shell: Shell,
}

/// Prints the script.
pub(crate) fn run(args: CompletionsArgs) -> Result<ExitCode, Failure> {
    let mut script = Vec::new();
    clap_complete::generate(args.shell, &mut unbuilt(), "andon", &mut script);
    Out::Standard.print(&String::from_utf8_lossy(&script));
    Ok(ExitCode::Done)
}
