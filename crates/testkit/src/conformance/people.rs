//! What persons do: stop, take back, assign, put away, take up again, edit, block and let go, schedule, split.

use andon_core::run::{Failure, Outcome};
use andon_core::task::{BlockKind, Counters, Status, WorkspaceKind};
use andon_core::{Millis, ProfileName, TaskId};
use andon_store::Caller;
use andon_store::operation::{
    AddComment, Archive, Assign, Attach, Block, BlockOn, Child, Complete, Create, Decompose, Delete, Detach,
    Edit, FireDue, Hold, Promote, Reap, Reclaim, Reopen, ResetFailures, Schedule, Start, Stop, TaskChanges,
    ToTriage, Unblock,
};
use serde_json::json;

use crate::{Boards, Draft, Scene};

fn unblock(s: &Scene, task: &TaskId, caller: Caller) -> Unblock {
    Unblock { task: task.clone(), caller, reason: None, policy: s.policy.clone() }
}

fn hold(s: &Scene, task: &TaskId) -> Hold {
    Hold { task: task.clone(), caller: s.person(), reason: None, policy: s.policy.clone() }
}

fn promote(s: &Scene, task: &TaskId) -> Promote {
    Promote { task: task.clone(), caller: s.person(), reason: None, force: false, policy: s.policy.clone() }
}

fn archive(s: &Scene, task: &TaskId) -> Archive {
    Archive { task: task.clone(), release: None, caller: s.person(), policy: s.policy.clone() }
}

fn delete(s: &Scene, task: &TaskId, only_archived: bool) -> Delete {
    let (task, caller, policy) = (task.clone(), s.person(), s.policy.clone());
    Delete { task, release: None, only_archived, caller, policy }
}

fn reopen(s: &Scene, task: &TaskId) -> Reopen {
    Reopen { task: task.clone(), caller: s.person(), policy: s.policy.clone() }
}

fn stop(s: &Scene, task: &TaskId) -> Stop {
    Stop { task: task.clone(), caller: s.person(), reason: "enough".to_owned(), policy: s.policy.clone() }
}

fn edit(s: &Scene, task: &TaskId, changes: TaskChanges) -> Edit {
    let (task, caller) = (task.clone(), s.person());
    Edit { task, changes, caller, roster: s.roster.clone(), policy: s.policy.clone() }
}

fn assign(s: &Scene, task: &TaskId, to: &str, reclaim: Option<&str>) -> Assign {
    Assign {
        task: task.clone(),
        assignee: Some(to.parse::<ProfileName>().unwrap()),
        reclaim: reclaim.map(str::to_owned),
        caller: s.person(),
        roster: s.roster.clone(),
        policy: s.policy.clone(),
    }
}

/// A stopped task stays blocked by its operator; its run is cancelled and, until reaped, holds the task.
pub async fn a_stopped_task_stays_stopped(boards: &impl Boards) {
    let s = Scene::new(boards);
    let run = s.running("t").await;
    let id = run.task.id.clone();
    let state = s.ok(stop(&s, &id)).await.state;
    assert_eq!(state.block.map(|block| block.kind), Some(BlockKind::Operator));
    let shown = s.show(&id).await;
    assert_eq!((shown.runs[0].outcome, shown.runs[0].ended_by_self), (Some(Outcome::Cancelled), false));
    assert_eq!(s.refused(stop(&s, &id)).await, "wrong_status");
    s.reap(&run).await;
    assert!(s.claim(9).await.is_empty() && s.sweep().await.is_empty());
    s.ok(unblock(&s, &id, s.person())).await;
    assert_eq!(s.claim_one().await.run.attempt, 2);
}

