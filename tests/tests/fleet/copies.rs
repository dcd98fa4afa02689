//! Boards that move from one engine to the other: nothing is lost, and at every moment one place is live, and one alone.

use andon_tests::{Engine, House, text_of, wait_until};
use serde_json::Value;

use super::backups::{all_of, furnished};

/// A home of files, and the URL of a database that is empty.
fn apart() -> (House, House, String) {
    let server = House::new();
    let url = server.database().unwrap().url();
    (House::on(Engine::Sqlite, "ein Haus 家"), server, url)
}

/// Whether the board can be written here. Where it cannot, it says where it is.
#[track_caller]
fn is_live(house: &House, task: &str) -> bool {
    let boards = house.json(["boards", "list"]);
    if !boards.as_array().unwrap().iter().any(|board| board["slug"] == "default") {
        return false;
    }
    let answer = house.andon(["comment", task, "is anybody here?", "--json"]);
    if answer.code == 0 {
        return true;
    }
    let code = answer.error_code();
    assert_eq!(code, "board_sealed", "{answer:?}");
    false
}

#[test]
fn a_board_moves_there_and_back_with_all_that_it_has() {
    let (files, _server, url) = apart();
    let [_, _, blocked] = furnished(&files);
    let before = all_of(&files);
    let moved = files.json(["boards", "copy", "default", "--to", &url]);
    assert_eq!((&moved["board"], &moved["epoch"]), (&Value::from("default"), &Value::from(1)));
    let answer = files.andon(["comment", &blocked, "too late", "--json"]).exits(5);
    assert_eq!(answer.error_code(), "board_sealed");
    assert!(answer.stderr.contains("postgres://"), "{answer:?}");
    assert_eq!(all_of(&files), before, "a sealed board can be read");
    let listed = files.json(["boards", "list"]);
    assert!(text_of(&listed[0]["moved_to"]).starts_with("postgres://"), "{listed}");
    assert!(files.andon(["boards", "list"]).exits(0).stdout.contains("sealed: moved to postgres://"));
    let again = files.andon(["boards", "copy", "default", "--to", &url]).exits(1);
    assert!(!again.stderr.contains("--force"), "a hint names what the verb does not know: {again:?}");
    // The same home, its boards now in the database.
    let there = files.with("ANDON_DATABASE_URL", &url);
    assert_eq!(all_of(&there), before);
    assert!(there.json(["boards", "list"])[0]["moved_to"].is_null(), "where it is now it is not sealed");
    there.healthy();
    let _ = there.andon(["comment", &blocked, "blue"]).exits(0);
    let _ = there.andon(["unblock", &blocked]).exits(0);
    there.wait_idle_done(&blocked);
    let after = all_of(&there);
    // Back into the home that it came from, and then into another one.
    let home = there.home().to_str().unwrap().to_owned();
    let _ = there.andon(["boards", "copy", "default", "--to", &home]).exits(0);
    assert!(!is_live(&there, &blocked));
    let back = there.with("ANDON_DATABASE_URL", "");
    assert_eq!(all_of(&back), after);
    back.healthy();
    assert!(is_live(&back, &blocked));
    let other = House::on(Engine::Sqlite, "other");
    let _ = back.andon(["boards", "copy", "default", "--to", other.home().to_str().unwrap()]).exits(0);
    assert!(!is_live(&back, &blocked) && is_live(&other, &blocked));
    assert_eq!(other.json(["attachments", &blocked]).as_array().unwrap().len(), 1);
    other.healthy();
}

#[test]
fn a_board_does_not_move_from_under_its_runs_unless_they_are_waited_for() {
    let (files, server, url) = apart();
    let _dispatcher = files.dispatcher();
    let task = files.script("while [ ! -e \"$OUT/go\" ]; do sleep 0.02; done");
    let next = files.create(["next", "--assignee", "sh", "--body", "true", "--parent", &task]);
    files.wait_running(&task);
    let answer = files.andon(["boards", "copy", "default", "--to", &url, "--json"]).exits(1);
    assert_eq!(answer.error_code(), "board_in_use");
    assert!(is_live(&files, &task));
    let mut command = files.command();
    let mut copy = command.args(["boards", "copy", "default", "--to", &url, "--wait"]).spawn().unwrap();
    wait_until("the board is paused", || {
        !files.json(["stats"])["paused"].as_array().is_none_or(Vec::is_empty)
    });
    files.touch("go");
    assert!(copy.wait().unwrap().success());
    assert_eq!(server.status(&task), "done");
    assert_eq!(server.status(&next), "ready", "nothing started while the board was on its way");
    server.until_idle();
    assert_eq!(server.status(&next), "done", "the cord that the copy pulled is let go");
    server.healthy();
}

#[test]
fn a_copy_that_cannot_be_leaves_the_board_as_it_was() {
    let (files, server, url) = apart();
    let [_, _, blocked] = furnished(&files);
    let other = furnished(&server);
    let answer = files.andon(["boards", "copy", "default", "--to", &url, "--json"]).exits(1);
    assert_eq!(answer.error_code(), "target_exists");
    let nowhere = "postgres://ada:sesame@127.0.0.1:1/andon";
    let answer = files.andon(["boards", "copy", "default", "--to", nowhere, "--json"]).exits(5);
    assert_eq!(answer.error_code(), "database_unreachable");
    assert!(!answer.stderr.contains("sesame"));
    let database = server.database().unwrap();
    let (user, password) = database.sealed();
    let powerless = database.url_of(&format!("{user}:{}", password.replace(' ', "%20")));
    let answer = files.andon(["boards", "copy", "default", "--to", &powerless, "--json"]).exits(5);
    assert_eq!(answer.error_code(), "database_denied");
    assert!(is_live(&files, &blocked) && is_live(&server, &other[2]));
    files.healthy();
}

#[test]
fn however_a_copy_dies_one_of_the_two_is_live() {
    for to_server in [true, false] {
        for point in ["copy_marked", "copy_sealed", "copy_drafted", "copy_loaded", "copy_listed"] {
            let (files, server, url) = apart();
            let (from, to) = if to_server { (&files, &server) } else { (&server, &files) };
            let [_, _, blocked] = furnished(from);
            let target = if to_server { url.clone() } else { files.home().to_str().unwrap().to_owned() };
            let mut command = from.command();
            command.env("ANDON_CRASH_AT", point).args(["boards", "copy", "default", "--to", &target]);
            assert_eq!(House::answer(command).code, -1, "{point}");
            let lives = [is_live(from, &blocked), is_live(to, &blocked)];
            let moved = point == "copy_listed";
            assert_eq!(lives, [!moved, moved], "{point}, to a server: {to_server}");
            if !moved {
                let _ = from.andon(["boards", "copy", "default", "--to", &target]).exits(0);
                assert_eq!([is_live(from, &blocked), is_live(to, &blocked)], [false, true], "{point}");
            }
            to.healthy();
        }
    }
}
