//! Slow is not dead: a supervisor renews the lease of a worker that says nothing. Frozen is fenced, and stopped before the
//! task may run again.

use andon_tests::{House, processes, text_of, wait_until};

use crate::harness::alone;

const SHORT: &str = "lease_ttl = \"600ms\"\nsweep_interval = \"100ms\"\n";

#[test]
fn a_worker_ten_times_slower_than_its_lease_keeps_it() {
    let house = House::new();
    house.config(SHORT);
    let _dispatchers = (house.dispatcher(), house.dispatcher());
    let task = house.script("printf '%s\\n' \"$ANDON_RUN\" >> \"$OUT/ran\"; sleep 6");
    house.wait_status(&task, "done");
    assert_eq!(house.outcomes(&task), ["completed"]);
    assert_eq!(house.lines("ran").len(), 1);
}

#[test]
fn a_frozen_supervisor_is_fenced_and_its_worker_gone_before_the_task_runs_again() {
    let house = House::new();
    house.config(SHORT);
    let _dispatcher = house.dispatcher();
    let first = "[ -e \"$OUT/first\" ] && exit 0; touch \"$OUT/first\"; exec sleep 1000";
    let task = house.script(&alone(first));
    let run = house.wait_running(&task);
    wait_until("the worker is at work", || house.outside().join("first").exists());
    let supervisor = processes::supervisors_of(&run)[0];
    processes::freeze(supervisor);
    house.wait_status(&task, "done");
    assert!(house.lines("overlap").is_empty(), "two workers of one task at once");
    assert!(!processes::lives(supervisor), "a frozen supervisor must not wake up again");
    assert!(processes::of_run(&run).is_empty());
    let runs = house.runs(&task);
    assert_eq!(runs.len(), 2);
    assert_eq!(
        (text_of(&runs[0]["outcome"]), text_of(&runs[1]["outcome"])),
        ("lost".into(), "completed".into())
    );
    let extended = house.kinds_of(&task).contains(&"claim_extended".to_owned());
    // Where another host could take the task its guard stops it before the lease has run out.
    assert_eq!(
        extended,
        house.database().is_none(),
        "on a board of one host a living supervisor gets one more term"
    );
}

#[test]
fn a_supervisor_that_was_frozen_for_less_than_its_lease_goes_on() {
    let house = House::new();
    house.config("lease_ttl = \"30s\"\nsweep_interval = \"100ms\"\n");
    let _dispatcher = house.dispatcher();
    let task = house.script("while [ ! -e \"$OUT/go\" ]; do sleep 0.05; done");
    let run = house.wait_running(&task);
    let supervisor = processes::supervisors_of(&run)[0];
    processes::freeze(supervisor);
    let other = house.script("exit 0");
    house.wait_status(&other, "done");
    processes::thaw(supervisor);
    house.touch("go");
    house.wait_status(&task, "done");
    assert_eq!(house.outcomes(&task), ["completed"]);
}