/// A run that is taken back counts nothing and leaves its task ready; what does not run cannot be taken back.
pub async fn a_reclaimed_task_is_ready_again(boards: &impl Boards) {
    let s = Scene::new(boards);
    let run = s.running("t").await;
    let reclaim = || {
        let (task, caller, policy) = (run.task.id.clone(), s.person(), s.policy.clone());
        Reclaim { task, caller, reason: "stuck".to_owned(), policy }
    };
    let state = s.ok(reclaim()).await.state;
    assert_eq!((state.status, state.counters), (Status::Ready, Counters::default()));
    assert_eq!(s.show(&run.task.id).await.runs[0].outcome, Some(Outcome::Reclaimed));
    assert_eq!(s.refused(reclaim()).await, "wrong_status");
}

/// A running task changes hands only when it is taken back first; nobody gets what does not exist.
pub async fn a_running_task_is_reassigned_only_by_taking_it_back(boards: &impl Boards) {
    let s = Scene::new(boards);
    let run = s.running("t").await;
    let id = run.task.id.clone();
    assert_eq!(s.refused(assign(&s, &id, "nobody", None)).await, "unknown_profile");
    assert_eq!(s.refused(assign(&s, &id, "writer", None)).await, "wrong_status");
    let task = s.ok(assign(&s, &id, "writer", Some("wrong one"))).await;
    assert_eq!((task.state.status, task.assignee.unwrap().as_str()), (Status::Ready, "writer"));
    s.reap(&run).await;
    assert_eq!(s.claim_one().await.run.profile.unwrap().as_str(), "writer");
    s.complete(&id).await;
    s.ok(archive(&s, &id)).await;
    assert_eq!(s.refused(assign(&s, &id, "coder", None)).await, "wrong_status");
    s.inspect().await;
}

/// Archiving a running task fences its run; deleting waits until its tree is gone, and takes all of it away.
pub async fn a_running_task_is_fenced_before_it_goes(boards: &impl Boards) {
    let s = Scene::new(boards);
    let run = s.running("t").await;
    let id = run.task.id.clone();
    assert_eq!(s.refused(delete(&s, &id, false)).await, "wrong_status");
    s.ok(archive(&s, &id)).await;
    assert_eq!(s.refused(archive(&s, &id)).await, "wrong_status");
    assert_eq!(s.show(&id).await.runs[0].outcome, Some(Outcome::Cancelled));
    assert_eq!(s.refused(delete(&s, &id, true)).await, "unreaped");
    s.reap(&run).await;
    assert_eq!(s.ok(delete(&s, &id, true)).await.task.id, id);
    assert_eq!(s.refused(delete(&s, &id, true)).await, "unknown_task");
    let other = s.task("other").await;
    assert_eq!(s.refused(delete(&s, &other, true)).await, "wrong_status");
    let worker = s.claim_one().await;
    let by_worker = Delete { caller: s.worker(&worker), ..delete(&s, &other, false) };
    assert_eq!(s.refused(by_worker).await, "forbidden");
    s.inspect().await;
}

/// A finished task is taken up again with a clean slate; an unfinished one is not.
pub async fn a_finished_task_is_taken_up_again(boards: &impl Boards) {
    let s = Scene::new(boards);
    let id = s.task("t").await;
    assert_eq!(s.refused(reopen(&s, &id)).await, "wrong_status");
    s.complete(&id).await;
    assert_eq!(s.refused(s.completion(&id, s.person())).await, "wrong_status");
    let state = s.ok(reopen(&s, &id)).await.state;
    assert_eq!((state.status, state.completed_at), (Status::Ready, None));
    s.ok(archive(&s, &id)).await;
    assert_eq!(s.ok(reopen(&s, &id)).await.state.status, Status::Ready);
}

