//! The cycle on a board that is full of others' waiting tasks.

use std::time::Duration;

use andon_store::Mode;

use crate::board::{Scratch, creation, cycles, fill};
use crate::table::{Figure, Row, per_second};

pub(crate) const ROW: Row = Row {
    name: "crowded",
    what: "the cycle with 100,000 other `todo` tasks on the board",
    target: "within 10 % of the empty board",
    method: "one client, two boards, turns of 2 s, five of each in alternation; the waiting tasks are held, half of them behind a parent",
    run,
};

const OTHERS: usize = 100_000;

fn run() -> Vec<Figure> {
    const TURN: Duration = Duration::from_secs(2);
    let (empty, full) = (Scratch::new(Mode::Long), Scratch::new(Mode::Long));
    let mut held = creation("writer");
    held.task.held = true;
    let parent = fill(&full.board, OTHERS / 2, &held).remove(0);
    let mut child = creation("coder");
    child.task.parents.push(parent);
    fill(&full.board, OTHERS / 2, &child);
    cycles(&empty.board, TURN / 2);
    cycles(&full.board, TURN / 2);
    let (mut alone, mut crowded) = ((0, Duration::ZERO), (0, Duration::ZERO));
    for _ in 0..5 {
        let (count, took) = cycles(&empty.board, TURN);
        alone = (alone.0 + count, alone.1 + took);
        let (count, took) = cycles(&full.board, TURN);
        crowded = (crowded.0 + count, crowded.1 + took);
    }
    vec![
        Figure::rate("cycles on the empty board", alone.0, alone.1),
        Figure::rate("cycles beside 100,000 others", crowded.0, crowded.1),
        Figure::ratio("ratio", per_second(crowded.0, crowded.1) / per_second(alone.0, alone.1)),
    ]
}
