//! How the program is linked.

#![expect(clippy::disallowed_methods, reason = "a build script hears from cargo by variables")]

fn main() {
    println!("cargo::rerun-if-changed=build.rs");
    let is = |name: &str, value: &str| std::env::var(name).is_ok_and(|found| found == value);
    // A program at a fixed address needs no relocations: a third to a half of the pages that each start touches, and with every
    // command, supervisor and guard, start is what Andon does most. Libraries, stack and heap still lie at random addresses.
    if is("CARGO_CFG_TARGET_OS", "linux") && is("CARGO_CFG_TARGET_ENV", "gnu") {
        println!("cargo::rustc-link-arg-bins=-no-pie");
    }
}
