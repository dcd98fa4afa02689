//! From possible to started.

use std::time::Duration;

use andon_core::{Policy, TaskId};
use andon_store::Caller;
use andon_store::operation::{Complete, Start, Unblock};
use andon_testkit::block_on;
use serde_json::Value;

use crate::host::{Host, now, wait};
use crate::table::{Figure, Row, percentile};

pub(crate) const ROW: Row = Row {
    name: "latency",
    what: "a task becomes possible → its process has started",
    target: "p50 < 10 ms, p99 < 50 ms (create, parent done, unblock)",
    method: "one `andon serve`; from the moment at which the change is durable to the worker's own first statement, one \
             after the other, 200 of each kind",
    run,
};

const ROUNDS: usize = 200;

/// Makes a task possible; gives it with the moment at which that was durable.
type Change = fn(&Host) -> (TaskId, u128);

fn run() -> Vec<Figure> {
    let mut host = Host::new("stamp", &[]);
    host.serve();
    let mut figures = Vec::new();
    let kinds: [(&str, Change); 3] =
        [("create", created), ("parent done", parent_done), ("unblock", unblocked)];
    for (label, possible) in kinds {
        let mut times: Vec<Duration> = (0..ROUNDS).map(|_| round(&host, possible)).collect();
        figures.push(Figure::millis(&format!("{label}, median"), percentile(&mut times, 50)));
        figures.push(Figure::millis(&format!("{label}, 99th percentile"), percentile(&mut times, 99)));
    }
    figures
}

fn round(host: &Host, possible: Change) -> Duration {
    let (task, at) = possible(host);
    let (started, when) = host.started(Duration::from_secs(60)).unwrap();
    assert_eq!(started, task.as_str());
    // The next round starts on a quiet board.
    wait(|| block_on(host.board.run(andon_store::query::LiveRuns)).unwrap().is_empty());
    Duration::from_nanos(u64::try_from(when.saturating_sub(at)).unwrap())
}

fn created(host: &Host) -> (TaskId, u128) {
    host.create(|_| {})
}

fn parent_done(host: &Host) -> (TaskId, u128) {
    let (parent, _) = host.create(|create| create.task.held = true);
    let (child, _) = host.create(|create| create.task.parents = vec![parent.clone()]);
    let complete = Complete {
        task: parent,
        caller: Caller::person("ada"),
        result: None,
        summary: None,
        metadata: Value::Null,
        created_cards: Vec::new(),
        kept: Vec::new(),
        policy: Policy::default(),
    };
    block_on(host.board.run(complete)).unwrap();
    (child, now())
}

fn unblocked(host: &Host) -> (TaskId, u128) {
    let (task, _) = host.create(|create| create.task.start = Start::Blocked("later".to_owned()));
    let unblock = Unblock {
        task: task.clone(),
        caller: Caller::person("ada"),
        reason: None,
        policy: Policy::default(),
    };
    block_on(host.board.run(unblock)).unwrap();
    (task, now())
}
