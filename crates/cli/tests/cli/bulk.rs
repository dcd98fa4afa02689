//! Several ids: each is reported, one that fails keeps no other back, the worst decides.

use super::place::Place;

#[test]
fn each_task_is_reported_and_the_worst_decides() {
    let place = Place::new();
    let (a, b, done) = (place.create("a", &[]), place.create("b", &[]), place.create("done", &[]));
    place.run(["complete", &done]).done();
    let said = place.run(["complete", &a, &done, "t_00000000", "nonsense", &b, &a]);
    assert_eq!(said.code, 4, "{said:?}");
    assert_eq!(said.out, format!("Completed {a}  (done)\nCompleted {b}  (done)\n"));
    let complaints: Vec<&str> = said.err.lines().collect();
    assert_eq!(complaints.len(), 3, "{said:?}");
    assert!(complaints[0].starts_with(&format!("andon: {done}: ")));
    assert!(complaints[2].starts_with("andon: nonsense: "));
}

#[test]
fn several_results_are_one_array() {
    let place = Place::new();
    let a = place.create("a", &[]);
    let said = place.run(["block", &a, "why", "--ids", "t_00000000", "--json"]);
    assert_eq!(said.code, 4);
    let rows: serde_json::Value = serde_json::from_str(&said.out).unwrap();
    assert_eq!((&rows[0]["ok"], &rows[0]["task"]["status"]), (&true.into(), &"blocked".into()));
    assert_eq!((&rows[1]["ok"], &rows[1]["error"]["code"]), (&false.into(), &"unknown_task".into()));
}

#[test]
fn many_tasks_are_reassigned_at_once() {
    let place = Place::with_profiles(&[("coder", "runner = \"lane\"\n")]);
    let (a, b) = (place.create("a", &[]), place.create("b", &[]));
    place.run(["reassign", &a, &b, "coder"]).done();
    assert_eq!(place.say("list --assignee coder --json").json().as_array().unwrap().len(), 2);
    place.run(["assign", &a, &b, "none"]).done();
    assert_eq!(place.say("list --assignee coder --json").json().as_array().unwrap().len(), 0);
    let rows = place.run(["promote", &a, "--ids", &b, "--json"]).json();
    assert_eq!((rows.as_array().unwrap().len(), &rows[0]["promoted"]), (2, &true.into()));
}
