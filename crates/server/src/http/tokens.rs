//! Tokens: secrets that open the API. `tokens.toml` of the home holds their checksums, mode 0600, and is replaced in one
//! step under a lock; whoever reads it sees the old one or the new one.

use std::fmt;
use std::io::Write as _;
use std::os::unix::fs::{MetadataExt as _, OpenOptionsExt as _};
use std::path::{Path, PathBuf};
use std::str::FromStr;
use std::sync::{Arc, Mutex, PoisonError};

use andon_core::{BoardSlug, Millis};
use rustix::fs::{FlockOperation, flock};
use serde::{Deserialize, Serialize};
use sha2::{Digest as _, Sha256};
use subtle::ConstantTimeEq as _;
use thiserror::Error;

/// How long a browser stays logged in, milliseconds.
pub(crate) const SESSION: i64 = 30 * 86_400_000;
/// How long the code of a login URL is good, milliseconds.
const LOGIN: i64 = 86_400_000;
/// Most sessions, and most login codes: the oldest go.
const KEPT: usize = 200;

/// Why tokens cannot be read or changed.
#[derive(Debug, Error)]
pub enum TokenError {
    /// No such token.
    #[error("there is no token {0:?}")]
    Unknown(String),
    /// A name or scope that cannot be.
    #[error("{0}")]
    Invalid(String),
    /// The file cannot be read or written.
    #[error("{}: {error}", .path.display())]
    Io {
        /// Which.
        path: PathBuf,
        /// Why.
        error: std::io::Error,
    },
    /// The file is no list of tokens.
    #[error("{} is malformed: {reason}", .path.display())]
    Malformed {
        /// Which.
        path: PathBuf,
        /// Why.
        reason: String,
    },
}

/// What a token opens.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub enum Scope {
    /// Reading, on every board.
    Read,
    /// Reading and writing on one board.
    Board(BoardSlug),
    /// Everything.
    Admin,
    /// Everything, in a browser that has logged in.
    Session,
    /// One login of a browser.
    Login,
}

impl fmt::Display for Scope {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Read => f.pad("read"),
            Self::Board(slug) => f.pad(&format!("board:{slug}")),
            Self::Admin => f.pad("admin"),
            Self::Session => f.pad("session"),
            Self::Login => f.pad("login"),
        }
    }
}

impl FromStr for Scope {
    type Err = TokenError;

    fn from_str(text: &str) -> Result<Self, TokenError> {
        match text {
            "read" => Ok(Self::Read),
            "admin" => Ok(Self::Admin),
            "session" => Ok(Self::Session),
            "login" => Ok(Self::Login),
            other => match other.strip_prefix("board:").map(str::parse) {
                Some(Ok(slug)) => Ok(Self::Board(slug)),
                Some(Err(_)) | None => {
                    let shown: String = other.chars().take(80).collect();
                    Err(TokenError::Invalid(format!(
                        "{shown:?} is no scope: say read, board:<board> or admin"
                    )))
                }
            },
        }
    }
}

impl TryFrom<String> for Scope {
    type Error = TokenError;

    fn try_from(text: String) -> Result<Self, TokenError> {
        text.parse()
    }
}

impl From<Scope> for String {
    fn from(scope: Scope) -> Self {
        scope.to_string()
    }
}

/// A token, as it is kept.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Entry {
    /// Its id, part of its secret.
    pub id: String,
    /// The name under which its holder acts.
    pub name: String,
    /// What it opens.
    pub scope: Scope,
    /// The checksum of its secret.
    hash: String,
    /// When it was made, milliseconds.
    pub created_at: i64,
    /// When it ends by itself, milliseconds.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub expires_at: Option<i64>,
    /// What a session opens, or the session that a login code is taken for; everything where none is said.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub limit: Option<Scope>,
}

impl Entry {
    /// What it opens, all in all.
    #[must_use]
    pub fn opens(&self) -> Scope {
        match (&self.scope, &self.limit) {
            (Scope::Session, Some(limit)) => limit.clone(),
            (scope, _) => scope.clone(),
        }
    }
}

#[derive(Debug, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Listed {
    #[serde(default)]
    token: Vec<Entry>,
}

/// What tells one state of the file from another.
type Stamp = (i64, i64, u64, u64);

