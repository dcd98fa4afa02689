//! From the reference's rows to ours: ids, names, links, runs and what was said. Tasks have a file of their own.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use andon_core::graph::check_link;
use andon_core::run::Outcome;
use andon_core::task::Phase;
use andon_core::text::cap_chars;
use andon_core::{Millis, ProfileName, RunId, TaskId};
use serde::Serialize;
use serde_json::Value;
use sha2::{Digest, Sha256};

use super::source::{Cells, Source};
use crate::sql::attachments::Attachment;
use crate::sql::runs::{Run, Usage};
use crate::sql::tasks::Task;

/// Something that could not come as it was.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Changed {
    /// Of which task.
    pub task: String,
    /// What of it.
    pub field: &'static str,
    /// What it was, cut to 80 characters.
    pub was: String,
    /// What became of it.
    pub now: String,
}

impl Changed {
    pub(super) fn new(task: &TaskId, field: &'static str, was: &str, now: &str) -> Self {
        Self { task: task.to_string(), field, was: cap_chars(was, 80), now: now.to_owned() }
    }
}

/// A comment to be inserted.
#[derive(Clone, Debug)]
pub(super) struct OldComment {
    pub(super) task: TaskId,
    pub(super) author: String,
    pub(super) by_worker: bool,
    pub(super) body: String,
    pub(super) at: Millis,
}

/// An event to be inserted.
#[derive(Clone, Debug)]
pub(super) struct OldEvent {
    pub(super) task: Option<String>,
    pub(super) run: Option<RunId>,
    pub(super) kind: String,
    pub(super) actor: String,
    pub(super) data: Value,
    pub(super) at: Millis,
}

/// Everything, ready to be inserted.
#[derive(Clone, Debug, Default)]
pub(super) struct Bundle {
    pub(super) tasks: Vec<Task>,
    pub(super) links: Vec<(TaskId, TaskId)>,
    pub(super) runs: Vec<Run>,
    pub(super) events: Vec<OldEvent>,
    pub(super) comments: Vec<OldComment>,
    pub(super) attachments: Vec<Attachment>,
    /// Where the reference put the files of `attachments`, in their order.
    pub(super) stored: Vec<String>,
    pub(super) changed: Vec<Changed>,
}

pub(super) struct Convert<'a> {
    path: &'a Path,
    pub(super) now: Millis,
    /// The reference's task ids and ours.
    ids: BTreeMap<String, TaskId>,
    /// The reference's run ids and ours.
    run_ids: BTreeMap<String, RunId>,
    profiles: BTreeSet<String>,
    pub(super) out: Bundle,
}

/// Converts everything. Rows that belong to no task go, since nothing of ours could show them; events stay.
pub(super) fn convert(source: &Source, path: &Path, now: Millis) -> Bundle {
    let mut convert = Convert {
        path,
        now,
        ids: BTreeMap::new(),
        run_ids: BTreeMap::new(),
        profiles: BTreeSet::new(),
        out: Bundle::default(),
    };
    convert.task_ids(source);
    convert.links(source);
    convert.runs(source);
    convert.events(source);
    convert.tasks(source);
    convert.comments(source);
    convert.attachments(source);
    convert.out
}

