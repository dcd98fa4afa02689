//! Runs and leases: who may execute a run, until when, and what a run that lost its lease can still do: nothing.

use andon_core::TaskId;
use andon_core::run::{Failure, Guard, Renewal, StandDown};
use andon_core::task::{BlockKind, Status};
use andon_store::Caller;
use andon_store::operation::{
    AddComment, CheckGuard, Claim, ClaimByHand, Claimed, Create, EndRun, Heartbeat, JudgeLease, Judged, Link,
    Reap, Reclaim, Renew, RequestReview, Schedule, Started, Stop, Take,
};
use andon_store::query::LiveRuns;
use serde_json::Value;

use crate::{Boards, Draft, Scene};

fn renewing(s: &Scene, claimed: &Claimed, pid: i64) -> Renew {
    let (run, policy) = (claimed.run.id.clone(), s.policy.clone());
    Renew { run, holder: s.holder(pid), progress: false, policy }
}

fn judging(s: &Scene, claimed: &Claimed, holder_alive: Option<bool>) -> JudgeLease {
    let (run, policy) = (claimed.run.id.clone(), s.policy.clone());
    JudgeLease { run, holder_alive, rebooted: false, unstarted: false, policy }
}

fn beat(s: &Scene, caller: Caller, task: Option<&TaskId>) -> Heartbeat {
    let policy = s.policy.clone();
    Heartbeat { caller, task: task.cloned(), note: Some("half done".to_owned()), ttl: None, policy }
}

/// Two supervisors can never pass together; every other reason to stand down is told apart, and counts nothing.
pub async fn one_supervisor_takes_a_run_and_every_other_stands_down(boards: &impl Boards) {
    let s = Scene::new(boards);
    s.task("t").await;
    let claimed = s.claim_one().await;
    let take = |run: &str, token: &str, pid: i64| Take {
        run: run.parse().unwrap(),
        token: token.to_owned(),
        holder: s.holder(pid),
        policy: s.policy.clone(),
    };
    let (run, token) = (claimed.run.id.as_str(), claimed.token.as_str());
    let down = Guard::StandDown;
    let unknown = "01ARZ3NDEKTSV4RRFFQ69G5FAV";
    assert_eq!(s.ok(take(unknown, token, 1)).await.guard, down(StandDown::UnknownRun));
    assert_eq!(s.ok(take(run, "", 1)).await.guard, down(StandDown::WrongToken));
    let taken = s.ok(take(run, token, 1)).await;
    assert_eq!(taken.guard, Guard::Go);
    assert_eq!(taken.work.unwrap().0.id, claimed.task.id);
    assert_eq!(s.ok(take(run, token, 2)).await.guard, down(StandDown::Taken));
    let again = s.ok(take(run, token, 1)).await;
    assert!(again.guard == Guard::Go && again.work.is_some(), "its holder asks again: the answer was lost");
    let check =
        |pid| CheckGuard { run: claimed.run.id.clone(), token: token.to_owned(), holder: s.holder(pid) };
    assert_eq!(s.ok(check(1)).await, Guard::Go);
    assert_eq!(s.ok(check(2)).await, down(StandDown::Taken));
    s.ok(stop(&s, &claimed)).await;
    assert_eq!(s.ok(check(1)).await, down(StandDown::RunEnded));
    assert_eq!(s.ok(take(run, token, 1)).await.guard, down(StandDown::RunEnded));
    assert_eq!(s.get(&claimed.task.id).await.state.counters.failures, 0);
}

fn stop(s: &Scene, claimed: &Claimed) -> Stop {
    let (task, caller, policy) = (claimed.task.id.clone(), s.person(), s.policy.clone());
    Stop { task, caller, reason: "enough".to_owned(), policy }
}

/// A renewal is good, however late, while nobody took the run away; only its holder's.
pub async fn a_late_renewal_is_good_while_nobody_took_the_run_away(boards: &impl Boards) {
    let s = Scene::new(boards);
    let run = s.running("t").await;
    let before = s.inspect().await.events.len();
    s.wait(10 * s.policy.lease_ttl);
    let renewed = s.ok(renewing(&s, &run, 1)).await;
    assert_eq!((renewed.renewal, renewed.expires_at), (Renewal::Ok, s.now().plus(s.policy.lease_ttl)));
    assert_eq!(s.ok(renewing(&s, &run, 2)).await.renewal, Renewal::Fenced);
    assert_eq!(s.inspect().await.events.len(), before, "renewals are no events");
}

