//! `cargo xtask ci`: what must hold before a change lands.

use crate::failure::Failure;
use crate::{docs, shell, test, tidy};

/// The tests first, because they say most; then everything else.
pub(crate) fn run() -> Result<(), Failure> {
    test::run(&[])?;
    check()
}

/// Everything but the tests.
pub(crate) fn check() -> Result<(), Failure> {
    shell::run(shell::cargo(&["fmt", "--all", "--check"]))?;
    shell::run(shell::cargo(&["clippy", "--workspace", "--all-targets", "--", "-D", "warnings"]))?;
    let mut documentation = shell::cargo(&["doc", "--workspace", "--no-deps"]);
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
