//! The event stream: it never skips, never repeats, and survives what happens to either end.

use andon_tests::{House, text_of, wait_for, wait_until};
use serde_json::json;

use super::client::{Client, Serve, arrived};

const EVENTS: &str = "/api/v1/boards/default/events";

#[test]
fn a_stream_goes_on_where_it_was_though_the_server_was_restarted() {
    let house = House::new();
    let _ = house.andon(["init"]).exits(0);
    let serve = Serve::start(&house);
    let mut stream = serve.client(&house).stream(EVENTS);
    let mut place = stream.next_of("ready").id;
    let mut seen = Vec::new();
    for number in 0..3 {
        let _ = house.create([format!("before {number}")]);
        let message = stream.next_of("event");
        seen.push(message.data["number"].as_i64().unwrap());
        place = message.id;
    }
    assert!(serve.stop().success(), "an open stream does not keep the server from stopping");
    assert_eq!(stream.next(), None);
    for number in 0..3 {
        let _ = house.create([format!("between {number}")]);
    }
    let serve = Serve::start(&house);
    let mut stream = serve.client(&house).saying("Last-Event-ID", &place).stream(EVENTS);
    let _ = stream.next_of("ready");
    for number in 0..3 {
        let _ = house.create([format!("after {number}")]);
    }
    for _ in 0..6 {
        seen.push(stream.next_of("event").data["number"].as_i64().unwrap());
    }
    let all: Vec<i64> = house.events().iter().map(|event| event["number"].as_i64().unwrap()).collect();
    assert_eq!(seen, all[all.len() - 9..]);
}

#[test]
fn a_place_of_before_a_restore_is_told_to_start_over() {
    let house = House::new();
    let _ = house.andon(["init"]).exits(0);
    let serve = Serve::start(&house);
    let mut stream = serve.client(&house).saying("Last-Event-ID", "999-5").stream(EVENTS);
    let _ = stream.next_of("ready");
    let resync = stream.next_of("resync");
    assert_eq!(resync.data["cursor"], resync.id.as_str());
    let _ = serve.client(&house).saying("Last-Event-ID", "odd").get(EVENTS).problem(400, "bad_cursor");
}

#[test]
fn a_filter_leaves_out_what_is_not_wanted() {
    let house = House::new();
    let (task, other) = (house.create(["one"]), house.create(["other"]));
    let serve = Serve::start(&house);
    let client = serve.client(&house);
    let mut of_task = client.stream(&format!("{EVENTS}?task={task}"));
    let mut of_kind = client.stream(&format!("{EVENTS}?kinds=completed,archived"));
    let _ = (of_task.next_of("ready"), of_kind.next_of("ready"));
    let _ = house.andon(["comment", &other, "x"]).exits(0);
    let _ = house.andon(["comment", &task, "x"]).exits(0);
    let _ = house.andon(["complete", &other]).exits(0);
    assert_eq!(of_task.next_of("event").data["task_id"], task.as_str());
    assert_eq!(of_kind.next_of("event").data["kind"], "completed");
    let history = client.get("/api/v1/boards/default/history?kinds=created&limit=1").is(200).value();
    assert_eq!(history["events"][0]["task_id"], other.as_str());
}

#[test]
fn a_hundred_clients_hear_what_another_process_did() {
    let house = House::new();
    let _ = house.andon(["init"]).exits(0);
    let serve = Serve::start(&house);
    let client = serve.client(&house);
    let mut streams: Vec<_> = (0..100).map(|_| client.stream(EVENTS)).collect();
    for stream in &mut streams {
        let _ = stream.next_of("ready");
    }
    let task = house.create(["heard"]);
    for stream in &mut streams {
        assert_eq!(stream.next_of("event").data["task_id"], task.as_str());
    }
    let metrics = client.get("/metrics").is(200);
    let text = String::from_utf8(metrics.body).unwrap();
    assert!(text.contains("andon_streams{} 100"), "{text}");
    assert!(text.contains("andon_tasks{board=\"default\",status=\"ready\"} 1"), "{text}");
}

