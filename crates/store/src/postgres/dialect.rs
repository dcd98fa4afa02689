//! What differs in statements that both engines share: hints that SQLite needs, and row locks that it does without.
//!
//! A statement names the lock that it takes as a comment, which SQLite skips: `/*for update*/` and
//! `/*for update skip locked*/`. Keys of rows never change, so that the weaker `for no key update` is enough, which lets
//! others refer to the row meanwhile.

use std::cell::RefCell;
use std::collections::HashMap;
use std::sync::Arc;

use tokio_postgres::types::Type;

use super::together::array_of;

const SKIP: (&str, &str) = ("/*for update skip locked*/", "for no key update skip locked");
const WAIT: (&str, &str) = ("/*for update*/", "for no key update");

/// Whether several statements that read the same can be one.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Joins {
    /// They cannot.
    Never,
    /// Questions.
    Reads,
    /// Changes of rows that their first parameter names.
    Writes,
}

/// A statement as PostgreSQL reads it.
#[derive(Debug)]
pub(super) struct Text {
    /// The statement.
    pub(super) sql: String,
    /// Whether its first parameter is the id of a task that it locks.
    pub(super) locks: bool,
    /// Whether several of it can be one.
    pub(super) joins: Joins,
    /// How deep its table lies below others, where a change in it may go before those of deeper ones.
    pub(super) depth: Option<u8>,
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
    let (joins, depth) = (joins(&text), depth(&text));
    Text { sql: text, locks, joins, depth }
}

/// Rows of a table refer to those of the tables before it.
fn depth(sql: &str) -> Option<u8> {
    let tables = ["tasks", "runs", "leases"];
    let into = sql.strip_prefix("insert into ").or_else(|| sql.strip_prefix("update "))?;
    let own = into.split([' ', '(']).next()?;
    tables.iter().zip(0..).find_map(|(table, depth)| (*table == own).then_some(depth))
}

fn joins(sql: &str) -> Joins {
    let has = |part: &str| sql.contains(part);
    if !has("$1") || has("any(") || has("pg_") {
        return Joins::Never;
    }
    // Rows that are changed are found by their key alone, and nobody asks for them.
    let plain = !has("select") && !has("returning");
    match sql.split(' ').next() {
        Some("select") => Joins::Reads,
        Some("insert") if plain && has(" values ($1, ") => Joins::Writes,
        Some("update") if plain && has(" set ") && has("= $1") => Joins::Writes,
        Some("delete") if plain && has(" where ") && has("= $1") => Joins::Writes,
        Some(_) | None => Joins::Never,
    }
}

/// The statement that does what many of this one do: their parameters come as arrays, one of each kind. Its rows start
/// with the place of the statement that they answer.
pub(super) fn joined(text: &Text, kinds: &[Type]) -> Option<String> {
    let arrays: Option<Vec<&str>> = kinds.iter().map(array_of).collect();
    let arrays = arrays?.into_iter().enumerate().map(|(index, array)| format!("${}::{array}", index + 1));
    let names: Vec<String> = (1..=kinds.len()).map(|number| format!("p{number}")).collect();
    let unnest = format!("unnest({})", arrays.collect::<Vec<_>>().join(", "));
    let (names, sql) = (names.join(", "), by_name(&text.sql));
    // A limit that is not known makes for few rows in the plan, so that each of them looks others up, not the reverse.
    let few = "limit (select 1000000)";
    let given = format!("(select * from {unnest} as given ({names}) {few}) as given");
    match (text.joins, sql.split(' ').next()?) {
        (Joins::Reads, _) => Some(format!(
            "select given.place, found.* from (select * from {unnest} with ordinality as given ({names}, place) {few}) as given \
             cross join lateral ({sql} offset 0) as found"
        )),
        (Joins::Writes, "insert") => {
            let (head, tail) = sql.split_once(" values (")?;
            let end = matching(tail)?;
            Some(format!("{head} select {} from {given}{}", &tail[..end], &tail[end + 1..]))
        }
        (Joins::Writes, "update") => {
            let (head, tail) = sql.rsplit_once(" where ")?;
            Some(format!("{head} from {given} where {tail}"))
        }
        (Joins::Writes, "delete") => {
            let (head, tail) = sql.split_once(" where ")?;
            Some(format!("{head} using {given} where {tail}"))
        }
        (Joins::Writes | Joins::Never, _) => None,
    }
}

/// Where the bracket closes that was open before the text.
fn matching(text: &str) -> Option<usize> {
    let mut open = 1_u32;
    text.bytes().position(|byte| {
        match byte {
            b'(' => open += 1,
            b')' => open -= 1,
            _ => {}
        }
        open == 0
    })
}

/// Parameters as columns of `given`.
fn by_name(sql: &str) -> String {
    let mut parts = sql.split('$');
    let mut text = parts.next().unwrap_or_default().to_owned();
    for part in parts {
        text.push_str(if part.starts_with(|c: char| c.is_ascii_digit()) { "given.p" } else { "$" });
        text.push_str(part);
    }
    text
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

    #[test]
    fn statements_that_read_the_same_become_one_over_arrays() {
        let one = |sql: &str, kinds: &[Type]| joined(&translate(sql, false), kinds);
        assert_eq!(
            one("select a from t where id = $1 /*for update*/", &[Type::TEXT]).unwrap(),
            "select given.place, found.* from (select * from unnest($1::text[]) with ordinality as given (p1, place) \
             limit (select 1000000)) as given cross join lateral \
             (select a from t where id = given.p1 for no key update offset 0) as found"
        );
        let (text, int) = (Type::TEXT, Type::INT8);
        assert_eq!(
            one(
                "insert into t (a, b, c) values ($1, coalesce($2, 1), 0) on conflict do nothing",
                &[text.clone(), int.clone()]
            )
            .unwrap(),
            "insert into t (a, b, c) select given.p1, coalesce(given.p2, 1), 0 from \
             (select * from unnest($1::text[], $2::bigint[]) as given (p1, p2) limit (select 1000000)) as given on conflict do nothing"
        );
        assert_eq!(
            one("update t set a = coalesce($2, a) where id = $1 and b is null", &[text.clone(), int])
                .unwrap(),
            "update t set a = coalesce(given.p2, a) from (select * from unnest($1::text[], $2::bigint[]) as given (p1, p2) \
             limit (select 1000000)) as given where id = given.p1 and b is null"
        );
        assert_eq!(
            one("delete from t where id = $1", &[text]).unwrap(),
            "delete from t using (select * from unnest($1::text[]) as given (p1) limit (select 1000000)) as given where id = given.p1"
        );
        assert_eq!(one("insert into t (a) values ($1, 2) returning id", &[Type::TEXT]), None);
        assert_eq!(one("select a from t where id = $1", &[Type::BYTEA]), None);
    }
}