/// Edits change what they name, tell it in one event, and refuse what cannot be as a whole.
pub async fn an_edit_changes_what_it_names_or_nothing(boards: &impl Boards) {
    let s = Scene::new(boards);
    let id = s.task("t").await;
    let change = |changes| edit(&s, &id, changes);
    let title = TaskChanges { title: Some(" new ".to_owned()), priority: Some(3), ..TaskChanges::default() };
    let task = s.ok(change(title)).await;
    assert_eq!((task.title.as_str(), task.priority), ("new", 3));
    s.ok(change(TaskChanges { priority: Some(4), ..TaskChanges::default() })).await;
    s.ok(change(TaskChanges::default())).await;
    assert_eq!(s.kinds(&id).await, ["created", "edited", "reprioritized"]);
    let bad = TaskChanges {
        title: Some("x".to_owned()),
        skills: Some(vec!["rus".to_owned()]),
        ..TaskChanges::default()
    };
    assert_eq!(s.refused(change(bad)).await, "unknown_skill");
    let bad = TaskChanges { reviewer: Some(Some("juge".parse().unwrap())), ..TaskChanges::default() };
    assert_eq!(s.refused(change(bad)).await, "unknown_profile");
    let bad = TaskChanges { branch: Some(Some("topic".to_owned())), ..TaskChanges::default() };
    assert_eq!(s.refused(change(bad)).await, "invalid_value");
    let result = || TaskChanges { result: Some("42".to_owned()), ..TaskChanges::default() };
    assert_eq!(s.refused(change(result())).await, "wrong_status");
    let run = s.claim_one().await;
    let moved = || TaskChanges {
        workspace: Some((WorkspaceKind::Dir, Some("/elsewhere".to_owned()))),
        ..TaskChanges::default()
    };
    assert_eq!(s.refused(change(moved())).await, "wrong_status");
    s.ok(s.completion(&id, s.worker(&run))).await;
    assert_eq!(s.ok(change(result())).await.result.as_deref(), Some("42"));
    let shown = s.show(&id).await;
    assert_eq!((shown.runs[0].outcome, shown.latest_summary()), (Some(Outcome::Completed), Some("42")));
}

/// Blocks are sticky: parents, sweeps, claims, workers and Andon itself do not end them; only a person does.
pub async fn only_a_person_ends_a_sticky_block(boards: &impl Boards) {
    let s = Scene::new(boards);
    for kind in [BlockKind::NeedsInput, BlockKind::Capability, BlockKind::Transient, BlockKind::Operator] {
        let parent = s.create(Draft::new("parent").of("hands")).await.id;
        let run = s.running("t").await;
        let id = run.task.id.clone();
        let by = if kind == BlockKind::Operator { s.person() } else { s.worker(&run) };
        s.ok(s.blocking(&id, by, kind)).await;
        s.reap(&run).await;
        assert_eq!(s.get(&id).await.state.block.map(|block| block.kind), Some(kind));
        let (child, caller, policy) = (id.clone(), s.person(), s.policy.clone());
        s.ok(andon_store::operation::Link { parent: parent.clone(), child, caller, policy }).await;
        s.complete(&parent).await;
        assert_eq!(s.refused(unblock(&s, &id, Caller::system())).await, "forbidden");
        assert_eq!(s.refused(unblock(&s, &id, s.worker(&run))).await, "stale_run");
        for _ in 0..3 {
            assert!(s.claim(9).await.is_empty() && s.sweep().await.is_empty());
        }
        assert_eq!(s.status(&id).await, Status::Blocked);
        assert_eq!(s.refused(s.blocking(&id, s.person(), kind)).await, "wrong_status");
        let answer = Unblock { reason: Some("blue".to_owned()), ..unblock(&s, &id, s.person()) };
        assert_eq!(s.ok(answer).await.state.status, Status::Ready);
        assert_eq!(s.show(&id).await.comments[0].body, "Unblocked: blue");
        s.complete(&id).await;
    }
}

/// `gave_up` and `recurring` are Andon's own words, `operator` is a person's, and a block says why.
pub async fn a_block_has_a_reason_and_a_kind_to_choose(boards: &impl Boards) {
    let s = Scene::new(boards);
    let id = s.task("t").await;
    for kind in [BlockKind::GaveUp, BlockKind::Recurring] {
        assert_eq!(s.refused(s.blocking(&id, s.person(), kind)).await, "invalid_value");
    }
    let blank = Block { reason: " ".to_owned(), ..s.blocking(&id, s.person(), BlockKind::NeedsInput) };
    assert_eq!(s.refused(blank).await, "invalid_value");
    s.complete(&id).await;
    assert_eq!(s.refused(s.blocking(&id, s.person(), BlockKind::NeedsInput)).await, "wrong_status");
    let run = s.running("asks").await;
    let stopped = s.blocking(&run.task.id, s.worker(&run), BlockKind::Operator);
    assert_eq!(s.refused(stopped).await, "invalid_value");
    assert_eq!(s.status(&run.task.id).await, Status::Running);
    s.ok(s.blocking(&run.task.id, s.worker(&run), BlockKind::Capability)).await;
}

