//! Runs every check and reports what it found.

use std::fmt;

use super::tree::Tree;
use super::{artefacts, errors, layers, links, lockfile, shape, sql, words};
use crate::failure::Failure;
use crate::shell;

/// Whether a finding fails the check or only asks for attention.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Weight {
    Error,
    Warning,
}

/// A place that breaks a rule.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Finding {
    pub(super) path: String,
    /// Counted from 1; 0 speaks of the whole file.
    pub(super) line: usize,
    pub(super) weight: Weight,
    pub(super) message: String,
}

impl Finding {
    pub(super) fn error(path: &str, line: usize, message: impl Into<String>) -> Self {
        Self { path: path.to_owned(), line, weight: Weight::Error, message: message.into() }
    }

    pub(super) fn warning(path: &str, line: usize, message: impl Into<String>) -> Self {
        Self { weight: Weight::Warning, ..Self::error(path, line, message) }
    }
}

impl fmt::Display for Finding {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let weight = match self.weight {
            Weight::Error => "error",
            Weight::Warning => "warning",
        };
        match self.line {
            0 => write!(f, "{}: {weight}: {}", self.path, self.message),
            line => write!(f, "{}:{line}: {weight}: {}", self.path, self.message),
        }
    }
}

/// Every rule, in the order in which it is reported.
pub(super) const CHECKS: &[fn(&Tree) -> Vec<Finding>] = &[
    layers::edges,
    layers::pure_core,
    shape::sizes,
    shape::module_docs,
    shape::mod_files,
    sql::statements,
    sql::board_files,
    words::attributes_and_macros,
    words::unfinished,
    words::machine_paths,
    words::mirrors,
    links::resolve,
    errors::pages,
    artefacts::committed,
    lockfile::budget,
    lockfile::sources,
];

fn findings(tree: &Tree) -> Vec<Finding> {
    CHECKS.iter().flat_map(|check| check(tree)).collect()
}

/// Checks the repository and prints what it finds.
///
/// # Errors
/// When at least one finding is an error, or the repository cannot be read.
pub(crate) fn run() -> Result<(), Failure> {
    let tree = Tree::read(&shell::root())?;
    let findings = findings(&tree);
    for finding in &findings {
        println!("{finding}");
    }
    let errors = findings.iter().filter(|finding| finding.weight == Weight::Error).count();
    let warnings = findings.len() - errors;
    println!("tidy: {} files, {errors} error(s), {warnings} warning(s)", tree.files.len());
    if errors == 0 { Ok(()) } else { Err(Failure::Untidy(errors)) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_repository_keeps_the_rules_of_the_house() {
        let tree = Tree::read(&shell::root()).unwrap();
        let errors: Vec<String> = findings(&tree)
            .into_iter()
            .filter(|finding| finding.weight == Weight::Error)
            .map(|finding| finding.to_string())
            .collect();
        assert!(errors.is_empty(), "{}", errors.join("\n"));
    }
}
