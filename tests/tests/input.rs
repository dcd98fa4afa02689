//! Bad input: refused with a stable code that names the value and the way out; nothing half-done.

use andon_tests::House;

/// Runs `andon … --json`, which must be refused so.
#[track_caller]
fn refused(house: &House, arguments: &[&str], exit: i32, code: &str) -> String {
    let answer = house.andon(arguments.iter().chain(&["--json"])).exits(exit);
    assert_eq!(answer.error_code(), code, "{}", answer.stderr);
    answer.stderr
}

#[test]
fn what_is_not_there_is_refused_by_its_name() {
    let house = House::new();
    let task = house.create(["a task"]);
    let before = house.head();
    let unknown = refused(&house, &["create", "x", "--assignee", "shh"], 4, "unknown_profile");
    assert!(unknown.contains("shh") && unknown.contains("sh"));
    refused(&house, &["show", "t_00000000"], 4, "unknown_task");
    refused(&house, &["show", "nonsense"], 4, "unknown_task");
    refused(&house, &["create", "x", "--parent", "t_00000000"], 4, "unknown_parents");
    refused(&house, &["--board", "nowhere", "list"], 4, "unknown_board");
    let _ = house.andon(["list", "--status", "redy"]).exits(2);
    let child = house.create(["a child", "--parent", &task]);
    refused(&house, &["link", &child, &task], 1, "cycle");
    refused(&house, &["link", &task, &task], 1, "self_link");
    assert_eq!(house.head(), before + 1, "a refusal writes nothing");
}

#[test]
fn paths_and_branches_that_could_harm_are_refused() {
    let house = House::new();
    let _ = house.andon(["init"]).ok();
    for workspace in ["dir:relative/path", "dir:../up", "worktree:here", "dir:", "nowhere", "dir:/a/../etc"] {
        let answer = house.andon(["create", "x", "--workspace", workspace, "--json"]);
        assert!([1, 2].contains(&answer.code), "{workspace}: {answer:?}");
    }
    for branch in ["-rf", "--upload-pack=x", "a b", "a..b", "", "x.lock", "a\nb"] {
        let answer =
            house.andon(["create", "x", "--workspace", "worktree:/tmp", "--branch", branch, "--json"]);
        assert!([1, 2].contains(&answer.code), "{branch:?}: {answer:?}");
    }
    assert_eq!(house.json(["list"]), serde_json::json!([]));
}

#[test]
fn odd_texts_are_kept_as_they_are_or_refused_whole() {
    let house = House::new();
    let long = "x".repeat(100_000);
    let answer = house.andon(["create", &long, "--json"]);
    assert!([1, 2].contains(&answer.code), "{}", answer.code);
    let body = house.outside().join("body");
    std::fs::write(&body, "a\0b").unwrap();
    let answer = house.andon(["create".as_ref(), "nul".as_ref(), "--body-file".as_ref(), body.as_os_str()]);
    assert!([1, 2].contains(&answer.code), "{answer:?}");
    std::fs::write(&body, "y".repeat(1 << 20)).unwrap();
    let answer = house.andon(["create".as_ref(), "long".as_ref(), "--body-file".as_ref(), body.as_os_str()]);
    assert!([0, 1, 2].contains(&answer.code), "{}", answer.code);
    std::fs::write(&body, b"\xff\xfe").unwrap();
    let _ =
        house.andon(["create".as_ref(), "bytes".as_ref(), "--body-file".as_ref(), body.as_os_str()]).exits(5);
    let right_to_left = house.create(["\u{202e}شكرا \u{1f680}", "--body", "\u{1b}[31mred"]);
    assert!(!house.andon(["show", &right_to_left]).ok().contains('\u{1b}'));
    assert!(!house.andon(["list"]).ok().contains('\u{1b}'));
    assert_eq!(house.task(&right_to_left)["body"], "\u{1b}[31mred");
}

#[test]
fn a_malformed_configuration_names_file_line_and_nearest_key() {
    let house = House::new();
    let _ = house.andon(["init"]).ok();
    let path = house.home().join("config.toml");
    std::fs::write(&path, "failure_limit = 2\nmax_runing = 3\nlease_ttl = \"soon\"\n").unwrap();
    for verb in [&["create", "x"][..], &["dispatch", "--once"]] {
        let told = refused(&house, verb, 5, "config_invalid");
        for part in ["config.toml:2:1", "max_running", "config.toml:3:", "lease_ttl"] {
            assert!(told.contains(part), "{part}: {told}");
        }
    }
}

#[test]
fn a_malformed_profile_names_file_line_and_nearest_key_and_its_tasks_wait() {
    let house = House::new();
    let task = house.script("exit 0");
    let path = house.home().join("profiles/sh/profile.toml");
    let good = std::fs::read_to_string(&path).unwrap();
    std::fs::write(&path, "runner = \"shell\"\nmax_runing = 3\n").unwrap();
    let report = house.json(["dispatch", "--once"]);
    assert_eq!(report["skipped_unknown_profile"], serde_json::json!([task]));
    let why = house.andon(["why", &task]).ok();
    assert!(why.contains("profile.toml:2:1") && why.contains("max_running"), "{why}");
    std::fs::write(&path, good).unwrap();
    let _ = house.until_idle();
    assert_eq!(house.status(&task), "done");
}

#[test]
fn everything_works_in_a_home_whose_path_is_longer_than_a_sockets() {
    let folder = format!("{}/ein Ort mit Leerzeichen/häuser 家", "a-long-folder-name/".repeat(8));
    let house = House::at(&folder);
    assert!(house.home().as_os_str().len() > 107);
    house.profile("term", "runner = \"shell\"\nterminal = \"pty\"\n");
    let _dispatcher = house.dispatcher();
    let first = house.script("exit 0");
    house.wait_status(&first, "done");
    let script = "while [ ! -e \"$OUT/go\" ]; do sleep 0.05; done";
    let second = house.create(["in a pty", "--assignee", "term", "--body", script]);
    house.wait_running(&second);
    house.touch("go");
    house.wait_status(&second, "done");
    let third = house.script("sleep 1000");
    let run = house.wait_running(&third);
    let _ = house.andon(["stop", &third]).ok();
    assert!(andon_tests::processes::of_run(&run).is_empty());
}
