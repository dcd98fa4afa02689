//! Whether the configuration or a profile may have changed since it was read, without reading it.

use std::fs::{self, Metadata};
use std::path::{Path, PathBuf};
use std::time::SystemTime;

/// The identities of every file that configures a home: equal fingerprints mean that nothing has to be read again.
///
/// It looks at time, size and inode of `config.toml`, of each `profile.toml` and `instructions.md`, and of each folder
/// of skills: a few system calls a profile.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ConfigFingerprint {
    files: Vec<(PathBuf, Identity)>,
}

#[derive(Clone, Debug, PartialEq, Eq)]
struct Identity {
    modified: Option<SystemTime>,
    changed: (i64, i64),
    size: u64,
    inode: u64,
}

impl ConfigFingerprint {
    /// The fingerprint as of now. What cannot be read counts as absent.
    #[must_use]
    pub fn of(home: &Path) -> Self {
        let mut fingerprint = Self::default();
        fingerprint.add(&home.join("config.toml"));
        let profiles = home.join("profiles");
        fingerprint.add(&profiles);
        for folder in folders(&profiles) {
            fingerprint.add(&folder);
            fingerprint.add(&folder.join("profile.toml"));
            fingerprint.add(&folder.join("instructions.md"));
            let skills = folder.join("skills");
            fingerprint.add(&skills);
            for skill in folders(&skills) {
                fingerprint.add(&skill);
            }
        }
        fingerprint
    }

    fn add(&mut self, path: &Path) {
        if let Ok(metadata) = fs::metadata(path) {
            self.files.push((path.to_owned(), identity(&metadata)));
        }
    }
}

fn folders(parent: &Path) -> Vec<PathBuf> {
    let Ok(entries) = fs::read_dir(parent) else { return Vec::new() };
    let mut folders: Vec<PathBuf> =
        entries.flatten().map(|entry| entry.path()).filter(|path| path.is_dir()).collect();
    folders.sort();
    folders
}

#[cfg(unix)]
fn identity(metadata: &Metadata) -> Identity {
    use std::os::unix::fs::MetadataExt as _;

    Identity {
        modified: metadata.modified().ok(),
        changed: (metadata.ctime(), metadata.ctime_nsec()),
        size: metadata.len(),
        inode: metadata.ino(),
    }
}

#[cfg(not(unix))]
fn identity(metadata: &Metadata) -> Identity {
    Identity { modified: metadata.modified().ok(), changed: (0, 0), size: metadata.len(), inode: 0 }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_change_that_matters_changes_the_fingerprint() {
        let home = tempfile::tempdir().unwrap();
        let mut seen = vec![ConfigFingerprint::of(home.path())];
        let mut changed = |what: &str| {
            let now = ConfigFingerprint::of(home.path());
            assert_eq!(now, ConfigFingerprint::of(home.path()), "{what}");
            assert!(!seen.contains(&now), "{what}");
            seen.push(now);
        };
        fs::write(home.path().join("config.toml"), "a").unwrap();
        changed("a new file");
        fs::write(home.path().join("config.toml"), "ab").unwrap();
        changed("another size");
        fs::write(home.path().join("new.toml"), "cd").unwrap();
        fs::rename(home.path().join("new.toml"), home.path().join("config.toml")).unwrap();
        changed("another inode");
        fs::create_dir_all(home.path().join("profiles/coder/skills/git")).unwrap();
        changed("a new profile");
        fs::write(home.path().join("profiles/coder/profile.toml"), "x").unwrap();
        changed("its settings");
        fs::write(home.path().join("profiles/coder/skills/git/SKILL.md"), "x").unwrap();
        changed("a skill");
    }
}
