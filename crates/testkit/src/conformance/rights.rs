//! What a worker may do beyond its own task, by right of its profile.

use andon_core::roster::Roster;
use andon_core::task::{BlockKind, Status};
use andon_store::Caller;
use andon_store::operation::{Assign, Link, Unblock};

use crate::{Boards, Draft, Scene};

/// The worker of a profile that routes answers, assigns and links; another worker does none of it, whatever it says of itself.
pub async fn only_an_orchestrator_routes_the_work_of_others(boards: &impl Boards) {
    let s = Scene::new(boards);
    let asked = s.running("has a question").await;
    let task = asked.task.id.clone();
    s.ok(s.blocking(&task, s.worker(&asked), BlockKind::NeedsInput)).await;
    s.reap(&asked).await;
    let lead = s.create(Draft::new("the goal").of("lead").with(|new| new.priority = 9)).await;
    let claimed = s.claim_one().await;
    assert_eq!(claimed.task.id, lead.id);
    let plain = s.running("plain work").await;
    let other = s.task("another").await;
    let rights = |roster: &Roster| s.worker(&claimed).with_rights(roster);
    // A worker that says it is of another profile has none of its rights.
    let named = Caller::worker(plain.run.id.clone(), claimed.run.profile.clone(), plain.token.clone());
    let unblock = |caller: Caller| Unblock {
        task: task.clone(),
        caller,
        reason: Some("green".to_owned()),
        policy: s.policy.clone(),
    };
    let link = |caller: Caller| Link {
        parent: task.clone(),
        child: other.clone(),
        caller,
        policy: s.policy.clone(),
    };
    let assign = |caller: Caller| Assign {
        task: other.clone(),
        assignee: Some("writer".parse().unwrap()),
        reclaim: None,
        caller,
        roster: s.roster.clone(),
        policy: s.policy.clone(),
    };
    let forged = s.forged(&claimed).with_rights(&s.roster);
    for caller in [s.worker(&plain).with_rights(&s.roster), named.with_rights(&s.roster), s.worker(&claimed)]
    {
        assert_eq!(s.refused(unblock(caller.clone())).await, "forbidden");
        assert_eq!(s.refused(link(caller.clone())).await, "forbidden");
        assert_eq!(s.refused(assign(caller)).await, "forbidden");
    }
    assert_eq!(s.refused(unblock(forged)).await, "stale_run");
    let lead = rights(&s.roster);
    s.ok(link(lead.clone())).await;
    s.ok(assign(lead.clone())).await;
    let answered = s.ok(unblock(lead.clone())).await;
    assert_eq!((answered.state.status, s.status(&other).await), (Status::Ready, Status::Todo));
    assert_eq!(s.get(&other).await.assignee.unwrap().as_str(), "writer");
    s.ok(s.blocking(&task, s.person(), BlockKind::Operator)).await;
    assert_eq!(s.refused(unblock(lead)).await, "forbidden");
}
