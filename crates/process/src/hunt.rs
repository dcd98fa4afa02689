//! Finding every process of a tree, and killing all of them and nothing else.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::ffi::OsString;
use std::io;
use std::time::{Duration, Instant};

use rustix::io::Errno;
use rustix::process::{Pid, PidfdFlags, Signal, kill_process, pidfd_open, pidfd_send_signal};
use serde::{Deserialize, Serialize};

use crate::procfs::{self, MarkerScan, Stat};
use crate::{Cgroup, Identity, children};

/// How often a growing tree is looked at again before what is frozen so far is killed.
const FREEZE_ROUNDS: usize = 32;
/// Killed processes go at once; only one that waits inside the kernel outlives this.
const KILL_LIMIT: Duration = Duration::from_secs(5);

/// What stopping a tree took.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct StopReport {
    /// Whether any process had to be killed because it did not end by itself.
    pub sigkill: bool,
    /// The processes that were killed.
    pub killed: Vec<i32>,
    /// The processes that could not be killed: inside the kernel, or not ours to signal.
    pub survivors: Vec<i32>,
}

/// One tree, as far as it can be known from outside.
#[derive(Debug)]
pub(crate) struct Hunt {
    leader: Option<Identity>,
    marker: MarkerScan,
    cgroup: Option<Cgroup>,
    /// Never touched, and never looked through: this process above all.
    exclude: BTreeSet<i32>,
    /// This process is the subreaper above the tree, so every orphan of it is a child of this process.
    adopting: bool,
    /// Whoever was seen to belong to the tree, with its start time.
    known: BTreeMap<i32, u64>,
    me: i32,
}

impl Hunt {
    /// The tree below a leader that this very process started.
    pub(crate) fn below(leader: Identity, marker: &(OsString, OsString), cgroup: Option<Cgroup>) -> Self {
        Self::new(Some(leader), marker, cgroup, &[], children::is_subreaper())
    }

    /// The remains of a tree that another process started.
    pub(crate) fn foreign(
        leader: Option<&Identity>,
        marker: &(OsString, OsString),
        cgroup: Option<Cgroup>,
        exclude: &[i32],
    ) -> io::Result<Self> {
        let boot_id = crate::boot_id()?;
        let leader = leader.filter(|leader| leader.boot_id == boot_id).cloned();
        Ok(Self::new(leader, marker, cgroup, exclude, false))
    }

    /// What a dead supervisor has left to this process, which is its parent and a subreaper.
    pub(crate) fn adopted(marker: &(OsString, OsString), supervisor: i32) -> Self {
        Self::new(None, marker, None, &[supervisor], children::is_subreaper())
    }

    fn new(
        leader: Option<Identity>,
        marker: &(OsString, OsString),
        cgroup: Option<Cgroup>,
        exclude: &[i32],
        adopting: bool,
    ) -> Self {
        let me = rustix::process::getpid().as_raw_pid();
        let exclude = exclude.iter().copied().chain([me]).collect();
        let known = leader.iter().map(|leader| (leader.pid, leader.start_time)).collect();
        Self { leader, marker: MarkerScan::new(marker), cgroup, exclude, adopting, known, me }
    }

    /// Adds a process that is known to belong to the tree.
    pub(crate) fn add(&mut self, process: &Identity) {
        self.known.insert(process.pid, process.start_time);
    }

    /// Every living process of the tree. Reading each environment too finds what no parent leads to.
    pub(crate) fn members(&mut self, environments: bool) -> io::Result<Vec<Stat>> {
        let table = procfs::table()?;
        let by_pid: HashMap<i32, &Stat> = table.iter().map(|stat| (stat.pid, stat)).collect();
        let mut below: HashMap<i32, Vec<i32>> = HashMap::new();
        for stat in &table {
            below.entry(stat.ppid).or_default().push(stat.pid);
        }
        let mut queue = self.roots(&table, &by_pid, environments);
        let mut found = BTreeSet::new();
        while let Some(pid) = queue.pop() {
            if !self.exclude.contains(&pid) && found.insert(pid) {
                queue.extend(below.get(&pid).into_iter().flatten());
            }
        }
        let members: Vec<Stat> = found
            .iter()
            .filter_map(|pid| by_pid.get(pid))
            .filter(|stat| stat.is_alive())
            .map(|&&stat| stat)
            .collect();
        self.known.retain(|pid, start| by_pid.get(pid).is_some_and(|stat| stat.start_time == *start));
        self.known.extend(members.iter().map(|stat| (stat.pid, stat.start_time)));
        Ok(members)
    }

    fn roots(&mut self, table: &[Stat], by_pid: &HashMap<i32, &Stat>, environments: bool) -> Vec<i32> {
        let mut roots: Vec<i32> = Vec::new();
        roots.extend(self.cgroup.iter().flat_map(Cgroup::pids));
        let orphans_are_ours = self.adopting && children::children().trees <= 1;
        let own_session = procfs::own_session().unwrap_or_default();
        for stat in table {
            let known = self.known.get(&stat.pid) == Some(&stat.start_time);
            let orphan = orphans_are_ours
                && stat.ppid == self.me
                && stat.session != own_session
                && is_orphan(stat.pid, self.leader.as_ref());
            if known
                || orphan
                || self.in_session(stat, by_pid)
                || (environments && stat.is_alive() && self.marker.carried_by(stat.pid))
            {
                roots.push(stat.pid);
            }
        }
        roots
    }

