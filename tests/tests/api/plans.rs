//! Ideas that become work, work that is taken by hand, what needs a person, and what a branch changes.

#![expect(clippy::disallowed_methods, reason = "the edge: makes a repository")]

use std::path::Path;
use std::process::Command;

use andon_tests::{House, text_of};
use serde_json::{Value, json};

use super::client::{Client, Serve};

const TASKS: &str = "/api/v1/boards/default/tasks";

fn started(profiles: &[(&str, &str)]) -> (House, Serve, Client) {
    let house = House::new();
    for (name, text) in profiles {
        house.profile(name, text);
    }
    let _ = house.andon(["init"]).exits(0);
    let serve = Serve::start(&house);
    let client = serve.client(&house);
    (house, serve, client)
}

fn idea(client: &Client, title: &str) -> String {
    text_of(&client.post(TASKS, &json!({ "title": title, "triage": true })).is(201).value()["id"])
}

#[test]
fn an_idea_becomes_work_or_several_tasks() {
    let (house, _serve, client) = started(&[("hand", "runner = \"lane\"\n")]);
    let one = idea(&client, "vague");
    let path = format!("{TASKS}/{one}/specify");
    let _ = client.post(&path, &json!({ "assignee": "nobody" })).problem(422, "unknown_profile");
    let body = json!({ "title": "clear", "body": "do this", "assignee": "hand" });
    let task = client.post(&path, &body).is(200).value();
    assert_eq!(
        (&task["status"], &task["title"], &task["assignee"]),
        (&json!("ready"), &json!("clear"), &json!("hand"))
    );
    let _ = client.post(&path, &json!({})).problem(409, "wrong_status");
    let ideas = [idea(&client, "a"), idea(&client, "b")];
    let bulk =
        json!({ "ids": [ideas[0], one, ideas[1]], "action": { "verb": "specify", "assignee": "hand" } });
    let results = client.post(&format!("{TASKS}/bulk"), &bulk).is(200).value();
    let done: Vec<bool> =
        results["results"].as_array().unwrap().iter().map(|one| one["ok"] == true).collect();
    assert_eq!(done, [true, false, true], "{results}");
    let large = idea(&client, "large");
    let path = format!("{TASKS}/{large}/decompose");
    let cyclic = json!({ "children": [{ "title": "x", "parents": [1] }, { "title": "y", "parents": [0] }] });
    let before = house.json(["list"]).as_array().unwrap().len();
    let refused = client.post(&path, &cyclic);
    assert!([409, 422].contains(&refused.status), "{}", refused.status);
    let _ = client.post(&path, &json!({ "children": [] })).problem(422, "bad_plan");
    assert_eq!(house.json(["list"]).as_array().unwrap().len(), before, "nothing was made");
    let plan =
        json!({ "children": [{ "title": "first" }, { "title": "second", "parents": [0] }], "hold": true });
    let made = client.post(&path, &plan).is(200).value();
    let children: Vec<String> = made["child_ids"].as_array().unwrap().iter().map(text_of).collect();
    assert_eq!((made["task"]["status"].as_str(), children.len()), (Some("todo"), 2));
    assert_eq!(house.task(&children[1])["parents"], json!([children[0]]));
    assert_eq!(house.task(&children[0])["held"], true);
    house.healthy();
}

#[test]
fn a_claim_over_the_wire_gives_a_run_that_its_token_works_for() {
    let (house, serve, client) = started(&[("hand", "runner = \"lane\"\n")]);
    let (one, other) = (house.create(["one", "-a", "hand"]), house.create(["other", "-a", "hand"]));
    let claim = client.post(&format!("{TASKS}/{one}/claim"), &json!({ "ttl": 60_000 })).is(201).value();
    assert_eq!(claim["task"]["status"], "running");
    assert!(Path::new(claim["workspace"].as_str().unwrap()).is_dir());
    let _ = client.post(&format!("{TASKS}/{one}/claim"), &json!({})).is(409);
    let _ =
        client.post(&format!("{TASKS}/{other}/claim"), &json!({ "ttl": 1 })).problem(422, "invalid_value");
    let next = client.post("/api/v1/boards/default/claim", &json!({ "profile": "hand" })).is(201).value();
    assert_eq!(next["task"]["id"], other.as_str());
    let _ = client
        .post("/api/v1/boards/default/claim", &json!({ "profile": "hand" }))
        .problem(409, "nothing_to_claim");
    let worker = serve.with(&format!("{}.{}", text_of(&claim["run"]["id"]), text_of(&claim["run"]["token"])));
    let done =
        worker.post(&format!("{TASKS}/{one}/complete"), &json!({ "summary": "by hand" })).is(200).value();
    assert_eq!(done["status"], "done");
    let found = client.post("/api/v1/boards/default/recompute", &json!({})).is(200).value();
    assert_eq!(found, json!({ "promoted": [], "defects": 0 }));
    house.healthy();
}

