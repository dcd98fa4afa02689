//! Saves what can be read of a damaged database into a new one, row by row.
//!
//! The damaged file is copied by another process first, and only the copy is read. Each table is read forwards until a
//! page cannot be read, then backwards from its end, then row by row across the gap: by number where rows have one, and
//! by the keys that the indexes still know elsewhere.

use std::collections::BTreeSet;
use std::path::Path;
use std::sync::Arc;

use andon_core::{BoardSlug, Policy};
use rusqlite::types::Value;
use rusqlite::{Connection, params_from_iter};

use super::aftermath::Aftermath;
use super::error::{MaintenanceError, io};
use super::mend::Repair;
use super::quarantine::Copier;
use super::snapshot::{beside, open_unchanging, sync_folder};
use crate::board_file::BoardFile;
use crate::caller::Caller;
use crate::doorbell::Doorbell;
use crate::home::Home;
use crate::migrate::SCHEMA;
use crate::sqlite::{self, Direct, Flavour, translate};

/// Tables in the order in which rows may refer to each other, and their keys.
const TABLES: &[(&str, &[&str])] = &[
    ("tasks", &["id"]),
    ("links", &["parent_id", "child_id"]),
    ("settlements", &["parent_id", "mode"]),
    ("runs", &["id"]),
    ("leases", &["run_id"]),
    ("comments", &["id"]),
    ("events", &["number"]),
    ("attachments", &["id"]),
    ("subscriptions", &["id"]),
    ("plans", &["task_id"]),
    ("pauses", &["scope"]),
    ("cooldowns", &["profile"]),
    ("hosts", &["name"]),
    ("cursors", &["name"]),
];
/// Most single rows that are tried across a gap.
const PROBES: usize = 200_000;

/// How much of a table was saved.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Saved {
    /// Which table.
    pub table: &'static str,
    /// Rows in the new database.
    pub rows: u64,
    /// Rows that were read, but that the new database refused.
    pub refused: u64,
    /// Whether every page of the table could be read.
    pub whole: bool,
}

/// Saves what can be read of a board's database into the new file `target`, which can then be given to `restore`.
/// Open runs end as interrupted, and tasks that may have lost a parent are held for a person.
///
/// # Errors
/// `target_exists`, or when nothing at all can be read.
pub fn recover(
    home: &Home,
    slug: &BoardSlug,
    target: &Path,
    copier: Copier<'_>,
    policy: &Policy,
) -> Result<Vec<Saved>, MaintenanceError> {
    home.require(slug)?;
    if home.server().is_some() {
        return Err(MaintenanceError::FilesOnly { what: "saving what can be read", place: home.place() });
    }
    if target.exists() {
        return Err(MaintenanceError::TargetExists(target.to_owned()));
    }
    let folder = home.board_folder(slug);
    let live = folder.join("board.db");
    let copy = beside(target, ".damaged");
    let failed =
        |error: std::io::Error| MaintenanceError::Copy { path: live.clone(), reason: error.to_string() };
    copier(&live, &copy).map_err(failed)?;
    if beside(&live, "-wal").exists() {
        copier(&beside(&live, "-wal"), &beside(&copy, "-wal")).map_err(failed)?;
    }
    let draft = beside(target, ".partial");
    let saved = salvage(home, &folder, &copy, &draft, policy);
    for ending in ["", "-wal", "-shm", "-journal"] {
        let _ = std::fs::remove_file(beside(&copy, ending));
    }
    let saved = saved.inspect_err(|_| {
        let _ = std::fs::remove_file(&draft);
    })?;
    std::fs::rename(&draft, target).map_err(io(target))?;
    sync_folder(super::snapshot::parent(target))?;
    Ok(saved)
}

