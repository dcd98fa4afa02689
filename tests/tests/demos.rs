//! What a newcomer is shown, run as they run it.

#![expect(clippy::disallowed_methods, reason = "the edge: builds the program that shows the demo")]

use std::path::PathBuf;
use std::process::Command;

use andon_tests::{House, andon};

/// The program of the chores, built.
fn xtask() -> PathBuf {
    let target = std::env::current_exe().unwrap().ancestors().nth(3).unwrap().to_owned();
    let mut build = Command::new(std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into()));
    build.args(["build", "--quiet", "--package", "xtask"]).env("CARGO_TARGET_DIR", &target);
    let output = build.output().expect("cargo starts");
    assert!(output.status.success(), "xtask does not build:\n{}", String::from_utf8_lossy(&output.stderr));
    target.join("debug").join("xtask")
}

#[test]
fn the_agents_demo_finishes() {
    let house = House::new();
    let mut demo = house.foreign(xtask());
    demo.arg("demo-agents").arg("--andon").arg(andon());
    demo.args(["--model-server", env!("CARGO_BIN_EXE_andon-model-server")]);
    demo.env("TMPDIR", house.outside());
    let told = House::answer(demo).exits(0).stdout;
    let has = |words: &[&str]| {
        let found = told.lines().any(|line| words.iter().all(|word| line.contains(word)));
        assert!(found, "no line has {words:?}:\n{told}");
    };
    has(&["goal", "done", "orchestrator"]);
    has(&["option", "changes", "reviewer", "`--top many` prints every word"]);
    has(&["version", "blocked", "ops"]);
    has(&["version", "answered", "ops", "1.1.0"]);
    has(&["option", "done", "reviewer"]);
    // What the writer ran and the analyst counted.
    has(&["    9 the"]);
    has(&["all", "10", "$0.2010"]);
    has(&["6 tasks done by 10 runs"]);
    house.wait_empty();
    let left: Vec<_> =
        std::fs::read_dir(house.outside()).unwrap().map(|entry| entry.unwrap().path()).collect();
    assert!(left.is_empty(), "left behind: {left:?}");
}
