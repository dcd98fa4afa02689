//! Each verb moves a task as its name says.

use super::place::{Place, pairs};

fn place() -> Place {
    Place::with_profiles(&[("coder", "runner = \"lane\"\n"), ("critic", "runner = \"lane\"\n")])
}

#[test]
fn a_task_is_created_where_it_was_asked_to_start() {
    let place = place();
    let parent = place.create("parent", &[]);
    for (options, status) in [
        (vec![], "ready"),
        (vec!["--parent", &parent], "todo"),
        (vec!["--triage"], "triage"),
        (vec!["--initial-status", "blocked"], "blocked"),
        (vec!["--at", "in 2h"], "scheduled"),
        (vec!["--at", "2031-01-31T09:00:00Z"], "scheduled"),
        (vec!["--hold"], "todo"),
    ] {
        assert_eq!(place.status(&place.create("a task", &options)), status, "{options:?}");
    }
    let text = place.run(["create", "x", "--assignee", "coder"]).done();
    assert!(text.starts_with("Created t_") && text.ends_with("(ready, assignee=coder)\n"), "{text}");
}

#[test]
fn the_same_key_is_the_same_task() {
    let place = place();
    let first = place.create("once", &["--idempotency-key", "k"]);
    assert_eq!(place.create("twice", &["--idempotency-key", "k"]), first);
    assert!(place.run(["create", "x", "--idempotency-key", "k"]).done().starts_with("Exists already: "));
}

#[test]
fn options_of_creation_arrive() {
    let place = place();
    let folder = place.home().join("w");
    let workspace = format!("dir:{}", folder.display());
    let body = place.file("body.md", "from a file\n".as_bytes());
    let id = place.create(
        "t",
        &[
            "--workspace",
            &workspace,
            "--max-runtime",
            "15m",
            "--max-retries",
            "4",
            "--reviewer",
            "critic",
            "--session",
            "s",
            "--body-file",
            body.to_str().unwrap(),
            "--goal",
            "--goal-max-turns",
            "3",
            "--step-key",
            "k",
            "--by",
            "berta",
        ],
    );
    let task = place.run(["show", &id, "--json"]).json()["task"].clone();
    assert_eq!(task["workspace_path"], folder.to_str().unwrap());
    assert_eq!((&task["max_runtime"], &task["max_retries"]), (&900_000.into(), &4.into()));
    assert_eq!((&task["body"], &task["created_by"]), (&"from a file\n".into(), &"berta".into()));
    assert_eq!((&task["reviewer"], &task["goal_max_turns"]), (&"critic".into(), &3.into()));
    let home = place.create("t", &["--workspace", "dir:~/here"]);
    let shown = place.run(["show", &home, "--json"]).json();
    assert!(shown["task"]["workspace_path"].as_str().unwrap().ends_with("/here"));
}

#[test]
fn finishing_a_parent_starts_its_child() {
    let place = place();
    let parent = place.create("parent", &[]);
    let child = place.create("child", &["--parent", &parent]);
    let done = place.run([
        "complete",
        &parent,
        "--summary",
        "all of it",
        "--metadata",
        "{\"n\": 1}",
        "--artifact",
        "a.txt",
    ]);
    assert_eq!(done.done(), format!("Completed {parent}  (done)\n"));
    assert_eq!(place.status(&child), "ready");
    let run = place.run(["runs", &parent, "--json"]).json()[0].clone();
    assert_eq!((&run["summary"], &run["metadata"]["n"]), (&"all of it".into(), &1.into()));
    assert!(run["metadata"]["artifacts"][0].as_str().unwrap().ends_with("/a.txt"));
    for key in [
        "id",
        "attempt",
        "kind",
        "outcome",
        "profile",
        "host",
        "started_at",
        "ended_at",
        "exit_code",
        "signal",
        "error",
    ] {
        assert!(run.get(key).is_some(), "{key}");
    }
    assert_eq!(
        place
            .run(["runs", &parent, "--json", "--state-type", "outcome", "--state-name", "crashed"])
            .json()
            .as_array()
            .unwrap()
            .len(),
        0
    );
    let reopened = place.run(["reopen", &parent]).done();
    assert!(reopened.contains("(ready)"), "{reopened}");
    assert_eq!(place.status(&child), "todo");
}

