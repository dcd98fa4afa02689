//! Where the database is: a `postgres://` URL with the parameters of libpq that matter. The password is never shown.

#![expect(
    clippy::disallowed_methods,
    reason = "where libpq's password file lies is libpq's rule, not a setting of ours"
)]

use std::fmt;
use std::path::{Path, PathBuf};
use std::str::FromStr;
use std::time::Duration;

use tokio_postgres::Config;
use tokio_postgres::config::{Host, SslMode};

use super::passfile::{self, Wanted};
use super::tls::Verify;
use crate::error::DbError;

/// How long a connection may take to be made, where the URL does not say.
const CONNECT: Duration = Duration::from_secs(10);
/// How long sent bytes may stay unacknowledged before a connection counts as lost, where the URL does not say.
const UNACKNOWLEDGED: Duration = Duration::from_secs(20);
/// How long a connection is silent before it is asked whether it still lives, where the URL does not say.
const SILENT: Duration = Duration::from_secs(15);

/// A parsed database URL, password and all. `Debug` and `Display` leave the password out.
#[derive(Clone, PartialEq, Eq)]
pub struct DatabaseUrl {
    pub(super) config: Config,
    pub(super) verify: Verify,
    pub(super) roots: Option<PathBuf>,
    /// Whether statements are prepared once a connection; PgBouncer may not let them.
    pub(super) prepared: bool,
    /// The most connections that one process opens for one board.
    pub(super) connections: usize,
    shown: String,
}

impl fmt::Display for DatabaseUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.shown)
    }
}

impl fmt::Debug for DatabaseUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "DatabaseUrl({})", self.shown)
    }
}

/// What the parameters of a URL say that the library does not read itself.
#[derive(Default)]
struct Ours {
    sslmode: Option<String>,
    roots: Option<PathBuf>,
    passfile: Option<PathBuf>,
    password_file: Option<PathBuf>,
    prepared: Option<bool>,
    connections: Option<usize>,
    unacknowledged: Option<Duration>,
}

impl FromStr for DatabaseUrl {
    type Err = DbError;

    fn from_str(text: &str) -> Result<Self, DbError> {
        let text = text.trim();
        if !(text.starts_with("postgres://") || text.starts_with("postgresql://")) {
            let scheme = text.split_once("://").map_or("no scheme", |(scheme, _)| scheme);
            return Err(bad(format!("it starts with {scheme:?}, not with postgres://")));
        }
        let (head, query) = text.split_once('?').unwrap_or((text, ""));
        let (ours, theirs) = parameters(query)?;
        let rebuilt = if theirs.is_empty() { head.to_owned() } else { format!("{head}?{theirs}") };
        // The library's own words may repeat a part of the URL: only its kind of complaint is told.
        let mut config: Config = rebuilt.parse().map_err(|error| bad(complaint(&error)))?;
        let verify = ours.verify(&mut config)?;
        if config.get_connect_timeout().is_none() {
            config.connect_timeout(CONNECT);
        }
        config.tcp_user_timeout(ours.unacknowledged.unwrap_or(UNACKNOWLEDGED));
        if !query.contains("keepalives_idle") {
            config.keepalives_idle(SILENT);
        }
        if config.get_application_name().is_none() {
            config.application_name("andon");
        }
        if config.get_password().is_none()
            && let Some(password) = ours.password(&config)?
        {
            config.password(password);
        }
        let shown = shown(&config);
        Ok(Self {
            config,
            verify,
            roots: ours.roots,
            prepared: ours.prepared.unwrap_or(true),
            connections: ours.connections.unwrap_or(16).max(2),
            shown,
        })
    }
}

fn bad(reason: impl Into<String>) -> DbError {
    DbError::Url(reason.into())
}

fn complaint(error: &tokio_postgres::Error) -> String {
    use std::error::Error as _;
    error.source().map_or_else(|| error.to_string(), ToString::to_string)
}

