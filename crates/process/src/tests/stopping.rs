//! Stopping a tree stops everything that it started, and nothing else.

use super::*;

async fn escapee_is_stopped(bench: &Bench, spec: Spec) {
    let mut tree = Tree::start(spec).unwrap();
    let escapee = bench.process("pid").await;
    let report = tree.stop(GRACE).await;
    assert!(!escapee.is_alive(), "{report:?}");
    assert!(
        report.sigkill && report.killed.contains(&escapee.pid) && report.survivors.is_empty(),
        "{report:?}"
    );
    assert_eq!(tree.wait().await.signal, Some(15));
    assert_eq!(tree.finish(GRACE).await, StopReport::default());
    assert_eq!(find_marked(&bench.marker).unwrap(), Vec::<i32>::new());
}

#[tokio::test]
async fn a_double_fork_that_ignores_sigterm_does_not_survive_stop() {
    let bench = Bench::new("stop").await;
    escapee_is_stopped(&bench, bench.spec(&format!("{ESCAPEE}; sleep 600"))).await;
}

#[tokio::test]
async fn without_a_control_group_neither() {
    let bench = Bench::new("stop-plain").await;
    let mut spec = bench.spec(&format!("{ESCAPEE}; sleep 600"));
    spec.cgroup = None;
    escapee_is_stopped(&bench, spec).await;
}

#[tokio::test]
async fn nor_does_one_that_erased_its_environment() {
    let bench = Bench::new("stop-nameless").await;
    let mut spec = bench.spec(&format!("{}; sleep 600", nameless(ESCAPEE)));
    spec.cgroup = None;
    escapee_is_stopped(&bench, spec).await;
}

#[tokio::test]
async fn what_a_program_leaves_running_ends_with_finish() {
    for cgroup in [true, false] {
        let bench = Bench::new("finish").await;
        let mut spec =
            bench.spec(&format!("{}; while ! [ -e pid ]; do sleep 0.01; done; exit 4", nameless(ESCAPEE)));
        if !cgroup {
            spec.cgroup = None;
        }
        let mut tree = Tree::start(spec).unwrap();
        assert_eq!(tree.wait().await, exited(4));
        let escapee = bench.process("pid").await;
        let group = tree.cgroup_path().map(Path::to_owned);
        let report = tree.finish(Duration::ZERO).await;
        assert!(!escapee.is_alive() && report.survivors.is_empty(), "{report:?}");
        assert!(!group.is_some_and(|group| group.exists()));
    }
}

#[tokio::test]
async fn a_program_that_ends_when_asked_is_not_killed() {
    let bench = Bench::new("polite").await;
    let script = "trap 'sleep 0.1; echo cleaned; exit 5' TERM; echo $$ > pid; while :; do sleep 0.05; done";
    let mut tree = Tree::start(bench.spec(script)).unwrap();
    bench.process("pid").await;
    let report = tree.stop(PATIENCE).await;
    assert_eq!(report, StopReport::default());
    assert_eq!(tree.wait().await, exited(5));
    assert_eq!(tree.captured().last_line.as_deref(), Some("cleaned"));
}

#[tokio::test]
async fn a_stopped_program_hears_sigterm() {
    let bench = Bench::new("stopped").await;
    let mut tree = Tree::start(bench.spec("echo $$ > pid; kill -STOP $$; sleep 600")).unwrap();
    let leader = bench.process("pid").await;
    let stat = || crate::procfs::Stat::read(leader.pid).unwrap().unwrap();
    eventually(|| (stat().state == b'T').then_some(())).await;
    assert_eq!(tree.stop(PATIENCE).await, StopReport::default());
    assert_eq!(tree.wait().await.signal, Some(15));
}

