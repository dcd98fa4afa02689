//! The built-in agent as the supervisor starts it: the built binary, against a model that answers by a script. Each fault has
//! an outcome, leaves the task in a state, and tells a person a sentence.

use std::path::PathBuf;

use andon_tests::workshop::{KEY, Workshop, call, complete};
use andon_tests::{House, processes, text_of, wait_for, wait_until};
use serde_json::{Value, json};

#[test]
fn a_task_is_worked_on_to_its_end_and_what_it_cost_is_kept() {
    let turns = json!([
        call("kanban_show", json!({})),
        { "say": "I write it.", "calls": [{ "name": "shell", "arguments": { "command": "echo hello > out.txt; cat out.txt" } }],
          "usage": { "input": 1000, "output": 50, "cached": 400 } },
        complete(),
    ]);
    let workshop = Workshop::new(turns);
    workshop.profile(&workshop.server.base_url(), "input_price = 1.0\noutput_price = 2.0\n");
    let task = workshop.worked(&[]);
    assert_eq!(workshop.house.status(&task), "done", "{}", workshop.shown(&task));
    let runs = workshop.house.runs(&task);
    assert_eq!(
        (runs[0]["outcome"].clone(), runs[0]["summary"].clone()),
        (json!("completed"), json!("it is written"))
    );
    assert_eq!(
        (runs[0]["input_tokens"].clone(), runs[0]["output_tokens"].clone()),
        (json!(1_200), json!(90)),
        "{}",
        runs[0]
    );
    assert_eq!((runs[0]["cached_tokens"].clone(), runs[0]["model"].clone()), (json!(400), json!("scripted")));
    let first = &workshop.server.requests()[0];
    assert_eq!(first.authorization.as_deref(), Some(format!("Bearer {KEY}").as_str()));
    let asked = first.body.to_string();
    assert!(
        asked.contains("Write hello into out.txt.")
            && asked.contains("pirate")
            && asked.contains("kanban_heartbeat")
    );
    assert!(workshop.last_asked().contains("hello\\n"));
    let kinds: Vec<String> = workshop.transcript(&task).iter().map(|entry| text_of(&entry["kind"])).collect();
    assert_eq!((kinds.first().unwrap().as_str(), kinds.last().unwrap().as_str()), ("system", "end"));
    let told = workshop.house.andon(["log", &task, "--transcript"]).ok();
    assert!(told.contains("I write it.") && told.contains("result shell"), "{told}");
    assert!(workshop.house.andon(["log", &task]).ok().contains("I write it."));
    // 800 tokens sent anew, 400 from the cache at the same price, 90 answered.
    assert!(workshop.shown(&task).contains("1200 + 90 tokens, $0.0013"), "{}", workshop.shown(&task));
    let consumed = workshop.house.json(["stats"])["consumed"][0].clone();
    assert_eq!(
        [&consumed["profile"], &consumed["runs"], &consumed["input_tokens"], &consumed["cost_usd"]],
        [&json!("coder"), &json!(1), &json!(1_200), &json!(0.00138)],
        "{consumed:#}"
    );
    workshop.nothing_leaks();
    workshop.house.healthy();
}

#[test]
fn an_answer_at_once_serves_as_well_as_a_stream() {
    let workshop = Workshop::with(
        json!({ "conversations": [{ "turns": [call("read", json!({ "path": "." })), complete()] }] }),
        "stream = false\n",
    );
    let task = workshop.worked(&[]);
    assert_eq!(workshop.house.status(&task), "done", "{}", workshop.shown(&task));
    assert!(workshop.server.requests().iter().all(|request| request.body["stream"] != true));
}

#[test]
fn the_responses_api_serves_as_well() {
    let script = json!({ "conversations": [{ "when": { "api": "responses" }, "turns": [call("read", json!({ "path": "." })), complete()] }] });
    let workshop = Workshop::with(script, "provider = \"openai_resp\"\n");
    let task = workshop.worked(&[]);
    assert_eq!(workshop.house.status(&task), "done", "{}", workshop.shown(&task));
}

#[test]
fn an_endpoint_that_is_down_is_nobody_s_fault() {
    let workshop = Workshop::new(json!([]));
    // A port that was free a moment ago and that nobody listens on.
    let free = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
    workshop.profile(&format!("http://{free}/v1"), "");
    let task = workshop.worked(&[]);
    workshop.expect(&task, "rate_limited", "ready", "the model is not available");
    assert_eq!(
        workshop.house.task(&task)["consecutive_failures"],
        json!(0),
        "{}",
        workshop.house.task(&task)
    );
}