/// Splits the parameters into ours and the library's.
fn parameters(query: &str) -> Result<(Ours, String), DbError> {
    let mut ours = Ours::default();
    let mut theirs = Vec::new();
    for pair in query.split('&').filter(|pair| !pair.is_empty()) {
        let (key, raw) = pair.split_once('=').unwrap_or((pair, ""));
        let value = decoded(raw)?;
        match key {
            "sslmode" => ours.sslmode = Some(value),
            "sslrootcert" => ours.roots = Some(PathBuf::from(value)),
            "passfile" => ours.passfile = Some(PathBuf::from(value)),
            "password_file" => ours.password_file = Some(PathBuf::from(value)),
            "prepared" => ours.prepared = Some(flag(key, &value)?),
            "connections" => ours.connections = Some(number(key, &value)? as usize),
            "tcp_user_timeout" => {
                ours.unacknowledged = Some(Duration::from_millis(u64::from(number(key, &value)?)));
            }
            "keepalives_count" => theirs.push(format!("keepalives_retries={raw}")),
            "target_session_attrs" if value == "primary" => {
                theirs.push("target_session_attrs=read-write".to_owned());
            }
            "fallback_application_name" | "gssencmode" | "krbsrvname" | "client_encoding" => {}
            _ => theirs.push(pair.to_owned()),
        }
    }
    Ok((ours, theirs.join("&")))
}

fn flag(key: &str, value: &str) -> Result<bool, DbError> {
    match value {
        "true" | "1" | "on" => Ok(true),
        "false" | "0" | "off" => Ok(false),
        _ => Err(bad(format!("{key} is {value:?}; true or false was expected"))),
    }
}

fn number(key: &str, value: &str) -> Result<u32, DbError> {
    value.parse().map_err(|_| bad(format!("{key} is {value:?}; a number was expected")))
}

fn decoded(raw: &str) -> Result<String, DbError> {
    let mut bytes = Vec::with_capacity(raw.len());
    let mut rest = raw.bytes();
    while let Some(byte) = rest.next() {
        if byte != b'%' {
            bytes.push(byte);
            continue;
        }
        let digits = [rest.next().unwrap_or(b'?'), rest.next().unwrap_or(b'?')];
        let value = std::str::from_utf8(&digits).ok().and_then(|hex| u8::from_str_radix(hex, 16).ok());
        bytes.push(value.ok_or_else(|| bad("a `%` is not followed by two hexadecimal digits"))?);
    }
    String::from_utf8(bytes).map_err(|_| bad("a parameter is not UTF-8"))
}

impl Ours {
    /// What is checked of the server's certificate, told to the library too. Sockets of this host need none.
    fn verify(&self, config: &mut Config) -> Result<Verify, DbError> {
        let local = config.get_hosts().iter().all(|host| matches!(host, Host::Unix(_)));
        let mode = self.sslmode.as_deref().unwrap_or("prefer");
        let (theirs, verify) = match mode {
            "disable" | "allow" => (SslMode::Disable, Verify::Nothing),
            "prefer" => (SslMode::Prefer, Verify::Nothing),
            // As libpq has it: with certificates of authorities named, they are asked.
            "require" if self.roots.is_some() => (SslMode::Require, Verify::Authority),
            "require" => (SslMode::Require, Verify::Nothing),
            "verify-ca" => (SslMode::Require, Verify::Authority),
            "verify-full" => (SslMode::Require, Verify::AuthorityAndName),
            other => {
                let known = "disable, prefer, require, verify-ca or verify-full";
                return Err(bad(format!("sslmode is {other:?}; {known} was expected")));
            }
        };
        config.ssl_mode(if local { SslMode::Disable } else { theirs });
        Ok(verify)
    }

