//! New boards and old schemas: whoever opens a board first, and whatever schema it has, it becomes the same board.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use andon_core::notice::SubscriptionState;
use andon_core::run::Outcome;
use andon_core::task::{BlockKind, Phase, Status, WorkspaceKind};
use andon_store::{BoardFile, Home, Mode, SCHEMA};
use andon_tests::{House, text_of};
use rusqlite::Connection;

use super::board;

#[test]
fn eight_processes_that_open_a_new_board_at_once_make_one() {
    for round in 0..4 {
        let house = House::new();
        let made: BTreeSet<String> = std::thread::scope(|scope| {
            let house = &house;
            let creators: Vec<_> = (0..8)
                .map(|n| {
                    scope.spawn(move || {
                        // Half of them make the board by name, the others by their first task.
                        if n % 2 == 0 {
                            let _ = house.andon(["init"]).exits(0);
                        }
                        house.create([format!("task {n} of round {round}")])
                    })
                })
                .collect();
            creators.into_iter().map(|creator| creator.join().unwrap()).collect()
        });
        let listed = house.json(["list"]);
        let listed: BTreeSet<String> =
            listed.as_array().unwrap().iter().map(|task| text_of(&task["id"])).collect();
        assert_eq!(listed, made);
        assert_eq!(made.len(), 8);
        board::whole(house.home());
    }
}

/// What a database's schema is: every object with its text, the migrations, the numbers in its header.
fn schema(database: &Path) -> Vec<String> {
    let connection = Connection::open(database).unwrap();
    let mut found = Vec::new();
    for sql in [
        "select type || ' ' || name || ' on ' || tbl_name || ': ' || coalesce(sql, '') from sqlite_schema order by 1",
        "select version || ' ' || name || ' ' || sha256 from migrations order by version",
        "select 'schema ' || user_version from pragma_user_version",
        "select 'program ' || application_id from pragma_application_id",
        "select 'mode ' || journal_mode from pragma_journal_mode",
    ] {
        let mut statement = connection.prepare(sql).unwrap();
        let rows = statement.query_map([], |row| row.get::<_, String>(0)).unwrap();
        found.extend(rows.map(Result::unwrap));
    }
    found
}

fn fixtures() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("fixtures/schemas")
}

/// Every earlier schema with a board in it, as the statements that make it: `0001.sql`, `0002.sql`, … Version 0 is a database
/// in which nothing has been migrated yet.
fn earlier() -> Vec<(i64, String)> {
    let mut found = vec![(0, "pragma application_id = 1095648334;".to_owned())];
    for version in (0..SCHEMA).skip(1) {
        let path = fixtures().join(format!("{version:04}.sql"));
        let text = std::fs::read_to_string(&path);
        found.push((version, text.unwrap_or_else(|error| panic!("{}: {error}", path.display()))));
    }
    found
}

#[test]
fn every_earlier_schema_migrated_equals_a_fresh_one() {
    let root = tempfile::tempdir().unwrap();
    let home = Home::new(root.path());
    let fresh = "fresh".parse().unwrap();
    home.create(&fresh, &BoardFile::default()).unwrap();
    let expected = schema(&home.board_folder(&fresh).join("board.db"));
    for (version, statements) in earlier() {
        let slug = format!("schema-{version}").parse().unwrap();
        let database = home.board_folder(&slug).join("board.db");
        std::fs::create_dir_all(home.board_folder(&slug)).unwrap();
        let connection = Connection::open(&database).unwrap();
        connection.execute_batch("pragma journal_mode = wal").unwrap();
        connection.execute_batch(&statements).unwrap();
        drop(connection);
        // Several processes meet the old schema at once.
        std::thread::scope(|scope| {
            for _ in 0..4 {
                scope.spawn(|| drop(home.open(&slug, Mode::Short).unwrap()));
            }
        });
        assert_eq!(schema(&database), expected, "schema {version}");
    }
}

#[test]
fn a_migration_that_was_changed_since_is_refused_and_nothing_is_touched() {
    let house = House::new();
    let _ = house.create(["a task"]);
    let database = house.board().join("board.db");
    let change = "update migrations set sha256 = 'another'; pragma user_version = 0";
    Connection::open(&database).unwrap().execute_batch(change).unwrap();
    let before = std::fs::read(&database).unwrap();
    let answer = house.andon(["create", "another", "--json"]);
    assert_eq!((answer.code, answer.error_code().as_str()), (5, "database_migration"), "{answer:?}");
    assert_eq!(std::fs::read(&database).unwrap(), before);
}

#[test]
fn a_word_that_is_no_status_kind_or_outcome_is_refused_by_the_database_itself() {
    let house = House::new();
    let task = house.create(["a task", "--assignee", "sh"]);
    let _ = house.json(["claim", &task]);
    let database = Connection::open(house.board().join("board.db")).unwrap();
    for (change, check) in [
        ("update tasks set status = 'nonsense'", "status = 'triage'"),
        ("update tasks set workspace_kind = 'nonsense'", "workspace_kind = 'scratch'"),
        ("update tasks set block_kind = 'nonsense'", "block_kind = 'needs_input'"),
        ("update runs set outcome = 'nonsense', ended_at = started_at", "outcome = 'completed'"),
    ] {
        let error = database.execute(change, []).unwrap_err().to_string();
        assert!(error.contains("CHECK") && error.contains(check), "{change}: {error}");
    }
    house.healthy();
}

#[test]
fn every_word_that_the_core_knows_is_allowed_by_the_checks_of_a_new_board() {
    fn words<T: Copy>(column: &str, all: &[T], word: fn(T) -> &'static str) -> Vec<(String, &'static str)> {
        all.iter().map(|value| (column.to_owned(), word(*value))).collect()
    }
    let house = House::new();
    let _ = house.create(["a task"]);
    let database = Connection::open(house.board().join("board.db")).unwrap();
    let checks: String = database
        .query_row("select group_concat(sql, ' ') from sqlite_schema where type = 'table'", [], |row| {
            row.get(0)
        })
        .unwrap();
    let known = [
        words("status", Status::ALL, Status::as_str),
        words("phase", Phase::ALL, Phase::as_str),
        words("block_kind", BlockKind::ALL, BlockKind::as_str),
        words("workspace_kind", WorkspaceKind::ALL, WorkspaceKind::as_str),
        words("state", SubscriptionState::ALL, SubscriptionState::as_str),
        words("outcome", Outcome::ALL, Outcome::as_str),
    ];
    for (column, word) in known.into_iter().flatten() {
        let listed = checks.split(&format!("{column} in (")).skip(1).any(|rest| {
            rest.split(')').next().is_some_and(|list| list.split(", ").any(|one| one == format!("'{word}'")))
        });
        let chained = checks.contains(&format!("{column} = '{word}'"));
        assert!(listed || chained, "no migration has the checks allow {column} = {word}");
    }
}
