//! Why a chore ended badly.

use std::path::PathBuf;

/// What a developer has to be told when a chore fails.
#[derive(Debug, thiserror::Error)]
pub(crate) enum Failure {
    #[error("{0}")]
    Usage(String),
    #[error("could not start `{command}`: {source}")]
    Start { command: String, source: std::io::Error },
    #[error("`{command}` failed ({status})")]
    Command { command: String, status: std::process::ExitStatus },
    #[error("could not read or write {}: {source}", path.display())]
    File { path: PathBuf, source: std::io::Error },
    #[error("the tests need {0}")]
    Missing(String),
    #[error("the demo: {0}")]
    Demo(String),
    #[error("{0} finding(s); each names its file, its line and the rule")]
    Untidy(usize),
    #[error("out of date: {0}; run `cargo xtask docs` and commit the result")]
    OutOfDate(String),
}