/// Blocked once too often without news is `recurring`; a person's comment is news, a worker's is not.
pub async fn blocks_without_news_recur(boards: &impl Boards) {
    let s = Scene::new(boards);
    let id = s.task("t").await;
    let block = async || {
        let run = s.claim_one().await;
        s.take(&run).await;
        let (task, policy) = (id.clone(), s.policy.clone());
        let talk = AddComment { task, body: "hm".to_owned(), caller: s.worker(&run), policy };
        s.ok(talk).await;
        let kind =
            s.ok(s.blocking(&id, s.worker(&run), BlockKind::NeedsInput)).await.state.block.unwrap().kind;
        s.reap(&run).await;
        s.ok(unblock(&s, &id, s.person())).await;
        kind
    };
    assert_eq!([block().await, block().await], [BlockKind::NeedsInput; 2]);
    assert_eq!(block().await, BlockKind::Recurring);
    let (task, caller, policy) = (id.clone(), s.person(), s.policy.clone());
    s.ok(AddComment { task, body: "it is blue".to_owned(), caller, policy }).await;
    assert_eq!(block().await, BlockKind::NeedsInput);
}

/// A task put behind a parent waits in `todo` and goes on by itself; without an open parent there is nothing to wait for.
pub async fn a_task_put_behind_a_parent_goes_on_by_itself(boards: &impl Boards) {
    let s = Scene::new(boards);
    let parent = s.create(Draft::new("parent").of("hands")).await.id;
    let run = s.running("t").await;
    let id = run.task.id.clone();
    let on = |on: Option<&TaskId>| BlockOn {
        task: id.clone(),
        caller: s.worker(&run),
        on: on.cloned(),
        reason: "needs the parent".to_owned(),
        policy: s.policy.clone(),
    };
    assert_eq!(s.refused(on(None)).await, "nothing_to_wait_for");
    assert_eq!(s.refused(on(Some(&id))).await, "self_link");
    assert_eq!(s.ok(on(Some(&parent))).await.state.status, Status::Todo);
    s.reap(&run).await;
    assert_eq!(s.get(&id).await.state.counters.blocks, 1);
    s.complete(&parent).await;
    assert_eq!(s.claim_one().await.task.id, id);
    s.inspect().await;
}

/// A held task waits for a person's promote, whatever its parents do.
pub async fn a_held_task_waits_for_a_promote(boards: &impl Boards) {
    let s = Scene::new(boards);
    let parent = s.create(Draft::new("parent").of("hands")).await.id;
    let id = s.child("t", &parent).await;
    s.ok(hold(&s, &id)).await;
    s.complete(&parent).await;
    assert!(s.sweep().await.is_empty());
    assert_eq!(s.status(&id).await, Status::Todo);
    assert_eq!(s.ok(promote(&s, &id)).await.state.status, Status::Ready);
    let run = s.claim_one().await;
    assert_eq!(s.refused(hold(&s, &id)).await, "wrong_status");
    assert_eq!(s.refused(promote(&s, &id)).await, "wrong_status");
    assert_eq!(s.refused(Promote { caller: s.worker(&run), ..promote(&s, &parent) }).await, "forbidden");
}

