//! A process that dies at each named point: whatever it was about to do is done, or done again, once.

use andon_tests::{House, text_of, wait_until};

use super::board;

/// Where a supervisor can die, and what its worker has done by then.
#[derive(Clone, Copy, Debug, PartialEq)]
enum Then {
    /// Nothing: it never started.
    NotStarted,
    /// It was at work, or its work is not known to anybody: the task runs again.
    AtWork,
    /// Its end is known: on disk, or on the board. The task does not run again.
    Told,
}

const SUPERVISOR: &[(&str, Then)] = &[
    ("after_take", Then::NotStarted),
    ("before_exec", Then::NotStarted),
    ("after_exec", Then::AtWork),
    ("after_tree_gone", Then::AtWork),
    ("after_record", Then::Told),
    ("after_end", Then::Told),
];

/// Short times, and as many attempts as it takes.
pub(super) const PATIENT: &str = "failure_limit = 1000\nreclaim_limit = 1000\nlease_ttl = \"2s\"\n\
     backoff_base = \"10ms\"\nbackoff_cap = \"30ms\"\nsweep_interval = \"500ms\"\n";

/// A worker that reports every start, and every other worker of its task that lives beside it.
pub(super) const WORKER: &str = "exec 9>\"$OUT/lock-$ANDON_TASK\"\n\
     flock -n 9 || echo \"$ANDON_TASK $ANDON_RUN\" >> \"$OUT/clashes\"\n\
     echo \"$ANDON_TASK $ANDON_RUN\" >> \"$OUT/started\"\n";

/// How often a task's worker has started.
fn starts(house: &House, task: &str) -> usize {
    house.lines("started").iter().filter(|line| line.starts_with(task)).count()
}

/// Lets supervisors die at this point until each task has lost one; then others finish the work.
fn supervisors_die_at(point: &str, then: Then) {
    let house = House::new();
    house.config(PATIENT);
    let tasks: Vec<String> = (0..3).map(|_| house.script(&format!("{WORKER}sleep 0.05\n"))).collect();
    let dying = house.dispatcher_with(&[], &[("ANDON_CRASH_AT", point)]);
    wait_until("each task has lost a supervisor", || {
        tasks.iter().all(|task| house.runs(task).iter().any(|run| !run["ended_at"].is_null()))
    });
    dying.kill();
    let dispatcher = house.dispatcher();
    for task in &tasks {
        house.wait_status(task, "done");
        let runs = house.runs(task);
        let shown = format!("{point}: {runs:#?}");
        let last = runs.last().unwrap();
        assert_eq!(last["outcome"], "completed", "{shown}");
        assert_eq!(last["exit_code"], 0, "{shown}");
        match then {
            Then::NotStarted => assert_eq!(starts(&house, task), 1, "{shown}"),
            Then::AtWork => assert!(starts(&house, task) >= 1 && runs.len() > 1, "{shown}"),
            Then::Told => assert_eq!((starts(&house, task), runs.len()), (1, 1), "{shown}"),
        }
        for lost in &runs[..runs.len() - 1] {
            // `interrupted` is a run whose dispatcher was killed before its supervisor started.
            assert!(["crashed", "interrupted"].contains(&text_of(&lost["outcome"]).as_str()), "{shown}");
        }
    }
    assert_eq!(house.lines("clashes"), [""; 0], "{point}");
    for folder in ["exits", "runs"] {
        let folder = house.board().join(folder);
        wait_until(&format!("{point}: nothing is left in {}", folder.display()), || {
            std::fs::read_dir(&folder).unwrap().count() == 0
        });
    }
    dispatcher.kill();
    house.wait_empty();
    board::whole(house.home());
}

#[test]
fn a_supervisor_that_dies_before_its_worker_starts_costs_nothing() {
    for (point, then) in SUPERVISOR.iter().filter(|(_, then)| *then == Then::NotStarted) {
        supervisors_die_at(point, *then);
    }
}

#[test]
fn a_supervisor_that_dies_beside_its_worker_takes_it_along() {
    for (point, then) in SUPERVISOR.iter().filter(|(_, then)| *then == Then::AtWork) {
        supervisors_die_at(point, *then);
    }
}

#[test]
fn an_end_that_is_known_is_told_though_its_supervisor_died() {
    for (point, then) in SUPERVISOR.iter().filter(|(_, then)| *then == Then::Told) {
        supervisors_die_at(point, *then);
    }
}

#[test]
fn a_dispatcher_that_dies_after_a_claim_leaves_tasks_that_run_once() {
    let house = House::new();
    house.config(PATIENT);
    let tasks: Vec<String> = (0..5).map(|_| house.script(WORKER)).collect();
    let status = house.dispatcher_with(&[], &[("ANDON_CRASH_AT", "after_claim_commit")]).ended();
    assert!(!status.success());
    let claimed = tasks.iter().filter(|task| house.status(task) == "running").count();
    assert_eq!(claimed, tasks.len(), "the claim was committed");
    let _dispatcher = house.dispatcher();
    for task in &tasks {
        house.wait_status(task, "done");
        assert_eq!(starts(&house, task), 1);
        assert_eq!(house.outcomes(task), ["interrupted", "completed"]);
        assert_eq!(house.task(task)["consecutive_failures"], 0, "that was no fault of the task");
    }
    board::whole(house.home());
}