#[test]
fn links_come_and_go() {
    let place = place();
    let (a, b) = (place.create("a", &[]), place.create("b", &[]));
    assert_eq!(place.run(["link", &a, &b]).done(), format!("Linked {a} → {b}  (todo)\n"));
    assert_eq!(place.run(["link", &b, &a, "--json"]).refusal(), (1, "cycle".to_owned()));
    assert_eq!(place.run(["link", &a, &a, "--json"]).refusal(), (1, "self_link".to_owned()));
    place.run(["unlink", &a, &b]).done();
    assert_eq!(place.status(&b), "ready");
    assert_eq!(place.run(["unlink", &a, &b, "--json"]).refusal(), (1, "not_linked".to_owned()));
}

#[test]
fn a_claim_by_hand_prints_what_its_worker_needs() {
    let place = place();
    let id = place.create("by hand", &["--assignee", "coder"]);
    let claimed = place.run(["claim", "--profile", "coder", "--ttl", "10m", "--json"]).json();
    assert_eq!(claimed["task"]["id"], id.as_str());
    assert_eq!(claimed["task"]["status"], "running");
    assert!(
        claimed["run"]["token"].as_str().unwrap().len() >= 32 && claimed["run"]["expires_at"].is_string()
    );
    assert!(std::path::Path::new(claimed["workspace"].as_str().unwrap()).is_dir());
    assert!(place.run(["heartbeat", &id, "--note", "half"]).done().contains("until"));
    assert_eq!(place.run(["claim", &id, "--json"]).refusal(), (1, "wrong_status".to_owned()));
    assert_eq!(
        place.run(["claim", "--profile", "coder", "--json"]).refusal(),
        (1, "nothing_to_claim".to_owned())
    );
    assert_eq!(place.run(["assign", &id, "critic", "--json"]).refusal().0, 1);
    place.run(["reassign", &id, "critic", "--reclaim", "--reason", "too slow"]).done();
    let task = place.run(["show", &id, "--json"]).json();
    assert_eq!(
        (&task["task"]["assignee"], &task["runs"][0]["outcome"]),
        (&"critic".into(), &"reclaimed".into())
    );
}

#[test]
fn a_review_goes_back_and_forth() {
    let place = place();
    let id = place.create("reviewed", &["--assignee", "coder", "--reviewer", "critic"]);
    place.claim(&id);
    place.run(["request-review", &id, "--summary", "please look"]).done();
    assert_eq!(place.status(&id), "review");
    place.run(["request-changes", &id, "more", "tests"]).done();
    assert_eq!(place.status(&id), "ready");
    place.claim(&id);
    place.run(["request-review", &id]).done();
    place.run(["approve", &id, "--summary", "good"]).done();
    assert_eq!(place.status(&id), "done");
}

#[test]
fn a_block_holds_until_it_is_let_go() {
    let place = place();
    let id = place.create("stuck", &[]);
    place.run(["block", &id, "which", "database?", "--kind", "needs_input"]).done();
    let task = place.run(["show", &id, "--json"]).json()["task"].clone();
    assert_eq!(
        (&task["block_kind"], &task["block_reason"]),
        (&"needs_input".into(), &"which database?".into())
    );
    place.run(["unblock", &id, "--reason", "the second"]).done();
    assert_eq!(place.status(&id), "ready");
    let other = place.create("other", &[]);
    place.run(["block", &id, "--on", &other, "waits"]).done();
    assert_eq!(place.status(&id), "todo");
    assert_eq!(place.run(["block", &other, "--kind", "needs-inputt", "x"]).code, 2);
    assert_eq!(
        place.run(["block", &other, "--kind", "dependency", "x", "--json"]).refusal().1,
        "nothing_to_wait_for"
    );
}

