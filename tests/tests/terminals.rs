//! Runs in a terminal: a pty, or a tmux session on a private server that is gone when the run has ended, and not before.

use andon_tests::{House, processes, wait_until};

#[test]
fn a_worker_gets_a_pseudo_terminal_where_its_profile_asks_for_one() {
    let house = House::new();
    house.profile("term", "runner = \"shell\"\nterminal = \"pty\"\n");
    let task = house.create([
        "in a pty",
        "--assignee",
        "term",
        "--body",
        "test -t 1 && test -t 0 && echo 'a terminal'",
    ]);
    let _ = house.until_idle();
    assert_eq!(house.show(&task)["latest_summary"], "a terminal");
    assert!(house.andon(["log", &task]).ok().contains("a terminal"));
}

#[test]
fn a_tmux_session_is_gone_after_its_run_and_a_live_one_stays() {
    let house = House::new();
    house.profile("term", "runner = \"shell\"\nterminal = \"tmux\"\n");
    let _dispatcher = house.dispatcher();
    let script =
        "test -t 1 || exit 9; while [ ! -e \"$OUT/go.$ANDON_TASK\" ]; do sleep 0.05; done; echo 'the end'";
    let create = || house.create(["in tmux", "--assignee", "term", "--body", script]);
    let (first, second) = (create(), create());
    let (ends, stays) = (house.wait_running(&first), house.wait_running(&second));
    wait_until("both sessions are there", || {
        [&ends, &stays].iter().all(|run| house.board().join("runs").join(run).join("tmux").exists())
    });
    house.touch(&format!("go.{first}"));
    house.wait_status(&first, "done");
    assert_eq!(house.runs(&first)[0]["exit_code"], 0);
    wait_until("nothing of the first run lives", || processes::of_run(&ends).is_empty());
    wait_until("its files are gone", || !house.board().join("runs").join(&ends).exists());
    let _ = house.andon(["dispatch", "--once"]).ok();
    assert!(house.board().join("runs").join(&stays).join("tmux").exists());
    assert!(!processes::of_run(&stays).is_empty());
    house.touch(&format!("go.{second}"));
    house.wait_status(&second, "done");
    wait_until("no session is left", || processes::of_run(&stays).is_empty());
}

#[test]
fn stopping_a_tmux_run_removes_its_session() {
    let house = House::new();
    house.profile("term", "runner = \"shell\"\nterminal = \"tmux\"\n");
    let _dispatcher = house.dispatcher();
    let task = house.create([
        "in tmux",
        "--assignee",
        "term",
        "--body",
        "trap '' TERM HUP; while :; do sleep 1; done",
    ]);
    let run = house.wait_running(&task);
    let _ = house.andon(["stop", &task]).ok();
    assert!(processes::of_run(&run).is_empty());
    wait_until("its files are gone", || !house.board().join("runs").join(&run).exists());
}