/// A run that ended itself may finish for a while; any other that ended is fenced at once.
pub async fn a_renewal_tells_its_own_end_from_a_fence(boards: &impl Boards) {
    let s = Scene::new(boards);
    let run = s.running("t").await;
    s.ok(s.completion(&run.task.id, s.worker(&run))).await;
    assert_eq!(s.ok(renewing(&s, &run, 1)).await.renewal, Renewal::EndedBySelf);
    s.wait(s.policy.finish_grace + 1);
    assert_eq!(s.ok(renewing(&s, &run, 1)).await.renewal, Renewal::Fenced);
    let run = s.running("u").await;
    s.complete(&run.task.id).await;
    assert_eq!(s.ok(renewing(&s, &run, 1)).await.renewal, Renewal::Fenced);
}

/// An expired lease is extended once while its supervisor lives here; then, or elsewhere, the run is lost.
pub async fn an_expired_lease_is_extended_once_and_then_lost(boards: &impl Boards) {
    let s = Scene::new(boards);
    let run = s.running("t").await;
    assert_eq!(s.ok(judging(&s, &run, Some(true))).await, Judged::Live);
    s.wait(s.policy.lease_ttl + 1);
    assert_eq!(s.ok(judging(&s, &run, Some(true))).await, Judged::Extended);
    assert_eq!(s.ok(judging(&s, &run, Some(true))).await, Judged::Live);
    s.wait(s.policy.lease_ttl + 1);
    assert_eq!(s.ok(judging(&s, &run, Some(true))).await, Judged::Ended);
    let task = s.get(&run.task.id).await;
    assert_eq!((task.state.status, task.state.counters.reclaims), (Status::Ready, 1));
    assert!(s.claim(9).await.is_empty(), "its tree may still live");
    assert_eq!(s.ok(judging(&s, &run, None)).await, Judged::Ended, "judging twice changes nothing");
    assert_eq!(s.get(&run.task.id).await.state.counters.reclaims, 1);
    assert_eq!(s.count(&run.task.id, "claim_extended").await, 1);
    s.inspect().await;
}

/// A run that its claimer left unstarted is over at once, and a supervisor that comes late stands down; one that has taken the
/// run is none of a dead claimer's affairs.
pub async fn a_run_left_unstarted_ends_unless_a_supervisor_took_it(boards: &impl Boards) {
    let s = Scene::new(boards);
    let claimer = s.holder(77);
    let claim = |batch| Claim { claimer: Some(s.holder(77)), ..s.claiming(batch) };
    s.task("left").await;
    let left = s.ok(claim(1)).await.pop().unwrap();
    let known = s.ok(LiveRuns).await.pop().unwrap().1.unwrap();
    assert_eq!((known.holder, known.claimer), (None, Some(claimer)), "no supervisor's name stands there yet");
    let unstarted = |of: &Claimed| JudgeLease { unstarted: true, ..judging(&s, of, None) };
    assert_eq!(s.ok(judging(&s, &left, None)).await, Judged::Live);
    assert_eq!(s.ok(unstarted(&left)).await, Judged::Ended);
    let state = s.get(&left.task.id).await.state;
    assert_eq!((state.counters.failures, state.counters.interruptions), (0, 1));
    assert!(s.ok(LiveRuns).await.is_empty(), "nothing of it ever lived");
    let take = |of: &Claimed| Take {
        run: of.run.id.clone(),
        token: of.token.clone(),
        holder: s.holder(9),
        policy: s.policy.clone(),
    };
    assert_ne!(s.ok(take(&left)).await.guard, Guard::Go);
    s.wait(s.policy.backoff_cap * 2);
    let taken = s.ok(claim(1)).await.pop().unwrap();
    assert_eq!(s.ok(take(&taken)).await.guard, Guard::Go);
    assert_eq!(s.ok(unstarted(&taken)).await, Judged::Live);
    assert_eq!(s.status(&taken.task.id).await, Status::Running);
    s.inspect().await;
}

