//! `cargo xtask demo`: builds Andon and runs its main job.

use crate::failure::Failure;
use crate::shell;

/// Builds with the development profile, which a fresh machine finishes soonest, and hands over to the binary.
pub(crate) fn run(args: &[String]) -> Result<(), Failure> {
    shell::run(shell::cargo(&["build", "--package", "andon", "--bin", "andon"]))?;
    let andon = shell::target().join("debug").join("andon");
    let mut demo = shell::command(&andon.to_string_lossy(), &[]);
    demo.args(args);
    shell::run(demo)
}