impl Convert<'_> {
    fn hash(&self, what: &str, id: &str) -> [u8; 16] {
        let mut sum = Sha256::new();
        sum.update(self.path.as_os_str().as_encoded_bytes());
        for part in [what, id] {
            sum.update([0]);
            sum.update(part.as_bytes());
        }
        let mut bytes = [0; 16];
        bytes.copy_from_slice(&sum.finalize()[..16]);
        bytes
    }

    fn task_ids(&mut self, source: &Source) {
        let mut taken = BTreeSet::new();
        for cells in &source.tasks {
            let Some(old) = cells.word("id") else { continue };
            let id = old.parse::<TaskId>().ok().filter(|id| !taken.contains(id));
            let id = id.unwrap_or_else(|| {
                let bytes = self.hash("task", &old);
                let bits = bytes.iter().take(8).fold(0_u64, |bits, byte| bits << 8 | u64::from(*byte));
                let id = TaskId::from_bits(bits);
                self.out.changed.push(Changed::new(&id, "id", &old, id.as_str()));
                id
            });
            taken.insert(id.clone());
            self.ids.insert(old, id);
        }
    }

    pub(super) fn task_of(&self, cells: &Cells, column: &str) -> Option<TaskId> {
        self.ids.get(&cells.word(column)?).cloned()
    }

    fn links(&mut self, source: &Source) {
        let mut edges: BTreeMap<TaskId, Vec<TaskId>> = BTreeMap::new();
        for cells in &source.links {
            let (Some(parent), Some(child)) =
                (self.task_of(cells, "parent_id"), self.task_of(cells, "child_id"))
            else {
                continue;
            };
            if edges.get(&parent).is_some_and(|known| known.contains(&child)) {
                continue;
            }
            if check_link(&parent, &child, &edges).is_err() {
                let now = "left out: it would close a cycle";
                self.out.changed.push(Changed::new(&child, "link", parent.as_str(), now));
                continue;
            }
            edges.entry(parent.clone()).or_default().push(child.clone());
            self.out.links.push((parent, child));
        }
    }

    /// The reference numbers its runs per board; ours are ULIDs that sort by time. The same run of the same file gets
    /// the same id every time.
    fn run_id(&self, old: &str, at: Millis) -> RunId {
        let bytes = self.hash("run", old);
        let chance = bytes.iter().take(10).fold(0_u128, |bits, byte| bits << 8 | u128::from(*byte));
        let text = ulid::Ulid::from_parts(u64::try_from(at.0).unwrap_or(0), chance).to_string();
        match text.parse() {
            Ok(id) => id,
            Err(_) => unreachable!("a ULID is a run id"),
        }
    }

    fn runs(&mut self, source: &Source) {
        let mut attempts: BTreeMap<TaskId, u32> = BTreeMap::new();
        for (index, cells) in source.runs.iter().enumerate() {
            let Some(task) = self.task_of(cells, "task_id") else { continue };
            let old = cells.word("id").unwrap_or_else(|| format!("row {index}"));
            let started_at = cells.time("started_at").or_else(|| cells.time("ended_at")).unwrap_or(self.now);
            let id = self.run_id(&old, started_at);
            let ended_at = cells.time("ended_at");
            let outcome = match ended_at {
                // Whoever held it works for the reference, not for this board.
                None => Outcome::Reclaimed,
                Some(_) => outcome(cells),
            };
            let ended_at = ended_at.unwrap_or(self.now).max(started_at);
            let attempt = attempts.entry(task.clone()).or_default();
            *attempt += 1;
            let profile = self.profile(&task, "profile", cells.word("profile"));
            self.run_ids.insert(old, id.clone());
            self.out.runs.push(Run {
                id,
                task,
                attempt: *attempt,
                kind: Phase::Work,
                profile,
                host: None,
                by_hand: false,
                // No secret has this checksum: an imported run can never be claimed to be one's own.
                token_hash: "imported".to_owned(),
                started_at,
                spawned_at: None,
                ended_at: Some(ended_at),
                ended_by_self: false,
                reaped_at: Some(ended_at),
                outcome: Some(outcome),
                exit_code: None,
                signal: None,
                summary: cells.word("summary"),
                metadata: cells.json("metadata"),
                error: cells.word("error"),
                fingerprint: None,
                workspace_path: None,
                usage: Usage::default(),
            });
        }
    }

    fn events(&mut self, source: &Source) {
        for cells in &source.events {
            let Some(kind) = cells.word("kind") else { continue };
            let kind = match kind.as_str() {
                "ready" => "promoted".to_owned(),
                "priority" => "reprioritized".to_owned(),
                "spawn_auto_blocked" => "gave_up".to_owned(),
                _ => kind,
            };
            let data = cells.json("payload");
            let named = ["actor", "by", "author"].iter().find_map(|key| data.get(key)?.as_str());
            let old = cells.word("task_id");
            let event = OldEvent {
                task: old.map(|old| self.ids.get(&old).map_or(old, ToString::to_string)),
                run: cells.word("run_id").and_then(|run| self.run_ids.get(&run).cloned()),
                actor: named.filter(|name| !name.trim().is_empty()).unwrap_or("imported").to_owned(),
                kind,
                data,
                at: cells.time("created_at").unwrap_or(self.now),
            };
            self.out.events.push(event);
        }
    }

    fn comments(&mut self, source: &Source) {
        for cells in &source.comments {
            let Some(task) = self.task_of(cells, "task_id") else { continue };
            let author = cells.word("author").unwrap_or_else(|| "unknown".to_owned());
            let comment = OldComment {
                task,
                by_worker: self.profiles.contains(&author.to_lowercase()),
                author,
                body: cells.text("body").unwrap_or_default(),
                at: cells.time("created_at").unwrap_or(self.now),
            };
            self.out.comments.push(comment);
        }
    }

    fn attachments(&mut self, source: &Source) {
        let mut taken: BTreeSet<(TaskId, String)> = BTreeSet::new();
        for (index, cells) in source.attachments.iter().enumerate() {
            let Some(task) = self.task_of(cells, "task_id") else { continue };
            let given = cells.word("filename").unwrap_or_default();
            let clean =
                crate::files::clean_name(&given).unwrap_or_else(|_| format!("attachment-{}", index + 1));
            let mut name = clean.clone();
            let mut count = 1;
            while !taken.insert((task.clone(), name.clone())) {
                count += 1;
                name = format!("{count}-{clean}");
            }
            self.out.stored.push(cells.text("stored_path").unwrap_or_default());
            self.out.attachments.push(Attachment {
                id: 0,
                path: format!("{task}/missing-{name}"),
                content_type: cells
                    .word("content_type")
                    .or_else(|| crate::files::content_type(&name).map(str::to_owned)),
                task,
                name,
                size: cells.number("size").unwrap_or(0).max(0),
                sha256: String::new(),
                run: None,
                added_by: cells.word("uploaded_by").unwrap_or_else(|| "imported".to_owned()),
                created_at: cells.time("created_at").unwrap_or(self.now),
            });
        }
    }

    /// A profile's name as ours: the whitelist's characters, or the nearest to them, and told.
    pub(super) fn profile(
        &mut self,
        task: &TaskId,
        field: &'static str,
        given: Option<String>,
    ) -> Option<ProfileName> {
        let given = given?;
        let name = given.parse::<ProfileName>().or_else(|_| {
            let tame: String = given
                .to_lowercase()
                .chars()
                .map(|c| if c.is_ascii_lowercase() || c.is_ascii_digit() || c == '_' { c } else { '-' })
                .collect();
            let tame = tame.trim_matches(|c| c == '-' || c == '_');
            cap_chars(tame, 64).parse::<ProfileName>()
        });
        let name = name.ok();
        let now = name.as_ref().map_or("nobody", ProfileName::as_str);
        if given.to_lowercase() != now {
            let change = Changed::new(task, field, &given, now);
            if !self.out.changed.contains(&change) {
                self.out.changed.push(change);
            }
        }
        if let Some(name) = &name {
            self.profiles.insert(name.to_string());
        }
        name
    }
}

fn outcome(cells: &Cells) -> Outcome {
    let word = cells.word("outcome").or_else(|| cells.word("status")).unwrap_or_default();
    match word.as_str() {
        "done" => Outcome::Completed,
        "gave_up" => Outcome::Crashed,
        other => other.parse().unwrap_or(Outcome::Reclaimed),
    }
}
