//! What the processes of a run are doing on this host, as the system tells it: how many, how much memory, how much work.

use std::collections::{BTreeMap, BTreeSet};

/// One process. What the system does not tell counts as nothing.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ProcessFacts {
    /// Its number.
    pub pid: i32,
    /// Its parent's.
    pub parent: i32,
    /// The name of its program; its arguments may hold secrets, and are not told.
    pub name: String,
    /// What it does, in one letter, as the system has it: `R` runs, `S` and `D` wait, `T` is stopped, `Z` has ended.
    pub state: char,
    /// Threads.
    pub threads: u32,
    /// Memory that is resident, bytes; what it shares counts too.
    pub memory_bytes: u64,
    /// Memory that it has addresses for, bytes.
    pub virtual_bytes: u64,
    /// Open files, sockets and pipes; none where this user may not count them.
    pub descriptors: Option<u32>,
    /// Processor time so far, milliseconds.
    pub cpu_millis: u64,
    /// How long ago it started, milliseconds.
    pub age: u64,
}

/// What a tree of processes uses.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Footprint {
    /// The processes, by number.
    pub tree: Vec<ProcessFacts>,
}

impl Footprint {
    /// How many there are.
    #[must_use]
    pub fn processes(&self) -> u32 {
        u32::try_from(self.tree.len()).unwrap_or(u32::MAX)
    }

    /// Threads of all.
    #[must_use]
    pub fn threads(&self) -> u32 {
        self.tree.iter().map(|one| one.threads).sum()
    }

    /// Resident memory of all, bytes; what they share counts for each.
    #[must_use]
    pub fn memory_bytes(&self) -> u64 {
        self.tree.iter().map(|one| one.memory_bytes).sum()
    }

    /// Open files, sockets and pipes of all that may be counted.
    #[must_use]
    pub fn descriptors(&self) -> u32 {
        self.tree.iter().filter_map(|one| one.descriptors).sum()
    }

    /// Processor time of all, milliseconds.
    #[must_use]
    pub fn cpu_millis(&self) -> u64 {
        self.tree.iter().map(|one| one.cpu_millis).sum()
    }

    /// The same as a share of the time since its oldest process started, percent of one core; none where no time has passed.
    #[must_use]
    pub fn cpu_percent(&self) -> Option<u32> {
        let age = self.tree.iter().map(|one| one.age).max()?;
        let percent = self.cpu_millis().saturating_mul(100).checked_div(age)?;
        Some(u32::try_from(percent).unwrap_or(u32::MAX))
    }
}

/// Processor time is told in hundredths of a second, whatever the system counts by itself.
const TICK: u64 = 10;

/// The footprint of a process and everything that descends from it.
#[must_use]
pub fn footprint(root: i32) -> Footprint {
    let booted = andon_process::boottime_ms();
    let mut all = BTreeMap::new();
    for entry in std::fs::read_dir("/proc").into_iter().flatten().flatten() {
        let Some(pid) = entry.file_name().to_str().and_then(|name| name.parse::<i32>().ok()) else {
            continue;
        };
        // It may have ended since the folder was read.
        if let Some(stat) =
            std::fs::read_to_string(entry.path().join("stat")).ok().and_then(|text| read(pid, &text, booted))
        {
            all.insert(pid, stat);
        }
    }
    let mut tree = BTreeSet::from([root]);
    loop {
        let before = tree.len();
        let below = all.values().filter(|stat| tree.contains(&stat.parent)).map(|stat| stat.pid);
        tree.extend(below.collect::<Vec<_>>());
        if tree.len() == before {
            break;
        }
    }
    let mut found = Footprint::default();
    for mut one in tree.iter().filter_map(|pid| all.remove(pid)) {
        (one.memory_bytes, one.virtual_bytes) = memory(one.pid);
        let descriptors = std::fs::read_dir(format!("/proc/{}/fd", one.pid)).ok().map(Iterator::count);
        one.descriptors = descriptors.and_then(|count| u32::try_from(count).ok());
        found.tree.push(one);
    }
    found
}

/// The resident memory of a process and that which it has addresses for, bytes.
fn memory(pid: i32) -> (u64, u64) {
    let status = std::fs::read_to_string(format!("/proc/{pid}/status")).unwrap_or_default();
    let bytes = |name: &str| {
        let line = status.lines().find_map(|line| line.strip_prefix(name))?;
        line.split_whitespace().next()?.parse::<u64>().ok()?.checked_mul(1_024)
    };
    (bytes("VmRSS:").unwrap_or(0), bytes("VmSize:").unwrap_or(0))
}

/// The line of `/proc/<pid>/stat`. The name, in parentheses, may hold anything.
fn read(pid: i32, text: &str, booted: u64) -> Option<ProcessFacts> {
    let (start, end) = (text.find('(')?, text.rfind(')')?);
    let fields: Vec<&str> = text.get(end + 2..)?.split(' ').collect();
    let number = |index: usize| fields.get(index)?.trim().parse::<u64>().ok();
    Some(ProcessFacts {
        pid,
        parent: fields.get(1)?.parse().ok()?,
        name: text.get(start + 1..end)?.chars().filter(|c| !c.is_control()).collect(),
        state: fields.first()?.chars().next()?,
        threads: u32::try_from(number(17)?).ok()?,
        cpu_millis: (number(11)? + number(12)?) * TICK,
        age: booted.saturating_sub(number(19)? * TICK),
        ..ProcessFacts::default()
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_cannot_shift_the_numbers() {
        let rest = "S 7 1 1 0 -1 0 0 0 0 0 3 4 0 0 20 0 5 0 99 1000 12 0";
        let stat = read(42, &format!("42 (a) b (c) {rest}\n"), 1_000).unwrap();
        assert_eq!((stat.parent, stat.threads, stat.cpu_millis), (7, 5, 70));
        assert_eq!((stat.name.as_str(), stat.state, stat.age), ("a) b (c", 'S', 10));
        assert!(read(42, "42", 0).is_none() && read(42, "42 (x) S", 0).is_none());
    }

    #[cfg(target_os = "linux")]
    #[test]
    fn a_process_has_at_least_itself() {
        let own = footprint(i32::try_from(std::process::id()).unwrap());
        assert!(own.processes() >= 1 && own.threads() >= 1 && own.memory_bytes() > 100_000, "{own:?}");
        assert!(own.descriptors() >= 3 && own.tree[0].virtual_bytes > own.tree[0].memory_bytes, "{own:?}");
        assert_eq!(footprint(i32::MAX), Footprint::default());
    }

    #[test]
    fn two_busy_cores_are_two_hundred_percent() {
        let one = |age, cpu_millis| ProcessFacts { age, cpu_millis, ..ProcessFacts::default() };
        let of = |tree: &[ProcessFacts]| Footprint { tree: tree.to_vec() }.cpu_percent();
        assert_eq!(of(&[one(1_000, 500), one(800, 1_500)]), Some(200));
        assert_eq!((of(&[]), of(&[one(0, 0)])), (None, None));
    }
}
