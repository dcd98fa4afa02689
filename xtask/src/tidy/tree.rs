//! The repository as the checks see it: what git tracks, and what it would track.

use std::fs;
use std::path::Path;

use super::source::Rust;
use crate::failure::Failure;
use crate::shell;

/// A file of the repository.
pub(super) struct File {
    /// Relative to the root, with `/` between its parts.
    pub(super) path: String,
    pub(super) bytes: Vec<u8>,
    /// Set for Rust sources alone.
    pub(super) rust: Option<Rust>,
}

impl File {
    pub(super) fn new(path: &str, bytes: &[u8]) -> Self {
        let rust = path.ends_with(".rs").then(|| Rust::new(&String::from_utf8_lossy(bytes)));
        Self { path: path.to_owned(), bytes: bytes.to_vec(), rust }
    }

    /// Its text, or nothing for a file that is not text.
    pub(super) fn text(&self) -> Option<&str> {
        std::str::from_utf8(&self.bytes).ok()
    }

    pub(super) fn name(&self) -> &str {
        self.path.rsplit('/').next().unwrap_or(&self.path)
    }

    pub(super) fn is_under(&self, folder: &str) -> bool {
        self.path.starts_with(folder)
    }

    /// Whether it only ever runs as a test or a benchmark.
    pub(super) fn is_test(&self) -> bool {
        self.name() == "tests.rs" || self.path.split('/').any(|part| part == "tests" || part == "benches")
    }
}

/// Every file of the repository.
pub(super) struct Tree {
    pub(super) files: Vec<File>,
}

impl Tree {
    /// Reads what git tracks and what it does not ignore, so that a finding comes before the commit.
    ///
    /// # Errors
    /// When git does not answer, or a file cannot be read.
    pub(super) fn read(root: &Path) -> Result<Self, Failure> {
        // The clone may belong to another user than the one that runs the check, which git refuses by itself.
        let listing =
            ["-c", "safe.directory=*", "ls-files", "-z", "--cached", "--others", "--exclude-standard"];
        let mut git = shell::command("git", &listing);
        git.current_dir(root);
        let listed = shell::output(git)?;
        let mut paths: Vec<_> = listed.split(|byte| *byte == 0).filter(|path| !path.is_empty()).collect();
        paths.sort_unstable();
        paths.dedup();
        let mut files = Vec::new();
        for path in paths {
            let path = String::from_utf8_lossy(path);
            let full = root.join(path.as_ref());
            // Git still lists what is deleted but not committed yet, and lists links to folders as files.
            if full.is_file() {
                let bytes = fs::read(&full).map_err(|source| Failure::File { path: full, source })?;
                files.push(File::new(&path, &bytes));
            }
        }
        Ok(Self { files })
    }

    pub(super) fn get(&self, path: &str) -> Option<&File> {
        self.files.iter().find(|file| file.path == path)
    }

    /// Whether `path` is a file, or a folder with files in it. The empty path is the root.
    pub(super) fn has(&self, path: &str) -> bool {
        let folder = format!("{path}/");
        path.is_empty() || self.files.iter().any(|file| file.path == path || file.path.starts_with(&folder))
    }

    /// Every Rust source with its parts.
    pub(super) fn rust(&self) -> impl Iterator<Item = (&File, &Rust)> {
        self.files.iter().filter_map(|file| file.rust.as_ref().map(|rust| (file, rust)))
    }

    /// A repository of these files, for the tests of the checks.
    #[cfg(test)]
    pub(super) fn of(files: &[(&str, &str)]) -> Self {
        Self { files: files.iter().map(|(path, text)| File::new(path, text.as_bytes())).collect() }
    }
}
