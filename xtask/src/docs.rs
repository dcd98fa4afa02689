//! `cargo xtask docs`: files that are derived from the code, committed, and compared.

use std::fs;

use crate::failure::Failure;
use crate::shell;

/// Each committed file, and the arguments of the cargo command that prints what belongs in it.
const GENERATED: &[(&str, &[&str])] = &[
    ("docs/state-machine.md", &["run", "--quiet", "--package", "andon-core", "--example", "state_machine"]),
    ("docs/openapi.json", &["run", "--quiet", "--package", "andon-server", "--example", "openapi"]),
];

/// Writes every generated file; with `--check` it writes nothing, and fails when one differs.
pub(crate) fn run(args: &[String]) -> Result<(), Failure> {
    let check = match args {
        [] => false,
        [only] if only == "--check" => true,
        [other, ..] => return Err(Failure::Usage(format!("docs knows `--check` alone, not `{other}`"))),
    };
    let mut stale = Vec::new();
    for (file, arguments) in GENERATED {
        let path = shell::root().join(file);
        let fresh = shell::output(shell::cargo(arguments))?;
        // A file that is not there yet is as stale as one that differs.
        if fs::read(&path).unwrap_or_default() == fresh {
            continue;
        }
        if check {
            stale.push(*file);
        } else {
            fs::write(&path, fresh).map_err(|source| Failure::File { path, source })?;
            println!("wrote {file}");
        }
    }
    if stale.is_empty() { Ok(()) } else { Err(Failure::OutOfDate(stale.join(", "))) }
}