#[test]
fn a_slow_endpoint_is_given_up_in_time() {
    let script = json!({ "conversations": [{ "turns": [{ "hang": true }], "then": "repeat" }] });
    let workshop = Workshop::with(script, "first_byte_timeout = \"100ms\"\nretry_limit = 1\n");
    let task = workshop.worked(&[]);
    workshop.expect(&task, "rate_limited", "ready", "timed out");
    assert_eq!(workshop.server.calls(), 2);
}

#[test]
fn a_stream_that_falls_silent_is_given_up_in_time() {
    let script =
        json!({ "conversations": [{ "turns": [{ "say": "and then", "pause_ms": 5_000 }, complete()] }] });
    let workshop = Workshop::with(script, "idle_timeout = \"150ms\"\n");
    let task = workshop.worked(&[]);
    assert_eq!(workshop.house.status(&task), "done", "{}", workshop.shown(&task));
    assert_eq!(workshop.server.calls(), 2);
}

#[test]
fn a_refused_key_needs_a_person_and_is_shown_to_nobody() {
    let refusal = json!({ "error": { "message": format!("Incorrect API key provided: {KEY}") } });
    let workshop = Workshop::new(json!([{ "status": 401, "body": refusal }]));
    let task = workshop.worked(&[]);
    workshop.expect(&task, "crashed", "blocked", "the model's provider refused the key (status 401)");
    assert_eq!(workshop.house.task(&task)["block_kind"], "capability");
    assert_eq!(workshop.server.calls(), 1);
}

#[test]
fn a_rate_limit_that_passes_costs_a_pause() {
    let turns = json!([{ "status": 429, "headers": { "retry-after": "0" } }, { "status": 429 }, complete()]);
    let workshop = Workshop::new(turns);
    let task = workshop.worked(&[]);
    assert_eq!(workshop.house.status(&task), "done", "{}", workshop.shown(&task));
    assert!(workshop.house.andon(["log", &task]).ok().contains("asking again in"));
}

#[test]
fn a_rate_limit_that_stays_ends_the_run_without_a_fault() {
    for headers in [json!({}), json!({ "retry-after": "3600" })] {
        let long = headers != json!({});
        let turn = json!({ "status": 429, "headers": headers, "body": { "error": { "message": "slow down, please" } } });
        let workshop =
            Workshop::with(json!({ "conversations": [{ "turns": [turn], "then": "repeat" }] }), "");
        let task = workshop.worked(&[]);
        workshop.expect(&task, "rate_limited", "ready", "slow down, please");
        // An hour is not waited for in a run.
        assert_eq!(workshop.server.calls(), if long { 1 } else { 3 });
        let why = workshop.house.andon(["why", &task]).ok();
        assert!(why.contains("rate limit") || why.contains("cool"), "{why}");
    }
}

#[test]
fn an_answer_that_is_no_json_is_a_crash_with_a_sentence() {
    for more in ["", "stream = false\n"] {
        let script = json!({ "conversations": [{ "turns": [{ "malformed": true }], "then": "repeat" }] });
        let workshop = Workshop::with(script, more);
        let task = workshop.worked(&["--max-retries", "1"]);
        workshop.expect(&task, "crashed", "blocked", "the model's answer cannot be read");
        assert_eq!(workshop.server.calls(), 3);
    }
}

#[test]
fn a_stream_that_breaks_off_is_asked_for_again() {
    let turns =
        json!([{ "say": "half of it, and the other half", "truncate": true }, { "drop": true }, complete()]);
    let workshop = Workshop::new(turns);
    let task = workshop.worked(&[]);
    assert_eq!(workshop.house.status(&task), "done", "{}", workshop.shown(&task));
    assert_eq!(workshop.server.calls(), 3);
}

#[test]
fn a_model_that_is_not_there_needs_a_person() {
    let workshop = Workshop::new(
        json!([{ "status": 404, "body": { "error": { "message": "model `scripted` does not exist" } } }]),
    );
    let task = workshop.worked(&[]);
    workshop.expect(&task, "spawn_failed", "blocked", "model `scripted` does not exist");
}

