//! What boards, lists and charts are drawn from: cards, pages, columns, runs, use, graphs and waits.

use std::collections::BTreeSet;

use andon_core::run::Failure;
use andon_core::task::Status;
use andon_core::{Millis, TaskId};
use andon_store::operation::{AddComment, RecordUsage};
use andon_store::query::{
    BriefOf, CardPage, CardsOf, ColumnsOf, GraphOf, Head, Key, Latencies, Order, RecentRuns, Span, TaskPage,
    UsageByDay, Wanted,
};
use andon_store::sql::runs::Usage;

use crate::{Boards, Draft, Scene};

/// Page by page each task comes once, in the order of one long page, whatever is equal.
pub async fn pages_give_each_task_once_in_every_order(boards: &impl Boards) {
    let s = Scene::new(boards);
    for number in 0..13_i64 {
        let title = format!("t{}", number % 3);
        let _ = s.create(Draft::new(&title).with(|new| new.priority = number % 2)).await;
        s.wait(number % 4);
    }
    for (name, order) in Order::NAMES {
        let page = |after, limit| CardPage { wanted: Wanted::default(), order: *order, after, limit };
        let (whole, more) = s.ok(page(None, 100)).await;
        assert!(whole.len() == 13 && !more, "{name}");
        let (mut found, mut after) = (Vec::new(), None);
        loop {
            let (cards, more) = s.ok(page(after, 4)).await;
            after = cards.last().map(|card| card.key(*order));
            found.extend(cards);
            if !more {
                break;
            }
        }
        assert_eq!(found, whole, "{name}");
        let pages = TaskPage { wanted: Wanted::default(), order: *order, after: None, limit: 5 };
        let (tasks, more) = s.ok(pages).await;
        let ids =
            |cards: &[andon_store::query::Card]| cards.iter().map(|card| card.id.clone()).collect::<Vec<_>>();
        let of_tasks: Vec<TaskId> = tasks.iter().map(|(task, _, _)| task.id.clone()).collect();
        assert!(more && of_tasks == ids(&whole)[..5], "{name}");
        let last = &tasks[4].0;
        let key = Key::of(*order, &last.id, &last.title, last.priority, last.created_at, last.updated_at);
        assert_eq!(ids(&s.ok(page(Some(key), 100)).await.0), ids(&whole)[5..], "{name}");
    }
}

/// What is wanted is found, and nothing else: a `%` is a character like any other.
pub async fn a_page_has_what_is_wanted(boards: &impl Boards) {
    let s = Scene::new(boards);
    let plain = s
        .create(Draft::new("plain 100% sure").of_nobody().with(|new| new.tenant = Some("a".into())))
        .await
        .id;
    let done = s.task("another").await;
    let _ = s.complete(&done).await;
    let found = async |wanted: Wanted| {
        let page = CardPage { wanted, order: Order::Priority, after: None, limit: 100 };
        s.ok(page).await.0.into_iter().map(|card| card.id).collect::<Vec<_>>()
    };
    let text = |text: &str| Wanted { text: Some(text.into()), ..Wanted::default() };
    assert_eq!(found(text("00% s")).await, std::slice::from_ref(&plain));
    assert_eq!(found(text("PLAIN")).await, std::slice::from_ref(&plain));
    assert!(found(text("1%0")).await.is_empty() && found(text("_lain")).await.is_empty());
    assert_eq!(
        found(Wanted { assignee: Some(String::new()), ..Wanted::default() }).await,
        std::slice::from_ref(&plain)
    );
    assert_eq!(found(Wanted { tenant: Some("a".into()), ..Wanted::default() }).await, [plain]);
    assert_eq!(found(Wanted { statuses: vec![Status::Done], ..Wanted::default() }).await, [done]);
}

/// A card counts what belongs to its task, and the columns count what they do not show.
pub async fn a_card_counts_what_its_task_has(boards: &impl Boards) {
    let s = Scene::new(boards);
    let parent = s.task("parent").await;
    let child = s.child("child", &parent).await;
    let _ = s.child("another", &parent).await;
    for _ in 0..2 {
        let body = "hello".to_owned();
        let _ = s
            .ok(AddComment { task: child.clone(), body, caller: s.person(), policy: s.policy.clone() })
            .await;
    }
    let run = s.claim_one().await;
    s.take(&run).await;
    let usage = Usage {
        input_tokens: Some(10),
        output_tokens: Some(5),
        cost_micros: Some(250_000),
        ..Usage::default()
    };
    s.ok(RecordUsage { run: run.run.id.clone(), usage }).await;
    s.fail(&run, Failure::Crashed).await;
    let cards = s.ok(CardsOf { tasks: vec![child.clone(), TaskId::from_bits(7), parent.clone()] }).await;
    assert_eq!(cards.iter().map(|card| card.id.clone()).collect::<Vec<_>>(), [child.clone(), parent.clone()]);
    let (of_child, of_parent) = (&cards[0], &cards[1]);
    assert_eq!((of_child.parents, of_child.open_parents, of_child.comments), (1, 1, 2));
    assert_eq!((of_parent.children, of_parent.children_done, of_parent.runs), (2, 0, 1));
    assert_eq!((of_parent.cost_micros, of_parent.consecutive_failures), (Some(250_000), 1));
    assert_eq!(of_parent.last_failure_error.as_deref(), Some("it broke"));
    let _ = s.complete(&parent).await;
    let cards = s.ok(CardsOf { tasks: vec![child.clone()] }).await;
    assert_eq!((cards[0].parents, cards[0].open_parents, cards[0].status), (1, 0, Status::Ready));
    let columns = s.ok(ColumnsOf { wanted: Wanted::default(), limit: 1 }).await;
    let ready = columns.columns.iter().find(|column| column.status == Status::Ready);
    assert!(ready.is_some_and(|column| (column.count, column.cards.len(), column.more) == (2, 1, true)));
    assert!(columns.columns.iter().all(|column| column.status != Status::Archived));
    let (head, _) = s.ok(Head { reader: None }).await;
    assert_eq!(columns.cursor, head);
}

