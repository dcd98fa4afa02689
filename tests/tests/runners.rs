//! How agents are started, told what to do, listened to and gone on with; by programs that pass for them.

use andon_tests::agents::Agents;
use andon_tests::{House, text_of, wait_until};
use serde_json::json;

/// What Claude Code prints, and an end by the board in between.
const CLAUDE: &str = r#"
s=s-1
case "$*" in *"--resume gone"*) echo "No conversation found with session ID: gone" >&2; exit 1;; esac
printf '{"type":"system","subtype":"init","session_id":"%s","model":"claude-x"}\n' $s
"#;
const RESULT: &str = r#"
printf '{"type":"result","subtype":"success","is_error":false,"result":"my last words","session_id":"%s","total_cost_usd":0.25,"usage":{"input_tokens":10,"cache_creation_input_tokens":5,"cache_read_input_tokens":85,"output_tokens":7}}\n' $s
"#;

fn coder(house: &House, more: &str) {
    house.profile("coder", &format!("runner = \"claude\"\n{more}"));
}

fn task_of(house: &House, profile: &str) -> String {
    house.create(["build the thing", "--assignee", profile, "--body", "with care"])
}

fn run(house: &House, task: &str, index: usize) -> serde_json::Value {
    house.runs(task)[index].clone()
}

#[test]
fn an_agent_is_told_its_task_and_what_it_consumed_is_kept() {
    let house = House::new();
    let agents = Agents::of(&house);
    agents.fake("claude", &format!("{CLAUDE}andon complete --summary built > /dev/null\n{RESULT}"));
    coder(&house, "model = \"opus\"\n");
    let task = task_of(&house, "coder");
    let _dispatcher = agents.dispatcher();
    house.wait_status(&task, "done");
    wait_until("the run is reaped", || !run(&house, &task, 0)["reaped_at"].is_null());
    let ended = run(&house, &task, 0);
    assert_eq!((&ended["outcome"], &ended["summary"]), (&json!("completed"), &json!("built")));
    assert_eq!((&ended["session"], &ended["model"]), (&json!("s-1"), &json!("claude-x")));
    assert_eq!((&ended["input_tokens"], &ended["output_tokens"]), (&json!(100), &json!(7)));
    assert_eq!((&ended["cached_tokens"], &ended["cost_usd"]), (&json!(85), &json!(0.25)));
    let prompt = agents.kept("claude", 1, "stdin");
    assert!(prompt.contains("build the thing") && prompt.contains("with care"), "{prompt}");
    let argv = agents.argv("claude", 1);
    assert!(argv.windows(2).any(|pair| pair == ["--model", "opus"]), "{argv:?}");
    let token = agents.variable("claude", 1, "ANDON_RUN_TOKEN").unwrap();
    assert!(!argv.concat().contains(&token), "the run's secret stands among the arguments");
    assert_eq!(agents.kept("claude", 1, "mode").trim(), "600");
    let tools: serde_json::Value = serde_json::from_str(&agents.kept("claude", 1, "tools")).unwrap();
    let server = &tools["mcpServers"]["andon"];
    assert_eq!(server["env"]["ANDON_RUN_TOKEN"], json!(token));
    assert_eq!((&server["env"]["ANDON_RUN"], &server["args"]), (&ended["id"], &json!(["mcp"])));
    for words in
        [house.andon(["runs", &task]).ok(), house.andon(["show", &task]).ok(), house.andon(["stats"]).ok()]
    {
        assert!(words.contains("100 + 7 tokens, $0.2500"), "{words}");
    }
    let stats = house.json(["stats"]);
    assert_eq!(stats["consumed"][0]["profile"], "coder");
    assert_eq!((&stats["consumed"][0]["runs"], &stats["consumed"][0]["cost_usd"]), (&json!(1), &json!(0.25)));
}

