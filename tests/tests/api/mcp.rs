//! The tools over streamable HTTP: for persons and workers, in both versions of the protocol, within what a token opens.

#![expect(clippy::needless_pass_by_value, reason = "arguments are written where they are used")]

use std::io::{BufRead as _, BufReader, Write as _};

use andon_tests::{House, andon, inspector, text_of};
use serde_json::{Value, json};

use super::client::{Client, Reply, Serve};

fn workers() -> House {
    let house = House::new();
    house.profile("hand", "runner = \"lane\"\n");
    let _ = house.andon(["init"]).exits(0);
    house
}

fn token(house: &House, scope: &str) -> String {
    text_of(&house.json(["token", "create", "--scope", scope])["token"])
}

fn accepting(client: &Client) -> Client {
    client.saying("Accept", "application/json, text/event-stream").saying("Content-Type", "application/json")
}

fn send(client: &Client, body: &Value) -> Reply {
    accepting(client).send("POST", "/mcp", Some(&serde_json::to_vec(body).unwrap()))
}

/// A request of the older protocol.
fn ask(client: &Client, method: &str, params: Value) -> Value {
    let client = client.saying("MCP-Protocol-Version", "2025-06-18");
    let asked = json!({ "jsonrpc": "2.0", "id": 7, "method": method, "params": params });
    let answer = send(&client, &asked).is(200).value();
    assert_eq!(answer["id"], 7, "{answer}");
    answer
}

/// A request of the newer one, which carries all that it needs.
fn stateless(client: &Client, method: &str, name: Option<&str>, mut params: Value) -> Value {
    params["_meta"] = json!({
        "io.modelcontextprotocol/protocolVersion": "2026-07-28",
        "io.modelcontextprotocol/clientInfo": { "name": "test", "version": "1" },
        "io.modelcontextprotocol/clientCapabilities": {},
    });
    let mut client = client.saying("MCP-Protocol-Version", "2026-07-28").saying("Mcp-Method", method);
    if let Some(name) = name {
        client = client.saying("Mcp-Name", name);
    }
    let asked = json!({ "jsonrpc": "2.0", "id": "a", "method": method, "params": params });
    send(&client, &asked).is(200).value()
}

fn call(client: &Client, name: &str, arguments: Value) -> Value {
    ask(client, "tools/call", json!({ "name": name, "arguments": arguments }))["result"].clone()
}

fn refused(client: &Client, name: &str, arguments: Value) -> String {
    let result = call(client, name, arguments);
    assert_eq!(result["isError"], true, "{result}");
    text_of(&result["structuredContent"]["error"]["code"])
}

fn names(client: &Client) -> Vec<String> {
    let listed = ask(client, "tools/list", json!({}));
    listed["result"]["tools"].as_array().unwrap().iter().map(|tool| text_of(&tool["name"])).collect()
}

#[test]
fn both_versions_of_the_protocol_are_spoken_over_http() {
    let house = workers();
    let serve = Serve::start(&house);
    let admin = serve.client(&house);
    let agreed = ask(
        &admin,
        "initialize",
        json!({ "protocolVersion": "2025-06-18", "capabilities": {}, "clientInfo": { "name": "t", "version": "1" } }),
    );
    assert_eq!(agreed["result"]["protocolVersion"], "2025-06-18");
    assert_eq!(agreed["result"]["serverInfo"]["name"], "andon");
    let older = admin.saying("MCP-Protocol-Version", "2025-06-18");
    let told = json!({ "jsonrpc": "2.0", "method": "notifications/initialized" });
    let _ = send(&older, &told).is(202);
    let made = call(&admin, "kanban_create", json!({ "title": "over http", "assignee": "hand" }));
    let task = text_of(&made["structuredContent"]["task_id"]);
    assert_eq!(house.task(&task)["created_by"], "tester");
    let listed = stateless(&admin, "tools/list", None, json!({}));
    assert!(listed["result"]["tools"].as_array().unwrap().len() > 10, "{listed}");
    let arguments = json!({ "name": "kanban_show", "arguments": { "task_id": task } });
    let shown = stateless(&admin, "tools/call", Some("kanban_show"), arguments);
    assert_eq!(shown["result"]["structuredContent"]["task"]["title"], "over http", "{shown}");
    let read = ask(&admin, "resources/read", json!({ "uri": "andon://board/default" }));
    assert!(text_of(&read["result"]["contents"][0]["text"]).contains("over http"));
    house.healthy();
}

