//! Starting and stopping: one port, one socket, and what happens when they are taken.

use std::io::Write as _;
use std::os::unix::fs::PermissionsExt as _;
use std::os::unix::net::UnixStream;

use andon_tests::House;
use serde_json::json;

use super::client::{Reply, Serve};

#[test]
fn a_port_that_is_taken_is_said_clearly() {
    let house = House::new();
    let _ = house.andon(["init"]).exits(0);
    let taken = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let address = taken.local_addr().unwrap().to_string();
    let answer = house.andon(["serve", "--listen", &address]).exits(5);
    assert!(answer.stderr.contains(&format!("cannot listen at {address}")), "{}", answer.stderr);
    let answer = house.andon(["serve", "--listen", "odd"]).exits(5);
    assert!(answer.stderr.contains("cannot listen at odd"), "{}", answer.stderr);
}

#[test]
fn the_home_s_socket_serves_the_same_api() {
    let house = House::at("h");
    let _ = house.andon(["init"]).exits(0);
    let serve = Serve::start(&house);
    let socket = house.home().join("andon.sock");
    let mode = std::fs::metadata(&socket).unwrap().permissions().mode();
    assert_eq!(mode & 0o777, 0o600);
    let token = std::fs::read_to_string(house.home().join("token")).unwrap();
    let ask = |head: &str| {
        let mut stream = UnixStream::connect(&socket).unwrap();
        let text = format!("GET /api/v1/me HTTP/1.1\r\nHost: andon\r\nConnection: close\r\n{head}\r\n");
        stream.write_all(text.as_bytes()).unwrap();
        Reply::read(stream, "over the socket")
    };
    let _ = ask("").problem(401, "unauthenticated");
    let me = ask(&format!("Authorization: Bearer {}\r\n", token.trim())).is(200).value();
    assert_eq!((&me["scope"], &me["name"]), (&json!("admin"), &json!("tester")));
    assert!(serve.stop().success());
    assert!(!socket.exists(), "the socket goes with its server");
}

#[test]
fn what_the_server_takes_it_dispatches_and_runs_go_on_without_it() {
    let house = House::new();
    let _ = house.andon(["init"]).exits(0);
    let serve = Serve::start(&house);
    let client = serve.client(&house);
    let body = "while [ ! -e \"$OUT/go\" ]; do sleep 0.05; done; echo finished";
    let task = json!({ "title": "long", "assignee": "sh", "body": body });
    let made = client.post("/api/v1/boards/default/tasks", &task).is(201).value();
    let task = andon_tests::text_of(&made["id"]);
    let run = house.wait_running(&task);
    let path = format!("/api/v1/boards/default/runs/{run}/processes");
    let seen = andon_tests::wait_for("its processes are seen", || {
        let seen = client.get(&path).is(200).value();
        (seen["processes"].as_u64() > Some(1)).then_some(seen)
    });
    assert_eq!(seen["alive"], true);
    assert!(seen["memory_bytes"].as_u64().unwrap() > 100_000 && seen["pid"].as_i64() > Some(1), "{seen}");
    let tree = seen["tree"].as_array().unwrap();
    assert_eq!(Some(tree.len() as u64), seen["processes"].as_u64(), "{seen}");
    let supervisor = tree.iter().find(|one| one["pid"] == seen["pid"]).unwrap();
    let counts = ["threads", "memory_bytes", "virtual_bytes", "descriptors"];
    assert!(counts.iter().all(|name| supervisor[*name].as_u64() > Some(0)), "{supervisor}");
    assert!(tree.iter().any(|one| one["parent"] == seen["pid"] && one["state"].is_string()), "{seen}");
    let of_task = |query: &str| {
        let runs = client.get(&format!("/api/v1/boards/default/tasks/{task}/runs?{query}")).is(200).value();
        runs["runs"].as_array().unwrap().len()
    };
    assert_eq!(["open=true", "open=false", "outcome=crashed"].map(of_task), [1, 0, 0]);
    let odd = client.get(&format!("/api/v1/boards/default/tasks/{task}/runs?outcome=odd"));
    let _ = odd.problem(422, "invalid_value");
    assert!(serve.stop().success());
    house.touch("go");
    let _ = house.wait_status(&task, "done");
    house.healthy();
}

#[test]
fn boards_profiles_and_the_cord_are_handled() {
    let house = House::new();
    let _ = house.andon(["init"]).exits(0);
    let serve = Serve::start(&house);
    let client = serve.client(&house);
    let board = client.post("/api/v1/boards", &json!({ "slug": "web", "name": "Web" })).is(201).value();
    assert_eq!((&board["name"], &board["total"]), (&json!("Web"), &json!(0)));
    let _ = client.post("/api/v1/boards", &json!({ "slug": "web" })).is(200);
    let _ = client
        .post("/api/v1/boards", &json!({ "slug": "x", "default_workdir": "rel" }))
        .problem(422, "invalid_value");
    let changed =
        client.json("PATCH", "/api/v1/boards/web", &json!({ "name": null, "icon": "W" })).is(200).value();
    assert_eq!((&changed["name"], &changed["icon"]), (&json!(null), &json!("W")));
    let _ = client.post("/api/v1/boards/web/switch", &json!({})).is(200);
    assert_eq!(client.get("/api/v1/boards").is(200).value()["current"], "web");
    let profile = client
        .json("PATCH", "/api/v1/profiles/sh", &json!({ "description": "runs scripts" }))
        .is(200)
        .value();
    assert_eq!(profile["description"], "runs scripts");
    let _ = client.get("/api/v1/profiles/nobody").problem(404, "profile_unknown");
    let paused = client.post("/api/v1/pause", &json!({ "reason": "stop the line" })).is(200).value();
    assert_eq!((&paused["paused"], &paused["new"]), (&json!("everything"), &json!(true)));
    assert_eq!(client.get("/api/v1/settings").is(200).value()["paused_everything"], true);
    let columns = client.get("/api/v1/boards/web/columns").is(200).value();
    assert_eq!(columns["paused"][0]["scope"], "everything");
    assert_eq!(client.post("/api/v1/resume", &json!({})).is(200).value()["was_paused"], true);
    let _ = client.post("/api/v1/boards/web/pause", &json!({ "profile": "sh" })).is(200);
    let _ = client.post("/api/v1/boards/web/resume", &json!({ "profile": "sh" })).is(200);
    let _ = client.post("/api/v1/boards/web/nudge", &json!({})).is(204);
    let _ = client.send("DELETE", "/api/v1/boards/web", None).is(204);
    let _ = client.get("/api/v1/boards/web/tasks").problem(404, "unknown_board");
    let _ = client.send("DELETE", "/api/v1/boards/default", None).problem(422, "invalid_value");
    let made = client.post("/api/v1/tokens", &json!({ "name": "ci", "scope": "read" })).is(201).value();
    assert_eq!(serve.with(made["token"].as_str().unwrap()).get("/api/v1/me").is(200).value()["name"], "ci");
    let id = made["info"]["id"].as_str().unwrap();
    let _ = client.send("DELETE", &format!("/api/v1/tokens/{id}"), None).is(204);
    let _ = serve.with(made["token"].as_str().unwrap()).get("/api/v1/me").problem(401, "unauthenticated");
    for list in ["hosts", "usage", "assignees", "diagnostics", "graph", "runs", "workers", "history"] {
        let _ = client.get(&format!("/api/v1/boards/default/{list}")).is(200);
    }
}
