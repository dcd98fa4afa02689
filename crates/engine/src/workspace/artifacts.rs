//! The deliverables that a run declares, found and checked before their workspace goes. The caller copies them.

use std::{
    collections::HashSet,
    fs,
    path::{Path, PathBuf},
};

use andon_store::files::Reach;

/// The largest artifact that is kept, in bytes.
pub const ARTIFACT_LIMIT: u64 = 25 * 1024 * 1024;

/// A declared deliverable.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Artifact {
    /// The file, with every link resolved.
    pub path: PathBuf,
    /// The name to keep it under, unique among the artifacts of the run.
    pub name: String,
    /// Its size in bytes, at most [`ARTIFACT_LIMIT`].
    pub size: u64,
}

/// Resolves declared artifact paths, relative to the workspace or absolute.
///
/// Each must be a regular file of at most [`ARTIFACT_LIMIT`] bytes within reach; a relative one must stay inside the workspace
/// in any case, links resolved. What is no such file is reported as a problem that names it, and skipped. A file that is declared
/// twice comes once.
#[must_use]
pub fn artifacts(declared: &[String], workspace: &Path, reach: Reach) -> (Vec<Artifact>, Vec<String>) {
    let mut found = Vec::new();
    let mut problems = Vec::new();
    let mut paths = HashSet::new();
    let mut names = HashSet::new();
    for text in declared {
        match find(text, workspace, reach) {
            Ok((path, size)) => {
                if paths.insert(path.clone()) {
                    let name = unique_name(text, &path, &mut names);
                    found.push(Artifact { path, name, size });
                }
            }
            Err(why) => problems.push(format!("artifact {text:?} was not kept: {why}")),
        }
    }
    (found, problems)
}

fn find(text: &str, workspace: &Path, reach: Reach) -> Result<(PathBuf, u64), String> {
    if text.trim().is_empty() || text.contains('\0') {
        return Err("it is not a path".to_owned());
    }
    if reach == Reach::Nowhere {
        return Err(
            "the files of this host are not read for somebody elsewhere; attach what is in it".to_owned()
        );
    }
    let said = Path::new(text);
    let path = workspace.join(said).canonicalize().map_err(|error| format!("cannot find it ({error})"))?;
    if said.is_relative() || reach == Reach::Workspace {
        let root = workspace.canonicalize().map_err(|error| format!("the workspace is gone ({error})"))?;
        if !path.starts_with(&root) {
            return Err(match reach {
                Reach::Anywhere => {
                    "it leads out of the workspace; give an absolute path if that is meant".to_owned()
                }
                Reach::Workspace | Reach::Nowhere => {
                    format!("it lies outside of the workspace {}", root.display())
                }
            });
        }
    }
    let meta = fs::symlink_metadata(&path).map_err(|error| format!("cannot examine it ({error})"))?;
    if !meta.is_file() {
        return Err("it is not a regular file".to_owned());
    }
    if meta.len() > ARTIFACT_LIMIT {
        return Err(format!("it has {} bytes, and at most {ARTIFACT_LIMIT} are kept", meta.len()));
    }
    Ok((path, meta.len()))
}

/// The declared file name, with a number before its extension where an earlier artifact has the name already.
fn unique_name(text: &str, path: &Path, taken: &mut HashSet<String>) -> String {
    let last = Path::new(text).file_name().or_else(|| path.file_name()).unwrap_or_default();
    let name: String = last.to_string_lossy().chars().map(|c| if c.is_control() { '_' } else { c }).collect();
    let parts = Path::new(&name);
    let stem = parts.file_stem().map(|stem| stem.to_string_lossy().into_owned()).unwrap_or_default();
    let extension = parts.extension().map(|ext| format!(".{}", ext.to_string_lossy())).unwrap_or_default();
    let mut candidate = name.clone();
    let mut number = 1;
    while !taken.insert(candidate.clone()) {
        number += 1;
        candidate = format!("{stem}-{number}{extension}");
    }
    candidate
}
