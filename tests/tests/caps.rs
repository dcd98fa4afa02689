//! Caps: a board's, a profile's, a host's over boards and dispatchers; counted inside the claim.

use andon_tests::{Dispatcher, House, wait_until};

/// Works until it may go, and writes when it begins and ends.
const GATED: &str = "echo + >> \"$OUT/log\"; while [ ! -e \"$OUT/go\" ]; do sleep 0.05; done; sleep 0.1; echo - >> \"$OUT/log\"";

/// The most that ran at once.
fn most(house: &House) -> i32 {
    let mut now = 0;
    let mut most = 0;
    for line in house.lines("log") {
        now += if line == "+" { 1 } else { -1 };
        most = most.max(now);
    }
    most
}

fn started(house: &House) -> usize {
    house.lines("log").iter().filter(|line| *line == "+").count()
}

/// With two dispatchers exactly `cap` of these run at once, and all of them in the end.
fn holds(house: &House, tasks: &[String], cap: usize) {
    let _dispatchers: Vec<Dispatcher> = (0..2).map(|_| house.dispatcher()).collect();
    wait_until("as many run as may", || started(house) == cap);
    for _ in 0..5 {
        let _ = house.andon(["dispatch", "--once"]).ok();
    }
    assert_eq!(started(house), cap);
    let waiting = tasks.iter().find(|task| house.status(task) == "ready").unwrap();
    let why = house.json(["why", waiting]);
    assert!(why.as_array().unwrap().iter().any(|reason| reason["code"] == "capped"), "{why:#}");
    house.touch("go");
    for task in tasks {
        house.wait_status(task, "done");
    }
    assert!(most(house) <= i32::try_from(cap).unwrap());
}

#[test]
fn a_board_runs_no_more_than_it_may() {
    let house = House::new();
    house.config("max_running = 2\n");
    let tasks: Vec<String> = (0..6).map(|_| house.script(GATED)).collect();
    holds(&house, &tasks, 2);
}

#[test]
fn a_profile_runs_no_more_than_it_may_and_costs_others_nothing() {
    let house = House::new();
    house.profile("sh", "runner = \"shell\"\nmax_running = 2\n");
    house.profile("other", "runner = \"shell\"\n");
    let tasks: Vec<String> = (0..6).map(|_| house.script(GATED)).collect();
    let free = house.create(["free", "--assignee", "other", "--body", "exit 0"]);
    {
        let _dispatcher = house.dispatcher();
        house.wait_status(&free, "done");
    }
    holds(&house, &tasks, 2);
}

#[test]
fn a_host_runs_no_more_than_it_may_over_boards_and_dispatchers() {
    let house = House::new();
    house.config("max_running_per_host = 2\nsweep_interval = \"200ms\"\n");
    let _ = house.andon(["--board", "other", "init"]).ok();
    let first: Vec<String> = (0..3).map(|_| house.script(GATED)).collect();
    let create = ["--board", "other", "create", "x", "--assignee", "sh", "--body", GATED];
    for _ in 0..3 {
        let _ = house.json(create);
    }
    let _dispatchers: Vec<Dispatcher> = (0..2).map(|_| house.dispatcher_with(&["--all"], &[])).collect();
    wait_until("as many run as may", || started(&house) == 2);
    for _ in 0..5 {
        let _ = house.andon(["dispatch", "--once", "--all"]).ok();
    }
    assert_eq!(started(&house), 2);
    house.touch("go");
    for task in &first {
        house.wait_status(task, "done");
    }
    wait_until("the other board is done", || {
        house.json(["--board", "other", "list", "--status", "done"]).as_array().unwrap().len() == 3
    });
    assert_eq!(most(&house), 2);
}

#[test]
fn a_place_on_the_host_is_free_again_however_its_supervisor_died() {
    let house = House::new();
    house.config("max_running_per_host = 1\nsweep_interval = \"200ms\"\n");
    let _dispatcher = house.dispatcher();
    let task = house.script("[ -e \"$OUT/once\" ] && exit 0; touch \"$OUT/once\"; sleep 1000");
    let run = house.wait_running(&task);
    andon_tests::processes::supervisors_of(&run).into_iter().for_each(andon_tests::processes::kill);
    house.wait_status(&task, "done");
    assert_eq!(house.outcomes(&task), ["crashed", "completed"]);
}
