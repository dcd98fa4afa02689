//! `write`: a whole file. What it replaces may be somebody's work that git does not hold; then it says so (SD3-19).

use std::ffi::OsString;
use std::path::{Path, PathBuf};

use serde::Deserialize;
use serde_json::Value;

use super::place::{Access, Place};
use super::shell::Shell;
use super::{Told, arguments};

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Asked {
    path: String,
    content: String,
}

pub(super) async fn write(
    place: &Place,
    shell: &mut Shell,
    written: &mut Vec<PathBuf>,
    given: &Value,
) -> Told {
    let asked: Asked = arguments("write", given)?;
    let path = place.resolve(&asked.path, Access::Write)?;
    if path.is_dir() {
        return Err(format!("{} is a folder", asked.path));
    }
    let replaced = path.exists();
    let unheld = if replaced && !written.contains(&path) { unheld(shell, &path).await } else { None };
    let failed = |error: std::io::Error| format!("{}: {error}", asked.path);
    if let Some(folder) = path.parent() {
        std::fs::create_dir_all(folder).map_err(failed)?;
    }
    std::fs::write(&path, &asked.content).map_err(failed)?;
    let verb = if replaced { "replaced" } else { "wrote" };
    let mut told = format!("{verb} {}, {} bytes", place.shown(&path), asked.content.len());
    if let Some(why) = unheld {
        told.push_str(&format!(
            "\nwarning: what you replaced {why}: git cannot bring it back. If that was somebody's work, say so on the board"
        ));
    }
    if !written.contains(&path) {
        written.push(path);
    }
    Ok(told)
}

/// Why git cannot give back what a file holds; none when it can, or when git does not look after this folder.
async fn unheld(shell: &mut Shell, path: &Path) -> Option<&'static str> {
    let folder = path.parent()?;
    folder.ancestors().find(|folder| folder.join(".git").exists())?;
    let words = ["git", "-c", "core.fsmonitor=false", "status", "--porcelain", "-z", "--ignored", "--"];
    let mut argv: Vec<OsString> = words.iter().map(OsString::from).collect();
    argv.push(path.into());
    let status = shell.quietly(argv, folder).await?;
    match status.get(..2)? {
        "??" => Some("was not under version control"),
        "!!" => Some("is ignored by git"),
        _ => Some("had changes that are not committed"),
    }
}