/// Whose fault a lost run was decides what it counts: a dead supervisor a crash, a reboot and a run that nobody took
/// nothing, a claim by hand that ran out a loss.
pub async fn a_lost_run_counts_by_whose_fault_it_was(boards: &impl Boards) {
    let s = Scene::new(boards);
    let dead = s.running("dead supervisor").await;
    assert_eq!(s.ok(judging(&s, &dead, Some(false))).await, Judged::Ended);
    assert_eq!(s.get(&dead.task.id).await.state.counters.failures, 1);
    let boot = s.running("reboot").await;
    s.ok(JudgeLease { rebooted: true, ..judging(&s, &boot, Some(false)) }).await;
    assert_eq!(s.get(&boot.task.id).await.state.counters.interruptions, 1);
    s.task("never taken").await;
    let never = s.claim_one().await;
    s.wait(s.policy.lease_ttl + 1);
    s.ok(judging(&s, &never, None)).await;
    let state = s.get(&never.task.id).await.state;
    assert_eq!((state.counters.failures, state.counters.interruptions), (0, 1));
    let id = s.create(Draft::new("by hand").of("hands")).await.id;
    let (caller, policy) = (s.person(), s.policy.clone());
    let hand =
        s.ok(ClaimByHand { task: Some(id), profile: None, ttl: 1_000, force: false, caller, policy }).await;
    s.wait(1_001);
    s.ok(judging(&s, &hand, None)).await;
    assert_eq!(s.get(&hand.task.id).await.state.counters.reclaims, 1);
    assert!(s.show(&hand.task.id).await.runs[0].reaped_at.is_some(), "nothing of it can live");
    s.inspect().await;
}

/// Every write of a run that is no longer current is refused by one code, leaves its audit, and changes nothing else.
pub async fn late_writes_of_a_stale_run_are_refused_and_audited(boards: &impl Boards) {
    let s = Scene::new(boards);
    let run = s.running("t").await;
    let id = run.task.id.clone();
    let (task, caller, policy) = (id.clone(), s.person(), s.policy.clone());
    s.ok(Reclaim { task, caller, reason: "stuck".to_owned(), policy }).await;
    s.reap(&run).await;
    let newer = s.claim_one().await;
    s.take(&newer).await;
    let worker = || s.worker(&run);
    let state = s.get(&id).await;
    let mut audited = 0;
    let mut expect = |code: &str, what: &str| {
        assert_eq!(code, "stale_run", "{what}");
        audited += 1;
    };
    expect(s.refused(s.completion(&id, worker())).await, "complete");
    expect(s.refused(s.blocking(&id, worker(), BlockKind::NeedsInput)).await, "block");
    expect(s.refused(beat(&s, worker(), None)).await, "heartbeat");
    expect(s.refused(Create { caller: worker(), ..s.creation(Draft::new("late")) }).await, "create");
    let review = RequestReview {
        task: id.clone(),
        caller: worker(),
        summary: None,
        metadata: Value::Null,
        roster: s.roster.clone(),
        policy: s.policy.clone(),
    };
    expect(s.refused(review).await, "review");
    let (task, policy) = (id.clone(), s.policy.clone());
    let schedule = Schedule { task, at: None, reason: String::new(), caller: worker(), policy };
    expect(s.refused(schedule).await, "schedule");
    let (task, policy) = (id.clone(), s.policy.clone());
    let comment = AddComment { task, body: "late".to_owned(), caller: worker(), policy };
    expect(s.refused(comment).await, "comment");
    assert_eq!(s.get(&id).await, state);
    let audit: Vec<_> = s.show(&id).await.events.into_iter().filter(|e| e.kind == "stale_write").collect();
    assert_eq!(audit.len(), audited);
    assert!(audit.iter().all(|event| event.run.as_deref() == Some(run.run.id.as_str())));
    s.ok(s.failure(&run, Failure::Crashed)).await;
    assert_eq!(s.get(&id).await, state, "the late end of a stale run counts nothing");
    s.ok(s.completion(&id, s.worker(&newer))).await;
}

