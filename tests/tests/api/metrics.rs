//! What a server says of itself.

use andon_tests::{House, text_of, wait_until};
use serde_json::json;

use super::client::{Client, Serve};

/// The sum of a family's lines that have these labels.
fn metric(client: &Client, name: &str, labels: &str) -> f64 {
    let page = String::from_utf8(client.get("/metrics").is(200).body).unwrap();
    let lines = page.lines().filter(|line| line.strip_prefix(name).is_some_and(|rest| rest.starts_with('{')));
    lines
        .filter(|line| line.contains(labels))
        .filter_map(|line| line.rsplit_once(' ')?.1.parse::<f64>().ok())
        .sum()
}

#[test]
fn work_is_counted_once_and_one_writer_does_it_all() {
    let house = House::new();
    let _ = house.andon(["init"]).exits(0);
    let serve = Serve::start(&house);
    let client = serve.client(&house);
    assert!(metric(&client, "andon_claim_latency_seconds_count", "").abs() < 0.5);
    let made = client
        .post("/api/v1/boards/default/tasks", &json!({ "title": "x", "body": "true", "assignee": "sh" }));
    let task = text_of(&made.is(201).value()["id"]);
    let _ = house.wait_status(&task, "done");
    wait_until("the run is counted", || metric(&client, "andon_runs_total", "completed") > 0.5);
    let once = |name: &str, labels: &str| {
        let count = metric(&client, name, labels);
        assert!((count - 1.0).abs() < 0.5, "{name}{{{labels}}}: {count}");
    };
    once("andon_tasks", "status=\"done\"");
    once("andon_claim_latency_seconds_count", "");
    once("andon_start_latency_seconds_count", "");
    once("andon_start_latency_seconds_bucket", "le=\"+Inf\"");
    assert!(metric(&client, "andon_commit_batches_total", "") >= 2.0, "the creation and the claim");
    let operations = metric(&client, "andon_commit_operations_total", "");
    assert!(operations >= metric(&client, "andon_commit_batches_total", "") - 0.5);
    assert!(metric(&client, "andon_queue_age_seconds", "").abs() < 0.5);
    if house.database().is_none() {
        let threads = std::fs::read_dir(format!("/proc/{}/task", serve.pid())).unwrap();
        let writers = threads.filter(|thread| {
            let name = thread.as_ref().unwrap().path().join("comm");
            std::fs::read_to_string(name).is_ok_and(|name| name.trim() == "board-writer")
        });
        assert_eq!(writers.count(), 1, "the API and the dispatcher share the board's writer");
    }
}
