//! A control group (version 2) for a tree, wherever the host lets one be made. Nothing here is needed: without it the
//! other nets hold, and limits are reported as unavailable.

use std::fs::{self, OpenOptions};
use std::io;
use std::os::fd::OwnedFd;
use std::path::{Path, PathBuf};
use std::time::Duration;

use crate::spec::Limits;

/// The folder below our own group that holds the groups of trees.
const PARENT: &str = "andon";
const CPU_PERIOD_US: u64 = 100_000;

/// One group of our own.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Cgroup {
    path: PathBuf,
}

impl Cgroup {
    /// Makes the group `andon/<name>` below the calling process's own group.
    ///
    /// # Errors
    /// When no version 2 hierarchy is mounted, or this process may not write there.
    pub fn create(name: &str) -> io::Result<Self> {
        let parent = own_group()?.join(PARENT);
        let path = parent.join(file_name(name)?);
        // Another tree that ends at this moment may remove the parent between the two steps.
        let mut attempts = 0;
        loop {
            match fs::create_dir_all(&path) {
                Ok(()) => break,
                Err(error) if error.kind() == io::ErrorKind::NotFound && attempts < 10 => attempts += 1,
                Err(error) => return Err(error),
            }
        }
        let group = Self { path };
        // The kernel shows `cgroup.kill` from 5.14 on, and only that makes a group better than the other nets.
        if let Err(error) = group.path.join("cgroup.kill").metadata() {
            let _ = group.remove();
            return Err(error);
        }
        Ok(group)
    }

    /// The group at `path`, made by whoever is gone now. `None` when it is no group of ours or not there any more.
    #[must_use]
    pub fn open(path: &Path) -> Option<Self> {
        let ours = path.parent().and_then(Path::file_name).is_some_and(|parent| parent == PARENT);
        let exists = path.join("cgroup.kill").exists() && path.join("cgroup.procs").exists();
        (ours && exists).then(|| Self { path: path.to_owned() })
    }

    /// Its folder.
    #[must_use]
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// The file that a process enters the group by.
    pub(crate) fn entrance(&self) -> io::Result<OwnedFd> {
        Ok(OpenOptions::new().write(true).open(self.path.join("cgroup.procs"))?.into())
    }

    /// Its folder, for a process that is to be made in it.
    pub(crate) fn folder(&self) -> io::Result<OwnedFd> {
        use rustix::fs::{Mode, OFlags};
        Ok(rustix::fs::open(&self.path, OFlags::PATH | OFlags::DIRECTORY | OFlags::CLOEXEC, Mode::empty())?)
    }

    /// Sets what can be set, and names what cannot, with the reason.
    pub(crate) fn limit(&self, limits: Limits) -> Vec<String> {
        settings(limits)
            .into_iter()
            .filter_map(|(controller, file, value)| {
                let done = enable(&self.path, controller)
                    .and_then(|()| fs::write(self.path.join(file), &value))
                    .map_err(|error| format!("{file} = {value}: {error}"));
                done.err()
            })
            .collect()
    }

    /// The processes in it and in every group below it.
    pub(crate) fn pids(&self) -> Vec<i32> {
        let mut pids = Vec::new();
        collect(&self.path, &mut pids);
        pids
    }

    /// Whether any process lives in it or below it.
    ///
    /// # Errors
    /// When the group is gone.
    pub fn is_populated(&self) -> io::Result<bool> {
        let events = fs::read_to_string(self.path.join("cgroup.events"))?;
        Ok(events.lines().any(|line| line == "populated 1"))
    }

    /// Sends `SIGKILL` to every process in it and below it, in one step that no fork outruns.
    ///
    /// # Errors
    /// When the group is gone.
    pub fn kill(&self) -> io::Result<()> {
        fs::write(self.path.join("cgroup.kill"), "1")
    }

    /// Removes the empty group, those below it, and the folder of all groups when this was the last one.
    ///
    /// # Errors
    /// `ResourceBusy` while a process lives in it.
    pub fn remove(&self) -> io::Result<()> {
        remove_tree(&self.path)?;
        if let Some(parent) = self.path.parent() {
            // Others are using it, or it is gone: both are fine.
            let _ = fs::remove_dir(parent);
        }
        Ok(())
    }