/// Each generation starts the next one in a session of its own, without the marker, and ends.
#[tokio::test]
async fn a_process_that_keeps_changing_its_number_is_caught() {
    let bench = Bench::new("hopper").await;
    fs::write(bench.path("go"), "").unwrap();
    let hop = "[ -e go ] || exit\necho $$ > pid\nsleep 0.02\nenv -i PATH=/usr/bin:/bin setsid sh hop >/dev/null 2>&1 &\n";
    fs::write(bench.path("hop"), hop).unwrap();
    let mut spec = bench.spec("sh hop; sh hop; sh hop; exit 0");
    spec.cgroup = None;
    let mut tree = Tree::start(spec).unwrap();
    assert_eq!(tree.wait().await, exited(0));
    bench.process("pid").await;
    let report = tree.stop(Duration::ZERO).await;
    assert!(report.survivors.is_empty(), "{report:?}");
    fs::remove_file(bench.path("pid")).unwrap();
    // Whoever had escaped would come by within this time; that nobody does cannot be polled for.
    tokio::time::sleep(Duration::from_millis(200)).await;
    assert!(!exists(&bench.path("pid")), "a generation escaped");
    fs::remove_file(bench.path("go")).unwrap();
}

#[tokio::test]
async fn a_crowd_is_stopped() {
    for cgroup in [true, false] {
        let bench = Bench::new("crowd").await;
        let fork = "i=0; while [ $i -lt 8 ]; do setsid sh -c 'trap \"\" TERM; j=0; while [ $j -lt 8 ]; do sleep 600 & \
                    j=$((j+1)); done; wait' & i=$((i+1)); done; wait";
        let mut spec = bench.spec(fork);
        if !cgroup {
            spec.cgroup = None;
        }
        let mut tree = Tree::start(spec).unwrap();
        eventually(|| (find_marked(&bench.marker).unwrap().len() >= 40).then_some(())).await;
        let report = tree.stop(Duration::ZERO).await;
        assert!(report.survivors.is_empty(), "{report:?}");
        assert_eq!(find_marked(&bench.marker).unwrap(), Vec::<i32>::new());
        assert_eq!(tree.wait().await.signal, Some(9));
        tree.finish(Duration::ZERO).await;
    }
}

#[tokio::test]
async fn stopping_one_tree_leaves_another_alone() {
    let bench = Bench::new("two").await;
    let mut other = bench.spec(&format!("{ESCAPEE}; sleep 600"));
    other.marker.1.push("-other");
    other.cgroup = None;
    let mut first = bench.spec("sleep 600");
    first.cgroup = None;
    first.log.path = bench.path("first.log");
    let mut other = Tree::start(other).unwrap();
    let mut first = Tree::start(first).unwrap();
    let escapee = bench.process("pid").await;
    first.stop(GRACE).await;
    assert!(escapee.is_alive() && other.leader().is_alive() && !first.leader().is_alive());
    drop(first);
    other.stop(Duration::ZERO).await;
    assert!(!escapee.is_alive());
}

#[tokio::test]
async fn a_sweep_by_another_process_finds_what_a_dead_supervisor_left() {
    let bench = Bench::new("sweep").await;
    let bystander_marker = (bench.marker.0.clone(), OsString::from("bystander"));
    let mut supervisor = std::process::Command::new("sh");
    supervisor.args(["-c", &format!("{ESCAPEE}; sleep 600")]).current_dir(bench.dir.path());
    let mut supervisor = supervisor.env(&bench.marker.0, &bench.marker.1).spawn().unwrap();
    let mut bystander = std::process::Command::new("sleep");
    let mut bystander = bystander.arg("600").env(&bystander_marker.0, &bystander_marker.1).spawn().unwrap();
    let escapee = bench.process("pid").await;
    supervisor.kill().unwrap();
    supervisor.wait().unwrap();
    let report = sweep(&bench.marker, None, None, &[]).await.unwrap();
    assert!(report.killed.contains(&escapee.pid) && report.survivors.is_empty(), "{report:?}");
    assert!(!escapee.is_alive());
    assert_eq!(bystander.try_wait().unwrap(), None);
    assert_eq!(sweep(&bench.marker, None, None, &[]).await.unwrap(), StopReport::default());
    bystander.kill().unwrap();
    bystander.wait().unwrap();
    reap_orphans();
}

