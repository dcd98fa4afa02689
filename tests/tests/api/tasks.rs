//! Tasks over the API: every verb, every shape, every way to be refused.

use std::collections::BTreeSet;

use andon_tests::{House, text_of, wait_until};
use serde_json::{Value, json};

use super::client::{Client, Serve};

const TASKS: &str = "/api/v1/boards/default/tasks";

fn create(client: &Client, body: &Value) -> String {
    text_of(&client.post(TASKS, body).is(201).value()["id"])
}

fn verb(client: &Client, task: &str, verb: &str, body: &Value) -> Value {
    client.post(&format!("{TASKS}/{task}/{verb}"), body).is(200).value()
}

#[test]
fn every_verb_moves_a_task_as_its_command_does() {
    let house = House::new();
    house.config("max_running = 1\n");
    let _ = house.andon(["init"]).exits(0);
    let _ = house.andon(["pause"]).exits(0);
    let serve = Serve::start(&house);
    let client = serve.client(&house);
    let task = create(&client, &json!({ "title": "verbs" }));
    for (name, body, status) in [
        ("hold", json!({ "reason": "wait" }), "todo"),
        ("promote", json!({}), "ready"),
        ("block", json!({ "reason": "which one?", "kind": "needs_input" }), "blocked"),
        ("unblock", json!({ "reason": "that one" }), "ready"),
        ("schedule", json!({ "at": "2099-01-01T00:00:00Z", "reason": "later" }), "scheduled"),
        ("unblock", json!({}), "ready"),
        ("assign", json!({ "assignee": "sh" }), "ready"),
        ("assign", json!({ "assignee": null }), "ready"),
        ("triage", json!({}), "triage"),
        ("promote", json!({}), "triage"),
    ] {
        if (name, status) == ("promote", "triage") {
            let _ = client.post(&format!("{TASKS}/{task}/{name}"), &body).problem(409, "wrong_status");
            continue;
        }
        assert_eq!(verb(&client, &task, name, &body)["status"], status, "{name}");
    }
    let other = create(&client, &json!({ "title": "ends" }));
    assert_eq!(verb(&client, &other, "complete", &json!({ "summary": "done well" }))["status"], "done");
    assert_eq!(verb(&client, &other, "reopen", &json!({}))["status"], "ready");
    assert_eq!(verb(&client, &other, "archive", &json!({}))["status"], "archived");
    let _ = verb(&client, &task, "reset-failures", &json!({}));
    house.healthy();
}

#[test]
fn runs_and_reviews_are_moved_over_the_api() {
    let house = House::new();
    let serve = Serve::start(&house);
    let client = serve.client(&house);
    let running =
        create(&client, &json!({ "title": "runs", "assignee": "sh", "body": "echo working; sleep 600" }));
    let run = house.wait_running(&running);
    let workers = client.get("/api/v1/boards/default/workers").is(200).value();
    assert_eq!(workers["workers"][0]["run"]["id"], run);
    let stopped = verb(&client, &running, "stop", &json!({ "reason": "enough" }));
    assert_eq!((&stopped["status"], &stopped["block_kind"]), (&json!("blocked"), &json!("operator")));
    wait_until("its processes are gone", || {
        client.get(&format!("/api/v1/boards/default/runs/{run}")).value()["reaped_at"].is_string()
    });
    let _ = client
        .post(&format!("/api/v1/boards/default/runs/{run}/terminate"), &json!({}))
        .problem(409, "stale_run");
    let text = client.get(&format!("/api/v1/boards/default/runs/{run}/log")).is(200);
    assert!(String::from_utf8_lossy(&text.body).contains("working"));
    let _ = verb(&client, &running, "unblock", &json!({}));
    let again = house.wait_running(&running);
    let back = client
        .post(&format!("/api/v1/boards/default/runs/{again}/terminate"), &json!({ "reason": "x" }))
        .is(200);
    assert_eq!(back.value()["id"], running);
    let _ = client.post("/api/v1/boards/default/pause", &json!({ "stop_running": true })).is(200);
    let claimed = create(&client, &json!({ "title": "reviewed" }));
    let _ = client.post("/api/v1/boards/default/resume", &json!({})).is(200);
    let claim = house.json(["claim", &claimed]);
    let worker = serve.with(&format!("{}.{}", text_of(&claim["run"]["id"]), text_of(&claim["run"]["token"])));
    let _ = verb(&worker, &claimed, "heartbeat", &json!({ "note": "half" }));
    let review = verb(&worker, &claimed, "request-review", &json!({ "summary": "look" }));
    assert_eq!(review["status"], "review");
    let _ = verb(&client, &claimed, "request-changes", &json!({ "reason": "again" }));
    house.healthy();
}

