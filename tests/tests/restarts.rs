//! A dispatcher may be killed, upgraded and started again at any time: runs go on without it.

use andon_tests::{House, wait_until};

fn worker(number: usize, gate: &str) -> String {
    let code = if number % 5 == 4 { 9 } else { 0 };
    format!(
        "printf '%s\\n' \"$ANDON_RUN\" >> \"$OUT/ran\"\nwhile [ ! -e \"$OUT/{gate}\" ]; do sleep 0.2; done\nexit {code}\n"
    )
}

#[test]
fn twenty_workers_outlive_their_dispatcher_and_none_runs_twice() {
    let house = House::new();
    house.config("failure_limit = 1\n");
    let first = house.dispatcher();
    let gate = |number: usize| if number < 10 { "first" } else { "second" };
    let tasks: Vec<String> = (0..20).map(|number| house.script(&worker(number, gate(number)))).collect();
    wait_until("all have started", || house.lines("ran").len() == tasks.len());
    first.kill();
    // Half of them end while no dispatcher lives: their supervisors record it.
    house.touch("first");
    let ended = |tasks: &[String]| {
        tasks.iter().all(|task| house.runs(task).iter().all(|run| !run["reaped_at"].is_null()))
    };
    wait_until("the first ten have ended", || ended(&tasks[..10]));
    let second = house.dispatcher();
    second.kill();
    let _third = house.dispatcher();
    house.touch("second");
    wait_until("all have ended", || ended(&tasks));
    let mut ran = house.lines("ran");
    for (number, task) in tasks.iter().enumerate() {
        let runs = house.runs(task);
        assert_eq!(runs.len(), 1, "{task} ran twice");
        let (status, outcome, code) =
            if number % 5 == 4 { ("blocked", "crashed", 9) } else { ("done", "completed", 0) };
        assert_eq!(house.status(task), status);
        assert_eq!((&runs[0]["outcome"], &runs[0]["exit_code"]), (&outcome.into(), &code.into()));
        ran.retain(|line| line != runs[0]["id"].as_str().unwrap());
    }
    assert!(ran.is_empty(), "runs that the board does not know: {ran:?}");
    house.healthy();
}

#[test]
fn a_dispatcher_that_is_asked_to_stop_leaves_its_runs_alone() {
    let house = House::new();
    let mut dispatcher = house.dispatcher();
    let task = house.script("while [ ! -e \"$OUT/go\" ]; do sleep 0.05; done");
    house.wait_running(&task);
    andon_tests::processes::terminate(dispatcher.pid());
    assert!(dispatcher.ended().success());
    assert_eq!(house.status(&task), "running");
    house.touch("go");
    house.wait_status(&task, "done");
}
