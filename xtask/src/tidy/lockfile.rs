//! What `Cargo.lock` may hold: a budget of packages, from the public registry alone.

use super::check::Finding;
use super::tree::Tree;

const LOCK: &str = "Cargo.lock";
const BUDGET: usize = 560;
const PUBLIC: &str = "registry+https://github.com/rust-lang/crates.io-index";

fn lines(tree: &Tree) -> impl Iterator<Item = (usize, &str)> {
    let text = tree.get(LOCK).and_then(|file| file.text()).unwrap_or_default();
    text.lines().enumerate().map(|(index, line)| (index + 1, line))
}

/// Every dependency is somebody's time: the budget is raised by a decision, not by accident.
pub(super) fn budget(tree: &Tree) -> Vec<Finding> {
    let packages = lines(tree).filter(|(_, line)| *line == "[[package]]").count();
    match packages {
        0 => vec![Finding::error(LOCK, 0, "is missing or lists no package")],
        1..=BUDGET => Vec::new(),
        more => vec![Finding::error(LOCK, 0, format!("{more} packages; the budget is {BUDGET}"))],
    }
}

/// A mirror or a git dependency in the lock file builds on one machine and not on the next.
pub(super) fn sources(tree: &Tree) -> Vec<Finding> {
    lines(tree)
        .filter(|(_, line)| {
            line.strip_prefix("source = ").is_some_and(|source| source.trim_matches('"') != PUBLIC)
        })
        .map(|(line, _)| Finding::error(LOCK, line, "a package that is not from the public registry"))
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_package_over_the_budget_is_found() {
        let count = |packages: usize| budget(&Tree::of(&[(LOCK, &"[[package]]\n".repeat(packages))])).len();
        assert_eq!((count(BUDGET), count(BUDGET + 1), count(0)), (0, 1, 1));
    }

    #[test]
    fn a_package_from_elsewhere_is_found() {
        let lock = format!("source = \"{PUBLIC}\"\nsource = \"git+https://example.org/x\"\n");
        assert_eq!(
            sources(&Tree::of(&[(LOCK, &lock)])).iter().map(|finding| finding.line).collect::<Vec<_>>(),
            [2]
        );
    }
}