#[test]
fn a_profile_that_cannot_work_says_what_is_missing_before_any_call() {
    for (more, sentence) in [
        ("provider = \"opnai\"\n", "`opnai` is no provider"),
        ("api_key_env = \"NO_SUCH_KEY\"\n", "`NO_SUCH_KEY` is not set"),
        ("model = \"\"\n", "no model is named"),
        ("colour = \"red\"\n", "unknown field `colour`"),
    ] {
        let workshop = Workshop::new(json!([complete()]));
        workshop.profile(&workshop.server.base_url(), more);
        let task = workshop.worked(&[]);
        workshop.expect(&task, "spawn_failed", "blocked", sentence);
        assert_eq!(workshop.server.calls(), 0);
    }
}

#[test]
fn wrong_calls_are_answered_and_the_work_goes_on() {
    let turns = json!([
        { "calls": [{ "name": "kanban_compleet", "arguments": {}, "exact": true }] },
        { "calls": [{ "name": "read", "raw_arguments": "{\"path\": " }] },
        call("read", json!({})),
        call("kanban_comment", json!({})),
        call("shell", json!({ "command": "head -c 10485760 /dev/zero | tr '\\0' y; echo THE END" })),
        call("shell", json!({ "command": "head -c 5000 /dev/urandom" })),
        complete(),
    ]);
    let workshop = Workshop::new(turns);
    let task = workshop.worked(&[]);
    assert_eq!(workshop.house.status(&task), "done", "{}", workshop.shown(&task));
    let asked = workshop.last_asked();
    for sentence in [
        "there is no tool `kanban_compleet`. Did you mean `kanban_complete`?",
        "arguments of `read` are no JSON object",
        "missing field `path`",
        "error: {\\\"ok\\\":false",
        "bytes left out",
        "THE END",
        "binary data, 5000 bytes",
    ] {
        assert!(asked.contains(sentence), "{sentence}");
    }
    assert!(asked.len() < 200_000, "{}", asked.len());
    workshop.nothing_leaks();
}

#[test]
fn a_model_that_repeats_a_call_is_told_and_then_ended() {
    let script = json!({ "conversations": [{ "turns": [call("read", json!({ "path": "nothing" }))], "then": "repeat" }] });
    let workshop = Workshop::with(script, "");
    let task = workshop.worked(&["--max-retries", "1"]);
    workshop.expect(&task, "timed_out", "blocked", "made the same call 5 times");
    assert_eq!(workshop.server.calls(), 5);
    assert!(workshop.last_asked().contains("this is the same call with the same result"));
}

#[test]
fn a_budget_that_is_used_up_ends_the_run_by_the_worker_itself() {
    let turns: Vec<Value> =
        (0..9).map(|number| call("glob", json!({ "pattern": format!("{number}") }))).collect();
    let workshop = Workshop::with(json!({ "conversations": [{ "turns": turns }] }), "max_turns = 4\n");
    let task = workshop.worked(&["--max-retries", "1"]);
    workshop.expect(&task, "timed_out", "blocked", "the budget of 4 answers is used up");
    assert_eq!(workshop.server.calls(), 4);
    assert!(workshop.last_asked().contains("one answer is left"));
    assert_eq!(workshop.house.runs(&task)[0]["metadata"], json!({ "budget_used": 4, "budget_max": 4 }));
}

#[test]
fn words_alone_are_nudged_twice_and_kept_as_the_error() {
    let workshop =
        Workshop::new(json!([{ "say": "Done!" }, { "say": "I said done." }, { "say": "The answer is 42." }]));
    let task = workshop.worked(&[]);
    workshop.expect(&task, "protocol_violation", "blocked", "its last words: The answer is 42.");
    assert_eq!(workshop.server.calls(), 3);
}

#[test]
fn an_end_in_the_background_is_told_once() {
    let turns = json!([
        call("shell", json!({ "command": "echo built; exit 3", "background": true })),
        call("process", json!({ "id": 99, "action": "output" })),
        call("shell", json!({ "command": "sleep 0.3" })),
        call("glob", json!({ "pattern": "a" })),
        call("glob", json!({ "pattern": "b" })),
        complete(),
    ]);
    let workshop = Workshop::new(turns);
    let task = workshop.worked(&[]);
    assert_eq!(workshop.house.status(&task), "done", "{}", workshop.shown(&task));
    let asked = workshop.last_asked();
    assert_eq!(asked.matches("Note: process 1 in the background").count(), 1, "{asked}");
    assert!(asked.contains("exit 3"));
}

