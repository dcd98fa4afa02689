//! Every relative link of a Markdown page leads somewhere.

use super::check::Finding;
use super::tree::Tree;

/// Looks at links and at link definitions, outside of code.
pub(super) fn resolve(tree: &Tree) -> Vec<Finding> {
    let mut findings = Vec::new();
    for file in tree.files.iter().filter(|file| file.name().ends_with(".md")) {
        for (line, target) in targets(file.text().unwrap_or_default()) {
            if !leads_somewhere(tree, &file.path, &target) {
                findings.push(Finding::error(
                    &file.path,
                    line,
                    format!("the link to `{target}` leads nowhere"),
                ));
            }
        }
    }
    findings
}

fn leads_somewhere(tree: &Tree, page: &str, target: &str) -> bool {
    let path = target.split(['#', '?']).next().unwrap_or_default();
    // An address of its own, or an anchor of the same page.
    if path.is_empty() || path.contains(':') {
        return true;
    }
    let folder = page.rsplit_once('/').map_or("", |(folder, _)| folder);
    let from = if path.starts_with('/') { "" } else { folder };
    let mut parts: Vec<&str> = from.split('/').filter(|part| !part.is_empty()).collect();
    for part in path.split('/') {
        match part {
            "" | "." => {}
            ".." => {
                if parts.pop().is_none() {
                    return false;
                }
            }
            name => parts.push(name),
        }
    }
    tree.has(&parts.join("/"))
}

fn targets(text: &str) -> Vec<(usize, String)> {
    let mut found = Vec::new();
    let mut in_fence = false;
    for (index, line) in text.lines().enumerate() {
        if line.trim_start().starts_with("```") {
            in_fence = !in_fence;
        } else if !in_fence {
            let line = without_code(line);
            found.extend(links(&line).into_iter().map(|target| (index + 1, target)));
        }
    }
    found
}

/// Drops `code` from a line: every second piece between backticks.
fn without_code(line: &str) -> String {
    line.split('`').step_by(2).collect()
}

fn links(line: &str) -> Vec<String> {
    let inline = line
        .match_indices("](")
        .filter_map(|(at, open)| line.get(at + open.len()..)?.split([')', ' ']).next());
    let defined =
        line.strip_prefix('[').and_then(|rest| rest.split_once("]: ")).map(|(_, target)| target.trim());
    inline.chain(defined).map(|target| target.trim_matches(['<', '>']).to_owned()).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_link_that_leads_nowhere_is_found_with_its_line() {
        let page = "[a](b.md)\n[c](../README.md#x) [d](https://example.org/x) [e](#here)\n`[f](nowhere)`\n[g]: gone.md\n";
        let tree =
            Tree::of(&[("docs/a.md", page), ("README.md", ""), ("docs/sub/x.md", "[up](..) [root](../..)")]);
        let found: Vec<_> =
            resolve(&tree).into_iter().map(|finding| (finding.line, finding.message)).collect();
        let expected = ["b.md", "gone.md"].map(|target| format!("the link to `{target}` leads nowhere"));
        assert_eq!(found, [(1, expected[0].clone()), (4, expected[1].clone())]);
    }

    #[test]
    fn a_link_out_of_the_repository_leads_nowhere() {
        assert_eq!(resolve(&Tree::of(&[("a.md", "[x](../b.md)")])).len(), 1);
    }
}
