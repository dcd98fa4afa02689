//! The import as a whole: read, convert, bring the files, insert; into a new board or one that is there.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use andon_core::{BoardSlug, ProfileName};

use super::super::arrive;
use super::super::error::{MaintenanceError, io};
use super::super::snapshot::{parent, sync_folder};
use super::convert::{Bundle, Changed, convert};
use super::insert::{Conflicts, Insert};
use super::source;
use crate::board::Mode;
use crate::board_file::BoardFile;
use crate::doorbell::Doorbell;
use crate::error::OpError;
use crate::home::{Home, make_parts};
use crate::sqlite::{self, Direct, Flavour};

/// How to import.
#[derive(Clone, Debug, Default)]
pub struct ImportOptions {
    /// The profiles of this host; assignees that are none of them are told.
    pub known_profiles: Option<BTreeSet<ProfileName>>,
    /// What a new board's folder says of it.
    pub file: BoardFile,
}

/// What was imported.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Imported {
    /// Whether the board is new.
    pub new: bool,
    /// Tasks.
    pub tasks: usize,
    /// Links.
    pub links: usize,
    /// Runs.
    pub runs: usize,
    /// Events.
    pub events: usize,
    /// Comments.
    pub comments: usize,
    /// Attachments, and how many of them came with their file.
    pub attachments: usize,
    /// Attachments whose file came too.
    pub files: usize,
    /// What had to be changed.
    pub changed: Vec<Changed>,
    /// Assignees that are no profile of this host.
    pub unknown_profiles: Vec<String>,
}

/// Imports the reference's board at `path` into a board, new or existing.
///
/// # Errors
/// `bad_source`, `already_imported`, or the database's refusal. Nothing has been changed then.
pub fn import(
    home: &Home,
    slug: &BoardSlug,
    path: &Path,
    options: &ImportOptions,
) -> Result<Imported, MaintenanceError> {
    let read = source::read(path)?;
    let mut bundle = convert(&read, path, home.world().now());
    let unknown_profiles = options.known_profiles.as_ref().map_or_else(Vec::new, |known| {
        let named: BTreeSet<&ProfileName> =
            bundle.tasks.iter().filter_map(|task| task.assignee.as_ref()).collect();
        named.into_iter().filter(|name| !known.contains(name)).map(ToString::to_string).collect()
    });
    let new = !home.try_exists(slug)?;
    let folder = home.board_folder(slug);
    let mut imported = if new {
        let draft = home.boards_folder().join(format!("_importing-{:016x}", home.world().bits()));
        let made = into_new(home, slug, &draft, &folder, path, &mut bundle, options);
        made.inspect_err(|_| {
            let _ = std::fs::remove_dir_all(&draft);
        })?
    } else {
        into_existing(home, slug, path, &mut bundle)?
    };
    imported.new = new;
    imported.changed = bundle.changed;
    imported.unknown_profiles = unknown_profiles;
    Ok(imported)
}

fn counts(bundle: &Bundle, files: usize) -> Imported {
    Imported {
        tasks: bundle.tasks.len(),
        links: bundle.links.len(),
        runs: bundle.runs.len(),
        events: bundle.events.len(),
        comments: bundle.comments.len(),
        attachments: bundle.attachments.len(),
        files,
        ..Imported::default()
    }
}

