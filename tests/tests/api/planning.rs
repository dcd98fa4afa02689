//! A model that plans: by itself beside the dispatcher, and when it is asked. Whatever it says or does not say, an idea is
//! planned once or stays an idea that a person sees.

use andon_tests::{House, ModelServer, processes, text_of, wait_for, wait_until};
use serde_json::{Value, json};

use super::client::Serve;

const TASKS: &str = "/api/v1/boards/default/tasks";

/// A home with two lanes, and the scripted server as the planner's model.
struct Office {
    house: House,
    model: ModelServer,
}

/// One answer, again and again.
fn always(turn: Value) -> Value {
    let mut script = json!({ "conversations": [{ "turns": [], "then": "repeat" }] });
    script["conversations"][0]["turns"] = Value::Array(vec![turn]);
    script
}

fn says(answer: &Value) -> Value {
    json!({ "say": answer.to_string(), "usage": { "input": 100, "output": 20 } })
}

fn plan() -> Value {
    json!({ "fanout": true, "rationale": "two things", "tasks": [
        { "title": "first", "body": "do <b>this</b>", "assignee": "hand", "parents": [0, 7] },
        { "title": "second", "body": "then that", "assignee": "nobody-of-that-name", "parents": [0] },
    ] })
}

impl Office {
    /// `top` are keys of the configuration, `planner` those of its table `[planner]`.
    fn new(script: Value, top: &str, planner: &str) -> Self {
        let (house, model) = (House::new(), ModelServer::start(script));
        for name in ["hand", "other"] {
            house.profile(name, "runner = \"lane\"\ndescription = \"does things\"\n");
        }
        house.profile("script", "runner = \"shell\"\n");
        let office = Self { house, model };
        office.configure(top, planner);
        let _ = office.house.andon(["init"]).exits(0);
        office
    }

    fn configure(&self, top: &str, planner: &str) {
        self.house.config(&format!(
            "default_assignee = \"other\"\n{top}\n[planner]\nprovider = \"openai\"\nmodel = \"scripted\"\n\
             base_url = \"{}\"\n{planner}\n",
            self.model.base_url()
        ));
    }

    fn by_itself(script: Value, planner: &str) -> Self {
        Self::new(script, "auto_decompose = true", planner)
    }

    fn idea(&self, title: &str) -> String {
        self.house.create([title, "--triage"])
    }

    fn planned(&self, task: &str) -> Vec<String> {
        self.house.wait_status(task, "todo");
        self.house.task(task)["parents"].as_array().unwrap().iter().map(text_of).collect()
    }

    fn count(&self, task: &str, kind: &str) -> usize {
        self.house.kinds_of(task).iter().filter(|known| *known == kind).count()
    }

    fn tasks(&self) -> usize {
        self.house.json(["list"]).as_array().unwrap().len()
    }
}

#[test]
fn an_idea_becomes_parts_that_it_waits_for_by_itself() {
    let office = Office::by_itself(always(says(&plan())), "");
    let _serve = Serve::start(&office.house);
    let idea = office.idea("build the thing");
    let parts = office.planned(&idea);
    assert_eq!(parts.len(), 2, "{}", office.house.show(&idea));
    let of = |title: &str| {
        let tasks: Vec<Value> = parts.iter().map(|part| office.house.task(part)).collect();
        tasks.into_iter().find(|task| task["title"] == title).unwrap()
    };
    let (first, second) = (of("first"), of("second"));
    assert_eq!((&first["status"], &first["assignee"]), (&json!("ready"), &json!("hand")));
    // A part cannot wait for itself, and a name that nobody has is the default assignee's.
    assert_eq!((&first["parents"], &second["parents"]), (&json!([]), &json!([first["id"]])));
    assert_eq!((&second["status"], &second["assignee"]), (&json!("todo"), &json!("other")));
    let events = office.house.events_of(&idea);
    let specified = events.iter().find(|event| event["kind"] == "specified").unwrap();
    assert_eq!(specified["payload"]["planned"]["usage"]["input_tokens"], 100, "{specified}");
    assert_eq!(specified["payload"]["idea"]["title"], "build the thing");
    assert_eq!((office.count(&idea, "decomposed"), office.model.calls()), (1, 1));
    office.house.healthy();
}