/// The tokens that stood in the file when it was in that state; none is a file that is not there.
type Known = (Option<Stamp>, Arc<Vec<Entry>>);

/// The tokens of a home.
#[derive(Debug)]
pub struct TokenFile {
    home: PathBuf,
    known: Mutex<Option<Known>>,
}

impl TokenFile {
    /// The tokens of the home at `home`; nothing is read yet.
    #[must_use]
    pub fn new(home: &Path) -> Self {
        Self { home: home.to_owned(), known: Mutex::default() }
    }

    fn path(&self) -> PathBuf {
        self.home.join("tokens.toml")
    }

    /// Every token that is in force, the oldest first.
    ///
    /// # Errors
    /// When the file cannot be read.
    pub fn list(&self, now: Millis) -> Result<Vec<Entry>, TokenError> {
        Ok(self.read()?.iter().filter(|entry| in_force(entry, now)).cloned().collect())
    }

    /// Makes a token that ends after `lifetime` milliseconds, or never; gives its secret, which is kept nowhere.
    ///
    /// # Errors
    /// A blank name, or when the file cannot be written.
    pub fn make(
        &self,
        name: &str,
        scope: Scope,
        lifetime: Option<i64>,
        now: Millis,
    ) -> Result<(String, Entry), TokenError> {
        self.add(fresh(&named(name)?, scope, lifetime, now), now)
    }

    fn add(&self, (secret, entry): (String, Entry), now: Millis) -> Result<(String, Entry), TokenError> {
        self.change(now, |entries| {
            entries.push(entry.clone());
            Ok(())
        })?;
        Ok((secret, entry))
    }

    /// Makes the code of a login URL: good once, for a day. The browser that logs in by it may do what `limit` says, or
    /// everything.
    ///
    /// # Errors
    /// As [`Self::make`].
    pub fn login_code(&self, person: &str, limit: Option<Scope>, now: Millis) -> Result<String, TokenError> {
        let (secret, entry) = fresh(&named(person)?, Scope::Login, Some(LOGIN), now);
        Ok(self.add((secret, Entry { limit, ..entry }), now)?.0)
    }

    /// Takes a login code for the secret of a session; none where it is not good, or not any more.
    ///
    /// # Errors
    /// When the file cannot be written.
    pub fn redeem(&self, code: &str, now: Millis) -> Result<Option<String>, TokenError> {
        let mut made = None;
        if self.find(code, now)?.is_none_or(|entry| entry.scope != Scope::Login) {
            return Ok(None);
        }
        self.change(now, |entries| {
            // Looked at again under the lock: of two who come at once one gets in.
            if let Some(at) = entries.iter().position(|entry| matches(entry, code)) {
                let used = entries.remove(at);
                let (secret, session) = fresh(&used.name, Scope::Session, Some(SESSION), now);
                entries.push(Entry { limit: used.limit, ..session });
                made = Some(secret);
            }
            Ok(())
        })?;
        Ok(made)
    }

    /// Ends a token.
    ///
    /// # Errors
    /// Where there is no such token.
    pub fn revoke(&self, id: &str, now: Millis) -> Result<Entry, TokenError> {
        let mut gone = None;
        self.change(now, |entries| {
            let at = entries.iter().position(|entry| entry.id == id);
            let at = at.ok_or_else(|| TokenError::Unknown(id.chars().take(80).collect()))?;
            gone = Some(entries.remove(at));
            Ok(())
        })?;
        gone.ok_or_else(|| TokenError::Unknown(id.to_owned()))
    }

    /// The token of a secret, if it is in force.
    ///
    /// # Errors
    /// When the file cannot be read.
    pub fn find(&self, secret: &str, now: Millis) -> Result<Option<Entry>, TokenError> {
        let entries = self.read()?;
        Ok(entries.iter().find(|entry| matches(entry, secret) && in_force(entry, now)).cloned())
    }

    /// Whether a token is in force.
    #[must_use]
    pub fn stands(&self, id: &str, now: Millis) -> bool {
        self.read().is_ok_and(|entries| entries.iter().any(|entry| entry.id == id && in_force(entry, now)))
    }