#[test]
fn a_task_is_shown_as_the_command_shows_it() {
    let house = House::new();
    let parent = house.create(["first"]);
    let task = house.create(["second", "--parent", &parent, "--priority", "3", "--tenant", "x"]);
    let _ = house.andon(["comment", &task, "a word"]).exits(0);
    let serve = Serve::start(&house);
    let client = serve.client(&house);
    let (said, served) = (house.show(&task), client.get(&format!("{TASKS}/{task}")).is(200).value());
    assert_eq!(said["task"], served["task"]);
    for same in ["comments", "events", "runs", "attachments", "latest_summary", "diagnostics"] {
        assert_eq!(said[same], served[same], "{same}");
    }
    assert_eq!(said["why"][0]["code"], served["why"][0]["code"]);
    assert_eq!(served["parents"][0]["id"], parent.as_str());
    let stats = client.get("/api/v1/boards/default/stats").is(200).value();
    let keys = |value: &Value| value.as_object().unwrap().keys().cloned().collect::<BTreeSet<_>>();
    assert_eq!(keys(&stats), keys(&house.json(["stats"])));
    let listed = client.get(TASKS).is(200).value();
    assert_eq!(listed["tasks"], house.json(["list"]));
}

#[test]
fn pages_give_every_task_once() {
    let house = House::new();
    let mut expected = BTreeSet::new();
    for number in 0..25 {
        let priority = (number % 3).to_string();
        expected.insert(house.create([&format!("task {number}"), "--priority", &priority]));
    }
    let serve = Serve::start(&house);
    let client = serve.client(&house);
    for sort in ["priority", "priority-asc", "created", "created-desc", "updated", "title"] {
        for kind in ["cards", "tasks"] {
            let (mut seen, mut cursor, mut pages) = (Vec::new(), String::new(), 0);
            loop {
                let path = format!("/api/v1/boards/default/{kind}?limit=7&sort={sort}&cursor={cursor}");
                let page = client.get(&path).is(200).value();
                seen.extend(page[kind].as_array().unwrap().iter().map(|task| text_of(&task["id"])));
                pages += 1;
                match page["next"].as_str() {
                    Some(next) => next.clone_into(&mut cursor),
                    None => break,
                }
            }
            assert_eq!((seen.len(), pages), (25, 4), "{sort} {kind}");
            assert_eq!(seen.into_iter().collect::<BTreeSet<_>>(), expected, "{sort} {kind}");
        }
    }
    let step = json!({ "title": "a step", "workflow_template_id": "w", "step_key": "s" });
    let step = create(&client, &step);
    for query in
        ["workflow_template_id=w", "step_key=s&sort=title", "workflow_template_id=w&step_key=s&q=STEP"]
    {
        let found = client.get(&format!("/api/v1/boards/default/cards?{query}")).is(200).value();
        assert_eq!((found["cards"].as_array().unwrap().len(), &found["cards"][0]["id"]), (1, &json!(step)));
        let columns =
            client.get(&format!("/api/v1/boards/default/columns?{}", query.replace("&sort=title", "")));
        let columns = columns.is(200).value()["columns"].clone();
        let counts: u64 =
            columns.as_array().unwrap().iter().map(|column| column["count"].as_u64().unwrap()).sum();
        assert_eq!(counts, 1, "{query}: {columns}");
    }
    let none = client.get("/api/v1/boards/default/cards?workflow_template_id=w&step_key=odd").is(200).value();
    assert_eq!(none["cards"], json!([]));
    let _ = verb(&client, &step, "archive", &json!({}));
    let found = client.get("/api/v1/boards/default/cards?q=TASK%2017").is(200).value();
    assert_eq!(found["cards"].as_array().unwrap().len(), 1);
    let columns = client.get("/api/v1/boards/default/columns?limit=5").is(200).value();
    let ready =
        columns["columns"].as_array().unwrap().iter().find(|column| column["status"] == "ready").unwrap();
    assert_eq!((&ready["count"], ready["cards"].as_array().unwrap().len()), (&json!(25), 5));
    let rest =
        format!("/api/v1/boards/default/cards?status=ready&limit=100&cursor={}", text_of(&ready["next"]));
    assert_eq!(client.get(&rest).is(200).value()["cards"].as_array().unwrap().len(), 20);
    for bad in ["cursor=zz", "cursor=00", "sort=odd", "status=odd", "limit=0", "limit=9999", "odd=1"] {
        let status = client.get(&format!("/api/v1/boards/default/cards?{bad}")).status;
        assert!(status == 400 || status == 422, "{bad}: {status}");
    }
}