fn salvage(
    home: &Home,
    folder: &Path,
    copy: &Path,
    draft: &Path,
    policy: &Policy,
) -> Result<Vec<Saved>, MaintenanceError> {
    let source = open_copy(copy)?;
    let meta = |key: &str| -> Option<String> {
        source.query_row("select value from meta where key = ?1", [key], |row| row.get(0)).ok()
    };
    let recorded = BoardFile::read(folder).ok().and_then(|file| file.identity);
    let chance = || format!("{:016x}{:016x}", home.world().bits(), home.world().bits());
    let identity = recorded.or_else(|| meta("identity")).unwrap_or_else(chance);
    let epoch = meta("epoch").and_then(|epoch| epoch.parse().ok()).unwrap_or(home.world().now().0 / 1_000);
    sqlite::create(draft, &identity, home.world().as_ref())?;
    let mut saved = Vec::new();
    {
        let fail = |error: rusqlite::Error| translate(draft, &error);
        let target = Connection::open(draft).map_err(fail)?;
        target.execute_batch("pragma foreign_keys = off; pragma synchronous = off; begin").map_err(fail)?;
        for (table, keys) in TABLES {
            saved.push(Table { name: table, keys, source: &source, target: &target }.save(draft)?);
        }
        for (table, parent, column, key) in [
            ("links", "tasks", "parent_id", "id"),
            ("links", "tasks", "child_id", "id"),
            ("settlements", "tasks", "parent_id", "id"),
            ("runs", "tasks", "task_id", "id"),
            ("leases", "runs", "run_id", "id"),
            ("comments", "tasks", "task_id", "id"),
            ("attachments", "tasks", "task_id", "id"),
            ("subscriptions", "tasks", "task_id", "id"),
            ("plans", "tasks", "task_id", "id"),
        ] {
            let orphans = format!("delete from {table} where {column} not in (select {key} from {parent})");
            let gone = target.execute(&orphans, []).map_err(fail)? as u64;
            if let Some(saved) = saved.iter_mut().find(|saved| saved.table == table) {
                saved.rows = saved.rows.saturating_sub(gone);
                saved.refused += gone;
            }
        }
        target.execute_batch(hold(&saved)).map_err(fail)?;
        target.execute_batch("commit; pragma synchronous = full").map_err(fail)?;
    }
    if saved.iter().all(|saved| saved.rows == 0) {
        let detail = "no row of it can be read".to_owned();
        return Err(MaintenanceError::BadSource { path: folder.join("board.db"), detail });
    }
    let nobody = Doorbell::new(beside(draft, ".wake"));
    let direct = Direct::new(draft, Some(&identity), Flavour::Short, Arc::clone(home.world()), nobody);
    let from = "recovered from a damaged database".to_owned();
    direct.run(&Aftermath { epoch: epoch + 1, identity: None, from, policy: policy.clone() })?;
    for _ in 0..8 {
        if direct.run(&Repair { caller: Caller::system(), policy: policy.clone() })?.is_empty() {
            break;
        }
    }
    Ok(saved)
}

/// A task does not start because what it waited for was lost: it waits for a person. Where tasks or links are missing,
/// nobody knows of any waiting task whether it has all its parents.
fn hold(saved: &[Saved]) -> &'static str {
    let whole =
        |name: &str| saved.iter().any(|saved| saved.table == name && saved.whole && saved.refused == 0);
    if whole("tasks") && whole("links") {
        "update tasks set held = 1 where status = 'todo' and parents_waived = 0 and not exists (select 1 from links \
         join tasks parent on parent.id = links.parent_id where links.child_id = tasks.id and parent.satisfied = 0) \
         and not exists (select 1 from settlements)"
    } else {
        "update tasks set held = 1 where status = 'todo'"
    }
}

/// The copy with its log where that can be read, else the copy alone.
fn open_copy(copy: &Path) -> Result<Connection, MaintenanceError> {
    let with_log = Connection::open(copy).and_then(|connection| {
        connection.execute_batch(
            "pragma writable_schema = on; pragma cell_size_check = off; select 1 from sqlite_schema",
        )?;
        Ok(connection)
    });
    match with_log {
        Ok(connection) => Ok(connection),
        Err(_) => Ok(open_unchanging(copy)?),
    }
}

struct Table<'a> {
    name: &'static str,
    keys: &'static [&'static str],
    source: &'a Connection,
    target: &'a Connection,
}

