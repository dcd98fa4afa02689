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
    ("0003_plans", include_str!("0003_plans.sqlite.sql"), include_str!("0003_plans.postgres.sql")),
    ("0004_claimers", include_str!("0004_claimers.sqlite.sql"), include_str!("0004_claimers.postgres.sql")),
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

/// The checks list the values that the core knows, so that no list is written twice.
fn with_enums(text: &str) -> String {
    fn quoted<T: Copy>(all: &[T], name: fn(T) -> &'static str) -> String {
        all.iter().map(|value| format!("'{}'", name(*value))).collect::<Vec<_>>().join(", ")
    }
    text.replace("{Status}", &quoted(Status::ALL, Status::as_str))
        .replace("{Phase}", &quoted(Phase::ALL, Phase::as_str))
        .replace("{BlockKind}", &quoted(BlockKind::ALL, BlockKind::as_str))
        .replace("{WorkspaceKind}", &quoted(WorkspaceKind::ALL, WorkspaceKind::as_str))
        .replace("{SubscriptionState}", &quoted(SubscriptionState::ALL, SubscriptionState::as_str))
        .replace("{Outcome}", &quoted(Outcome::ALL, Outcome::as_str))
}

/// Bytes as lower-case hexadecimal digits.
pub(crate) fn hex(bytes: &[u8]) -> String {
    use std::fmt::Write as _;
    bytes.iter().fold(String::with_capacity(bytes.len() * 2), |mut text, byte| {
        let _ = write!(text, "{byte:02x}");
        text
    })
}
