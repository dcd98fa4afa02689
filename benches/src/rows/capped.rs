//! A claim beside many ready tasks of a profile that is at its cap.

use std::time::{Duration, Instant};

use andon_store::Mode;
use andon_testkit::{block_on, roster};

use crate::board::{Scratch, claim, completion, creation, fill};
use crate::table::{Figure, Row, percentile};

pub(crate) const ROW: Row = Row {
    name: "capped",
    what: "claim for one profile beside 100,000 `ready` tasks of another that is at its cap",
    target: "< 1 ms",
    method: "the claim looks at every profile; median and 99th percentile of 500, each task completed before the next",
    run,
};

fn run() -> Vec<Figure> {
    let scratch = Scratch::new(Mode::Long);
    fill(&scratch.board, 100_000, &creation("writer"));
    let mut capped = roster();
    for (name, facts) in &mut capped.profiles {
        facts.max_running = (name.as_str() == "writer").then_some(1);
    }
    let claiming = claim(capped, 8);
    assert_eq!(block_on(scratch.board.run(claiming.clone())).unwrap().len(), 1);
    let mut times: Vec<Duration> = (0..500)
        .map(|_| {
            block_on(scratch.board.run(creation("coder"))).unwrap();
            let begun = Instant::now();
            let claimed = block_on(scratch.board.run(claiming.clone())).unwrap();
            let took = begun.elapsed();
            assert_eq!(claimed.len(), 1);
            block_on(scratch.board.run(completion(&claimed[0]))).unwrap();
            took
        })
        .collect();
    vec![
        Figure::millis("one claim, median", percentile(&mut times, 50)),
        Figure::millis("one claim, 99th percentile", percentile(&mut times, 99)),
    ]
}