#[test]
fn an_answer_goes_to_the_session_that_asked_and_fresh_starts_anew() {
    let house = House::new();
    let agents = Agents::of(&house);
    let script = format!(
        "{CLAUDE}\n[ $n = 1 ] && andon block --kind needs_input 'which colour?' > /dev/null\n\
         [ $n = 2 ] && andon block --kind needs_input 'and which shape?' > /dev/null\n\
         [ $n = 3 ] && andon complete --summary built > /dev/null\n{RESULT}"
    );
    agents.fake("claude", &script);
    coder(&house, "");
    let instructions = house.home().join("profiles/coder/instructions.md");
    std::fs::write(instructions, "Mind the INSTRUCTIONS.\n").unwrap();
    let task = task_of(&house, "coder");
    let _ = house.andon(["comment", &task, "said before"]).ok();
    let _dispatcher = agents.dispatcher();
    house.wait_status(&task, "blocked");
    let _ = house.andon(["comment", &task, "said after"]).ok();
    let _ = house.andon(["unblock", &task, "--reason", "paint it blue"]).ok();
    wait_until("it asks again", || house.outcomes(&task).len() == 2 && house.status(&task) == "blocked");
    let argv = agents.argv("claude", 2);
    assert!(argv.windows(2).any(|pair| pair == ["--resume", "s-1"]), "{argv:?}");
    let prompt = agents.kept("claude", 2, "stdin");
    for told in ["in this session", "paint it blue", "said after", "which colour?"] {
        assert!(prompt.contains(told), "{told}: {prompt}");
    }
    for known in ["INSTRUCTIONS", "said before"] {
        assert!(!prompt.contains(known), "{known}: {prompt}");
    }
    let _ = house.andon(["unblock", &task, "--fresh"]).ok();
    house.wait_status(&task, "done");
    let argv = agents.argv("claude", 3);
    assert!(!argv.contains(&"--resume".to_owned()), "{argv:?}");
    assert!(agents.kept("claude", 3, "stdin").contains("INSTRUCTIONS"));
}

#[test]
fn a_session_of_another_profile_or_of_a_workspace_that_is_gone_is_not_gone_on_with() {
    let house = House::new();
    let agents = Agents::of(&house);
    agents.fake("claude", &format!("{CLAUDE}\n{RESULT}andon block --kind needs_input 'stuck' > /dev/null"));
    coder(&house, "");
    house.profile("other", "runner = \"claude\"\n");
    let task = task_of(&house, "coder");
    let _dispatcher = agents.dispatcher();
    house.wait_status(&task, "blocked");
    let _ = house.andon(["assign", &task, "other"]).ok();
    let _ = house.andon(["unblock", &task]).ok();
    wait_until("the other one has worked", || {
        house.outcomes(&task).len() == 2 && house.status(&task) == "blocked"
    });
    assert!(!agents.argv("claude", 2).contains(&"--resume".to_owned()));
    let workspace = text_of(&run(&house, &task, 1)["workspace_path"]);
    wait_until("nobody works there", || !run(&house, &task, 1)["reaped_at"].is_null());
    std::fs::remove_dir_all(workspace).unwrap();
    let _ = house.andon(["unblock", &task, "--reason", "news"]).ok();
    wait_until("it has worked again", || {
        house.outcomes(&task).len() == 3 && house.status(&task) == "blocked"
    });
    assert!(!agents.argv("claude", 3).contains(&"--resume".to_owned()));
}

#[test]
fn a_session_that_the_agent_has_lost_is_replaced_within_the_same_run() {
    let house = House::new();
    let agents = Agents::of(&house);
    let script = format!(
        "{CLAUDE}\n[ $n = 1 ] && s=gone && andon block --kind needs_input 'stuck' > /dev/null\n\
         [ $n = 3 ] && andon complete --summary built > /dev/null\n{RESULT}"
    );
    agents.fake("claude", &script);
    coder(&house, "");
    let task = task_of(&house, "coder");
    let _dispatcher = agents.dispatcher();
    house.wait_status(&task, "blocked");
    let _ = house.andon(["unblock", &task]).ok();
    house.wait_status(&task, "done");
    assert_eq!(house.outcomes(&task), ["blocked", "completed"]);
    assert!(agents.argv("claude", 2).contains(&"gone".to_owned()));
    assert!(!agents.argv("claude", 3).contains(&"--resume".to_owned()));
    wait_until("the new session is known", || run(&house, &task, 1)["session"] == "s-1");
}

