//! `edit`: one text of a file in place of another.

use std::path::PathBuf;

use serde::Deserialize;
use serde_json::Value;

use super::place::{Access, Place};
use super::{Told, arguments};

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Asked {
    path: String,
    old: String,
    new: String,
    #[serde(default)]
    all: bool,
}

/// A larger file is no text that a model edits, bytes.
const LARGEST: u64 = 8 << 20;

pub(super) fn edit(place: &Place, written: &mut Vec<PathBuf>, given: &Value) -> Told {
    let asked: Asked = arguments("edit", given)?;
    let path = place.resolve(&asked.path, Access::Write)?;
    let failed = |error: std::io::Error| format!("{}: {error}", asked.path);
    let meta = path.metadata().map_err(failed)?;
    if !meta.is_file() || meta.len() > LARGEST {
        return Err(format!("{} is no file of at most {LARGEST} bytes", asked.path));
    }
    let bytes = std::fs::read(&path).map_err(failed)?;
    let text = String::from_utf8(bytes).map_err(|_| format!("{} is no text", asked.path))?;
    if asked.old.is_empty() {
        return Err("`old` is empty; use write for a whole file".to_owned());
    }
    if asked.old == asked.new {
        return Err("`old` and `new` are the same: nothing to do".to_owned());
    }
    let found = text.matches(&asked.old).count();
    match found {
        0 => {
            return Err(format!("`old` does not occur in {}; read the file and copy it exactly", asked.path));
        }
        1 => {}
        _ if asked.all => {}
        _ => {
            return Err(format!(
                "`old` occurs {found} times in {}; make it longer, or say all: true",
                asked.path
            ));
        }
    }
    std::fs::write(&path, text.replace(&asked.old, &asked.new)).map_err(failed)?;
    if !written.contains(&path) {
        written.push(path.clone());
    }
    Ok(format!("replaced {found} in {}", place.shown(&path)))
}
