//! `cargo xtask demo`: builds Andon and runs its main job, a pipeline of real tasks, on a board of its own.

mod pipeline;
mod show;

use crate::failure::Failure;
use crate::shell;

const HELP: &str = "\
Usage: cargo xtask demo [--keep]

Builds Andon and runs the pipeline of examples/demo on a board in a temporary folder.

  --keep    leave the folder behind, and say how to look at the board
";

/// Builds with the development profile, which a fresh machine finishes soonest, and runs the pipeline.
pub(crate) fn run(args: &[String]) -> Result<(), Failure> {
    let keep = match args {
        [] => false,
        [only] if only == "--keep" => true,
        [only] if only == "--help" || only == "-h" => {
            print!("{HELP}");
            return Ok(());
        }
        [other, ..] => return Err(Failure::Usage(format!("demo knows `--keep` alone, not `{other}`"))),
    };
    shell::run(shell::cargo(&["build", "--package", "andon", "--bin", "andon"]))?;
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
    let runtime =
        runtime.map_err(|source| Failure::Start { command: "the event loop".to_owned(), source })?;
    runtime.block_on(show::run(&shell::target().join("debug").join("andon"), keep))
}