#[test]
fn the_end_of_the_run_stops_what_its_tools_started() {
    let turns = json!([
        call(
            "shell",
            json!({ "command": "echo $$ > \"$OUT/background\"; setsid sleep 1000", "background": true })
        ),
        call(
            "shell",
            json!({ "command": "(setsid sleep 1000 & echo $! > \"$OUT/stray\"); while [ ! -s \"$OUT/background\" ]; do sleep 0.01; done" })
        ),
        complete(),
    ]);
    let workshop = Workshop::new(turns);
    let task = workshop.worked(&[]);
    assert_eq!(workshop.house.status(&task), "done", "{}", workshop.shown(&task));
    for file in ["background", "stray"] {
        let pid: i32 = workshop.house.lines(file)[0].trim().parse().unwrap();
        wait_until("it is gone", || !processes::lives(pid));
    }
    workshop.nothing_leaks();
}

#[test]
fn a_run_that_is_stopped_gives_up_its_call_of_the_model_at_once() {
    let script = json!({ "conversations": [{ "turns": [{ "hang": true }], "then": "repeat" }] });
    let workshop = Workshop::with(script, "");
    let task = workshop.create(&[]);
    let _dispatcher = workshop.house.dispatcher();
    wait_until("the model is asked", || workshop.server.calls() == 1);
    let _ = workshop.house.andon(["stop", &task]).ok();
    assert_eq!(workshop.house.status(&task), "blocked");
    assert_eq!(workshop.house.outcomes(&task), ["cancelled"]);
    wait_until("the transcript has its end", || {
        workshop.transcript(&task).last().is_some_and(|entry| entry["kind"] == "end")
    });
    assert_eq!(workshop.server.calls(), 1);
}

#[test]
fn a_signal_ends_the_agent_and_keeps_what_was_said() {
    let workshop = Workshop::new(json!([
        call("shell", json!({ "command": "echo a finding" })),
        { "hang": true },
    ]));
    let task = workshop.create(&[]);
    let claimed = workshop.house.json(["claim", &task]);
    let mut agent = started_by_hand(&workshop, &task, &claimed).spawn().unwrap();
    wait_until("the model is asked again", || workshop.server.calls() == 2);
    processes::terminate(i32::try_from(agent.id()).unwrap());
    assert_eq!(agent.wait().unwrap().code(), Some(143));
    let told = workshop.transcript(&task);
    let texts: Vec<String> = told.iter().map(|entry| text_of(&entry["text"])).collect();
    assert_eq!(
        (told.last().unwrap()["kind"].clone(), texts.iter().any(|text| text.contains("a finding"))),
        (json!("end"), true)
    );
    // Whoever stops a worker says why on the board: the agent itself says nothing there.
    assert_eq!(workshop.house.status(&task), "running");
}

#[test]
fn a_person_s_word_on_a_running_task_ends_the_calls_of_its_model() {
    let script = json!({ "conversations": [{ "turns": [call("shell", json!({ "command": "touch \"$OUT/begun\"; while [ ! -e \"$OUT/go\" ]; do sleep 0.01; done" }))], "then": "repeat" }] });
    let workshop = Workshop::with(script, "");
    let task = workshop.create(&[]);
    let _dispatcher = workshop.house.dispatcher();
    wait_until("a command runs", || workshop.house.outside().join("begun").exists());
    let _ = workshop.house.andon(["block", &task, "wait", "a", "moment"]).ok();
    workshop.house.touch("go");
    wait_until("the run is reaped", || workshop.house.runs(&task)[0]["reaped_at"] != Value::Null);
    assert_eq!(workshop.server.calls(), 1);
}

/// `andon agent run` by hand for a run.
fn started_by_hand(workshop: &Workshop, task: &str, claimed: &Value) -> std::process::Command {
    let mut command = workshop.house.command();
    command
        .args(["agent", "run"])
        .env("ANDON_BOARD", "default")
        .env("ANDON_TASK", task)
        .env("ANDON_PROFILE", "coder");
    command
        .env("ANDON_RUN", text_of(&claimed["run"]["id"]))
        .env("ANDON_RUN_TOKEN", text_of(&claimed["run"]["token"]));
    command.env("ANDON_WORKSPACE", workshop.house.outside()).env("OUT", workshop.house.outside());
    command
}

