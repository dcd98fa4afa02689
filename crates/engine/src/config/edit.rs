//! Changing `config.toml` for a person who does not open it: other keys, their order and comments stay.

use std::fs::{self, OpenOptions};
use std::io::{self, Write as _};
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::{Path, PathBuf};

use thiserror::Error;
/// A value of `config.toml`.
pub use toml_edit::Value as ConfigValue;
use toml_edit::{DocumentMut, Item};

use super::file::read_text;
use super::load::{ConfigError, LARGEST_FILE};
use super::settings::Config;

/// Why `config.toml` was not changed.
#[derive(Debug, Error)]
pub enum EditError {
    /// What it would say, or says already, is wrong.
    #[error(transparent)]
    Config(#[from] ConfigError),
    /// It cannot be written.
    #[error("cannot write {}: {error}", path.display())]
    Write {
        /// The file.
        path: PathBuf,
        /// What the system said.
        error: io::Error,
    },
}

/// Sets keys of the top table, or takes them away. The file is replaced in one step, or stays as it is.
///
/// # Errors
///
/// [`EditError`]; nothing has been changed.
pub fn edit(home: &Path, changes: &[(&str, Option<ConfigValue>)]) -> Result<(), EditError> {
    let path = Config::path(home);
    let text = read_text(&path, LARGEST_FILE).map_err(ConfigError::File)?.unwrap_or_default();
    Config::check(&path, &text)?;
    let Ok(mut document) = text.parse::<DocumentMut>() else { return Ok(()) };
    for (key, value) in changes {
        match value {
            Some(value) => set(&mut document, key, value.clone()),
            None => {
                document.remove(key);
            }
        }
    }
    let text = document.to_string();
    Config::check(&path, &text)?;
    let target = fs::canonicalize(&path).unwrap_or_else(|_| path.clone());
    replace(&target, text.as_bytes()).map_err(|error| EditError::Write { path, error })
}

/// What stands around a value, as a comment behind it, stays.
fn set(document: &mut DocumentMut, key: &str, mut value: ConfigValue) {
    match document.get_mut(key) {
        Some(Item::Value(old)) => {
            *value.decor_mut() = old.decor().clone();
            *old = value;
        }
        Some(_) | None => {
            document.insert(key, Item::Value(value));
        }
    }
}

fn replace(path: &Path, content: &[u8]) -> io::Result<()> {
    let draft = path.with_extension(format!("toml.{}", std::process::id()));
    let written =
        OpenOptions::new().write(true).create(true).truncate(true).mode(0o600).open(&draft).and_then(
            |mut file| {
                if let Ok(old) = fs::metadata(path) {
                    file.set_permissions(old.permissions())?;
                }
                file.write_all(content)?;
                file.sync_all()?;
                fs::rename(&draft, path)
            },
        );
    if written.is_err() {
        // The error that matters is the one that led here.
        let _ = fs::remove_file(&draft);
    }
    written
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn other_keys_and_comments_stay_and_nothing_wrong_is_written() {
        let home = tempfile::tempdir().unwrap();
        let path = home.path().join("config.toml");
        let before = "# mine\nmax_running = 3 # few\n\n[diagnostics]\ncrash_threshold = 4\n";
        fs::write(&path, before).unwrap();
        let reviewer = ("reviewer", Some(ConfigValue::from("person")));
        edit(home.path(), &[("max_running", Some(ConfigValue::from(5))), reviewer]).unwrap();
        let text = fs::read_to_string(&path).unwrap();
        assert!(text.starts_with("# mine\nmax_running = 5 # few\n"), "{text}");
        assert!(
            text.contains("reviewer = \"person\"\n") && text.ends_with("crash_threshold = 4\n"),
            "{text}"
        );
        edit(home.path(), &[("reviewer", None), ("max_running", None)]).unwrap();
        let without = fs::read_to_string(&path).unwrap();
        assert!(!without.contains("reviewer") && !without.contains("max_running"), "{without}");
        assert!(edit(home.path(), &[("max_running", Some(ConfigValue::from(0)))]).is_err());
        assert_eq!(fs::read_to_string(&path).unwrap(), without);
        assert_eq!(fs::read_dir(home.path()).unwrap().count(), 1);
    }
}
