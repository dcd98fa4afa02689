//! Stopping a task stops everything that it started: also what left its session and ignores every polite signal.

use andon_tests::{House, processes, wait_for, wait_until};

/// A worker that ignores SIGTERM, a child of its that forked twice with `setsid`, and one that did so too and has lost its
/// environment.
const STUBBORN: &str = r#"
trap '' TERM HUP INT
cat > stubborn.sh <<'END'
trap '' TERM HUP INT
echo $$ >> "$1"
exec sleep 1000
END
setsid sh -c 'setsid sh stubborn.sh "$OUT/pids" &' &
setsid sh -c 'setsid env -i sh stubborn.sh "$0" &' "$OUT/pids" &
echo $$ >> "$OUT/pids"
while :; do sleep 1; done
"#;

/// The same without the child that has lost its environment: by it alone can what is left of a dead supervisor be found.
fn with_environment() -> String {
    STUBBORN.lines().filter(|line| !line.contains("env -i")).map(|line| format!("{line}\n")).collect()
}

fn pids(house: &House, count: usize) -> Vec<i32> {
    wait_for("the tree has grown", || {
        let pids: Vec<i32> = house.lines("pids").iter().filter_map(|line| line.parse().ok()).collect();
        (pids.len() == count && pids.iter().all(|pid| processes::lives(*pid))).then_some(pids)
    })
}

fn none_survives(pids: &[i32]) {
    wait_until("no descendant survives", || !pids.iter().any(|pid| processes::lives(*pid)));
}

#[test]
fn nothing_survives_stop() {
    let house = House::new();
    let _dispatcher = house.dispatcher();
    let task = house.script(STUBBORN);
    let pids = pids(&house, 3);
    let _ = house.andon(["stop", &task]).ok();
    assert!(!pids.iter().any(|pid| processes::lives(*pid)), "stop answers when nothing lives any more");
    let stopped = house.show(&task);
    assert_eq!(
        (&stopped["task"]["status"], &stopped["task"]["block_kind"]),
        (&"blocked".into(), &"operator".into())
    );
    assert_eq!(stopped["runs"][0]["outcome"], "cancelled");
}

#[test]
fn nothing_survives_stop_where_no_dispatcher_and_no_supervisor_is_left() {
    let house = House::new();
    let dispatcher = house.dispatcher();
    let task = house.script(&with_environment());
    let pids = pids(&house, 2);
    let run = house.wait_running(&task);
    dispatcher.kill();
    processes::kill_unguarded(&run);
    let _ = house.andon(["stop", &task]).ok();
    none_survives(&pids);
    wait_until("the run is reaped", || !house.runs(&task)[0]["reaped_at"].is_null());
}

#[test]
fn nothing_survives_archive() {
    let house = House::new();
    let _dispatcher = house.dispatcher();
    let task = house.script(STUBBORN);
    let pids = pids(&house, 3);
    let _ = house.andon(["archive", &task]).ok();
    none_survives(&pids);
    assert_eq!(house.status(&task), "archived");
}

#[test]
fn nothing_survives_delete() {
    let house = House::new();
    let _dispatcher = house.dispatcher();
    let task = house.script(STUBBORN);
    let pids = pids(&house, 3);
    let _ = house.andon(["delete", &task]).ok();
    assert!(!pids.iter().any(|pid| processes::lives(*pid)), "delete answers when nothing lives any more");
    assert_eq!(house.andon(["show", &task, "--json"]).exits(4).error_code(), "unknown_task");
    assert!(!house.board().join("workspaces").join(&task).exists());
    assert!(!house.board().join("logs").join(&task).exists());
}

#[test]
fn nothing_survives_the_longest_run_time() {
    let house = House::new();
    let _dispatcher = house.dispatcher();
    let limits = ["--max-runtime", "2s", "--max-retries", "1"];
    let task = house.create(["too long", "--assignee", "sh", "--body", STUBBORN].iter().chain(&limits));
    let pids = pids(&house, 3);
    none_survives(&pids);
    assert_eq!(house.wait_status(&task, "blocked")["block_kind"], "gave_up");
    assert_eq!(house.outcomes(&task), ["timed_out"]);
}

