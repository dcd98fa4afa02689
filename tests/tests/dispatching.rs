//! The dispatcher's own promises: when it ends and with which code, what a dry run changes, who is told, what fires when.

use andon_tests::{House, text_of, wait_for, wait_until};

#[test]
fn until_idle_says_by_its_exit_code_whether_anything_is_left() {
    let house = House::new();
    let done = house.script("exit 0");
    let child = house.create(["child", "--assignee", "sh", "--body", "exit 0", "--parent", &done]);
    let retried = house.script("[ -e \"$OUT/once\" ] && exit 0; touch \"$OUT/once\"; exit 1");
    let report = house.json(["dispatch", "--until-idle"]);
    assert_eq!((report["spawned"].as_array().unwrap().len(), &report["unfinished"]), (4, &0.into()));
    for task in [&done, &child, &retried] {
        assert_eq!(house.status(task), "done");
    }
    let waits = ["scheduled", "--assignee", "sh", "--body", "exit 0", "--at", "in 1h"];
    house.create(waits);
    house.create(["for a person"]);
    house.create(["blocked", "--initial-status", "blocked"]);
    let _ = house.andon(["dispatch", "--until-idle"]).exits(3);
}

#[test]
fn a_dry_run_says_what_would_start_and_changes_nothing() {
    let house = House::new();
    let _ = house.andon(["dispatch", "--once"]).ok();
    let (one, two) = (house.script("exit 0"), house.script("exit 0"));
    house.profile("gone", "runner = \"shell\"\n");
    let lost = house.create(["lost", "--assignee", "gone"]);
    std::fs::remove_dir_all(house.home().join("profiles/gone")).unwrap();
    let before = (house.head(), house.show(&one), house.show(&two), house.show(&lost));
    let report = house.json(["dispatch", "--dry-run"]);
    let would: Vec<String> =
        report["spawned"].as_array().unwrap().iter().map(|spawned| text_of(&spawned["task_id"])).collect();
    assert_eq!(would, [one.clone(), two.clone()]);
    assert_eq!(report["dry_run"], true);
    assert_eq!((house.head(), house.show(&one), house.show(&two), house.show(&lost)), before);
    assert!(house.lines("ran").is_empty());
}

#[test]
fn a_dispatcher_starts_no_more_than_it_was_told() {
    let house = House::new();
    let tasks: Vec<String> = (0..3).map(|_| house.script("exit 0")).collect();
    let report = house.andon(["dispatch", "--until-idle", "--max", "2", "--json"]).exits(3).json();
    assert_eq!(report["spawned"].as_array().unwrap().len(), 2);
    assert_eq!(tasks.iter().filter(|task| house.status(task) == "done").count(), 2);
}

#[test]
fn of_two_dispatchers_one_tells_of_each_thing_that_needs_a_person() {
    let house = House::new();
    let told = house.outside().join("told");
    std::fs::create_dir(&told).unwrap();
    let folder = told.to_str().unwrap();
    house.config(&format!(
        "on_attention = [\"sh\", \"-c\", \"cat > \\\"$0/$$.new\\\"; mv \\\"$0/$$.new\\\" \\\"$0/$$.json\\\"\", {folder:?}]\n"
    ));
    let _dispatchers = (house.dispatcher(), house.dispatcher());
    // Told is what happens from their first look on.
    let first = house.script("exit 0");
    house.wait_status(&first, "done");
    let mut tasks: Vec<String> = (0..6).map(|_| house.script("andon block 'which colour?'")).collect();
    tasks.push(house.create(["breaks", "--assignee", "sh", "--max-retries", "1", "--body", "exit 9"]));
    let events = wait_for("somebody was told of each", || {
        let files = std::fs::read_dir(&told).unwrap().map(|entry| entry.unwrap().path());
        let events: Vec<serde_json::Value> = files
            .filter(|path| path.extension().is_some_and(|ending| ending == "json"))
            .map(|path| serde_json::from_str(&std::fs::read_to_string(path).unwrap()).unwrap())
            .collect();
        (events.len() >= tasks.len()).then_some(events)
    });
    let last = house.script("exit 0");
    house.wait_status(&last, "done");
    let mut of: Vec<String> = events.iter().map(|event| text_of(&event["task"])).collect();
    of.sort();
    tasks.sort();
    assert_eq!(of, tasks);
    assert!(events.iter().all(|event| event["board"] == "default" && event["at"].is_string()));
    assert_eq!(std::fs::read_dir(&told).unwrap().count(), tasks.len());
}

