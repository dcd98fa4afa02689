//! Where tools may work: inside of the workspace, and to read also in a few other folders.

use std::path::{Component, Path, PathBuf};

/// The workspace and the folders that may be read.
#[derive(Clone, Debug)]
pub(super) struct Place {
    root: PathBuf,
    readable: Vec<PathBuf>,
}

/// What for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Access {
    Read,
    Write,
}

impl Place {
    pub(super) fn new(root: PathBuf, readable: Vec<PathBuf>) -> Self {
        let real = |path: PathBuf| path.canonicalize().unwrap_or(path);
        Self { root: real(root), readable: readable.into_iter().map(real).collect() }
    }

    /// The path that is meant, links followed, if it lies where it may.
    pub(super) fn resolve(&self, given: &str, access: Access) -> Result<PathBuf, String> {
        if given.contains('\0') {
            return Err("the path holds a NUL byte".to_owned());
        }
        let wanted = lexical(&self.root.join(given));
        let real = real(&wanted).map_err(|error| format!("{given}: {error}"))?;
        let inside = real.starts_with(&self.root);
        let readable = access == Access::Read && self.readable.iter().any(|folder| real.starts_with(folder));
        if inside || readable {
            return Ok(real);
        }
        Err(format!("{given} lies outside of the workspace {}; work inside of it", self.root.display()))
    }

    /// A path as the model names it.
    pub(super) fn shown<'a>(&self, path: &'a Path) -> std::path::Display<'a> {
        path.strip_prefix(&self.root).unwrap_or(path).display()
    }
}

/// Without `.` and `..`, by the words alone.
fn lexical(path: &Path) -> PathBuf {
    let mut out = PathBuf::new();
    for component in path.components() {
        match component {
            Component::ParentDir => drop(out.pop()),
            Component::CurDir => {}
            other => out.push(other),
        }
    }
    out
}

/// The real path of what is there, and below it the words of what is not.
fn real(path: &Path) -> std::io::Result<PathBuf> {
    let mut missing = Vec::new();
    let mut there = path;
    loop {
        match there.canonicalize() {
            Ok(found) => return Ok(missing.iter().rev().fold(found, |path, name| path.join(name))),
            // A link to nowhere would lead whoever writes through it to where it points.
            Err(_) if there.is_symlink() => {
                return Err(std::io::Error::other("it is a link to something that is not there"));
            }
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => {
                let (Some(parent), Some(name)) = (there.parent(), there.file_name()) else {
                    return Err(error);
                };
                missing.push(name.to_owned());
                there = parent;
            }
            Err(error) => return Err(error),
        }
    }
}