#[test]
fn a_longest_run_time_of_nothing_ends_the_run_at_once() {
    let house = House::new();
    let _dispatcher = house.dispatcher();
    let limits = ["--max-runtime", "0", "--max-retries", "1"];
    let task = house.create(["no time", "--assignee", "sh", "--body", "sleep 1000"].iter().chain(&limits));
    house.wait_status(&task, "blocked");
    assert_eq!(house.outcomes(&task), ["timed_out"]);
}

#[test]
fn nothing_survives_the_supervisor() {
    let house = House::new();
    let _dispatcher = house.dispatcher();
    let task = house.create(["x", "--assignee", "sh", "--max-retries", "1", "--body", &with_environment()]);
    let pids = pids(&house, 2);
    let run = house.wait_running(&task);
    processes::kill_unguarded(&run);
    none_survives(&pids);
    house.wait_status(&task, "blocked");
    assert_eq!(house.outcomes(&task), ["crashed"]);
    wait_until("the run is reaped", || !house.runs(&task)[0]["reaped_at"].is_null());
}

#[test]
fn nothing_survives_a_supervisor_that_is_killed_where_no_dispatcher_lives() {
    let house = House::new();
    let dispatcher = house.dispatcher();
    let task = house.script(STUBBORN);
    // One of them has lost its environment: a guard finds it nevertheless, because it adopts it.
    let pids = pids(&house, 3);
    let run = house.wait_running(&task);
    dispatcher.kill();
    let supervisors = processes::supervisors_of(&run);
    assert_eq!(supervisors.len(), 1);
    supervisors.into_iter().for_each(processes::kill);
    none_survives(&pids);
    wait_until("its guard has gone", || processes::guards_of(&run).is_empty());
    assert_eq!(house.status(&task), "running", "its lease lasts still, and nobody has ended its run");
}

#[test]
fn nothing_survives_a_guard_that_is_killed_and_its_task_runs_again() {
    let house = House::new();
    let _dispatcher = house.dispatcher();
    let again = format!("[ -e \"$OUT/pids\" ] && exit 0\n{STUBBORN}");
    let task = house.script(&again);
    let pids = pids(&house, 3);
    let run = house.wait_running(&task);
    let guards = processes::guards_of(&run);
    assert_eq!(guards.len(), 1);
    guards.into_iter().for_each(processes::kill);
    none_survives(&pids);
    house.wait_status(&task, "done");
    assert_eq!(house.outcomes(&task), ["lost", "completed"]);
}

#[test]
fn a_guard_costs_its_supervisor_nothing_and_goes_with_it() {
    let house = House::new();
    let _dispatcher = house.dispatcher();
    let task = house.script("while [ ! -e \"$OUT/go\" ]; do sleep 0.02; done");
    let run = house.wait_running(&task);
    let guards = processes::guards_of(&run);
    assert_eq!(guards.len(), 1);
    // Asked to end, as a system that shuts down asks everybody, it stays until its supervisor has gone.
    guards.iter().copied().for_each(processes::terminate);
    house.touch("go");
    house.wait_status(&task, "done");
    assert_eq!(house.outcomes(&task), ["completed"]);
    wait_until("its guard has gone", || processes::guards_of(&run).is_empty());
}

#[test]
fn nothing_survives_a_worker_that_leaves_children_behind() {
    let house = House::new();
    let _dispatcher = house.dispatcher();
    let script =
        STUBBORN.replace("while :; do sleep 1; done", "while [ ! -e \"$OUT/go\" ]; do sleep 0.05; done");
    let task = house.script(&script);
    let pids = pids(&house, 3);
    house.touch("go");
    house.wait_status(&task, "done");
    none_survives(&pids);
}
