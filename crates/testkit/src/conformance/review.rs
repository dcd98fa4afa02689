//! Reviews: who judges, how a judgement ends, and how often it may go round.

use andon_core::roster::{ProfileFacts, Reviewer};
use andon_core::run::{Ending, Failure, Outcome};
use andon_core::task::{BlockKind, Phase, Status};
use andon_core::{ProfileName, TaskId};
use andon_store::Caller;
use andon_store::operation::{Approve, Claimed, EndRun, RequestChanges, RequestReview};
use serde_json::Value;

use crate::{Boards, Draft, Scene, profile};

fn request(s: &Scene, task: &TaskId, caller: Caller) -> RequestReview {
    RequestReview {
        task: task.clone(),
        caller,
        summary: Some("please look".to_owned()),
        metadata: Value::Null,
        roster: s.roster.clone(),
        policy: s.policy.clone(),
    }
}

fn changes(s: &Scene, task: &TaskId, caller: Caller) -> RequestChanges {
    RequestChanges { task: task.clone(), caller, reason: "more tests".to_owned(), policy: s.policy.clone() }
}

fn approve(s: &Scene, task: &TaskId, caller: Caller) -> Approve {
    Approve { task: task.clone(), caller, summary: None, policy: s.policy.clone() }
}

/// A scene whose board names `judge` as its reviewer.
fn judged(boards: &impl Boards) -> Scene {
    let mut s = Scene::new(boards);
    s.roster.reviewer = Some("judge".parse().unwrap());
    s
}

/// Runs `coder` up to its request for a review; gives the review's run.
async fn reviewing(s: &Scene, run: &Claimed) -> Claimed {
    s.ok(request(s, &run.task.id, s.worker(run))).await;
    s.reap(run).await;
    let review = s.claim_one().await;
    assert_eq!((&review.task.id, review.run.kind), (&run.task.id, Phase::Review));
    s.take(&review).await;
    review
}

/// The task's reviewer, else the profile's, else the board's, and never the implementer: then a person.
pub async fn the_reviewer_is_never_the_implementer(boards: &impl Boards) {
    let name = |text: &str| text.parse::<ProfileName>().unwrap();
    let who = |text: &str| if text == "person" { Reviewer::Person } else { Reviewer::Profile(name(text)) };
    for (of_task, of_profile, of_board, chosen) in [
        (Some("writer"), Some("judge"), Some("judge"), Some("writer")),
        (None, Some("writer"), Some("judge"), Some("writer")),
        (None, None, Some("judge"), Some("judge")),
        (Some("coder"), None, Some("judge"), Some("judge")),
        (None, None, Some("coder"), None),
        (None, None, None, None),
        (None, Some("person"), Some("judge"), None),
        (Some("writer"), Some("person"), None, Some("writer")),
    ] {
        let mut s = Scene::new(boards);
        s.roster.reviewer = of_board.map(name);
        let facts = ProfileFacts { reviewer: of_profile.map(who), ..profile() };
        s.roster.profiles.insert(name("coder"), facts);
        let id = s.create(Draft::new("t").with(|new| new.reviewer = of_task.map(name))).await.id;
        let run = s.claim_one().await;
        let task = s.ok(request(&s, &id, s.worker(&run))).await;
        assert_eq!((task.reviewer, task.state.status), (chosen.map(name), Status::Review));
        assert_eq!(
            s.claim(9).await.len(),
            usize::from(chosen.is_some()),
            "without a reviewer a person judges"
        );
    }
}

/// An approval finishes the task, by whomever: the reviewer's word, its completion, its exit, or a person.
pub async fn an_approval_finishes_the_task(boards: &impl Boards) {
    let s = judged(boards);
    for way in 0..4 {
        let run = s.running("t").await;
        let id = run.task.id.clone();
        let child = s.create(Draft::new("child").of("hands").after(&id)).await.id;
        let review = reviewing(&s, &run).await;
        match way {
            0 => drop(s.ok(approve(&s, &id, s.worker(&review))).await),
            1 => drop(s.ok(s.completion(&id, s.worker(&review))).await),
            2 => {
                let end = EndRun { ending: Ending::Approve, ..s.failure(&review, Failure::Crashed) };
                s.ok(end).await;
            }
            _ => drop(s.ok(approve(&s, &id, s.person())).await),
        }
        let shown = s.show(&id).await;
        assert_eq!((shown.task.state.status, shown.runs[1].outcome), (Status::Done, Some(Outcome::Approved)));
        assert_eq!(s.status(&child).await, Status::Ready);
        s.reap(&review).await;
    }
    s.inspect().await;
}

/// Requested changes go back to the implementer with the words as a comment; round after round they end at a person.
pub async fn rounds_of_changes_end_at_a_person(boards: &impl Boards) {
    let s = judged(boards);
    let mut run = s.running("t").await;
    let id = run.task.id.clone();
    for round in 1..=3 {
        let review = reviewing(&s, &run).await;
        let task = s.ok(changes(&s, &id, s.worker(&review))).await;
        s.reap(&review).await;
        assert_eq!((task.state.counters.review_rounds, task.state.phase), (round, Phase::Work));
        if round < 3 {
            assert_eq!(task.state.status, Status::Ready);
            run = s.claim_one().await;
            assert_eq!(run.run.profile.as_ref().unwrap().as_str(), "coder");
            s.take(&run).await;
        }
    }
    let shown = s.show(&id).await;
    assert_eq!(shown.task.state.block.map(|block| block.kind), Some(BlockKind::NeedsInput));
    assert_eq!(shown.comments.len(), 3);
    assert_eq!(shown.comments[0].body, "Changes requested: more tests");
}

/// A review that crashes stays a review (mends Q-21).
pub async fn a_crashed_review_stays_a_review(boards: &impl Boards) {
    let s = judged(boards);
    let run = s.running("t").await;
    let review = reviewing(&s, &run).await;
    s.fail(&review, Failure::Crashed).await;
    let state = s.get(&run.task.id).await.state;
    assert_eq!((state.status, state.phase), (Status::Review, Phase::Review));
    s.wait(2_000);
    assert_eq!(s.claim_one().await.run.kind, Phase::Review);
}

/// What is not under review cannot be judged, and what is cannot be submitted again.
pub async fn only_a_review_is_judged(boards: &impl Boards) {
    let s = judged(boards);
    let run = s.running("t").await;
    let id = run.task.id.clone();
    assert_eq!(s.refused(approve(&s, &id, s.worker(&run))).await, "wrong_status");
    assert_eq!(s.refused(changes(&s, &id, s.worker(&run))).await, "wrong_status");
    let blank = RequestChanges { reason: " ".to_owned(), ..changes(&s, &id, s.person()) };
    assert_eq!(s.refused(blank).await, "invalid_value");
    let review = reviewing(&s, &run).await;
    assert_eq!(s.refused(request(&s, &id, s.worker(&review))).await, "wrong_status");
    assert_eq!(s.refused(approve(&s, &id, s.worker(&run))).await, "stale_run");
}
