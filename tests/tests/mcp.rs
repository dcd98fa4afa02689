//! `andon mcp`: the board as tools, over both protocols, for clients that behave and for clients that do not.

#![expect(clippy::needless_pass_by_value, reason = "arguments are written where they are used")]

use std::collections::{BTreeMap, BTreeSet};
use std::io::{BufRead as _, BufReader, Write as _};
use std::process::{Child, ChildStdin, Command, Stdio};
use std::sync::mpsc::{Receiver, channel};
use std::time::Duration;

use andon_tests::{House, andon, inspector, text_of, wait_for, wait_until};
use serde_json::{Value, json};

/// An answer that takes longer will not come.
const PATIENCE: Duration = Duration::from_secs(60);

/// A client of raw lines.
struct Client {
    child: Child,
    input: Option<ChildStdin>,
    lines: Receiver<String>,
    next: i64,
}

impl Client {
    fn start(house: &House, arguments: &[&str], variables: &[(String, String)]) -> Self {
        let mut command = house.command();
        command.arg("mcp").args(arguments).envs(variables.iter().cloned());
        Self::of(command)
    }

    fn of(mut command: Command) -> Self {
        command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::null());
        let mut child = command.spawn().unwrap();
        let output = BufReader::new(child.stdout.take().unwrap());
        let (sender, lines) = channel();
        std::thread::spawn(move || {
            output.lines().map_while(Result::ok).all(|line| sender.send(line).is_ok())
        });
        let input = child.stdin.take();
        Self { child, input, lines, next: 0 }
    }

    /// A session of the older protocol.
    fn session(house: &House, variables: &[(String, String)]) -> Self {
        let mut client = Self::start(house, &[], variables);
        let agreed = client.ask(
            "initialize",
            json!({ "protocolVersion": "2025-06-18", "capabilities": {}, "clientInfo": { "name": "test", "version": "1" } }),
        );
        assert_eq!(agreed["result"]["protocolVersion"], "2025-06-18");
        assert_eq!(agreed["result"]["serverInfo"]["name"], "andon");
        client.write(&json!({ "jsonrpc": "2.0", "method": "notifications/initialized" }).to_string());
        client
    }

    fn write(&mut self, line: &str) {
        self.bytes(format!("{line}\n").as_bytes());
    }

    fn bytes(&mut self, bytes: &[u8]) {
        let input = self.input.as_mut().unwrap();
        input.write_all(bytes).and_then(|()| input.flush()).unwrap();
    }

    /// The next line of standard output, which must be a frame.
    #[track_caller]
    fn frame(&mut self) -> Value {
        let line = self.lines.recv_timeout(PATIENCE).expect("an answer");
        let frame: Value = serde_json::from_str(&line).unwrap_or_else(|_| panic!("no frame: {line}"));
        assert_eq!(frame["jsonrpc"], "2.0");
        frame
    }

    #[track_caller]
    fn ask(&mut self, method: &str, params: Value) -> Value {
        self.next += 1;
        let id = self.next;
        self.write(&json!({ "jsonrpc": "2.0", "id": id, "method": method, "params": params }).to_string());
        let answer = self.frame();
        assert_eq!(answer["id"], id, "{answer}");
        answer
    }

    /// Calls a tool; gives its content and whether it is an error.
    #[track_caller]
    fn tool(&mut self, name: &str, arguments: Value) -> (Value, bool) {
        let answer = self.ask("tools/call", json!({ "name": name, "arguments": arguments }));
        let result = &answer["result"];
        let text: Value = serde_json::from_str(result["content"][0]["text"].as_str().unwrap()).unwrap();
        assert_eq!(text, result["structuredContent"]);
        (text, result["isError"] == true)
    }

    #[track_caller]
    fn ok(&mut self, name: &str, arguments: Value) -> Value {
        let (content, error) = self.tool(name, arguments);
        assert!(!error, "{name}: {content}");
        content
    }

    #[track_caller]
    fn refused(&mut self, name: &str, arguments: Value) -> String {
        let (content, error) = self.tool(name, arguments);
        assert!(error, "{name}: {content}");
        text_of(&content["error"]["code"])
    }

    /// Closes its end and waits until the server is gone; gives what it still said.
    fn leave(mut self) -> (i32, Vec<String>) {
        drop(self.input.take());
        let status = wait_for("the server goes with its client", || self.child.try_wait().unwrap());
        (status.code().unwrap_or(-1), self.lines.iter().collect())
    }
}