#[test]
fn what_codex_counts_for_a_whole_session_is_counted_once() {
    let house = House::new();
    let agents = Agents::of(&house);
    agents.fake(
        "codex",
        r#"
echo '{"type":"thread.started","thread_id":"th-1"}'
echo '{"type":"item.completed","item":{"type":"agent_message","text":"so far"}}'
[ $n = 1 ] && andon block --kind needs_input 'a question' > /dev/null
[ $n = 2 ] && andon complete --summary built > /dev/null
printf '{"type":"turn.completed","usage":{"input_tokens":%s,"cached_input_tokens":%s,"output_tokens":%s}}\n' $((n * 200)) $((n * 80)) $((n * 14))
"#,
    );
    house.profile("coder", "runner = \"codex\"\npermissions = \"read\"\n");
    let task = task_of(&house, "coder");
    let _dispatcher = agents.dispatcher();
    house.wait_status(&task, "blocked");
    wait_until("the run is reaped", || !run(&house, &task, 0)["reaped_at"].is_null());
    let _ = house.andon(["unblock", &task]).ok();
    house.wait_status(&task, "done");
    wait_until("both are counted", || !run(&house, &task, 1)["input_tokens"].is_null());
    for index in 0..2 {
        let run = run(&house, &task, index);
        assert_eq!(
            (&run["input_tokens"], &run["cached_tokens"], &run["output_tokens"]),
            (&json!(200), &json!(80), &json!(14))
        );
    }
    let argv = agents.argv("codex", 2);
    assert_eq!(argv[..2], ["exec", "resume"]);
    assert_eq!(argv[argv.len() - 2..], ["th-1", "-"]);
    assert!(argv.contains(&"sandbox_mode=\"read-only\"".to_owned()), "{argv:?}");
    let token = agents.variable("codex", 2, "ANDON_RUN_TOKEN").unwrap();
    assert!(!argv.concat().contains(&token) && argv.concat().contains("\"ANDON_RUN_TOKEN\""), "{argv:?}");
}

#[test]
fn gemini_and_opencode_are_given_their_tools_and_counted() {
    let house = House::new();
    let agents = Agents::of(&house);
    agents.fake(
        "gemini",
        r#"
echo '{"type":"init","session_id":"g-1","model":"gemini-x"}'
cat "$GEMINI_CLI_HOME/.gemini/settings.json" > "$OUT/gemini.$n.home"
andon complete --summary built > /dev/null
echo '{"type":"result","status":"success","stats":{"total_tokens":30,"input_tokens":20,"output_tokens":10,"cached":4}}'
"#,
    );
    agents.fake(
        "opencode",
        r#"
step='{"type":"step_finish","sessionID":"ses_1","part":{"cost":0.5,"tokens":{"input":5,"output":2,"reasoning":1,"cache":{"read":3,"write":0}}}}'
echo "$step"; andon complete --summary built > /dev/null; echo "$step"
"#,
    );
    house.profile("g", "runner = \"gemini\"\n");
    std::fs::create_dir_all(house.user_home().join(".gemini")).unwrap();
    std::fs::write(house.user_home().join(".gemini/settings.json"), "{ \"theme\": \"mine\" } // so").unwrap();
    house.profile("o", "runner = \"opencode\"\n");
    let tasks = [task_of(&house, "g"), task_of(&house, "o")];
    let _dispatcher = agents.dispatcher();
    let counts = [(20, 10, 4, json!(null)), (16, 6, 6, json!(1.0))];
    for (task, (input, output, cached, cost)) in tasks.iter().zip(counts) {
        house.wait_status(task, "done");
        wait_until("it is counted", || !run(&house, task, 0)["input_tokens"].is_null());
        let run = run(&house, task, 0);
        assert_eq!((&run["input_tokens"], &run["output_tokens"]), (&json!(input), &json!(output)));
        assert_eq!((&run["cached_tokens"], &run["cost_usd"]), (&json!(cached), &cost));
    }
    for (name, variable, end) in
        [("gemini", "GEMINI_CLI_HOME", "/home"), ("opencode", "OPENCODE_CONFIG", "/tools.json")]
    {
        assert!(agents.variable(name, 1, variable).unwrap().ends_with(end), "{name}");
        assert!(agents.kept(name, 1, "stdin").contains("build the thing"), "{name}");
    }
    // Gemini is told in a home of its own, in which the user's settings stand beside the tools.
    let settings: serde_json::Value = serde_json::from_str(&agents.kept("gemini", 1, "home")).unwrap();
    assert_eq!(settings["mcpServers"]["andon"]["env"]["ANDON_TASK"], json!(tasks[0]));
    assert_eq!(settings["theme"], "mine");
    assert!(!agents.argv("gemini", 1).concat().contains("ANDON_"));
    let tools: serde_json::Value = serde_json::from_str(&agents.kept("opencode", 1, "tools")).unwrap();
    assert_eq!(tools["mcp"]["andon"]["environment"]["ANDON_TASK"], json!(tasks[1]));
}

