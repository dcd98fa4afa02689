//! A sealed board: all of it can be read, and nothing of it can be written any more, by anybody.
//!
//! A board that moves to another place is sealed first, so that no two live boards exist. The seal is in the database
//! itself, as triggers: whoever has the board open already meets it with the next write, and a board without a seal pays
//! nothing for the possibility.

use super::transfer::Table;

/// What the message of a refused write begins with; what follows says where the board is now.
pub(crate) const SEALED: &str = "andon: sealed: ";

/// Changes nothing, and is refused by a sealed board.
pub(crate) const PROBE: &str =
    "insert into meta (key, value) values ('sealing', ''); delete from meta where key = 'sealing'";

/// The statements that seal a SQLite database.
pub(crate) fn sqlite(tables: &[Table], to: &str) -> String {
    let text = quoted(&format!("{SEALED}{to}"));
    noted(to)
        + &each(tables, |name, verb| {
            format!(
                "create trigger sealed_{name}_{verb} before {verb} on {name} begin select raise(abort, {text}); end;\n"
            )
        })
}

/// The statements that break the seal of a SQLite database.
pub(crate) fn unseal_sqlite(tables: &[Table]) -> String {
    each(tables, |name, verb| format!("drop trigger if exists sealed_{name}_{verb};\n")) + FORGET
}

/// The statements that seal a schema of PostgreSQL.
pub(crate) fn postgres(tables: &[Table], to: &str) -> String {
    let text = quoted(&format!("{SEALED}{to}"));
    let function = format!(
        "create or replace function sealed() returns trigger language plpgsql as $seal$ begin \
         raise exception using message = {text}, errcode = '25006'; end $seal$;\n"
    );
    noted(to)
        + &function
        + &each(tables, |name, verb| {
            format!(
                "create trigger sealed_{verb} before {verb} on {name} for each statement execute function sealed();\n"
            )
        })
}

/// The statements that break the seal of a schema of PostgreSQL.
pub(crate) fn unseal_postgres() -> String {
    format!("drop function if exists sealed() cascade; {FORGET}")
}

/// Where the board is now stands beside the seal, for those who only read.
fn noted(to: &str) -> String {
    format!(
        "insert into meta (key, value) values ('sealed', {}) on conflict (key) do update set value = excluded.value;\n",
        quoted(to)
    )
}

const FORGET: &str = "delete from meta where key = 'sealed';\n";

/// Where the board is now, if this is the message of a sealed one.
pub(crate) fn sealed_to(message: &str) -> Option<String> {
    let at = message.find(SEALED)? + SEALED.len();
    message.get(at..).map(str::to_owned)
}

fn each(tables: &[Table], of: impl Fn(&str, &str) -> String) -> String {
    let verbs = |table: &Table| ["insert", "update", "delete"].map(|verb| of(table.name(), verb)).concat();
    tables.iter().map(verbs).collect()
}

fn quoted(text: &str) -> String {
    format!("'{}'", text.replace('\'', "''"))
}