/// A scheduled task fires at its time and not before; a parked one only by a person.
pub async fn a_scheduled_task_fires_at_its_time(boards: &impl Boards) {
    let s = Scene::new(boards);
    let id = s.task("t").await;
    let schedule = |at: Option<Millis>| {
        let (task, caller, policy) = (id.clone(), s.person(), s.policy.clone());
        Schedule { task, at, reason: "tomorrow".to_owned(), caller, policy }
    };
    let fire = async || s.ok(FireDue { policy: s.policy.clone() }).await;
    let at = s.now().plus(1_000);
    assert_eq!(s.ok(schedule(Some(at))).await.state.status, Status::Scheduled);
    s.wait(999);
    assert!(fire().await.is_empty() && s.claim(9).await.is_empty());
    s.wait(1);
    assert_eq!(fire().await, std::slice::from_ref(&id));
    assert!(fire().await.is_empty());
    s.ok(schedule(None)).await;
    s.wait(1 << 40);
    assert!(fire().await.is_empty(), "a parked task has no time");
    s.ok(unblock(&s, &id, s.person())).await;
    s.complete(&id).await;
    assert_eq!(s.refused(schedule(Some(at))).await, "wrong_status");
    assert_eq!(s.kinds(&id).await[1..5], ["scheduled", "schedule_fired", "scheduled", "unblocked"]);
}

/// An idea is split in one transaction: children in the order of their parents, the idea behind them all; a bad plan is
/// refused before any write.
pub async fn an_idea_is_split_as_a_whole_or_not_at_all(boards: &impl Boards) {
    let s = Scene::new(boards);
    let idea = s.create(Draft::new("idea").of_nobody().start(Start::Triage)).await.id;
    let plan = |parents: Vec<Vec<usize>>| Decompose {
        task: idea.clone(),
        title: Some("a plan".to_owned()),
        body: None,
        assignee: None,
        children: parents
            .into_iter()
            .enumerate()
            .map(|(n, parents)| Child {
                title: format!("step {n}"),
                parents,
                assignee: Some("coder".parse().unwrap()),
                ..Child::default()
            })
            .collect(),
        hold_children: false,
        planned: None,
        caller: s.person(),
        roster: s.roster.clone(),
        policy: s.policy.clone(),
    };
    for bad in [vec![vec![1], vec![0]], vec![vec![0]], vec![vec![7]]] {
        assert_eq!(s.refused(plan(bad)).await, "bad_plan");
    }
    let (task, children) = s.ok(plan(vec![vec![1], vec![]])).await;
    assert_eq!((task.state.status, task.title.as_str(), children.len()), (Status::Todo, "a plan", 2));
    assert_eq!(
        task.assignee.map(|name| name.to_string()),
        Some("lead".to_owned()),
        "nobody's idea is its orchestrator's"
    );
    assert_eq!(s.refused(plan(vec![])).await, "wrong_status");
    let mut order = Vec::new();
    while let Some(run) = s.claim(1).await.pop() {
        order.push(run.task.id.clone());
        s.ok(s.completion(&run.task.id, s.worker(&run))).await;
    }
    assert_eq!(order, [children[1].clone(), children[0].clone(), idea.clone()]);
    s.inspect().await;
}

/// A completion names only tasks that its worker created; the attempt is recorded, and nothing else changes.
pub async fn phantom_cards_are_refused_and_recorded(boards: &impl Boards) {
    let s = Scene::new(boards);
    let run = s.running("t").await;
    let id = run.task.id.clone();
    let foreign = s.create(Draft::new("foreign").of("writer")).await.id;
    let own = s.ok(Create { caller: s.worker(&run), ..s.creation(Draft::new("own")) }).await.task.id;
    let complete = |cards: Vec<String>| Complete {
        created_cards: cards,
        kept: Vec::new(),
        summary: Some("made t_0000zzz9 and more".to_owned()),
        ..s.completion(&id, s.worker(&run))
    };
    assert_eq!(s.refused(complete(vec!["t_00000001".to_owned()])).await, "phantom_cards");
    assert_eq!(s.refused(complete(vec![own.to_string(), foreign.to_string()])).await, "phantom_cards");
    assert_eq!(s.count(&id, "completion_blocked_hallucination").await, 2);
    assert_eq!(s.status(&id).await, Status::Running);
    let wrong = Complete { metadata: json!([1]), ..complete(Vec::new()) };
    assert_eq!(s.refused(wrong).await, "invalid_value");
    s.ok(complete(vec![own.to_string()])).await;
    assert_eq!(s.count(&id, "suspected_hallucinated_references").await, 1);
}