    /// Removes it as soon as the kernel has forgotten the processes that have just died; gives up after a second.
    pub(crate) async fn remove_soon(&self) -> io::Result<()> {
        let mut pauses = 0;
        loop {
            match self.remove() {
                Err(error) if error.kind() == io::ErrorKind::ResourceBusy && pauses < 100 => pauses += 1,
                done => return done,
            }
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
    }
}

/// What no group at all leaves unset.
pub(crate) fn all_unavailable(limits: Limits, reason: &str) -> Vec<String> {
    settings(limits).into_iter().map(|(_, file, value)| format!("{file} = {value}: {reason}")).collect()
}

fn settings(limits: Limits) -> Vec<(&'static str, &'static str, String)> {
    let memory = limits.memory_bytes.map(|bytes| ("memory", "memory.max", bytes.to_string()));
    let cpu = limits.cpu_percent.map(|percent| {
        let quota = (u64::from(percent) * CPU_PERIOD_US / 100).max(1_000);
        ("cpu", "cpu.max", format!("{quota} {CPU_PERIOD_US}"))
    });
    let pids = limits.pids.map(|pids| ("pids", "pids.max", pids.to_string()));
    [memory, cpu, pids].into_iter().flatten().collect()
}

/// Lets the group at `path` use a controller, by asking its parent and its grandparent, which is our own group.
fn enable(path: &Path, controller: &str) -> io::Result<()> {
    let has = |dir: &Path, file: &str| {
        fs::read_to_string(dir.join(file))
            .is_ok_and(|list| list.split_whitespace().any(|name| name == controller))
    };
    let Some(parent) = path.parent() else { return Err(io::ErrorKind::NotFound.into()) };
    let Some(own) = parent.parent() else { return Err(io::ErrorKind::NotFound.into()) };
    if !has(own, "cgroup.controllers") {
        return Err(io::Error::other(format!(
            "controller {controller} is not available in {}",
            own.display()
        )));
    }
    for dir in [own, parent] {
        if !has(dir, "cgroup.subtree_control") {
            fs::write(dir.join("cgroup.subtree_control"), format!("+{controller}"))?;
        }
    }
    Ok(())
}

fn collect(dir: &Path, pids: &mut Vec<i32>) {
    if let Ok(procs) = fs::read_to_string(dir.join("cgroup.procs")) {
        // 0 stands for a process that this one cannot see.
        pids.extend(procs.lines().filter_map(|line| line.parse().ok()).filter(|&pid: &i32| pid > 0));
    }
    for child in below(dir) {
        collect(&child, pids);
    }
}

fn remove_tree(dir: &Path) -> io::Result<()> {
    for child in below(dir) {
        remove_tree(&child)?;
    }
    match fs::remove_dir(dir) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => Err(error),
        Ok(()) | Err(_) => Ok(()),
    }
}

fn below(dir: &Path) -> Vec<PathBuf> {
    let Ok(entries) = fs::read_dir(dir) else { return Vec::new() };
    let folders = entries.flatten().filter(|entry| entry.file_type().is_ok_and(|kind| kind.is_dir()));
    folders.map(|entry| entry.path()).collect()
}

/// A name that is one plain path component.
fn file_name(name: &str) -> io::Result<&str> {
    let plain = |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '_' | '.');
    if name.is_empty() || name.len() > 200 || name.starts_with('.') || !name.chars().all(plain) {
        return Err(io::Error::new(
            io::ErrorKind::InvalidInput,
            format!("{name:?} cannot name a control group; letters, digits, '-' and '_' can"),
        ));
    }
    Ok(name)
}

/// The folder of the version 2 group that this process is in.
fn own_group() -> io::Result<PathBuf> {
    let mounts = fs::read_to_string("/proc/self/mountinfo")?;
    let groups = fs::read_to_string("/proc/self/cgroup")?;
    locate(&mounts, &groups)
        .ok_or_else(|| io::Error::new(io::ErrorKind::Unsupported, "no control group (version 2) is mounted"))
}

fn locate(mounts: &str, groups: &str) -> Option<PathBuf> {
    let group = Path::new(groups.lines().find_map(|line| line.strip_prefix("0::"))?);
    mounts.lines().find_map(|line| {
        let (place, kind) = line.split_once(" - ")?;
        if kind.split(' ').next()? != "cgroup2" {
            return None;
        }
        let mut fields = place.split(' ').skip(3);
        let (root, mount) = (unescape(fields.next()?), unescape(fields.next()?));
        // A mount that does not show our own group is of no use.
        let inside = group.strip_prefix(&root).ok()?;
        Some(Path::new(&mount).join(inside))
    })
}

/// mountinfo writes blanks and backslashes as octal numbers.
fn unescape(field: &str) -> String {
    [("\\040", " "), ("\\011", "\t"), ("\\012", "\n"), ("\\134", "\\")]
        .iter()
        .fold(field.to_owned(), |text, (code, plain)| text.replace(code, plain))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_own_group_is_found_in_a_hybrid_mount_too() {
        let hybrid = "36 31 0:37 / /sys/fs/cgroup/systemd rw - cgroup cgroup rw,name=systemd\n\
                      41 31 0:38 / /sys/fs/cgroup/unified rw,relatime - cgroup2 cgroup2 rw\n";
        let groups = "4:memory:/x\n0::/user.slice/a\n";
        assert_eq!(locate(hybrid, groups).unwrap(), Path::new("/sys/fs/cgroup/unified/user.slice/a"));
        assert_eq!(locate(hybrid, "4:memory:/x\n"), None);
        let container = "41 31 0:38 /user.slice /mnt/c\\040g rw shared:1 - cgroup2 cgroup2 rw\n";
        assert_eq!(locate(container, groups).unwrap(), Path::new("/mnt/c g/a"));
        let foreign = "41 31 0:38 /other /mnt rw - cgroup2 cgroup2 rw\n";
        assert_eq!(locate(foreign, groups), None);
    }

    #[test]
    fn a_group_cannot_be_named_out_of_its_folder() {
        for name in ["", "..", ".", "a/b", "../x", "a\nb"] {
            assert!(file_name(name).is_err(), "{name:?}");
        }
        assert_eq!(file_name("01JC-x_1").unwrap(), "01JC-x_1");
    }

    #[test]
    fn only_a_group_of_ours_is_opened_again() {
        assert_eq!(Cgroup::open(Path::new("/sys/fs/cgroup")), None);
        assert_eq!(Cgroup::open(Path::new("/sys/fs/cgroup/unified")), None);
    }
}