#[test]
fn a_hermes_profile_works_as_under_hermes() {
    let house = House::new();
    let agents = Agents::of(&house);
    agents.fake(
        "hermes",
        "echo 'Resume this session with:'; echo '  hermes --resume 20260102_030405_ab12cd'; andon complete --summary built > /dev/null",
    );
    house.profile("scout", "runner = \"hermes\"\nmax_runtime = \"10m\"\n");
    let skills = house.user_home().join(".hermes/profiles/scout/skills");
    for skill in ["devops/kanban-worker", "search"] {
        std::fs::create_dir_all(skills.join(skill)).unwrap();
        std::fs::write(skills.join(skill).join("SKILL.md"), "# A skill\n").unwrap();
    }
    let refused = house.andon(["create", "x", "--assignee", "scout", "--skill", "serch", "--json"]).exits(4);
    assert_eq!(refused.error_code(), "unknown_skill");
    assert!(refused.stderr.contains("search"), "{}", refused.stderr);
    let task = house.create([
        "look",
        "--assignee",
        "scout",
        "--skill",
        "search",
        "--tenant",
        "acme",
        "--model",
        "m/x",
    ]);
    let _dispatcher = agents.dispatcher();
    house.wait_status(&task, "done");
    let argv = agents.argv("hermes", 1);
    let start = [
        "-p",
        "scout",
        "--accept-hooks",
        "--skills",
        "kanban-worker",
        "--skills",
        "search",
        "-m",
        "m/x",
        "chat",
        "-q",
    ];
    assert_eq!(argv[..11], start);
    assert_eq!(argv[11], format!("work kanban task {task}"));
    let run_id = text_of(&run(&house, &task, 0)["id"]);
    let home = house.user_home().join(".hermes/profiles/scout");
    for (name, value) in [
        ("HERMES_HOME", home.to_str().unwrap()),
        ("HERMES_PROFILE", "scout"),
        ("HERMES_TENANT", "acme"),
        ("HERMES_KANBAN_TASK", task.as_str()),
        ("HERMES_KANBAN_RUN_ID", run_id.as_str()),
        ("HERMES_KANBAN_BOARD", "default"),
        ("TERMINAL_TIMEOUT", "570"),
        ("TERMINAL_MAX_FOREGROUND_TIMEOUT", "570"),
    ] {
        assert_eq!(agents.variable("hermes", 1, name).as_deref(), Some(value), "{name}");
    }
    assert_eq!(agents.variable("hermes", 1, "HERMES_KANBAN_GOAL_MODE"), None);
    wait_until("its session is known", || run(&house, &task, 0)["session"] == "20260102_030405_ab12cd");
}

#[test]
fn a_rate_limit_cools_the_profile_down_until_it_ends() {
    let house = House::new();
    let agents = Agents::of(&house);
    let ends = seconds(&house, "1 hour");
    agents.fake(
        "claude",
        &format!(
            "{CLAUDE}\necho '{{\"type\":\"rate_limit_event\",\"rate_limit_info\":{{\"status\":\"rejected\",\"resetsAt\":{ends}}}}}'\n\
             echo '{{\"type\":\"result\",\"is_error\":true,\"result\":\"Claude usage limit reached\",\"session_id\":\"s-1\"}}'; exit 1"
        ),
    );
    coder(&house, "");
    let task = task_of(&house, "coder");
    let _dispatcher = agents.dispatcher();
    wait_until("it is limited", || house.outcomes(&task) == ["rate_limited"]);
    let cooling = &house.json(["stats"])["cooling_down"][0];
    assert_eq!(cooling["profile"], "coder");
    let until = text_of(&cooling["until"]);
    assert_eq!(seconds(&house, &until), ends);
    assert_eq!(house.task(&task)["consecutive_failures"], 0);
    assert!(text_of(&run(&house, &task, 0)["error"]).contains("usage limit reached"));
}

fn seconds(house: &House, when: &str) -> i64 {
    let mut date = house.foreign("date");
    date.args(["-u", "-d", when, "+%s"]);
    House::answer(date).ok().parse().unwrap()
}

#[test]
fn who_speaks_of_limits_and_does_the_work_is_not_limited() {
    let house = House::new();
    let agents = Agents::of(&house);
    let said = RESULT.replace("my last words", "I wrote about the rate limit");
    agents.fake("claude", &format!("{CLAUDE}andon complete --summary built > /dev/null\n{said}"));
    coder(&house, "");
    let task = task_of(&house, "coder");
    let _dispatcher = agents.dispatcher();
    house.wait_status(&task, "done");
    assert_eq!(house.outcomes(&task), ["completed"]);
}

