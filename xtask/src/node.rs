//! The programs of others that tests start, from npm: exactly those of the lock file in `tests/node`, and none of their
//! scripts is run.

use std::path::PathBuf;

use crate::failure::Failure;
use crate::shell;

/// Installs them below the target folder, where they are not there as the lock file says.
///
/// # Errors
/// When npm fails.
pub(crate) fn install() -> Result<(), Failure> {
    let (source, target) = (shell::root().join("tests/node"), folder());
    let locked = read(source.join("package-lock.json"))?;
    let stamp = target.join("installed");
    if std::fs::read_to_string(&stamp).is_ok_and(|installed| installed == locked) {
        return Ok(());
    }
    std::fs::create_dir_all(&target).map_err(|source| Failure::File { path: target.clone(), source })?;
    for name in ["package.json", "package-lock.json"] {
        let to = target.join(name);
        std::fs::copy(source.join(name), &to).map_err(|source| Failure::File { path: to, source })?;
    }
    let mut npm =
        shell::command("npm", &["ci", "--ignore-scripts", "--no-audit", "--no-fund", "--loglevel=error"]);
    npm.current_dir(&target);
    shell::run(npm)?;
    std::fs::write(&stamp, locked).map_err(|source| Failure::File { path: stamp, source })
}

/// Where they lie.
fn folder() -> PathBuf {
    shell::target().join("node")
}

fn read(path: PathBuf) -> Result<String, Failure> {
    std::fs::read_to_string(&path).map_err(|source| Failure::File { path, source })
}
