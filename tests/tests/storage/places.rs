//! Unusual places and times: one board in two homes, dead and deaf bells, names outside of ASCII, a clock set backwards.

use std::os::unix::net::UnixDatagram;
use std::sync::Arc;

use andon_core::run::{Failure, Renewal};
use andon_core::task::Status;
use andon_store::operation::{JudgeLease, Judged, Renew};
use andon_store::{Mode, World};
use andon_testkit::{ManualWorld, Scene, SqliteBoards, block_on};
use andon_tests::{House, wait_until};

use super::board;
use super::crash_points::WORKER;

#[test]
fn two_homes_that_share_a_board_run_each_of_its_tasks_once() {
    let (one, two) = (House::new(), House::new());
    let _ = one.andon(["init"]).exits(0);
    std::fs::create_dir_all(two.home().join("boards")).unwrap();
    std::os::unix::fs::symlink(one.board(), two.board()).unwrap();
    for house in [&one, &two] {
        house.config("max_running = 4\n");
    }
    let tasks: Vec<String> = (0..24)
        .map(|n| if n % 2 == 0 { &one } else { &two }.script(&format!("{WORKER}sleep 0.1\n")))
        .collect();
    let _dispatchers = [one.dispatcher(), two.dispatcher()];
    for task in &tasks {
        two.wait_status(task, "done");
    }
    let mut started = [one.lines("started"), two.lines("started")].concat();
    assert_eq!(started.len(), tasks.len(), "{started:#?}");
    started.sort();
    started.dedup();
    assert_eq!(started.len(), tasks.len());
    for house in [&one, &two] {
        assert_eq!(house.lines("clashes"), [""; 0]);
        assert!(!house.lines("started").is_empty(), "both homes had a part in it");
    }
    board::whole(one.home());
    board::whole(two.home());
}

#[test]
fn dead_and_deaf_waiters_keep_nobody_waiting() {
    let house = House::new();
    let _ = house.andon(["init"]).exits(0);
    // Short enough for a socket's name.
    let wake = tempfile::tempdir().unwrap();
    std::fs::remove_dir_all(house.board().join("wake")).unwrap();
    std::os::unix::fs::symlink(wake.path(), house.board().join("wake")).unwrap();
    for name in ["board-0000000000000001", "run-01ARZ3NDEKTSV4RRFFQ69G5FAV-00000001"] {
        drop(UnixDatagram::bind(wake.path().join(name)).unwrap());
    }
    std::fs::write(wake.path().join("board-junk"), "no socket").unwrap();
    std::fs::create_dir(wake.path().join("board-folder")).unwrap();
    // Nobody ever hears this one: its queue is full.
    let deaf = wake.path().join("board-deaf");
    let _deaf = UnixDatagram::bind(&deaf).unwrap();
    let sender = UnixDatagram::unbound().unwrap();
    sender.set_nonblocking(true).unwrap();
    while sender.send_to(&[1], &deaf).is_ok() {}
    let task = house.script("true");
    assert!(!wake.path().join("board-0000000000000001").exists(), "a dead waiter goes");
    let _dispatcher = house.dispatcher();
    house.wait_status(&task, "done");
    let next = house.script("true");
    house.wait_status(&next, "done");
    assert!(deaf.exists());
}

#[test]
fn a_board_without_its_folder_of_bells_works() {
    let house = House::new();
    let _ = house.andon(["init"]).exits(0);
    std::fs::remove_dir_all(house.board().join("wake")).unwrap();
    let task = house.script("true");
    let _dispatcher = house.dispatcher();
    house.wait_status(&task, "done");
    let next = house.script("true");
    house.wait_status(&next, "done");
}

