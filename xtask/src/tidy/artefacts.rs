//! What a build makes is not committed.

use super::check::Finding;
use super::tree::{File, Tree};

const FOLDERS: &[&str] = &["target", "node_modules", "dist", "__pycache__", "mutants.out"];
const ENDINGS: &[&str] = &[
    ".o",
    ".a",
    ".so",
    ".dylib",
    ".dll",
    ".exe",
    ".rlib",
    ".rmeta",
    ".profraw",
    ".snap.new",
    ".pending-snap",
    ".pyc",
    ".db-wal",
    ".db-shm",
];
/// The first bytes of programs and libraries: ELF, Mach-O, PE.
const PROGRAMS: &[&[u8]] = &[b"\x7fELF", b"\xcf\xfa\xed\xfe", b"MZ\x90"];

/// Finds build outputs by folder, by ending and by content; a database only beside the tests that read it.
pub(super) fn committed(tree: &Tree) -> Vec<Finding> {
    tree.files
        .iter()
        .filter(|file| is_artefact(file))
        .map(|file| Finding::error(&file.path, 0, "the output of a build or of a run"))
        .collect()
}

fn is_artefact(file: &File) -> bool {
    let in_folder = file.path.split('/').rev().skip(1).any(|part| FOLDERS.contains(&part));
    let by_ending = ENDINGS.iter().any(|ending| file.name().ends_with(ending));
    let by_content = PROGRAMS.iter().any(|magic| file.bytes.starts_with(magic));
    let database = file.bytes.starts_with(b"SQLite format 3\0") && !file.path.contains("fixtures/");
    in_folder || by_ending || by_content || database
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn outputs_of_a_build_are_found_by_folder_ending_and_content() {
        let tree = Tree::of(&[
            ("fuzz/target/a.json", ""),
            ("web/dist/index.html", ""),
            ("a/libx.so", ""),
            ("a/tool", "\x7fELF…"),
            ("a/board", "SQLite format 3\0…"),
            ("tests/fixtures/old.db", "SQLite format 3\0…"),
            ("crates/a/src/target.rs", ""),
        ]);
        assert_eq!(committed(&tree).len(), 5);
    }
}
