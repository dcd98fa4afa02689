//! Databases that are missing, empty, cut off, foreign, newer, damaged or not to be written: refused with the way out,
//! left as they are, and nobody else's problem.

use std::collections::BTreeMap;
use std::os::unix::fs::FileExt as _;
use std::path::Path;

use andon_tests::{Answer, House, wait_until};
use rand::{Rng as _, SeedableRng as _};
use rusqlite::Connection;

use super::board;
use super::disk::Disk;

/// Does something to the database of a board that nobody has open.
type Harm = fn(&Path);

/// What is wrong with a database, and the code of the refusal.
const HARMS: &[(&str, Harm, &str)] = &[
    ("missing", |db| std::fs::remove_file(db).unwrap(), "database_missing"),
    ("empty", |db| std::fs::write(db, "").unwrap(), "database_empty"),
    (
        "a folder",
        |db| {
            std::fs::remove_file(db).unwrap();
            std::fs::create_dir(db).unwrap();
        },
        "database_foreign",
    ),
    ("random bytes", |db| std::fs::write(db, noise(100_000)).unwrap(), "database_foreign"),
    ("a text", |db| std::fs::write(db, "SQLite format 4? No.").unwrap(), "database_foreign"),
    ("less than a header", |db| std::fs::write(db, "SQLite format 3\0").unwrap(), "database_foreign"),
    ("another program's", another_program, "database_foreign"),
    ("another board's", another_board, "database_identity"),
    ("newer", |db| execute(db, "pragma user_version = 99"), "database_newer"),
    ("cut off", cut_off, "database_corrupt"),
    ("a damaged page", damage_a_page, "database_corrupt"),
    ("zeros after the header", zeros, "database_corrupt"),
];

fn noise(count: usize) -> Vec<u8> {
    let mut bytes = vec![0; count];
    rand::rngs::StdRng::seed_from_u64(1).fill(bytes.as_mut_slice());
    bytes
}

fn execute(database: &Path, sql: &str) {
    Connection::open(database).unwrap().execute_batch(sql).unwrap();
}

fn another_program(database: &Path) {
    std::fs::remove_file(database).unwrap();
    execute(database, "create table notes (text); insert into notes values ('mine')");
}

fn another_board(database: &Path) {
    let foreign = House::new();
    let _ = foreign.andon(["init"]).exits(0);
    std::fs::copy(foreign.board().join("board.db"), database).unwrap();
}

fn cut_off(database: &Path) {
    let file = std::fs::OpenOptions::new().write(true).open(database).unwrap();
    file.set_len(3 * 4_096).unwrap();
}

/// The root page of the tasks, so that everything meets it.
fn damage_a_page(database: &Path) {
    let connection = Connection::open(database).unwrap();
    let root = "select rootpage from sqlite_schema where name = 'tasks'";
    let page: u32 = connection.query_row(root, [], |row| row.get(0)).unwrap();
    drop(connection);
    let file = std::fs::OpenOptions::new().write(true).open(database).unwrap();
    file.write_all_at(&noise(4_096), u64::from(page - 1) * 4_096).unwrap();
}

fn zeros(database: &Path) {
    let file = std::fs::OpenOptions::new().write(true).open(database).unwrap();
    let length = file.metadata().unwrap().len();
    file.write_all_at(&vec![0; usize::try_from(length).unwrap() - 4_096], 4_096).unwrap();
}

/// The files of a board's folder that are, or came from, its database.
fn database_files(board: &Path) -> BTreeMap<String, Vec<u8>> {
    let entries = std::fs::read_dir(board).unwrap().map(Result::unwrap);
    let files = entries.filter(|entry| entry.path().is_file());
    files
        .map(|entry| (entry.file_name().into_string().unwrap(), std::fs::read(entry.path()).unwrap()))
        .filter(|(name, _)| name.starts_with("board.db"))
        .collect()
}

/// A house with thirty tasks on its board, and nobody at work.
fn house() -> House {
    let house = House::new();
    let body = "a body of some length ".repeat(40);
    for n in 0..30 {
        let _ = house.create([&format!("task {n}"), "--body", &body]);
    }
    house
}

const VERBS: &[&[&str]] = &[&["create", "a task"], &["list"], &["stats"], &["dispatch", "--once"]];

fn is_refused(answer: &Answer, code: &str, what: &str) {
    assert_eq!((answer.code, answer.error_code().as_str()), (5, code), "{what}: {answer:?}");
    let error: serde_json::Value =
        serde_json::from_str(&answer.stderr[answer.stderr.find('{').unwrap()..]).unwrap();
    assert!(error["error"]["hint"].is_string(), "{what}: no way out: {answer:?}");
    assert!(error["error"]["message"].as_str().unwrap().contains("board.db"), "{what}: {answer:?}");
}

#[test]
fn a_database_that_is_no_board_is_refused_with_the_way_out_and_left_as_it_is() {
    for (what, harm, code) in HARMS {
        let house = house();
        let _ = house.create(["elsewhere", "--board", "default"]);
        let _ = house.andon(["init", "--board", "other"]).exits(0);
        harm(&house.board().join("board.db"));
        let before = database_files(&house.board());
        for verb in VERBS {
            let answer = house.andon([verb as &[&str], &["--json"]].concat());
            is_refused(&answer, code, &format!("{what}: {verb:?}"));
        }
        // What is damaged further in is no business of `init`, which changes nothing then.
        let init = house.andon(["init", "--json"]);
        if init.code != 0 || *code != "database_corrupt" {
            is_refused(&init, code, &format!("{what}: init"));
        }
        let after = database_files(&house.board());
        for (name, bytes) in &before {
            assert!(after.get(name) == Some(bytes), "{what}: {name} was changed");
        }
        assert_eq!(
            after.contains_key("board.db"),
            before.contains_key("board.db"),
            "{what}: it was made anew"
        );
        assert!(board::findings(house.home()).iter().any(|finding| finding.code == *code), "{what}");
        let _ = house.create(["a task", "--board", "other"]);
    }
}

