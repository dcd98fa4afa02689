//! What the processes of a run are doing on this host, as the system tells it: how many, how much memory, how much work.

use std::collections::{BTreeMap, BTreeSet};

/// What a tree of processes uses. What the system does not tell counts as nothing.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Footprint {
    /// Processes.
    pub processes: u32,
    /// Threads.
    pub threads: u32,
    /// Memory that is resident, bytes; what they share counts for each.
    pub memory_bytes: u64,
    /// Processor time so far, milliseconds.
    pub cpu_millis: u64,
}

/// Processor time is told in hundredths of a second, whatever the system counts by itself.
const TICK: u64 = 10;

/// One process.
struct Stat {
    parent: i32,
    threads: u32,
    ticks: u64,
}

/// The footprint of a process and everything that descends from it.
#[must_use]
pub fn footprint(root: i32) -> Footprint {
    let mut all = BTreeMap::new();
    for entry in std::fs::read_dir("/proc").into_iter().flatten().flatten() {
        let Some(pid) = entry.file_name().to_str().and_then(|name| name.parse::<i32>().ok()) else {
            continue;
        };
        // It may have ended since the folder was read.
        if let Some(stat) =
            std::fs::read_to_string(entry.path().join("stat")).ok().and_then(|text| read(&text))
        {
            all.insert(pid, stat);
        }
    }
    let mut tree = BTreeSet::from([root]);
    loop {
        let before = tree.len();
        tree.extend(
            all.iter()
                .filter(|(_, stat)| tree.contains(&stat.parent))
                .map(|(pid, _)| *pid)
                .collect::<Vec<_>>(),
        );
        if tree.len() == before {
            break;
        }
    }
    let mut found = Footprint::default();
    for (pid, stat) in tree.iter().filter_map(|pid| Some((pid, all.get(pid)?))) {
        found.processes += 1;
        found.threads += stat.threads;
        found.memory_bytes += resident(*pid).unwrap_or(0);
        found.cpu_millis += stat.ticks * TICK;
    }
    found
}

/// The resident memory of a process, bytes.
fn resident(pid: i32) -> Option<u64> {
    let status = std::fs::read_to_string(format!("/proc/{pid}/status")).ok()?;
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:"))?;
    line.split_whitespace().next()?.parse::<u64>().ok()?.checked_mul(1_024)
}

/// The line of `/proc/<pid>/stat`. The name, in parentheses, may hold anything.
fn read(text: &str) -> Option<Stat> {
    let fields: Vec<&str> = text.get(text.rfind(')')? + 2..)?.split(' ').collect();
    let number = |index: usize| fields.get(index)?.trim().parse::<u64>().ok();
    Some(Stat {
        parent: fields.get(1)?.parse().ok()?,
        threads: u32::try_from(number(17)?).ok()?,
        ticks: number(11)? + number(12)?,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_cannot_shift_the_numbers() {
        let rest = "S 7 1 1 0 -1 0 0 0 0 0 3 4 0 0 20 0 5 0 99 1000 12 0";
        let stat = read(&format!("42 (a) b (c) {rest}\n")).unwrap();
        assert_eq!((stat.parent, stat.threads, stat.ticks), (7, 5, 7));
        assert!(read("42").is_none() && read("42 (x) S").is_none());
    }

    #[cfg(target_os = "linux")]
    #[test]
    fn a_process_has_at_least_itself() {
        let own = footprint(i32::try_from(std::process::id()).unwrap());
        assert!(own.processes >= 1 && own.threads >= 1 && own.memory_bytes > 100_000, "{own:?}");
        assert_eq!(footprint(i32::MAX), Footprint::default());
    }
}