/// With leases of a day: whatever waits for one does not come to its end here.
const LONG: &str =
    "lease_ttl = \"1d\"\nbackoff_base = \"10ms\"\nbackoff_cap = \"30ms\"\nsweep_interval = \"500ms\"\n";

#[test]
fn a_run_whose_dispatcher_died_before_its_start_does_not_wait_for_its_lease() {
    let house = House::new();
    house.config(LONG);
    let tasks: Vec<String> = (0..3).map(|_| house.script(WORKER)).collect();
    let by_hand = house.create(["by hand"]);
    let _ = house.andon(["claim", &by_hand]).exits(0);
    assert!(!house.dispatcher_with(&[], &[("ANDON_CRASH_AT", "after_claim_commit")]).ended().success());
    let dispatcher = house.dispatcher();
    for task in &tasks {
        house.wait_status(task, "done");
        assert_eq!(starts(&house, task), 1);
        assert_eq!(house.outcomes(task), ["interrupted", "completed"]);
        let error = text_of(&house.runs(task)[0]["error"]);
        assert!(error.contains("died before its start"), "{error}");
    }
    assert_eq!(house.status(&by_hand), "running", "nobody starts anything for a claim by hand");
    dispatcher.kill();
    board::whole(house.home());
}

#[test]
fn a_dispatcher_that_lives_ends_the_runs_that_another_left_unstarted() {
    let house = House::new();
    house.config(LONG);
    let waits = house.script("while [ ! -e \"$OUT/go\" ]; do sleep 0.05; done");
    let living = house.dispatcher();
    house.wait_running(&waits);
    // It waits for its turn while another one claims and dies.
    andon_tests::processes::freeze(living.pid());
    let tasks: Vec<String> = (0..3).map(|_| house.script(WORKER)).collect();
    assert!(!house.dispatcher_with(&[], &[("ANDON_CRASH_AT", "after_claim_commit")]).ended().success());
    andon_tests::processes::thaw(living.pid());
    for task in &tasks {
        house.wait_status(task, "done");
        assert_eq!((starts(&house, task), house.outcomes(task).len()), (1, 2));
    }
    house.touch("go");
    house.wait_status(&waits, "done");
    assert_eq!(house.outcomes(&waits), ["completed"]);
    living.kill();
    board::whole(house.home());
}

#[test]
fn a_supervisor_on_its_way_is_not_taken_for_one_that_never_was() {
    let house = House::new();
    house.config(LONG);
    let tasks: Vec<String> = (0..4).map(|_| house.script(WORKER)).collect();
    // Each of them dies the moment after it has started one supervisor; the next one looks at once.
    for _ in &tasks {
        let _ =
            house.dispatcher_with(&["--once", "--max", "1"], &[("ANDON_CRASH_AT", "after_launch")]).ended();
    }
    let dispatcher = house.dispatcher();
    for task in &tasks {
        house.wait_status(task, "done");
        assert_eq!((starts(&house, task), house.outcomes(task)), (1, vec!["completed".to_owned()]));
    }
    dispatcher.kill();
    board::whole(house.home());
}

#[test]
fn a_dispatcher_that_dies_at_its_commits_leaves_work_that_finishes() {
    for point in ["before_commit", "after_commit"] {
        let house = House::new();
        house.config(PATIENT);
        let tasks: Vec<String> = (0..4).map(|_| house.script(WORKER)).collect();
        for nth in 1..=6 {
            let at = format!("{point}:{nth}");
            let mut dispatcher = house.dispatcher_with(&[], &[("ANDON_CRASH_AT", &at)]);
            // Its supervisors count their own commits: those die too.
            wait_until("it died, or there was nothing to commit", || {
                !dispatcher.runs() || tasks.iter().all(|task| house.status(task) == "done")
            });
        }
        let _dispatcher = house.dispatcher();
        for task in &tasks {
            house.wait_status(task, "done");
        }
        assert_eq!(house.lines("clashes"), [""; 0], "{point}");
        board::whole(house.home());
    }
}

#[test]
fn a_command_that_dies_at_its_commit_has_done_all_or_nothing() {
    let house = House::new();
    let _ = house.andon(["init"]).exits(0);
    let parent = house.create(["a parent"]);
    for (point, kept) in [("before_commit", false), ("after_commit", true)] {
        let before = house.head();
        for arguments in
            [&["create", "a child", "--parent", &parent] as &[&str], &["comment", &parent, "a word"]]
        {
            let mut command = house.command();
            command.args(arguments).env("ANDON_CRASH_AT", point);
            let answer = House::answer(command);
            assert_eq!(answer.code, -1, "{answer:?}");
            assert_eq!(answer.stdout, "", "nothing is told of what nobody knows to be done");
        }
        assert_eq!(house.head() > before, kept, "{point}");
        let children = house.show(&parent)["children"].as_array().unwrap().len();
        assert_eq!(children, usize::from(kept), "{point}");
        board::whole(house.home());
    }
}