#[test]
fn a_model_that_fails_is_asked_a_bounded_number_of_times_and_a_person_sees_it() {
    let office = Office::by_itself(always(json!({ "status": 503 })), "attempts = 3\nbackoff = \"10ms\"");
    let serve = Serve::start(&office.house);
    let idea = office.idea("build the thing");
    let given_up = || office.count(&idea, "plan_gave_up") == 1;
    wait_until("the idea is given up", given_up);
    assert_eq!((office.model.calls(), office.count(&idea, "plan_failed")), (3, 2));
    let why = office.house.andon(["why", &idea]).ok();
    assert!(why.contains("tried 3 times") && why.contains("specify") && why.contains("--auto"), "{why}");
    let client = serve.client(&office.house);
    let attention = client.get("/api/v1/attention").is(200).value();
    assert_eq!(attention["items"][0]["task"]["id"], idea.as_str(), "{attention}");
    assert_eq!(attention["items"][0]["diagnostics"][0]["kind"], "planning_failed");
    // Neither what happens on the board nor another process lets it begin again.
    drop(serve);
    let serve = Serve::start(&office.house);
    let other = office.idea("another one");
    wait_until("the other idea is given up", || office.count(&other, "plan_gave_up") == 1);
    assert_eq!((office.model.calls(), office.house.status(&idea)), (6, "triage".to_owned()));
    // A person's edit does.
    office.model.follow(always(says(&plan())));
    let _ = office.house.andon(["edit", &idea, "--body", "with more words"]).exits(0);
    assert_eq!(office.planned(&idea).len(), 2);
    assert_eq!(office.house.status(&other), "triage");
    let _ = serve.stop();
    office.house.healthy();
}

#[test]
fn two_servers_plan_each_idea_once() {
    let turn = json!({ "say": plan().to_string(), "delay_ms": 300 });
    let office = Office::by_itself(always(turn), "");
    let _servers = [Serve::start(&office.house), Serve::start(&office.house)];
    let ideas: Vec<String> = (0..4).map(|n| office.idea(&format!("idea {n}"))).collect();
    for idea in &ideas {
        assert_eq!(office.planned(idea).len(), 2);
        assert_eq!(office.count(idea, "decomposed"), 1);
    }
    assert_eq!((office.model.calls(), office.tasks()), (4, 12));
    office.house.healthy();
}

#[test]
fn a_server_killed_in_the_middle_of_a_call_leaves_an_idea_that_is_planned_once() {
    let office = Office::by_itself(always(json!({ "hang": true })), "timeout = \"1s\"");
    let serve = Serve::start(&office.house);
    let idea = office.idea("build the thing");
    wait_until("the model is asked", || office.model.calls() == 1);
    processes::kill(i32::try_from(serve.pid()).unwrap());
    drop(serve);
    assert_eq!((office.house.status(&idea), office.tasks()), ("triage".to_owned(), 1));
    office.model.follow(always(says(&plan())));
    let _serve = Serve::start(&office.house);
    assert_eq!(office.planned(&idea).len(), 2);
    assert_eq!((office.model.calls(), office.count(&idea, "decomposed"), office.tasks()), (2, 1, 3));
    office.house.healthy();
}

#[test]
fn a_server_that_is_stopped_gives_its_idea_back_and_its_attempt_does_not_count() {
    let office = Office::by_itself(always(json!({ "hang": true })), "attempts = 1\ntimeout = \"10m\"");
    let serve = Serve::start(&office.house);
    let idea = office.idea("build the thing");
    wait_until("the model is asked", || office.model.calls() == 1);
    assert!(serve.stop().success());
    office.model.follow(always(says(&plan())));
    let _serve = Serve::start(&office.house);
    assert_eq!(office.planned(&idea).len(), 2);
    office.house.healthy();
}

#[test]
fn no_model_is_asked_while_the_cord_is_pulled() {
    let office = Office::by_itself(always(says(&plan())), "");
    let _ = office.house.andon(["boards", "create", "zoo"]).exits(0);
    let _ = office.house.andon(["pause"]).exits(0);
    let _serve = Serve::start(&office.house);
    let idea = office.idea("build the thing");
    // The boards are looked at in their order: where the later one is planned, the paused one was passed over.
    let other = text_of(&office.house.json(["--board", "zoo", "create", "an animal", "--triage"])["id"]);
    wait_until("the other board's idea is planned", || {
        office.house.json(["--board", "zoo", "show", &other])["task"]["status"] == "todo"
    });
    assert_eq!((office.model.calls(), office.house.status(&idea)), (1, "triage".to_owned()));
    let _ = office.house.andon(["resume"]).exits(0);
    assert_eq!(office.planned(&idea).len(), 2);
    assert_eq!(office.model.calls(), 2);
}

