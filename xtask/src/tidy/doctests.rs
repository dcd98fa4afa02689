//! Whether any comment holds code that `cargo test --doc` would run.

use super::source::Rust;
use super::tree::Tree;
use crate::failure::Failure;
use crate::shell;

/// Whether there is a doctest anywhere: to look for them crate by crate costs a minute, and there may be none.
///
/// # Errors
/// When the repository cannot be read.
pub(crate) fn any() -> Result<bool, Failure> {
    let tree = Tree::read(&shell::root())?;
    Ok(tree.files.iter().filter_map(|file| file.rust.as_ref()).any(holds_one))
}

fn holds_one(rust: &Rust) -> bool {
    let mut inside = false;
    for line in rust.comments.lines().map(str::trim_start) {
        let text = line.strip_prefix("///").or_else(|| line.strip_prefix("//!")).map(str::trim);
        let Some(text) = text else {
            inside = false;
            continue;
        };
        let Some(kind) = text.strip_prefix("```").or_else(|| text.strip_prefix("~~~")) else { continue };
        if !inside && runs(kind) {
            return true;
        }
        inside = !inside;
    }
    false
}

/// By the rules of rustdoc: code is Rust unless it is said to be something else, or to be ignored.
fn runs(kind: &str) -> bool {
    const RUST: [&str; 6] =
        ["rust", "no_run", "should_panic", "compile_fail", "standalone_crate", "test_harness"];
    let mut words = kind.split([',', ' ', '\t']).filter(|word| !word.is_empty());
    words.all(|word| RUST.contains(&word) || word.starts_with("edition"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_doctest_is_told_from_other_blocks() {
        let holds = |text: &str| holds_one(&Rust::new(text));
        assert!(holds("/// Adds.\n///\n/// ```\n/// add(1);\n/// ```\nfn add() {}\n"));
        assert!(holds("//! ```rust,no_run\n//! x();\n//! ```\n"));
        assert!(!holds("//! ```toml\n//! a = 1\n//! ```\n"));
        assert!(!holds("/// ```ignore\n/// x\n/// ```\nfn a() {}\n"));
        assert!(!holds("fn a() { let text = \"/// ```\"; }\n// ```\n"));
        assert!(holds("/// ```json\n/// {}\n/// ```\n/// ```\n/// x();\n/// ```\nfn a() {}\n"));
    }
}
