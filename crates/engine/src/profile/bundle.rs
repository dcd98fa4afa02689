//! Profiles from elsewhere: installing a package, which is one file or a folder.

use std::collections::BTreeMap;
use std::fs;
use std::io;
use std::path::{Component, Path, PathBuf};

use andon_core::ProfileName;
use andon_core::nearest::nearest;

use crate::config::{read_bytes, read_text};
use crate::runner::Runners;

use super::bundle_text;
use super::error::ProfileError;
use super::files::{failed, sibling, sync_folder, write_new};
use super::folder::{LARGEST_TEXT, Profiles, own_skills};
use super::kinds::Runner;
use super::name::{check_name, is_skill_name};
use super::settings::Settings;

/// No package is larger, in bytes.
const LARGEST_PACKAGE: u64 = 16 << 20;
/// No package has more files.
const MOST_FILES: usize = 1_000;
/// No folder of a package lies deeper.
const DEEPEST: usize = 8;

/// Where a profile to be installed comes from.
#[derive(Clone, Copy, Debug)]
pub enum Package<'a> {
    /// The text of a portable file.
    Text {
        /// The text.
        text: &'a str,
        /// What to call it in messages.
        origin: &'a str,
    },
    /// A portable file, or a folder with a `profile.toml`.
    Path(&'a Path),
}

/// One file of a profile.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Content {
    pub(crate) bytes: Vec<u8>,
    pub(crate) executable: bool,
}

impl Content {
    pub(crate) fn text(text: String) -> Self {
        Self { bytes: text.into_bytes(), executable: false }
    }
}

/// The files of a profile by their path in its folder, with `/` between parts.
pub(crate) type Files = BTreeMap<String, Content>;

/// Installs a profile. It is called `name`, else as its package says, else as its folder. Once it returns, the profile is there
/// as a whole and durable.
///
/// # Errors
///
/// [`ProfileError`], `profile_exists` among them unless `overwrite` is given; nothing has been changed.
pub fn install(
    home: &Path,
    package: Package<'_>,
    name: Option<&str>,
    overwrite: bool,
) -> Result<ProfileName, ProfileError> {
    let runners = Runners::load(home);
    let (own_name, files) = match package {
        Package::Text { text, origin } => bundle_text::parse(Path::new(origin), text, &runners)?,
        Package::Path(path) if path.is_dir() => (folder_name(path), read_folder(path, &runners)?),
        Package::Path(path) => {
            let Some(text) = read_text(path, LARGEST_PACKAGE * 2)? else {
                return Err(bad_package(path, "there is no such file or folder"));
            };
            bundle_text::parse(path, &text, &runners)?
        }
    };
    let name = check_name(name.unwrap_or(&own_name))?;
    place_folder(home, &name, &files, overwrite)?;
    Ok(name)
}

pub(crate) fn bad_package(origin: &Path, reason: impl Into<String>) -> ProfileError {
    ProfileError::BadPackage { origin: origin.display().to_string(), reason: reason.into() }
}

fn folder_name(path: &Path) -> String {
    let whole = fs::canonicalize(path).unwrap_or_else(|_| path.to_owned());
    whole.file_name().unwrap_or_default().to_string_lossy().into_owned()
}

/// The files of a folder that is not trusted: links are refused, for they may lead anywhere.
fn read_folder(folder: &Path, runners: &Runners) -> Result<Files, ProfileError> {
    let files = collect(folder, false)?;
    let file = folder.join("profile.toml");
    let Some(settings) = files.get("profile.toml") else {
        return Err(ProfileError::Unfinished { folder: folder.to_owned() });
    };
    Settings::read(&file, &String::from_utf8_lossy(&settings.bytes), runners)
        .map_err(ProfileError::Invalid)?;
    Ok(files)
}