#[test]
fn what_a_person_took_meanwhile_is_left_alone() {
    let office = Office::by_itself(
        json!({ "conversations": [
            { "when": { "contains": "slow one" }, "turns": [{ "say": plan().to_string(), "delay_ms": 1_500 }], "then": "repeat" },
            { "turns": [says(&plan())], "then": "repeat" },
        ] }),
        "",
    );
    let _serve = Serve::start(&office.house);
    let idea = office.idea("slow one");
    wait_until("the model is asked", || office.model.calls() == 1);
    let _ = office.house.andon(["specify", &idea, "--title", "by hand", "-a", "hand"]).exits(0);
    // A board has one call at a time: when the next idea is planned, the first call is over.
    let next = office.idea("quick one");
    assert_eq!(office.planned(&next).len(), 2);
    let task = office.house.task(&idea);
    assert_eq!(
        (&task["title"], &task["parents"], &task["status"]),
        (&json!("by hand"), &json!([]), &json!("ready"))
    );
    assert_eq!((office.count(&idea, "plan_failed"), office.tasks()), (0, 4));
}

#[test]
fn parts_are_held_until_a_person_promotes_them_where_that_is_wanted() {
    let office = Office::new(always(says(&plan())), "auto_promote_children = false", "");
    let idea = office.idea("build the thing");
    let made = office.house.json(["decompose", &idea, "--auto"]);
    assert_eq!((&made["ok"], &made["fanout"]), (&json!(true), &json!(2)), "{made}");
    // The slow sweep, a list and the end of another task let none of them go.
    let _ = office.house.andon(["dispatch", "--once"]).exits(0);
    let other = office.house.create(["other work", "-a", "hand"]);
    let _ = office.house.andon(["complete", &other]).exits(0);
    let _ = office.house.andon(["recompute"]).exits(0);
    for part in made["child_ids"].as_array().unwrap().iter().map(text_of) {
        let task = office.house.task(&part);
        assert_eq!((&task["status"], &task["held"]), (&json!("todo"), &json!(true)));
    }
    let first = text_of(&made["child_ids"][0]);
    let _ = office.house.andon(["promote", &first]).exits(0);
    assert_eq!(office.house.status(&first), "ready");
    office.house.healthy();
}

#[test]
fn whatever_a_model_says_nothing_is_written_that_cannot_be() {
    let bad = |tasks: Value| says(&json!({ "fanout": true, "tasks": tasks }));
    let cyclic = json!([{ "title": "a", "parents": [1] }, { "title": "b", "parents": [0] }]);
    let answers = [
        (bad(cyclic), "bad_plan"),
        (bad(json!([])), "answer_unreadable"),
        (bad(json!([{ "title": "\u{0}" }])), "answer_unreadable"),
        (bad(json!(vec![json!({ "title": "x" }); 500])), "bad_plan"),
        (json!({ "say": "<html><body>Sign in</body></html>" }), "answer_unreadable"),
        (json!({ "say": " " }), "answer_empty"),
        (json!({ "pad": 10 << 20 }), "model_malformed"),
        (json!({ "malformed": true }), "model_malformed"),
        (json!({ "status": 429, "headers": { "retry-after": "7" } }), "model_rate_limited"),
        (json!({ "status": 401 }), "model_key_refused"),
        (json!({ "status": 404 }), "model_misconfigured"),
        (json!({ "hang": true }), "model_too_slow"),
    ];
    let office = Office::new(always(json!({})), "", "timeout = \"1m\"");
    let idea = office.idea("build the thing");
    for (turn, reason) in answers {
        let shown = turn.to_string();
        if reason == "model_too_slow" {
            office.configure("", "timeout = \"1s\"");
        }
        office.model.follow(always(turn));
        let answer = office.house.andon(["--json", "decompose", &idea, "--auto"]).exits(1);
        let said = answer.json();
        assert_eq!((&said["ok"], &said["reason"]), (&json!(false), &json!(reason)), "{shown:.200}: {said}");
        assert_eq!((office.house.status(&idea), office.tasks()), ("triage".to_owned(), 1), "{shown:.200}");
    }
    office.configure("", "");
    // A person's wish is not bounded by what failed before; markup is text.
    let body = "<script>alert(1)</script>";
    office.model.follow(always(says(&json!({ "title": "<b>ok</b>", "body": body }))));
    let made = office.house.json(["specify", &idea, "--auto"]);
    assert_eq!(made["new_title"], "<b>ok</b>", "{made}");
    assert_eq!(office.house.task(&idea)["body"], body);
    let _ = office.house.andon(["specify", &idea, "--auto"]).exits(1);
    office.house.healthy();
}

