//! A real agent: Codex, as npm installs it, works on a task through `andon mcp`, against a model that answers by a script.

use andon_tests::agents::{installed, path_with};
use andon_tests::{House, ModelServer, text_of, wait_until};
use serde_json::json;

/// The profile `coder`: Codex with the scripted model. What it keeps of its sessions lies in the house.
fn coder(house: &House, server: &ModelServer) {
    let keeps = house.user_home().join("codex");
    std::fs::create_dir_all(&keeps).unwrap();
    let provider = [
        "model_provider=scripted".to_owned(),
        "model_providers.scripted.name=scripted".to_owned(),
        format!("model_providers.scripted.base_url={}", server.base_url()),
        "model_providers.scripted.wire_api=responses".to_owned(),
        "model_providers.scripted.env_key=SCRIPTED_KEY".to_owned(),
    ];
    let args: Vec<String> = provider.into_iter().flat_map(|setting| ["-c".to_owned(), setting]).collect();
    house.profile(
        "coder",
        &format!(
            "runner = \"codex\"\nmodel = \"gpt-5.1\"\nargs = {args:?}\nmax_runtime = \"80s\"\n[env]\nSCRIPTED_KEY = \"none\"\nCODEX_HOME = {:?}\n",
            keeps.to_str().unwrap()
        ),
    );
}

fn dispatcher(house: &House) -> andon_tests::Dispatcher {
    house.dispatcher_with(
        &[],
        &[("PATH", &path_with(installed("node/node_modules/.bin/codex").parent().unwrap()))],
    )
}

#[test]
fn codex_reads_its_task_ends_it_and_its_children_go_on() {
    let house = House::new();
    let server = ModelServer::start(json!({ "conversations": [ {
        "when": { "api": "responses" },
        "turns": [
            { "calls": [ { "name": "kanban_show", "arguments": {} } ], "usage": { "input": 100, "output": 7, "cached": 40 } },
            { "calls": [ { "name": "kanban_comment", "arguments": { "task_id": "{{task}}", "body": "halfway through" } } ],
              "usage": { "input": 120, "output": 8, "cached": 100 } },
            { "calls": [ { "name": "kanban_complete", "arguments": { "summary": "built by codex" } } ],
              "usage": { "input": 140, "output": 9, "cached": 120 } },
            { "say": "all done", "usage": { "input": 160, "output": 3, "cached": 140 } }
        ] } ] }));
    coder(&house, &server);
    let task = house.create(["build the thing", "--assignee", "coder", "--body", "with the greatest care"]);
    let child = house.create(["go on", "--assignee", "sh", "--body", "true", "--parent", &task]);
    let _dispatcher = dispatcher(&house);
    let done = house.wait_status(&task, "done");
    assert_eq!(done["result"], "built by codex");
    house.wait_status(&child, "done");
    let run = || house.runs(&task)[0].clone();
    wait_until("what it consumed is known", || !run()["input_tokens"].is_null());
    let ended = run();
    assert_eq!((&ended["outcome"], &ended["summary"]), (&json!("completed"), &json!("built by codex")));
    assert!(text_of(&ended["session"]).len() >= 32, "{ended:#}");
    // A run that has ended its task may be stopped before the model's last word.
    assert!(ended["input_tokens"].as_i64().unwrap() >= 360, "{ended:#}");
    let comments = house.show(&task)["comments"].clone();
    assert!(
        comments.as_array().unwrap().iter().any(|comment| comment["body"] == "halfway through"),
        "{comments:#}"
    );
    let asked = server.requests();
    assert!(asked.len() >= 3, "{}", asked.len());
    let first = asked[0].body.to_string();
    for told in ["build the thing", "with the greatest care", "kanban_complete"] {
        assert!(first.contains(told), "{told}");
    }
    assert!(asked[1].body.to_string().contains("with the greatest care"), "the tool answers with the task");
}

#[test]
fn codex_goes_on_with_its_session_when_its_question_is_answered() {
    let house = House::new();
    let server = ModelServer::start(json!({ "conversations": [ {
        "when": { "api": "responses" },
        "turns": [
            { "calls": [ { "name": "kanban_block", "arguments": { "kind": "needs_input", "reason": "which colour?" } } ],
              "usage": { "input": 100, "output": 5, "cached": 0 } },
            { "say": "I wait", "usage": { "input": 100, "output": 5, "cached": 0 } },
            { "calls": [ { "name": "kanban_complete", "arguments": { "summary": "it is blue" } } ],
              "usage": { "input": 100, "output": 5, "cached": 0 } },
            { "say": "done", "usage": { "input": 100, "output": 5, "cached": 0 } }
        ] } ] }));
    coder(&house, &server);
    let task = house.create(["paint it", "--assignee", "coder"]);
    let _dispatcher = dispatcher(&house);
    house.wait_status(&task, "blocked");
    wait_until("the first run is over", || {
        let run = &house.runs(&task)[0];
        !run["reaped_at"].is_null() && !run["input_tokens"].is_null()
    });
    let _ = house.andon(["unblock", &task, "--reason", "paint it blue"]).ok();
    let done = house.wait_status(&task, "done");
    assert_eq!(done["result"], "it is blue");
    wait_until("what both consumed is known", || !house.runs(&task)[1]["input_tokens"].is_null());
    let runs = house.runs(&task);
    assert_eq!(runs[0]["session"], runs[1]["session"]);
    for run in &runs {
        assert_eq!((&run["input_tokens"], &run["output_tokens"]), (&json!(200), &json!(10)), "{run:#}");
    }
    let asked = server.requests();
    let resumed = asked[2].body.to_string();
    for told in ["which colour?", "paint it blue", "in this session"] {
        assert!(resumed.contains(told), "{told}");
    }
}