#[test]
fn a_hundred_attempts_on_a_damaged_board_leave_one_copy_of_it() {
    let house = house();
    let database = house.board().join("board.db");
    damage_a_page(&database);
    let before = std::fs::read(&database).unwrap();
    for n in 0..100 {
        let verb = VERBS[n % VERBS.len()];
        assert_eq!(house.andon(verb).code, 5, "{verb:?}");
        if n % 5 == 0 {
            // One dispatcher of all boards: it goes on, and keeps a copy.
            let _ = house.andon(["dispatch", "--once", "--all"]);
        }
    }
    assert!(std::fs::read(&database).unwrap() == before, "the damaged file was changed");
    let mut copies = database_files(&house.board());
    copies.retain(|name, _| name.ends_with(".bak"));
    let sizes: Vec<_> = copies.iter().map(|(name, bytes)| (name, bytes.len())).collect();
    assert!(sizes.len() == 1, "{sizes:?}");
    assert!(copies.into_values().next() == Some(before), "the copy is another one");
}

#[test]
fn the_way_out_of_a_lost_or_damaged_board_leads_back_to_one_that_works() {
    for (what, harm, _) in HARMS {
        let house = house();
        let backup = house.outside().join("backup");
        let _ = house.andon(["backup".as_ref(), backup.as_os_str()]).exits(0);
        let tasks = house.json(["list"]);
        let _ = house.create(["made after the backup"]);
        let database = house.board().join("board.db");
        harm(&database);
        let had_bytes = database.is_file() && std::fs::metadata(&database).is_ok_and(|meta| meta.len() > 0);
        let restored = house.andon(["restore".as_ref(), backup.as_os_str()]);
        assert_eq!(restored.code, 0, "{what}: {restored:?}");
        assert_eq!(house.json(["list"]), tasks, "{what}");
        let task = house.script("true");
        let _ = house.andon(["dispatch", "--until-idle"]).exits(3);
        assert_eq!(house.status(&task), "done", "{what}");
        board::whole(house.home());
        // What was there has been put aside, never thrown away.
        if had_bytes {
            let files = database_files(&house.board());
            assert!(files.keys().any(|name| name.contains("before-restore")), "{what}: {:?}", files.keys());
        }
    }
}

#[test]
fn a_damaged_board_stops_no_other_board_of_the_home() {
    for (what, harm, _) in HARMS {
        let house = house();
        let on_other =
            |house: &House| house.create(["work", "--assignee", "sh", "--body", "true", "--board", "other"]);
        let is_done = |task: &str| house.json(["show", task, "--board", "other"])["task"]["status"] == "done";
        let _ = house.andon(["init", "--board", "other"]).exits(0);
        let first = on_other(&house);
        harm(&house.board().join("board.db"));
        let before = database_files(&house.board());
        let _dispatcher = house.dispatcher_with(&["--all", "--board", "other"], &[]);
        wait_until(&format!("{what}: the first task is done"), || is_done(&first));
        let second = on_other(&house);
        wait_until(&format!("{what}: the second task is done"), || is_done(&second));
        let after = database_files(&house.board());
        for (name, bytes) in &before {
            assert!(after.get(name) == Some(bytes), "{what}: {name} was changed");
        }
    }
}

#[test]
fn a_board_on_a_read_only_file_system_is_refused_and_works_again_when_it_is_writable() {
    let house = House::new();
    let Some(disk) = Disk::mount(&house.board(), "8m") else { return };
    let task = house.create(["a task"]);
    disk.set_read_only(true);
    for verb in [&["create", "another"] as &[&str], &["complete", &task], &["comment", &task, "a word"]] {
        let answer = house.andon([verb, &["--json"]].concat());
        assert_eq!((answer.code, answer.error_code().as_str()), (5, "database_read_only"), "{answer:?}");
        assert!(answer.stderr.contains("rights"), "{answer:?}");
    }
    disk.set_read_only(false);
    let _ = house.andon(["complete", &task]).exits(0);
    board::whole(house.home());
}

#[test]
fn a_database_without_the_right_to_write_is_refused_and_left_as_it_is() {
    use std::os::unix::fs::PermissionsExt as _;
    use std::os::unix::process::CommandExt as _;
    if !rustix::process::geteuid().is_root() {
        println!("skipped: only root may become somebody without rights");
        return;
    }
    let house = house();
    let nobody = |arguments: &[&str]| {
        let mut command = house.command();
        command.args(arguments).arg("--json").uid(65_534).gid(65_534).current_dir("/");
        House::answer(command)
    };
    // Everybody may read everything in it, and nobody else may write.
    for folder in [house.home().parent().unwrap(), house.home(), &house.home().join("boards"), &house.board()]
    {
        std::fs::set_permissions(folder, std::fs::Permissions::from_mode(0o755)).unwrap();
    }
    let database = house.board().join("board.db");
    std::fs::set_permissions(&database, std::fs::Permissions::from_mode(0o644)).unwrap();
    if nobody(&["exit-codes"]).code != 0 {
        println!("skipped: nobody but root may start the binary where it lies");
        return;
    }
    let before = std::fs::read(&database).unwrap();
    for verb in [&["create", "a task"] as &[&str], &["list"]] {
        let answer = nobody(verb);
        assert_eq!((answer.code, answer.error_code().as_str()), (5, "database_read_only"), "{answer:?}");
    }
    assert!(std::fs::read(&database).unwrap() == before);
    let _ = house.create(["a task"]);
    board::whole(house.home());
}