#[test]
fn a_missing_program_and_a_missing_login_are_told_before_and_after_a_task_fails_on_them() {
    let house = House::new();
    let agents = Agents::of(&house);
    agents.fake("gemini", "echo 'Please set an Auth method in your settings.json' >&2; exit 41");
    agents.fake("claude", &format!("{CLAUDE}{RESULT}"));
    house.profile("absent", "runner = \"nobody\"\n");
    house.profile("g", "runner = \"gemini\"\n");
    coder(&house, "");
    house.config("[runners.nobody]\nargv = [\"nobody-has-this\", \"{prompt}\"]\ninstall = \"`make nobody` makes it\"\n");
    let doctor = || {
        let mut command = house.command();
        command.args(["doctor", "--json"]).env("PATH", agents.path());
        House::answer(command).exits(0).json()
    };
    let _ = house.andon(["init"]);
    let found = doctor();
    let of = |name: &str| {
        found["profiles"].as_array().unwrap().iter().find(|found| found["name"] == name).cloned().unwrap()
    };
    assert_eq!(of("absent")["findings"][0]["what"], "program");
    assert_eq!(of("absent")["findings"][0]["way_out"], "`make nobody` makes it");
    assert_eq!((&of("g")["version"], &of("g")["logged_in"]), (&json!("gemini 1.2.3"), &json!(false)));
    assert_eq!(of("coder")["findings"][0]["message"], "claude is not logged in (Not logged in)");
    house.touch("claude.login");
    assert_eq!(
        doctor()["profiles"].as_array().unwrap().iter().find(|found| found["name"] == "coder").unwrap()["logged_in"],
        true
    );
    let mut command = house.command();
    command.arg("doctor").env("PATH", agents.path());
    let words = House::answer(command).ok();
    assert!(words.contains("nobody-has-this") && words.contains("→ `make nobody` makes it"), "{words}");
    let (absent, login) = (task_of(&house, "absent"), task_of(&house, "g"));
    let _dispatcher = agents.dispatcher();
    for (task, word) in [(absent, "nobody-has-this"), (login, "Auth method")] {
        let blocked = house.wait_status(&task, "blocked");
        assert_eq!(blocked["block_kind"], "capability");
        assert!(text_of(&blocked["block_reason"]).contains(word), "{blocked:#}");
    }
}

#[test]
fn doctor_says_of_every_runner_what_it_lacks() {
    let house = House::new();
    let agents = Agents::of(&house);
    for (profile, runner) in
        [("c", "claude"), ("x", "codex"), ("g", "gemini"), ("o", "opencode"), ("h", "hermes"), ("a", "agent")]
    {
        house.profile(profile, &format!("runner = \"{runner}\"\n"));
    }
    let _ = house.andon(["init"]);
    let doctor = |json: bool| {
        let mut command = house.command();
        command.arg("doctor").args(json.then_some("--json")).env("PATH", agents.path());
        House::answer(command)
    };
    let what = |answer: &serde_json::Value, name: &str| -> Vec<String> {
        let profiles = answer["profiles"].as_array().unwrap();
        let profile = profiles.iter().find(|profile| profile["name"] == name).unwrap();
        profile["findings"].as_array().unwrap().iter().map(|finding| text_of(&finding["what"])).collect()
    };
    let found = doctor(true).exits(0).json();
    for name in ["c", "x", "g", "o", "h"] {
        assert_eq!(what(&found, name), ["program"], "{name}");
    }
    assert_eq!(what(&found, "a"), ["provider", "model"]);
    for program in ["claude", "codex", "gemini", "opencode", "hermes"] {
        agents.fake(program, "");
    }
    let found = doctor(true).exits(0).json();
    for name in ["c", "x", "g", "o", "h"] {
        assert_eq!(what(&found, name), ["login"], "{name}");
    }
    let words = doctor(false).ok();
    assert!(words.contains("opencode auth login") && words.contains("no model is named"), "{words}");
    assert!(!words.contains("✓  profile"), "{words}");
    // Each is known to be logged in by a file or a variable of its own.
    let home = house.user_home();
    let hermes = home.join(".hermes/profiles/h");
    for folder in [home.join(".local/share/opencode"), hermes.clone()] {
        std::fs::create_dir_all(folder).unwrap();
    }
    std::fs::write(home.join(".local/share/opencode/auth.json"), "{}").unwrap();
    std::fs::write(hermes.join(".env"), "KEY=x").unwrap();
    let agent = "[agent]\nprovider = \"ollama\"\nmodel = \"qwen3\"\n";
    house.profile("a", &format!("runner = \"agent\"\n{agent}"));
    let found = doctor(true).exits(0).json();
    for name in ["o", "h", "a"] {
        assert_eq!(what(&found, name), [""; 0], "{name}");
    }
    // A task with a goal needs a judge, whoever works on it.
    let goal = ["create", "until it is good", "--assignee", "o", "--goal", "--hold"];
    let _ = house.andon(goal).ok();
    let found = doctor(true).exits(0).json();
    assert_eq!(what(&found, "o"), ["judge", "judge"]);
    assert_eq!(what(&found, "h"), [""; 0], "no task of it has a goal");
    assert!(doctor(false).ok().contains("the goals of 1 open tasks"));
    house.profile("o", &format!("runner = \"opencode\"\n{agent}"));
    assert_eq!(what(&doctor(true).exits(0).json(), "o"), [""; 0]);
    // A configuration that cannot be read is told first, and nobody is said to be well.
    house.config("max_runing = 3\n");
    let broken = doctor(false).exits(5).stdout;
    assert!(broken.contains("max_runing") && broken.contains("did you mean `max_running`"), "{broken}");
    assert!(!broken.contains('✓'), "{broken}");
    assert!(text_of(&doctor(true).exits(5).json()["config_problem"]).contains("max_runing"));
}

