//! Password files: `~/.pgpass` with a line per server, or a file that holds nothing but the password.

use std::path::Path;

use crate::error::DbError;

/// Which password is looked for.
pub(super) struct Wanted<'a> {
    pub(super) host: &'a str,
    pub(super) port: u16,
    pub(super) dbname: &'a str,
    pub(super) user: &'a str,
}

/// The password that a file of `host:port:database:user:password` lines has. A file that others may read is not used.
pub(super) fn find(path: &Path, wanted: &Wanted<'_>) -> Option<String> {
    use std::os::unix::fs::PermissionsExt as _;
    let meta = std::fs::metadata(path).ok().filter(std::fs::Metadata::is_file)?;
    if meta.permissions().mode() & 0o077 != 0 {
        tracing::warn!(path = %path.display(), "others may read the password file: it is not used; `chmod 600` it");
        return None;
    }
    std::fs::read_to_string(path).ok()?.lines().find_map(|line| password(line, wanted))
}

fn password(line: &str, wanted: &Wanted<'_>) -> Option<String> {
    if line.starts_with('#') {
        return None;
    }
    let fields = fields(line);
    let [host, port, dbname, user, password] = fields.as_slice() else { return None };
    let port_wanted = wanted.port.to_string();
    let pairs = [(host, wanted.host), (port, &port_wanted), (dbname, wanted.dbname), (user, wanted.user)];
    let fits = pairs.iter().all(|(field, wanted)| *field == "*" || field == wanted);
    fits.then(|| password.clone())
}

/// Fields between colons; a backslash takes the next character as it is.
fn fields(line: &str) -> Vec<String> {
    let mut fields = vec![String::new()];
    let mut characters = line.chars();
    while let Some(character) = characters.next() {
        let character = match character {
            ':' if fields.len() < 5 => {
                fields.push(String::new());
                continue;
            }
            '\\' => characters.next().unwrap_or('\\'),
            other => other,
        };
        if let Some(field) = fields.last_mut() {
            field.push(character);
        }
    }
    fields
}

/// The password that is all that a file holds.
///
/// # Errors
/// When the file cannot be read.
pub(super) fn whole(path: &Path) -> Result<String, DbError> {
    let text = std::fs::read_to_string(path)
        .map_err(|error| DbError::Url(format!("its password file {}: {error}", path.display())))?;
    Ok(text.trim_end_matches(['\r', '\n']).to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_line_that_fits_gives_the_password() {
        let wanted = Wanted { host: "db", port: 5432, dbname: "andon", user: "ada" };
        assert_eq!(password("db:5432:andon:ada:a\\:b:c", &wanted).as_deref(), Some("a:b:c"));
        assert_eq!(password("*:*:*:ada:x", &wanted).as_deref(), Some("x"));
        assert_eq!(password("#*:*:*:ada:x", &wanted), None);
        assert_eq!(password("db:5433:andon:ada:x", &wanted), None);
    }

    #[test]
    fn a_file_that_others_may_read_is_not_used() {
        use std::os::unix::fs::PermissionsExt as _;
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("pgpass");
        std::fs::write(&path, "*:*:*:*:open\n").unwrap();
        let wanted = Wanted { host: "db", port: 5432, dbname: "andon", user: "ada" };
        std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o644)).unwrap();
        assert_eq!(find(&path, &wanted), None);
        std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o600)).unwrap();
        assert_eq!(find(&path, &wanted).as_deref(), Some("open"));
    }
}
