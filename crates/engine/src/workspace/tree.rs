//! Directory trees: where they really are, what is in them, and their removal.

use std::{
    fs, io,
    os::unix::fs::{MetadataExt, PermissionsExt},
    path::{Path, PathBuf},
};

/// What a walk over a directory tree found. Symbolic links are not followed.
#[derive(Debug, Default)]
pub(super) struct Survey {
    /// What its files take on disk.
    pub(super) bytes: u64,
    /// Directories below its top that are git repositories or worktrees of their own.
    pub(super) repositories: Vec<PathBuf>,
    /// A directory below its top where another file system is mounted.
    pub(super) mount: Option<PathBuf>,
    /// A directory that could not be read, so that nobody knows what is in it.
    pub(super) unreadable: Option<PathBuf>,
}

/// Walks the tree at `top`.
pub(super) fn survey(top: &Path) -> io::Result<Survey> {
    let device = fs::symlink_metadata(top)?.dev();
    let mut found = Survey::default();
    let mut waiting = vec![top.to_owned()];
    while let Some(dir) = waiting.pop() {
        let Ok(entries) = fs::read_dir(&dir) else {
            found.unreadable.get_or_insert(dir);
            continue;
        };
        for entry in entries {
            let entry = entry?;
            // What vanishes during the walk holds nothing.
            let Ok(meta) = entry.metadata() else { continue };
            found.bytes += meta.blocks() * 512;
            if entry.file_name() == ".git" && dir != top {
                found.repositories.push(dir.clone());
            }
            if meta.is_dir() {
                if meta.dev() == device {
                    waiting.push(entry.path());
                } else {
                    found.mount.get_or_insert_with(|| entry.path());
                }
            }
        }
    }
    Ok(found)
}

/// Removes a tree without following symbolic links, also where it has read-only directories (module caches do).
pub(super) fn remove_tree(top: &Path) -> io::Result<()> {
    let mut last = Ok(());
    // A process that is just ending may still add files, and opened directories may reveal sealed ones.
    for _ in 0..4 {
        last = fs::remove_dir_all(top);
        match &last {
            Ok(()) => return Ok(()),
            Err(error) if error.kind() == io::ErrorKind::NotFound && !exists(top) => return Ok(()),
            Err(error) if error.kind() == io::ErrorKind::PermissionDenied => open_directories(top),
            Err(_) => {}
        }
    }
    last
}

fn open_directories(top: &Path) {
    let mut waiting = vec![top.to_owned()];
    while let Some(dir) = waiting.pop() {
        let Ok(meta) = fs::symlink_metadata(&dir) else { continue };
        if !meta.is_dir() {
            continue;
        }
        if meta.mode() & 0o700 != 0o700 {
            // Where this is not ours to change, the removal that follows says so.
            let _ = fs::set_permissions(&dir, fs::Permissions::from_mode(meta.mode() | 0o700));
        }
        let Ok(entries) = fs::read_dir(&dir) else { continue };
        let dirs = entries.flatten().filter(|entry| entry.file_type().is_ok_and(|kind| kind.is_dir()));
        waiting.extend(dirs.map(|entry| entry.path()));
    }
}

/// Whether anything is there, be it a dangling link.
pub(super) fn exists(path: &Path) -> bool {
    fs::symlink_metadata(path).is_ok()
}

/// Whether a symbolic link is there.
pub(super) fn is_link(path: &Path) -> bool {
    fs::symlink_metadata(path).is_ok_and(|meta| meta.is_symlink())
}

/// Whether the directory can be listed and has nothing in it.
pub(super) fn is_empty_dir(path: &Path) -> bool {
    fs::read_dir(path).is_ok_and(|mut entries| entries.next().is_none())
}

/// The nearest ancestor that exists, the path itself first.
pub(super) fn nearest_existing(path: &Path) -> &Path {
    path.ancestors().find(|ancestor| ancestor.exists()).unwrap_or_else(|| Path::new("/"))
}

/// The path with every link resolved in the part of it that exists.
pub(super) fn resolve(path: &Path) -> io::Result<PathBuf> {
    let existing = nearest_existing(path);
    let real = existing.canonicalize()?;
    // The remainder holds no `..`: it was checked, and what does not exist cannot be a link, unless a dangling one.
    Ok(path
        .strip_prefix(existing)
        .map_or_else(|_| real.clone(), |rest| real.join(rest).components().collect()))
}

/// Where a directory waits for its removal, beside where it was, so that going there is one rename.
pub(super) fn trash_of(path: &Path) -> PathBuf {
    let mut name = std::ffi::OsString::from(".andon-removing-");
    name.push(path.file_name().unwrap_or_default());
    path.with_file_name(name)
}
