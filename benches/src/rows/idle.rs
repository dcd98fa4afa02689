//! What waiting costs.

use std::time::Duration;

use crate::host::{Host, wait};
use crate::table::{Figure, Row};

pub(crate) const ROW: Row = Row {
    name: "idle",
    what: "an idle dispatcher; a supervisor",
    target: "< 0.1 % of a core, < 20 MB; < 4 MB private",
    method: "`andon serve` on one board, and one supervisor whose worker sleeps; processor time of both over 30 s from \
             /proc/<pid>/stat (the supervisor's with its guard's), memory from /proc/<pid>/smaps_rollup; what a supervisor and \
             its guard share is counted once",
    run,
};

const WATCHED: Duration = Duration::from_secs(30);

fn run() -> Vec<Figure> {
    let mut host = Host::new("stamp", &["120000"]);
    let dispatcher = host.serve();
    let (task, _) = host.create(|_| {});
    host.started(Duration::from_secs(60)).unwrap();
    let supervisor = supervisor_of(&host, task.as_str());
    let guard = parent_of(supervisor);
    let looked = || (ticks(dispatcher), ticks(supervisor) + ticks(guard));
    let before = looked();
    std::thread::sleep(WATCHED);
    let after = looked();
    let share = |before: u64, after: u64| {
        #[expect(clippy::cast_precision_loss, reason = "a few ticks")]
        let seconds = (after - before) as f64 / 100.0;
        format!("{:.3} % of a core", 100.0 * seconds / WATCHED.as_secs_f64())
    };
    let figures = vec![
        Figure::new("dispatcher, processor", share(before.0, after.0)),
        Figure::new("dispatcher, resident", megabytes(dispatcher, "Rss:")),
        Figure::new("dispatcher, private", megabytes(dispatcher, "Private_Dirty:")),
        Figure::new("supervisor, processor", share(before.1, after.1)),
        Figure::new("supervisor, private", megabytes(supervisor, "Private_Dirty:")),
        Figure::new("supervisor, resident", megabytes(supervisor, "Rss:")),
        Figure::new("supervisor and guard, anonymous", megabytes_of(&[supervisor, guard], "Pss_Anon:")),
    ];
    let _ = std::process::Command::new(crate::host::andon())
        .args(["--home", host.home.path().to_str().unwrap(), "stop", task.as_str()])
        .output();
    figures
}

/// The supervisor of the task's run: it stands in its lease.
fn supervisor_of(host: &Host, task: &str) -> u32 {
    let mut pid = 0;
    wait(|| {
        let shown = andon_testkit::block_on(
            host.board.run(andon_store::query::Show { task: task.parse().unwrap(), limit: 1 }),
        );
        let holder = shown.unwrap().lease.and_then(|lease| lease.holder);
        holder.is_some_and(|holder| {
            pid = u32::try_from(holder.pid).unwrap();
            true
        })
    });
    pid
}

/// Processor time so far, in hundredths of a second.
fn ticks(pid: u32) -> u64 {
    let stat = std::fs::read_to_string(format!("/proc/{pid}/stat")).unwrap();
    let fields: Vec<&str> = stat[stat.rfind(')').unwrap() + 2..].split(' ').collect();
    fields[11].parse::<u64>().unwrap() + fields[12].parse::<u64>().unwrap()
}

/// Who guards a supervisor: it is its parent.
fn parent_of(pid: u32) -> u32 {
    let stat = std::fs::read_to_string(format!("/proc/{pid}/stat")).unwrap();
    stat[stat.rfind(')').unwrap() + 2..].split(' ').nth(1).unwrap().parse().unwrap()
}

pub(super) fn megabytes(pid: u32, what: &str) -> String {
    megabytes_of(&[pid], what)
}

fn megabytes_of(pids: &[u32], what: &str) -> String {
    let kilobytes = |pid: &u32| {
        let text = std::fs::read_to_string(format!("/proc/{pid}/smaps_rollup")).unwrap();
        let line = text.lines().find(|line| line.starts_with(what)).unwrap();
        line.split_whitespace().nth(1).unwrap().parse::<f64>().unwrap()
    };
    format!("{:.1} MB", pids.iter().map(kilobytes).sum::<f64>() / 1024.0)
}