#[test]
fn refusals_are_problems_with_their_codes() {
    let house = House::new();
    let _ = house.andon(["init"]).exits(0);
    let serve = Serve::start(&house);
    let client = serve.client(&house);
    let task = create(&client, &json!({ "title": "x" }));
    let child = create(&client, &json!({ "title": "y", "parents": [&task] }));
    let _ = client.get(&format!("{TASKS}/t_00000000")).problem(404, "unknown_task");
    let _ = client.get(&format!("{TASKS}/odd")).problem(404, "unknown_task");
    let _ = client.get("/api/v1/boards/nowhere/tasks").problem(404, "unknown_board");
    let _ = client.get("/api/v1/boards/odd%21/tasks").problem(400, "malformed");
    let _ = client.get("/api/v1/odd").problem(404, "not_found");
    let _ = client.send("PUT", TASKS, Some(b"{}")).problem(405, "method_not_allowed");
    let _ = client.post(TASKS, &json!({ "title": " " })).problem(422, "invalid_value");
    let _ = client.post(TASKS, &json!({ "titel": "x" })).problem(422, "malformed");
    let _ =
        client.post(TASKS, &json!({ "title": "x", "assignee": "nobody" })).problem(422, "unknown_profile");
    let _ = client
        .post(TASKS, &json!({ "title": "x", "parents": ["t_00000000"] }))
        .problem(422, "unknown_parents");
    let _ = client.send("POST", TASKS, Some(b"{\"title\"")).problem(415, "unsupported_media_type");
    let _ = client
        .saying("Content-Type", "application/json")
        .send("POST", TASKS, Some(b"{\"ti"))
        .problem(400, "malformed");
    let cycle = json!({ "parent": &child, "child": &task });
    let _ = client.post("/api/v1/boards/default/links", &cycle).problem(422, "cycle");
    let _ = client.send("DELETE", &format!("{TASKS}/{task}"), None).problem(409, "waiting_children");
    let _ = client.post(&format!("{TASKS}/{child}/approve"), &json!({})).problem(409, "wrong_status");
    let _ = client.send("DELETE", &format!("{TASKS}/{task}?release=true"), None).is(200);
    assert_eq!(house.status(&child), "ready");
}

#[test]
fn an_edit_is_made_only_on_what_was_read() {
    let house = House::new();
    let _ = house.andon(["init"]).exits(0);
    let _ = house.andon(["pause"]).exits(0);
    let serve = Serve::start(&house);
    let client = serve.client(&house);
    let task = create(&client, &json!({ "title": "x", "tenant": "t" }));
    let path = format!("{TASKS}/{task}");
    let tag = client.get(&path).is(200).header("etag").unwrap().to_owned();
    let matching = client.saying("If-Match", &tag);
    let changes = json!({ "title": "new", "tenant": null, "priority": 7, "assignee": "sh" });
    let edited = matching.json("PATCH", &path, &changes).is(200);
    assert_ne!(edited.header("etag"), Some(tag.as_str()));
    let edited = edited.value();
    assert_eq!((&edited["title"], &edited["tenant"]), (&json!("new"), &Value::Null));
    assert_eq!((&edited["priority"], &edited["assignee"]), (&json!(7), &json!("sh")));
    let _ = matching.json("PATCH", &path, &json!({ "title": "late" })).problem(412, "changed");
    // One of the two cannot be done: neither is.
    let both = json!({ "title": "half", "reviewer": "nobody", "assignee": null });
    let _ = client.json("PATCH", &path, &both).problem(422, "unknown_profile");
    let now = house.task(&task);
    assert_eq!((&now["title"], &now["assignee"]), (&json!("new"), &json!("sh")));
}