#[tokio::test]
async fn a_sweep_finds_a_nameless_process_by_its_control_group() {
    let bench = Bench::new("sweep-group").await;
    let tree = Tree::start(bench.spec(&format!("{}; exit 0", nameless(ESCAPEE)))).unwrap();
    let escapee = bench.process("pid").await;
    let Some(group) = tree.cgroup_path().map(Path::to_owned) else {
        println!("skipped: this host lets us make no control group");
        let mut tree = tree;
        tree.stop(Duration::ZERO).await;
        return;
    };
    let leader = tree.leader();
    drop(tree);
    let report = sweep(&bench.marker, Some(&leader), Some(&group), &[]).await.unwrap();
    assert!(!escapee.is_alive() && report.survivors.is_empty(), "{report:?}");
    assert!(!group.exists());
}

#[tokio::test]
async fn a_sweep_never_touches_a_later_process_with_the_leaders_number() {
    let bench = Bench::new("reused").await;
    let mut stranger = std::process::Command::new("sleep").arg("600").spawn().unwrap();
    let now = Identity::of_pid(i32::try_from(stranger.id()).unwrap()).unwrap().unwrap();
    let earlier = Identity { start_time: now.start_time - 1, ..now.clone() };
    let other_boot = Identity { boot_id: "another".into(), ..now.clone() };
    for leader in [&earlier, &other_boot] {
        assert!(!leader.is_alive());
        assert_eq!(sweep(&bench.marker, Some(leader), None, &[]).await.unwrap(), StopReport::default());
    }
    assert!(now.is_alive());
    let report = sweep(&bench.marker, Some(&now), None, &[now.pid]).await.unwrap();
    assert_eq!((report, now.is_alive()), (StopReport::default(), true));
    sweep(&bench.marker, Some(&now), None, &[]).await.unwrap();
    assert!(!now.is_alive());
    stranger.wait().unwrap();
}

#[tokio::test]
async fn a_zombie_is_dead() {
    let mut child = std::process::Command::new("true").spawn().unwrap();
    let pid = i32::try_from(child.id()).unwrap();
    let zombie = || crate::procfs::Stat::read(pid).unwrap().is_some_and(|stat| stat.state == b'Z');
    eventually(|| zombie().then_some(())).await;
    assert!(!Identity::of_pid(pid).unwrap().unwrap().is_alive());
    child.wait().unwrap();
    assert!(Identity::current().unwrap().is_alive());
}

#[tokio::test]
async fn reaping_orphans_never_takes_a_leaders_exit_status() {
    let bench = Bench::new("reap").await;
    let orphans = "i=0; while [ $i -lt 30 ]; do (setsid true &); i=$((i+1)); done; exit 7";
    let mut tree = Tree::start(bench.spec(orphans)).unwrap();
    // Nobody waits yet: the leader stays a zombie while its orphans are collected.
    let leader = tree.leader();
    eventually(|| {
        reap_orphans();
        (!leader.is_alive()).then_some(())
    })
    .await;
    reap_orphans();
    assert_eq!(tree.wait().await, exited(7));
    assert_eq!(tree.finish(GRACE).await, StopReport::default());
    // Other tests in this process have children too, in its own session.
    let me = Identity::current().unwrap().pid;
    let session = crate::procfs::own_session().unwrap();
    let orphan = |stat: &&crate::procfs::Stat| stat.ppid == me && stat.session != session && !stat.is_alive();
    let left = || crate::procfs::table().unwrap().iter().filter(orphan).count();
    eventually(|| {
        reap_orphans();
        (left() == 0).then_some(())
    })
    .await;
}