#[test]
fn no_model_writes_what_a_script_would_run() {
    let plan =
        json!({ "fanout": true, "tasks": [{ "title": "a", "body": "rm -rf /", "assignee": "script" }] });
    let office = Office::new(always(says(&plan)), "", "");
    let idea = office.house.create(["cleanup", "--triage"]);
    let made = office.house.json(["decompose", &idea, "--auto"]);
    assert_eq!(office.house.task(&text_of(&made["child_ids"][0]))["assignee"], "other", "{made}");
    assert!(!office.model.requests()[0].body.to_string().contains("- script:"));
    let given = office.house.create(["of a script", "--triage", "-a", "script", "--body", "true"]);
    let refused = office.house.andon(["--json", "specify", &given, "--auto"]).exits(1).json();
    assert_eq!((&refused["reason"], office.model.calls()), (&json!("assignee_for_persons"), 1), "{refused}");
    assert_eq!(office.house.task(&given)["body"], "true");
}

#[test]
fn sweeps_and_refusals_end_as_scripts_expect() {
    let office = Office::new(always(says(&json!({ "title": "clear", "body": "Goal" }))), "", "");
    let house = &office.house;
    for wrong in [
        vec!["specify"],
        vec!["specify", "t_1", "--all"],
        vec!["decompose", "t_1"],
        vec!["specify", "t_1", "--auto", "--title", "x"],
    ] {
        let _ = house.andon(&wrong).exits(2);
    }
    assert_eq!(
        house.andon(["--json", "specify", "--all"]).exits(0).json(),
        json!({ "specified": 0, "total": 0 })
    );
    assert_eq!(
        house.andon(["--json", "decompose", "--all"]).exits(0).json(),
        json!({ "decomposed": 0, "total": 0 })
    );
    let (mine, theirs) = (house.create(["a", "--triage", "--tenant", "me"]), office.idea("b"));
    let said = house.andon(["--json", "specify", "--all", "--tenant", "me"]).ok();
    let rows: Vec<Value> = said.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    assert_eq!(
        (rows.len(), &rows[0]["task_id"], &rows[0]["new_title"]),
        (1, &json!(mine), &json!("clear")),
        "{said}"
    );
    assert_eq!((house.status(&mine), house.status(&theirs)), ("ready".to_owned(), "triage".to_owned()));
    let _ = house.andon(["specify", "t_00000000", "--auto"]).exits(4);
    office.model.follow(always(json!({ "status": 500 })));
    let _ = house.andon(["specify", "--all"]).exits(1);
    house.config("");
    let refused = house.andon(["--json", "specify", &theirs, "--auto"]).exits(1);
    assert_eq!(refused.error_code(), "model_missing");
    assert_eq!(house.status(&theirs), "triage");
}

#[test]
fn a_profile_is_described_by_a_person_or_a_model_and_the_person_s_words_stay() {
    let office = Office::new(always(says(&json!({ "description": "Moves things." }))), "", "");
    let house = &office.house;
    assert!(house.andon(["profile", "describe", "script"]).ok().contains("nobody has described"));
    assert!(house.andon(["profile", "describe", "script", "--auto"]).ok().contains("Moves things."));
    assert_eq!(house.andon(["profile", "describe", "script"]).ok(), "[auto] Moves things.");
    let refused = house.andon(["--json", "profile", "describe", "hand", "--auto"]).exits(1).json();
    assert_eq!(refused["reason"], "profile_described", "{refused}");
    let _ = house.andon(["profile", "describe", "hand", "--auto", "--overwrite"]).exits(0);
    let _ = house.andon(["profile", "describe", "hand", "--text", "Mine."]).exits(0);
    assert_eq!(house.andon(["profile", "describe", "hand"]).ok(), "Mine.");
    let _ = house.andon(["profile", "describe", "hand", "--text", ""]).exits(0);
    assert!(house.andon(["profile", "describe", "hand"]).ok().contains("nobody has described"));
    let swept = house.andon(["--json", "profile", "describe", "--all", "--auto"]).ok();
    let names: Vec<Value> =
        swept.lines().map(|line| serde_json::from_str::<Value>(line).unwrap()["name"].clone()).collect();
    assert_eq!(names, [json!("hand"), json!("script"), json!("sh")], "{swept}");
    for wrong in
        [vec!["--all"], vec!["hand", "--text", "x", "--auto"], vec!["hand", "--all", "--auto"], vec![]]
    {
        let _ = house.andon([["profile", "describe"].as_slice(), wrong.as_slice()].concat()).exits(2);
    }
    let _ = house.andon(["profile", "describe", "nobody", "--auto"]).exits(4);
}