    fn password(&self, config: &Config) -> Result<Option<String>, DbError> {
        if let Some(path) = &self.password_file {
            return passfile::whole(path).map(Some);
        }
        let home = || Some(PathBuf::from(std::env::var_os("HOME")?).join(".pgpass"));
        let path = self.passfile.clone().or_else(|| std::env::var_os("PGPASSFILE").map(PathBuf::from));
        let Some(path) = path.or_else(home) else { return Ok(None) };
        let user = config.get_user().unwrap_or_default();
        let dbname = config.get_dbname().unwrap_or(user);
        Ok(config.get_hosts().iter().enumerate().find_map(|(index, host)| {
            let host = match host {
                Host::Tcp(name) => name.as_str(),
                Host::Unix(_) => "localhost",
            };
            passfile::find(&path, &Wanted { host, port: port(config, index), dbname, user })
        }))
    }
}

/// The port of the host at `index`: one for all, or one for each.
fn port(config: &Config, index: usize) -> u16 {
    let ports = config.get_ports();
    ports.get(index).or(ports.first()).copied().unwrap_or(5432)
}

fn shown(config: &Config) -> String {
    let user = config.get_user().map(|user| format!("{user}@")).unwrap_or_default();
    let hosts = config.get_hosts().iter().enumerate().map(|(index, host)| match host {
        Host::Tcp(name) => format!("{name}:{}", port(config, index)),
        Host::Unix(path) => format!("{}:{}", path.display(), port(config, index)),
    });
    let hosts = hosts.collect::<Vec<_>>().join(",");
    format!("postgres://{user}{hosts}/{}", config.get_dbname().unwrap_or_default())
}

impl DatabaseUrl {
    /// How a board of this database is named in messages.
    pub(super) fn name_of(&self, schema: &str) -> PathBuf {
        Path::new(&format!("{}#{schema}", self.shown)).to_owned()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn url(text: &str) -> Result<DatabaseUrl, String> {
        text.parse::<DatabaseUrl>().map_err(|error| error.to_string())
    }

    #[test]
    fn the_password_is_never_shown() {
        let url = url("postgres://ada:s3cret%21@db1:5433,db2/andon?sslmode=require").unwrap();
        assert_eq!(url.config.get_password(), Some(b"s3cret!".as_slice()));
        assert_eq!(url.to_string(), "postgres://ada@db1:5433,db2:5432/andon");
        assert!(!format!("{url:?} {:?}", url.config).contains("s3cret"));
        for wrong in [
            "postgres://ada:s3cret@db:x/andon",
            "postgres://ada:s3cret@db/andon?sslmode=maybe",
            "mysql://ada:s3cret@db",
        ] {
            let error = wrong.parse::<DatabaseUrl>().unwrap_err().to_string();
            assert!(!error.contains("s3cret") && !error.contains('\n'), "{error}");
        }
    }

    #[test]
    fn parameters_of_libpq_are_read() {
        let url = url(
            "postgresql:///andon?host=/run/postgresql&port=5434&user=ada&connect_timeout=3&application_name=x\
             &keepalives_count=4&target_session_attrs=primary&options=-c%20work_mem%3D8MB&prepared=false\
             &tcp_user_timeout=1500&connections=7",
        )
        .unwrap();
        assert_eq!(url.config.get_ports(), [5434]);
        assert_eq!(url.config.get_hosts(), [Host::Unix("/run/postgresql".into())]);
        assert_eq!(url.config.get_options(), Some("-c work_mem=8MB"));
        assert_eq!(url.config.get_connect_timeout(), Some(&Duration::from_secs(3)));
        assert_eq!(url.config.get_ssl_mode(), SslMode::Disable);
        assert_eq!((url.prepared, url.connections), (false, 7));
    }

    #[test]
    fn a_password_comes_from_a_file_that_the_url_names() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("password");
        std::fs::write(&path, "from a file\n").unwrap();
        let found = url(&format!("postgres://ada@db/andon?password_file={}", path.display())).unwrap();
        assert_eq!(found.config.get_password(), Some(b"from a file".as_slice()));
        assert!(url("postgres://ada@db/andon?password_file=/nowhere").unwrap_err().contains("/nowhere"));
    }
}
