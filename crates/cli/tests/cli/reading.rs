//! What is shown: text that lines up, JSON that keeps its keys, talk on standard error alone.

use super::place::Place;

const TASK_KEYS: &[&str] = &[
    "id",
    "title",
    "body",
    "status",
    "assignee",
    "priority",
    "tenant",
    "parents",
    "children",
    "block_kind",
    "block_reason",
    "eligible_at",
    "consecutive_failures",
    "last_failure_error",
    "current_run_id",
    "workspace_kind",
    "workspace_path",
    "model",
    "created_at",
    "started_at",
    "completed_at",
];

#[test]
fn without_a_verb_the_help_is_shown_and_exit_codes_are_in_it() {
    let place = Place::new();
    let help = place.say("").done();
    assert!(help.contains("Usage: andon") && help.contains("6  busy"), "{help}");
    assert_eq!(place.say("help exit-codes").code, 0);
    assert!(place.say("--version").done().starts_with("andon "));
    assert_eq!(place.say("frobnicate").code, 2);
}

#[test]
fn init_names_the_database_and_is_safe_to_repeat() {
    let place = Place::new();
    let first = place.say("init");
    assert_eq!(first.out.trim(), place.home().join("boards/default/board.db").to_str().unwrap());
    assert!(first.err.contains("made"), "{first:?}");
    assert_eq!(place.say("init --json").json()["created"], false);
}

#[test]
fn a_board_that_nobody_made_is_not_made_by_reading() {
    let place = Place::new();
    assert_eq!(place.say("list --json").refusal(), (4, "not_found".to_owned()));
    assert!(!place.home().exists());
    place.create("the first task makes it", &[]);
    assert_eq!(place.say("list").code, 0);
}

#[test]
fn a_task_has_all_documented_keys_wherever_it_is_printed() {
    let place = Place::new();
    let created = place.run(["create", "a task", "--json", "--model", "m", "--priority", "-3"]).json();
    let id = created["id"].as_str().unwrap();
    let listed = place.say("list --json").json();
    let shown = place.run(["show", id, "--json"]).json();
    for task in [&created, &listed[0], &shown["task"]] {
        for key in TASK_KEYS {
            assert!(task.get(key).is_some(), "{key} is missing in {task}");
        }
    }
    assert_eq!((&created["priority"], &created["model"]), (&(-3).into(), &"m".into()));
    assert_eq!(created["started_at"], serde_json::Value::Null);
    for key in [
        "task",
        "parents",
        "children",
        "comments",
        "events",
        "runs",
        "attachments",
        "latest_summary",
        "diagnostics",
        "why",
    ] {
        assert!(shown.get(key).is_some(), "{key} is missing in {shown}");
    }
}

#[test]
fn json_is_indented_by_two_and_keeps_other_scripts() {
    let place = Place::new();
    let text = place.run(["create", "שלום 家 👋", "--json"]).done();
    assert!(text.starts_with("{\n  \"id\": \"t_") && text.contains("\"title\": \"שלום 家 👋\""), "{text}");
}

#[test]
fn lists_line_up_and_escape_what_would_move_the_cursor() {
    let place = Place::with_profiles(&[("coder", "runner = \"lane\"\n")]);
    let first = place.create("turned \u{202e}around", &["--assignee", "coder", "--tenant", "acme"]);
    let second = place.create("waits", &["--parent", &first]);
    let said = place.say("list");
    assert_eq!(
        said.out,
        format!(
            "▶  {first}  ready  coder         [acme] turned \\u{{202e}}around\n◻  {second}  todo   (unassigned)  waits\n"
        )
    );
    assert!(said.err.is_empty(), "{said:?}");
}

