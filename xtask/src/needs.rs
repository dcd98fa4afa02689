//! What the tests need from the machine, and how it gets there.

use std::path::Path;

use crate::failure::Failure;
use crate::shell;

/// A program that tests start, and the Debian package that brings it.
struct Need {
    program: &'static str,
    package: &'static str,
}

const NEEDS: &[Need] = &[
    Need { program: "git", package: "git" },
    Need { program: "tmux", package: "tmux" },
    Need { program: "setsid", package: "util-linux" },
    Need { program: "mount", package: "mount" },
    Need { program: "ps", package: "procps" },
    Need { program: "npm", package: "npm" },
    Need { program: "python3", package: "python3-venv" },
    Need { program: "initdb", package: "postgresql" },
    Need { program: "pgbouncer", package: "pgbouncer" },
    Need { program: "openssl", package: "openssl" },
    Need { program: "chromium", package: "chromium" },
];

/// Installs what is missing, where this user may.
///
/// # Errors
/// Names what is missing when it cannot be installed from here.
pub(crate) fn install() -> Result<(), Failure> {
    let packages = missing();
    if packages.is_empty() {
        return Ok(());
    }
    if on_path("apt-get") && (is_root() || can_sudo()) {
        // A stale package list often still has what is needed, so a failed update alone stops nothing.
        if let Err(failure) = shell::run(apt(&["update"])) {
            eprintln!("{failure}; going on with the package lists that are here");
        }
        let mut args = vec!["install", "--yes", "--no-install-recommends"];
        args.extend(&packages);
        shell::run(apt(&args))?;
    }
    let packages = missing();
    if packages.is_empty() {
        return Ok(());
    }
    let names = packages.join(" ");
    Err(Failure::Missing(format!(
        "{names}; install it (Debian: `apt-get install {names}`) and run this again"
    )))
}

fn missing() -> Vec<&'static str> {
    NEEDS.iter().filter(|need| !on_path(need.program)).map(|need| need.package).collect()
}

fn on_path(program: &str) -> bool {
    // Administrators' folders are often not on a user's PATH, yet hold `mount` and its like.
    let path = std::env::var_os("PATH").unwrap_or_default();
    let listed = std::env::split_paths(&path).any(|folder| folder.join(program).is_file());
    listed
        || ["/usr/sbin", "/sbin"].iter().any(|folder| Path::new(folder).join(program).is_file())
        || of_postgres(program)
}

/// Debian keeps the programs of its PostgreSQL servers in a folder of each version.
fn of_postgres(program: &str) -> bool {
    let versions = std::fs::read_dir("/usr/lib/postgresql").into_iter().flatten().flatten();
    versions.into_iter().any(|version| version.path().join("bin").join(program).is_file())
}

fn is_root() -> bool {
    shell::output(shell::command("id", &["-u"])).is_ok_and(|uid| uid.trim_ascii() == b"0")
}

fn can_sudo() -> bool {
    on_path("sudo") && shell::succeeds(shell::command("sudo", &["-n", "true"]))
}

fn apt(args: &[&str]) -> std::process::Command {
    const QUIET: &str = "DEBIAN_FRONTEND=noninteractive";
    let mut command = if is_root() {
        shell::command("env", &[QUIET, "apt-get"])
    } else {
        shell::command("sudo", &["-n", "env", QUIET, "apt-get"])
    };
    command.args(args);
    command
}
