//! Inside a worker: its identity is its run, its task is understood, its board is its own.

use super::place::{Place, pairs};

fn place() -> Place {
    Place::with_profiles(&[
        ("coder", "runner = \"lane\"\nassignable_by = \"anyone\"\n"),
        ("foreman", "runner = \"lane\"\nmay_pause = true\n"),
        ("script", "runner = \"shell\"\n"),
    ])
}

#[test]
fn a_worker_needs_not_say_which_task() {
    let place = place();
    let id = place.create("own", &["--assignee", "coder"]);
    let identity = place.claim(&id);
    let worker = |words: &[&str]| place.as_worker(&pairs(&identity), words);
    assert!(worker(&["heartbeat", "--note", "on it"]).done().contains(&id));
    worker(&["comment", "found", "something"]).done();
    assert!(worker(&["show"]).done().contains("found something"));
    assert_eq!(worker(&["why", "--json"]).json()[0]["code"], "running");
    assert!(worker(&["context"]).done().contains("own"));
    let child = worker(&["create", "a child", "--assignee", "coder", "--json"]).json();
    assert_eq!(child["generation"], 1);
    let created = child["id"].as_str().unwrap();
    worker(&["complete", "--summary", "done", "--created-card", created]).done();
    assert_eq!(place.status(&id), "done");
}

#[test]
fn a_worker_blocks_with_a_question() {
    let place = place();
    let id = place.create("own", &["--assignee", "coder"]);
    let identity = place.claim(&id);
    place.as_worker(&pairs(&identity), &["block", "which", "one?"]).done();
    let task = place.run(["show", &id, "--json"]).json()["task"].clone();
    assert_eq!((&task["block_kind"], &task["block_reason"]), (&"needs_input".into(), &"which one?".into()));
}

#[test]
fn a_run_that_is_over_changes_nothing() {
    let place = place();
    let id = place.create("own", &["--assignee", "coder"]);
    let identity = place.claim(&id);
    place.run(["reclaim", &id]).done();
    for words in [
        vec!["complete"],
        vec!["block", "no"],
        vec!["heartbeat"],
        vec!["comment", "late"],
        vec!["create", "late"],
    ] {
        let words: Vec<&str> = words.into_iter().chain(["--json"]).collect();
        let said = place.as_worker(&pairs(&identity), &words);
        assert_eq!(said.refusal(), (1, "stale_run".to_owned()), "{words:?}");
    }
    assert_eq!(place.status(&id), "ready");
    let events = place.run(["events", &id, "--kinds", "stale_write", "--json"]).json();
    assert!(!events.as_array().unwrap().is_empty());
}

#[test]
fn a_broken_identity_is_refused_and_never_taken_for_a_person() {
    let place = place();
    let id = place.create("own", &["--assignee", "coder"]);
    let [task, run, token] = place.claim(&id);
    let run = run.1.as_str();
    let token = token.1.as_str();
    for identity in [
        vec![("ANDON_TASK", task.1.as_str())],
        vec![("ANDON_RUN", run)],
        vec![("ANDON_RUN_TOKEN", token)],
        vec![("ANDON_TASK", &task.1), ("ANDON_RUN", "nonsense"), ("ANDON_RUN_TOKEN", token)],
        vec![("ANDON_TASK", &task.1), ("ANDON_RUN", run)],
        vec![("ANDON_TASK", &task.1), ("ANDON_RUN", run), ("ANDON_RUN_TOKEN", "guessed")],
        vec![
            ("ANDON_TASK", &task.1),
            ("ANDON_RUN", run),
            ("ANDON_RUN_TOKEN", token),
            ("ANDON_PROFILE", "../x"),
        ],
    ] {
        let said = place.as_worker(&identity, &["complete", &id, "--json"]);
        assert_eq!(said.refusal(), (1, "stale_run".to_owned()), "{identity:?}");
    }
    let said = place.as_worker(
        &[("ANDON_TASK", "nonsense"), ("ANDON_RUN", run), ("ANDON_RUN_TOKEN", token)],
        &["complete", "--json"],
    );
    assert_eq!(said.refusal(), (1, "stale_run".to_owned()));
    assert_eq!(place.status(&id), "running");
}

#[test]
fn a_worker_moves_no_other_task_and_speaks_for_nobody_else() {
    let place = place();
    let id = place.create("own", &["--assignee", "coder"]);
    let other = place.create("other", &[]);
    let identity = place.claim(&id);
    for words in [
        vec!["complete", &other],
        vec!["block", &other, "x"],
        vec!["edit", &other, "--title", "x"],
        vec!["archive", &other],
    ] {
        let words: Vec<&str> = words.into_iter().chain(["--json"]).collect();
        assert_eq!(
            place.as_worker(&pairs(&identity), &words).refusal(),
            (1, "forbidden".to_owned()),
            "{words:?}"
        );
    }
    let said = place.as_worker(&pairs(&identity), &["comment", "x", "--by", "anna"]);
    assert!(said.code == 2 && said.err.contains("speaks for itself"), "{said:?}");
    let script = place.as_worker(&pairs(&identity), &["create", "x", "--assignee", "script", "--json"]);
    assert_eq!(script.refusal(), (1, "forbidden".to_owned()));
}

#[test]
fn a_board_that_contradicts_the_workers_own_is_refused_loudly() {
    let place = place();
    let id = place.create("own", &["--assignee", "coder"]);
    place.say("init --board side").done();
    let identity = place.claim(&id);
    let mut own = pairs(&identity);
    own.push(("ANDON_BOARD", "default"));
    let said = place.as_worker(&own, &["list", "--board", "side", "--json"]);
    assert_eq!(said.refusal(), (1, "wrong_board".to_owned()));
    place.as_worker(&own, &["list", "--board", "default"]).done();
    place.as_worker(&[("ANDON_BOARD", "side")], &["list", "--board", "default"]).done();
}

#[test]
fn only_a_profile_with_the_right_pulls_the_cord() {
    let place = place();
    let id = place.create("own", &["--assignee", "foreman"]);
    let identity = place.claim(&id);
    let mut own = pairs(&identity);
    assert_eq!(place.as_worker(&own, &["pause", "--json"]).refusal(), (1, "forbidden".to_owned()));
    own.push(("ANDON_PROFILE", "foreman"));
    assert_eq!(
        place.as_worker(&own, &["pause", "--stop-running", "--json"]).refusal(),
        (1, "forbidden".to_owned())
    );
    place.as_worker(&own, &["pause", "something", "burns"]).done();
    assert_eq!(place.as_worker(&own, &["resume", "--json"]).refusal(), (1, "forbidden".to_owned()));
    assert!(place.say("stats").done().contains("something burns"));
}
