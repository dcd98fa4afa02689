//! What differs in statements that both engines share: hints that SQLite needs, and row locks that it does without.
//!
//! A statement names the lock that it takes as a comment, which SQLite skips: `/*for update*/` and
//! `/*for update skip locked*/`. Keys of rows never change, so that the weaker `for no key update` is enough, which lets
//! others refer to the row meanwhile.

use std::cell::RefCell;
use std::collections::HashMap;
use std::sync::Arc;

const SKIP: (&str, &str) = ("/*for update skip locked*/", "for no key update skip locked");
const WAIT: (&str, &str) = ("/*for update*/", "for no key update");

/// A statement as PostgreSQL reads it.
#[derive(Debug)]
pub(super) struct Text {
    /// The statement.
    pub(super) sql: String,
    /// Whether its first parameter is the id of a task that it locks.
    pub(super) locks: bool,
}

/// The statement for PostgreSQL; a question locks nothing. Statements are few and static: each is rewritten once.
pub(super) fn translated(sql: &'static str, reading: bool) -> Arc<Text> {
    thread_local! {
        static TRANSLATED: RefCell<HashMap<(usize, usize, bool), Arc<Text>>> = RefCell::default();
    }
    TRANSLATED.with_borrow_mut(|known| {
        let key = (sql.as_ptr().addr(), sql.len(), reading);
        Arc::clone(known.entry(key).or_insert_with(|| Arc::new(translate(sql, reading))))
    })
}

fn translate(sql: &str, reading: bool) -> Text {
    let mut text = without_hints(sql);
    let locks = !reading && [SKIP, WAIT].iter().any(|(comment, _)| text.contains(comment));
    for (comment, clause) in [SKIP, WAIT] {
        text = text.replace(comment, if reading { "" } else { clause });
    }
    Text { sql: text, locks }
}

/// Takes out `indexed by <index>`: PostgreSQL chooses by itself.
fn without_hints(sql: &str) -> String {
    let mut parts = sql.split(" indexed by ");
    let mut text = parts.next().unwrap_or_default().to_owned();
    for part in parts {
        let end = part.find(|c: char| !(c.is_ascii_alphanumeric() || c == '_')).unwrap_or(part.len());
        text.push_str(&part[end..]);
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn hints_go_and_locks_are_taken_only_by_who_writes() {
        let sql = "select id from tasks indexed by tasks_ready where id = $1 /*for update*/";
        let writes = translate(sql, false);
        assert_eq!(writes.sql, "select id from tasks where id = $1 for no key update");
        assert!(writes.locks);
        let reads = translate(sql, true);
        assert_eq!((reads.sql.as_str(), reads.locks), ("select id from tasks where id = $1 ", false));
        let skips = translate("select 1 where id = $1 /*for update skip locked*/", false);
        assert_eq!(skips.sql, "select 1 where id = $1 for no key update skip locked");
        assert!(skips.locks);
    }
}
