//! The cord: nothing starts once a pause has answered.

use super::place::Place;

#[test]
fn nothing_is_claimed_while_the_board_is_paused() {
    let place = Place::with_profiles(&[("coder", "runner = \"lane\"\n")]);
    let id = place.create("a task", &["--assignee", "coder"]);
    assert_eq!(place.say("pause tea").done(), "Paused board default: nothing starts\n");
    assert!(place.say("pause").done().starts_with("Paused already:"));
    assert_eq!(place.run(["claim", &id, "--json"]).refusal(), (1, "paused".to_owned()));
    assert_eq!(place.run(["why", &id, "--json"]).json()[1]["code"], "paused");
    assert_eq!(place.say("resume").done(), "Resumed board default\n");
    assert!(place.say("resume").done().starts_with("Was not paused:"));
    place.claim(&id);
}

#[test]
fn a_profile_is_paused_alone() {
    let place = Place::with_profiles(&[("coder", "runner = \"lane\"\n"), ("critic", "runner = \"lane\"\n")]);
    let own = place.create("own", &["--assignee", "coder"]);
    let other = place.create("other", &["--assignee", "critic"]);
    place.say("pause --profile coder").done();
    assert_eq!(place.run(["claim", &own, "--json"]).refusal(), (1, "paused".to_owned()));
    place.claim(&other);
    place.say("resume --profile coder").done();
    place.claim(&own);
}

#[test]
fn pausing_everything_reaches_boards_that_come_later() {
    let place = Place::new();
    place.say("init").done();
    place.say("pause --all").done();
    let early = place.create("early", &[]);
    place.say("init --board later").done();
    let late =
        place.run(["create", "late", "--board", "later", "--json"]).json()["id"].as_str().unwrap().to_owned();
    assert_eq!(place.run(["claim", &early, "--json"]).refusal(), (1, "paused".to_owned()));
    assert_eq!(place.run(["claim", &late, "--board", "later", "--json"]).refusal(), (1, "paused".to_owned()));
    place.say("resume --all").done();
    place.run(["claim", &late, "--board", "later"]).done();
    place.claim(&early);
}

#[test]
fn what_runs_is_stopped_on_request() {
    let place = Place::new();
    let (running, ready) = (place.create("running", &[]), place.create("ready", &[]));
    place.claim(&running);
    let text = place.say("pause --stop-running").done();
    assert!(text.contains(&format!("Stopped {running}")), "{text}");
    assert_eq!((place.status(&running).as_str(), place.status(&ready).as_str()), ("blocked", "ready"));
}
