//! Creating tasks (ST-01..04): validated as a whole, placed by the core, one task per idempotency key.

use andon_core::TaskId;
use andon_core::task::{BlockKind, Refusal, Status, WorkspaceKind};
use andon_store::Caller;
use andon_store::operation::{Archive, Create, NewTask, Reopen, Start};

use crate::{Boards, Draft, Scene};

/// Ready, or wherever parents, time and wishes put it; each with one `created` event.
pub async fn a_new_task_starts_where_its_parents_and_time_allow(boards: &impl Boards) {
    let s = Scene::new(boards);
    let open = s.task("open").await;
    let done = s.task("done").await;
    s.complete(&done).await;
    let later = s.now().plus(1_000);
    let earlier = s.now().plus(-1_000);
    let cases = [
        (Draft::new("plain"), Status::Ready),
        (Draft::new("behind an open parent").after(&open), Status::Todo),
        (Draft::new("behind a finished parent").after(&done), Status::Ready),
        (Draft::new("behind both").after(&done).after(&open), Status::Todo),
        (Draft::new("idea").start(Start::Triage), Status::Triage),
        (Draft::new("stopped").start(Start::Blocked("wait".to_owned())), Status::Blocked),
        (Draft::new("later").with(|new| new.at = Some(later)), Status::Scheduled),
        (Draft::new("late").with(|new| new.at = Some(earlier)), Status::Ready),
        (Draft::new("held").with(|new| new.held = true), Status::Todo),
    ];
    for (draft, status) in cases {
        let task = s.create(draft).await;
        assert_eq!(task.state.status, status, "{}", task.title);
        assert_eq!(s.get(&task.id).await, task, "what is stored is what was answered");
        assert_eq!(s.kinds(&task.id).await, ["created"]);
    }
    s.inspect().await;
    assert!(s.sweep().await.is_empty());
}

/// A card that is created blocked is as sticky as one that a worker blocked (mends Q-02).
pub async fn a_task_created_blocked_stays_blocked(boards: &impl Boards) {
    let s = Scene::new(boards);
    let parent = s.task("parent").await;
    let draft = Draft::new("stopped").after(&parent).start(Start::Blocked("wait".to_owned()));
    let task = s.create(draft).await;
    assert_eq!(task.state.block.as_ref().map(|block| block.kind), Some(BlockKind::Operator));
    s.complete(&parent).await;
    assert!(s.sweep().await.is_empty() && s.claim(9).await.is_empty());
    assert_eq!(s.status(&task.id).await, Status::Blocked);
}

/// Values that cannot be are refused with the field and the rule, and nothing is written.
pub async fn values_that_cannot_be_are_refused(boards: &impl Boards) {
    let s = Scene::new(boards);
    type Spoil = fn(&mut NewTask);
    let bad: [(&str, Spoil); 11] = [
        ("blank title", |new| new.title = " \n ".to_owned()),
        ("control characters", |new| new.title = "bell\u{7}".to_owned()),
        ("huge title", |new| new.title = "x".repeat(1 << 20)),
        ("NUL in the body", |new| new.body = Some("a\0b".to_owned())),
        ("huge body", |new| new.body = Some("x".repeat((1 << 20) + 1))),
        ("skill with a slash", |new| new.skills = vec!["../rust".to_owned()]),
        ("relative path", |new| {
            new.workspace_kind = Some(WorkspaceKind::Dir);
            new.workspace_path = Some("here".to_owned());
        }),
        ("path that climbs", |new| {
            new.workspace_kind = Some(WorkspaceKind::Dir);
            new.workspace_path = Some("/a/../etc".to_owned());
        }),
        ("dir without a path", |new| new.workspace_kind = Some(WorkspaceKind::Dir)),
        ("branch like an option", |new| {
            new.workspace_kind = Some(WorkspaceKind::Worktree);
            new.branch = Some("-f".to_owned());
        }),
        ("branch without a worktree", |new| new.branch = Some("topic".to_owned())),
    ];
    for (what, change) in bad {
        assert_eq!(s.refused(s.creation(Draft::new("t").with(change))).await, "invalid_value", "{what}");
    }
    assert!(s.inspect().await.events.is_empty());
    let foreign = s.create(Draft::new("  مهمة\tשלום 👋 ")).await;
    assert_eq!(s.get(&foreign.id).await.title, "مهمة שלום 👋");
}

/// Unknown names are refused, with the known ones that are nearest.
pub async fn unknown_names_are_refused_with_the_nearest(boards: &impl Boards) {
    let s = Scene::new(boards);
    let nearest = async |draft: Draft| match s.run(s.creation(draft)).await.unwrap_err().refusal() {
        Some(Refusal::UnknownProfile { nearest, .. } | Refusal::UnknownSkill { nearest, .. }) => {
            nearest.clone()
        }
        other => panic!("{other:?}"),
    };
    assert_eq!(nearest(Draft::new("t").of("codr")).await, ["coder"]);
    let reviewer = |new: &mut NewTask| new.reviewer = Some("juge".parse().unwrap());
    assert_eq!(nearest(Draft::new("t").with(reviewer)).await, ["judge"]);
    let skill = |new: &mut NewTask| new.skills = vec!["rusty".to_owned()];
    assert_eq!(nearest(Draft::new("t").with(skill)).await, ["rust"]);
    let skills = |new: &mut NewTask| new.skills = ["rusty", "rust", "nowhere"].map(str::to_owned).to_vec();
    match s.run(s.creation(Draft::new("t").with(skills))).await.unwrap_err().refusal() {
        Some(Refusal::UnknownSkill { names, .. }) => {
            assert_eq!(*names, ["rusty", "nowhere"], "all of them at once")
        }
        other => panic!("{other:?}"),
    }
    let known = s.task("known").await;
    let (one, two) = (TaskId::from_bits(1), TaskId::from_bits(2));
    let draft = Draft::new("t").after(&known).after(&one).after(&two);
    match s.run(s.creation(draft)).await.unwrap_err().refusal() {
        Some(Refusal::UnknownParents(unknown)) => assert_eq!(*unknown, [one.to_string(), two.to_string()]),
        other => panic!("{other:?}"),
    }
    assert_eq!(s.inspect().await.tasks.len(), 1);
}

