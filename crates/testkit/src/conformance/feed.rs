//! The change feed: a reader misses nothing, in order, and learns when the board was restored.

use std::sync::atomic::{AtomicBool, Ordering};

use andon_core::Cursor;
use andon_core::task::Status;
use andon_store::operation::{AdvanceCursor, Gc, GcReport};
use andon_store::query::{EventFilter, EventsAfter, Head, List, Sort};

use crate::{Boards, Draft, Scene, Sql};

fn after(cursor: Cursor, limit: u32) -> EventsAfter {
    EventsAfter { cursor, filter: EventFilter::default(), limit }
}

/// A reader that follows while others write sees every event once, in commit order, whatever its page.
pub async fn a_reader_never_skips_an_event(boards: &impl Boards) {
    let s = Scene::new(boards);
    let done = AtomicBool::new(false);
    let seen = std::thread::scope(|scope| {
        let writers: Vec<_> = (0..3)
            .map(|_| {
                let s = s.again(boards);
                scope.spawn(move || {
                    for _ in 0..40 {
                        crate::block_on(s.create(Draft::new("t")));
                    }
                })
            })
            .collect();
        let reader = s.again(boards);
        let done = &done;
        let reading = scope.spawn(move || {
            let (mut cursor, mut seen) = (Cursor::default(), Vec::new());
            loop {
                let last = done.load(Ordering::SeqCst);
                let read = crate::block_on(reader.ok(after(cursor, 7)));
                assert!(!read.resync);
                seen.extend(read.events.iter().map(|event| event.number));
                cursor = read.cursor;
                if last && !read.more && read.events.is_empty() {
                    return seen;
                }
            }
        });
        for writer in writers {
            writer.join().unwrap();
        }
        done.store(true, Ordering::SeqCst);
        reading.join().unwrap()
    });
    let all: Vec<i64> = s.inspect().await.events.iter().map(|event| event.number).collect();
    assert_eq!(all.len(), 120);
    assert_eq!(seen, all);
}

/// A place of another epoch, or beyond the newest event, is void: the reader starts over at the head.
pub async fn a_restored_board_sends_its_readers_back(boards: &impl Boards) {
    let s = Scene::new(boards);
    s.task("t").await;
    let head = s.ok(Head { reader: None }).await.0;
    assert!(!s.ok(after(head, 9)).await.resync);
    s.ok(Sql("update meta set value = '1' where key = 'epoch'", Vec::new())).await;
    let read = s.ok(after(head, 9)).await;
    assert!(read.resync && read.events.is_empty());
    assert_eq!(read.cursor, Cursor { epoch: 1, number: head.number });
    assert!(s.ok(after(Cursor { epoch: 1, number: head.number + 1 }, 9)).await.resync);
}

/// A filter hides events, never the place.
pub async fn a_filter_does_not_hold_the_place_back(boards: &impl Boards) {
    let s = Scene::new(boards);
    let (a, b) = (s.task("a").await, s.task("b").await);
    s.complete(&b).await;
    let only = |task, kinds: &[&str]| EventFilter {
        task,
        kinds: kinds.iter().map(|kind| (*kind).to_owned()).collect(),
    };
    let read = async |filter| s.ok(EventsAfter { cursor: Cursor::default(), filter, limit: 99 }).await;
    let of_a = read(only(Some(a), &[])).await;
    assert_eq!((of_a.events.len(), of_a.cursor), (1, s.ok(Head { reader: None }).await.0));
    assert_eq!(read(only(None, &["completed"])).await.events.len(), 1);
    assert_eq!(read(only(Some(b), &["completed", "created"])).await.events.len(), 2);
}

/// Of several readers under one name one moves the kept place, from where it really is.
pub async fn one_of_several_readers_moves_a_kept_place(boards: &impl Boards) {
    let s = Scene::new(boards);
    let to = Cursor { epoch: 0, number: 5 };
    let move_from = |from| AdvanceCursor { name: "bot".to_owned(), from, to };
    assert!(s.ok(move_from(None)).await);
    assert!(!s.ok(move_from(None)).await, "it has been moved already");
    assert!(s.ok(AdvanceCursor { to: Cursor { number: 6, ..to }, ..move_from(Some(to)) }).await);
    assert_eq!(s.ok(Head { reader: Some("bot".to_owned()) }).await.1, Some(Cursor { epoch: 0, number: 6 }));
}

/// Every way to ask for a list is understood by every engine.
pub async fn every_filter_of_a_list_is_understood(boards: &impl Boards) {
    let s = Scene::new(boards);
    let id = s.task("code").await;
    for (_, sort) in Sort::NAMES {
        for archived in [false, true] {
            for filtered in [false, true] {
                let list = List {
                    sort: *sort,
                    archived,
                    limit: 10,
                    assignee: filtered.then(|| "coder".parse().unwrap()),
                    status: filtered.then_some(Status::Ready),
                    ..List::default()
                };
                let found = s.ok(list).await.tasks;
                assert_eq!(found.iter().map(|(task, _, _)| &task.id).collect::<Vec<_>>(), [&id]);
            }
        }
    }
}

/// Old events of finished tasks go, slice by slice; those of open tasks stay, and so do young ones and the newest. No slice
/// looks again at what an earlier one has looked at.
pub async fn old_events_of_finished_tasks_go_slice_by_slice(boards: &impl Boards) {
    let s = Scene::new(boards);
    let (a, open, b) = (s.task("a").await, s.task("open").await, s.task("b").await);
    for task in [&a, &b] {
        s.complete(task).await;
    }
    let mut kept: Vec<i64> = Vec::new();
    let mut old = 0;
    for event in s.inspect().await.events {
        if event.task.as_deref() == Some(open.as_str()) { kept.push(event.number) } else { old += 1 }
    }
    s.wait(1_000);
    let before = s.now();
    s.complete(&s.task("young").await).await;
    kept.extend(s.inspect().await.events.iter().filter(|event| event.at >= before).map(|event| event.number));
    let (mut after, mut gone, mut slices) = (0, 0, 0);
    loop {
        let GcReport { events, next, .. } = s.ok(Gc { events_before: before, after, slice: 1 }).await;
        assert!(events <= 1);
        gone += events;
        let Some(next) = next else { break };
        assert!(next > after, "a slice begins behind the one before");
        (after, slices) = (next, slices + 1);
    }
    assert_eq!((gone, slices), (old, old));
    let left: Vec<i64> = s.inspect().await.events.iter().map(|event| event.number).collect();
    assert_eq!(left, kept);
    assert_eq!(s.ok(Gc { events_before: before, after: 0, slice: 9 }).await.events, 0);
    // Everything is old by now, and the last number is not given a second time.
    s.wait(1_000);
    s.complete(&open).await;
    s.wait(1_000);
    s.ok(Gc { events_before: s.now(), after: 0, slice: 99 }).await;
    assert_eq!(s.inspect().await.events.len(), 1, "the newest event stays");
}
