//! The migrations and their texts.

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
            let sql = with_words(match dialect {
                Dialect::Sqlite => sqlite,
                Dialect::Postgres => postgres,
            });
            let sha256 = hex(&Sha256::digest(sql.as_bytes()));
            Migration { version: i64::try_from(index).unwrap_or(i64::MAX) + 1, name, sql, sha256 }
        })
        .collect()
}

/// The words that the checks of a migration allow: name, column, values. `{Status}` stands for the quoted values; `{Status''}`
/// for the same within a quoted text; `{status: Status''}` for the comparison of the column with each of them, so.
///
/// They are what the core's enums had when these migrations were written, and stay so: the checksums cover them, and with another
/// word in a list every board there is would be refused. A new word needs a migration of its own that rewrites the checks;
/// the tests of the schema miss it until it is there.
const WORDS: &[(&str, &str, &[&str])] = &[
    (
        "Status",
        "status",
        &["triage", "todo", "scheduled", "ready", "running", "review", "blocked", "done", "archived"],
    ),
    ("Phase", "phase", &["work", "review"]),
    (
        "BlockKind",
        "block_kind",
        &["needs_input", "capability", "transient", "operator", "recurring", "gave_up"],
    ),
    ("WorkspaceKind", "workspace_kind", &["scratch", "dir", "worktree"]),
    ("SubscriptionState", "state", &["active", "suspended", "off"]),
    (
        "Outcome",
        "outcome",
        &[
            "completed",
            "blocked",
            "review_requested",
            "approved",
            "changes_requested",
            "scheduled",
            "spawn_failed",
            "crashed",
            "protocol_violation",
            "timed_out",
            "rate_limited",
            "lost",
            "stale",
            "interrupted",
            "reclaimed",
            "cancelled",
            "stood_down",
        ],
    ),
];

/// A text with the words in their places.
fn with_words(text: &str) -> String {
    WORDS.iter().fold(text.to_owned(), |text, (name, column, values)| {
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
