//! Words that have no place in the repository.
//!
//! Patterns are put together from pieces, so that this file does not break the rules that it states.

use super::check::Finding;
use super::tree::{File, Tree};

/// Attributes and macros that hide a defect or an unfinished place.
pub(super) fn attributes_and_macros(tree: &Tree) -> Vec<Finding> {
    const CODE: [(&str, &str); 5] = [
        ("#[allow(", "an exception is `#[expect(…, reason = …)]`, which tells when it is no longer needed"),
        ("#![allow(", "an exception is `#![expect(…, reason = …)]`, which tells when it is no longer needed"),
        ("#[ignore", "a test runs or does not exist; a long form asks an environment variable"),
        ("todo!(", "unfinished code"),
        ("unimplemented!(", "unfinished code"),
    ];
    let mut findings = Vec::new();
    for (file, rust) in tree.rust() {
        for (line, code) in rust.code_lines() {
            let broken = CODE.iter().filter(|(pattern, _)| code.contains(pattern));
            findings.extend(broken.map(|(_, message)| Finding::error(&file.path, line, *message)));
        }
    }
    findings
}

/// Notes to finish something later. In Rust only comments are looked at: a board may show these words.
pub(super) fn unfinished(tree: &Tree) -> Vec<Finding> {
    const MARKS: [&str; 3] = [concat!("TO", "DO"), concat!("FIX", "ME"), concat!("XX", "X")];
    let mut findings = Vec::new();
    for file in texts(tree) {
        let text = file.rust.as_ref().map_or(file.text(), |rust| Some(&rust.comments)).unwrap_or_default();
        for (line, text) in numbered(text) {
            let words = text.split(|c: char| !c.is_alphanumeric() && c != '_');
            let marks = words.filter(|word| MARKS.contains(word));
            findings.extend(marks.map(|mark| {
                Finding::error(&file.path, line, format!("`{mark}`: finish it, or leave it out"))
            }));
        }
    }
    findings
}

/// Paths that exist on one machine alone.
pub(super) fn machine_paths(tree: &Tree) -> Vec<Finding> {
    const FOLDERS: [&str; 4] =
        [concat!("/wo", "rk/"), concat!("/ro", "ot/"), concat!("/ho", "me/"), concat!("/Us", "ers/")];
    let mut findings = Vec::new();
    for file in texts(tree) {
        for (line, text) in numbered(file.text().unwrap_or_default()) {
            let broken = FOLDERS.iter().filter(|folder| starts_a_path(text, folder));
            let message = |folder| format!("`{folder}…` is a path of one machine");
            findings.extend(broken.map(|folder| Finding::error(&file.path, line, message(folder))));
        }
    }
    findings
}

/// Whether `folder` stands in `text` as the start of a path, not in the middle of one or of an address.
fn starts_a_path(text: &str, folder: &str) -> bool {
    text.match_indices(folder).any(|(at, _)| {
        let before = text.get(..at).and_then(|head| head.chars().next_back()).unwrap_or(' ');
        !(before.is_alphanumeric() || "._-~}/>*".contains(before))
    })
}

/// Hosts that mirror package registries: where packages came from on one machine is nobody's business.
pub(super) fn mirrors(tree: &Tree) -> Vec<Finding> {
    const HOSTS: [&str; 6] = [
        concat!("artif", "actory"),
        concat!("jf", "rog.io"),
        concat!("artifact", "registry"),
        concat!("code", "artifact"),
        concat!("nex", "us/repository"),
        concat!("goproxy", "."),
    ];
    let mut findings = Vec::new();
    for file in tree.files.iter().filter(|file| !is_licence(file)) {
        for (line, text) in numbered(file.text().unwrap_or_default()) {
            let lower = text.to_lowercase();
            if HOSTS.iter().any(|host| lower.contains(host)) {
                findings.push(Finding::error(&file.path, line, "names a mirror of a package registry"));
            }
        }
    }
    findings
}

/// What people wrote: no lock files, no licences.
fn texts(tree: &Tree) -> impl Iterator<Item = &File> {
    tree.files.iter().filter(|file| {
        !is_licence(file) && !file.name().ends_with(".lock") && file.name() != "package-lock.json"
    })
}

fn is_licence(file: &File) -> bool {
    file.name().starts_with("LICENSE")
}

fn numbered(text: &str) -> impl Iterator<Item = (usize, &str)> {
    text.lines().enumerate().map(|(index, line)| (index + 1, line))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_exception_without_an_expectation_is_found_in_code_alone() {
        let count = |text: &str| attributes_and_macros(&Tree::of(&[("a.rs", text)])).len();
        assert_eq!(count("#[allow(dead_code)]\nfn a() { todo!() }\n"), 2);
        assert_eq!(count("// never #[allow(x)]\nconst A: &str = \"#[ignore]\";\n"), 0);
    }

    #[test]
    fn a_mark_is_found_as_a_word() {
        let mark = concat!("TO", "DO");
        let count = |path: &str, text: String| unfinished(&Tree::of(&[(path, &text)])).len();
        assert_eq!(count("a.rs", format!("// {mark}: later")), 1);
        assert_eq!(count("a.rs", format!("const COLUMN: &str = \"{mark}\";")), 0);
        assert_eq!(count("a.md", format!("the {mark} list, todo, {mark}S")), 1);
        assert_eq!(count("a.sh", "mktemp -d andon.XXXXXX".to_owned()), 0);
    }

    #[test]
    fn a_path_of_a_machine_is_found_at_its_start_alone() {
        let folder = concat!("/ho", "me/");
        let count = |text: String| machine_paths(&Tree::of(&[("a.md", &text)])).len();
        assert_eq!(count(format!("in `{folder}me/x`")), 1);
        assert_eq!(count(format!("in boards{folder}x and $TMP{folder}x")), 0);
    }
}
