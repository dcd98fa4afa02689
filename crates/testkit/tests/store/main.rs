//! The store, tested as its callers see it.

#![expect(clippy::unwrap_used, clippy::expect_used, reason = "a test that cannot go on should stop")]

use andon_store::Mode;
use andon_testkit::SqliteBoards;

andon_testkit::conformance!(sqlite_short, SqliteBoards::new(Mode::Short));
andon_testkit::conformance!(sqlite_long, SqliteBoards::new(Mode::Long));
