//! The migrations and their texts.

use andon_core::notice::SubscriptionState;
use andon_core::run::Outcome;
use andon_core::task::{BlockKind, Phase, Status, WorkspaceKind};
use sha2::{Digest, Sha256};

/// One step of the schema.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Migration {
    /// From 1, without gaps.
    pub(crate) version: i64,
    /// Its file's name.
    pub(crate) name: &'static str,
    /// The statements.
    pub(crate) sql: String,
    /// The checksum of `sql`, hexadecimal.
    pub(crate) sha256: String,
}

/// Whose words a migration is written in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Dialect {
    /// SQLite's.
    Sqlite,
    /// PostgreSQL's.
    Postgres,
}

/// Name, text for SQLite, text for PostgreSQL: the same tables and columns.
const TEXTS: &[(&str, &str, &str)] = &[
    ("0001_board", include_str!("0001_board.sqlite.sql"), include_str!("0001_board.postgres.sql")),
    (
        "0002_subscriptions",
        include_str!("0002_subscriptions.sqlite.sql"),
        include_str!("0002_subscriptions.postgres.sql"),
    ),
    ("0003_claimers", include_str!("0003_claimers.sqlite.sql"), include_str!("0003_claimers.postgres.sql")),
    (
        "0004_cheap_checks",
        include_str!("0004_cheap_checks.sqlite.sql"),
        include_str!("0004_cheap_checks.postgres.sql"),
    ),
    ("0005_plans", include_str!("0005_plans.sqlite.sql"), include_str!("0005_plans.postgres.sql")),
];

/// The newest schema that this binary knows.
pub const SCHEMA: i64 = TEXTS.len() as i64;

/// Every migration, oldest first.
#[must_use]
pub(crate) fn migrations(dialect: Dialect) -> Vec<Migration> {
    let texts = TEXTS.iter().enumerate();
    texts
        .map(|(index, (name, sqlite, postgres))| {
            let sql = with_enums(match dialect {
                Dialect::Sqlite => sqlite,
                Dialect::Postgres => postgres,
            });
            let sha256 = hex(&Sha256::digest(sql.as_bytes()));
            Migration { version: i64::try_from(index).unwrap_or(i64::MAX) + 1, name, sql, sha256 }
        })
        .collect()
}

/// The checks list the values that the core knows, so that no list is written twice. `{Status}` stands for the quoted values;
/// `{Status''}` for the same within a quoted text; `{column: Status''}` for the comparison of a column with each of them, so.
fn with_enums(text: &str) -> String {
    fn names<T: Copy>(all: &[T], name: fn(T) -> &'static str) -> Vec<&'static str> {
        all.iter().map(|value| name(*value)).collect()
    }
    let enums = [
        ("Status", "status", names(Status::ALL, Status::as_str)),
        ("Phase", "phase", names(Phase::ALL, Phase::as_str)),
        ("BlockKind", "block_kind", names(BlockKind::ALL, BlockKind::as_str)),
        ("WorkspaceKind", "workspace_kind", names(WorkspaceKind::ALL, WorkspaceKind::as_str)),
        ("SubscriptionState", "state", names(SubscriptionState::ALL, SubscriptionState::as_str)),
        ("Outcome", "outcome", names(Outcome::ALL, Outcome::as_str)),
    ];
    enums.iter().fold(text.to_owned(), |text, (name, column, values)| {
        let each =
            |shape: &dyn Fn(&str) -> String| values.iter().map(|value| shape(value)).collect::<Vec<_>>();
        text.replace(&format!("{{{name}}}"), &each(&|value| format!("'{value}'")).join(", "))
            .replace(&format!("{{{name}''}}"), &each(&|value| format!("''{value}''")).join(", "))
            .replace(
                &format!("{{{column}: {name}''}}"),
                &each(&|value| format!("{column} = ''{value}''")).join(" or "),
            )
    })
}

/// Bytes as lower-case hexadecimal digits.
pub(crate) fn hex(bytes: &[u8]) -> String {
    let digit = |value: u8| char::from_digit(u32::from(value), 16).unwrap_or('0');
    bytes.iter().flat_map(|byte| [digit(byte >> 4), digit(byte & 15)]).collect()
}
