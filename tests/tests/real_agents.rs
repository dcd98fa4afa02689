//! Real agents beside Codex: Claude Code, Gemini CLI and opencode work on tasks through `andon mcp`, Hermes by the commands of
//! its terminal, each as npm or PyPI have it, against a model that answers by a script. Nothing of the user's, no key, no network.

use andon_tests::agents::{installed, path_with};
use andon_tests::{House, ModelServer, andon, text_of, wait_until};
use serde_json::{Value, json};

/// What the machine is called in the names of packages.
const ARCHITECTURE: &str = if cfg!(target_arch = "aarch64") { "arm64" } else { "x64" };

/// A real agent.
struct Real {
    /// Its runner, and the program.
    name: &'static str,
    /// Where npm puts that. Some packages have their program put in place by a script, and no script of theirs is run.
    program: fn() -> String,
    /// The model, by its own name.
    model: &'static str,
    /// How it is told of its model's server.
    settle: fn(&House, &ModelServer) -> Vec<(&'static str, String)>,
    /// How the key is called that it cannot do without.
    key: &'static str,
}

const REAL: [Real; 3] = [
    Real {
        name: "claude",
        program: || format!("node/node_modules/@anthropic-ai/claude-code-linux-{ARCHITECTURE}/claude"),
        model: "sonnet",
        settle: claude,
        key: "ANTHROPIC_API_KEY",
    },
    Real {
        name: "gemini",
        program: || "node/node_modules/.bin/gemini".to_owned(),
        model: "gemini-2.5-pro",
        settle: gemini,
        key: "GEMINI_API_KEY",
    },
    Real {
        name: "opencode",
        program: || format!("node/node_modules/opencode-linux-{ARCHITECTURE}/bin/opencode"),
        model: "scripted/m",
        settle: opencode,
        key: "OPENCODE_CONFIG_CONTENT",
    },
];

const HERMES: Real = Real {
    name: "hermes",
    program: || "python/bin/hermes".to_owned(),
    model: "scripted",
    settle: hermes,
    key: "",
};

fn claude(house: &House, server: &ModelServer) -> Vec<(&'static str, String)> {
    let keeps = house.user_home().join("claude");
    vec![
        ("ANTHROPIC_BASE_URL", server.root()),
        ("ANTHROPIC_API_KEY", "none".to_owned()),
        ("CLAUDE_CONFIG_DIR", keeps.to_str().unwrap().to_owned()),
        ("CLAUDE_CODE_DISABLE_NONESSENTIAL_TRAFFIC", "1".to_owned()),
        ("CLAUDE_CODE_MAX_RETRIES", "0".to_owned()),
    ]
}

/// Gemini keeps its settings in the user's home alone. What a person wrote there holds in a run, too.
fn gemini(house: &House, server: &ModelServer) -> Vec<(&'static str, String)> {
    let keeps = house.user_home().join(".gemini");
    std::fs::create_dir_all(&keeps).unwrap();
    let settings = "{ // by hand\n \"security\": { \"auth\": { \"selectedType\": \"gemini-api-key\" } },\n \
        \"privacy\": { \"usageStatisticsEnabled\": false }, \"general\": { \"enableAutoUpdate\": false } }";
    std::fs::write(keeps.join("settings.json"), settings).unwrap();
    vec![("GOOGLE_GEMINI_BASE_URL", server.root()), ("GEMINI_API_KEY", "none".to_owned())]
}

fn opencode(_house: &House, server: &ModelServer) -> Vec<(&'static str, String)> {
    let provider = json!({ "npm": "@ai-sdk/openai-compatible", "name": "Scripted", "models": { "m": { "name": "M" } },
        "options": { "baseURL": server.base_url(), "apiKey": "none" } });
    let content = json!({ "provider": { "scripted": provider }, "autoupdate": false, "share": "disabled" });
    vec![
        ("OPENCODE_CONFIG_CONTENT", content.to_string()),
        ("OPENCODE_DISABLE_MODELS_FETCH", "1".to_owned()),
        ("OPENCODE_DISABLE_LSP_DOWNLOAD", "1".to_owned()),
    ]
}

/// The Hermes profile `coder`, as a person has set it up for Hermes alone.
fn hermes(house: &House, server: &ModelServer) -> Vec<(&'static str, String)> {
    let keeps = house.user_home().join(".hermes/profiles/coder");
    std::fs::create_dir_all(&keeps).unwrap();
    let model = format!(
        "model:\n  provider: custom\n  default: scripted\n  base_url: {}\n  api_key: none\n",
        server.base_url()
    );
    std::fs::write(keeps.join("config.yaml"), model).unwrap();
    std::fs::write(keeps.join(".env"), "").unwrap();
    Vec::new()
}

impl Real {
    /// The profile `coder` of a house, and a dispatcher that finds the agent alone under its name.
    fn settled(&self, house: &House, server: &ModelServer, but: &str) -> andon_tests::Dispatcher {
        let bin = house.outside().join("real");
        std::fs::create_dir_all(&bin).unwrap();
        std::os::unix::fs::symlink(installed(&(self.program)()), bin.join(self.name)).unwrap();
        let variables = (self.settle)(house, server);
        let kept = variables.iter().filter(|(name, _)| *name != but);
        let lines: String = kept.map(|(name, value)| format!("{name} = {value:?}\n")).collect();
        let settings = format!(
            "runner = {:?}\nmodel = {:?}\nmax_runtime = \"80s\"\n[env]\n{lines}",
            self.name, self.model
        );
        house.profile("coder", &settings);
        house.dispatcher_with(&[], &[("PATH", &path_with(&bin))])
    }
}

/// A script of turns for whoever offers the tools; whoever asks for a title is given one.
fn script(turns: &Value) -> Value {
    json!({ "conversations": [
        { "when": { "offers": "kanban_complete" }, "turns": turns },
        { "turns": [{ "say": "{\"title\": \"a title\"}" }], "then": "repeat" },
    ] })
}

fn works_a_task_to_its_end(agent: &Real) {
    let house = House::new();
    let server = ModelServer::start(script(&json!([
        { "calls": [{ "name": "kanban_show", "arguments": {} }], "usage": { "input": 100, "output": 7, "cached": 40 } },
        { "calls": [{ "name": "kanban_comment", "arguments": { "task_id": "{{task}}", "body": "halfway through" } }],
          "usage": { "input": 120, "output": 8, "cached": 100 } },
        { "calls": [{ "name": "kanban_complete", "arguments": { "summary": "built for real" } }],
          "usage": { "input": 140, "output": 9, "cached": 120 } },
        { "say": "all done", "usage": { "input": 160, "output": 3, "cached": 140 } },
    ])));
    let _dispatcher = agent.settled(&house, &server, "");
    let task = house.create(["build the thing", "--assignee", "coder", "--body", "with the greatest care"]);
    let child = house.create(["go on", "--assignee", "sh", "--body", "true", "--parent", &task]);
    let shown = || house.andon(["log", &task]).ok();
    wait_until("the task is over", || ["done", "blocked"].contains(&house.status(&task).as_str()));
    let done = house.task(&task);
    assert_eq!((&done["status"], &done["result"]), (&json!("done"), &json!("built for real")), "{}", shown());
    house.wait_status(&child, "done");
    let run = || house.runs(&task)[0].clone();
    wait_until("what it consumed is known", || {
        !run()["reaped_at"].is_null() && !run()["input_tokens"].is_null()
    });
    let ended = run();
    assert_eq!((&ended["outcome"], &ended["summary"]), (&json!("completed"), &json!("built for real")));
    assert!(text_of(&ended["session"]).len() >= 20, "{ended:#}");
    let count = |key: &str| ended[key].as_i64().unwrap_or(-1);
    // The four turns; and a title, where the agent asks for one and counts it.
    assert!((520..=720).contains(&count("input_tokens")), "{ended:#}");
    assert!((27..=67).contains(&count("output_tokens")), "{ended:#}");
    assert_eq!(count("cached_tokens"), 400, "{ended:#}");
    let comments = house.show(&task)["comments"].clone();
    assert!(comments.as_array().unwrap().iter().any(|one| one["body"] == "halfway through"), "{comments:#}");
    let asked: Vec<String> = server
        .requests()
        .iter()
        .filter(|request| request.conversation == Some(0))
        .map(|request| request.body.to_string())
        .collect();
    assert!(asked.len() >= 3, "{}", asked.len());
    for told in ["build the thing", "with the greatest care", "kanban_complete"] {
        assert!(asked[0].contains(told), "{told}");
    }
    assert!(asked[1].contains("worker_context"), "the tool answers with the task");
    house.healthy();
}

/// Asks in its first run and completes in its second, in which `sessions` says whether it has to be the same session.
fn goes_on_when_its_question_is_answered(agent: &Real, sessions: bool) {
    let house = House::new();
    let ask =
        json!({ "name": "kanban_block", "arguments": { "kind": "needs_input", "reason": "which colour?" } });
    let end = json!({ "calls": [{ "name": "kanban_complete", "arguments": { "summary": "it is blue" } }] });
    let answered =
        if sessions { json!([end, { "say": "done" }]) } else { json!([end, end, { "say": "done" }]) };
    let server = ModelServer::start(json!({ "conversations": [
        { "when": { "offers": "kanban_complete", "contains": "paint it blue" }, "turns": answered, "then": "repeat" },
        { "when": { "offers": "kanban_complete" }, "turns": [{ "calls": [ask] }, { "say": "I wait" }] },
        { "turns": [{ "say": "{\"title\": \"a title\"}" }], "then": "repeat" },
    ] }));
    let _dispatcher = agent.settled(&house, &server, "");
    let task = house.create(["paint it", "--assignee", "coder"]);
    house.wait_status(&task, "blocked");
    wait_until("the first run is over", || {
        let run = &house.runs(&task)[0];
        !run["reaped_at"].is_null() && !run["input_tokens"].is_null()
    });
    let _ = house.andon(["unblock", &task, "--reason", "paint it blue"]).ok();
    wait_until("the task is over", || ["done", "blocked"].contains(&house.status(&task).as_str()));
    assert_eq!(house.task(&task)["result"], "it is blue", "{}", house.andon(["log", &task]).ok());
    wait_until("what both consumed is known", || !house.runs(&task)[1]["input_tokens"].is_null());
    let runs = house.runs(&task);
    assert_eq!(house.outcomes(&task), ["blocked", "completed"], "{runs:#?}");
    let asked: Vec<_> = server.requests().into_iter().filter(|one| one.conversation == Some(0)).collect();
    let first = asked[0].body.to_string();
    for told in ["which colour?", "paint it blue", "in this session"] {
        assert!(first.contains(told), "{told}");
    }
    if sessions {
        assert_eq!(runs[0]["session"], runs[1]["session"], "{runs:#?}");
    }
}

/// The doctor says so before, and the run after: without a login nothing is tried twice.
fn without_a_login_a_person_is_asked(agent: &Real) {
    let house = House::new();
    let _ = house.andon(["init"]).exits(0);
    let server = ModelServer::start(script(&json!([])));
    let _dispatcher = agent.settled(&house, &server, agent.key);
    let path = path_with(&house.outside().join("real"));
    let mut doctor = house.command();
    doctor.args(["doctor"]).env("PATH", path);
    let told = House::answer(doctor);
    let told = format!("{}{}", told.stdout, told.stderr);
    assert!(told.contains(&format!("{} is not logged in", agent.name)), "{told}");
    let task = house.create(["build the thing", "--assignee", "coder"]);
    house.wait_status(&task, "blocked");
    let blocked = house.task(&task);
    assert_eq!(blocked["block_kind"], "capability", "{blocked:#}");
    assert_eq!((house.outcomes(&task).len(), server.calls()), (1, 0), "{blocked:#}");
}

/// A command in the terminal of Hermes, in which the PATH is not that of the run.
fn by_terminal(arguments: &str) -> Value {
    let command = format!("'{}' {arguments}", andon().display());
    json!({ "calls": [{ "name": "terminal", "arguments": { "command": command } }] })
}

#[test]
fn hermes_works_a_task_to_its_end_and_goes_on_when_its_question_is_answered() {
    let house = House::new();
    let ask =
        [by_terminal("comment 'halfway through'"), by_terminal("block --kind needs_input 'which colour?'")];
    let end = by_terminal("complete --summary 'it is blue'");
    let said = json!({ "say": "that is all" });
    let server = ModelServer::start(json!({ "conversations": [
        { "when": { "offers": "terminal", "contains": "paint it blue" }, "turns": [end, said], "then": "repeat" },
        { "when": { "offers": "terminal" }, "turns": [ask[0], ask[1], said], "then": "repeat" },
        { "turns": [{ "say": "a title" }], "then": "repeat" },
    ] }));
    let _dispatcher = HERMES.settled(&house, &server, "");
    let task = house.create(["build the thing", "--assignee", "coder", "--body", "with the greatest care"]);
    let child = house.create(["go on", "--assignee", "sh", "--body", "true", "--parent", &task]);
    house.wait_status(&task, "blocked");
    let log = || house.andon(["log", &task]).ok();
    assert_eq!(house.task(&task)["block_reason"], "which colour?", "{}", log());
    wait_until("the first run is over", || !house.runs(&task)[0]["reaped_at"].is_null());
    let _ = house.andon(["unblock", &task, "--reason", "paint it blue"]).ok();
    wait_until("the task is over", || ["done", "blocked"].contains(&house.status(&task).as_str()));
    assert_eq!(house.task(&task)["result"], "it is blue", "{}", log());
    house.wait_status(&child, "done");
    wait_until("the session is known", || !house.runs(&task)[1]["session"].is_null());
    let runs = house.runs(&task);
    assert!(text_of(&runs[0]["session"]).len() >= 12, "{runs:#?}");
    assert_eq!(runs[0]["session"], runs[1]["session"], "{runs:#?}");
    let of = |number| {
        let asked = server.requests().into_iter().find(|one| one.conversation == Some(number));
        asked.expect("it was asked").body.to_string()
    };
    let (first, resumed) = (of(1), of(0));
    for told in ["build the thing", "with the greatest care", "work kanban task", "they fail here"] {
        assert!(first.contains(told), "{told}");
    }
    assert!(first.contains(&format!("'{}'", andon().display())), "the command's whole path is told");
    for told in ["which colour?", "paint it blue", "halfway through"] {
        assert!(resumed.contains(told), "{told}");
    }
}

#[test]
fn claude_code_works_a_task_to_its_end_through_its_tools() {
    works_a_task_to_its_end(&REAL[0]);
}

#[test]
fn gemini_works_a_task_to_its_end_through_its_tools() {
    works_a_task_to_its_end(&REAL[1]);
}

#[test]
fn opencode_works_a_task_to_its_end_through_its_tools() {
    works_a_task_to_its_end(&REAL[2]);
}

#[test]
fn claude_code_goes_on_with_its_session_when_its_question_is_answered() {
    goes_on_when_its_question_is_answered(&REAL[0], true);
}

/// Its version here resumes a conversation that its API refuses, each result in it twice. Then the run begins a new session, and
/// fails at nothing.
#[test]
fn gemini_goes_on_when_its_question_is_answered_though_its_session_is_refused() {
    goes_on_when_its_question_is_answered(&REAL[1], false);
}

#[test]
fn opencode_goes_on_with_its_session_when_its_question_is_answered() {
    goes_on_when_its_question_is_answered(&REAL[2], true);
}

#[test]
fn claude_code_and_gemini_without_a_login_ask_for_a_person() {
    without_a_login_a_person_is_asked(&REAL[0]);
    without_a_login_a_person_is_asked(&REAL[1]);
}
