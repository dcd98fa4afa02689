//! Many hosts on one board: what a host that is cut off does, and what others do about it.

use andon_tests::{House, processes, text_of, wait_until};

use super::proxy::Proxy;
use crate::harness::alone;

const LEASE: &str = "lease_ttl = \"3s\"\n";
const UNTIL_GO: &str = "while [ ! -e \"$OUT/go\" ]; do sleep 0.02; done; echo finished";

#[test]
fn a_host_that_is_cut_off_stops_its_worker_before_another_starts_it_and_says_nothing_later() {
    let base = House::new();
    let url = base.database().unwrap().url();
    let (proxy, through) = Proxy::to(&url);
    let (a, b) = (House::host("a", &through), House::host("b", &url));
    a.config(LEASE);
    b.config(LEASE);
    let task = b.script(&alone(UNTIL_GO));
    let there = a.dispatcher();
    let first = b.wait_running(&task);
    let worker = processes::of_run(&first);
    assert_eq!(text_of(&b.runs(&task)[0]["host"]), "a");
    let _here = b.dispatcher();
    proxy.cut();
    // Without a word of the first one the second may not start, and when it does nothing of the first lives.
    wait_until("the task runs on the other host", || {
        b.runs(&task).last().is_some_and(|run| run["host"] == "b" && run["spawned_at"].is_string())
    });
    assert!(worker.iter().all(|pid| !processes::lives(*pid)), "the worker of the host that is cut off lives");
    assert!(processes::of_run(&first).is_empty());
    wait_until("the second run looks around", || !b.lines("ran").is_empty());
    assert_eq!(b.lines("overlap"), Vec::<String>::new());
    // What the first host kept to say comes too late.
    proxy.mend();
    wait_until("its supervisor has gone", || processes::supervisors_of(&first).is_empty());
    assert_eq!(b.status(&task), "running");
    b.touch("go");
    b.wait_status(&task, "done");
    assert_eq!(b.outcomes(&task), ["lost", "completed"]);
    drop(there);
    b.healthy();
}

#[test]
fn a_short_silence_of_the_database_stops_nobody() {
    let base = House::new();
    let url = base.database().unwrap().url();
    let (proxy, through) = Proxy::to(&url);
    let (a, b) = (House::host("a", &through), House::host("b", &url));
    let lease = "lease_ttl = \"20s\"\n";
    a.config(lease);
    b.config(lease);
    let task = b.script(UNTIL_GO);
    let _dispatchers = (a.dispatcher(), ());
    let run = b.wait_running(&task);
    let _other = b.dispatcher();
    let lease = || base.database().unwrap().ask("select expires_at::text from andon_default.leases");
    let before = lease();
    assert_eq!(before.len(), 1);
    proxy.cut();
    proxy.mend();
    wait_until("the lease has been renewed", || {
        assert!(!processes::of_run(&run).is_empty(), "a short silence stopped the worker");
        lease() != before
    });
    a.touch("go");
    b.wait_status(&task, "done");
    assert_eq!(b.outcomes(&task), ["completed"]);
}

#[test]
fn a_run_is_stopped_from_another_host_and_its_log_is_said_to_be_elsewhere() {
    let base = House::new();
    let url = base.database().unwrap().url();
    let (a, b) = (House::host("a", &url), House::host("b", &url));
    let task = b.script("echo here I am; sleep 1000 & setsid sleep 1000 & wait");
    let _dispatcher = a.dispatcher();
    let run = b.wait_running(&task);
    let answer = b.andon(["log", &task, "--json"]).exits(4);
    assert_eq!(answer.error_code(), "not_found");
    assert!(answer.stderr.contains("host a"), "{answer:?}");
    wait_until("the worker has said something", || a.andon(["log", &task]).stdout.contains("here I am"));
    assert!(b.andon(["tail", &task, "--no-follow"]).exits(0).stdout.contains("claimed"));
    let _ = b.andon(["stop", &task]).exits(0);
    assert!(processes::of_run(&run).is_empty());
    assert_eq!(b.status(&task), "blocked");
    b.healthy();
}

#[test]
fn nobody_ends_the_run_of_another_host_that_lives_on_the_same_kernel() {
    let base = House::new();
    let url = base.database().unwrap().url();
    let (a, b) = (House::host("a", &url), House::host("b", &url));
    let task = b.script(UNTIL_GO);
    // Its dispatcher goes; its supervisor goes on.
    let dispatcher = a.dispatcher();
    let run = b.wait_running(&task);
    dispatcher.kill();
    for _ in 0..3 {
        let _ = b.andon(["dispatch", "--once"]).exits(0);
    }
    assert_eq!(processes::supervisors_of(&run).len(), 1);
    a.touch("go");
    b.wait_status(&task, "done");
    assert_eq!(b.outcomes(&task), ["completed"]);
}

#[test]
fn two_hosts_of_one_name_do_not_both_serve_a_board() {
    let base = House::new();
    let url = base.database().unwrap().url();
    let a = House::host("a", &url);
    let twin = House::host("b", &url).with("ANDON_HOST_NAME", "a");
    let task = a.script(UNTIL_GO);
    let _dispatcher = a.dispatcher();
    a.wait_running(&task);
    let answer = twin.andon(["dispatch", "--once", "--json"]).exits(1);
    assert_eq!(answer.error_code(), "host_name_taken");
    a.touch("go");
    a.wait_status(&task, "done");
}

#[test]
fn a_task_that_requires_a_label_waits_for_the_host_that_has_it() {
    let base = House::new();
    let url = base.database().unwrap().url();
    let (mill, forge) = (House::host("mill", &url), House::host("forge", &url));
    mill.config("host_labels = [\"gpu\", \"big\"]\n");
    let task = forge.create(["train", "--assignee", "sh", "--require", "gpu", "--body", "true"]);
    let plain = forge.script("true");
    let _forge = forge.dispatcher();
    forge.wait_status(&plain, "done");
    assert_eq!(forge.status(&task), "ready");
    assert!(forge.andon(["why", &task]).stdout.contains("no_fitting_host"));
    let _mill = mill.dispatcher();
    forge.wait_status(&task, "done");
    assert_eq!(text_of(&forge.runs(&task)[0]["host"]), "mill");
    let listed = forge.json(["hosts"]);
    let mut names: Vec<String> =
        listed.as_array().unwrap().iter().map(|host| text_of(&host["name"])).collect();
    names.sort();
    assert_eq!(names, ["forge", "mill"]);
}