#[test]
fn what_needs_a_person_comes_in_order_and_once() {
    let (house, serve, client) = started(&[("hand", "runner = \"lane\"\n")]);
    let review = house.create(["to be reviewed"]);
    let question = house.create(["a question", "--priority", "-5"]);
    let mine = house.create(["blocked by me"]);
    let stuck = house.create(["lacks something"]);
    let _ = client.post(&format!("{TASKS}/{review}/request-review"), &json!({ "summary": "look" }));
    if house.status(&review) != "review" {
        let claim = house.json(["claim", &review]);
        let worker =
            serve.with(&format!("{}.{}", text_of(&claim["run"]["id"]), text_of(&claim["run"]["token"])));
        let _ =
            worker.post(&format!("{TASKS}/{review}/request-review"), &json!({ "summary": "look" })).is(200);
    }
    let long = format!("which colour? {}", "x".repeat(400));
    let block = |task: &str, kind: &str, reason: &str| {
        let body = json!({ "kind": kind, "reason": reason });
        let _ = client.post(&format!("{TASKS}/{task}/block"), &body).is(200);
    };
    block(&question, "needs_input", &long);
    block(&stuck, "capability", "no compiler");
    block(&mine, "operator", "not now");
    let list = client.get("/api/v1/boards/default/attention").is(200).value();
    let items: Vec<(String, String)> = list["items"]
        .as_array()
        .unwrap()
        .iter()
        .map(|item| (text_of(&item["need"]), text_of(&item["task"]["id"])))
        .collect();
    let expected = [("answer", &question), ("review", &review), ("rescue", &stuck)];
    let expected: Vec<(String, String)> =
        expected.iter().map(|(need, task)| ((*need).to_owned(), (*task).clone())).collect();
    assert_eq!(items, expected, "{list}");
    assert_eq!(list["items"][0]["reason"], long.as_str(), "the whole question");
    let everywhere = client.get("/api/v1/attention").is(200).value();
    assert_eq!(everywhere["items"], list["items"]);
    assert_eq!((&list["truncated"], &list["next"]), (&json!(false), &Value::Null));
    let _ = house.andon(["boards", "create", "other"]).exits(0);
    let token = text_of(&house.json(["token", "create", "--scope", "board:other"])["token"]);
    let other = serve.with(&token).get("/api/v1/attention").is(200).value();
    assert_eq!(other["items"], json!([]), "nothing of a board that is not open to it");
}

/// Every page of a list of what needs a person, one after the other.
fn pages(client: &Client, path: &str, limit: usize) -> Vec<(String, String)> {
    let mut items = Vec::new();
    let mut cursor = String::new();
    loop {
        let page = client.get(&format!("{path}?limit={limit}&cursor={cursor}")).is(200).value();
        let found = page["items"].as_array().unwrap().clone();
        assert!(found.len() <= limit, "{page}");
        items.extend(found.iter().map(|item| (text_of(&item["need"]), text_of(&item["task"]["id"]))));
        assert_eq!(page["truncated"], page["next"].is_string());
        let Some(next) = page["next"].as_str() else { return items };
        cursor = next.to_owned();
    }
}

#[test]
fn what_needs_a_person_comes_page_by_page_over_all_boards() {
    let (house, _serve, client) = started(&[("hand", "runner = \"lane\"\n")]);
    let _ = house.andon(["boards", "create", "another"]).exits(0);
    let mut all = std::collections::BTreeSet::new();
    for board in ["default", "another"] {
        let create = |priority: &str| {
            house.create(["x", "--board", board, "--priority", priority, "--assignee", "hand"])
        };
        for (kind, count) in [("needs_input", 5), ("capability", 3), ("transient", 2), ("operator", 2)] {
            for number in 0..count {
                let task = create(["0", "7", "-3"][number % 3]);
                let words = ["block", &task, "why", "--kind", kind, "--board", board];
                let _ = house.andon(words).exits(0);
                let _ = kind == "operator" || all.insert(task);
            }
        }
        for _ in 0..3 {
            let task = create("0");
            let _ = house.andon(["request-review", &task, "--board", board]).exits(0);
            let _ = all.insert(task);
        }
    }
    let whole = pages(&client, "/api/v1/attention", 500);
    let mut needs: Vec<&str> = whole.iter().map(|(need, _)| need.as_str()).collect();
    needs.dedup();
    assert_eq!(needs, ["answer", "review", "rescue"], "{whole:?}");
    assert_eq!(whole.iter().map(|(_, task)| task.clone()).collect::<std::collections::BTreeSet<_>>(), all);
    assert_eq!(whole.len(), all.len(), "each once");
    for limit in [1, 2, 7] {
        assert_eq!(pages(&client, "/api/v1/attention", limit), whole, "pages of {limit}");
        let of_board = pages(&client, "/api/v1/boards/another/attention", limit);
        let expected: Vec<_> = whole.iter().filter(|item| of_board.contains(item)).cloned().collect();
        assert_eq!((of_board.len(), &of_board), (all.len() / 2, &expected), "pages of {limit}");
    }
    for path in ["/api/v1/attention", "/api/v1/boards/default/attention"] {
        let _ = client.get(&format!("{path}?cursor=odd")).problem(400, "bad_cursor");
        let refused = client.get(&format!("{path}?limit=0"));
        assert!((400..500).contains(&refused.status), "{}", refused.status);
    }
}

