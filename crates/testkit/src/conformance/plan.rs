//! Ideas in the hands of a model: one call at a time, a bounded number of them, and nothing written for whoever lost its turn.

use andon_core::TaskId;
use andon_core::task::Status;
use andon_store::Caller;
use andon_store::operation::{
    Archive, BeginPlan, Child, Decompose, Edit, EndPlan, Pause, PlanBegun, PlanEnd, Planned, ResetFailures,
    Resume, Scope, Start, TaskChanges, ToTriage,
};
use andon_store::query::{PlansDue, PlansFound, Surroundings, WhyOf};
use serde_json::{Value, json};

use crate::{Boards, Draft, Scene};

const TTL: i64 = 1_000;

async fn idea(s: &Scene) -> TaskId {
    s.create(Draft::new("idea").of_nobody().start(Start::Triage)).await.id
}

fn begin(s: &Scene, task: &TaskId, by_itself: bool) -> BeginPlan {
    let caller = if by_itself { Caller::system() } else { s.person() };
    BeginPlan { task: task.clone(), by_itself, ttl: TTL, caller, policy: s.policy.clone() }
}

fn end(s: &Scene, begun: &PlanBegun, end: PlanEnd) -> EndPlan {
    let (task, holder) = (begun.task.id.clone(), begun.holder.clone());
    EndPlan { task, holder, end, policy: s.policy.clone() }
}

fn failed() -> PlanEnd {
    PlanEnd::Failed {
        reason: "model_unavailable".to_owned(),
        error: "no route".to_owned(),
        retry_after: None,
        hopeless: false,
        usage: Value::Null,
    }
}

fn written(s: &Scene, begun: &PlanBegun) -> Decompose {
    let child = |title: &str| Child { title: title.to_owned(), ..Child::default() };
    Decompose {
        task: begun.task.id.clone(),
        title: None,
        body: None,
        assignee: None,
        children: vec![child("one"), child("two")],
        hold_children: false,
        planned: Some(Planned {
            holder: begun.holder.clone(),
            rationale: None,
            usage: json!({ "input_tokens": 7 }),
        }),
        caller: Caller::system(),
        roster: s.roster.clone(),
        policy: s.policy.clone(),
    }
}

async fn due(s: &Scene) -> PlansFound {
    s.ok(PlansDue { policy: s.policy.clone() }).await
}

/// Whoever asks: one call at a time has an idea, until its time is over; and what the one that lost it planned is thrown away.
pub async fn one_call_at_a_time_has_an_idea(boards: &impl Boards) {
    let s = Scene::new(boards);
    let id = idea(&s).await;
    assert_eq!(due(&s).await.due, std::slice::from_ref(&id));
    let first = s.ok(begin(&s, &id, true)).await;
    assert_eq!(first.attempt, 1);
    let other = s.again(boards);
    assert_eq!(other.refused(begin(&s, &id, true)).await, "being_planned");
    assert_eq!(other.refused(begin(&s, &id, false)).await, "being_planned");
    let found = due(&other).await;
    assert_eq!((found.due.len(), found.next), (0, Some(s.world.time().plus(TTL))));
    s.world.advance(TTL);
    let second = other.ok(begin(&s, &id, true)).await;
    assert_eq!(second.attempt, 2);
    assert_eq!(s.refused(written(&s, &first)).await, "plan_lapsed");
    assert_eq!(s.ok(end(&s, &first, failed())).await, None);
    let (task, children) = s.ok(written(&s, &second)).await;
    assert_eq!((task.state.status, children.len()), (Status::Todo, 2));
    assert_eq!(s.refused(written(&s, &second)).await, "wrong_status");
    assert_eq!(due(&s).await, PlansFound::default());
    assert_eq!(s.count(&id, "decomposed").await, 1);
}

/// Of two that take an idea at once one has it.
pub async fn racing_planners_share_the_ideas(boards: &impl Boards) {
    let s = Scene::new(boards);
    let id = idea(&s).await;
    let other = s.again(boards);
    let (one, two) = futures::future::join(
        Box::pin(s.run(begin(&s, &id, true))),
        Box::pin(other.run(begin(&s, &id, true))),
    )
    .await;
    assert_eq!([one.is_ok(), two.is_ok()].iter().filter(|taken| **taken).count(), 1);
}

