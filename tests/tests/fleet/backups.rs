//! Keeping a board that is in PostgreSQL: backups that both engines read, the doctor, what is for files alone.

use andon_tests::{Engine, House, text_of};
use serde_json::Value;

/// What must be the same after a board was carried: all tasks with all that belongs to them, and every event but the last,
/// which tells of the carrying.
pub(crate) fn all_of(house: &House) -> Vec<Value> {
    let listed = house.json(["list", "--archived", "--limit", "10000"]);
    let mut tasks: Vec<String> = listed.as_array().unwrap().iter().map(|task| text_of(&task["id"])).collect();
    tasks.sort();
    let mut all: Vec<Value> = tasks.iter().map(|task| without_paths(house.show(task))).collect();
    let mut events = house.events();
    events.retain(|event| event["kind"] != "restored");
    all.extend(events);
    all
}

/// Ages and folders differ from moment to moment and from place to place.
fn without_paths(mut shown: Value) -> Value {
    for key in ["folder", "now", "log", "why", "diagnostics"] {
        if let Some(object) = shown.as_object_mut() {
            object.remove(key);
        }
    }
    shown
}

/// A board with a bit of everything on it.
pub(crate) fn furnished(house: &House) -> [String; 3] {
    let parent = house.script("echo 'a word: \\0 ü 家'; echo made > \"$OUT/made\"");
    let child = house.create(["child", "--assignee", "sh", "--body", "exit 3", "--parent", &parent]);
    let blocked = house.create(["asks", "--assignee", "sh", "--body", "true"]);
    let _ = house.andon(["block", &blocked, "which colour?"]).exits(0);
    let file = house.outside().join("note.txt");
    std::fs::write(&file, "attached").unwrap();
    let _ = house.andon(["attach", &blocked, file.to_str().unwrap()]).exits(0);
    let _ = house.andon(["comment", &parent, "it's \"quoted\" 'twice'"]).exits(0);
    let _ = house.andon(["dispatch", "--until-idle"]);
    [parent, child, blocked]
}

#[test]
fn a_backup_is_read_into_either_engine() {
    let house = House::new();
    let [_, _, blocked] = furnished(&house);
    let before = all_of(&house);
    let backup = house.outside().join("backup");
    let made = house.json(["backup", backup.to_str().unwrap(), "--with-files"]);
    assert_eq!((&made["tasks"], &made["files"]), (&Value::from(3), &Value::from(1)));
    for engine in [Engine::Sqlite, Engine::Postgres] {
        let other = House::on(engine, "another home");
        let done = other.json(["restore", backup.to_str().unwrap()]);
        assert_eq!((&done["new"], &done["epoch"]), (&Value::from(true), &Value::from(1)), "{engine:?}");
        assert_eq!(all_of(&other), before, "{engine:?}");
        other.healthy();
        // Numbers go on where they were: nothing new takes the place of something old.
        let _ = other.andon(["comment", &blocked, "blue"]).exits(0);
        let _ = other.andon(["unblock", &blocked]).exits(0);
        other.wait_idle_done(&blocked);
        // And back again, from this engine's own backup.
        let again = other.outside().join("again");
        let _ = other.andon(["backup", again.to_str().unwrap()]).exits(0);
        let second = House::new();
        let _ = second.andon(["restore", again.to_str().unwrap()]).exits(0);
        assert_eq!(second.status(&blocked), "done");
        second.healthy();
    }
}

#[test]
fn a_restore_over_a_board_puts_what_was_there_aside() {
    let house = House::new();
    let [parent, ..] = furnished(&house);
    let backup = house.outside().join("backup");
    let _ = house.andon(["backup", backup.to_str().unwrap()]).exits(0);
    let later = house.script("true");
    for epoch in 1..=3 {
        let done = house.json(["restore", backup.to_str().unwrap()]);
        assert_eq!((&done["epoch"], &done["new"]), (&Value::from(epoch), &Value::from(false)));
        assert!(text_of(&done["aside"]).contains("andon_archived_"), "{done}");
    }
    assert_eq!(house.status(&parent), "done");
    let _ = house.andon(["show", &later]).exits(4);
    let archived =
        house.database().unwrap().ask("select count(*) from andon.boards where archived_at is not null");
    assert_eq!(archived, [Some("3".to_owned())]);
    house.healthy();
}

#[test]
fn a_restore_that_dies_leaves_the_board_as_it_was() {
    let house = House::new();
    let [_, _, blocked] = furnished(&house);
    let backup = house.outside().join("backup");
    let _ = house.andon(["backup", backup.to_str().unwrap()]).exits(0);
    let before = all_of(&house);
    let mut command = house.command();
    command.env("ANDON_CRASH_AT", "restore_prepared").args(["restore", backup.to_str().unwrap()]);
    assert_eq!(House::answer(command).code, -1);
    assert_eq!(all_of(&house), before);
    let _ = house.andon(["comment", &blocked, "still here"]).exits(0);
    let _ = house.andon(["restore", backup.to_str().unwrap()]).exits(0);
    house.healthy();
}

#[test]
fn the_doctor_finds_and_mends_and_tells_of_the_server() {
    let house = House::new();
    let [parent, child, _] = furnished(&house);
    house.database().unwrap().run(&format!(
        "set search_path to andon_default; update tasks set satisfied = 0, blocks = -2 where id = '{parent}'"
    ));
    let report = house.andon(["doctor", "--json"]).exits(5).json();
    let codes = report["boards"][0]["findings"].to_string();
    assert!(codes.contains("satisfied_column") && codes.contains("negative_counter"), "{codes}");
    assert!(report["boards"][0]["server"]["version"].is_string());
    let _ = house.andon(["doctor", "--repair"]).exits(0);
    house.healthy();
    assert!(house.events().iter().any(|event| event["kind"] == "repaired"));
    assert_eq!(house.show(&child)["task"]["id"], child.as_str());
    let answer = house.andon(["doctor", "--recover", "/tmp/never", "--json"]).exits(5);
    assert_eq!(answer.error_code(), "files_only");
}

#[test]
fn boards_come_and_go_and_are_cleaned() {
    let house = House::new();
    let [parent, ..] = furnished(&house);
    let _ = house.andon(["boards", "create", "team-a", "--name", "Team A", "--switch"]).exits(0);
    let task = house.script("true");
    assert_eq!(house.status(&task), "ready");
    let shown = house.json(["boards", "show"]);
    assert_eq!((&shown["slug"], &shown["name"]), (&Value::from("team-a"), &Value::from("Team A")));
    assert_eq!(house.json(["boards", "list"]).as_array().unwrap().len(), 2);
    let _ = house.andon(["boards", "rm", "team-a"]).exits(0);
    let _ = house.andon(["boards", "create", "team-a"]).exits(0);
    let _ = house.andon(["boards", "delete", "team-a"]).exits(0);
    assert_eq!(house.json(["boards", "list"]).as_array().unwrap().len(), 1);
    assert_eq!(house.status(&parent), "done");
    let _ = house.andon(["archive", &parent]).exits(0);
    let gone = house.json(["gc", "--event-retention-days", "0", "--log-retention-days", "0"]);
    assert!(gone[0]["events"].as_u64().unwrap() > 0, "{gone}");
    house.healthy();
}
