//! Dependencies: links (ST-21, ST-22), who is told when a parent ends or comes back, and parents of many children.

use andon_core::TaskId;
use andon_core::run::Failure;
use andon_core::task::{Refusal, Status};
use andon_store::operation::{Archive, Assign, Delete, Link, Promote, Reopen, Unlink};

use crate::{Boards, Bulk, Draft, Scene};

fn link(s: &Scene, parent: &TaskId, child: &TaskId) -> Link {
    Link { parent: parent.clone(), child: child.clone(), caller: s.person(), policy: s.policy.clone() }
}

fn unlink(s: &Scene, parent: &TaskId, child: &TaskId) -> Unlink {
    Unlink { parent: parent.clone(), child: child.clone(), caller: s.person(), policy: s.policy.clone() }
}

fn archive(s: &Scene, task: &TaskId, release: Option<bool>) -> Archive {
    Archive { task: task.clone(), release, caller: s.person(), policy: s.policy.clone() }
}

fn reopen(s: &Scene, task: &TaskId) -> Reopen {
    Reopen { task: task.clone(), caller: s.person(), policy: s.policy.clone() }
}

/// No link closes a cycle, however long; the refusal names the way.
pub async fn a_link_that_closes_a_cycle_is_refused_with_its_way(boards: &impl Boards) {
    let s = Scene::new(boards);
    let a = s.task("a").await;
    let b = s.child("b", &a).await;
    let c = s.child("c", &b).await;
    match s.run(link(&s, &c, &a)).await.unwrap_err().refusal() {
        Some(Refusal::Cycle(way)) => assert_eq!(*way, [c.clone(), a.clone(), b.clone(), c.clone()]),
        other => panic!("{other:?}"),
    }
    assert_eq!(s.refused(link(&s, &b, &b)).await, "self_link");
    assert_eq!(s.refused(link(&s, &a, &c)).await, "ok");
}

/// What is not there, or finished, cannot be linked or unlinked.
pub async fn links_of_unknown_or_finished_tasks_are_refused(boards: &impl Boards) {
    let s = Scene::new(boards);
    let (a, nobody) = (s.task("a").await, TaskId::from_bits(9));
    let done = s.task("done").await;
    s.complete(&done).await;
    assert_eq!(s.refused(link(&s, &nobody, &a)).await, "unknown_parents");
    assert_eq!(s.refused(link(&s, &a, &nobody)).await, "unknown_task");
    assert_eq!(s.refused(link(&s, &a, &done)).await, "wrong_status");
    assert_eq!(s.refused(unlink(&s, &done, &a)).await, "not_linked");
}

/// A ready task that is linked waits, goes on when unlinked, and a second link of the same pair is nothing new.
pub async fn a_linked_task_waits_until_it_is_unlinked(boards: &impl Boards) {
    let s = Scene::new(boards);
    let (a, b) = (s.task("a").await, s.task("b").await);
    assert_eq!(s.ok(link(&s, &a, &b)).await.state.status, Status::Todo);
    let before = s.kinds(&b).await;
    s.ok(link(&s, &a, &b)).await;
    assert_eq!(s.kinds(&b).await, before, "the same link again is no event");
    assert_eq!(s.ok(unlink(&s, &a, &b)).await.state.status, Status::Ready);
    assert_eq!(s.kinds(&b).await, ["created", "linked", "demoted", "unlinked", "promoted"]);
}

/// A child goes on with its last parent, in that parent's own transaction, and nobody else moves.
pub async fn the_last_parent_s_end_promotes_its_children(boards: &impl Boards) {
    let s = Scene::new(boards);
    let (a, b, other) = (s.task("a").await, s.task("b").await, s.task("other").await);
    let child = s.create(Draft::new("child").after(&a).after(&b)).await.id;
    let stranger = s.child("stranger", &other).await;
    s.complete(&a).await;
    assert_eq!(s.status(&child).await, Status::Todo);
    s.complete(&b).await;
    assert_eq!(s.status(&child).await, Status::Ready);
    assert_eq!(s.count(&child, "promoted").await, 1);
    assert_eq!(s.status(&stranger).await, Status::Todo);
    assert!(s.sweep().await.is_empty());
    s.inspect().await;
}

