//! Only the store knows SQL, and only SQLite opens the file of a board.

use super::check::Finding;
use super::tree::{File, Tree};

/// How far into a statement its second keyword may stand, in words.
const REACH: usize = 40;

fn may_know_sql(file: &File) -> bool {
    file.is_test() || file.is_under("crates/store/") || file.is_under("crates/testkit/")
}

/// No string outside the store is an SQL statement.
pub(super) fn statements(tree: &Tree) -> Vec<Finding> {
    let mut findings = Vec::new();
    for (file, rust) in tree.rust().filter(|(file, _)| !may_know_sql(file)) {
        for literal in rust.literals.iter().filter(|literal| is_statement(&literal.text)) {
            findings.push(Finding::error(&file.path, literal.line, "an SQL statement outside the store"));
        }
    }
    findings
}

/// Text for people may start with `select` or `update` too, so those need their second keyword.
fn is_statement(text: &str) -> bool {
    let lower = text.to_lowercase();
    let words: Vec<&str> = lower.split_whitespace().take(REACH).collect();
    match words.as_slice() {
        ["insert", "into", ..] | ["delete", "from", ..] => true,
        ["insert", "or", _, "into", ..] => true,
        ["select", rest @ ..] => {
            rest.contains(&"from") || rest.first().is_some_and(|word| word.contains('('))
        }
        ["update", _, rest @ ..] => rest.contains(&"set"),
        ["pragma", rest @ ..] => rest.len() == 1,
        _ => false,
    }
}

/// Closing any descriptor of a live database drops every lock that the process holds on it.
pub(super) fn board_files(tree: &Tree) -> Vec<Finding> {
    const OPENERS: [&str; 8] = [
        "fs::read",
        "fs::write",
        "fs::copy",
        "fs::rename",
        "fs::remove_file",
        "fs::hard_link",
        "File::open",
        "OpenOptions",
    ];
    /// Lines around the name in which an opener belongs to it.
    const NEAR: usize = 3;
    let mut findings = Vec::new();
    for (file, rust) in tree.rust().filter(|(file, _)| !may_know_sql(file)) {
        let code: Vec<(usize, &str)> = rust.code_lines().collect();
        for literal in rust.literals.iter().filter(|literal| names_board(&literal.text)) {
            let near = code.iter().filter(|(line, _)| line.abs_diff(literal.line) <= NEAR);
            if near
                .flat_map(|(_, code)| OPENERS.iter().filter(|opener| code.contains(**opener)))
                .next()
                .is_some()
            {
                let message = "the file of a board is opened through SQLite alone, by the store";
                findings.push(Finding::error(&file.path, literal.line, message));
            }
        }
    }
    findings
}

fn names_board(text: &str) -> bool {
    text.ends_with("board.db") || text.ends_with("board.db-wal") || text.ends_with("board.db-shm")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn found(path: &str, text: &str) -> usize {
        let tree = Tree::of(&[(path, text)]);
        statements(&tree).len() + board_files(&tree).len()
    }

    #[test]
    fn a_statement_outside_the_store_is_found_in_any_kind_of_string() {
        for text in [
            concat!("const A: &str = \"SEL", "ECT id\\n from tasks\";"),
            concat!("const A: &str = r#\"\n  upd", "ate tasks\n set status = 1\"#;"),
            concat!("const A: &str = \"del", "ete from tasks\";"),
        ] {
            assert_eq!(found("crates/engine/src/a.rs", text), 1, "{text}");
            assert_eq!(found("crates/store/src/a.rs", text), 0, "{text}");
            assert_eq!(found("tests/src/a.rs", text), 0, "{text}");
        }
    }

    #[test]
    fn text_for_people_is_no_statement() {
        for text in ["Select a task", "update the board", "insert a card", "// select a from b"] {
            assert_eq!(found("crates/cli/src/a.rs", &format!("const A: &str = \"{text}\";")), 0, "{text}");
        }
    }

    #[test]
    fn opening_the_file_of_a_board_is_found() {
        assert_eq!(found("crates/cli/src/a.rs", "let a = std::fs::read(home.join(\"board.db\"));"), 1);
        assert_eq!(found("crates/cli/src/a.rs", "let a = home.join(\"board.db\");"), 0);
        assert_eq!(found("crates/store/src/a.rs", "let a = std::fs::read(home.join(\"board.db\"));"), 0);
    }
}