impl Table<'_> {
    fn save(&self, draft: &Path) -> Result<Saved, MaintenanceError> {
        let fail = |error: rusqlite::Error| translate(draft, &error);
        if self.came_later() {
            return Ok(Saved { table: self.name, rows: 0, refused: 0, whole: true });
        }
        let ours = columns(self.target, self.name).map_err(fail)?;
        let theirs = columns(self.source, self.name).unwrap_or_else(|_| ours.clone());
        let shared: Vec<String> = ours.into_iter().filter(|column| theirs.contains(column)).collect();
        let list = shared.join(", ");
        let marks: Vec<String> = (1..=shared.len()).map(|n| format!("?{n}")).collect();
        let insert = format!("insert or ignore into {} ({list}) values ({})", self.name, marks.join(", "));
        let mut insert = self.target.prepare(&insert).map_err(fail)?;
        let mut saved = Saved { table: self.name, rows: 0, refused: 0, whole: true };
        let mut take = |row: Vec<Value>| match insert.execute(params_from_iter(row)) {
            Ok(0) => {}
            Ok(_) => saved.rows += 1,
            Err(_) => saved.refused += 1,
        };
        let numbered = self.source.prepare(&format!("select rowid from {}", self.name)).is_ok();
        let whole = if numbered { self.by_number(&list, &mut take) } else { self.by_key(&list, &mut take) };
        saved.whole = whole;
        Ok(saved)
    }

    /// Whether the board is older than the table: nothing of it can have been lost.
    fn came_later(&self) -> bool {
        let ask = |sql: &str| self.source.query_row(sql, [], |row| row.get::<_, i64>(0)).ok();
        let there = format!("select count(*) from sqlite_schema where name = '{}'", self.name);
        ask("select user_version from pragma_user_version").is_some_and(|version| version < SCHEMA)
            && ask(&there) == Some(0)
    }

    /// Rows with numbers: forwards, backwards, then one by one across the gap; whether the first way read everything.
    fn by_number(&self, list: &str, take: &mut dyn FnMut(Vec<Value>)) -> bool {
        let mut known = BTreeSet::new();
        for order in ["", " desc"] {
            let sql = format!("select rowid, {list} from {} order by rowid{order}", self.name);
            let read = self.scan(&sql, &mut |mut row| {
                if let Value::Integer(number) = row.remove(0)
                    && known.insert(number)
                {
                    take(row);
                }
            });
            if read.is_ok() {
                return order.is_empty();
            }
        }
        let sequence = "select seq from sqlite_sequence where name = ?1";
        let last: i64 = self.source.query_row(sequence, [self.name], |row| row.get(0)).unwrap_or(0);
        let last = last.max(known.last().copied().unwrap_or(0));
        let single = format!("select {list} from {} where rowid = ?1", self.name);
        for number in (1..=last).filter(|number| !known.contains(number)).take(PROBES) {
            if let Ok(row) = self.source.query_row(&single, [number], whole_row) {
                take(row);
            }
        }
        false
    }

    /// Rows without numbers: forwards, backwards, then by the keys that the indexes know; whether the first way read
    /// everything.
    fn by_key(&self, list: &str, take: &mut dyn FnMut(Vec<Value>)) -> bool {
        for order in ["", " desc"] {
            let keys: Vec<String> = self.keys.iter().map(|key| format!("{key}{order}")).collect();
            let sql = format!("select {list} from {} order by {}", self.name, keys.join(", "));
            if self.scan(&sql, take).is_ok() {
                return order.is_empty();
            }
        }
        let wanted: Vec<String> =
            self.keys.iter().enumerate().map(|(n, key)| format!("{key} = ?{}", n + 1)).collect();
        let single = format!("select {list} from {} where {}", self.name, wanted.join(" and "));
        for key in self.indexed_keys() {
            if let Ok(row) = self.source.query_row(&single, params_from_iter(key), whole_row) {
                take(row);
            }
        }
        false
    }

    /// Gives rows until one cannot be read.
    fn scan(&self, sql: &str, take: &mut dyn FnMut(Vec<Value>)) -> rusqlite::Result<()> {
        let mut statement = self.source.prepare(sql)?;
        let mut rows = statement.query([])?;
        while let Some(row) = rows.next()? {
            take(whole_row(row)?);
        }
        Ok(())
    }

    /// The keys that the table's indexes still know.
    fn indexed_keys(&self) -> BTreeSet<Vec<String>> {
        let mut keys = BTreeSet::new();
        let list = self.keys.join(", ");
        for index in indexes(self.source, self.name) {
            for order in ["", " desc"] {
                let sql = format!("select {list} from {} indexed by {index} order by 1{order}", self.name);
                let _ = self.scan(&sql, &mut |row| {
                    keys.insert(row.into_iter().map(text).collect());
                });
            }
        }
        keys
    }
}

fn whole_row(row: &rusqlite::Row<'_>) -> rusqlite::Result<Vec<Value>> {
    (0..row.as_ref().column_count()).map(|column| row.get(column)).collect()
}

fn text(value: Value) -> String {
    match value {
        Value::Text(text) => text,
        Value::Integer(number) => number.to_string(),
        Value::Null | Value::Real(_) | Value::Blob(_) => String::new(),
    }
}

fn columns(connection: &Connection, table: &str) -> rusqlite::Result<Vec<String>> {
    let mut statement = connection.prepare(&format!("select name from pragma_table_info('{table}')"))?;
    let names = statement.query_map([], |row| row.get(0))?.collect::<rusqlite::Result<Vec<String>>>()?;
    if names.is_empty() { Err(rusqlite::Error::QueryReturnedNoRows) } else { Ok(names) }
}

/// The named indexes of a table; a partial one knows only some rows.
fn indexes(connection: &Connection, table: &str) -> Vec<String> {
    let sql = format!("select name from pragma_index_list('{table}') where partial = 0 and origin = 'c'");
    let Ok(mut statement) = connection.prepare(&sql) else { return Vec::new() };
    let Ok(rows) = statement.query_map([], |row| row.get(0)) else { return Vec::new() };
    rows.flatten().collect()
}