/// A worker without its secret is no worker, and with it moves its own task alone.
pub async fn a_worker_moves_its_own_task_alone(boards: &impl Boards) {
    let s = Scene::new(boards);
    let run = s.running("t").await;
    let other = s.task("other").await;
    assert_eq!(s.refused(s.completion(&run.task.id, s.forged(&run))).await, "stale_run");
    let mut bare = s.worker(&run);
    bare.token = None;
    assert_eq!(s.refused(s.completion(&run.task.id, bare)).await, "stale_run");
    assert_eq!(s.refused(s.completion(&other, s.worker(&run))).await, "forbidden");
    assert_eq!(s.refused(s.blocking(&other, s.worker(&run), BlockKind::Operator)).await, "forbidden");
    let link = |parent: &TaskId, child: &TaskId| {
        let (parent, child, policy) = (parent.clone(), child.clone(), s.policy.clone());
        Link { parent, child, caller: s.worker(&run), policy }
    };
    assert_eq!(s.refused(link(&run.task.id, &other)).await, "forbidden");
    assert_eq!(s.refused(link(&other, &run.task.id)).await, "ok", "it may put itself behind others");
    assert_eq!(s.status(&run.task.id).await, Status::Running);
}

/// A heartbeat says progress; by hand it is also the renewal.
pub async fn a_heartbeat_renews_a_claim_by_hand(boards: &impl Boards) {
    let s = Scene::new(boards);
    let run = s.running("t").await;
    let expires = s.show(&run.task.id).await.lease.unwrap().facts.expires_at;
    s.wait(1_000);
    assert_eq!(s.ok(beat(&s, s.worker(&run), None)).await, expires, "a supervised lease is the supervisor's");
    assert_eq!(s.show(&run.task.id).await.lease.unwrap().progress_at, Some(s.now()));
    let id = s.create(Draft::new("by hand").of("hands")).await.id;
    assert_eq!(s.refused(beat(&s, s.person(), Some(&id))).await, "wrong_status");
    assert_eq!(s.refused(beat(&s, s.person(), None)).await, "invalid_value");
    let (caller, policy) = (s.person(), s.policy.clone());
    s.ok(ClaimByHand { task: Some(id.clone()), profile: None, ttl: 5_000, force: false, caller, policy })
        .await;
    s.wait(4_000);
    assert_eq!(s.ok(beat(&s, s.person(), Some(&id))).await, s.now().plus(5_000));
    let longer = Heartbeat { ttl: Some(60_000), ..beat(&s, s.person(), Some(&id)) };
    assert_eq!(s.ok(longer).await, s.now().plus(60_000));
    assert_eq!(s.show(&id).await.lease.unwrap().progress_note.as_deref(), Some("half done"));
    assert_eq!(s.count(&id, "heartbeat").await, 2);
}

/// A run is reaped once, and only after it has ended; what it exited with is kept.
pub async fn a_run_is_reaped_once_and_only_after_its_end(boards: &impl Boards) {
    let s = Scene::new(boards);
    let run = s.running("t").await;
    assert!(!s.reap(&run).await, "an open run is not gone");
    let started = Started {
        run: run.run.id.clone(),
        task: run.task.id.clone(),
        pid: 7,
        workspace: Some("/w".to_owned()),
        branch: None,
        cgroup: Some("/g".to_owned()),
        notes: Vec::new(),
    };
    s.ok(started).await;
    assert_eq!(s.show(&run.task.id).await.lease.unwrap().cgroup.as_deref(), Some("/g"));
    s.ok(s.completion(&run.task.id, s.worker(&run))).await;
    assert!(s.reap(&run).await && !s.reap(&run).await);
    let shown = s.show(&run.task.id).await;
    assert_eq!((shown.runs[0].exit_code, shown.lease), (Some(0), None));
    assert_eq!(shown.task.workspace_path.as_deref(), Some("/w"));
    let unknown = "01ARZ3NDEKTSV4RRFFQ69G5FAV".parse().unwrap();
    assert!(!s.ok(Reap { run: unknown, exit_code: None, signal: None }).await);
    let lost =
        EndRun { run: "01ARZ3NDEKTSV4RRFFQ69G5FAW".parse().unwrap(), ..s.failure(&run, Failure::Lost) };
    assert_eq!(s.refused(lost).await, "unknown_run");
}
