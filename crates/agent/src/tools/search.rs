//! `glob` and `grep`: files by their names and lines by their words, without what git ignores.

use std::fs::File;
use std::io::{BufRead as _, BufReader, Read as _};
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use globset::{GlobBuilder, GlobMatcher};
use ignore::WalkBuilder;
use regex::RegexBuilder;
use serde::Deserialize;
use serde_json::Value;

use super::place::{Access, Place};
use super::{Told, arguments, bounded};

/// Most files or lines that are given.
const MOST: usize = 200;
/// A search takes no longer.
const TIME: Duration = Duration::from_secs(20);
/// Files that are larger are passed over, bytes.
const LARGEST: u64 = 16 << 20;
/// A longer line is cut, characters.
const LONGEST_LINE: usize = 300;

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Globbed {
    pattern: String,
    path: Option<String>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Grepped {
    pattern: String,
    path: Option<String>,
    glob: Option<String>,
    #[serde(default)]
    ignore_case: bool,
}

pub(super) async fn glob(place: &Place, given: &Value) -> Told {
    let asked: Globbed = arguments("glob", given)?;
    let root = place.resolve(asked.path.as_deref().unwrap_or("."), Access::Read)?;
    let matcher = matcher(&asked.pattern)?;
    let place = place.clone();
    apart(move || {
        let mut search = Search::new(&root);
        let mut found: Vec<String> = Vec::new();
        for path in search.by_ref() {
            let relative = path.strip_prefix(&root).unwrap_or(&path);
            if matcher.is_match(relative) {
                found.push(place.shown(&path).to_string());
                if found.len() > MOST {
                    break;
                }
            }
        }
        found.sort();
        Ok(listed(found, search.late, "no file fits"))
    })
    .await
}

pub(super) async fn grep(place: &Place, given: &Value, limit: usize) -> Told {
    let asked: Grepped = arguments("grep", given)?;
    let root = place.resolve(asked.path.as_deref().unwrap_or("."), Access::Read)?;
    let expression = RegexBuilder::new(&asked.pattern)
        .case_insensitive(asked.ignore_case)
        .size_limit(1 << 20)
        .build()
        .map_err(|error| format!("`pattern`: {error}"))?;
    let only = asked.glob.as_deref().map(matcher).transpose()?;
    let place = place.clone();
    let found = apart(move || {
        let mut search = Search::new(&root);
        let mut found = Vec::new();
        for path in search.by_ref() {
            let relative = path.strip_prefix(&root).unwrap_or(&path);
            let name = Path::new(path.file_name().unwrap_or_default());
            if only.as_ref().is_some_and(|only| !only.is_match(relative) && !only.is_match(name)) {
                continue;
            }
            let shown = place.shown(&path).to_string();
            // A file that cannot be read is passed over, as others are that cannot be searched.
            let _ = lines(&path, |number, line| {
                if expression.is_match(line) {
                    found.push(format!(
                        "{shown}:{number}: {}",
                        andon_core::text::cap_chars(line.trim_end(), LONGEST_LINE)
                    ));
                }
                found.len() <= MOST
            });
            if found.len() > MOST {
                break;
            }
        }
        Ok(listed(found, search.late, "no line fits"))
    });
    Ok(bounded::cut(&found.await?, limit))
}

/// On a thread of its own, so that a signal is heard meanwhile.
async fn apart(work: impl FnOnce() -> Told + Send + 'static) -> Told {
    tokio::task::spawn_blocking(work).await.map_err(|error| format!("the search ended early: {error}"))?
}

fn matcher(pattern: &str) -> Result<GlobMatcher, String> {
    let glob = GlobBuilder::new(pattern.trim_start_matches("./")).literal_separator(true).build();
    glob.map(|glob| glob.compile_matcher()).map_err(|error| format!("`{pattern}` is no pattern: {error}"))
}

fn listed(mut found: Vec<String>, late: bool, none: &str) -> String {
    let more = found.len() > MOST;
    found.truncate(MOST);
    let mut out = if found.is_empty() { format!("({none})") } else { found.join("\n") };
    if more {
        out.push_str(&format!("\n[… more than {MOST}; ask for less …]"));
    }
    if late {
        out.push_str("\n[… the search took too long and was ended; name a path …]");
    }
    out
}

/// The files below a folder, until the time is up.
struct Search {
    walk: ignore::Walk,
    until: Instant,
    late: bool,
}

impl Search {
    fn new(root: &Path) -> Self {
        let mut walk = WalkBuilder::new(root);
        walk.hidden(false).require_git(false).git_global(false).follow_links(false);
        walk.filter_entry(|entry| entry.file_name() != ".git");
        Self { walk: walk.build(), until: Instant::now() + TIME, late: false }
    }
}

impl Iterator for Search {
    type Item = PathBuf;

    fn next(&mut self) -> Option<PathBuf> {
        loop {
            if Instant::now() >= self.until {
                self.late = true;
                return None;
            }
            let entry = self.walk.next()?;
            if let Ok(entry) = entry
                && entry.file_type().is_some_and(|kind| kind.is_file())
            {
                return Some(entry.into_path());
            }
        }
    }
}

/// Gives the lines of a text file one by one, until `each` says no.
fn lines(path: &Path, mut each: impl FnMut(usize, &str) -> bool) -> std::io::Result<()> {
    let file = File::open(path)?;
    if file.metadata()?.len() > LARGEST {
        return Ok(());
    }
    let mut reader = BufReader::new(file);
    if bounded::is_binary(reader.fill_buf()?) {
        return Ok(());
    }
    let mut line = Vec::new();
    for number in 1.. {
        line.clear();
        if reader.by_ref().take(64 * 1024).read_until(b'\n', &mut line)? == 0 {
            break;
        }
        if !each(number, &String::from_utf8_lossy(&line)) {
            break;
        }
    }
    Ok(())
}
