//! Ends of runs (§6): outcome, counter, back-off and breaker in one transaction.

use andon_core::run::{Ending, Failure, Outcome};
use andon_core::task::{BlockKind, Counters, Status};
use andon_store::operation::{Afresh, Claimed, EndRun, RecordUsage, SessionToResume, StartFresh, Unblock};
use andon_store::sql::runs::{Usage, Words};
use serde_json::json;

use crate::{Boards, Draft, Scene};

fn ending(s: &Scene, claimed: &Claimed, ending: Ending) -> EndRun {
    let words = Words { summary: Some("all good\nmore".to_owned()), exit_code: Some(0), ..Words::default() };
    EndRun { ending, words, ..s.failure(claimed, Failure::Crashed) }
}

/// Each failure gets its outcome, its counter and its consequence.
pub async fn each_failure_counts_what_it_says(boards: &impl Boards) {
    let s = Scene::new(boards);
    let failed = |failures| Counters { failures, ..Counters::default() };
    let table = [
        (Failure::SpawnFailed { missing: false }, failed(1), "spawn_failed", None),
        (Failure::SpawnFailed { missing: true }, failed(1), "blocked", Some(BlockKind::Capability)),
        (Failure::Crashed, failed(1), "crashed", None),
        (Failure::AuthenticationFailed, failed(1), "blocked", Some(BlockKind::Capability)),
        (Failure::ProtocolViolation, failed(1), "gave_up", Some(BlockKind::GaveUp)),
        (Failure::TimedOut, failed(1), "timed_out", None),
        (Failure::Lost, Counters { reclaims: 1, ..Counters::default() }, "lost", None),
        (Failure::Stale, Counters { reclaims: 1, ..Counters::default() }, "stale", None),
        (Failure::Interrupted, Counters { interruptions: 1, ..Counters::default() }, "interrupted", None),
        (Failure::RateLimited, Counters { rate_limits: 1, ..Counters::default() }, "rate_limited", None),
    ];
    for (failure, counters, kind, block) in table {
        let run = s.running("t").await;
        s.fail(&run, failure).await;
        let shown = s.show(&run.task.id).await;
        let state = &shown.task.state;
        assert_eq!(state.counters, counters, "{failure:?}");
        assert_eq!(shown.runs[0].outcome, Some(failure.outcome()));
        assert_eq!(shown.runs[0].error.as_deref(), Some("it broke"));
        assert!(shown.events.iter().any(|event| event.kind == kind), "{failure:?} leaves no {kind}");
        assert_eq!(state.block.as_ref().map(|block| block.kind), block, "{failure:?}");
        assert_eq!(state.eligible.is_some(), block.is_none(), "{failure:?}: a retry has a back-off");
        assert_eq!(state.last_failure_error.as_deref(), Some("it broke"));
        s.inspect().await;
    }
}

/// The back-off grows, the breaker trips at the task's own limit, and nothing but a person starts it again.
pub async fn the_breaker_trips_at_the_task_s_own_limit(boards: &impl Boards) {
    let s = Scene::new(boards);
    let id = s.create(Draft::new("t").with(|new| new.max_retries = Some(3))).await.id;
    let mut waits = Vec::new();
    for attempt in 1..=3 {
        let run = s.claim_one().await;
        assert_eq!(run.run.attempt, attempt);
        s.take(&run).await;
        s.fail(&run, Failure::Crashed).await;
        if let Some(eligible) = s.get(&id).await.state.eligible {
            waits.push(eligible.at.since(s.now()));
            s.world.set(eligible.at);
        }
    }
    assert!(waits.len() == 2 && (1_000..1_200).contains(&waits[0]) && (4_000..4_800).contains(&waits[1]));
    let state = s.get(&id).await.state;
    assert_eq!(state.block.map(|block| block.kind), Some(BlockKind::GaveUp));
    s.wait(1 << 40);
    assert!(s.claim(9).await.is_empty() && s.sweep().await.is_empty());
    s.complete(&id).await;
    assert_eq!(s.get(&id).await.state.counters, Counters::default(), "a completion resets what went wrong");
}

/// Rate limits never count as failures, and are bounded.
pub async fn rate_limits_are_no_failures_and_bounded(boards: &impl Boards) {
    let mut s = Scene::new(boards);
    s.policy.rate_limit_limit = 3;
    let id = s.task("t").await;
    for _ in 0..3 {
        let run = s.claim_one().await;
        s.take(&run).await;
        s.fail(&run, Failure::RateLimited).await;
        s.wait(2 * s.policy.rate_limit_cooldown_cap);
    }
    let state = s.get(&id).await.state;
    assert_eq!((state.counters.failures, state.counters.rate_limits), (0, 3));
    assert_eq!(state.block.map(|block| block.kind), Some(BlockKind::GaveUp));
}