/// Creators that race with one idempotency key, in connections of their own, all get the same task.
pub async fn racing_creators_with_one_key_get_one_task(boards: &impl Boards) {
    let s = Scene::new(boards);
    let create = |s: &Scene, round: usize| {
        s.creation(Draft::new("once").with(|new| new.idempotency_key = Some(format!("key {round}"))))
    };
    let made: Vec<Vec<(TaskId, bool)>> = std::thread::scope(|scope| {
        let racers: Vec<_> = (0..4)
            .map(|_| {
                let s = s.again(boards);
                scope.spawn(move || {
                    (0..10)
                        .map(|round| {
                            let created = crate::block_on(s.ok(create(&s, round)));
                            (created.task.id, created.new)
                        })
                        .collect()
                })
            })
            .collect();
        racers.into_iter().map(|racer| racer.join().unwrap()).collect()
    });
    for round in 0..10 {
        let of_round: Vec<_> = made.iter().map(|racer| &racer[round]).collect();
        assert!(of_round.iter().all(|(id, _)| *id == of_round[0].0), "round {round}: two tasks");
        assert_eq!(of_round.iter().filter(|(_, new)| *new).count(), 1, "round {round}: created twice");
    }
    assert_eq!(s.inspect().await.tasks.len(), 10);
}

/// An archived task gives its key free; reopened, it does not take it back from a newer one.
pub async fn an_archived_task_gives_its_key_free(boards: &impl Boards) {
    let s = Scene::new(boards);
    let keyed = || s.creation(Draft::new("t").with(|new| new.idempotency_key = Some(" k ".to_owned())));
    let old = s.ok(keyed()).await.task.id;
    assert!(!s.ok(keyed()).await.new);
    let (task, caller, policy) = (old.clone(), s.person(), s.policy.clone());
    s.ok(Archive { task, release: None, caller, policy }).await;
    let newer = s.ok(keyed()).await;
    assert!(newer.new && newer.task.id != old);
    s.ok(Reopen { task: old.clone(), caller: s.person(), policy: s.policy.clone() }).await;
    assert_eq!(s.get(&old).await.idempotency_key, None);
    assert_eq!(s.ok(keyed()).await.task.id, newer.task.id);
}

fn by(s: &Scene, draft: Draft, caller: &Caller) -> Create {
    Create { caller: caller.clone(), ..s.creation(draft) }
}

/// A run may create so many tasks; workers' tasks may be so many generations deep.
pub async fn what_workers_create_is_bounded(boards: &impl Boards) {
    let mut s = Scene::new(boards);
    (s.policy.max_children, s.policy.max_generations) = (2, 2);
    let first = s.running("first").await;
    let worker = s.worker(&first);
    for n in 1..=2 {
        let child = s.ok(by(&s, Draft::new("child"), &worker)).await.task;
        assert_eq!((child.generation, child.created_by_run.as_deref()), (1, Some(first.run.id.as_str())));
        assert_eq!(child.created_by, "coder", "{n}");
    }
    assert_eq!(s.refused(by(&s, Draft::new("third"), &worker)).await, "too_many_children");
    let second = s.claim_one().await;
    let grandchild = s.ok(by(&s, Draft::new("grandchild"), &s.worker(&second))).await.task;
    assert_eq!(grandchild.generation, 2);
    let others = s.claim(9).await;
    let third = others.iter().find(|claimed| claimed.task.id == grandchild.id).unwrap();
    assert_eq!(s.refused(by(&s, Draft::new("too deep"), &s.worker(third))).await, "too_deep");
}

/// A worker gives work only to profiles that allow it, and inherits nothing of a person's rights.
pub async fn assignable_by_keeps_workers_from_foreign_profiles(boards: &impl Boards) {
    let s = Scene::new(boards);
    let run = s.running("t").await;
    let worker = s.worker(&run);
    assert_eq!(s.refused(by(&s, Draft::new("script"), &worker)).await, "ok");
    assert_eq!(s.refused(by(&s, Draft::new("script").of("script"), &worker)).await, "forbidden");
    assert_eq!(s.refused(by(&s, Draft::new("script").of("script"), &s.person())).await, "ok");
}

/// `dir` and `worktree` tasks that name no directory get the board's; scratch ones never.
pub async fn the_board_s_directory_is_the_default(boards: &impl Boards) {
    let s = Scene::new(boards);
    for (kind, path) in [
        (WorkspaceKind::Dir, Some("/src")),
        (WorkspaceKind::Worktree, Some("/src")),
        (WorkspaceKind::Scratch, None),
    ] {
        let mut create = s.creation(Draft::new("t").with(|new| new.workspace_kind = Some(kind)));
        create.default_workdir = Some("/src".to_owned());
        assert_eq!(s.ok(create).await.task.workspace_path.as_deref(), path, "{kind}");
    }
}
