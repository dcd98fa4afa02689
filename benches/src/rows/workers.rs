//! Many workers at once.

use std::time::{Duration, Instant};

use andon_core::run::Outcome;
use andon_core::task::Status;
use andon_store::Mode;
use andon_store::query::{List, Show, StatsOf};
use andon_testkit::block_on;

use crate::board::{creation, fill, open};
use crate::host::{Host, wait};
use crate::table::{Figure, Row};

pub(crate) const ROW: Row = Row {
    name: "workers",
    what: "500 supervised workers at once",
    target: "all finish; no lease lost",
    method: "500 ready tasks, one `andon serve`; each worker stays for 60 s, so that all run together; then each task's runs \
             are looked at",
    run,
};

const WORKERS: usize = 500;

fn run() -> Vec<Figure> {
    let mut host = Host::new("stamp", &["60000"]);
    let long = open(host.home.path(), Mode::Long);
    fill(&long, WORKERS, &creation("coder"));
    drop(long);
    let begun = Instant::now();
    host.serve();
    let mut started = 0;
    while started < WORKERS && host.started(Duration::from_secs(60)).is_some() {
        started += 1;
    }
    let all_started = begun.elapsed();
    let at_once: u32 = block_on(host.board.run(StatsOf)).unwrap().live.total();
    wait(|| block_on(host.board.run(StatsOf)).unwrap().live.hosts.is_empty());
    let listed = block_on(host.board.run(List { limit: 1_000, ..List::default() })).unwrap();
    let done = listed.tasks.iter().filter(|(task, _, _)| task.state.status == Status::Done).count();
    let mut first_runs = 0;
    for (task, _, _) in &listed.tasks {
        let shown = block_on(host.board.run(Show { task: task.id.clone(), limit: 1 })).unwrap();
        let clean = shown.runs.len() == 1 && shown.runs[0].outcome == Some(Outcome::Completed);
        first_runs += usize::from(clean);
    }
    vec![
        Figure::new("workers at once", at_once.to_string()),
        Figure::millis("all started after", all_started),
        Figure::new("tasks done", format!("{done} of {WORKERS}")),
        Figure::new("done by their first and only run", format!("{first_runs} of {WORKERS}")),
        Figure::millis("all finished after", begun.elapsed()),
    ]
}
