//! A parent of many children completes while somebody else writes.

use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use andon_core::Policy;
use andon_store::Mode;
use andon_store::operation::Complete;
use andon_testkit::block_on;
use serde_json::Value;

use crate::board::{Scratch, creation, fill, open};
use crate::table::{Figure, Row, percentile};

pub(crate) const ROW: Row = Row {
    name: "family",
    what: "a parent with 10,000 children completes",
    target: "no other writer waits > 100 ms",
    method: "one process completes the parent and tells every queued slice; another writer, in connections of its own, creates tasks one after the other meanwhile; its longest wait, of three families",
    run,
};

fn run() -> Vec<Figure> {
    let (mut figures, mut worst) = (Vec::new(), Duration::ZERO);
    for round in 1..=3 {
        let scratch = Scratch::new(Mode::Long);
        let parent = block_on(scratch.board.run(creation("coder"))).unwrap().task.id;
        let mut child = creation("coder");
        child.task.parents.push(parent.clone());
        fill(&scratch.board, 10_000, &child);
        let other = open(scratch.home.path(), Mode::Short);
        let over = AtomicBool::new(false);
        let (took, mut waits) = std::thread::scope(|scope| {
            let waiting = scope.spawn(|| {
                let mut waits = Vec::new();
                while !over.load(Ordering::SeqCst) {
                    let begun = Instant::now();
                    block_on(other.run(creation("writer"))).unwrap();
                    waits.push(begun.elapsed());
                }
                waits
            });
            let begun = Instant::now();
            let complete = Complete {
                task: parent,
                caller: andon_store::Caller::person("ada"),
                result: None,
                summary: None,
                metadata: Value::Null,
                created_cards: Vec::new(),
                kept: Vec::new(),
                policy: Policy::default(),
            };
            block_on(scratch.board.run(complete)).unwrap();
            block_on(scratch.board.settle_queued(&Policy::default())).unwrap();
            let took = begun.elapsed();
            over.store(true, Ordering::SeqCst);
            (took, waiting.join().unwrap())
        });
        let longest = percentile(&mut waits, 100);
        worst = worst.max(longest);
        figures.push(Figure::millis(&format!("family {round}: every child is told after"), took));
        figures.push(Figure::millis(
            &format!("family {round}: longest wait of {} writes", waits.len()),
            longest,
        ));
    }
    figures.push(Figure::millis("longest wait", worst));
    figures
}
