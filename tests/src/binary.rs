//! The binary under test: `andon` as cargo builds it beside the tests.

#![expect(clippy::disallowed_methods, reason = "the edge: finds and builds the binary that the tests start")]

use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::OnceLock;
use std::time::SystemTime;

/// The binary, built where it is missing or older than its sources. `ANDON_TESTS_BINARY` names another one.
///
/// # Panics
/// When it cannot be built.
pub fn andon() -> &'static Path {
    static BINARY: OnceLock<PathBuf> = OnceLock::new();
    BINARY.get_or_init(|| match std::env::var_os("ANDON_TESTS_BINARY") {
        Some(named) => PathBuf::from(named),
        None => built(),
    })
}

fn built() -> PathBuf {
    // target/<profile>/deps/<this test>
    let folder = std::env::current_exe().unwrap().ancestors().nth(2).unwrap().to_owned();
    let binary = folder.join("andon");
    let stamp = folder.join(".andon-built-for-tests");
    let since = [&binary, &stamp].iter().filter_map(|path| modified(path)).max();
    if binary.is_file() && since.is_some_and(|since| newest_source() <= since) {
        return binary;
    }
    let mut build = Command::new(std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into()));
    build.args(["build", "--quiet", "--package", "andon", "--bin", "andon"]).current_dir(workspace());
    build.env("CARGO_TARGET_DIR", folder.parent().unwrap());
    if folder.ends_with("release") {
        build.arg("--release");
    }
    let output = build.output().expect("cargo starts");
    assert!(output.status.success(), "andon does not build:\n{}", String::from_utf8_lossy(&output.stderr));
    std::fs::write(&stamp, "").unwrap();
    binary
}

fn workspace() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR")).parent().unwrap()
}

/// When a source of the binary was changed last. The testkit is none of them.
fn newest_source() -> SystemTime {
    let mut newest = modified(&workspace().join("Cargo.lock")).unwrap_or(SystemTime::UNIX_EPOCH);
    let mut folders: Vec<PathBuf> = std::fs::read_dir(workspace().join("crates"))
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .filter(|path| !path.ends_with("testkit"))
        .map(|path| path.join("src"))
        .collect();
    while let Some(folder) = folders.pop() {
        for entry in std::fs::read_dir(folder).into_iter().flatten().flatten() {
            let path = entry.path();
            if path.is_dir() {
                folders.push(path);
            } else {
                newest = newest.max(modified(&path).unwrap_or(newest));
            }
        }
    }
    newest
}

fn modified(path: &Path) -> Option<SystemTime> {
    std::fs::metadata(path).and_then(|meta| meta.modified()).ok()
}