#[test]
fn over_http_a_token_opens_no_more_tools_than_routes() {
    let house = workers();
    let _ = house.andon(["boards", "create", "other"]).exits(0);
    let (own, foreign) = (house.create(["own", "--assignee", "hand"]), house.create(["foreign"]));
    let claim = house.json(["claim", &own]);
    let serve = Serve::start(&house);
    let read = serve.with(&token(&house, "read"));
    assert!(names(&read).contains(&"kanban_list".to_owned()));
    assert!(!names(&read).contains(&"kanban_create".to_owned()));
    assert_eq!(refused(&read, "kanban_create", json!({ "title": "x" })), "forbidden");
    let board = serve.with(&token(&house, "board:other"));
    assert_eq!(refused(&board, "kanban_list", json!({ "board": "default" })), "wrong_board");
    let made = call(&board, "kanban_create", json!({ "title": "mine", "assignee": "hand" }));
    assert_ne!(made["isError"], true, "{made}");
    assert_eq!(house.json(["--board", "other", "list"]).as_array().unwrap().len(), 1);
    // The worker of a run.
    let secret = text_of(&claim["run"]["token"]);
    let worker = serve.with(&format!("{}.{secret}", text_of(&claim["run"]["id"])));
    let shown = call(&worker, "kanban_show", json!({}));
    assert_eq!(shown["structuredContent"]["task"]["id"], own.as_str(), "{shown}");
    assert!(!names(&worker).contains(&"kanban_list".to_owned()), "a worker has the tools of its profile");
    assert_eq!(
        refused(&worker, "kanban_complete", json!({ "task_id": foreign, "summary": "x" })),
        "forbidden"
    );
    assert_eq!(refused(&worker, "kanban_show", json!({ "board": "other" })), "wrong_board");
    assert_eq!(worker.get("/api/v1/me").is(200).value()["scope"], "run");
    let done = call(&worker, "kanban_complete", json!({ "summary": "by http" }));
    assert_eq!(done["structuredContent"]["ended_run"], true, "{done}");
    assert_eq!(house.status(&own), "done");
    let list = json!({ "jsonrpc": "2.0", "id": 1, "method": "tools/list" });
    let _ = send(&worker, &list).problem(401, "unauthenticated");
    let _ = send(&serve.nobody(), &list).problem(401, "unauthenticated");
    house.healthy();
}

/// The names of a task's attachments.
fn attached(house: &House, task: &str) -> Vec<String> {
    let shown = house.show(task);
    shown["attachments"].as_array().unwrap().iter().map(|file| text_of(&file["name"])).collect()
}

