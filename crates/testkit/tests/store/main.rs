//! The store, tested as its callers see it: the conformance suite on each driver, then what SQLite alone can do wrong.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on should stop")]

use andon_store::Mode;
use andon_testkit::SqliteBoards;

mod child;
mod files;
mod group_commit;
mod kills;
mod processes;

andon_testkit::conformance!(sqlite_short, SqliteBoards::new(Mode::Short));
andon_testkit::conformance!(sqlite_long, SqliteBoards::new(Mode::Long));
