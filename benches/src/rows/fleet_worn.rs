//! The rates of a board on PostgreSQL that has a past, or somebody who reads it for a long time.

use std::time::{Duration, Instant};

use super::fleet_server::{BATCH, Count, Fleet, Server, Written, add, rate};
use crate::table::{Figure, Row};

pub(crate) const HISTORY: Row = Row {
    name: "fleet-history",
    what: "the fleet's rates after 1,000,000 finished tasks",
    target: "≥ 0.8 × the fresh rate",
    method: "tasks, runs and events of a past written by SQL, then `vacuum analyze` and a checkpoint; turns of 6 s of the fresh \
             board and of the full one in alternation; `ANDON_BENCH_POSTGRES` gives the server further settings",
    run: history,
};

pub(crate) const HELD: Row = Row {
    name: "fleet-held",
    what: "the fleet's rates with a transaction held open for 10 minutes",
    target: "≥ 0.8 × the fresh rate",
    method: "one board under load all the time; the rate before, and in the last tenth of the time in which another \
             connection holds a snapshot; `ANDON_BENCH_HELD` gives other seconds than 600",
    run: held,
};

const TURN: Duration = Duration::from_secs(6);

/// A million finished tasks, each with its run and its events. Their ids are like those of others, spread over everything
/// that an id can be: a new task comes to lie anywhere among them. Vacuumed, as a past is that has grown.
const PAST: &str = "set search_path to andon_default;
    create temporary table past as select 't_' || (select string_agg(substr('0123456789abcdefghjkmnpqrstvwxyz', \
        get_byte(sha256(n::text::bytea), place) % 32 + 1, 1), '' order by place) from generate_series(0, 7) as place) as id, n \
        from generate_series(1, 1000000) as n;
    delete from past using (select id, max(n) as n from past group by id having count(*) > 1) as twice \
        where past.id = twice.id and past.n < twice.n;
    insert into tasks (id, title, assignee, status, phase, satisfied, priority, created_by, created_at, updated_at, started_at, \
        completed_at, workspace_kind, skills, requires, goal_mode, generation, held, parents_waived, released, revived, \
        consecutive_failures, reclaims, rate_limits, interruptions, blocks, review_rounds, fresh, result) \
        select id, 'a task of usual length, say', 'coder', 'done', 'work', 1, 0, 'ada', n, n, n, n, \
        'scratch', '[]', '[]', 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 'done' from past;
    insert into runs (id, task_id, attempt, kind, profile, host, by_hand, token_hash, started_at, ended_at, ended_by_self, \
        reaped_at, outcome, summary) \
        select 'r' || id, id, 1, 'work', 'coder', 'here', 0, md5(id), 1, 2, 1, 3, 'completed', 'done' from tasks where status = 'done';
    insert into events (task_id, kind, actor, data, at) \
        select id, kind, 'ada', '{\"summary\":\"done\"}', 1 from tasks, unnest(array['created', 'claimed', 'completed']) as kind \
        where status = 'done';
    drop table past;";

fn figures(how: &str, fresh: f64, worn: f64) -> Vec<Figure> {
    vec![
        Figure::new(format!("tasks {how}, fresh"), format!("{fresh:.0}/s")),
        Figure::new(format!("tasks {how}, then"), format!("{worn:.0}/s")),
        Figure::ratio(&format!("ratio {how}"), worn / fresh),
    ]
}

fn history() -> Vec<Figure> {
    let server = Server::new();
    for name in ["fresh", "full"] {
        server.database(name);
    }
    let (fresh, full) = (server.board("fresh"), server.board("full"));
    server.ask("full", PAST);
    server.ask("full", "vacuum analyze");
    server.ask("postgres", "checkpoint");
    let mut all = Vec::new();
    for (batch, how) in [(1, "one by one"), (BATCH, "in batches of 50")] {
        let (mut new, mut old): (Sum, Sum) = Default::default();
        fresh.turn(TURN / 3, batch);
        full.turn(TURN / 3, batch);
        for _ in 0..3 {
            new.turn(&server, &fresh, batch);
            old.turn(&server, &full, batch);
        }
        all.extend(figures(how, rate(new.count), rate(old.count)));
        all.push(Figure::new(format!("log per task {how}, fresh"), new.log()));
        all.push(Figure::new(format!("log per task {how}, then"), old.log()));
    }
    all
}

/// The turns of one board.
#[derive(Default)]
struct Sum {
    count: Count,
    written: Written,
}

impl Sum {
    fn turn(&mut self, server: &Server, fleet: &Fleet, batch: u32) {
        let before = server.written();
        add(&mut self.count, fleet.turn(TURN, batch));
        let after = server.written();
        self.written.bytes += after.bytes - before.bytes;
        self.written.images += after.images - before.images;
    }

    /// What the server wrote to its log for a task.
    #[expect(clippy::cast_precision_loss, reason = "figures for people")]
    fn log(&self) -> String {
        let tasks = self.count.0.max(1) as f64;
        let (bytes, images) = (self.written.bytes as f64 / tasks, self.written.images as f64 / tasks);
        format!("{:.1} kB, {images:.2} whole pages", bytes / 1024.0)
    }
}

fn held() -> Vec<Figure> {
    let time = std::env::var("ANDON_BENCH_HELD").ok().and_then(|seconds| seconds.parse().ok()).unwrap_or(600);
    let time = Duration::from_secs(time);
    let mut all = Vec::new();
    for (batch, how) in [(1, "one by one"), (BATCH, "in batches of 50")] {
        let server = Server::new();
        server.database("ours");
        let fleet = server.board("ours");
        fleet.turn(TURN / 3, batch);
        let fresh = rate(fleet.turn(TURN * 2, batch));
        let reader = server.connect("ours");
        reader.ask("begin isolation level repeatable read; select count(*) from andon_default.tasks");
        let last = load(&fleet, time, batch);
        reader.ask("rollback");
        all.extend(figures(how, fresh, last));
    }
    all
}

/// Loads a board for a time; gives the rate of its last tenth.
fn load(fleet: &Fleet, time: Duration, batch: u32) -> f64 {
    let begun = Instant::now();
    while begun.elapsed() < time * 9 / 10 {
        fleet.turn(TURN.min(time / 10), batch);
    }
    rate(fleet.turn(time / 10, batch))
}
