//! Finding a program the way a shell would, but for the working directory.

use std::ffi::OsStr;
use std::path::{Path, PathBuf};

use super::runner::RunnerError;

/// The absolute path of a program (DI-60). A bare name is looked for in the folders of `path`, of which empty, `.` and other
/// relative ones are passed over: what lies in a workspace must not take the place of a program.
///
/// # Errors
///
/// [`RunnerError`] naming the program, and what was searched.
pub fn find_executable(program: &str, path: Option<&OsStr>) -> Result<PathBuf, RunnerError> {
    let as_path = Path::new(program);
    if program.contains('/') {
        return if as_path.is_absolute() {
            require_executable(as_path)
        } else {
            Err(RunnerError::RelativeProgram { program: program.to_owned() })
        };
    }
    let folders: Vec<PathBuf> = path
        .map(|path| std::env::split_paths(path).filter(|folder| folder.is_absolute()).collect())
        .unwrap_or_default();
    let candidates: Vec<PathBuf> = folders.iter().map(|folder| folder.join(program)).collect();
    if let Some(found) = candidates.iter().find(|candidate| is_executable(candidate)) {
        return Ok(found.clone());
    }
    // A file that only lacks its mode bit is what the person meant.
    match candidates.into_iter().find(|candidate| candidate.is_file()) {
        Some(path) => Err(RunnerError::NotExecutable { path }),
        None => Err(RunnerError::NotFound {
            program: program.to_owned(),
            searched: path.map_or_else(String::new, |path| path.to_string_lossy().into_owned()),
        }),
    }
}

fn require_executable(path: &Path) -> Result<PathBuf, RunnerError> {
    if is_executable(path) {
        Ok(path.to_owned())
    } else if path.exists() {
        Err(RunnerError::NotExecutable { path: path.to_owned() })
    } else {
        Err(RunnerError::NoSuchFile { path: path.to_owned() })
    }
}

#[cfg(unix)]
fn is_executable(path: &Path) -> bool {
    path.is_file() && rustix::fs::access(path, rustix::fs::Access::EXEC_OK).is_ok()
}

#[cfg(not(unix))]
fn is_executable(path: &Path) -> bool {
    path.is_file()
}

#[cfg(test)]
mod tests {
    use std::fs;
    use std::os::unix::fs::PermissionsExt as _;

    use super::*;

    #[test]
    fn a_program_is_found_on_absolute_folders_alone() {
        let folder = tempfile::tempdir().unwrap();
        let tool = folder.path().join("tool");
        fs::write(&tool, "").unwrap();
        let path = format!(":.:bin:/nowhere:{}", folder.path().display());
        let error = find_executable("tool", Some(OsStr::new(&path))).unwrap_err();
        assert_eq!(error.to_string(), format!("{} is not executable: run `chmod +x` on it", tool.display()));
        fs::set_permissions(&tool, fs::Permissions::from_mode(0o755)).unwrap();
        assert_eq!(find_executable("tool", Some(OsStr::new(&path))).unwrap(), tool);
        assert_eq!(find_executable(tool.to_str().unwrap(), None).unwrap(), tool);
    }

    #[test]
    fn a_missing_program_is_named_with_what_was_searched() {
        for (program, path, message) in [
            (
                "nix-da",
                Some(":.:/nowhere"),
                "the program `nix-da` is not on PATH (:.:/nowhere): install it, or write its absolute path",
            ),
            (
                "nix-da",
                None,
                "the program `nix-da` is not on PATH (which is empty): install it, or write its absolute path",
            ),
            (
                "./run",
                Some("/bin"),
                "the program `./run` is a relative path, which depends on where it is read: write an absolute path, a bare name, or {workspace}/…",
            ),
            ("/nowhere/x", Some("/bin"), "the program /nowhere/x does not exist"),
        ] {
            assert_eq!(find_executable(program, path.map(OsStr::new)).unwrap_err().to_string(), message);
        }
    }
}
