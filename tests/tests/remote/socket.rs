//! The server of a home is found by its socket, and its absence, death or deafness costs nothing.

use andon_tests::{House, processes, text_of, wait_until};

use super::served::Served;

#[test]
fn writes_join_the_commits_of_the_server_that_serves_the_home() {
    let house = House::at("h");
    let served = Served::start(&house);
    let before = served.verbs(&house);
    let task = house.create(["a"]);
    let _ = house.andon(["comment", &task, "a word", "--by", "ada"]).exits(0);
    assert_eq!(served.verbs(&house), before + 2, "the server has run both");
    assert_eq!(house.show(&task)["comments"][0]["author"], "ada", "who acts is who typed it");
    let between = served.verbs(&house);
    let direct = |name: &str, value: &str| {
        let mut command = house.command();
        command.args(["comment", &task, "another"]).env(name, value);
        let _ = House::answer(command).exits(0);
    };
    direct("ANDON_SERVER", "off");
    direct("ANDON_FAILURE_LIMIT", "9");
    direct("TZ", "Asia/Tokyo");
    assert_eq!(served.verbs(&house), between, "under other settings it works by itself");
    assert_eq!(house.show(&task)["comments"].as_array().map(Vec::len), Some(4));
}

#[test]
fn a_server_that_is_gone_or_frozen_keeps_nobody_waiting() {
    let house = House::at("h");
    let served = Served::start(&house);
    processes::freeze(served.pid());
    let first = house.create(["while it is frozen"]);
    processes::thaw(served.pid());
    served.kill();
    assert!(house.home().join("andon.sock").exists(), "what a killed server leaves");
    let second = house.create(["after it was killed"]);
    std::fs::remove_file(house.home().join("andon.sock")).unwrap();
    std::fs::write(house.home().join("andon.sock"), "no socket").unwrap();
    let third = house.create(["with something else in its place"]);
    for task in [first, second, third] {
        assert_eq!(house.status(&task), "ready");
    }
}

#[test]
fn a_worker_finds_the_socket_and_is_fenced_as_without_it() {
    let house = House::at("h");
    let served = Served::start(&house);
    let _ = house.andon(["resume", "--all"]).exits(0);
    // A worker that a supervisor started.
    let task = house.script("andon comment 'at work' && while [ ! -e \"$OUT/go\" ]; do sleep 0.02; done");
    wait_until("its worker has spoken", || house.kinds_of(&task).contains(&"commented".to_owned()));
    assert!(served.verbs(&house) > 0);
    house.touch("go");
    let _ = house.wait_status(&task, "done");
    // One that claimed by hand, and was taken back.
    let task = house.create(["by hand"]);
    let claimed = house.json(["claim", &task]);
    let worker = |words: &[&str]| {
        let mut command = house.command();
        command.args(words).arg("--json").env("ANDON_TASK", &task).env("ANDON_BOARD", "default");
        command.env("ANDON_RUN", text_of(&claimed["run"]["id"]));
        command.env("ANDON_RUN_TOKEN", text_of(&claimed["run"]["token"]));
        House::answer(command)
    };
    let before = served.verbs(&house);
    let _ = worker(&["comment", "mine"]).exits(0);
    assert!(served.verbs(&house) > before, "a worker's write joins them");
    let _ = house.andon(["reclaim", &task]).exits(0);
    for words in [vec!["complete", "--summary", "late"], vec!["heartbeat"], vec!["block", "late"]] {
        assert_eq!(worker(&words).exits(1).error_code(), "stale_run", "{words:?}");
    }
    assert_eq!(house.status(&task), "ready");
    house.healthy();
}
