//! Bad input: a stable code, the offending value, the way out; nothing half-done.

use super::place::Place;

fn place() -> Place {
    let place = Place::with_profiles(&[("coder", "runner = \"lane\"\n")]);
    place.say("init").done();
    place
}

#[test]
fn what_is_not_there_is_named_with_what_was_probably_meant() {
    let place = place();
    let id = place.create("a task", &[]);
    let close = format!("{}{}", &id[..9], if id.ends_with('0') { '1' } else { '0' });
    for (words, code, hint) in [
        (vec!["show", close.as_str()], "unknown_task", id.as_str()),
        (vec!["show", "nonsense"], "unknown_task", "andon list"),
        (vec!["create", "x", "--parent", &close], "unknown_parents", id.as_str()),
        (vec!["create", "x", "--parent", "nonsense"], "unknown_parents", "andon list"),
        (vec!["create", "x", "--assignee", "codr"], "unknown_profile", "profile list"),
        (vec!["assign", id.as_str(), "codr"], "unknown_profile", "profile list"),
        (vec!["claim", "--profile", "codr"], "unknown_profile", "profile list"),
        (vec!["pause", "--profile", "codr"], "unknown_profile", "profile list"),
        (vec!["list", "--board", "defalt"], "unknown_board", "boards list"),
        (vec!["log", id.as_str()], "not_found", "andon runs"),
    ] {
        let said = place.run(words.iter().copied().chain(["--json"]));
        assert_eq!(said.refusal(), (4, code.to_owned()), "{words:?}");
        assert!(said.err.contains(hint), "{words:?}: {}", said.err);
    }
    let text = place.run(["create", "x", "--assignee", "codr"]);
    assert_eq!(
        text.err.lines().next(),
        Some("andon: there is no profile \"codr\"; did you mean coder?"),
        "{text:?}"
    );
    assert!(text.err.contains("\n  hint: ") && text.err.contains("\n  code: unknown_profile"));
    assert_eq!(place.say("list --json").json().as_array().unwrap().len(), 1);
}

#[test]
fn a_command_line_that_makes_no_sense_ends_with_2() {
    let place = place();
    for words in [
        vec!["list", "--status", "redy"],
        vec!["list", "--sort", "nothing"],
        vec!["list", "--board", ""],
        vec!["list", "--board", "a/b"],
        vec!["list", "--limit", "0"],
        vec!["create", "x", "--max-runtime", "soon"],
        vec!["create", "x", "--max-retries", "0"],
        vec!["create", "x", "--at", "whenever"],
        vec!["create", "x", "--workspace", "dir:relative/path"],
        vec!["create", "x", "--workspace", "dir:/a/../b"],
        vec!["create", "x", "--workspace", "somewhere"],
        vec!["create", "x", "--workspace", "worktree", "--branch", "-x"],
        vec!["create", "x", "--workspace", "worktree", "--branch", "a b"],
        vec!["create", "x", "--branch", "b"],
        vec!["create"],
        vec!["complete"],
        vec!["complete", "t_00000000", "--metadata", "[1]"],
        vec!["complete", "t_00000000", "t_00000001", "--summary", "x"],
        vec!["show", "t_00000000", "--state-name", "x"],
        vec!["claim"],
    ] {
        let said = place.run(words.iter().copied());
        assert_eq!(said.code, 2, "{words:?}: {said:?}");
        assert!(said.out.is_empty() && !said.err.is_empty(), "{words:?}");
        let last = said.err.trim_end().lines().last().unwrap();
        assert!(last.starts_with("  code: "), "{words:?}: {said:?}");
    }
    for words in [vec!["no-such-verb"], vec!["list", "--limit", "0"], vec!["create"]] {
        let said = place.run(words.iter().copied());
        assert!(said.err.ends_with("\n  code: usage\n"), "{words:?}: {said:?}");
    }
    let said = place.run(["list", "--status", "redy", "--json"]);
    assert_eq!(said.refusal(), (2, "usage".to_owned()));
    assert!(said.err.contains("did you mean ready?"), "{said:?}");
    assert_eq!(place.say("list --json").json().as_array().unwrap().len(), 0);
}