/// A time as it is printed, so that texts compare as times: seconds, then milliseconds.
fn moment(printed: &serde_json::Value) -> (String, String) {
    let text = text_of(printed);
    let (seconds, fraction) =
        text.trim_end_matches('Z').split_once('.').unwrap_or((text.trim_end_matches('Z'), ""));
    (seconds.to_owned(), format!("{fraction:0<3}"))
}

#[test]
fn a_task_for_later_starts_when_its_time_has_come_and_not_before() {
    let house = House::new();
    let _dispatcher = house.dispatcher();
    let task = house.create(["later", "--assignee", "sh", "--body", "exit 0", "--at", "in 1s"]);
    let waiting = house.task(&task);
    assert_eq!(waiting["status"], "scheduled");
    let at = moment(&waiting["scheduled_at"]);
    house.wait_status(&task, "done");
    let fired = house.events_of(&task).into_iter().find(|event| event["kind"] == "schedule_fired").unwrap();
    assert!(moment(&fired["created_at"]) >= at);
    assert!(moment(&house.runs(&task)[0]["started_at"]) >= at);
}

#[test]
fn a_limit_that_the_host_cannot_keep_is_reported_and_else_it_holds() {
    let house = House::new();
    house.profile("small", "runner = \"shell\"\nmemory = \"32MiB\"\ncpu = \"50%\"\npids = 100\n");
    let hungry = "head -c 300000000 /dev/zero | tail -c 200000000 > /dev/null";
    let task = house.create(["hungry", "--assignee", "small", "--max-retries", "1", "--body", hungry]);
    let _dispatcher = house.dispatcher();
    wait_until("it has ended", || ["done", "blocked"].contains(&house.status(&task).as_str()));
    let spawned = house.events_of(&task).into_iter().find(|event| event["kind"] == "spawned").unwrap();
    let notes = text_of(&spawned["payload"]["notes"]);
    let reported = notes.contains("memory");
    assert_eq!(house.status(&task) == "done", reported, "neither kept nor reported: {notes}");
}

#[test]
fn configuration_is_read_again_when_it_changes() {
    let house = House::new();
    house.config("max_running = 1\nsweep_interval = \"100ms\"\n");
    let _dispatcher = house.dispatcher();
    let script = "echo + >> \"$OUT/log\"; while [ ! -e \"$OUT/go\" ]; do sleep 0.05; done";
    for _ in 0..3 {
        house.script(script);
    }
    wait_until("one runs", || house.lines("log").len() == 1);
    house.config("max_running = 3\nsweep_interval = \"100ms\"\n");
    wait_until("three run", || house.lines("log").len() == 3);
    // A broken file keeps the last good one in force.
    house.config("max_running = \"many\"\n");
    house.touch("go");
    std::fs::write(house.home().join("config.toml"), "max_running = \"many\"\n").unwrap();
    wait_until("no process but the dispatcher is left", || house.busy_processes().len() == 1);
}

#[test]
fn a_board_that_comes_while_a_dispatcher_runs_is_served_without_a_sweep() {
    let house = House::new();
    house.config("sweep_interval = \"1h\"\n");
    let _ = house.andon(["init"]).exits(0);
    let _dispatcher = house.dispatcher_with(&["--all"], &[]);
    // A dispatcher that has no board yet hears no bell of a server.
    wait_until("it has looked", || !house.json(["hosts"]).as_array().unwrap().is_empty());
    for board in ["one", "two", "three"] {
        let _ = house.andon(["boards", "create", board]).exits(0);
    }
    for board in ["one", "two", "three"] {
        let script = ["--board", board, "create", "a script", "--assignee", "sh", "--body", "exit 0"];
        let task = text_of(&house.json(script)["id"]);
        wait_until("it is done", || {
            house.json(["--board", board, "show", &task])["task"]["status"] == "done"
        });
    }
}