/// A completion over no run keeps its handoff in a run of no length.
pub async fn a_handoff_without_a_run_gets_one(boards: &impl Boards) {
    let s = Scene::new(boards);
    let id = s.task("t").await;
    s.ok(Complete { summary: Some("done by hand".to_owned()), ..s.completion(&id, s.person()) }).await;
    let shown = s.show(&id).await;
    assert_eq!((shown.runs.len(), shown.latest_summary()), (1, Some("done by hand")));
    let other = s.task("u").await;
    s.complete(&other).await;
    assert!(s.show(&other).await.runs.is_empty());
    s.inspect().await;
}

/// Attachments get a name of their own; the same file is attached once.
pub async fn attachments_get_names_of_their_own(boards: &impl Boards) {
    let s = Scene::new(boards);
    let id = s.task("t").await;
    let attach = |path: &str| Attach {
        task: id.clone(),
        name: "report.pdf".to_owned(),
        path: path.to_owned(),
        content_type: None,
        size: 3,
        sha256: "00".to_owned(),
        run: None,
        caller: s.person(),
    };
    assert_eq!(s.ok(attach("a")).await.name, "report.pdf");
    assert_eq!(s.ok(attach("b")).await.name, "report (2).pdf");
    assert_eq!(s.ok(attach("a")).await.name, "report.pdf");
    let detach = |which: &str| Detach { task: id.clone(), which: which.to_owned(), caller: s.person() };
    assert_eq!(s.refused(detach("nothing")).await, "unknown_attachment");
    assert_eq!(s.ok(detach("report.pdf")).await.path, "a");
    assert_eq!(s.show(&id).await.attachments.len(), 1);
    assert_eq!(s.ok(delete(&s, &id, false)).await.attachments[0].path, "b");
}

/// Recovery: only a person sets failures to zero, or sends a task back to the ideas.
pub async fn a_person_resets_failures_and_sends_back_to_triage(boards: &impl Boards) {
    let s = Scene::new(boards);
    let run = s.running("t").await;
    s.fail(&run, Failure::Crashed).await;
    let id = run.task.id.clone();
    let reset = |caller| ResetFailures { task: id.clone(), caller, policy: s.policy.clone() };
    assert_eq!(s.refused(reset(Caller::system())).await, "forbidden");
    let state = s.ok(reset(s.person())).await.state;
    assert_eq!((state.counters, state.eligible), (Counters::default(), None));
    let triage = || ToTriage { task: id.clone(), caller: s.person(), reason: None, policy: s.policy.clone() };
    assert_eq!(s.ok(triage()).await.state.status, Status::Triage);
    assert_eq!(s.refused(promote(&s, &id)).await, "wrong_status");
    assert_eq!(s.get(&id).await.result, None);
}

/// To stop a task whose run was taken back, and still dies, keeps it from starting again.
pub async fn a_stop_beside_a_dying_run_keeps_the_task_from_starting(boards: &impl Boards) {
    let s = Scene::new(boards);
    let claimed = s.running("code").await;
    let task = claimed.task.id.clone();
    let (caller, policy) = (s.person(), s.policy.clone());
    s.ok(Reclaim {
        task: task.clone(),
        caller: caller.clone(),
        reason: "again".to_owned(),
        policy: policy.clone(),
    })
    .await;
    let stop = Stop { task: task.clone(), caller, reason: "no more".to_owned(), policy };
    assert!(s.ok(stop).await.state.held);
    s.ok(Reap { run: claimed.run.id, exit_code: None, signal: Some(9) }).await;
    assert!(s.claim(9).await.is_empty(), "it started again after it was stopped");
}
