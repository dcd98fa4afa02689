//! The review column: reached by the worker's word, left by the reviewer's exit code.

use andon_tests::{House, text_of, wait_until};

/// A house where `sh` is reviewed by `critic`, which runs this script.
fn reviewed(critic: &str) -> House {
    let house = House::new();
    house.profile("sh", "runner = \"shell\"\nreviewer = \"critic\"\n");
    house.profile("critic", &format!("runner = \"command\"\ncommand = [\"sh\", \"-c\", {critic:?}]\n"));
    house
}

#[test]
fn a_reviewer_sends_work_back_and_approves_by_its_exit_code() {
    let house = reviewed("[ -e \"$OUT/tests\" ] && exit 0; echo 'tests are missing'; exit 1");
    let task = house.script(
        "[ \"$ANDON_PHASE\" = work ] || exit 9\n\
         [ -e \"$OUT/once\" ] && touch \"$OUT/tests\"; touch \"$OUT/once\"\n\
         exec andon request-review --summary 'please look'\n",
    );
    let _ = house.until_idle();
    assert_eq!(house.status(&task), "done");
    let outcomes = ["review_requested", "changes_requested", "review_requested", "approved"];
    assert_eq!(house.outcomes(&task), outcomes);
    let runs = house.runs(&task);
    let profiles: Vec<String> = runs.iter().map(|run| text_of(&run["profile"])).collect();
    assert_eq!(profiles, ["sh", "critic", "sh", "critic"]);
    assert!(text_of(&runs[1]["summary"]).contains("tests are missing"), "{:#}", runs[1]);
}

#[test]
fn a_review_that_crashes_is_a_review_again() {
    let house = reviewed("[ -e \"$OUT/broken\" ] && exit 0; touch \"$OUT/broken\"; exit 9");
    let task = house.script("exec andon request-review --summary 'please look'");
    let _ = house.until_idle();
    assert_eq!(house.outcomes(&task), ["review_requested", "crashed", "approved"]);
    assert_eq!(house.status(&task), "done");
}

#[test]
fn after_enough_rounds_a_person_is_asked() {
    let house = reviewed("echo 'still not'; exit 1");
    house.config("review_round_limit = 2\n");
    let task = house.script("exec andon request-review --summary 'please look'");
    let _ = house.andon(["dispatch", "--until-idle"]).exits(3);
    let blocked = house.task(&task);
    assert_eq!((&blocked["status"], &blocked["block_kind"]), (&"blocked".into(), &"needs_input".into()));
    let asked = house.outcomes(&task).iter().filter(|outcome| *outcome == "changes_requested").count();
    assert_eq!(asked, 2);
}

#[test]
fn without_a_reviewer_a_review_waits_for_a_person() {
    let house = House::new();
    let _dispatcher = house.dispatcher();
    let task = house.script("[ -e \"$OUT/better\" ] || exec andon request-review --summary 'please look'");
    house.wait_status(&task, "review");
    house.touch("better");
    let _ = house.andon(["request-changes", &task, "more tests"]).ok();
    house.wait_status(&task, "done");
    let again = house.script("exec andon request-review --summary 'please look'");
    house.touch("never");
    wait_until("it is asked again or done", || ["review", "done"].contains(&house.status(&again).as_str()));
    let _ = house.andon(["approve", &again]).ok();
    assert_eq!(house.status(&again), "done");
}
