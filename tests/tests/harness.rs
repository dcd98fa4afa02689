//! The house that the other tests live in.

use andon_tests::{House, processes};

#[test]
fn a_task_runs_to_completion_in_a_house_of_its_own() {
    let house = House::new();
    let task = house.script("printf '%s\\n' \"$ANDON_RUN\" >> \"$OUT/ran\"; echo 'all is well'");
    house.until_idle();
    let shown = house.show(&task);
    assert_eq!(shown["task"]["status"], "done");
    assert_eq!(shown["latest_summary"], "all is well");
    let runs = house.runs(&task);
    assert_eq!(house.lines("ran"), [runs[0]["id"].as_str().unwrap()]);
    assert_eq!(runs[0]["exit_code"], 0);
    house.wait_empty();
}

#[test]
fn a_house_finds_its_workers_and_supervisors() {
    let house = House::new();
    let _dispatcher = house.dispatcher();
    let task = house.script("while [ ! -e \"$OUT/go\" ]; do sleep 0.02; done");
    let run = house.wait_running(&task);
    assert_eq!(processes::supervisors_of(&run).len(), 1);
    house.touch("go");
    house.wait_status(&task, "done");
}
