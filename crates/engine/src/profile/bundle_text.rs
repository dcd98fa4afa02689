//! A profile as one portable TOML file: settings, instructions, and skills with all their files.
//!
//! ```toml
//! andon_profile = 1
//! name = "coder"
//! instructions = """…"""
//!
//! [profile]
//! runner = "command"
//!
//! [skills.git]
//! "SKILL.md" = """…"""
//! "scripts/log.sh" = { text = "…", executable = true }
//! "logo.png" = { hex = "8950…" }
//! ```

use std::path::Path;

use toml_edit::{DocumentMut, InlineTable, Item, Table, TableLike, Value, value};

use crate::config::Problems;
use crate::config::schema::Reader;
use crate::runner::Runners;

use super::bundle::{Content, Files, bad_package, check_size, collect, is_inside};
use super::error::ProfileError;
use super::folder::Profiles;
use super::name::is_skill_name;
use super::settings::Settings;

/// The version of the format, which a reader must know.
const VERSION: i64 = 1;
const KEYS: [&str; 5] = ["andon_profile", "name", "instructions", "profile", "skills"];

/// A profile of the home as one portable file. Variables of `env` whose names look like secrets are left out, and a comment at
/// the top says so.
///
/// # Errors
///
/// [`ProfileError`] when there is no such profile, or one of its files cannot be read.
pub fn export(home: &Path, name: &str) -> Result<String, ProfileError> {
    let profile = Profiles::load_one(home, name)?;
    let files = collect(&profile.folder, true)?;
    let mut head = String::from("# A profile of Andon. `andon profile install <this file>` installs it.\n");
    let mut document = DocumentMut::new();
    document["andon_profile"] = value(VERSION);
    document["name"] = value(profile.name.as_str());
    let mut skills = Table::new();
    skills.set_implicit(true);
    for (path, content) in &files {
        match path.as_str() {
            "profile.toml" => {
                let text = String::from_utf8_lossy(&content.bytes);
                document["profile"] = Item::Table(settings_table(&profile.folder, &text, &mut head)?);
            }
            "instructions.md" => {
                document["instructions"] = value(String::from_utf8_lossy(&content.bytes).into_owned());
            }
            skill_file => {
                if let Some((skill, inner)) =
                    skill_file.strip_prefix("skills/").and_then(|rest| rest.split_once('/'))
                    && is_skill_name(skill)
                {
                    skills.entry(skill).or_insert(Item::Table(Table::new()))[inner] = written(content);
                }
            }
        }
    }
    if !skills.is_empty() {
        document["skills"] = Item::Table(skills);
    }
    Ok(format!("{head}{document}"))
}

fn settings_table(folder: &Path, text: &str, head: &mut String) -> Result<Table, ProfileError> {
    let parsed = text.parse::<DocumentMut>();
    let mut table = parsed.map_err(|error| bad_package(folder, error.message()))?.into_table();
    if let Some(env) = table.get_mut("env").and_then(Item::as_table_like_mut) {
        let names: Vec<String> = env.iter().map(|(name, _)| name.to_owned()).collect();
        for name in names.iter().filter(|name| looks_secret(name)) {
            env.remove(name);
            head.push_str(&format!(
                "# The variable {name} is left out, for its name looks like a secret: pass it with env_pass, or set it after installing.\n"
            ));
        }
    }
    renumber(&mut table);
    Ok(table)
}

/// Forgets where tables stood in their own file: in the new one they follow their parent.
fn renumber(table: &mut Table) {
    table.set_position(None);
    table.set_implicit(false);
    table.decor_mut().set_prefix("\n");
    for (_, item) in table.iter_mut() {
        if let Item::Table(inner) = item
            && !inner.is_dotted()
        {
            renumber(inner);
        }
    }
}

fn looks_secret(name: &str) -> bool {
    const WORDS: [&str; 8] =
        ["KEY", "APIKEY", "TOKEN", "SECRET", "PASSWORD", "PASSWD", "CREDENTIAL", "CREDENTIALS"];
    name.to_uppercase().split('_').any(|word| WORDS.contains(&word))
}

fn written(content: &Content) -> Item {
    let text = std::str::from_utf8(&content.bytes);
    if let Ok(text) = text
        && !content.executable
    {
        return value(text);
    }
    let mut table = InlineTable::new();
    match text {
        Ok(text) => table.insert("text", Value::from(text)),
        Err(_) => table.insert("hex", Value::from(to_hex(&content.bytes))),
    };
    if content.executable {
        table.insert("executable", Value::from(true));
    }
    Item::Value(Value::InlineTable(table))
}

