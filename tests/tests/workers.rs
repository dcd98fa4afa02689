//! What a worker says, by its exit or through the board, acts for its own run; and for nothing else.

use andon_tests::{House, text_of, wait_until};

/// Where a profile's worker must say itself how it ended.
fn protocol(house: &House) {
    house.profile("agent", "runner = \"shell\"\nends_by = \"protocol\"\n");
}

#[test]
fn an_exit_without_a_word_violates_the_protocol_and_its_last_words_are_kept() {
    let house = House::new();
    protocol(&house);
    let task = house.create(["agent's", "--assignee", "agent", "--body", "echo 'I think that this is done'"]);
    let _ = house.andon(["dispatch", "--until-idle"]).exits(3);
    let stopped = house.task(&task);
    assert_eq!((&stopped["status"], &stopped["block_kind"]), (&"blocked".into(), &"gave_up".into()));
    assert_eq!(house.outcomes(&task), ["protocol_violation"]);
    assert!(text_of(&stopped["last_failure_error"]).contains("I think that this is done"));
}

#[test]
fn a_worker_that_ends_by_protocol_completes_by_its_word() {
    let house = House::new();
    protocol(&house);
    let body = "andon complete --summary 'all of it' --metadata '{\"files\": 3}'; exit 7";
    let task = house.create(["agent's", "--assignee", "agent", "--body", body]);
    let _ = house.until_idle();
    let run = house.runs(&task)[0].clone();
    assert_eq!((&run["outcome"], &run["summary"]), (&"completed".into(), &"all of it".into()));
    assert_eq!((&run["metadata"]["files"], &run["exit_code"]), (&3.into(), &7.into()));
}

#[test]
fn inside_a_run_commands_act_for_it_without_being_told_which() {
    let house = House::new();
    house.profile("hand", "runner = \"lane\"\n");
    let task = house.script(
        "set -e\n\
         andon comment 'half way'\n\
         andon heartbeat --note 'counting'\n\
         child=$(andon create 'the rest' --assignee hand --parent \"$ANDON_TASK\" --json | sed -n 's/.*\"id\": \"\\(t_[^\"]*\\)\".*/\\1/p' | head -n 1)\n\
         andon complete --summary 'the first half' --created-card \"$child\"\n",
    );
    let _ = house.andon(["dispatch", "--until-idle"]).exits(3);
    let shown = house.show(&task);
    let run = &shown["runs"][0];
    assert_eq!(
        (&shown["task"]["status"], &run["summary"]),
        (&"done".into(), &"the first half".into()),
        "{shown:#}"
    );
    let comment = &shown["comments"][0];
    assert_eq!((&comment["author"], &comment["author_kind"]), (&"sh".into(), &"worker".into()));
    assert_eq!((&comment["run_id"], &comment["body"]), (&run["id"], &"half way".into()));
    let beat = shown["events"].as_array().unwrap().iter().find(|event| event["kind"] == "heartbeat").unwrap();
    assert_eq!((&beat["run_id"], &beat["payload"]["note"]), (&run["id"], &"counting".into()));
    let child = house.task(shown["children"][0].as_str().unwrap());
    assert_eq!((&child["created_by_run"], &child["status"]), (&run["id"], &"ready".into()));
}

#[test]
fn a_worker_moves_no_foreign_task_and_becomes_no_script_author() {
    let house = House::new();
    let foreign = house.create(["foreign", "--assignee", "sh", "--body", "exit 0", "--hold"]);
    let attempts = [
        format!("complete {foreign}"),
        format!("block {foreign} mine"),
        format!("archive {foreign}"),
        format!("promote {foreign}"),
        "create script --assignee sh --body true".to_owned(),
        "pause".to_owned(),
        "--board other list".to_owned(),
        "--by somebody comment hello".to_owned(),
    ];
    let lines: String =
        attempts.iter().map(|line| format!("andon {line}; echo $? >> \"$OUT/codes\"\n")).collect();
    let task = house.script(&lines);
    let _ = house.andon(["dispatch", "--until-idle"]).exits(3);
    assert_eq!(house.status(&task), "done");
    let codes = house.lines("codes");
    assert_eq!(codes.len(), attempts.len());
    for (attempt, code) in attempts.iter().zip(&codes) {
        assert!(code == "1" || code == "2", "{attempt}: {code}");
    }
    assert_eq!(house.status(&foreign), "todo");
    assert_eq!(house.json(["list", "--limit", "100"]).as_array().unwrap().len(), 2);
}

#[test]
fn a_run_creates_no_more_children_than_its_profile_may() {
    let house = House::new();
    house.profile("hand", "runner = \"lane\"\n");
    house.profile("sh", "runner = \"shell\"\nmax_children = 2\n");
    house.script("for n in 1 2 3; do andon create \"child $n\" --assignee hand --json 2>> \"$OUT/errors\"; done; exit 0");
    let _ = house.andon(["dispatch", "--until-idle"]).exits(3);
    assert_eq!(house.json(["list", "--assignee", "hand"]).as_array().unwrap().len(), 2);
    assert!(house.lines("errors").join("\n").contains("too_many_children"));
}

#[test]
fn a_run_that_is_over_says_nothing_any_more() {
    let house = House::new();
    let given = crate::guard::claimed(&house);
    let _ = house.andon(["reclaim", &given.task]).ok();
    for verb in
        [&["complete"][..], &["heartbeat"], &["block", "why"], &["comment", "late"], &["create", "late"]]
    {
        let mut command = house.command();
        command.args(verb).arg("--json").env("ANDON_TASK", &given.task);
        command.env("ANDON_RUN", &given.run).env("ANDON_RUN_TOKEN", &given.token);
        assert_eq!(House::answer(command).exits(1).error_code(), "stale_run", "{verb:?}");
    }
    assert_eq!(house.status(&given.task), "ready");
}

#[test]
fn a_rate_limit_cools_the_profile_down_and_one_probe_tries_again() {
    let house = House::new();
    house.config("rate_limit_cooldown = \"400ms\"\nrate_limit_cooldown_cap = \"400ms\"\n");
    let script = "[ -e \"$OUT/open\" ] && exit 0; echo $ANDON_RUN >> \"$OUT/tries\"; exit 75";
    let first = house.script(script);
    let _dispatcher = house.dispatcher();
    wait_until("the profile cools down", || house.kinds_of(&first).contains(&"cooling_down".to_owned()));
    let tasks: Vec<String> = std::iter::once(first).chain((0..4).map(|_| house.script(script))).collect();
    wait_until("it was tried four times", || house.lines("tries").len() >= 4);
    house.touch("open");
    for task in &tasks {
        house.wait_status(task, "done");
        assert_eq!(house.task(task)["consecutive_failures"], 0);
    }
    // While it cools down at most one run is open: the probe.
    let mut open = 0;
    let mut cooling = false;
    for event in house.events() {
        match text_of(&event["kind"]).as_str() {
            "cooling_down" => cooling = true,
            "claimed" => {
                open += 1;
                assert!(!cooling || open <= 1, "more than one probe: {event:#}");
            }
            "rate_limited" => open -= 1,
            "completed" => {
                open -= 1;
                cooling = false;
            }
            _ => {}
        }
    }
}
