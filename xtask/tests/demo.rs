//! The demo does what it says on a machine that has never seen it.
#![expect(clippy::disallowed_methods, reason = "the test starts the program that it is about")]

use std::process::Command;

#[test]
fn the_demo_finishes() {
    let temporary = tempfile::tempdir().unwrap();
    let mut demo = Command::new(env!("CARGO_BIN_EXE_xtask"));
    // A worker of another board may be the one who runs the tests.
    demo.arg("demo").env("TMPDIR", temporary.path()).env("ANDON_BOARD", "elsewhere");
    let output = demo.output().unwrap();
    let (said, talk) = (String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
    assert!(output.status.success(), "{said}\n{talk}");
    let done = said.lines().filter(|line| line.starts_with('✓') && line.contains("  done  ")).count();
    assert_eq!(done, 10, "{said}");
    for promised in ["rates    retry", "currency blocked", "currency answered", "report   review", "total "] {
        assert!(said.contains(promised), "`{promised}` is missing in:\n{said}");
    }
    let left: Vec<_> = std::fs::read_dir(temporary.path()).unwrap().flatten().collect();
    assert!(left.is_empty(), "{left:?}");
}