#[test]
fn a_list_is_filtered_sorted_and_goes_on_where_it_ended() {
    let place = Place::with_profiles(&[("anna", "runner = \"lane\"\n")]);
    let ids: Vec<String> =
        (0..3).map(|n| place.create(&format!("task {n}"), &["--priority", &n.to_string()])).collect();
    let titles = |words: &str| -> Vec<String> {
        let listed = place.say(words).json();
        listed.as_array().unwrap().iter().map(|task| task["title"].as_str().unwrap().to_owned()).collect()
    };
    assert_eq!(titles("list --json"), ["task 2", "task 1", "task 0"]);
    assert_eq!(titles("ls --json --sort title"), ["task 0", "task 1", "task 2"]);
    let page = place.say("list --json --limit 2");
    assert!(page.err.contains("--cursor 2"), "{page:?}");
    assert_eq!(titles("list --json --limit 2 --cursor 2"), ["task 0"]);
    assert_eq!(titles("list --json --status done"), [""; 0]);
    place.run(["assign", &ids[1], "anna"]).done();
    assert_eq!(titles("list --json --mine"), ["task 1"]);
    assert_eq!(place.say("list --status done").err, "(no matching tasks)\n");
}

#[test]
fn show_tells_a_person_what_there_is_to_know() {
    let place = Place::new();
    let id = place.create("a task", &["--body", "first\n\x1b[2Jsecond", "--skill", "git"]);
    place.run(["comment", &id, "look", "here"]).done();
    let text = place.run(["show", &id]).done();
    for part in
        ["a task", "unassigned", "Body\n  first\n  \\u{1b}[2Jsecond\n", "look here", "created", "Why\n"]
    {
        assert!(text.contains(part), "{part:?} is missing in {text}");
    }
    assert!(!text.contains('\u{1b}'), "colours belong on a terminal: {text:?}");
}

#[test]
fn why_says_what_would_clear_each_reason() {
    let place = Place::new();
    let parent = place.create("first", &[]);
    let child = place.create("then", &["--parent", &parent]);
    let reasons = place.run(["why", &child, "--json"]).json();
    let codes: Vec<&str> =
        reasons.as_array().unwrap().iter().map(|reason| reason["code"].as_str().unwrap()).collect();
    assert!(codes.contains(&"open_parents") && codes.contains(&"unassigned"), "{reasons}");
    assert!(place.run(["why", &child]).done().contains("→ andon "));
}

#[test]
fn events_are_shown_from_a_place_on() {
    let place = Place::new();
    let id = place.create("a task", &[]);
    let first = place.say("events --json");
    let cursor = first.err.split("--after ").nth(1).unwrap().trim_end_matches("`\n").to_owned();
    assert_eq!(first.json()[0]["kind"], "created");
    place.run(["comment", &id, "news"]).done();
    let then = place.run(["events", "--json", "--after", &cursor]).json();
    assert_eq!((then.as_array().unwrap().len(), &then[0]["kind"]), (1, &"commented".into()));
    assert_eq!(place.say("events --json --kinds created").json().as_array().unwrap().len(), 1);
    assert!(place.run(["events", &id]).done().contains("commented"));
    assert_eq!(place.say("events --after nonsense").code, 2);
}

#[test]
fn stats_assignees_and_context_have_their_shapes() {
    let place = Place::with_profiles(&[("coder", "runner = \"lane\"\ndescription = \"writes code\"\n")]);
    let id = place.create("a task", &["--assignee", "coder"]);
    let stats = place.say("stats --json").json();
    assert_eq!(
        (&stats["by_status"]["ready"], &stats["by_assignee"]["coder"]["ready"]),
        (&1.into(), &1.into())
    );
    assert!(stats["oldest_ready_age_seconds"].is_number() && stats["by_status"]["review"] == 0);
    assert!(place.say("stats").done().contains("coder  ready 1"));
    assert_eq!(place.say("assignees --json").json()[0]["on_disk"], true);
    assert!(place.say("assignees").done().contains("writes code"));
    assert!(place.run(["context", &id]).done().contains("a task"));
    assert!(place.run(["context", &id, "--json"]).json()["context"].is_string());
}

#[test]
fn several_boards_are_named_above_their_lists() {
    let place = Place::new();
    place.say("init").done();
    place.say("init --board side").done();
    place.run(["create", "elsewhere", "--board", "side"]).done();
    let said = place.say("list --board side");
    assert_eq!(said.err, "board side\n");
    assert!(said.out.contains("elsewhere"));
    assert_eq!(place.say("list --json").json().as_array().unwrap().len(), 0);
}