#[test]
fn a_worker_s_files_come_from_its_workspace_and_those_of_somebody_elsewhere_from_nowhere() {
    let house = workers();
    let secret = house.outside().join("secret.txt");
    std::fs::write(&secret, "sesame").unwrap();
    let secret = secret.to_str().unwrap();
    let own = house.create(["own", "--assignee", "hand"]);
    let claim = house.json(["claim", &own]);
    let folder = std::path::PathBuf::from(text_of(&claim["workspace"]));
    std::fs::write(folder.join("report.txt"), "done").unwrap();
    std::os::unix::fs::symlink(secret, folder.join("link.txt")).unwrap();
    let (link, inside) = (folder.join("link.txt"), folder.join("report.txt"));
    let (link, inside) = (link.to_str().unwrap(), inside.to_str().unwrap());
    let serve = Serve::start(&house);
    let worker = serve.with(&format!("{}.{}", text_of(&claim["run"]["id"]), text_of(&claim["run"]["token"])));
    for path in [secret, link, "link.txt", "../../board.db"] {
        assert_eq!(refused(&worker, "kanban_attach", json!({ "path": path })), "file_io", "{path}");
    }
    // A completion that is refused leaves nothing behind.
    let declared = json!([secret, link, "link.txt", inside]);
    let phantom = json!({ "summary": "x", "artifacts": declared, "created_cards": ["t_zzzzzzzz"] });
    assert_eq!(refused(&worker, "kanban_complete", phantom), "phantom_cards");
    assert_eq!(attached(&house, &own), [""; 0]);
    let done = call(&worker, "kanban_complete", json!({ "summary": "x", "artifacts": declared }));
    assert_eq!(done["structuredContent"]["not_kept"].as_array().unwrap().len(), 3, "{done}");
    assert_eq!(attached(&house, &own), ["report.txt"]);

    // The same over the other routes, and by a token that is no worker's.
    let tasks = "/api/v1/boards/default/tasks";
    let two = house.create(["two", "--assignee", "hand"]);
    let claim = house.json(["claim", &two]);
    let folder = std::path::PathBuf::from(text_of(&claim["workspace"]));
    std::fs::write(folder.join("real.txt"), "done").unwrap();
    std::os::unix::fs::symlink(secret, folder.join("link.txt")).unwrap();
    let worker = serve.with(&format!("{}.{}", text_of(&claim["run"]["id"]), text_of(&claim["run"]["token"])));
    let link = folder.join("link.txt");
    let body = json!({ "summary": "x", "metadata": { "artifacts": [secret, link, "real.txt"] } });
    let _ = worker.post(&format!("{tasks}/{two}/complete"), &body).is(200);
    let member = serve.with(&token(&house, "board:default"));
    // Nor by a workspace of its own choice, which it claims by hand.
    let mut bait = json!({ "title": "bait", "assignee": "hand", "workspace_kind": "dir" });
    bait["workspace_path"] = json!(house.outside());
    let bait = text_of(&member.post(tasks, &bait).is(201).value()["id"]);
    let claim = member.post(&format!("{tasks}/{bait}/claim"), &json!({})).is(201).value();
    let baited = serve.with(&format!("{}.{}", text_of(&claim["run"]["id"]), text_of(&claim["run"]["token"])));
    assert_eq!(refused(&baited, "kanban_attach", json!({ "path": "secret.txt" })), "file_io");
    let body = json!({ "summary": "x", "metadata": { "artifacts": [secret, "secret.txt"] } });
    let _ = baited.post(&format!("{tasks}/{bait}/complete"), &body).is(200);
    assert_eq!(attached(&house, &bait), [""; 0]);
    let three = house.create(["three", "--workspace", &format!("dir:{}", house.outside().display())]);
    assert_eq!(refused(&member, "kanban_attach", json!({ "task_id": three, "path": secret })), "file_io");
    let body = json!({ "summary": "x", "metadata": { "artifacts": [secret, "secret.txt"] } });
    let _ = member.post(&format!("{tasks}/{three}/complete"), &body).is(200);
    let four = house.create(["four", "--workspace", &format!("dir:{}", house.outside().display())]);
    let body = json!({ "task_id": four, "summary": "x", "artifacts": [secret, "secret.txt"] });
    let told = call(&member, "kanban_complete", body);
    assert_eq!(told["structuredContent"]["not_kept"].as_array().unwrap().len(), 2, "{told}");
    assert_eq!(attached(&house, &two), ["real.txt"]);
    for task in [&three, &four] {
        assert_eq!(attached(&house, task), [""; 0], "{task}");
    }
    house.healthy();
}

#[test]
fn over_http_what_a_worker_does_is_progress_of_its_run_too() {
    let house = workers();
    let tasks = [house.create(["one", "--assignee", "hand"]), house.create(["other", "--assignee", "hand"])];
    let claims = tasks.each_ref().map(|task| house.json(["claim", task]));
    let serve = Serve::start(&house);
    let person = serve.with(&token(&house, "admin"));
    let progress = |task: &str| {
        let shown = person.get(&format!("/api/v1/boards/default/tasks/{task}")).is(200).value();
        shown["lease"]["progress_at"].clone()
    };
    let look = |claim: &Value| {
        let worker =
            serve.with(&format!("{}.{}", text_of(&claim["run"]["id"]), text_of(&claim["run"]["token"])));
        assert_ne!(call(&worker, "kanban_show", json!({}))["isError"], true);
    };
    let before = tasks.each_ref().map(|task| progress(task));
    look(&claims[0]);
    let told = progress(&tasks[0]);
    assert!(told.is_string() && told != before[0], "{told} {before:?}");
    assert_eq!(progress(&tasks[1]), before[1], "each run has a pulse of its own");
    // Once is enough for a while, whichever request it comes with.
    look(&claims[0]);
    assert_eq!(progress(&tasks[0]), told);
}