#[test]
fn a_repeated_request_is_done_once() {
    let house = House::new();
    let _ = house.andon(["init"]).exits(0);
    let serve = Serve::start(&house);
    let client = serve.client(&house).saying("Idempotency-Key", "k1");
    let first = client.post(TASKS, &json!({ "title": "once" })).is(201);
    let again = client.post(TASKS, &json!({ "title": "once" })).is(201);
    assert_eq!((again.header("idempotency-replayed"), again.value()), (Some("true"), first.value()));
    let _ = client.post(TASKS, &json!({ "title": "other" })).problem(422, "idempotency_reused");
    let task = text_of(&first.value()["id"]);
    for _ in 0..2 {
        let _ = client.post(&format!("{TASKS}/{task}/comments"), &json!({ "body": "a word" })).is(201);
    }
    assert_eq!(house.show(&task)["comments"].as_array().unwrap().len(), 1);
    let _ = serve.stop();
    let serve = Serve::start(&house);
    let client = serve.client(&house).saying("Idempotency-Key", "k1");
    let after = client.post(TASKS, &json!({ "title": "once" })).is(200).value();
    assert_eq!(after["id"], task.as_str(), "a task's key outlives the server");
}

#[test]
fn several_tasks_are_moved_each_by_itself() {
    let house = House::new();
    let _ = house.andon(["init"]).exits(0);
    let serve = Serve::start(&house);
    let client = serve.client(&house);
    let (one, two) = (create(&client, &json!({ "title": "1" })), create(&client, &json!({ "title": "2" })));
    let _ = verb(&client, &two, "complete", &json!({}));
    let bulk = json!({ "ids": [&one, &two, "t_00000000"], "action": { "verb": "complete", "result": "ok" } });
    let results = client.post(&format!("{TASKS}/bulk"), &bulk).is(200).value()["results"].clone();
    assert_eq!((&results[0]["ok"], &results[0]["task"]["status"]), (&json!(true), &json!("done")));
    assert_eq!((&results[1]["ok"], &results[1]["problem"]["code"]), (&json!(false), &json!("wrong_status")));
    assert_eq!(results[2]["problem"]["status"], 404);
    let bulk = json!({ "ids": [&one], "action": { "verb": "delete" } });
    let results = client.post(&format!("{TASKS}/bulk"), &bulk).is(200).value()["results"].clone();
    assert_eq!((&results[0]["ok"], &results[0]["task"]), (&json!(true), &Value::Null));
    let _ = client
        .post(&format!("{TASKS}/bulk"), &json!({ "ids": [], "action": { "verb": "hold" } }))
        .problem(422, "invalid_value");
}

#[test]
fn files_are_received_sent_in_parts_and_removed() {
    let house = House::new();
    let _ = house.andon(["init"]).exits(0);
    let serve = Serve::start(&house);
    let client = serve.client(&house);
    let task = create(&client, &json!({ "title": "files" }));
    let files = format!("{TASKS}/{task}/attachments");
    let content: Vec<u8> = (0..300_000_u32).map(|n| u8::try_from(n % 251).unwrap()).collect();
    let made =
        client.send("POST", &format!("{files}?name=..%2F..%2Fa%20b.bin"), Some(&content)).is(201).value();
    assert_eq!((&made["name"], &made["size"]), (&json!("a b.bin"), &json!(300_000)));
    let one = format!("{files}/{}", made["id"]);
    let whole = client.get(&one).is(200);
    assert!(whole.body == content && whole.header("content-disposition").unwrap().starts_with("attachment"));
    let part = client.saying("Range", "bytes=100-199").get(&one).is(206);
    assert_eq!(part.header("content-range"), Some("bytes 100-199/300000"));
    assert_eq!(part.body, content[100..200]);
    let _ = client.saying("Range", "bytes=300000-").get(&one).problem(416, "range_not_satisfiable");
    let _ = client.saying("If-None-Match", whole.header("etag").unwrap()).get(&one).is(304);
    let html =
        client.send("POST", &format!("{files}?name=x.html"), Some(b"<script>1</script>")).is(201).value();
    let html = client.get(&format!("{files}/{}", html["id"])).is(200);
    assert!(html.header("content-disposition").is_some(), "a page of an agent is never shown in place");
    assert!(html.header("content-security-policy").unwrap().contains("sandbox"));
    let _ = client.send("DELETE", &one, None).is(204);
    let _ = client.get(&one).problem(404, "unknown_attachment");
    let _ = client.get(&format!("{files}/..%2F..%2Fboard.db")).problem(404, "unknown_attachment");
}
