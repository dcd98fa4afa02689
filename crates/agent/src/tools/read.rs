//! `read`: a text file in parts, or the names in a folder.

use std::fs::File;
use std::io::{BufRead as _, BufReader, Read as _};
use std::path::Path;

use serde::Deserialize;
use serde_json::Value;

use super::place::{Access, Place};
use super::{Told, arguments, bounded};

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Asked {
    path: String,
    offset: Option<u64>,
    limit: Option<u64>,
}

/// A longer line is cut, bytes.
const LONGEST_LINE: usize = 2_000;
/// Most names of a folder.
const NAMES: usize = 500;

pub(super) fn read(place: &Place, given: &Value, limit: usize) -> Told {
    let asked: Asked = arguments("read", given)?;
    let path = place.resolve(&asked.path, Access::Read)?;
    let failed = |error: std::io::Error| format!("{}: {error}", asked.path);
    let meta = path.metadata().map_err(failed)?;
    if meta.is_dir() {
        return folder(&path).map_err(failed);
    }
    if !meta.is_file() {
        return Err(format!("{} is no file", asked.path));
    }
    let mut file = File::open(&path).map_err(failed)?;
    let mut start = Vec::new();
    file.by_ref().take(8 * 1024).read_to_end(&mut start).map_err(failed)?;
    if bounded::is_binary(&start) {
        return Ok(format!("({} is {})", asked.path, bounded::described(&start, meta.len())));
    }
    let file = File::open(&path).map_err(failed)?;
    lines(BufReader::new(file), &asked, limit).map_err(failed)
}

fn lines(mut reader: BufReader<File>, asked: &Asked, limit: usize) -> std::io::Result<String> {
    let first = asked.offset.unwrap_or(1).max(1);
    let most = asked.limit.unwrap_or(u64::MAX);
    let mut out = String::new();
    let (mut number, mut given) = (0, 0);
    let mut line = Vec::new();
    loop {
        line.clear();
        // A line without an end must not fill the memory: its rest is read past.
        let length = reader.by_ref().take(LONGEST_LINE as u64).read_until(b'\n', &mut line)?;
        if length == 0 {
            break;
        }
        let whole = line.ends_with(b"\n") || length < LONGEST_LINE;
        if !whole {
            reader.skip_until(b'\n')?;
        }
        number += 1;
        if number < first {
            continue;
        }
        if given >= most || out.len() + line.len() > limit {
            out.push_str(&format!("[… more follows: read on with offset {number} …]\n"));
            return Ok(out);
        }
        out.push_str(&String::from_utf8_lossy(&line));
        if !whole {
            out.push_str(" [… the line goes on …]\n");
        }
        given += 1;
    }
    if out.is_empty() {
        out = if number == 0 {
            "(the file is empty)".to_owned()
        } else {
            format!("(the file has only {number} lines)")
        };
    }
    Ok(out)
}

fn folder(path: &Path) -> std::io::Result<String> {
    let mut names = Vec::new();
    for entry in std::fs::read_dir(path)? {
        let entry = entry?;
        let slash = if entry.file_type()?.is_dir() { "/" } else { "" };
        names.push(format!("{}{slash}", entry.file_name().to_string_lossy()));
    }
    names.sort();
    let more = names.len().saturating_sub(NAMES);
    names.truncate(NAMES);
    let mut out = if names.is_empty() { "(the folder is empty)".to_owned() } else { names.join("\n") };
    if more > 0 {
        out.push_str(&format!("\n[… and {more} more …]"));
    }
    Ok(out)
}