/// The same with one variable changed, to its end.
fn by_hand(
    workshop: &Workshop,
    task: &str,
    claimed: &Value,
    change: (&str, Option<&str>),
) -> andon_tests::Answer {
    let mut command = started_by_hand(workshop, task, claimed);
    match change {
        (name, Some(value)) => command.env(name, value),
        (name, None) => command.env_remove(name),
    };
    House::answer(command)
}

#[test]
fn the_startup_guard_asks_no_model_and_changes_nothing() {
    let workshop = Workshop::new(json!([complete()]));
    let task = workshop.create(&[]);
    let claimed = workshop.house.json(["claim", &task]);
    let other = "01ARZ3NDEKTSV4RRFFQ69G5FAV";
    let head = workshop.house.head();
    for change in [
        ("ANDON_RUN", None),
        ("ANDON_RUN", Some("nonsense")),
        ("ANDON_RUN", Some(other)),
        ("ANDON_RUN_TOKEN", None),
        ("ANDON_RUN_TOKEN", Some("0123456789abcdef")),
        ("ANDON_TASK", None),
        ("ANDON_TASK", Some("t_zzzzzzzz")),
    ] {
        let answer = by_hand(&workshop, &task, &claimed, change).exits(0);
        assert!(answer.stderr.contains("standing down"), "{change:?}: {answer:?}");
    }
    assert_eq!((workshop.server.calls(), workshop.house.head()), (0, head));
    // The same run, blocked by a person meanwhile: its agent finds it ended.
    let _ = workshop.house.andon(["block", &task, "not", "now"]).ok();
    let answer = by_hand(&workshop, &task, &claimed, ("LANG", Some("C"))).exits(0);
    assert!(answer.stderr.contains("standing down: run_ended"), "{answer:?}");
    assert_eq!(workshop.server.calls(), 0);
    assert_eq!(workshop.house.status(&task), "blocked");
}

#[test]
fn an_agent_works_on_a_run_that_was_claimed_by_hand() {
    let workshop = Workshop::new(json!([complete()]));
    let task = workshop.create(&[]);
    let claimed = workshop.house.json(["claim", &task]);
    let _ = by_hand(&workshop, &task, &claimed, ("LANG", Some("C"))).exits(0);
    assert_eq!(workshop.house.status(&task), "done");
}

#[test]
fn keys_and_the_run_s_secret_are_hidden_from_the_shell() {
    let turns = json!([
        call("shell", json!({ "command": "env | grep -c -e RUN_TOKEN -e API_KEY; env | grep ANDON_RUN=" })),
        complete()
    ]);
    let workshop = Workshop::new(turns);
    workshop.house.profile(
        "coder",
        &format!(
            "runner = \"agent\"\n[agent]\nprovider = \"openai\"\nmodel = \"scripted\"\nbase_url = \"{}\"\napi_key_env = \"MY_API_KEY\"\n[env]\nMY_API_KEY = \"{KEY}\"\nOPENAI_API_KEY = \"{KEY}\"\n",
            workshop.server.base_url()
        ),
    );
    let task = workshop.worked(&[]);
    assert_eq!(workshop.house.status(&task), "done", "{}", workshop.shown(&task));
    assert_eq!(
        workshop.server.requests()[0].authorization.as_deref(),
        Some(format!("Bearer {KEY}").as_str())
    );
    assert!(workshop.last_asked().contains("\"0\\nANDON_RUN="), "{}", workshop.last_asked());
}

#[test]
fn in_goal_mode_the_judge_lets_it_go_on_until_the_goal_is_reached() {
    let judge = json!({ "when": { "contains": "You judge whether the goal" }, "turns": [
        { "say": "{\"verdict\": \"continue\", \"reason\": \"the file is missing\"}" },
        { "say": "{\"verdict\": \"done\", \"reason\": \"the file is there\"}" },
    ]});
    let worker =
        json!({ "turns": [{ "say": "I think I am done" }, { "say": "the file is written" }, complete()] });
    let workshop = Workshop::with(json!({ "conversations": [judge, worker] }), "");
    let task = workshop.worked(&["--goal"]);
    assert_eq!(workshop.house.status(&task), "done", "{}", workshop.shown(&task));
    assert!(workshop.last_asked().contains("the file is missing"));
}