/// A whole board is built out of sight, then gets its name.
fn into_new(
    home: &Home,
    slug: &BoardSlug,
    draft: &Path,
    folder: &Path,
    path: &Path,
    bundle: &mut Bundle,
    options: &ImportOptions,
) -> Result<Imported, MaintenanceError> {
    for part in ["workspaces", "logs", "attachments", "wake", "exits"] {
        let path = draft.join(part);
        std::fs::create_dir_all(&path).map_err(io(&path))?;
    }
    let identity = format!("{:016x}{:016x}", home.world().bits(), home.world().bits());
    let live = draft.join("board.db");
    sqlite::create(&live, &identity, home.world().as_ref())?;
    let files = bring_files(draft, path, bundle)?;
    let imported = counts(bundle, files);
    let nobody = Doorbell::new(draft.join("wake"));
    let direct = Direct::new(&live, Some(&identity), Flavour::Short, Arc::clone(home.world()), nobody);
    direct.run(&Insert { bundle: Arc::new(bundle.clone()), from: path.display().to_string() })?;
    direct.close_idle();
    let created_at = Some(andon_core::context::rfc3339(home.world().now()));
    let described = BoardFile { identity: Some(identity), created_at, ..options.file.clone() };
    if let Some(server) = home.server() {
        let arriving = arrive::load(server, slug, &described, &live)?;
        make_parts(folder)?;
        let brought = crate::files::copy_missing(&draft.join("attachments"), &folder.join("attachments"));
        crate::crash::point("import_before_name");
        let listed = brought.and_then(|_| Ok(server.list(&arriving, false, None)?));
        listed.inspect_err(|_| server.dismiss(&arriving))?;
        std::fs::remove_dir_all(draft).map_err(io(draft))?;
        home.furnish(&home.listed(server, slug)?)?;
        return Ok(imported);
    }
    described.write(draft)?;
    sync_folder(draft)?;
    crate::crash::point("import_before_name");
    // An empty folder may lie in the way; anything in it is kept, and the import refused.
    let _ = std::fs::remove_dir(folder);
    std::fs::rename(draft, folder).map_err(io(folder))?;
    sync_folder(&home.boards_folder())?;
    Ok(imported)
}

/// One transaction on the board that is there.
fn into_existing(
    home: &Home,
    slug: &BoardSlug,
    path: &Path,
    bundle: &mut Bundle,
) -> Result<Imported, MaintenanceError> {
    let board = home.open(slug, Mode::Short)?;
    let ids = bundle.tasks.iter().map(|task| task.id.clone()).collect();
    let taken = futures::executor::block_on(board.run(Conflicts { ids }))?;
    if let Some(first) = taken.first() {
        let first = first.to_string();
        return Err(MaintenanceError::AlreadyImported { path: path.to_owned(), first, count: taken.len() });
    }
    let files = bring_files(board.folder(), path, bundle)?;
    let imported = counts(bundle, files);
    let insert = Insert { bundle: Arc::new(bundle.clone()), from: path.display().to_string() };
    let done: Result<_, OpError> = futures::executor::block_on(board.run(insert));
    if done.is_err() {
        for attachment in &bundle.attachments {
            crate::files::remove(board.folder(), &attachment.path);
        }
    }
    done?;
    Ok(imported)
}

/// Copies the attachments' files that are there; the others keep their rows.
fn bring_files(board: &Path, source: &Path, bundle: &mut Bundle) -> Result<usize, MaintenanceError> {
    let mut files = 0;
    for (attachment, stored) in bundle.attachments.iter_mut().zip(&bundle.stored) {
        let found = places(source, attachment.task.as_str(), stored).into_iter().find(|path| path.is_file());
        let Some(mut file) = found.and_then(|path| std::fs::File::open(path).ok()) else {
            bundle.changed.push(Changed::new(
                &attachment.task,
                "attachment",
                &attachment.name,
                "its file is not there",
            ));
            continue;
        };
        match crate::files::store(board, &attachment.task, &attachment.name, &mut file) {
            Ok(stored) => {
                attachment.path = stored.path;
                attachment.size = i64::try_from(stored.size).unwrap_or(i64::MAX);
                attachment.sha256 = stored.sha256;
                files += 1;
            }
            Err(MaintenanceError::Op(error)) => {
                let why = error.to_string();
                bundle.changed.push(Changed::new(&attachment.task, "attachment", &attachment.name, &why));
            }
            Err(error) => return Err(error),
        }
    }
    Ok(files)
}

/// Where the reference may have put a file: as its row says, or below the database after a move.
fn places(source: &Path, task: &str, stored: &str) -> Vec<PathBuf> {
    let folder = parent(source);
    let name = Path::new(stored).file_name().unwrap_or_default();
    vec![
        folder.join(stored),
        folder.join("attachments").join(task).join(name),
        folder.join("kanban").join("attachments").join(task).join(name),
    ]
}