#[test]
fn a_call_that_waits_for_the_board_says_meanwhile_that_it_is_at_work() {
    let house = House::on(andon_tests::Engine::Sqlite, "home");
    house.profile("hand", "runner = \"lane\"\n");
    let task = house.create(["slow", "--assignee", "hand"]);
    let serve = Serve::start(&house);
    let client = accepting(&serve.client(&house)).saying("MCP-Protocol-Version", "2025-06-18");
    let mut other = rusqlite::Connection::open(house.board().join("board.db")).unwrap();
    let held = other.transaction_with_behavior(rusqlite::TransactionBehavior::Immediate).unwrap();
    let params = json!({ "name": "kanban_comment", "arguments": { "task_id": task, "body": "x" }, "_meta": { "progressToken": "p-1" } });
    let asked = json!({ "jsonrpc": "2.0", "id": 7, "method": "tools/call", "params": params }).to_string();
    let mut stream = client.open("POST", "/mcp", Some(asked.len()));
    stream.write_all(asked.as_bytes()).unwrap();
    let mut lines = BufReader::new(stream).lines();
    let mut frame = move || -> Value {
        let line = lines.find_map(|line| line.unwrap().strip_prefix("data: ").map(str::to_owned));
        serde_json::from_str(&line.expect("a message")).unwrap()
    };
    for times in 1..=2 {
        let told = frame();
        assert_eq!(told["method"], "notifications/progress", "{told}");
        assert_eq!(
            (&told["params"]["progressToken"], told["params"]["progress"].as_f64()),
            (&json!("p-1"), Some(f64::from(times)))
        );
        assert!(text_of(&told["params"]["message"]).contains("kanban_comment"), "{told}");
    }
    drop(held);
    // Whatever was still on its way comes before the answer, and nothing after it.
    let answer = (0..10).map(|_| frame()).find(|frame| frame["id"] == 7).expect("an answer");
    assert_ne!(answer["result"]["isError"], true, "{answer}");
    assert_eq!(house.show(&task)["comments"].as_array().unwrap().len(), 1);
}

#[test]
fn over_http_tools_are_behind_the_same_guard() {
    let house = workers();
    house.config("api_body_limit = \"4KiB\"\n");
    let serve = Serve::start(&house);
    let admin = serve.client(&house);
    let list = json!({ "jsonrpc": "2.0", "id": 1, "method": "tools/list" });
    let _ = send(&admin.saying("Host", "evil.example"), &list).problem(421, "foreign_host");
    let _ = send(&admin.saying("Origin", "http://evil.example"), &list).problem(403, "foreign_origin");
    let large =
        json!({ "jsonrpc": "2.0", "id": 1, "method": "tools/list", "params": { "x": "y".repeat(5_000) } });
    let _ = send(&admin, &large).is(413);
    let _ = admin.get("/mcp").problem(405, "method_not_allowed");
    let _ = admin.saying("Content-Type", "application/json").send("POST", "/mcp", Some(b"{}")).is(406);
    for odd in ["[]", "nonsense", "{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"no/such\"}"] {
        let reply = accepting(&admin).send("POST", "/mcp", Some(odd.as_bytes()));
        assert!(reply.status < 500, "{odd}: {}", reply.status);
    }
    let answer = ask(&admin, "no/such", json!({}));
    assert_eq!(answer["error"]["code"], -32_601, "{answer}");
}

#[test]
fn the_official_inspector_works_over_http() {
    let Some((node, inspector)) = inspector() else { return };
    let house = workers();
    let serve = Serve::start(&house);
    let secret = token(&house, "admin");
    let inspect = |arguments: &[&str]| {
        let mut command = house.foreign(&node);
        command.arg(&inspector).args(["--cli", &format!("http://{}/mcp", serve.address)]);
        command.args(["--transport", "http", "--header", &format!("Authorization: Bearer {secret}")]);
        command.args(arguments);
        House::answer(command).exits(0).json()
    };
    assert!(andon().is_file());
    let listed = inspect(&["--method", "tools/list"]);
    assert!(listed["tools"].as_array().is_some_and(|tools| tools.len() > 10), "{listed}");
    let made = inspect(&[
        "--method",
        "tools/call",
        "--tool-name",
        "kanban_create",
        "--tool-arg",
        "title=from outside",
        "assignee=hand",
    ]);
    assert_eq!(house.task(&text_of(&made["structuredContent"]["task_id"]))["title"], "from outside");
}
