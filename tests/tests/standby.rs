//! A supervisor that was started before there was a run for it: it takes one as any other does, and whatever becomes of it, the
//! task runs once.

use andon_tests::{House, processes, wait_for, wait_until};

/// The supervisors of a house that wait for a run, each with its guard beside it.
fn waiting(house: &House) -> Vec<i32> {
    let mut found = house.processes();
    found.retain(|pid| processes::waits(*pid));
    let (guards, supervisors): (Vec<i32>, Vec<i32>) =
        found.into_iter().partition(|pid| processes::is_guard(*pid));
    if guards.is_empty() { Vec::new() } else { supervisors }
}

fn one_waits(house: &House) -> i32 {
    wait_for("a supervisor that waits", || waiting(house).first().copied())
}

#[test]
fn a_waiting_supervisor_takes_a_run_and_is_known_by_it() {
    let house = House::new();
    let dispatcher = house.dispatcher();
    // One that is only just starting is passed over.
    let taken = (0..20).any(|number| {
        let stood_by = one_waits(&house);
        let task = house.script(&format!("while [ ! -e \"$OUT/go-{number}\" ]; do sleep 0.02; done"));
        let run = house.wait_running(&task);
        let supervisors = processes::supervisors_of(&run);
        assert_eq!((supervisors.len(), processes::guards_of(&run).len()), (1, 1));
        assert_eq!(processes::with_environ("ANDON_SUPERVISE_RUN", &run).len(), 2, "others look for it so");
        house.touch(&format!("go-{number}"));
        house.wait_status(&task, "done");
        assert_eq!(house.runs(&task).len(), 1);
        supervisors == [stood_by]
    });
    assert!(taken, "no run was ever handed to the one that waited");
    wait_until("another one waits", || !waiting(&house).is_empty());
    assert_eq!(waiting(&house).len(), 1);
    dispatcher.kill();
    house.wait_empty();
}

#[test]
fn a_waiting_supervisor_that_is_frozen_costs_a_moment_and_no_second_run() {
    let house = House::new();
    let _dispatcher = house.dispatcher();
    let frozen = one_waits(&house);
    processes::stop_at_once(frozen);
    wait_until("it is stopped", || processes::state(frozen) == Some('T'));
    let task = house.script(
        "printf '%s\\n' \"$ANDON_RUN\" >> \"$OUT/ran\"; while [ ! -e \"$OUT/go\" ]; do sleep 0.02; done",
    );
    let run = house.wait_running(&task);
    wait_until("the worker is at work", || house.lines("ran").len() == 1);
    processes::thaw(frozen);
    wait_until("it stands down", || !processes::lives(frozen));
    house.touch("go");
    house.wait_status(&task, "done");
    assert_eq!(house.lines("ran"), [run]);
    assert_eq!(house.outcomes(&task), ["completed"]);
}

#[test]
fn a_waiting_supervisor_that_is_killed_is_replaced() {
    let house = House::new();
    let _dispatcher = house.dispatcher();
    for number in 0..3 {
        processes::kill(one_waits(&house));
        let task = house.script(&format!("touch \"$OUT/{number}\""));
        house.wait_status(&task, "done");
        assert_eq!(house.outcomes(&task), ["completed"]);
    }
}

#[test]
fn a_run_takes_its_place_of_the_host_along_to_the_one_that_waited() {
    let house = House::new();
    house.config("max_running_per_host = 1\n");
    let _dispatcher = house.dispatcher();
    let _ = one_waits(&house);
    let first = house.script("while [ ! -e \"$OUT/go\" ]; do sleep 0.02; done");
    house.wait_running(&first);
    let second = house.script("exit 0");
    let why = house.andon(["why", &second]).ok();
    assert!(house.status(&second) == "ready", "{why}");
    house.touch("go");
    house.wait_status(&second, "done");
}