#[test]
fn a_runner_of_ones_own_needs_no_code() {
    let house = House::new();
    let agents = Agents::of(&house);
    agents.fake(
        "mine",
        "echo 'session: my-7'; printf '{\"model\": \"m\", \"input_tokens\": 5, \"output_tokens\": 6, \"cost_usd\": 0.001}' > \"$ANDON_USAGE\"",
    );
    house.config(
        "[runners.mine]\nargv = [\"mine\", \"--task={task}\", \"{args}\", \"{permissions}\"]\nprompt = \"file\"\nends_by = \"exit\"\n\
         [runners.mine.permissions]\nedit = [\"--careful\"]\n[runners.mine.env]\nMY_MODEL = \"{model?}\"\nMY_BOARD = \"{board}\"\n\
         [runners.mine.output]\nsession = ['^session: (\\S+)$']\n",
    );
    let made = ["profile", "create", "own", "--runner", "mine", "--set", "args=[\"-v\"]"];
    let _ = house.andon(made).ok();
    let text = std::fs::read_to_string(house.home().join("profiles/own/profile.toml")).unwrap();
    house.profile("own", &text);
    let task = task_of(&house, "own");
    let _dispatcher = agents.dispatcher();
    house.wait_status(&task, "done");
    wait_until("it is counted", || !run(&house, &task, 0)["reaped_at"].is_null());
    assert_eq!(agents.argv("mine", 1), [format!("--task={task}"), "-v".to_owned(), "--careful".to_owned()]);
    let run = run(&house, &task, 0);
    assert_eq!(
        (&run["session"], &run["model"], &run["cost_usd"]),
        (&json!("my-7"), &json!("m"), &json!(0.001))
    );
    assert_eq!(agents.variable("mine", 1, "MY_BOARD").as_deref(), Some("default"));
    assert_eq!(agents.variable("mine", 1, "MY_MODEL"), None);
    let refused = house.andon(["profile", "create", "x", "--runner", "mien"]).exits(2);
    assert!(refused.stderr.contains("mine"), "{}", refused.stderr);
}

#[test]
fn an_agent_that_waits_for_somebody_to_type_is_stopped() {
    let house = House::new();
    let agents = Agents::of(&house);
    agents.fake("claude", &format!("{CLAUDE}sleep 1000"));
    coder(&house, "idle_limit = \"1s\"\n");
    let task = house.create(["hangs", "--assignee", "coder", "--max-retries", "1"]);
    let _dispatcher = agents.dispatcher();
    let given_up = house.wait_status(&task, "blocked");
    assert_eq!(house.outcomes(&task), ["timed_out"]);
    assert!(text_of(&given_up["last_failure_error"]).contains("idle_limit"), "{given_up:#}");
    wait_until("its session is kept", || run(&house, &task, 0)["session"] == "s-1");
}