#[test]
fn what_is_put_off_or_held_waits() {
    let place = place();
    let id = place.create("later", &[]);
    let text = place.run(["schedule", &id, "not", "today", "--at", "in 3h"]).done();
    assert!(text.starts_with("Scheduled ") && text.contains("scheduled in "), "{text}");
    place.run(["unblock", &id]).done();
    place.run(["hold", &id]).done();
    assert!(place.run(["list"]).done().contains("todo, held"));
    let dry = place.run(["promote", &id, "--dry-run", "--json"]).json();
    assert_eq!(
        (&dry["promoted"], &dry["dry_run"], &dry["error"]),
        (&false.into(), &true.into(), &serde_json::Value::Null)
    );
    assert!(place.run(["promote", &id, "--dry-run"]).done().contains("todo → ready"));
    place.run(["promote", &id, "now"]).done();
    assert_eq!(place.status(&id), "ready");
    place.run(["triage", &id]).done();
    assert_eq!(place.status(&id), "triage");
    place.run(["specify", &id, "--title", "clearer", "--assignee", "coder"]).done();
    let task = place.run(["show", &id, "--json"]).json()["task"].clone();
    assert_eq!(
        (&task["status"], &task["title"], &task["assignee"]),
        (&"ready".into(), &"clearer".into(), &"coder".into())
    );
}

#[test]
fn promoting_over_parents_needs_force() {
    let place = place();
    let parent = place.create("parent", &[]);
    let child = place.create("child", &["--parent", &parent]);
    let refused = place.run(["promote", &child, "--json"]);
    assert_eq!(refused.code, 1);
    assert!(
        refused.out.contains("\"promoted\": false") && refused.out.contains("not finished"),
        "{refused:?}"
    );
    place.run(["promote", &child, "--force"]).done();
    assert_eq!(place.status(&child), "ready");
}