#[test]
fn the_api_plans_and_describes_and_a_failing_model_is_an_answer() {
    let office = Office::new(always(says(&plan())), "", "backoff = \"10ms\"");
    let house = &office.house;
    let serve = Serve::start(house);
    let client = serve.client(house);
    let (large, small) = (office.idea("large"), office.idea("small"));
    let made = client.post(&format!("{TASKS}/{large}/decompose/auto"), &json!({})).is(200).value();
    assert_eq!(
        (&made["ok"], &made["fanout"], &made["task"]["status"]),
        (&json!(true), &json!(2), &json!("todo")),
        "{made}"
    );
    assert_eq!(
        (&made["usage"]["input_tokens"], made["child_ids"].as_array().unwrap().len()),
        (&json!(100), 2)
    );
    let again = client.post(&format!("{TASKS}/{large}/specify/auto"), &json!({})).is(200).value();
    assert_eq!((&again["ok"], &again["reason"]), (&json!(false), &json!("not_in_triage")), "{again}");
    office.model.follow(always(json!({ "status": 500 })));
    let failed = client.post(&format!("{TASKS}/{small}/specify/auto"), &json!({})).is(200).value();
    assert_eq!(
        (&failed["reason"], &failed["task"]["status"]),
        (&json!("model_unavailable"), &json!("triage")),
        "{failed}"
    );
    let _ = client.post(&format!("{TASKS}/t_00000000/specify/auto"), &json!({})).problem(404, "unknown_task");
    office.model.follow(always(says(&json!({ "description": "Moves things." }))));
    let path = "/api/v1/profiles/script";
    let said = client.post(&format!("{path}/describe"), &json!({})).is(200).value();
    assert_eq!((&said["ok"], &said["description"]), (&json!(true), &json!("Moves things.")), "{said}");
    assert_eq!(client.get(path).is(200).value()["description_auto"], true);
    let _ = client.json("PATCH", path, &json!({ "description": "Mine." })).is(200);
    let mine = client.get(path).is(200).value();
    assert_eq!((&mine["description"], &mine["description_auto"]), (&json!("Mine."), &json!(false)));
    let kept = client.post(&format!("{path}/describe"), &json!({})).is(200).value();
    assert_eq!((&kept["ok"], &kept["reason"]), (&json!(false), &json!("profile_described")));
    let cleared = client.json("PATCH", path, &json!({ "description": null })).is(200).value();
    assert_eq!((&cleared["description"], &cleared["description_auto"]), (&Value::Null, &json!(false)));
    let settings = client.get("/api/v1/settings").is(200).value();
    assert_eq!(
        (&settings["auto_decompose"], &settings["planner_model"]),
        (&json!(false), &json!("scripted"))
    );
    let changed = json!({ "auto_decompose": true, "orchestrator": "hand" });
    let changed = client.json("PATCH", "/api/v1/settings", &changed).is(200).value();
    assert_eq!(
        (&changed["auto_decompose"], &changed["resolved_orchestrator"]),
        (&json!(true), &json!("hand"))
    );
    // Switched on, it takes up what a person has asked for in vain.
    office.model.follow(always(says(&plan())));
    wait_for("the idea is planned", || (house.status(&small) == "todo").then_some(()));
}

#[test]
fn a_person_elsewhere_has_ideas_planned_by_the_server_s_model() {
    let office = Office::new(always(says(&plan())), "", "");
    let serve = Serve::start(&office.house);
    let idea = office.idea("build the thing");
    let token = std::fs::read_to_string(office.house.home().join("token")).unwrap();
    let mut command = office.house.foreign(andon_tests::andon());
    command.env("ANDON_TOKEN", token.trim());
    command.args(["--server", &format!("http://{}", serve.address), "--json", "decompose", &idea, "--auto"]);
    let said = House::answer(command).exits(0).json();
    assert_eq!((&said["ok"], &said["fanout"]), (&json!(true), &json!(2)), "{said}");
    assert_eq!(office.model.calls(), 1);
}