/// Runs are found by task, profile and end, the newest first; what they consumed is summed by day and profile.
pub async fn runs_and_their_use_are_found(boards: &impl Boards) {
    let s = Scene::new(boards);
    let mut runs = Vec::new();
    for title in ["one", "two", "three"] {
        let run = s.running(title).await;
        let usage = Usage { input_tokens: Some(10), cost_micros: Some(1_000), ..Usage::default() };
        s.ok(RecordUsage { run: run.run.id.clone(), usage }).await;
        runs.push(run);
        s.wait(5);
    }
    s.fail(&runs[0], Failure::Crashed).await;
    let ids = async |asked: RecentRuns| {
        s.ok(RecentRuns { limit: 10, ..asked }).await.into_iter().map(|run| run.id).collect::<Vec<_>>()
    };
    let all: Vec<_> = runs.iter().rev().map(|run| run.run.id.clone()).collect();
    assert_eq!(ids(RecentRuns::default()).await, all);
    assert_eq!(ids(RecentRuns { open: Some(true), ..RecentRuns::default() }).await, all[..2]);
    assert_eq!(ids(RecentRuns { open: Some(false), ..RecentRuns::default() }).await, all[2..]);
    assert_eq!(ids(RecentRuns { before: Some(all[0].clone()), ..RecentRuns::default() }).await, all[1..]);
    let of_task = RecentRuns { task: Some(runs[1].task.id.clone()), ..RecentRuns::default() };
    assert_eq!(ids(of_task).await, all[1..2]);
    let nobody = RecentRuns { profile: "nobody".parse().ok(), ..RecentRuns::default() };
    assert!(ids(nobody).await.is_empty());
    let days = s.ok(UsageByDay { since: Millis(0) }).await;
    assert_eq!(days.len(), 1, "{days:?}");
    assert_eq!(
        (days[0].runs, days[0].usage.input_tokens, days[0].usage.cost_micros),
        (3, Some(30), Some(3_000))
    );
    assert!(s.ok(UsageByDay { since: s.now().plus(1) }).await.is_empty());
}

/// A graph is what hangs together with a task, and no more than is borne.
pub async fn a_graph_is_what_hangs_together(boards: &impl Boards) {
    let s = Scene::new(boards);
    let top = s.task("top").await;
    let middle = s.child("middle", &top).await;
    let bottom = s.child("bottom", &middle).await;
    let alone = s.task("alone").await;
    let graph = s.ok(GraphOf { task: Some(bottom.clone()), done: false, limit: 10 }).await;
    let nodes: BTreeSet<TaskId> = graph.nodes.iter().map(|node| node.id.clone()).collect();
    assert_eq!(nodes, BTreeSet::from([top.clone(), middle.clone(), bottom.clone()]));
    let edges: BTreeSet<(TaskId, TaskId)> = graph.edges.into_iter().collect();
    assert_eq!(edges, BTreeSet::from([(top.clone(), middle.clone()), (middle.clone(), bottom.clone())]));
    let cut = s.ok(GraphOf { task: Some(top.clone()), done: false, limit: 2 }).await;
    assert!(cut.truncated && cut.nodes.len() == 2);
    assert_eq!(
        s.refused(GraphOf { task: Some(TaskId::from_bits(9)), done: false, limit: 2 }).await,
        "unknown_task"
    );
    let whole = s.ok(GraphOf { task: None, done: false, limit: 10 }).await;
    assert!(!whole.nodes.iter().any(|node| node.id == alone), "what has no dependency is no part of it");
    let brief = s.ok(BriefOf { tasks: vec![top.clone(), TaskId::from_bits(9)] }).await;
    assert_eq!(
        brief.into_iter().map(|(id, brief)| (id, brief.title)).collect::<Vec<_>>(),
        [(top, "top".to_owned())]
    );
}

/// Each claim and each start is measured once, from what led to it.
pub async fn waits_are_measured_once(boards: &impl Boards) {
    let s = Scene::new(boards);
    let (head, _) = s.ok(Head { reader: None }).await;
    let parent = s.task("parent").await;
    let _ = s.child("child", &parent).await;
    s.wait(40);
    let run = s.claim_one().await;
    s.wait(7);
    s.take(&run).await;
    s.fail(&run, Failure::Crashed).await;
    s.wait(100_000);
    let again = s.claim_one().await;
    assert_eq!(again.task.id, parent);
    let first = s.ok(Latencies { after: head.number, limit: 3 }).await;
    assert!(first.more && first.upto > head.number);
    let rest = s.ok(Latencies { after: first.upto, limit: 1_000 }).await;
    let mut spans = first.spans;
    spans.extend(rest.spans);
    let claims: Vec<i64> =
        spans.iter().filter(|(span, _)| *span == Span::Claim).map(|(_, millis)| *millis).collect();
    // Each step takes a little of the scene's time.
    assert!(
        claims.len() == 1 && (40..50).contains(&claims[0]),
        "a back-off is no wait for a claim: {claims:?}"
    );
    let none = s.ok(Latencies { after: rest.upto, limit: 1_000 }).await;
    assert!(none.spans.is_empty() && none.upto == rest.upto && !none.more);
}