#[test]
fn the_starter_fleet_is_there_at_once_for_any_runner() {
    let house = House::new();
    let _ = house.andon(["profile", "install", "starter", "--runner", "claude"]).ok();
    let names: Vec<String> = house
        .json(["profile", "list"])
        .as_array()
        .unwrap()
        .iter()
        .map(|profile| text_of(&profile["name"]))
        .collect();
    for name in ["orchestrator", "researcher", "writer", "analyst", "engineer", "reviewer", "ops"] {
        assert!(names.contains(&name.to_owned()), "{names:?}");
    }
    assert_eq!(house.json(["profile", "show", "engineer"])["runner"], "claude");
    let again = house.andon(["profile", "install", "starter", "--json"]).exits(1);
    assert_eq!(again.error_code(), "profile_exists");
    let exported = house.andon(["profile", "export", "engineer"]).ok();
    assert!(
        exported.contains("commit-messages") && exported.contains("# You are the engineer"),
        "{exported}"
    );
    let task = house
        .andon(["create", "x", "--assignee", "engineer", "--skill", "comit-messages", "--json"])
        .exits(4);
    assert_eq!(task.error_code(), "unknown_skill");
}

/// A profile whose goals are judged by a model that answers by a script.
fn judged(house: &House, server: &andon_tests::ModelServer) {
    let agent = format!(
        "[agent]\nprovider = \"openai\"\nmodel = \"judge\"\nbase_url = \"{}/\"\napi_key_env = \"NO_KEY\"\n",
        server.base_url()
    );
    house.profile("coder", &format!("runner = \"claude\"\n{agent}[env]\nNO_KEY = \"none\"\n"));
}

fn verdicts(words: &[(&str, &str)]) -> serde_json::Value {
    let said = |(verdict, reason): &(&str, &str)| json!({ "say": json!({ "verdict": verdict, "reason": reason }).to_string() });
    json!({ "conversations": [ { "turns": words.iter().map(said).collect::<Vec<_>>(), "then": "repeat" } ] })
}

fn goal(house: &House, turns: &str) -> String {
    house.create([
        "reach it",
        "--assignee",
        "coder",
        "--body",
        "all of it",
        "--goal",
        "--goal-max-turns",
        turns,
    ])
}

#[test]
fn a_goal_is_worked_on_turn_by_turn_until_the_judge_finds_it_reached() {
    let house = House::new();
    let agents = Agents::of(&house);
    let server = andon_tests::ModelServer::start(verdicts(&[
        ("continue", "the tests are missing"),
        ("done", "all is there"),
    ]));
    // Its third turn does what the judge has asked for.
    let ends = "[ $n = 3 ] && andon complete --summary 'all of it' > /dev/null\n";
    agents.fake("claude", &format!("{CLAUDE}{ends}{RESULT}"));
    judged(&house, &server);
    let task = goal(&house, "5");
    let _dispatcher = agents.dispatcher();
    let done = house.wait_status(&task, "done");
    assert_eq!((house.outcomes(&task), &done["result"]), (vec!["completed".to_owned()], &json!("all of it")));
    let argv = agents.argv("claude", 2);
    assert!(argv.windows(2).any(|pair| pair == ["--resume", "s-1"]), "{argv:?}");
    let told = agents.kept("claude", 2, "stdin");
    assert!(told.contains("the tests are missing") && told.contains("turn 2 of 5"), "{told}");
    let told = agents.kept("claude", 3, "stdin");
    assert!(told.contains("finds the goal reached: all is there") && told.contains("turn 3 of 5"), "{told}");
    // Three turns of 7 tokens, and two words of the judge of 20.
    wait_until("all of it is counted", || run(&house, &task, 0)["output_tokens"] == 21 + 40);
    let counted = run(&house, &task, 0);
    assert_ne!(counted["model"], "judge", "{counted:#}");
    let asked = server.requests();
    assert!(
        asked[0].body.to_string().contains("all of it")
            && asked[0].body.to_string().contains("my last words")
    );
}

#[test]
fn a_goal_in_a_session_that_a_later_run_goes_on_with_counts_its_judges_in_full() {
    let house = House::new();
    let agents = Agents::of(&house);
    let server = andon_tests::ModelServer::start(verdicts(&[("continue", "not yet")]));
    // Codex counts a session as a whole: 14 tokens more with each turn. Its second turn asks; the fourth completes.
    agents.fake(
        "codex",
        r#"
echo '{"type":"thread.started","thread_id":"th-1"}'
echo '{"type":"item.completed","item":{"type":"agent_message","text":"so far"}}'
[ $n = 2 ] && andon block --kind needs_input 'a question' > /dev/null
[ $n = 4 ] && andon complete --summary built > /dev/null
printf '{"type":"turn.completed","usage":{"input_tokens":%s,"output_tokens":%s}}\n' $((n * 200)) $((n * 14))
"#,
    );
    judged(&house, &server);
    let path = house.home().join("profiles/coder/profile.toml");
    let profile = std::fs::read_to_string(&path).unwrap();
    std::fs::write(&path, profile.replace("claude", "codex")).unwrap();
    let task = goal(&house, "5");
    let _dispatcher = agents.dispatcher();
    house.wait_status(&task, "blocked");
    wait_until("the run is counted", || run(&house, &task, 0)["output_tokens"] == 28 + 20);
    let _ = house.andon(["unblock", &task, "--reason", "so"]).ok();
    house.wait_status(&task, "done");
    // Two turns and one word of the judge in each run.
    wait_until("both are counted", || !run(&house, &task, 1)["output_tokens"].is_null());
    for index in 0..2 {
        let run = run(&house, &task, index);
        assert_eq!((&run["output_tokens"], &run["input_tokens"]), (&json!(48), &json!(500)), "{run:#}");
    }
}

