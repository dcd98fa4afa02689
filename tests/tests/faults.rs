//! Faults around the database's file and folder: refused with the way out, never recreated.

use andon_tests::House;

/// A refusal of the database, which stays as it is.
#[track_caller]
fn refused(house: &House) {
    let file = house.board().join("board.db");
    let before = std::fs::read(&file).ok();
    for verb in [&["list"][..], &["create", "x"], &["dispatch", "--once"]] {
        let answer = house.andon(verb.iter().chain(&["--json"])).exits(5);
        assert!(!answer.error_code().is_empty());
    }
    assert_eq!(std::fs::read(&file).ok(), before, "it must not be touched");
}

fn a_board_with_a_task() -> House {
    let house = House::new();
    house.create(["a task"]);
    house
}

#[test]
fn a_database_that_is_missing_is_refused_and_not_made_anew() {
    let house = a_board_with_a_task();
    std::fs::remove_file(house.board().join("board.db")).unwrap();
    refused(&house);
}

#[test]
fn a_database_that_is_empty_is_refused() {
    let house = a_board_with_a_task();
    std::fs::write(house.board().join("board.db"), "").unwrap();
    refused(&house);
}

#[test]
fn a_file_that_is_no_database_is_refused() {
    let house = a_board_with_a_task();
    std::fs::write(house.board().join("board.db"), "this is no database, but a letter. ".repeat(200))
        .unwrap();
    refused(&house);
}

#[test]
fn a_database_of_another_board_is_refused() {
    let house = a_board_with_a_task();
    let other = a_board_with_a_task();
    std::fs::copy(other.board().join("board.db"), house.board().join("board.db")).unwrap();
    refused(&house);
}

#[test]
fn a_truncated_database_is_refused_and_other_boards_go_on() {
    let house = a_board_with_a_task();
    let _ = house.andon(["--board", "other", "init"]).ok();
    let file = std::fs::OpenOptions::new().write(true).open(house.board().join("board.db")).unwrap();
    file.set_len(file.metadata().unwrap().len() / 2).unwrap();
    let _ = house.andon(["list", "--json"]).exits(5);
    let create = ["--board", "other", "create", "x", "--assignee", "sh", "--body", "exit 0"];
    let task = andon_tests::text_of(&house.json(create)["id"]);
    let _dispatcher = house.dispatcher_with(&["--all"], &[]);
    andon_tests::wait_until("the other board goes on", || {
        house.json(["--board", "other", "show", &task])["task"]["status"] == "done"
    });
}

#[test]
fn a_dead_bell_keeps_nobody_from_writing() {
    let house = a_board_with_a_task();
    let wake = house.board().join("wake");
    drop(std::os::unix::net::UnixDatagram::bind(wake.join("dead")).unwrap());
    std::fs::write(wake.join("no socket"), "").unwrap();
    let task = house.script("exit 0");
    let _dispatcher = house.dispatcher();
    house.wait_status(&task, "done");
}

#[test]
fn two_homes_on_one_board_run_each_task_once() {
    let house = House::new();
    let tasks: Vec<String> =
        (0..10).map(|_| house.script("printf '%s\\n' \"$ANDON_TASK\" >> \"$OUT/ran\"")).collect();
    let second = House::new();
    std::fs::create_dir_all(second.home().join("boards")).unwrap();
    std::os::unix::fs::symlink(house.board(), second.board()).unwrap();
    // The same answers wherever a worker was started.
    second.profile(
        "sh",
        &format!("runner = \"shell\"\n[env]\nELSEWHERE = {:?}\n", house.outside().to_str().unwrap()),
    );
    let _dispatchers = (house.dispatcher(), second.dispatcher());
    for task in &tasks {
        house.wait_status(task, "done");
        assert_eq!(house.runs(task).len(), 1);
    }
    let mut ran = [house.lines("ran"), second.lines("ran")].concat();
    let mut expected = tasks.clone();
    ran.sort();
    expected.sort();
    assert_eq!(ran, expected);
}

/// `docker exec`, `kubectl exec` and many CI systems enter a container like this: the session's number reads as 0 there.
#[test]
fn work_is_done_where_the_session_belongs_to_another_pid_namespace() {
    let house = House::new();
    // One after the other: the dispatcher has ended supervisors to collect while it works.
    house.config("max_running = 1\n");
    let tasks: Vec<String> = (0..3).map(|_| house.script("(setsid sleep 1000 &) ; exit 0")).collect();
    let mut inside = house.foreign("unshare");
    inside.args(["--pid", "--fork", "--mount-proc"]).arg(andon_tests::andon());
    inside.args(["dispatch", "--until-idle"]).env("ANDON_HOME", house.home());
    let answer = House::answer(inside);
    if answer.stderr.contains("unshare failed") {
        println!("skipped: this host lets us make no PID namespace");
        return;
    }
    let _ = answer.exits(0);
    for task in tasks {
        assert_eq!(house.status(&task), "done");
    }
}