/// An unfinished parent is put away only with a word for its children; released they go on, else they wait.
pub async fn archiving_a_parent_needs_a_word_for_its_children(boards: &impl Boards) {
    let s = Scene::new(boards);
    for (release, status) in [(true, Status::Ready), (false, Status::Todo)] {
        let parent = s.task("parent").await;
        let child = s.child("child", &parent).await;
        assert_eq!(s.refused(archive(&s, &parent, None)).await, "waiting_children");
        s.ok(archive(&s, &parent, Some(release))).await;
        assert_eq!(s.status(&child).await, status);
        s.inspect().await;
    }
    assert!(s.sweep().await.is_empty());
}

/// The same for a deleted parent: released children go on, others are held for a person.
pub async fn deleting_a_parent_needs_a_word_for_its_children(boards: &impl Boards) {
    let s = Scene::new(boards);
    for release in [true, false] {
        let parent = s.task("parent").await;
        let child = s.child("child", &parent).await;
        let delete = |release| {
            let (task, caller, policy) = (parent.clone(), s.person(), s.policy.clone());
            Delete { task, release, only_archived: false, caller, policy }
        };
        assert_eq!(s.refused(delete(None)).await, "waiting_children");
        s.ok(delete(Some(release))).await;
        let state = s.get(&child).await.state;
        assert_eq!((state.status == Status::Ready, state.held), (release, !release));
        s.inspect().await;
    }
}

/// A parent that is taken up again takes back its children that have not started, and no other.
pub async fn a_reopened_parent_takes_its_children_back(boards: &impl Boards) {
    let s = Scene::new(boards);
    let parent = s.task("parent").await;
    let child = s.child("child", &parent).await;
    let runs = s.create(Draft::new("runs").after(&parent).of("writer")).await.id;
    s.complete(&parent).await;
    let mut writers = s.claiming(1);
    writers.roster.profiles.retain(|name, _| name.as_str() == "writer");
    assert_eq!(s.ok(writers).await[0].task.id, runs);
    s.ok(reopen(&s, &parent)).await;
    assert_eq!(s.status(&child).await, Status::Todo);
    assert_eq!(s.status(&runs).await, Status::Running, "what runs is not demoted under its feet");
    assert_eq!(s.count(&child, "demoted").await, 1);
    s.inspect().await;
}

/// A waiver covers the parents of its time, not those that come later.
pub async fn a_waiver_does_not_cover_a_later_parent(boards: &impl Boards) {
    let s = Scene::new(boards);
    let (a, b) = (s.task("a").await, s.task("b").await);
    let child = s.child("child", &a).await;
    let promote = |force| Promote {
        task: child.clone(),
        caller: s.person(),
        reason: None,
        force,
        policy: s.policy.clone(),
    };
    match s.run(promote(false)).await.unwrap_err().refusal() {
        Some(Refusal::OpenParents { count: 1, parents }) => assert_eq!(*parents, std::slice::from_ref(&a)),
        other => panic!("{other:?}"),
    }
    assert_eq!(s.ok(promote(true)).await.state.status, Status::Ready);
    assert_eq!(s.ok(link(&s, &b, &child)).await.state.status, Status::Todo);
}

/// A promoted child without an assignee gets its parent's (ST-05).
pub async fn a_child_of_nobody_inherits_its_parent_s_assignee(boards: &impl Boards) {
    let s = Scene::new(boards);
    let parent = s.create(Draft::new("parent").of("writer")).await.id;
    let child = s.create(Draft::new("child").of_nobody().after(&parent)).await.id;
    s.complete(&parent).await;
    assert_eq!(s.get(&child).await.assignee.map(String::from), Some("writer".to_owned()));
    let nobody = Assign {
        task: child.clone(),
        assignee: None,
        reclaim: None,
        caller: s.person(),
        roster: s.roster.clone(),
        policy: s.policy.clone(),
    };
    assert_eq!(s.ok(nobody).await.assignee, None);
}

