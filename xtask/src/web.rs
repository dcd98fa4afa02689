//! `cargo xtask web`: what the dashboard needs, installed as its lock file says, then built, checked and tried in a browser.
//!
//! The build lies in `web/dist`, from where the server's build puts it into the program. No script of a package is run.

use std::hash::{DefaultHasher, Hash as _, Hasher as _};
use std::path::{Path, PathBuf};
use std::process::Command;

use crate::failure::Failure;
use crate::shell;

/// The oldest Node that the dashboard's tools run on.
const OLDEST_NODE: (u32, u32) = (20, 19);

/// Of what the build is made, below `web/`.
const SOURCES: &[&str] =
    &["src", "public", "scripts", "index.html", "package.json", "package-lock.json", "vite.config.ts"];

/// Pictures that stand in the README, by their names there.
const PICTURES: &[&str] = &["board", "attention", "log", "fleet"];

/// Builds the dashboard; `--check` also checks its types and runs its tests, `--browser` runs the journeys in a browser
/// against the built program. Other words choose journeys by their names. `--pictures` takes the README's pictures anew.
///
/// # Errors
/// When npm is not there, or a step fails.
pub(crate) fn run(args: &[String]) -> Result<(), Failure> {
    let (mut wants_check, mut wants_browser, mut pictures, mut chosen) = (false, false, false, Vec::new());
    for arg in args {
        match arg.as_str() {
            "--check" => wants_check = true,
            "--browser" => wants_browser = true,
            "--pictures" => {
                (wants_browser, pictures) = (true, true);
                chosen.push("pictures for the README".to_owned());
            }
            word if wants_browser && !word.starts_with('-') => chosen.push(word.to_owned()),
            unknown => {
                return Err(Failure::Usage(format!(
                    "`web` knows --check, --pictures and --browser [words of a journey's name], not `{unknown}`"
                )));
            }
        }
    }
    build()?;
    if wants_check {
        check()?;
    }
    if wants_browser {
        // The program has the dashboard inside: it is built after it.
        shell::run(shell::cargo(&["build", "--package", "andon", "--bin", "andon"]))?;
        journeys(&chosen)?;
    }
    if pictures { hang() } else { Ok(()) }
}

/// Copies the pictures of the last journey to where the README shows them.
fn hang() -> Result<(), Failure> {
    for name in PICTURES {
        let from = shell::target().join(format!("browser/readme-{name}.png"));
        let to = shell::root().join(format!("docs/pictures/{name}.png"));
        std::fs::copy(&from, to).map_err(|source| Failure::File { path: from, source })?;
    }
    Ok(())
}

/// Builds the dashboard, unless it was built from exactly what is there; fails where its scripts weigh too much.
///
/// # Errors
/// When a file cannot be read, or a step fails.
pub(crate) fn build() -> Result<(), Failure> {
    install()?;
    let (stamp, now) = (shell::target().join("web-built"), fingerprint()?);
    let there = shell::root().join("web/dist/index.html").is_file();
    if there && std::fs::read_to_string(&stamp).is_ok_and(|built| built == now) {
        return Ok(());
    }
    shell::run(npm(&["run", "--silent", "build"]))?;
    std::fs::create_dir_all(shell::target())
        .and_then(|()| std::fs::write(&stamp, now))
        .map_err(|source| Failure::File { path: stamp, source })
}

/// Its types, and the tests that need no browser.
///
/// # Errors
/// When one of them fails.
pub(crate) fn check() -> Result<(), Failure> {
    shell::run(npm(&["run", "--silent", "check"]))?;
    shell::run(npm(&["run", "--silent", "test"]))
}

/// A person's journeys in Chromium, against the built program; `words` choose by name. Pictures of what they saw lie in
/// `browser` below the target folder.
///
/// # Errors
/// When a journey fails.
pub(crate) fn journeys(words: &[String]) -> Result<(), Failure> {
    let mut command = npm(&["run", "--silent", "test:browser"]);
    if !words.is_empty() {
        command.args(["--", "--testNamePattern"]).arg(words.join(" "));
    }
    let mut command = crate::test::without_foreign_board(command);
    command.env("ANDON_TARGET", shell::target());
    shell::run(command)
}

/// Installs exactly what the lock file names, unless it is there already.
fn install() -> Result<(), Failure> {
    let folder = shell::root().join("web");
    let lock = folder.join("package-lock.json");
    let stamp = folder.join("node_modules/.andon-lock");
    let locked =
        std::fs::read_to_string(&lock).map_err(|source| Failure::File { path: lock.clone(), source })?;
    if std::fs::read_to_string(&stamp).is_ok_and(|installed| installed == locked) {
        return Ok(());
    }
    new_enough()?;
    // Not `npm ci`: it insists on entries for the binaries of every platform, which not every registry has. What the lock
    // file names is installed exactly, and it is not written.
    shell::run(npm(&[
        "install",
        "--no-save",
        "--ignore-scripts",
        "--no-audit",
        "--no-fund",
        "--loglevel=error",
    ]))?;
    std::fs::write(&stamp, locked).map_err(|source| Failure::File { path: stamp, source })
}

/// An old Node fails deep inside a tool, with words that help nobody.
fn new_enough() -> Result<(), Failure> {
    let said = shell::output(shell::command("node", &["--version"]))?;
    let said = String::from_utf8_lossy(&said).trim().to_owned();
    let mut parts = said.trim_start_matches('v').split('.').map(|part| part.parse::<u32>().unwrap_or(0));
    let version = (parts.next().unwrap_or(0), parts.next().unwrap_or(0));
    if version >= OLDEST_NODE {
        return Ok(());
    }
    let (major, minor) = OLDEST_NODE;
    Err(Failure::Missing(format!(
        "Node {major}.{minor} or newer: `node --version` says {said} (Debian 13 has one; for an older Debian take it from nodejs.org)"
    )))
}

/// Tells one state of the sources from another.
fn fingerprint() -> Result<String, Failure> {
    let mut files = Vec::new();
    for name in SOURCES {
        collect(&shell::root().join("web").join(name), &mut files)?;
    }
    files.sort();
    let mut sum = DefaultHasher::new();
    for path in files {
        let content = std::fs::read(&path).map_err(|source| Failure::File { path: path.clone(), source })?;
        (path.strip_prefix(shell::root()).unwrap_or(&path), content).hash(&mut sum);
    }
    Ok(format!("{:016x}", sum.finish()))
}

fn collect(path: &Path, files: &mut Vec<PathBuf>) -> Result<(), Failure> {
    if !path.is_dir() {
        files.push(path.to_path_buf());
        return Ok(());
    }
    let failed = |source| Failure::File { path: path.to_path_buf(), source };
    for entry in std::fs::read_dir(path).map_err(failed)? {
        collect(&entry.map_err(failed)?.path(), files)?;
    }
    Ok(())
}

fn npm(args: &[&str]) -> Command {
    let mut command = shell::command("npm", args);
    command.current_dir(shell::root().join("web"));
    command
}