/// The name and the files of a portable file. `origin` is for messages.
pub(crate) fn parse(origin: &Path, text: &str, runners: &Runners) -> Result<(String, Files), ProfileError> {
    let mut reader = Reader::new(origin, text);
    let Some(document) = reader.parse() else {
        return Err(ProfileError::Invalid(Problems(reader.problems)));
    };
    check_head(origin, document.as_table())?;
    let Some(settings) = document.get("profile").and_then(Item::as_table_like) else {
        return Err(bad_package(origin, "the table [profile] is missing"));
    };
    Settings::read_table(&mut reader, settings, runners);
    if !reader.problems.is_empty() {
        return Err(ProfileError::Invalid(Problems(reader.problems)));
    }
    let mut files = Files::new();
    if let Some(instructions) = document.get("instructions") {
        let text =
            instructions.as_str().ok_or_else(|| bad_package(origin, "`instructions` must be a text"))?;
        files.insert("instructions.md".to_owned(), Content::text(text.to_owned()));
    }
    if let Some(skills) = document.get("skills") {
        read_skills(origin, skills, &mut files)?;
    }
    let name = document.get("name").and_then(Item::as_str).unwrap_or_default().to_owned();
    let mut own = document.into_mut();
    files.insert("profile.toml".to_owned(), Content::text(settings_text(&mut own)));
    check_size(&files, origin)?;
    Ok((name, files))
}

fn settings_text(document: &mut DocumentMut) -> String {
    let mut own = DocumentMut::new();
    match document.remove("profile") {
        Some(Item::Table(mut table)) => {
            renumber(&mut table);
            *own.as_table_mut() = table;
        }
        Some(Item::Value(Value::InlineTable(table))) => *own.as_table_mut() = table.into_table(),
        Some(Item::Value(_) | Item::ArrayOfTables(_) | Item::None) | None => {}
    }
    own.as_table_mut().decor_mut().set_prefix("");
    own.to_string()
}

fn check_head(origin: &Path, table: &Table) -> Result<(), ProfileError> {
    if let Some((key, _)) = table.iter().find(|(key, _)| !KEYS.contains(key)) {
        let message = crate::config::schema::unknown_key(key, KEYS.into_iter()).0;
        return Err(bad_package(origin, message));
    }
    match table.get("andon_profile").map(Item::as_integer) {
        Some(Some(VERSION)) => {}
        None => {
            let reason = "this is no profile of Andon: it does not say andon_profile = 1";
            return Err(bad_package(origin, reason));
        }
        Some(_) => {
            let reason = format!(
                "this version of Andon reads andon_profile = {VERSION} alone; the file is of another"
            );
            return Err(bad_package(origin, reason));
        }
    }
    if table.get("name").is_some_and(|name| name.as_str().is_none()) {
        return Err(bad_package(origin, "`name` must be a text"));
    }
    Ok(())
}

fn read_skills(origin: &Path, item: &Item, files: &mut Files) -> Result<(), ProfileError> {
    let skills = item.as_table_like().ok_or_else(|| bad_package(origin, "`skills` must be a table"))?;
    for (skill, item) in skills.iter() {
        if !is_skill_name(skill) {
            return Err(bad_package(origin, format!("{skill:?} is no skill's name")));
        }
        let inner = item
            .as_table_like()
            .ok_or_else(|| bad_package(origin, format!("`skills.{skill}` must be a table of files")))?;
        for (path, item) in inner.iter() {
            let whole = format!("skills/{skill}/{path}");
            if !is_inside(&whole) || path.split('/').any(|part| part.starts_with('.') || part.is_empty()) {
                return Err(bad_package(origin, format!("{path:?} is no path inside of a skill")));
            }
            let content = read_content(item).ok_or_else(|| {
                let reason =
                    format!("{path:?} of skill `{skill}` must be a text, {{ text = … }} or {{ hex = … }}");
                bad_package(origin, reason)
            })?;
            files.insert(whole, content);
        }
    }
    Ok(())
}

fn read_content(item: &Item) -> Option<Content> {
    if let Some(text) = item.as_str() {
        return Some(Content::text(text.to_owned()));
    }
    let table: &dyn TableLike = item.as_table_like()?;
    let executable = table.get("executable").map_or(Some(false), Item::as_bool)?;
    let bytes = match (table.get("text"), table.get("hex")) {
        (Some(text), None) => text.as_str()?.as_bytes().to_vec(),
        (None, Some(hex)) => from_hex(hex.as_str()?)?,
        (Some(_), Some(_)) | (None, None) => return None,
    };
    Some(Content { bytes, executable })
}

fn to_hex(bytes: &[u8]) -> String {
    const DIGITS: &[u8; 16] = b"0123456789abcdef";
    let digit = |nibble: u8| char::from(DIGITS[usize::from(nibble)]);
    bytes.iter().flat_map(|byte| [digit(byte >> 4), digit(byte & 15)]).collect()
}

fn from_hex(text: &str) -> Option<Vec<u8>> {
    let digits: Option<Vec<u32>> = text.chars().map(|digit| digit.to_digit(16)).collect();
    let digits = digits?;
    if digits.len() % 2 != 0 {
        return None;
    }
    digits.chunks(2).map(|pair| u8::try_from(pair[0] * 16 + pair[1]).ok()).collect()
}