#[test]
fn a_goal_that_seems_reached_and_is_never_completed_is_blocked_for_a_person() {
    let house = House::new();
    let agents = Agents::of(&house);
    let server = andon_tests::ModelServer::start(verdicts(&[("done", "all is there")]));
    agents.fake("claude", &format!("{CLAUDE}{RESULT}"));
    judged(&house, &server);
    let task = goal(&house, "5");
    let _dispatcher = agents.dispatcher();
    let blocked = house.wait_status(&task, "blocked");
    let reason = text_of(&blocked["block_reason"]);
    assert!(reason.contains("never said so to the board") && reason.contains("all is there"), "{reason}");
    assert_eq!((server.calls(), house.outcomes(&task)), (2, vec!["blocked".to_owned()]));
}

#[test]
fn a_goal_out_of_reach_and_a_goal_without_turns_left_are_blocked_for_a_person() {
    for (turns, verdict, reason) in [
        ("5", "unachievable", "nobody has the key"),
        ("2", "continue", "The budget of 2 turns is used up. The judge's last word: not yet"),
    ] {
        let house = House::new();
        let agents = Agents::of(&house);
        let said = if verdict == "continue" { "not yet" } else { reason };
        let server = andon_tests::ModelServer::start(verdicts(&[(verdict, said)]));
        agents.fake("claude", &format!("{CLAUDE}{RESULT}"));
        judged(&house, &server);
        let task = goal(&house, turns);
        let _dispatcher = agents.dispatcher();
        let blocked = house.wait_status(&task, "blocked");
        assert_eq!(
            (&blocked["block_kind"], &blocked["block_reason"]),
            (&json!("needs_input"), &json!(reason))
        );
        assert_eq!(house.outcomes(&task), ["blocked"]);
    }
}

#[test]
fn a_turn_towards_a_goal_that_fails_ends_the_run_as_its_failure() {
    let house = House::new();
    let agents = Agents::of(&house);
    let server = andon_tests::ModelServer::start(verdicts(&[("continue", "not yet")]));
    agents.fake("claude", &format!("{CLAUDE}[ $n = 2 ] && exit 3\n{RESULT}"));
    judged(&house, &server);
    let more = ["--goal", "--max-retries", "1"];
    let task = house.create(["reach it", "--assignee", "coder"].iter().chain(&more));
    let _dispatcher = agents.dispatcher();
    house.wait_status(&task, "blocked");
    assert_eq!((house.outcomes(&task), server.calls()), (vec!["crashed".to_owned()], 1));
}

#[test]
fn without_a_judge_the_work_on_a_goal_goes_on_for_a_turn() {
    let house = House::new();
    let agents = Agents::of(&house);
    agents.fake(
        "claude",
        &format!("{CLAUDE}[ $n = 2 ] && andon complete --summary built > /dev/null\n{RESULT}"),
    );
    coder(&house, "");
    let task = goal(&house, "5");
    let _dispatcher = agents.dispatcher();
    house.wait_status(&task, "done");
    assert_eq!(house.outcomes(&task), ["completed"]);
    assert_eq!(house.task(&task)["result"], "built");
}

#[test]
fn a_judge_that_nobody_can_ask_costs_two_turns_and_not_all_of_them() {
    let house = House::new();
    let agents = Agents::of(&house);
    agents.fake("claude", &format!("{CLAUDE}{RESULT}"));
    coder(&house, "");
    let task = goal(&house, "20");
    let _dispatcher = agents.dispatcher();
    let blocked = house.wait_status(&task, "blocked");
    let reason = text_of(&blocked["block_reason"]);
    assert_eq!(blocked["block_kind"], "capability", "{reason}");
    assert!(reason.contains("cannot be judged") && reason.contains("`[agent]`"), "{reason}");
    assert_eq!(house.lines("claude.n"), ["2"], "it was started twice");
}