impl Drop for Client {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// The environment of a run that was claimed by hand.
fn run_of(house: &House, task: &str) -> Vec<(String, String)> {
    let claimed = house.json(["claim", task]);
    [
        ("ANDON_BOARD", "default".to_owned()),
        ("ANDON_TASK", task.to_owned()),
        ("ANDON_RUN", text_of(&claimed["run"]["id"])),
        ("ANDON_RUN_TOKEN", text_of(&claimed["run"]["token"])),
        ("ANDON_PROFILE", "hand".to_owned()),
        ("ANDON_WORKSPACE", text_of(&claimed["workspace"])),
    ]
    .map(|(name, value)| (name.to_owned(), value))
    .to_vec()
}

fn workers() -> House {
    let house = House::new();
    house.profile("hand", "runner = \"lane\"\n");
    house
}

fn stateless(method: &str, mut params: Value, id: i64) -> String {
    params["_meta"] = json!({
        "io.modelcontextprotocol/protocolVersion": "2026-07-28",
        "io.modelcontextprotocol/clientInfo": { "name": "test", "version": "1" },
        "io.modelcontextprotocol/clientCapabilities": {},
    });
    json!({ "jsonrpc": "2.0", "id": id, "method": method, "params": params }).to_string()
}

#[test]
fn a_session_shows_works_and_completes_the_task_of_its_run() {
    let house = workers();
    let task = house.create(["the work", "--assignee", "hand"]);
    let after = house.create(["after it", "--assignee", "hand", "--parent", &task]);
    let worker = run_of(&house, &task);
    let mut client = Client::session(&house, &worker);
    let listed = client.ask("tools/list", json!({}));
    let tools = listed["result"]["tools"].as_array().unwrap();
    let show = tools.iter().find(|tool| tool["name"] == "kanban_show").unwrap();
    assert_eq!(show["annotations"]["readOnlyHint"], true);
    assert!(tools.iter().all(|tool| tool["name"] != "kanban_unblock"));

    let shown = client.ok("kanban_show", json!({}));
    let mut context = house.command();
    context.args(["context", "--json"]).envs(worker);
    assert_eq!(shown["worker_context"], House::answer(context).exits(0).json()["context"]);
    client.ok("kanban_heartbeat", json!({ "note": "half way" }));
    let created = client.ok("kanban_create", json!({ "title": "more", "assignee": "hand" }));
    let done =
        client.ok("kanban_complete", json!({ "summary": "all", "created_cards": [created["task_id"]] }));
    assert_eq!((&done["status"], &done["ended_run"]), (&json!("done"), &json!(true)));
    assert_eq!(client.refused("kanban_heartbeat", json!({})), "stale_run");
    assert_eq!((house.status(&task), house.status(&after)), ("done".to_owned(), "ready".to_owned()));
    assert_eq!(client.leave(), (0, Vec::new()));
}

#[test]
fn stateless_requests_stand_for_themselves_also_between_those_of_a_session() {
    let house = workers();
    let mut client = Client::start(&house, &[], &[]);
    client.write(&stateless("server/discover", json!({}), 1));
    let found = client.frame();
    let versions = found["result"]["supportedVersions"].as_array().unwrap().clone();
    assert!(versions.contains(&json!("2026-07-28")) && versions.contains(&json!("2025-06-18")), "{found}");
    client.write(&stateless("tools/call", json!({ "name": "kanban_list", "arguments": {} }), 2));
    let listed = client.frame();
    assert_eq!((&listed["id"], &listed["result"]["resultType"]), (&json!(2), &json!("complete")));
    let agreed = client.ask(
        "initialize",
        json!({ "protocolVersion": "1999-01-01", "capabilities": {}, "clientInfo": { "name": "t", "version": "1" } }),
    );
    assert!(agreed["result"]["protocolVersion"].is_string(), "{agreed}");
    assert_eq!(client.ok("kanban_list", json!({}))["count"], 0);
    client.write(&stateless("tools/list", json!({}), 9));
    assert!(client.frame()["result"]["tools"].is_array());
}

#[test]
fn nothing_is_opened_before_the_first_call() {
    let house = workers();
    let mut client = Client::session(&house, &[]);
    let _ = client.ask("tools/list", json!({}));
    let _ = client.ask("resources/list", json!({}));
    assert!(!house.board().exists());
    client.ok("kanban_create", json!({ "title": "first", "assignee": "hand" }));
    assert!(house.board().exists());
}

#[test]
fn a_session_at_rest_holds_nothing_of_the_board() {
    let house = workers();
    let mut client = Client::session(&house, &[]);
    client.ok("kanban_create", json!({ "title": "first", "assignee": "hand" }));
    let held = || {
        let files = std::fs::read_dir(format!("/proc/{}/fd", client.child.id())).unwrap().flatten();
        files
            .filter_map(|file| std::fs::read_link(file.path()).ok())
            .any(|path| path.starts_with(house.board()))
    };
    wait_until("it lets go of the board", || !held());
    assert_eq!(client.ok("kanban_list", json!({}))["count"], 1);
}

#[test]
fn resources_are_the_context_the_log_and_the_board() {
    let house = workers();
    let done = house.script("echo 'said in the run'");
    let _ = house.until_idle();
    let task = house.create(["the work", "--assignee", "hand"]);
    let run = text_of(&house.runs(&done)[0]["id"]);
    let mut client = Client::session(&house, &run_of(&house, &task));
    let mine = client.ask("resources/list", json!({}))["result"]["resources"].clone();
    assert_eq!(mine.as_array().unwrap().len(), 3);
    let templates = client.ask("resources/templates/list", json!({}))["result"]["resourceTemplates"].clone();
    assert_eq!(templates.as_array().unwrap().len(), 3);
    let mut read = |uri: &str| {
        let answer = client.ask("resources/read", json!({ "uri": uri }));
        text_of(&answer["result"]["contents"][0]["text"])
    };
    assert!(read(&format!("andon://task/{task}/context")).starts_with("# Kanban task"));
    assert!(read(&format!("andon://run/{run}/log")).contains("said in the run"));
    let board: Value = serde_json::from_str(&read("andon://board/default")).unwrap();
    assert_eq!(board["tasks"].as_array().unwrap().len(), 2);
    for missing in ["andon://board/other", "andon://task/t_00000000/context", "file:///etc/passwd"] {
        let answer = client.ask("resources/read", json!({ "uri": missing }));
        assert!(answer["error"]["data"]["error"]["code"].is_string(), "{answer}");
    }
}

#[test]
fn garbage_is_answered_and_the_server_goes_on() {
    let house = workers();
    let mut client = Client::start(&house, &[], &[]);
    let mut noise =
        vec![b"\0\x01\xff\xfe\n".to_vec(), b"{\"jsonrpc\":\n".to_vec(), b"\xef\xbb\xbf[]\n".to_vec()];
    noise.push([vec![b'['; 200_000], vec![b'\n']].concat());
    noise.push(b"{\"jsonrpc\":\"2.0\",\"id\":null,\"method\":\"tools/list\"}\n".to_vec());
    noise.push(b"{\"jsonrpc\":\"1.0\",\"id\":1,\"method\":\"tools/list\"}\n".to_vec());
    noise.push(b"{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"tools/call\",\"params\":[]}\n".to_vec());
    noise.push(b"{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"initialize\",\"params\":{}}\n".to_vec());
    for bytes in noise {
        client.bytes(&bytes);
        let answer = client.frame();
        assert!(answer["error"]["code"].as_i64().is_some_and(|code| code < 0), "{answer}");
    }
    // Its sender hears of its own call that it was too long.
    let long = [b"{\"jsonrpc\":\"2.0\",\"id\":31,\"x\":\"".to_vec(), vec![b'x'; 9 << 20], b"\"}\n".to_vec()];
    client.bytes(&long.concat());
    let answer = client.frame();
    assert_eq!((&answer["id"], answer["error"]["code"].as_i64()), (&json!(31), Some(-32_600)), "{answer}");
    for ignored in [
        "",
        "  ",
        "{\"jsonrpc\":\"2.0\",\"method\":\"notifications/cancelled\",\"params\":{\"requestId\":1}}",
    ] {
        client.write(ignored);
    }
    client.write("{\"jsonrpc\":\"2.0\",\"id\":77,\"result\":{}}");
    assert!(client.ask("tools/list", json!({}))["result"]["tools"].is_array());
    assert_eq!(client.refused("kanban_lst", json!({})), "unknown_tool");
    assert_eq!(client.refused("kanban_list", json!({ "limit": {} })), "bad_arguments");
    assert_eq!(client.leave(), (0, Vec::new()));
}

#[test]
fn a_thousand_calls_at_once_are_each_answered_once() {
    let house = workers();
    let task = house.create(["the work", "--assignee", "hand"]);
    let mut client = Client::session(&house, &run_of(&house, &task));
    let mut lines = String::new();
    for id in 0..1_000 {
        let call = match id % 4 {
            0 => {
                json!({ "name": "kanban_comment", "arguments": { "task_id": task, "body": id.to_string() } })
            }
            1 => json!({ "name": "kanban_heartbeat", "arguments": {} }),
            2 => json!({ "name": "kanban_show", "arguments": {} }),
            _ => json!({ "name": "kanban_why", "arguments": {} }),
        };
        lines += &json!({ "jsonrpc": "2.0", "id": format!("n{id}"), "method": "tools/call", "params": call })
            .to_string();
        lines.push('\n');
    }
    // Two requests under one id are two requests.
    for _ in 0..2 {
        lines += "{\"jsonrpc\":\"2.0\",\"id\":\"twice\",\"method\":\"tools/list\"}\n";
    }
    // Written beside the reading: a client that only writes would wait for ever, as would the server.
    let mut input = client.input.take().unwrap();
    let writing = std::thread::spawn(move || {
        input.write_all(lines.as_bytes()).unwrap();
        input
    });
    let mut answered: BTreeMap<String, usize> = BTreeMap::new();
    for _ in 0..1_002 {
        let answer = client.frame();
        assert!(answer["result"].is_object() && answer["result"]["isError"] != true, "{answer}");
        *answered.entry(text_of(&answer["id"])).or_default() += 1;
    }
    client.input = Some(writing.join().unwrap());
    assert_eq!(answered.len(), 1_001);
    assert_eq!(answered.remove("twice"), Some(2));
    assert!(answered.values().all(|count| *count == 1));
    assert_eq!(house.show(&task)["comments"].as_array().unwrap().len(), 250);
    assert_eq!(client.leave(), (0, Vec::new()));
}

#[test]
fn a_call_that_waits_for_the_board_says_so_on_pipes_too_where_it_was_asked_to() {
    let house = House::on(andon_tests::Engine::Sqlite, "home");
    house.profile("hand", "runner = \"lane\"\n");
    let task = house.create(["slow", "--assignee", "hand"]);
    let mut client = Client::session(&house, &[]);
    let mut other = rusqlite::Connection::open(house.board().join("board.db")).unwrap();
    let held = other.transaction_with_behavior(rusqlite::TransactionBehavior::Immediate).unwrap();
    for (id, meta) in [(71, json!({})), (72, json!({ "progressToken": 5 }))] {
        let params =
            json!({ "name": "kanban_comment", "arguments": { "task_id": task, "body": "x" }, "_meta": meta });
        client.write(
            &json!({ "jsonrpc": "2.0", "id": id, "method": "tools/call", "params": params }).to_string(),
        );
    }
    let told = client.frame();
    assert_eq!(
        (&told["method"], &told["params"]["progressToken"]),
        (&json!("notifications/progress"), &json!(5))
    );
    drop(held);
    let mut answered: Vec<i64> = (0..20).filter_map(|_| client.frame()["id"].as_i64()).take(2).collect();
    answered.sort_unstable();
    assert_eq!(answered, [71, 72]);
}

#[test]
fn what_was_asked_before_the_input_ended_is_answered_and_done() {
    let house = workers();
    let mut client = Client::start(&house, &[], &[]);
    for id in 0..50 {
        let call = json!({ "name": "kanban_create", "arguments": { "title": format!("task {id}"), "assignee": "hand" } });
        client.write(
            &json!({ "jsonrpc": "2.0", "id": id, "method": "tools/call", "params": call }).to_string(),
        );
    }
    let (code, lines) = client.leave();
    assert_eq!((code, lines.len()), (0, 50));
    assert_eq!(house.json(["list"]).as_array().unwrap().len(), 50);
}

#[test]
fn a_client_that_is_gone_takes_the_server_with_it_and_the_board_stays_whole() {
    let house = workers();
    for kept_open in [false, true] {
        let mut client = Client::start(&house, &[], &[]);
        let mut lines = String::new();
        for id in 0..200 {
            let call = json!({ "name": "kanban_create", "arguments": { "title": "x", "assignee": "hand", "body": "y".repeat(2_000) } });
            lines +=
                &json!({ "jsonrpc": "2.0", "id": id, "method": "tools/call", "params": call }).to_string();
            lines.push('\n');
        }
        let mut input = client.input.take().unwrap();
        let writing = std::thread::spawn(move || {
            let _ = input.write_all(lines.as_bytes());
            input
        });
        let _ = client.frame();
        if kept_open {
            // Another process holds the input open, but nobody reads: the reading end is closed with the receiver.
            client.lines = channel().1;
        } else {
            drop(writing.join().unwrap());
            let _ = wait_for("the server goes with its client", || client.child.try_wait().unwrap());
            continue;
        }
        let _ = wait_for("the server goes without readers", || client.child.try_wait().unwrap());
        drop(writing.join());
    }
    let _ = house.andon(["doctor"]).exits(0);
}

#[test]
fn a_worker_without_a_proper_identity_is_refused_at_each_call_and_never_a_person() {
    let house = workers();
    let task = house.create(["the work", "--assignee", "hand"]);
    let whole = run_of(&house, &task);
    for broken in ["ANDON_TASK", "ANDON_RUN", "ANDON_RUN_TOKEN"] {
        let mut part = whole.clone();
        part.retain(|(name, _)| name != broken);
        let mut client = Client::session(&house, &part);
        assert_eq!(
            client.refused("kanban_complete", json!({ "task_id": task, "summary": "x" })),
            "stale_run"
        );
        assert_eq!(client.refused("kanban_show", json!({ "task_id": task })), "stale_run");
    }
    let forged: Vec<_> = whole
        .iter()
        .map(|(name, value)| {
            (name.clone(), if name == "ANDON_RUN_TOKEN" { "guess".to_owned() } else { value.clone() })
        })
        .collect();
    let mut client = Client::session(&house, &forged);
    assert_eq!(client.refused("kanban_complete", json!({ "summary": "x" })), "stale_run");
    assert_eq!(house.status(&task), "running");
}

#[test]
fn a_worker_moves_no_foreign_task_and_names_no_foreign_board() {
    let house = workers();
    let (own, other) =
        (house.create(["own", "--assignee", "hand"]), house.create(["other", "--assignee", "hand"]));
    let before = house.task(&other);
    let mut client = Client::session(&house, &run_of(&house, &own));
    for (tool, arguments) in [
        ("kanban_complete", json!({ "task_id": other, "summary": "x", "artifacts": ["/etc/hostname"] })),
        ("kanban_block", json!({ "task_id": other, "reason": "x" })),
        ("kanban_heartbeat", json!({ "task_id": other })),
        ("kanban_schedule", json!({ "task_id": other })),
        ("kanban_request_review", json!({ "task_id": other })),
        ("kanban_link", json!({ "parent_id": own, "child_id": other })),
    ] {
        assert_eq!(client.refused(tool, arguments), "forbidden", "{tool}");
    }
    assert_eq!(house.task(&other), before);
    assert_eq!(client.refused("kanban_show", json!({ "board": "another" })), "wrong_board");
    let mut command = house.command();
    command.args(["mcp", "--board", "another"]).envs(run_of(&house, &other));
    let _ = House::answer(command).exits(1);
}

#[test]
fn a_profile_says_which_tools_its_sessions_are_offered() {
    let house = workers();
    house.profile("lead", "runner = \"lane\"\ntoolset = [\"board\"]\ndescription = \"cuts goals\"\n");
    let names = |arguments: &[&str], variables: &[(String, String)]| -> BTreeSet<String> {
        let mut client = Client::start(&house, arguments, variables);
        let listed = client.ask("tools/list", json!({}));
        listed["result"]["tools"].as_array().unwrap().iter().map(|tool| text_of(&tool["name"])).collect()
    };
    let task = house.create(["the work", "--assignee", "hand"]);
    let worker = run_of(&house, &task);
    assert!(!names(&[], &worker).contains("kanban_list"));
    assert!(names(&["--toolset", "board"], &worker).contains("kanban_list"));
    let task = house.create(["the goal", "--assignee", "lead"]);
    let mut lead = run_of(&house, &task);
    lead.retain(|(name, _)| name != "ANDON_PROFILE");
    lead.push(("ANDON_PROFILE".to_owned(), "lead".to_owned()));
    assert!(names(&[], &lead).contains("kanban_list"));
    // What it is offered it may do: it answers the question of another's task. Another worker may not, whatever it asks for.
    let asked = house.create(["asks", "--assignee", "hand"]);
    let _ = house.andon(["block", &asked, "--kind", "needs_input", "which colour?"]).ok();
    let answer = json!({ "task_id": asked, "reason": "green" });
    let mut plain = Client::start(&house, &["--toolset", "board"], &worker);
    assert_eq!(plain.refused("kanban_unblock", answer.clone()), "forbidden");
    assert_eq!(Client::session(&house, &lead).ok("kanban_unblock", answer)["status"], "ready");
    let mut assign = house.command();
    assign.args(["assign", &asked, "lead"]).envs(lead.iter().cloned());
    let _ = House::answer(assign).ok();
    assert_eq!(house.task(&asked)["assignee"], "lead");
    assert!(names(&[], &[]).contains("kanban_unblock"));
    assert!(names(&["--profile", "lead"], &[]).contains("kanban_unblock"));
    assert!(!names(&["--profile", "hand"], &[]).contains("kanban_list"));
    let mut client = Client::start(&house, &["--profile", "lead"], &[]);
    let known = client.ok("kanban_assignees", json!({}));
    assert!(
        known["profiles"].as_array().unwrap().iter().any(|one| one["description"] == "cuts goals"),
        "{known}"
    );
    let made = client.ok("kanban_create", json!({ "title": "x", "assignee": "hand" }));
    assert_eq!(house.task(made["task_id"].as_str().unwrap())["created_by"], "lead");
    let _ = house.andon(["mcp", "--profile", "nobody"]).exits(4);
}

#[test]
fn a_run_that_was_dispatched_completes_through_mcp() {
    let house = workers();
    house.profile("agent", "runner = \"shell\"\nends_by = \"protocol\"\n");
    let body = "echo kept > result.txt\n\
        printf '%s\\n' '{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"tools/call\",\"params\":{\"name\":\"kanban_complete\",\
        \"arguments\":{\"summary\":\"by a tool\",\"artifacts\":\"result.txt\"}}}' | andon mcp > \"$OUT/answer\"\n";
    let task = house.create(["agent's", "--assignee", "agent", "--body", body]);
    let _ = house.until_idle();
    assert_eq!(house.outcomes(&task), ["completed"]);
    let answer: Value = serde_json::from_str(&house.lines("answer")[0]).unwrap();
    assert_eq!(answer["result"]["structuredContent"]["ended_run"], true);
    let kept = house.json(["attachments", &task]);
    assert_eq!((kept.as_array().unwrap().len(), &kept[0]["name"]), (1, &json!("result.txt")));
}

#[test]
fn the_official_inspector_finds_nothing_wrong() {
    let Some((node, inspector)) = inspector() else { return };
    let house = workers();
    let inspect = |arguments: &[&str]| {
        let mut command = house.foreign(&node);
        command.arg(&inspector).arg("--cli").arg(andon()).arg("mcp");
        command.args(["-e", &format!("ANDON_HOME={}", house.home().display())]).args(arguments);
        House::answer(command).exits(0).json()
    };
    let listed = inspect(&["--method", "tools/list", "--strict"]);
    assert!(listed["tools"].as_array().is_some_and(|tools| tools.len() == 18), "{listed}");
    let made = inspect(&[
        "--method",
        "tools/call",
        "--tool-name",
        "kanban_create",
        "--tool-arg",
        "title=from outside",
        "assignee=hand",
    ]);
    let task = text_of(&made["structuredContent"]["task_id"]);
    assert_eq!(house.status(&task), "ready");
    let read = inspect(&["--method", "resources/read", "--uri", "andon://board/default"]);
    assert!(text_of(&read["contents"][0]["text"]).contains("from outside"));
}
