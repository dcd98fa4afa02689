//! The store, tested as its callers see it: the conformance suite on each driver, then what SQLite alone can do wrong.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on should stop")]

use andon_store::Mode;
use andon_testkit::{PostgresBoards, SqliteBoards};

mod child;
mod files;
mod group_commit;
mod kills;
mod postgres;
mod processes;

andon_testkit::conformance!(sqlite_short, SqliteBoards::new(Mode::Short));
andon_testkit::conformance!(sqlite_long, SqliteBoards::new(Mode::Long));
andon_testkit::conformance!(postgres_short, PostgresBoards::new(Mode::Short));
andon_testkit::conformance!(postgres_long, PostgresBoards::new(Mode::Long));