/// The settings, instructions and skills of a folder.
pub(crate) fn collect(folder: &Path, follow_links: bool) -> Result<Files, ProfileError> {
    let mut files = Files::new();
    for name in ["profile.toml", "instructions.md"] {
        let path = folder.join(name);
        refuse_link(&path, follow_links)?;
        if let Some(text) = read_text(&path, LARGEST_TEXT)? {
            files.insert(name.to_owned(), Content::text(text));
        }
    }
    let skills = folder.join("skills");
    refuse_link(&skills, follow_links)?;
    if skills.is_dir() {
        collect_into(&mut files, &skills, "skills", follow_links)?;
    }
    check_size(&files, folder)?;
    Ok(files)
}

fn collect_into(files: &mut Files, folder: &Path, prefix: &str, follow: bool) -> Result<(), ProfileError> {
    if prefix.split('/').count() > DEEPEST {
        return Err(bad_package(folder, format!("folders lie deeper than {DEEPEST}")));
    }
    for entry in fs::read_dir(folder).map_err(failed("list", folder))? {
        let path = entry.map_err(failed("list", folder))?.path();
        let Some(name) = path.file_name().and_then(|name| name.to_str()) else {
            return Err(bad_package(&path, "the name is no UTF-8 text"));
        };
        if name.starts_with('.') {
            continue;
        }
        refuse_link(&path, follow)?;
        let inner = format!("{prefix}/{name}");
        let found = fs::metadata(&path).map_err(failed("read", &path))?;
        if found.is_dir() {
            collect_into(files, &path, &inner, follow)?;
        } else if let Some(bytes) = read_bytes(&path, LARGEST_PACKAGE)? {
            files.insert(inner, Content { bytes, executable: is_executable(&found) });
            check_size(files, folder)?;
        }
    }
    Ok(())
}

fn refuse_link(path: &Path, follow: bool) -> Result<(), ProfileError> {
    let is_link = !follow && fs::symlink_metadata(path).is_ok_and(|found| found.is_symlink());
    if is_link { Err(bad_package(path, "a link is not installed: copy what it points to")) } else { Ok(()) }
}

#[cfg(unix)]
fn is_executable(found: &fs::Metadata) -> bool {
    use std::os::unix::fs::PermissionsExt as _;
    found.permissions().mode() & 0o100 != 0
}

#[cfg(not(unix))]
fn is_executable(_: &fs::Metadata) -> bool {
    false
}

pub(crate) fn check_size(files: &Files, origin: &Path) -> Result<(), ProfileError> {
    let size: u64 = files.values().map(|content| content.bytes.len() as u64).sum();
    if files.len() > MOST_FILES || size > LARGEST_PACKAGE {
        let reason = format!("a profile has at most {MOST_FILES} files and {LARGEST_PACKAGE} bytes");
        return Err(bad_package(origin, reason));
    }
    Ok(())
}

/// Whether a path from a package stays inside of its folder.
pub(crate) fn is_inside(path: &str) -> bool {
    let mut parts = Path::new(path).components();
    !path.is_empty()
        && !path.contains(['\0', '\\'])
        && !path.ends_with('/')
        && path.split('/').count() <= DEEPEST
        && parts.all(|part| matches!(part, Component::Normal(_)))
}

/// Puts a profile's folder in its place as a whole.
pub(crate) fn place_folder(
    home: &Path,
    name: &ProfileName,
    files: &Files,
    overwrite: bool,
) -> Result<(), ProfileError> {
    let profiles = Profiles::folder(home);
    let target = profiles.join(name.as_str());
    check_files(home, name, &target, files)?;
    fs::create_dir_all(&profiles).map_err(failed("create", &profiles))?;
    let occupied = fs::symlink_metadata(&target).is_ok();
    if occupied && !overwrite {
        return Err(ProfileError::Exists { name: name.to_string() });
    }
    let fresh = sibling(&target, "new");
    let placed = write_folder(&fresh, files)
        .and_then(|()| if occupied { exchange(&fresh, &target) } else { rename_new(&fresh, &target, name) });
    // What is left under the temporary name is the old folder, or what could not be placed.
    let leftover = match fs::symlink_metadata(&fresh) {
        Ok(found) if found.is_dir() => fs::remove_dir_all(&fresh),
        Ok(_) => fs::remove_file(&fresh),
        Err(_) => Ok(()),
    };
    placed?;
    sync_folder(&profiles)?;
    leftover.map_err(failed("remove", &fresh))
}

