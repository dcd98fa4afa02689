//! Hermes, which comes as a package of Python: exactly the versions of `tests/python/requirements.txt`, in an environment of its
//! own, from wheels alone, so that no script of theirs is run.

use crate::failure::Failure;
use crate::shell;

/// Installs it below the target folder, where it is not there as the list says.
///
/// # Errors
/// When Python cannot make an environment, or a package cannot be had.
pub(crate) fn install() -> Result<(), Failure> {
    let list = shell::root().join("tests/python/requirements.txt");
    let wanted =
        std::fs::read_to_string(&list).map_err(|source| Failure::File { path: list.clone(), source })?;
    let target = shell::target().join("python");
    let stamp = target.join("installed");
    if std::fs::read_to_string(&stamp).is_ok_and(|installed| installed == wanted) {
        return Ok(());
    }
    let mut environment = shell::command("python3", &["-m", "venv", "--clear"]);
    environment.arg(&target);
    shell::run(environment)?;
    let python = target.join("bin/python");
    let mut pip = shell::command(
        &python.to_string_lossy(),
        &[
            "-m",
            "pip",
            "install",
            "--quiet",
            "--disable-pip-version-check",
            "--no-deps",
            "--only-binary=:all:",
        ],
    );
    pip.arg("--requirement").arg(&list);
    shell::run(pip)?;
    std::fs::write(&stamp, wanted).map_err(|source| Failure::File { path: stamp, source })
}