#[test]
fn a_goal_that_cannot_be_reached_blocks_the_task_with_the_judge_s_reason() {
    let judge = json!({ "when": { "contains": "You judge whether the goal" }, "turns": [
        { "say": "{\"verdict\": \"unachievable\", \"reason\": \"only the owner can open the vault\"}" },
    ]});
    let workshop = Workshop::with(
        json!({ "conversations": [judge, { "turns": [{ "say": "I cannot open the vault" }] }] }),
        "",
    );
    let task = workshop.worked(&["--goal"]);
    assert_eq!(workshop.house.status(&task), "blocked");
    assert_eq!(workshop.house.outcomes(&task), ["blocked"]);
    assert!(workshop.shown(&task).contains("only the owner can open the vault"));
}

#[test]
fn the_judge_can_be_asked_by_programs() {
    let workshop = Workshop::new(json!([{ "say": "{\"verdict\": \"continue\", \"reason\": \"not yet\"}" }]));
    let mut command = workshop.house.command();
    command.args(["agent", "judge"]).env("ANDON_PROFILE_DIR", workshop.house.home().join("profiles/coder"));
    let question = workshop.house.outside().join("question");
    std::fs::write(&question, json!({ "goal": "count", "response": "one, two" }).to_string()).unwrap();
    command.stdin(std::fs::File::open(&question).unwrap());
    let verdict = House::answer(command).exits(0).json();
    assert_eq!((&verdict["verdict"], &verdict["reason"]), (&json!("continue"), &json!("not yet")));
    assert_eq!(
        (&verdict["usage"]["input_tokens"], &verdict["usage"]["model"]),
        (&json!(100), &json!("scripted"))
    );
    let mut broken = workshop.house.command();
    broken.args(["agent", "judge"]);
    let answer = House::answer(broken).exits(1);
    assert!(answer.stderr.contains("the question"), "{answer:?}");
}

#[test]
fn images_and_small_files_of_the_task_stand_in_the_first_turn() {
    let workshop = Workshop::new(json!([complete()]));
    let task = workshop.create(&[]);
    let file = |name: &str, content: &[u8]| -> PathBuf {
        let path = workshop.house.outside().join(name);
        std::fs::write(&path, content).unwrap();
        path
    };
    for path in [file("shot.png", b"\x89PNG\r\n\x1a\n"), file("notes.txt", b"mind the gap")] {
        let _ = workshop.house.andon(["attach".as_ref(), task.as_ref(), path.as_os_str()]).ok();
    }
    workshop.dispatched();
    let asked = workshop.last_asked();
    assert!(
        asked.contains("data:image/png;base64,iVBORw0KGgo=") && asked.contains("mind the gap"),
        "{asked}"
    );
}

#[test]
fn many_agents_at_once_lose_no_run() {
    let count = if andon_tests::chaos() { 100 } else { 12 };
    let turns = json!([call("write", json!({ "path": "out.txt", "content": "{{task}}" })), { "calls": complete()["calls"], "delay_ms": 50 }]);
    let workshop = Workshop::new(turns);
    workshop.house.config(&format!("max_running = {count}\n"));
    let tasks: Vec<String> = (0..count).map(|_| workshop.create(&[])).collect();
    let _dispatcher = workshop.house.dispatcher();
    for task in &tasks {
        wait_for("it is done", || (workshop.house.status(task) == "done").then_some(()));
        assert_eq!(workshop.house.outcomes(task), ["completed"]);
    }
    assert_eq!(workshop.server.calls(), 2 * count);
    workshop.house.healthy();
}

#[test]
fn a_run_goes_on_where_the_last_one_blocked() {
    let turns = json!([
        call("shell", json!({ "command": "echo the colour is unknown" })),
        call("kanban_block", json!({ "reason": "which colour?" })),
        complete(),
    ]);
    let workshop = Workshop::new(turns);
    let task = workshop.worked(&[]);
    assert_eq!(workshop.house.status(&task), "blocked", "{}", workshop.shown(&task));
    let _ = workshop.house.andon(["unblock", &task, "--reason", "green, please"]).ok();
    workshop.dispatched();
    assert_eq!(workshop.house.status(&task), "done", "{}", workshop.shown(&task));
    let asked = workshop.last_asked();
    assert!(asked.contains("the colour is unknown") && asked.contains("green, please"), "{asked}");
    // Its tools end the run, and it is told of no commands that do.
    assert!(asked.contains("in this session") && !asked.contains("andon complete --summary"), "{asked}");
    workshop.nothing_leaks();
}
