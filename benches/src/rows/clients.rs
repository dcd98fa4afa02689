//! Group commit: many clients in one process.

use std::time::{Duration, Instant};

use andon_store::Mode;
use andon_testkit::block_on;
use futures::future::join_all;

use crate::board::{Client, Scratch, cycles};
use crate::table::{Figure, Row, per_second};

pub(crate) const ROW: Row = Row {
    name: "clients",
    what: "the same, 64 concurrent clients in one process (group commit)",
    target: "≥ 15,000 operations/s and ≥ 3.5 × the one client",
    method: "64 asynchronous clients on one thread, each in cycles of three operations; turns of 2 s, four of each in alternation",
    run,
};

const CLIENTS: usize = 64;

fn run() -> Vec<Figure> {
    const TURN: Duration = Duration::from_secs(2);
    let (one, many) = (Scratch::new(Mode::Long), Scratch::new(Mode::Long));
    let (mut single, mut grouped) = ((0, Duration::ZERO), (0, Duration::ZERO));
    for _ in 0..4 {
        let (count, took) = cycles(&one.board, TURN);
        single = (single.0 + 3 * count, single.1 + took);
        let begun = Instant::now();
        let counts = block_on(join_all((0..CLIENTS).map(|_| async {
            let client = Client::new();
            let mut count = 0;
            while begun.elapsed() < TURN {
                client.cycle(&many.board).await.unwrap();
                count += 3;
            }
            count
        })));
        grouped = (grouped.0 + counts.iter().sum::<usize>(), grouped.1 + begun.elapsed());
    }
    vec![
        Figure::rate("operations of one client", single.0, single.1),
        Figure::rate("operations of 64 clients", grouped.0, grouped.1),
        Figure::ratio("ratio", per_second(grouped.0, grouped.1) / per_second(single.0, single.1)),
    ]
}