#[test]
fn a_setting_of_the_environment_that_is_none_is_refused_by_every_verb() {
    let place = place();
    let id = place.create("a task", &[]);
    for words in [
        vec!["list"],
        vec!["show", &id],
        vec!["create", "x"],
        vec!["comment", &id, "x"],
        vec!["boards", "list"],
        vec!["profile", "list"],
        vec!["token", "list"],
        vec!["doctor"],
        vec!["exit-codes"],
        vec!["list", "--server", "http://127.0.0.1:1"],
    ] {
        for (name, value, form) in [
            ("ANDON_LEASE_TTL", "5x", "a duration from"),
            ("ANDON_FAILURE_LIMIT", "0", "a whole number from 1 to 1000"),
            ("ANDON_LEASE_TLT", "5s", "ANDON_LEASE_TTL"),
        ] {
            let said = place.as_worker(&[(name, value)], &[words.clone(), vec!["--json"]].concat());
            assert_eq!(said.refusal(), (5, "config_invalid".to_owned()), "{words:?} {name}");
            assert!(said.err.contains(name) && said.err.contains(form), "{words:?}: {}", said.err);
            let shown = name == "ANDON_LEASE_TLT" || said.err.contains(value);
            assert!(shown, "{words:?}: {}", said.err);
        }
        // What is empty is unset, and what is right changes nothing.
        let code = place.as_worker(&[("ANDON_LEASE_TTL", ""), ("ANDON_FAILURE_LIMIT", "3")], &words).code;
        assert_eq!(code, if words.contains(&"--server") { 5 } else { 0 }, "{words:?}");
    }
    let listed = place.say("list --json").json().as_array().unwrap().len();
    assert_eq!(listed, 2, "what was there, and what nothing was wrong with");
}

#[test]
fn texts_that_no_board_takes_are_refused_by_its_rules() {
    let place = place();
    let long = "x".repeat(100_000);
    let megabyte = place.file("big", "x".repeat((1 << 20) + 1).as_bytes());
    let nul = place.file("nul", b"before\0after");
    for words in [
        vec!["create", long.as_str()],
        vec!["create", "bell\u{7}"],
        vec!["create", "  "],
        vec!["create", "x", "--body-file", megabyte.to_str().unwrap()],
        vec!["create", "x", "--body-file", nul.to_str().unwrap()],
        vec!["create", "x", "--skill", "a/b"],
    ] {
        let said = place.run(words.iter().copied().chain(["--json"]));
        assert_eq!(said.refusal(), (1, "invalid_value".to_owned()), "{words:?}");
        assert!(said.err.len() < 2_000, "a message quotes a part of a long value");
    }
    assert_eq!(place.say("list --json").json().as_array().unwrap().len(), 0);
}

#[test]
fn files_that_cannot_be_read_are_named() {
    let place = place();
    let latin = place.file("latin", b"caf\xe9");
    for path in ["/nowhere/body.md", latin.to_str().unwrap()] {
        let said = place.run(["create", "x", "--body-file", path, "--json"]);
        assert_eq!(said.refusal(), (5, "file_io".to_owned()));
        assert!(said.err.contains(path), "{said:?}");
    }
}

#[test]
fn a_malformed_configuration_says_where() {
    let place = place();
    std::fs::write(place.home().join("config.toml"), "failure_limt = 3\n").unwrap();
    let said = place.run(["create", "x", "--json"]);
    assert_eq!(said.refusal(), (5, "config_invalid".to_owned()));
    assert!(said.err.contains("config.toml:1:1") && said.err.contains("failure_limit"), "{said:?}");
    place.say("list").done();
    std::fs::write(place.home().join("config.toml"), "").unwrap();
    let said = place.as_worker(&[("ANDON_FAILURE_LIMIT", "none")], &["create", "x", "--json"]);
    assert_eq!(said.refusal(), (5, "config_invalid".to_owned()));
}

#[test]
fn a_database_that_is_gone_or_foreign_is_refused_and_never_made_anew() {
    let place = place();
    place.create("kept", &[]);
    let database = place.home().join("boards/default/board.db");
    let good = std::fs::read(&database).unwrap();
    std::fs::write(&database, "this is no database, it is a text that somebody put here").unwrap();
    for words in ["list --json", "create x --json"] {
        assert_eq!(place.say(words).refusal(), (5, "database_foreign".to_owned()));
    }
    std::fs::write(&database, "").unwrap();
    assert_eq!(place.say("create x --json").refusal(), (5, "database_empty".to_owned()));
    std::fs::remove_file(&database).unwrap();
    assert_eq!(place.say("create x --json").refusal(), (5, "database_missing".to_owned()));
    assert!(!database.exists());
    std::fs::write(&database, good).unwrap();
    assert_eq!(place.say("list --json").json().as_array().unwrap().len(), 1);
}

#[test]
fn titles_of_every_script_survive() {
    let place = place();
    for title in
        ["مرحبا بالعالم", "👩‍👩‍👧‍👦 family", "a 'quoted\" $(title)`", "--looks-like-an-option", "\u{202e}reversed"]
    {
        let created = place.run(["create", "--json", "--", title]).json();
        assert_eq!(created["title"], title);
    }
}