    /// The token that programs of this user use, in the file `token` of the home, mode 0600; made where it is missing.
    ///
    /// # Errors
    /// When a file cannot be read or written.
    pub fn own(&self, person: &str, now: Millis) -> Result<String, TokenError> {
        let path = self.home.join("token");
        let known = std::fs::read_to_string(&path).map(|text| text.trim().to_owned()).unwrap_or_default();
        if self.find(&known, now)?.is_some_and(|entry| entry.scope == Scope::Admin) {
            return Ok(known);
        }
        let (secret, _) = self.make(person, Scope::Admin, None, now)?;
        replace(&path, format!("{secret}\n").as_bytes())?;
        Ok(secret)
    }

    fn read(&self) -> Result<Arc<Vec<Entry>>, TokenError> {
        let path = self.path();
        let stamp = std::fs::metadata(&path)
            .ok()
            .map(|meta| (meta.ctime(), meta.ctime_nsec(), meta.len(), meta.ino()));
        let mut known = self.known.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some((seen, entries)) = known.as_ref()
            && *seen == stamp
        {
            return Ok(Arc::clone(entries));
        }
        let entries = Arc::new(load(&path)?);
        *known = Some((stamp, Arc::clone(&entries)));
        Ok(entries)
    }

    fn change(
        &self,
        now: Millis,
        change: impl FnOnce(&mut Vec<Entry>) -> Result<(), TokenError>,
    ) -> Result<(), TokenError> {
        let lock = self.home.join(".tokens.lock");
        std::fs::create_dir_all(&self.home).map_err(io(&self.home))?;
        let open =
            std::fs::OpenOptions::new().create(true).truncate(false).write(true).mode(0o600).open(&lock);
        let file = open.map_err(io(&lock))?;
        flock(&file, FlockOperation::LockExclusive).map_err(|error| io(&lock)(error.into()))?;
        let path = self.path();
        let mut entries = load(&path)?;
        entries.retain(|entry| in_force(entry, now));
        change(&mut entries)?;
        for scope in [Scope::Session, Scope::Login] {
            let mut over = entries.iter().filter(|entry| entry.scope == scope).count().saturating_sub(KEPT);
            entries.retain(|entry| {
                let goes = over > 0 && entry.scope == scope;
                over -= usize::from(goes);
                !goes
            });
        }
        let text = toml::to_string(&Listed { token: entries })
            .map_err(|error| TokenError::Malformed { path: path.clone(), reason: error.to_string() })?;
        replace(&path, text.as_bytes())?;
        *self.known.lock().unwrap_or_else(PoisonError::into_inner) = None;
        Ok(())
    }
}

/// The name as it is kept.
fn named(name: &str) -> Result<String, TokenError> {
    let name: String = name.trim().chars().filter(|c| !c.is_control()).take(64).collect();
    if name.is_empty() {
        return Err(TokenError::Invalid("a token needs a name: under it its holder acts".to_owned()));
    }
    Ok(name)
}

fn fresh(name: &str, scope: Scope, lifetime: Option<i64>, now: Millis) -> (String, Entry) {
    let id = format!("{:010x}", rand::random::<u64>() >> 24);
    let secret: String = rand::random::<[u8; 32]>().iter().map(|byte| format!("{byte:02x}")).collect();
    let secret = format!("andon_{id}_{secret}");
    let entry = Entry {
        id,
        name: name.to_owned(),
        scope,
        hash: checksum(&secret),
        created_at: now.0,
        expires_at: lifetime.map(|lifetime| now.0.saturating_add(lifetime)),
        limit: None,
    };
    (secret, entry)
}

fn checksum(secret: &str) -> String {
    Sha256::digest(secret.as_bytes()).iter().map(|byte| format!("{byte:02x}")).collect()
}

fn matches(entry: &Entry, secret: &str) -> bool {
    let named = secret.strip_prefix("andon_").and_then(|rest| rest.split_once('_')).map(|(id, _)| id);
    named == Some(entry.id.as_str()) && same(&entry.hash, &checksum(secret))
}

/// Whether two texts are the same, in a time that does not tell where they differ.
pub(crate) fn same(one: &str, other: &str) -> bool {
    one.as_bytes().ct_eq(other.as_bytes()).into()
}

const fn in_force(entry: &Entry, now: Millis) -> bool {
    match entry.expires_at {
        Some(at) => now.0 < at,
        None => true,
    }
}

