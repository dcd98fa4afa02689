//! One client's durable cycles beside what SQLite itself can commit.

use std::time::{Duration, Instant};

use andon_store::Mode;

use crate::board::{Scratch, cycles};
use crate::table::{Figure, Row, per_second};

pub(crate) const ROW: Row = Row {
    name: "cycles",
    what: "durable create → claim → complete cycles, one client in one process",
    target: "≥ 0.65 × (raw SQLite synchronous=FULL commits/s ÷ 3)",
    method: "turns of 2 s each, four of both in alternation on one file system; raw: one row per commit in WAL mode",
    run,
};

/// A connection that commits one small row at a time, with the store's durability.
pub(crate) struct Raw {
    _folder: tempfile::TempDir,
    connection: rusqlite::Connection,
}

impl Raw {
    pub(crate) fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let connection = rusqlite::Connection::open(folder.path().join("raw.db")).unwrap();
        connection
            .execute_batch(
                "pragma journal_mode = wal; pragma synchronous = full; pragma wal_autocheckpoint = 1000; \
                 create table t (id integer primary key, text text not null)",
            )
            .unwrap();
        Self { _folder: folder, connection }
    }

    /// Commits for a time; gives how many and how long.
    pub(crate) fn commits(&self, time: Duration) -> (usize, Duration) {
        let mut statement = self.connection.prepare("insert into t (text) values ('a row')").unwrap();
        let begun = Instant::now();
        let mut count = 0;
        while begun.elapsed() < time {
            statement.execute([]).unwrap();
            count += 1;
        }
        (count, begun.elapsed())
    }
}

/// Cycles and nothing beside them, for a profiler: `process:cycles <seconds> <long|short>`.
pub(crate) fn alone(arguments: &[String]) {
    let mode = if arguments[1] == "long" { Mode::Long } else { Mode::Short };
    let scratch = Scratch::new(mode);
    let spent = processor();
    let (count, took) = cycles(&scratch.board, Duration::from_secs(arguments[0].parse().unwrap()));
    println!(
        "{count} cycles, {:.0}/s, {:.1} us of processor time an operation",
        per_second(count, took),
        each(spent, count)
    );
}

/// The processor time of this process, microseconds.
fn processor() -> f64 {
    let time = rustix::time::clock_gettime(rustix::time::ClockId::ProcessCPUTime);
    Duration::new(time.tv_sec.unsigned_abs(), u32::try_from(time.tv_nsec).unwrap()).as_secs_f64() * 1e6
}

/// Microseconds of processor time an operation since `spent`.
#[expect(clippy::cast_precision_loss, reason = "counts of a measurement are small")]
fn each(spent: f64, cycles: usize) -> f64 {
    (processor() - spent) / (3 * cycles) as f64
}

fn run() -> Vec<Figure> {
    const TURN: Duration = Duration::from_secs(2);
    let mut figures = Vec::new();
    for (mode, name) in [(Mode::Long, "with a writer thread"), (Mode::Short, "on the caller's thread")] {
        let scratch = Scratch::new(mode);
        let raw = Raw::new();
        cycles(&scratch.board, TURN / 4);
        let mut cost = 0.0;
        let (mut own, mut base) = ((0, Duration::ZERO), (0, Duration::ZERO));
        for _ in 0..4 {
            let (count, took) = raw.commits(TURN);
            base = (base.0 + count, base.1 + took);
            let spent = processor();
            let (count, took) = cycles(&scratch.board, TURN);
            cost += each(spent, count) / 4.0;
            own = (own.0 + count, own.1 + took);
        }
        let (own_rate, base_rate) = (per_second(own.0, own.1), per_second(base.0, base.1));
        figures.push(Figure::rate(&format!("cycles {name}"), own.0, own.1));
        figures.push(Figure::rate("raw commits beside it", base.0, base.1));
        figures.push(Figure::new("processor time an operation", format!("{cost:.0} us")));
        figures.push(Figure::ratio(&format!("ratio {name}"), own_rate / (base_rate / 3.0)));
    }
    figures
}