#[test]
fn a_log_is_followed_until_its_run_is_over() {
    let house = House::new();
    let serve = Serve::start(&house);
    let client = serve.client(&house);
    let body = "echo one; while [ ! -e \"$OUT/go\" ]; do sleep 0.05; done; printf 'zw\\303\\266lf\\n'";
    let made = client
        .post("/api/v1/boards/default/tasks", &json!({ "title": "log", "assignee": "sh", "body": body }));
    let task = text_of(&made.is(201).value()["id"]);
    let run = house.wait_running(&task);
    let mut stream = client.stream(&format!("/api/v1/boards/default/runs/{run}/log/stream"));
    let mut text = String::new();
    let mut place = String::new();
    wait_for("the first line", || {
        let message = stream.next_of("log");
        text.push_str(message.data["text"].as_str().unwrap());
        place = message.id;
        text.contains("one").then_some(())
    });
    drop(stream);
    house.touch("go");
    let mut stream = client
        .saying("Last-Event-ID", &place)
        .stream(&format!("/api/v1/boards/default/runs/{run}/log/stream"));
    loop {
        let message = stream.next().unwrap();
        if message.event == "end" {
            assert_eq!(message.data["outcome"], "completed");
            break;
        }
        text.push_str(message.data["text"].as_str().unwrap());
    }
    let whole = client.get(&format!("/api/v1/boards/default/runs/{run}/log")).is(200).body;
    assert_eq!(text.as_bytes(), whole);
    assert!(text.contains("zwölf"));
    let part =
        client.saying("Range", "bytes=0-2").get(&format!("/api/v1/boards/default/runs/{run}/log")).is(206);
    assert_eq!(part.body, whole[..3]);
}

/// What the metrics say.
fn metric(client: &Client, name: &str) -> u64 {
    let text = String::from_utf8(client.get("/metrics").is(200).body).unwrap();
    let line = text.lines().find_map(|line| line.strip_prefix(&format!("{name}{{}} ")).map(str::to_owned));
    line.unwrap_or_else(|| panic!("no {name} in {text}")).parse().unwrap()
}

#[test]
fn a_client_that_takes_nothing_is_let_go_and_goes_on_without_a_gap() {
    let house = House::new();
    house.config("api_stall_timeout = \"1s\"\n");
    let task = house.create(["talks much"]);
    let serve = Serve::start(&house);
    let client = serve.client(&house);
    let start = client.stream(EVENTS).next_of("ready").id;
    // More than the buffers of the system between the two hold.
    for number in 0..60 {
        let body = json!({ "reason": format!("{number} {}", "x".repeat(200_000)), "kind": "operator" });
        let _ = client.post(&format!("/api/v1/boards/default/tasks/{task}/block"), &body).is(200);
        let _ = client.post(&format!("/api/v1/boards/default/tasks/{task}/unblock"), &json!({})).is(200);
    }
    let last = house.head();
    let stalled = client.saying("Last-Event-ID", &start).open_narrow(EVENTS);
    // One that has nothing to take is not one that takes nothing.
    let healthy = client.stream(EVENTS);
    wait_until("it is let go", || metric(&client, "andon_streams_dropped_total") == 1);
    wait_until("its place is free", || metric(&client, "andon_streams") == 1);
    drop(healthy);
    let mut seen = arrived(stalled);
    let place = seen.last().unwrap().id.clone();
    let mut again = client.saying("Last-Event-ID", &place).stream(EVENTS);
    let _ = again.next_of("ready");
    while seen.last().unwrap().data["number"] != last {
        seen.push(again.next().unwrap());
    }
    let numbers: Vec<i64> = seen.iter().filter_map(|message| message.data["number"].as_i64()).collect();
    let first = start.split_once('-').unwrap().1.parse::<i64>().unwrap();
    assert_eq!(numbers, (first + 1..=last).collect::<Vec<_>>());
}

#[test]
fn who_follows_a_log_and_takes_nothing_is_let_go_and_goes_on_where_it_was() {
    let house = House::new();
    house.config("api_stall_timeout = \"1s\"\nworker_log_rotate_bytes = \"1GiB\"\n");
    let serve = Serve::start(&house);
    let client = serve.client(&house);
    let task = house.script("seq 1 1500000");
    house.wait_status(&task, "done");
    let run = text_of(&house.runs(&task)[0]["id"]);
    let log = format!("/api/v1/boards/default/runs/{run}/log");
    let stalled = client.open_narrow(&format!("{log}/stream"));
    wait_until("it is let go", || metric(&client, "andon_streams_dropped_total") == 1);
    wait_until("its place is free", || metric(&client, "andon_streams") == 0);
    let mut seen = arrived(stalled);
    let text = |message: &super::client::Message| text_of(&message.data["text"]);
    let place = seen.last().map_or_else(|| "0".to_owned(), |message| message.id.clone());
    let mut again = client.saying("Last-Event-ID", &place).stream(&format!("{log}/stream"));
    while let Some(message) = again.next().filter(|message| message.event == "log") {
        seen.push(message);
    }
    let followed: String = seen.iter().map(text).collect();
    let whole = client.get(&log).is(200).body;
    assert!(followed.as_bytes() == whole, "{} of {} bytes", followed.len(), whole.len());
}
