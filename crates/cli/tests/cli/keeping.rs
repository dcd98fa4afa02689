//! Boards, profiles, files, backups and the doctor, as people use them.

use serde_json::Value;

use super::place::Place;

const LANE: &[(&str, &str)] = &[("coder", "runner = \"lane\"\n")];

#[test]
fn boards_come_are_described_and_go() {
    let place = Place::with_profiles(LANE);
    assert_eq!(
        place.say("boards create dev --switch --default-workdir ~/src").done(),
        "Board 'dev' created.\n"
    );
    assert_eq!(place.say("boards create dev").done(), "Board 'dev' already exists.\n");
    place.say("boards rename dev Development").done();
    let shown = place.say("boards show --json").json();
    assert_eq!((shown["slug"].as_str(), shown["name"].as_str()), (Some("dev"), Some("Development")));
    assert!(shown["default_workdir"].as_str().unwrap().ends_with("/src"));
    place.say("boards set-default-workdir dev").done();
    assert_eq!(place.say("boards show dev --json").json()["default_workdir"], Value::Null);
    let relative = place.say("boards edit dev --default-workdir src --json");
    assert_eq!(relative.refusal(), (1, "invalid_value".to_owned()));
    place.say("boards edit dev --reviewer coder").done();
    assert_eq!(
        place.say("boards edit dev --reviewer coderr --json").refusal(),
        (4, "unknown_profile".to_owned())
    );
    assert_eq!(place.say("boards create Bad!").code, 2);
    assert_eq!(place.say("boards switch nowhere --json").refusal(), (4, "unknown_board".to_owned()));
    let task = place.create("work", &["--assignee", "coder"]);
    place.claim(&task);
    assert_eq!(place.say("boards rm dev --json").refusal(), (1, "board_in_use".to_owned()));
    place.say("boards rm dev --force").done();
    let listed = place.say("boards list --all --json").json();
    assert_eq!(listed[0]["archived"], true);
    assert_eq!(place.say("boards rm default --json").code, 4);
}

#[test]
fn profiles_are_made_changed_and_carried_elsewhere() {
    let place = Place::new();
    let made = "profile create coder --runner command --description Codes --max-running 2 --env A=b --set max_runtime=5m \
                -- /bin/echo {task}";
    assert_eq!(place.say(made).done(), "Profile 'coder' created.\n");
    let shown = place.say("profile show coder --json").json();
    assert_eq!(shown["settings"]["command"], serde_json::json!(["/bin/echo", "{task}"]));
    assert_eq!((shown["settings"]["env"]["A"].as_str(), shown["max_running"].as_u64()), (Some("b"), Some(2)));
    place.say("profile edit coder --unset max_running --set model=large").done();
    assert_eq!(place.say("profile show coder --json").json()["model"], "large");
    assert_eq!(place.say("profile edit coder").code, 2);
    assert_eq!(
        place.say("profile create coder --runner shell --json").refusal(),
        (1, "profile_exists".to_owned())
    );
    assert_eq!(place.say("profile create x --runner shel").code, 2);
    assert_eq!(place.say("profile create x --runner shell --set nonsense=1 --json").code, 1);
    assert_eq!(place.say("profile show x --json").refusal(), (4, "profile_unknown".to_owned()));
    let text = place.say("profile export coder").done();
    assert_eq!(place.with_input("profile install - --name second", text.as_bytes()).code, 0);
    assert!(place.say("profile list").done().contains("second"));
    place.say("profile rm second").done();
    assert_eq!(place.say("profile rm second --json").code, 4);
}

#[test]
fn files_are_attached_listed_and_removed() {
    let place = Place::new();
    let task = place.create("with files", &[]);
    let file = place.file("notes.txt", b"hello");
    let attached = place.run(["attach", &task, file.to_str().unwrap(), "--json"]).json();
    assert_eq!((attached[0]["name"].as_str(), attached[0]["size"].as_i64()), (Some("notes.txt"), Some(5)));
    assert_eq!(place.with_input(&format!("attach {task} - --name ../../in.log"), b"x").code, 0);
    let listed = place.run(["attachments", &task, "--json"]).json();
    assert_eq!(listed[1]["name"], "in.log");
    assert_eq!(place.run(["attach", "t_00000000", file.to_str().unwrap(), "--json"]).refusal().0, 4);
    assert_eq!(place.run(["attach", &task, "/nowhere", "--json"]).refusal().0, 5);
    place.run(["detach", &task, "notes.txt", "2"]).done();
    assert_eq!(
        place.run(["detach", &task, "notes.txt", "--json"]).refusal(),
        (4, "unknown_attachment".to_owned())
    );
}

#[test]
fn a_backup_comes_back_over_a_damaged_board() {
    let place = Place::new();
    let task = place.create("kept", &[]);
    let target = place.home().join("../safe");
    let target = target.to_str().unwrap();
    place.run(["backup", target]).done();
    assert_eq!(place.run(["backup", target, "--json"]).refusal(), (1, "target_exists".to_owned()));
    let database = place.home().join("boards/default/board.db");
    std::fs::write(&database, "x".repeat(20_000)).unwrap();
    for _ in 0..3 {
        let said = place.say("list");
        assert_eq!(said.code, 5);
        assert!(said.err.contains("board.db.corrupt."), "{said:?}");
    }
    let folder = std::fs::read_dir(database.parent().unwrap()).unwrap().flatten();
    let copies = folder.filter(|entry| entry.file_name().to_string_lossy().contains("corrupt"));
    assert_eq!(copies.count(), 1);
    assert_eq!(place.say("doctor").code, 5);
    assert_eq!(place.run(["restore", "/nowhere", "--json"]).refusal(), (5, "bad_backup".to_owned()));
    place.run(["restore", target]).done();
    assert_eq!(place.status(&task), "ready");
    assert!(place.say("doctor").done().contains("all is well"));
    assert_eq!(place.say("doctor --json").json()["boards"][0]["findings"], serde_json::json!([]));
}

#[test]
fn boards_are_filled_looked_over_and_cleaned() {
    let place = Place::new();
    let parent = place.create("parent", &[]);
    let made = place.run(["bench", "fill", "--tasks", "700", "--parent", &parent, "--json"]).json();
    assert_eq!(made["tasks"], 700);
    assert_eq!(place.say("stats --json").json()["by_status"]["todo"], 700);
    assert_eq!(
        place.run(["bench", "fill", "--tasks", "1", "--parent", "t_00000000", "--json"]).refusal().0,
        4
    );
    assert_eq!(place.say("diagnostics --json").json(), serde_json::json!([]));
    assert_eq!(place.say("diag --severity bad").code, 2);
    place.run(["archive", &parent, "--hold"]).done();
    let gone = place.say("gc --event-retention-days 0 --json").json();
    assert_eq!(gone[0]["board"], "default");
    assert_eq!(place.say("import hermes /nowhere --json").refusal(), (5, "bad_source".to_owned()));
}

#[test]
fn completions_and_manual_pages_name_every_verb() {
    let place = Place::new();
    let script = place.say("completions bash").done();
    assert!(script.contains("set-default-workdir") && place.say("completions tcl").code == 2);
    assert!(place.say("man").done().starts_with(".ie"));
    let folder = place.home().join("man");
    place.run(["man", "--dir", folder.to_str().unwrap()]).done();
    assert!(folder.join("andon-boards-create.1").exists());
}