fn git(at: &Path, house: &House, arguments: &[&str]) {
    let mut command = Command::new("git");
    command.arg("-C").arg(at).args(arguments).env("HOME", house.user_home());
    let output = command.output().unwrap();
    assert!(output.status.success(), "{arguments:?}: {}", String::from_utf8_lossy(&output.stderr));
}

#[test]
fn a_reviewer_sees_what_a_branch_changes_and_nothing_else() {
    let (house, _serve, client) = started(&[]);
    let repository = house.outside().join("repo");
    std::fs::create_dir_all(&repository).unwrap();
    git(&repository, &house, &["init", "-q"]);
    std::fs::write(repository.join("file.txt"), "one\ntwo\n").unwrap();
    git(&repository, &house, &["add", "."]);
    git(&repository, &house, &["commit", "-qm", "first"]);
    let workspace = format!("worktree:{}", repository.display());
    let task = house.create(["change it", "--workspace", &workspace]);
    let diff = format!("{TASKS}/{task}/diff");
    let _ = client.get(&diff).problem(404, "no_worktree");
    let claim = house.json(["claim", &task]);
    let tree = claim["workspace"].as_str().unwrap().to_owned();
    let tree = Path::new(&tree);
    std::fs::write(tree.join("file.txt"), "one\n\u{1b}[31mthree\u{202e}\n").unwrap();
    git(tree, &house, &["commit", "-qam", "second"]);
    std::fs::write(tree.join("new<script>.txt"), "x").unwrap();
    let found = client.get(&diff).is(200).value();
    assert_eq!(found["live"], true);
    let files: Vec<(String, Value, bool)> = found["files"]
        .as_array()
        .unwrap()
        .iter()
        .map(|file| (text_of(&file["path"]), file["added"].clone(), file["untracked"] == true))
        .collect();
    assert_eq!(files, [("file.txt".into(), json!(1), false), ("new<script>.txt".into(), Value::Null, true)]);
    let patch = text_of(&found["patch"]);
    assert!(patch.contains("-two") && patch.contains("three"), "{patch}");
    assert!(!patch.contains('\u{1b}') && !patch.contains('\u{202e}'), "{patch:?}");
    // A large change is cut, not sent.
    std::fs::write(tree.join("file.txt"), "line of text\n".repeat(100_000)).unwrap();
    let large = client.get(&diff).is(200);
    assert!(large.body.len() < (2 << 20), "{}", large.body.len());
    assert_eq!(large.value()["truncated"], true);
    // Only what was made for this task is shown, whatever a row says.
    let other = house.create(["somebody's", "--workspace", &format!("worktree:{}", tree.display())]);
    let _ = client.get(&format!("{TASKS}/{other}/diff")).problem(404, "no_worktree");
    let scratch = house.create(["plain"]);
    let _ = client.get(&format!("{TASKS}/{scratch}/diff")).problem(404, "no_worktree");
}

#[test]
fn what_is_configured_is_changed_only_as_it_was_seen() {
    let (house, serve, client) = started(&[("hand", "runner = \"lane\"\n")]);
    let settings = "/api/v1/settings";
    let read = client.get(settings).is(200);
    let tag = read.header("etag").unwrap().to_owned();
    let change = json!({ "default_assignee": "hand", "max_running": 3 });
    let changed = client.saying("If-Match", &tag).json("PATCH", settings, &change).is(200);
    assert_eq!(
        (&changed.value()["default_assignee"], &changed.value()["max_running"]),
        (&json!("hand"), &json!(3))
    );
    let text = std::fs::read_to_string(house.home().join("config.toml")).unwrap();
    assert!(text.contains("max_running = 3") && text.contains("listen = \"off\""), "{text}");
    let _ = client.saying("If-Match", &tag).json("PATCH", settings, &change).problem(412, "changed");
    let _ = client.json("PATCH", settings, &json!({ "max_running": 0 })).problem(422, "config_invalid");
    let _ = client.json("PATCH", settings, &json!({ "reviewer": "nobody" })).problem(404, "profile_unknown");
    let back = client.json("PATCH", settings, &json!({ "max_running": null })).is(200).value();
    assert_eq!((&back["max_running"], &back["default_assignee"]), (&Value::Null, &json!("hand")));
    let reading = serve.with(&text_of(&house.json(["token", "create", "--scope", "read"])["token"]));
    let _ = reading.json("PATCH", settings, &change).problem(403, "forbidden");
    for (path, change) in [
        ("/api/v1/boards/default", json!({ "description": "of one" })),
        ("/api/v1/profiles/hand", json!({ "description": "of one" })),
    ] {
        let tag = client.get(path).is(200).header("etag").unwrap().to_owned();
        let _ = client.saying("If-Match", &tag).json("PATCH", path, &change).is(200);
        let _ = client.saying("If-Match", &tag).json("PATCH", path, &change).problem(412, "changed");
        let _ = client.saying("If-Match", "*").json("PATCH", path, &change).is(200);
    }
}
