//! What a board on PostgreSQL does in a second, beside pg-boss on the same server.

use std::time::Duration;

use super::fleet_boss::Boss;
use super::fleet_server::{BATCH, Count, Server, add, rate};
use crate::table::{Figure, Row};

pub(crate) const ROW: Row = Row {
    name: "fleet",
    what: "create → claim → complete on PostgreSQL, 64 clients, one by one and in batches of 50",
    target: "one by one ≥ 1,500 tasks/s and ≥ pg-boss; in batches ≥ 2 × pg-boss",
    method: "a server of its own with fsync and synchronous_commit on; 64 asynchronous clients of one process each; three \
             turns of 6 s of each in alternation, after one that is not counted",
    run,
};

const TURN: Duration = Duration::from_secs(6);

fn run() -> Vec<Figure> {
    let server = Server::new();
    for name in ["ours", "theirs"] {
        server.database(name);
    }
    let fleet = server.board("ours");
    let mut boss = Boss::new(&server, "theirs");
    let mut figures = Vec::new();
    for (batch, how) in [(1, "one by one"), (BATCH, "in batches of 50")] {
        let (mut ours, mut theirs): (Count, Count) = Default::default();
        fleet.turn(TURN / 3, batch);
        boss.turn(TURN / 3, batch);
        for _ in 0..3 {
            add(&mut ours, fleet.turn(TURN, batch));
            add(&mut theirs, boss.turn(TURN, batch));
        }
        figures.push(Figure::rate(&format!("tasks {how}"), ours.0, ours.1));
        figures.push(Figure::rate(&format!("jobs of pg-boss {how}"), theirs.0, theirs.1));
        figures.push(Figure::ratio(&format!("ratio {how}"), rate(ours) / rate(theirs)));
    }
    figures
}

/// A board's rates alone, for a profiler: `process:fleet <seconds> <batch> [held]`; tells what the server did. `held`: as
/// many seconds after another connection has taken a snapshot and kept it.
pub(crate) fn alone(arguments: &[String]) {
    let time = Duration::from_secs(arguments[0].parse().unwrap());
    let batch = arguments[1].parse().unwrap();
    let server = Server::new();
    server.database("ours");
    let fleet = server.board("ours");
    fleet.turn(time / 4, batch);
    let reader = server.connect("ours");
    if arguments.get(2).is_some_and(|word| word == "held") {
        reader.ask("begin isolation level repeatable read; select count(*) from andon_default.tasks");
        fleet.turn(time, batch);
    }
    server.ask("postgres", "select pg_stat_statements_reset()");
    let count = fleet.turn(time, batch);
    println!("{:.0} tasks/s; {:?}", rate(count), fleet.board.waits());
    let statements = "select format('%8s calls %7s ms/1000 tasks %6s us  hot %s', calls, round((total_exec_time * 1000 / TASKS)::numeric), \
         round((mean_exec_time * 1000)::numeric), left(regexp_replace(query, '\\s+', ' ', 'g'), 110)) \
         from pg_stat_statements order by total_exec_time desc limit 24";
    for line in server.ask("postgres", &statements.replace("TASKS", &count.0.max(1).to_string())) {
        println!("{line}");
    }
    let tables = "select format('%s ins %s upd %s hot %s del %s live %s dead %s', relname, n_tup_ins, n_tup_upd, n_tup_hot_upd, n_tup_del, \
         n_live_tup, n_dead_tup) from pg_stat_user_tables where n_tup_ins > 100 order by relname";
    for line in server.ask("ours", tables) {
        println!("{line}");
    }
}