fn check_files(home: &Path, name: &ProfileName, target: &Path, files: &Files) -> Result<(), ProfileError> {
    let file = target.join("profile.toml");
    let Some(text) = files.get("profile.toml") else {
        return Err(ProfileError::Unfinished { folder: target.to_owned() });
    };
    let runners = Runners::load(home);
    let settings = Settings::read(&file, &String::from_utf8_lossy(&text.bytes), &runners)
        .map_err(ProfileError::Invalid)?;
    let skill_of = |path: &str| -> Option<String> {
        let name = path.strip_prefix("skills/")?.strip_suffix("/SKILL.md")?;
        is_skill_name(name).then(|| name.to_owned())
    };
    let mut skills: Vec<String> = files.keys().filter_map(|path| skill_of(path)).collect();
    if let Some(Runner::Preset(runner)) = &settings.runner
        && let Some(preset) = runners.get(runner)
    {
        skills.extend(own_skills(&preset, name));
    }
    match settings.skills.into_iter().find(|skill| !skills.contains(skill)) {
        None => Ok(()),
        Some(skill) => {
            let nearest =
                nearest(&skill, skills.iter().map(String::as_str)).first().map(|&name| name.to_owned());
            Err(ProfileError::MissingSkill { file, skill, nearest })
        }
    }
}

fn write_folder(folder: &Path, files: &Files) -> Result<(), ProfileError> {
    fs::create_dir(folder).map_err(failed("create", folder))?;
    let mut folders: Vec<PathBuf> = vec![folder.to_owned()];
    for (path, content) in files {
        let path = folder.join(path);
        if let Some(parent) = path.parent()
            && !folders.iter().any(|known| known == parent)
        {
            fs::create_dir_all(parent).map_err(failed("create", parent))?;
            // Every level is new, and each holds a name that must last.
            let levels = parent.ancestors().take_while(|level| *level != folder);
            folders.extend(levels.map(Path::to_owned));
        }
        write_new(&path, &content.bytes, content.executable)?;
    }
    folders.iter().try_for_each(|folder| sync_folder(folder))
}

fn rename_new(fresh: &Path, target: &Path, name: &ProfileName) -> Result<(), ProfileError> {
    fs::rename(fresh, target).map_err(|error| match error.kind() {
        // Another process was faster.
        io::ErrorKind::AlreadyExists | io::ErrorKind::DirectoryNotEmpty | io::ErrorKind::NotADirectory => {
            ProfileError::Exists { name: name.to_string() }
        }
        _ => failed("create", target)(error),
    })
}

/// Swaps the two names; afterwards `fresh` names the old folder.
fn exchange(fresh: &Path, target: &Path) -> Result<(), ProfileError> {
    #[cfg(target_os = "linux")]
    {
        use rustix::fs::{CWD, RenameFlags, renameat_with};
        if renameat_with(CWD, fresh, CWD, target, RenameFlags::EXCHANGE).is_ok() {
            return Ok(());
        }
    }
    // Some file systems cannot swap: there the name is free for a moment.
    let old = sibling(target, "old");
    fs::rename(target, &old).map_err(failed("replace", target))?;
    match fs::rename(fresh, target) {
        Ok(()) => fs::rename(&old, fresh).map_err(failed("remove", &old)),
        Err(error) => {
            fs::rename(&old, target).map_err(failed("restore", target))?;
            Err(failed("replace", target)(error))
        }
    }
}
