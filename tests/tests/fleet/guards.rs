//! A supervisor that is frozen on a host where no dispatcher lives: its guard stops what it runs before another host may.

use andon_tests::{House, processes, text_of, wait_until};

use crate::harness::alone;

const LEASE: &str = "lease_ttl = \"6s\"\n";
/// A worker that ignores every polite signal, and whose child has left its session and says again and again that it lives.
const BEATS: &str = "[ -e \"$OUT/beats\" ] && exit 0\n\
    trap '' TERM HUP INT\n\
    cat > beat.sh <<'END'\n\
    trap '' TERM HUP INT\n\
    while :; do date +%s%3N >> \"$OUT/beats\"; sleep 0.05; done\n\
    END\n\
    setsid sh -c 'setsid sh beat.sh &' &\n\
    while :; do sleep 1; done\n";

#[test]
fn a_frozen_supervisor_without_a_dispatcher_has_nothing_left_when_its_lease_runs_out() {
    let base = House::new();
    let url = base.database().unwrap().url();
    let (a, b) = (House::host("a", &url), House::host("b", &url));
    a.config(LEASE);
    b.config(LEASE);
    let task = b.script(&alone(BEATS));
    let there = a.dispatcher();
    let first = b.wait_running(&task);
    wait_until("its worker works", || !a.lines("beats").is_empty());
    there.kill();
    let supervisors = processes::supervisors_of(&first);
    assert_eq!(supervisors.len(), 1);
    supervisors.iter().copied().for_each(processes::freeze);
    let sql = format!("select expires_at from andon_default.leases where run_id = '{first}'");
    let expires_at: i64 = base.database().unwrap().ask(&sql)[0].as_deref().unwrap().parse().unwrap();
    wait_until("nothing of the run lives", || processes::of_run(&first).is_empty());
    let last: i64 = a.lines("beats").last().unwrap().parse().unwrap();
    assert!(last < expires_at, "its worker lived at {last}, and its lease ran out at {expires_at}");
    assert!(!supervisors.iter().any(|pid| processes::lives(*pid)), "it must not wake up again");
    wait_until("its guard has gone", || processes::guards_of(&first).is_empty());
    // Another host takes the task over; what a guard has written lies on its own host.
    b.touch("beats");
    let _here = b.dispatcher();
    b.wait_status(&task, "done");
    let runs = b.runs(&task);
    assert_eq!(b.outcomes(&task), ["lost", "completed"]);
    assert_eq!((text_of(&runs[0]["host"]), text_of(&runs[1]["host"])), ("a".to_owned(), "b".to_owned()));
    assert_eq!(b.lines("overlap"), Vec::<String>::new());
}

#[test]
fn its_own_host_hears_from_the_guard_why_a_frozen_supervisor_was_stopped() {
    let base = House::new();
    let a = House::host("a", &base.database().unwrap().url());
    a.config(LEASE);
    let task = a.script("[ -e \"$OUT/once\" ] && exit 0; touch \"$OUT/once\"; sleep 1000");
    let there = a.dispatcher();
    let run = a.wait_running(&task);
    there.kill();
    processes::supervisors_of(&run).into_iter().for_each(processes::freeze);
    wait_until("nothing of the run lives", || processes::of_run(&run).is_empty());
    let _again = a.dispatcher();
    a.wait_status(&task, "done");
    assert_eq!(a.outcomes(&task), ["lost", "completed"]);
    assert!(
        text_of(&a.runs(&task)[0]["error"]).contains("its supervisor did not act"),
        "{:?}",
        a.runs(&task)
    );
}
