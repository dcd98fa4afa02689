//! The shape of a source: its size, its first words, and what a `mod.rs` holds.

use super::check::Finding;
use super::tree::Tree;

const SOFT_CAP: usize = 400;
const HARD_CAP: usize = 700;
const LIB_CAP: usize = 150;

/// A file tells one story. What is compiled for tests only does not count.
pub(super) fn sizes(tree: &Tree) -> Vec<Finding> {
    let mut findings = Vec::new();
    for (file, rust) in tree.rust().filter(|(file, _)| !file.is_test()) {
        let (size, path) = (rust.size(), &file.path);
        if file.name() == "lib.rs" && size > LIB_CAP {
            let message =
                format!("{size} lines; a lib.rs is documentation and re-exports, at most {LIB_CAP}");
            findings.push(Finding::error(path, 0, message));
        } else if size > HARD_CAP {
            findings.push(Finding::error(
                path,
                0,
                format!("{size} lines; the hard cap is {HARD_CAP}: split it"),
            ));
        } else if size > SOFT_CAP {
            let message = format!("{size} lines; over {SOFT_CAP} a file seldom tells one story");
            findings.push(Finding::warning(path, 0, message));
        }
    }
    findings
}

/// Every module says its purpose before its first item. A `tests.rs` belongs to the module beside it.
pub(super) fn module_docs(tree: &Tree) -> Vec<Finding> {
    let mut findings = Vec::new();
    for (file, rust) in tree.rust().filter(|(file, _)| file.name() != "tests.rs") {
        let first_item = rust
            .code_lines()
            .find(|(_, code)| !code.trim().is_empty() && !code.trim_start().starts_with("#!"))
            .map_or(usize::MAX, |(line, _)| line);
        let purpose =
            rust.comments.lines().position(|line| line.starts_with("//!")).map_or(usize::MAX, |at| at + 1);
        if purpose >= first_item {
            findings.push(Finding::error(&file.path, 1, "starts without a `//!` that says its purpose"));
        }
    }
    findings
}

/// A `mod.rs` is a table of contents: documentation, `mod` and `use`.
pub(super) fn mod_files(tree: &Tree) -> Vec<Finding> {
    const ITEMS: [&str; 8] = ["fn", "struct", "enum", "impl", "trait", "const", "static", "type"];
    let mut findings = Vec::new();
    for (file, rust) in tree.rust().filter(|(file, _)| file.name() == "mod.rs" && !file.is_test()) {
        for (line, code) in rust.code_lines().filter(|(line, _)| !rust.is_test_line(*line)) {
            let word =
                code.split(|c: char| !c.is_alphanumeric() && c != '_').find(|word| ITEMS.contains(word));
            if let Some(word) = word {
                let message =
                    format!("`{word}` in a mod.rs, which holds documentation, `mod` and `use` alone");
                findings.push(Finding::error(&file.path, line, message));
            }
        }
    }
    findings
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::tidy::check::Weight;

    fn weights(path: &str, lines: usize) -> Vec<Weight> {
        let text = "fn a() {}\n".repeat(lines);
        sizes(&Tree::of(&[(path, &text)])).into_iter().map(|finding| finding.weight).collect()
    }

    #[test]
    fn sizes_warn_over_the_soft_cap_and_fail_over_the_hard_one() {
        assert_eq!(weights("a/src/b.rs", SOFT_CAP), []);
        assert_eq!(weights("a/src/b.rs", SOFT_CAP + 1), [Weight::Warning]);
        assert_eq!(weights("a/src/b.rs", HARD_CAP + 1), [Weight::Error]);
        assert_eq!(weights("a/src/lib.rs", LIB_CAP + 1), [Weight::Error]);
        assert_eq!(weights("a/src/tests.rs", HARD_CAP + 1), []);
        assert_eq!(weights("tests/src/b.rs", HARD_CAP + 1), []);
    }

    #[test]
    fn a_module_without_its_purpose_is_found() {
        let found = |text: &str| module_docs(&Tree::of(&[("a.rs", text)])).len();
        assert_eq!(found("//! Purpose.\nfn a() {}\n"), 0);
        assert_eq!(found("#![no_std]\n//! Purpose.\nfn a() {}\n"), 0);
        assert_eq!(found("fn a() {}\n//! Late.\n"), 1);
        assert_eq!(found("// Not a doc.\nfn a() {}\n"), 1);
    }

    #[test]
    fn a_function_in_a_mod_file_is_found() {
        let found = |text: &str| mod_files(&Tree::of(&[("a/mod.rs", text)])).len();
        assert_eq!(found("//! A fn.\nmod b;\npub(crate) use b::{C, D};\n"), 0);
        assert_eq!(found("mod b;\nfn c() {}\n"), 1);
    }
}
