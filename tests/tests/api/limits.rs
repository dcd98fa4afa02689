//! Many at once, and hostile content.

use andon_tests::{House, text_of};
use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};
use serde_json::json;

use super::client::Serve;

const EVENTS: &str = "/api/v1/boards/default/events";
const TASKS: &str = "/api/v1/boards/default/tasks";

#[test]
fn a_thousand_streams_hear_of_a_change_while_requests_are_answered() {
    let house = House::new();
    let _ = house.andon(["init"]).exits(0);
    let serve = Serve::start(&house);
    let client = serve.client(&house);
    let own = getrlimit(Resource::Nofile);
    setrlimit(Resource::Nofile, Rlimit { current: own.maximum, ..own }).unwrap();
    let mut streams: Vec<_> = (0..1_000).map(|_| client.stream(EVENTS)).collect();
    for stream in &mut streams {
        assert_eq!(stream.status, 200);
        let _ = stream.next_of("ready");
    }
    let task = client.post(TASKS, &json!({ "title": "for all" })).is(201).value();
    let mut places = std::collections::BTreeSet::new();
    for stream in &mut streams {
        let message = stream.next_of("event");
        assert_eq!(message.data["task_id"], task["id"]);
        places.insert(message.id);
    }
    assert_eq!(places.len(), 1, "one event, the same for all");
    drop(streams);
    let _ = client.get("/api/v1/me").is(200);
    assert!(serve.stop().success());
}

#[test]
fn what_others_wrote_is_never_a_page_of_this_server() {
    let house = House::new();
    let _ = house.andon(["init"]).exits(0);
    let serve = Serve::start(&house);
    let client = serve.client(&house);
    let hostile = "<img src=x onerror=alert(1)><script>alert(1)</script>";
    let made = client.post(TASKS, &json!({ "title": hostile, "body": hostile })).is(201);
    let task = text_of(&made.value()["id"]);
    let files = format!("{TASKS}/{task}/attachments");
    for (name, content) in [
        ("page.html", "<script>alert(1)</script>"),
        ("picture.svg", "<svg xmlns='http://www.w3.org/2000/svg'><script>alert(1)</script></svg>"),
        ("text.txt", "<script>alert(1)</script>"),
        ("%22%0d%0aX-Bad:1.html", "x"),
    ] {
        let sent = client.send("POST", &format!("{files}?name={name}"), Some(content.as_bytes()));
        if sent.status != 201 {
            assert!((400..500).contains(&sent.status), "{name}: {}", sent.status);
            continue;
        }
        let id = sent.value()["id"].to_string();
        let got = client.get(&format!("{files}/{id}")).is(200);
        assert_eq!(got.header("x-content-type-options"), Some("nosniff"));
        assert!(got.header("x-bad").is_none());
        let policy = got.header("content-security-policy").unwrap();
        let kept = got.header("content-disposition").is_some_and(|how| how.starts_with("attachment"));
        assert!(kept || policy.contains("sandbox"), "{name}: {policy}");
        let shown = got.header("content-type").unwrap().to_owned();
        assert!(kept || !shown.starts_with("text/html"), "{name}: {shown}");
    }
    for path in [
        format!("{TASKS}/{task}"),
        format!("{TASKS}/{task}/context"),
        format!("{TASKS}?status=%3Cscript%3E"),
        "/api/v1/boards/%3Cscript%3E/tasks".to_owned(),
        "/errors/%3Cscript%3E".to_owned(),
        "/%3Cscript%3E.js".to_owned(),
    ] {
        let reply = client.get(&path);
        let kind = reply.header("content-type").unwrap().to_owned();
        assert!(!kind.contains("html"), "{path}: {kind}");
        assert_eq!(reply.header("x-content-type-options"), Some("nosniff"), "{path}");
        let policy = reply.header("content-security-policy").unwrap();
        assert!(policy.contains("default-src 'self'") || policy.contains("sandbox"), "{path}: {policy}");
    }
    // The meaning of every code is on the server itself.
    let problem = client.get(&format!("{TASKS}/t_00000000")).problem(404, "unknown_task");
    let page = serve.nobody().get(problem["type"].as_str().unwrap()).is(200);
    assert!(String::from_utf8_lossy(&page.body).starts_with("# `unknown_task`"));
}