fn load(path: &Path) -> Result<Vec<Entry>, TokenError> {
    let text = match std::fs::read_to_string(path) {
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(Vec::new()),
        read => read.map_err(io(path))?,
    };
    let malformed = |error: toml::de::Error| TokenError::Malformed {
        path: path.to_owned(),
        reason: error.message().to_owned(),
    };
    Ok(toml::from_str::<Listed>(&text).map_err(malformed)?.token)
}

fn io(path: &Path) -> impl Fn(std::io::Error) -> TokenError + '_ {
    move |error| TokenError::Io { path: path.to_owned(), error }
}

/// Writes a file that only its owner reads, in one step.
fn replace(path: &Path, content: &[u8]) -> Result<(), TokenError> {
    let draft = path.with_file_name(format!(".token-{:016x}", rand::random::<u64>()));
    let written = std::fs::OpenOptions::new()
        .write(true)
        .create_new(true)
        .mode(0o600)
        .open(&draft)
        .and_then(|mut file| file.write_all(content).and_then(|()| file.sync_all()))
        .and_then(|()| std::fs::rename(&draft, path));
    written.map_err(|error| {
        let _ = std::fs::remove_file(&draft);
        io(path)(error)
    })
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::PermissionsExt as _;

    use super::*;

    const NOW: Millis = Millis(1_000);

    #[test]
    fn a_token_opens_what_it_says_until_it_ends() {
        let home = tempfile::tempdir().unwrap();
        let tokens = TokenFile::new(home.path());
        let (secret, made) = tokens.make("ci", "board:web".parse().unwrap(), Some(10), NOW).unwrap();
        let text = std::fs::read_to_string(home.path().join("tokens.toml")).unwrap();
        assert!(!text.contains(&secret[20..]), "the secret is kept nowhere");
        let mode = std::fs::metadata(home.path().join("tokens.toml")).unwrap().permissions().mode();
        assert_eq!(mode & 0o777, 0o600);
        assert_eq!(tokens.find(&secret, NOW).unwrap(), Some(made.clone()));
        assert_eq!(tokens.find(&format!("{secret}0"), NOW).unwrap(), None);
        assert_eq!(tokens.find(&secret, Millis(1_010)).unwrap(), None);
        let other = TokenFile::new(home.path());
        assert_eq!(other.revoke(&made.id, NOW).unwrap(), made);
        assert_eq!(tokens.find(&secret, NOW).unwrap(), None, "another process ended it");
        assert!(matches!(tokens.revoke("x", NOW), Err(TokenError::Unknown(_))));
    }

    #[test]
    fn a_login_code_is_good_once() {
        let home = tempfile::tempdir().unwrap();
        let tokens = TokenFile::new(home.path());
        let code = tokens.login_code("ada", None, NOW).unwrap();
        let session = tokens.redeem(&code, NOW).unwrap().unwrap();
        let found = tokens.find(&session, NOW).unwrap().unwrap();
        assert_eq!((found.opens(), found.scope), (Scope::Session, Scope::Session));
        assert_eq!(tokens.redeem(&code, NOW).unwrap(), None);
        assert_eq!(tokens.redeem(&session, NOW).unwrap(), None, "a session is no code");
        let code = tokens.login_code("eve", Some(Scope::Read), NOW).unwrap();
        assert_eq!(
            tokens.find(&code, NOW).unwrap().unwrap().opens(),
            Scope::Login,
            "the code itself opens nothing"
        );
        let session = TokenFile::new(home.path()).redeem(&code, NOW).unwrap().unwrap();
        let found = tokens.find(&session, NOW).unwrap().unwrap();
        assert_eq!((found.opens(), found.scope), (Scope::Read, Scope::Session));
    }

    #[test]
    fn the_home_s_own_token_is_made_once() {
        let home = tempfile::tempdir().unwrap();
        let tokens = TokenFile::new(home.path());
        let own = tokens.own("ada", NOW).unwrap();
        assert_eq!(tokens.own("ada", NOW).unwrap(), own);
        std::fs::remove_file(home.path().join("tokens.toml")).unwrap();
        assert_ne!(tokens.own("ada", NOW).unwrap(), own);
    }
}