/// Three distinct tasks of one profile that crash alike trip at once; no fingerprint, or another, or long ago, does not.
pub async fn crashes_alike_trip_at_once(boards: &impl Boards) {
    let s = Scene::new(boards);
    let crash = async |sign: Option<&str>| {
        let run = s.running("t").await;
        let words = Words { fingerprint: sign.map(str::to_owned), exit_code: Some(1), ..Words::default() };
        s.ok(EndRun { words, ..s.failure(&run, Failure::Crashed) }).await;
        s.status(&run.task.id).await
    };
    for _ in 0..4 {
        assert_eq!(crash(None).await, Status::Ready, "no fingerprint, nothing alike");
    }
    assert_eq!(crash(Some("exit 1: no")).await, Status::Ready);
    assert_eq!(crash(Some("exit 1: no")).await, Status::Ready);
    assert_eq!(crash(Some("exit 1: other")).await, Status::Ready);
    assert_eq!(crash(Some("exit 1: no")).await, Status::Blocked);
    // Within the claims' own back-off nothing else is claimed; after the window the sign is old.
    s.wait(s.policy.systemic_window + 1);
    assert_eq!(s.claim(99).await.len(), 7);
}

/// Exit 0 completes the task with its handoff, promotes its children, and reaps the run, all at once.
pub async fn an_exit_that_completes_hands_over_and_promotes(boards: &impl Boards) {
    let s = Scene::new(boards);
    let run = s.running("t").await;
    let child = s.child("child", &run.task.id).await;
    let mut end = ending(&s, &run, Ending::Complete);
    end.words.metadata = json!({ "artifacts": ["report.pdf"] });
    s.ok(end.clone()).await;
    let shown = s.show(&run.task.id).await;
    assert_eq!((shown.task.state.status, shown.runs[0].outcome), (Status::Done, Some(Outcome::Completed)));
    assert_eq!(shown.latest_summary(), Some("all good\nmore"));
    assert!(shown.runs[0].reaped_at.is_some() && shown.runs[0].ended_by_self);
    let completed = shown.events.iter().find(|event| event.kind == "completed").unwrap();
    assert_eq!(completed.data["summary"], "all good");
    assert_eq!(completed.data["artifacts"], json!(["report.pdf"]));
    assert_eq!(s.status(&child).await, Status::Ready);
    s.ok(end).await;
    assert_eq!(s.count(&run.task.id, "completed").await, 1, "the same end again changes nothing");
}

/// The end of a run that its worker has ended already only reaps it.
pub async fn an_end_after_the_worker_s_word_only_reaps(boards: &impl Boards) {
    let s = Scene::new(boards);
    let run = s.running("t").await;
    s.ok(s.blocking(&run.task.id, s.worker(&run), BlockKind::NeedsInput)).await;
    let before = s.get(&run.task.id).await;
    s.fail(&run, Failure::Crashed).await;
    assert_eq!(s.get(&run.task.id).await, before);
    let shown = s.show(&run.task.id).await;
    assert_eq!(shown.runs[0].outcome, Some(Outcome::Blocked));
    assert!(shown.runs[0].reaped_at.is_some());
}

/// A new session for the next run and the verb that lets the task go on are one thing: a refused verb asks for nothing.
pub async fn a_fresh_session_is_asked_for_with_its_verb_or_not_at_all(boards: &impl Boards) {
    let s = Scene::new(boards);
    let run = s.running("t").await;
    let usage = Usage { session_ref: Some("s-1".to_owned()), ..Usage::default() };
    s.ok(RecordUsage { run: run.run.id.clone(), usage }).await;
    let (task, profile) = (run.task.id.clone(), "coder".parse().unwrap());
    let resume = SessionToResume { task: task.clone(), profile };
    let afresh = || Afresh {
        fresh: Some(StartFresh { task: task.clone(), caller: s.person() }),
        then: Unblock { task: task.clone(), caller: s.person(), reason: None, policy: s.policy.clone() },
    };
    assert_eq!(s.refused(afresh()).await, "wrong_status");
    assert_eq!(s.ok(resume.clone()).await.map(|found| found.id), Some(run.run.id.clone()));
    s.ok(s.blocking(&task, s.worker(&run), BlockKind::NeedsInput)).await;
    assert_eq!(s.ok(afresh()).await.state.status, Status::Ready);
    assert_eq!(s.ok(resume).await, None);
}