/// A given-up child gets one fresh budget from its parent's completion, and no second one without a person.
pub async fn a_parent_s_completion_revives_a_given_up_child_once(boards: &impl Boards) {
    let mut s = Scene::new(boards);
    s.policy.failure_limit = 1;
    let child = s.running("child").await;
    s.fail(&child, Failure::Crashed).await;
    let id = child.task.id.clone();
    let parent = s.task("parent").await;
    s.ok(link(&s, &parent, &id)).await;
    s.complete(&parent).await;
    let state = s.get(&id).await.state;
    assert_eq!((state.status, state.counters.failures), (Status::Ready, 0));
    let again = s.claim_one().await;
    s.fail(&again, Failure::Crashed).await;
    s.ok(reopen(&s, &parent)).await;
    s.complete(&parent).await;
    assert_eq!(s.status(&id).await, Status::Blocked, "revived twice without a person");
    assert_eq!(s.count(&id, "revived").await, 1);
}

async fn family(s: &Scene, size: usize) -> (TaskId, Vec<TaskId>) {
    let parent = s.task("parent").await;
    let drafts = (0..size).map(|n| s.creation(Draft::new(&format!("child {n}")).after(&parent)));
    let children = s.ok(Bulk(drafts.collect())).await;
    (parent, children)
}

async fn standing(s: &Scene, status: Status) -> usize {
    let inspection = s.inspect().await;
    inspection.tasks.values().filter(|(task, _)| task.state.status == status).count()
}

/// 1,700 children are told in slices; a process that dies in between leaves the rest to the next one that opens the board.
pub async fn many_children_are_told_in_slices_that_outlive_a_crash(boards: &impl Boards) {
    let s = Scene::new(boards);
    let (parent, children) = family(&s, 1_700).await;
    s.complete(&parent).await;
    let told = standing(&s, Status::Ready).await;
    assert!(told <= 500, "one transaction told {told} children");
    assert!(s.sweep().await.is_empty(), "what is queued is no defect");
    assert!(s.ok(andon_store::operation::SettleQueued { policy: s.policy.clone() }).await);
    let next = s.again(boards);
    drop(s);
    assert!(standing(&next, Status::Ready).await > told);
    next.settle().await;
    assert_eq!(standing(&next, Status::Ready).await, children.len());
    let inspection = next.inspect().await;
    assert_eq!(inspection.queued, 0);
    for child in &children {
        assert_eq!(
            inspection.moves(child, 0),
            ["created", "promoted"],
            "{child} was told otherwise than once"
        );
    }
    assert!(next.sweep().await.is_empty());
}

/// A parent that is reopened while its children are still being told leaves none of them ready.
pub async fn a_parent_reopened_between_slices_leaves_no_child_ready(boards: &impl Boards) {
    let s = Scene::new(boards);
    let (parent, children) = family(&s, 1_200).await;
    s.complete(&parent).await;
    s.ok(reopen(&s, &parent)).await;
    s.settle().await;
    assert_eq!(standing(&s, Status::Todo).await, children.len());
    s.complete(&parent).await;
    s.settle().await;
    assert_eq!(standing(&s, Status::Ready).await, children.len());
}

/// A parent that is deleted while its children are still being told leaves none of them waiting.
pub async fn a_parent_deleted_between_slices_leaves_no_child_waiting(boards: &impl Boards) {
    let s = Scene::new(boards);
    let (parent, children) = family(&s, 1_200).await;
    s.complete(&parent).await;
    let (caller, policy) = (s.person(), s.policy.clone());
    s.ok(Delete { task: parent, release: None, only_archived: false, caller, policy }).await;
    s.settle().await;
    assert_eq!(standing(&s, Status::Ready).await, children.len());
}