/// What nobody asked for is tried with back-off up to its bound, over restarts and lost processes; then a person sees it, and only
/// a person's edit or reset lets it begin afresh.
pub async fn an_idea_is_tried_a_bounded_number_of_times(boards: &impl Boards) {
    let mut s = Scene::new(boards);
    s.policy.plan_attempts = 3;
    let id = idea(&s).await;
    let begun = s.ok(begin(&s, &id, true)).await;
    let at = s.ok(end(&s, &begun, failed())).await.unwrap();
    assert!(at >= s.world.time().plus(s.policy.plan_backoff));
    assert_eq!((due(&s).await.due.len(), due(&s).await.next), (0, Some(at)));
    assert_eq!(s.refused(begin(&s, &id, true)).await, "plan_lapsed");
    s.world.set(at);
    let begun = s.ok(begin(&s, &id, true)).await;
    // Broken off by whoever made it: that attempt does not count.
    assert_eq!(s.ok(end(&s, &begun, PlanEnd::Interrupted)).await, Some(at));
    let begun = s.ok(begin(&s, &id, true)).await;
    assert_eq!(begun.attempt, 2);
    // The process is gone: it does.
    s.world.advance(TTL);
    let lost = s.again(boards).ok(begin(&s, &id, true)).await;
    assert_eq!(lost.attempt, 3);
    s.world.advance(TTL);
    let found = due(&s).await;
    assert_eq!((found.due.len(), found.lost.len()), (0, 1));
    assert_eq!(s.refused(begin(&s, &id, true)).await, "plan_lapsed");
    assert_eq!(s.ok(end(&s, &lost, PlanEnd::Lost)).await, None);
    assert_eq!(due(&s).await, PlansFound::default());
    assert_eq!((s.count(&id, "plan_failed").await, s.count(&id, "plan_gave_up").await), (1, 1));
    let why = s.ok(WhyOf { task: id.clone(), surroundings: Surroundings::default() }).await;
    assert!(why.planning.unwrap().is_spent(&s.policy, s.world.time()));
    // What a person asks for is tried all the same.
    let asked = s.ok(begin(&s, &id, false)).await;
    s.ok(end(&s, &asked, failed())).await;
    assert_eq!(due(&s).await, PlansFound::default());
    let changes = TaskChanges { body: Some(Some("more".to_owned())), ..TaskChanges::default() };
    let edit = Edit {
        task: id.clone(),
        changes,
        caller: s.person(),
        roster: s.roster.clone(),
        policy: s.policy.clone(),
    };
    s.ok(edit).await;
    assert_eq!(due(&s).await.due, std::slice::from_ref(&id));
    let begun = s.ok(begin(&s, &id, true)).await;
    let hopeless = PlanEnd::Failed {
        reason: "assignee_for_persons".to_owned(),
        error: "no".to_owned(),
        retry_after: None,
        hopeless: true,
        usage: Value::Null,
    };
    assert_eq!(s.ok(end(&s, &begun, hopeless)).await, None);
    assert_eq!(due(&s).await, PlansFound::default());
    s.ok(ResetFailures { task: id.clone(), caller: s.person(), policy: s.policy.clone() }).await;
    assert_eq!(due(&s).await.due, [id]);
}

/// What a model planned is about an idea that has changed since, was moved or put away: nothing of it is written.
pub async fn a_plan_is_written_for_the_idea_that_was_taken(boards: &impl Boards) {
    let s = Scene::new(boards);
    let edited = s.ok(begin(&s, &idea(&s).await, true)).await;
    let changes = TaskChanges { title: Some("another idea".to_owned()), ..TaskChanges::default() };
    let task = edited.task.id.clone();
    s.ok(Edit { task, changes, caller: s.person(), roster: s.roster.clone(), policy: s.policy.clone() })
        .await;
    assert_eq!(s.refused(written(&s, &edited)).await, "plan_lapsed");
    let moved = s.ok(begin(&s, &idea(&s).await, true)).await;
    let by_hand =
        Decompose { planned: None, children: Vec::new(), caller: s.person(), ..written(&s, &moved) };
    s.ok(by_hand).await;
    assert_eq!(s.refused(written(&s, &moved)).await, "wrong_status");
    // Back among the ideas it is a new one.
    let task = moved.task.id.clone();
    s.ok(ToTriage { task, caller: s.person(), reason: None, policy: s.policy.clone() }).await;
    assert_eq!(s.refused(written(&s, &moved)).await, "plan_lapsed");
    assert_eq!(s.ok(begin(&s, &moved.task.id, true)).await.attempt, 1);
    let gone = s.ok(begin(&s, &idea(&s).await, true)).await;
    let task = gone.task.id.clone();
    s.ok(Archive { task, release: None, caller: s.person(), policy: s.policy.clone() }).await;
    assert_eq!(s.refused(written(&s, &gone)).await, "wrong_status");
    assert_eq!(s.ok(end(&s, &gone, failed())).await, None);
}

/// No idea is taken by itself once a pause has answered; a person who asks overrides it.
pub async fn no_idea_is_taken_by_itself_while_the_cord_is_pulled(boards: &impl Boards) {
    let s = Scene::new(boards);
    let id = idea(&s).await;
    s.ok(Pause { scope: Scope::Board, reason: None, caller: s.person() }).await;
    assert_eq!(due(&s).await.due.len(), 0);
    assert_eq!(s.refused(begin(&s, &id, true)).await, "paused");
    let asked = s.ok(begin(&s, &id, false)).await;
    s.ok(end(&s, &asked, PlanEnd::Interrupted)).await;
    s.ok(Resume { scope: Scope::Board, caller: s.person() }).await;
    assert_eq!(due(&s).await.due, std::slice::from_ref(&id));
    assert_eq!(s.ok(begin(&s, &id, true)).await.task.id, id);
}

/// Workers ask no model to plan, and the parts of their ideas are as many generations deep as the ideas.
pub async fn a_worker_s_idea_gives_no_fresh_allowance(boards: &impl Boards) {
    let s = Scene::new(boards);
    let run = s.running("work").await;
    let mut creation = s.creation(Draft::new("a worker's idea").start(Start::Triage));
    creation.caller = s.worker(&run);
    let id = s.ok(creation).await.task.id;
    let by_worker = BeginPlan { caller: s.worker(&run), ..begin(&s, &id, false) };
    assert_eq!(s.refused(by_worker).await, "forbidden");
    let begun = s.ok(begin(&s, &id, true)).await;
    assert_eq!(begun.task.generation, 1);
    let (_, children) = s.ok(written(&s, &begun)).await;
    for child in &children {
        assert_eq!(s.get(child).await.generation, 1);
    }
}