#[test]
fn an_idea_is_decomposed_by_a_plan_or_not_at_all() {
    let place = place();
    let idea = place.create("idea", &["--triage"]);
    let plan = place.file(
        "plan.json",
        br#"{"children": [{"title": "one"}, {"title": "two", "parents": [0], "assignee": "coder"}]}"#,
    );
    let plan = plan.to_str().unwrap();
    let cyclic = place.file(
        "cyclic.json",
        br#"{"children": [{"title": "one", "parents": [1]}, {"title": "two", "parents": [0]}]}"#,
    );
    assert_eq!(
        place.run(["decompose", &idea, "--plan", cyclic.to_str().unwrap(), "--json"]).refusal(),
        (1, "bad_plan".to_owned())
    );
    let typo = place.file("typo.json", br#"{"kids": []}"#);
    assert_eq!(
        place.run(["decompose", &idea, "--plan", typo.to_str().unwrap(), "--json"]).refusal().1,
        "bad_plan"
    );
    let done = place.run(["decompose", &idea, "--plan", plan, "--json"]).json();
    assert_eq!(done["fanout"], 2);
    let children = done["child_ids"].as_array().unwrap();
    assert_eq!(place.status(children[0].as_str().unwrap()), "ready");
    assert_eq!(place.status(children[1].as_str().unwrap()), "todo");
    assert_eq!(place.status(&idea), "todo");
}

#[test]
fn fields_are_edited_and_a_stuck_task_is_mended() {
    let place = place();
    let id = place.create("old", &["--skill", "git", "--model", "m"]);
    let edited = place
        .run([
            "edit",
            &id,
            "--title",
            "new",
            "--priority",
            "5",
            "--clear-skills",
            "--model",
            "none",
            "--json",
        ])
        .json();
    assert_eq!(
        (&edited["title"], &edited["priority"], &edited["model"]),
        (&"new".into(), &5.into(), &serde_json::Value::Null)
    );
    assert_eq!(edited["skills"].as_array().unwrap().len(), 0);
    place.claim(&id);
    place.run(["edit", &id, "--clear-claim", "--reset-failures"]).done();
    assert_eq!(place.status(&id), "ready");
    assert_eq!(place.run(["edit", &id]).code, 2);
    assert_eq!(place.run(["edit", &id, "--result", "x", "--json"]).refusal(), (1, "wrong_status".to_owned()));
    place.run(["complete", &id, "--result", "x"]).done();
    place.run(["edit", &id, "--result", "y", "--summary", "z"]).done();
    assert_eq!(place.run(["show", &id, "--json"]).json()["latest_summary"], "z");
}

#[test]
fn archiving_an_unfinished_parent_asks_what_becomes_of_its_children() {
    let place = place();
    let parent = place.create("parent", &[]);
    let child = place.create("child", &["--parent", &parent]);
    assert_eq!(place.run(["archive", &parent, "--json"]).refusal(), (1, "waiting_children".to_owned()));
    place.run(["archive", &parent, "--release"]).done();
    assert_eq!(place.status(&child), "ready");
    assert_eq!(place.run(["archive", "--rm", &child, "--json"]).refusal(), (1, "wrong_status".to_owned()));
    assert_eq!(place.run(["archive", "--rm", &parent]).done(), format!("Deleted {parent}\n"));
    assert_eq!(place.run(["show", &parent, "--json"]).refusal(), (4, "unknown_task".to_owned()));
    assert_eq!(place.say("archive").code, 2);
}

#[test]
fn set_status_goes_by_the_verbs() {
    let place = place();
    let id = place.create("dragged", &[]);
    for status in ["todo", "ready", "blocked", "ready", "scheduled", "triage"] {
        if status == "triage" {
            place.run(["set-status", &id, "ready"]).done();
        }
        place.run(["set-status", &id, status]).done();
        assert_eq!(place.status(&id), status);
    }
    place.run(["specify", &id]).done();
    place.run(["set-status", &id, "done"]).done();
    place.run(["set-status", &id, "ready"]).done();
    assert_eq!(place.status(&id), "ready");
    assert_eq!(place.run(["set-status", &id, "running"]).code, 2);
    let bad = place.run(["set-status", &id, "dne"]);
    assert!(bad.code == 2 && bad.err.contains("did you mean done?"), "{bad:?}");
}

#[test]
fn a_swarm_stands_before_any_of_it_starts() {
    let place = place();
    let words = [
        "swarm",
        "reach it",
        "--worker",
        "coder:one",
        "--workers",
        "critic",
        "--verifier",
        "critic",
        "--synthesizer",
        "coder",
        "--idempotency-key",
        "k",
        "--json",
    ];
    let swarm = place.run(words).json();
    let id = |value: &serde_json::Value| value.as_str().unwrap().to_owned();
    assert_eq!(place.status(&id(&swarm["root_id"])), "done");
    for worker in swarm["worker_ids"].as_array().unwrap() {
        assert_eq!(place.status(&id(worker)), "ready");
    }
    let verifier = place.run(["show", &id(&swarm["verifier_id"]), "--json"]).json();
    let sorted = |ids: &serde_json::Value| {
        let mut ids: Vec<String> = ids.as_array().unwrap().iter().map(id).collect();
        ids.sort();
        ids
    };
    assert_eq!(verifier["task"]["status"], "todo");
    assert_eq!(sorted(&verifier["parents"]), sorted(&swarm["worker_ids"]));
    assert_eq!(place.run(words).json(), swarm);
    assert_eq!(
        place.run(["swarm", "g", "--worker", "coder", "--verifier", "critic", "--synthesizer", "coder"]).code,
        2
    );
}

#[test]
fn recompute_finds_nothing_on_a_board_that_works() {
    let place = place();
    place.create("a task", &[]);
    assert_eq!(place.say("recompute --json").json()["defects"], 0);
}

#[test]
fn a_comment_may_come_from_standard_input_and_be_cut() {
    let place = place();
    let id = place.create("a task", &[]);
    let said = place.with_input(&format!("comment {id} --body-file - --max-len 3"), "äöüxyz".as_bytes());
    assert_eq!(said.code, 0, "{said:?}");
    let shown = place.run(["show", &id, "--json"]).json();
    assert_eq!(shown["comments"][0]["body"], "äöü\n[cut to 3 characters]");
    assert_eq!(shown["comments"][0]["author"], "anna");
    assert_eq!(place.run(["comment", &id, "--json"]).refusal(), (1, "invalid_value".to_owned()));
    assert_eq!(pairs(&place.claim(&id)).len(), 3);
}