#[test]
fn names_of_boards_are_whitelisted_and_what_they_hold_is_not() {
    let house = House::new();
    for name in ["büro", "../escape", "a/b", "", "-x", "板", "a b", "CON\u{202e}"] {
        let answer = house.andon(["create", "a task", &format!("--board={name}")]);
        assert_ne!(answer.code, 0, "{name:?}");
        assert!(answer.stderr.contains("1 to 64 characters of a-z 0-9 _ -"), "{answer:?}");
    }
    assert!(!house.home().join("boards").exists(), "nothing was made");
    let title = "タスク «naïve» 🦀 e\u{301} \u{202e}evil";
    let task = house.create([title, "--board", "DEFAULT", "--tenant", "ミ", "--body", "본문"]);
    let shown = house.task(&task);
    assert_eq!(
        (&shown["title"], &shown["body"], &shown["tenant"]),
        (&title.into(), &"본문".into(), &"ミ".into())
    );
    board::whole(house.home());
}

/// A board in a world whose clock a test sets.
fn scene() -> (SqliteBoards, Scene) {
    let boards = SqliteBoards::new(Mode::Short);
    let scene = Scene::new(&boards);
    (boards, scene)
}

const DAY: i64 = 86_400_000;

#[test]
fn a_clock_set_backwards_ends_no_run_and_loses_no_write() {
    let (_boards, s) = scene();
    block_on(async {
        let claimed = s.running("before").await;
        s.wait(-DAY);
        // The supervisor lives: its lease, which now ends a day later, is no reason to end or to extend anything.
        let judge = |alive| JudgeLease {
            run: claimed.run.id.clone(),
            holder_alive: alive,
            rebooted: false,
            unstarted: false,
            policy: s.policy.clone(),
        };
        assert_eq!(s.ok(judge(Some(true))).await, Judged::Live);
        let renew = Renew {
            run: claimed.run.id.clone(),
            holder: s.holder(1),
            progress: true,
            policy: s.policy.clone(),
        };
        let renewed = s.ok(renew).await;
        assert_eq!(renewed.renewal, Renewal::Ok);
        assert_eq!(renewed.expires_at, s.now().plus(s.policy.lease_ttl), "a renewal follows the clock back");
        s.ok(s.completion(&claimed.task.id, s.worker(&claimed))).await;
        s.reap(&claimed).await;
        let later = s.running("after").await;
        s.wait(-DAY);
        s.fail(&later, Failure::Crashed).await;
        s.wait(s.policy.backoff_cap);
        let again = s.claim_one().await;
        assert_eq!(again.task.id, later.task.id);
        // Event numbers are in the order in which things happened, whatever the clock said.
        let inspection = s.inspect().await;
        assert!(inspection.events.windows(2).any(|pair| pair[1].at < pair[0].at));
        assert_eq!(inspection.tasks[&claimed.task.id].0.state.status, Status::Done);
    });
}

#[test]
fn a_supervisor_that_dies_is_found_though_the_clock_went_back() {
    let (_boards, s) = scene();
    block_on(async {
        let claimed = s.running("t").await;
        s.wait(-DAY);
        let judge = JudgeLease {
            run: claimed.run.id.clone(),
            holder_alive: Some(false),
            rebooted: false,
            unstarted: false,
            policy: s.policy.clone(),
        };
        assert_eq!(s.ok(judge).await, Judged::Ended);
        s.reap(&claimed).await;
        s.inspect().await;
    });
}

#[test]
fn ids_stay_unique_when_the_clock_repeats() {
    let (_boards, s) = scene();
    block_on(async {
        let world: Arc<dyn World> = Arc::<ManualWorld>::clone(&s.world);
        let start = world.now();
        for n in 0..20 {
            s.world.set(start);
            let claimed = s.running(&format!("t{n}")).await;
            s.complete(&claimed.task.id).await;
            s.reap(&claimed).await;
        }
        s.inspect().await;
    });
}

#[test]
fn a_dispatcher_hears_a_board_whose_path_is_longer_than_a_socket_name_may_be() {
    let house = House::at(&format!("{}/{}", "lang ".repeat(20), "länger".repeat(20)));
    let _dispatcher = house.dispatcher();
    let task = house.script("true");
    house.wait_status(&task, "done");
    wait_until("its bell hangs", || std::fs::read_dir(house.board().join("wake")).unwrap().count() > 0);
}