    /// Whether the process is in the leader's session or group. The number of a session is not used again while the
    /// session lives; once its leader is gone, only what descends from this process is certain to be of the same tree.
    fn in_session(&self, stat: &Stat, by_pid: &HashMap<i32, &Stat>) -> bool {
        let Some(leader) = &self.leader else { return false };
        if stat.session != leader.pid && stat.group != leader.pid {
            return false;
        }
        match by_pid.get(&leader.pid) {
            Some(now) => now.start_time == leader.start_time,
            None => {
                self.adopting && stat.start_time >= leader.start_time && self.descends_from_me(stat, by_pid)
            }
        }
    }

    fn descends_from_me(&self, stat: &Stat, by_pid: &HashMap<i32, &Stat>) -> bool {
        let mut parent = stat.ppid;
        // The table is no snapshot: a bound instead of trust that it has no cycle.
        for _ in 0..by_pid.len() {
            if parent == self.me {
                return true;
            }
            match by_pid.get(&parent) {
                Some(next) => parent = next.ppid,
                None => return false,
            }
        }
        false
    }

    /// Kills every process of the tree, but for those that `spare` names, until two looks in a row find none.
    #[expect(
        clippy::disallowed_methods,
        reason = "runs on a thread for waiting; a process that dies rings no bell for all"
    )]
    pub(crate) fn kill_all(&mut self, spare: impl Fn(&Stat) -> bool) -> io::Result<StopReport> {
        let mut killed = BTreeSet::new();
        let deadline = Instant::now() + KILL_LIMIT;
        let mut pause = Duration::from_millis(1);
        let mut empty = 0;
        loop {
            children::reap_orphans();
            let members = self.targets(&spare)?;
            if members.is_empty() {
                empty += 1;
                if empty == 2 {
                    return Ok(report(killed, Vec::new()));
                }
            } else {
                empty = 0;
                if Instant::now() >= deadline {
                    let survivors: Vec<i32> = members.iter().map(|stat| stat.pid).collect();
                    killed.retain(|pid| !survivors.contains(pid));
                    return Ok(report(killed, survivors));
                }
                killed.extend(members.iter().map(|stat| stat.pid));
                killed.extend(self.kill_once(&members, &spare)?);
                pause = (pause * 2).min(Duration::from_millis(50));
            }
            std::thread::sleep(pause);
        }
    }

    fn targets(&mut self, spare: &impl Fn(&Stat) -> bool) -> io::Result<Vec<Stat>> {
        let mut members = self.members(true)?;
        members.retain(|stat| !spare(stat));
        Ok(members)
    }

    /// Kills the group in one step, then freezes the rest until it has stopped growing, then kills the frozen.
    fn kill_once(&mut self, members: &[Stat], spare: &impl Fn(&Stat) -> bool) -> io::Result<Vec<i32>> {
        if let Some(group) = &self.cgroup
            && self.spares_nobody_in(group, spare)
        {
            // A group that is gone has nobody in it.
            let _ = group.kill();
        }
        let mut frozen: Vec<Stat> = Vec::new();
        let mut fresh = members.to_vec();
        for _ in 0..FREEZE_ROUNDS {
            fresh.iter().for_each(|stat| drop(signal(stat, Signal::STOP)));
            frozen.append(&mut fresh);
            fresh = self.targets(spare)?;
            fresh.retain(|stat| !frozen.contains_process(stat));
            if fresh.is_empty() {
                break;
            }
        }
        frozen.append(&mut fresh);
        frozen.iter().for_each(|stat| drop(signal(stat, Signal::KILL)));
        Ok(frozen.iter().map(|stat| stat.pid).collect())
    }

    fn spares_nobody_in(&self, group: &Cgroup, spare: &impl Fn(&Stat) -> bool) -> bool {
        let stats = group.pids().into_iter().filter_map(|pid| Stat::read(pid).ok().flatten());
        !stats.into_iter().any(|stat| spare(&stat) || self.exclude.contains(&stat.pid))
    }
}

trait ContainsProcess {
    fn contains_process(&self, stat: &Stat) -> bool;
}

impl ContainsProcess for Vec<Stat> {
    fn contains_process(&self, stat: &Stat) -> bool {
        self.iter().any(|other| other.pid == stat.pid && other.start_time == stat.start_time)
    }
}

/// A child of this process that nobody here started by name, or the tree's own leader.
fn is_orphan(pid: i32, leader: Option<&Identity>) -> bool {
    let children = children::children();
    let own = leader.is_some_and(|leader| leader.pid == pid);
    own || (!children.leaders.contains(&pid) && !children.detached.contains(&pid))
}

fn report(killed: BTreeSet<i32>, survivors: Vec<i32>) -> StopReport {
    StopReport {
        sigkill: !killed.is_empty() || !survivors.is_empty(),
        killed: killed.into_iter().collect(),
        survivors,
    }
}

/// Signals this very process, never a later one with its number: the descriptor is opened first, and when the start
/// time is still the same afterwards, the process was there all the while.
pub(crate) fn signal(process: &Stat, signal: Signal) -> io::Result<()> {
    let pid = Pid::from_raw(process.pid).ok_or(Errno::SRCH)?;
    let descriptor = pidfd_open(pid, PidfdFlags::empty());
    if Stat::read(process.pid)?.is_none_or(|now| now.start_time != process.start_time) {
        return Err(Errno::SRCH.into());
    }
    match descriptor {
        Ok(descriptor) => Ok(pidfd_send_signal(descriptor, signal)?),
        // Kernels before 5.3, and sandboxes that forbid the call.
        Err(Errno::NOSYS | Errno::PERM) => Ok(kill_process(pid, signal)?),
        Err(error) => Err(error.into()),
    }
}
