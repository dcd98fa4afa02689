//! Every stable code of an error has its page, and every page its code.

use std::collections::BTreeMap;

use super::check::Finding;
use super::source::Rust;
use super::tree::Tree;

/// Where the pages lie, one for each code, and an index that links them.
const FOLDER: &str = "docs/errors/";
const INDEX: &str = "docs/errors/README.md";

/// Compares the codes that the functions `code` of the crates return with the pages.
pub(super) fn pages(tree: &Tree) -> Vec<Finding> {
    let codes = codes(tree);
    let mut findings = Vec::new();
    for (code, (path, line)) in &codes {
        if tree.get(&format!("{FOLDER}{code}.md")).is_none() {
            let message = format!("the code `{code}` has no page `{FOLDER}{code}.md`");
            findings.push(Finding::error(path, *line, message));
        }
    }
    let index = tree.get(INDEX).and_then(|file| file.text()).unwrap_or_default();
    for file in tree.files.iter().filter(|file| file.is_under(FOLDER) && file.path != INDEX) {
        let code = file.name().trim_end_matches(".md");
        if !codes.contains_key(code) {
            findings.push(Finding::error(&file.path, 0, format!("no error has the code `{code}`")));
        }
        if file.text().and_then(|text| text.lines().next()) != Some(&format!("# `{code}`")) {
            findings.push(Finding::error(&file.path, 1, "the page does not start with its code as title"));
        }
        if !index.contains(&format!("]({code}.md)")) {
            findings.push(Finding::error(&file.path, 0, format!("{INDEX} does not link it")));
        }
    }
    findings
}

/// Every code, with one place that returns it.
fn codes(tree: &Tree) -> BTreeMap<String, (String, usize)> {
    let mut found = BTreeMap::new();
    for (file, rust) in tree.rust().filter(|(file, _)| file.is_under("crates/") && !file.is_test()) {
        for (line, code) in returned(rust) {
            found.entry(code).or_insert_with(|| (file.path.clone(), line));
        }
    }
    found
}

/// The literals in the functions `code(&self) -> &'static str` of a source.
fn returned(rust: &Rust) -> Vec<(usize, String)> {
    const HEAD: &str = "fn code(&self) -> &'static str";
    let mut found = Vec::new();
    for (start, _) in
        rust.code_lines().filter(|(line, text)| text.contains(HEAD) && !rust.is_test_line(*line))
    {
        let end = closing_line(rust, start);
        let inside = rust.literals.iter().filter(|literal| (start..=end).contains(&literal.line));
        let codes = inside.filter(|literal| is_code(&literal.text));
        found.extend(codes.map(|literal| (literal.line, literal.text.clone())));
    }
    found
}

/// The line on which the block that opens on `start` closes.
fn closing_line(rust: &Rust, start: usize) -> usize {
    let mut depth = 0_usize;
    for (line, text) in rust.code_lines().filter(|(line, _)| *line >= start) {
        for character in text.chars() {
            match character {
                '{' => depth += 1,
                '}' if depth <= 1 => return line,
                '}' => depth -= 1,
                _ => {}
            }
        }
    }
    usize::MAX
}

fn is_code(text: &str) -> bool {
    !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_lowercase() || byte == b'_')
}

#[cfg(test)]
mod tests {
    use super::*;

    const SOURCE: &str = "impl A {\n    fn code(&self) -> &'static str {\n        match self {\n            \
                          A::B { .. } => \"b_gone\",\n            A::C => \"c\",\n        }\n    }\n    fn d() { \"d\" }\n}\n";

    #[test]
    fn a_code_without_a_page_is_found_at_its_place() {
        let tree = Tree::of(&[
            ("crates/x/src/a.rs", SOURCE),
            ("docs/errors/c.md", "# `c`\n"),
            (INDEX, "[`c`](c.md)"),
        ]);
        let found: Vec<_> = pages(&tree).into_iter().map(|finding| (finding.path, finding.line)).collect();
        assert_eq!(found, [("crates/x/src/a.rs".to_owned(), 4)]);
    }

    #[test]
    fn a_page_without_a_code_a_title_or_a_link_is_found() {
        let tree = Tree::of(&[("docs/errors/gone.md", "# Gone\n"), (INDEX, "nothing")]);
        assert_eq!(pages(&tree).len(), 3);
    }
}
