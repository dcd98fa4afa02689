//! `cargo xtask ci`: what must hold before a change lands.

use crate::failure::Failure;
use crate::{docs, shell, test, tidy};

/// The tests, and everything else beside them.
pub(crate) fn run() -> Result<(), Failure> {
    test::run(&[test::AND_CHECK.to_owned()])
}

/// The checks in a process of their own that takes what time others leave. What they say is shown when they are through.
pub(crate) fn check_beside() -> Result<(), Failure> {
    let path = shell::target().join("check.log");
    let file = |source| Failure::File { path: path.clone(), source };
    let log = std::fs::File::create(&path).map_err(file)?;
    // Not this program itself: building the tests has put another one in its place.
    let mut command =
        shell::gently(&shell::cargo(&["run", "--quiet", "--package", "xtask", "--", "check", APART]));
    command.stdout(log.try_clone().map_err(file)?).stderr(log);
    let checked = shell::run(command);
    eprint!("{}", String::from_utf8_lossy(&std::fs::read(&path).map_err(file)?));
    checked
}

/// Says that the lints have a folder of their own: cargo lets only one at a time into one, and tests build, too.
const APART: &str = "--apart";

/// Everything but the tests.
pub(crate) fn check(args: &[String]) -> Result<(), Failure> {
    let apart = match args {
        [] => false,
        [only] if only == APART => true,
        [other, ..] => return Err(Failure::Usage(format!("check knows `{APART}` alone, not `{other}`"))),
    };
    let lints = |args: &[&str]| {
        let mut command = shell::cargo(args);
        if apart {
            command.env("CARGO_TARGET_DIR", shell::target().join("lints"));
        }
        command
    };
    shell::run(shell::cargo(&["fmt", "--all", "--check"]))?;
    shell::run(lints(&["clippy", "--workspace", "--all-targets", "--", "-D", "warnings"]))?;
    let mut documentation = lints(&["doc", "--workspace", "--no-deps"]);
    documentation.env("RUSTDOCFLAGS", "-D warnings");
    shell::run(documentation)?;
    supply_chain()?;
    docs::run(&["--check".to_owned()])?;
    tidy::run()
}

fn supply_chain() -> Result<(), Failure> {
    if shell::cargo_has("deny") {
        shell::run(shell::cargo(&["deny", "check", "licenses", "bans", "sources"]))
    } else {
        eprintln!("cargo deny: skipped, it is not installed (`cargo install --locked cargo-deny`)");
        Ok(())
    }
}
