//! A task of the reference as one of ours: its fields, its workspace, and where it stands.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use andon_core::task::{Block, BlockKind, Counters, Phase, Status, TaskState, WorkspaceKind};
use andon_core::text::{TEXT_LIMIT, TITLE_LIMIT, cap_chars};
use andon_core::{Millis, TaskId};
use serde_json::Value;

use super::convert::{Changed, Convert, OldEvent};
use super::source::{Cells, Source};
use crate::sql::tasks::Task;

impl Convert<'_> {
    pub(super) fn tasks(&mut self, source: &Source) {
        let done: BTreeSet<TaskId> = source
            .tasks
            .iter()
            .filter(|cells| matches!(cells.word("status").as_deref(), Some("done" | "archived")))
            .filter_map(|cells| self.task_of(cells, "id"))
            .collect();
        let waits: BTreeSet<TaskId> = self
            .out
            .links
            .iter()
            .filter(|(parent, _)| !done.contains(parent))
            .map(|(_, child)| child.clone())
            .collect();
        let history = History::of(&self.out.events);
        let (mut keys, mut seen) = (BTreeSet::new(), BTreeSet::new());
        for cells in &source.tasks {
            let Some(id) = self.task_of(cells, "id").filter(|id| seen.insert(id.clone())) else { continue };
            let task = self.task(cells, id, &waits, &history, &mut keys);
            self.out.tasks.push(task);
        }
    }

    fn task(
        &mut self,
        cells: &Cells,
        id: TaskId,
        waits: &BTreeSet<TaskId>,
        history: &History,
        keys: &mut BTreeSet<String>,
    ) -> Task {
        let created_at = cells.time("created_at").unwrap_or(self.now);
        let assignee = self.profile(&id, "assignee", cells.word("assignee"));
        let state = self.state(cells, &id, created_at, waits.contains(&id), history);
        let (workspace_kind, workspace_path, branch) = self.workspace(cells, &id);
        let key = cells.word("idempotency_key");
        let key = key.filter(|key| {
            let free = state.status == Status::Archived || keys.insert(key.clone());
            if !free {
                self.out.changed.push(Changed::new(
                    &id,
                    "idempotency_key",
                    key,
                    "left out: another task has it",
                ));
            }
            free
        });
        let times = [state.started_at, state.completed_at, Some(created_at)];
        Task {
            title: self.title(cells, &id),
            body: self.body(cells, &id),
            assignee,
            reviewer: None,
            priority: cells.number("priority").unwrap_or(0),
            tenant: cells.word("tenant"),
            created_by: cells.word("created_by").unwrap_or_else(|| "imported".to_owned()),
            created_at,
            updated_at: times.into_iter().flatten().max().unwrap_or(created_at),
            state,
            workspace_kind,
            workspace_path,
            branch,
            model: cells.word("model_override"),
            skills: serde_json::from_value(cells.json("skills")).unwrap_or_default(),
            requires: Vec::new(),
            fresh: false,
            max_runtime: cells
                .number("max_runtime_seconds")
                .filter(|seconds| *seconds >= 0)
                .map(|seconds| seconds.saturating_mul(1_000)),
            max_retries: cells
                .number("max_retries")
                .filter(|limit| *limit >= 1)
                .map(|limit| u32::try_from(limit).unwrap_or(u32::MAX)),
            idempotency_key: key,
            session_id: cells.word("session_id"),
            goal_mode: cells.number("goal_mode").unwrap_or(0) != 0,
            goal_max_turns: cells.number("goal_max_turns").filter(|turns| *turns > 0),
            generation: 0,
            created_by_run: None,
            step_key: cells.word("current_step_key"),
            workflow_template_id: cells.word("workflow_template_id"),
            result: cells.text("result").filter(|result| !result.is_empty()),
            id,
        }
    }

    fn title(&mut self, cells: &Cells, id: &TaskId) -> String {
        let given = cells.text("title").unwrap_or_default();
        if let Ok(title) = andon_core::text::title(&given) {
            return title;
        }
        let plain: String = given.chars().map(|c| if c.is_control() { ' ' } else { c }).collect();
        let title = cap_chars(plain.trim(), TITLE_LIMIT);
        let title = if title.is_empty() { "(untitled)".to_owned() } else { title };
        self.out.changed.push(Changed::new(id, "title", &given, &cap_chars(&title, 80)));
        title
    }

    fn body(&mut self, cells: &Cells, id: &TaskId) -> Option<String> {
        let mut body = cells.text("body").filter(|body| !body.trim().is_empty())?;
        if body.len() > TEXT_LIMIT {
            let end = (0..=TEXT_LIMIT).rev().find(|end| body.is_char_boundary(*end)).unwrap_or(0);
            let now = format!("cut to {end} of its {} bytes", body.len());
            self.out.changed.push(Changed::new(id, "body", &body, &now));
            body.truncate(end);
        }
        Some(body)
    }

    fn workspace(&mut self, cells: &Cells, id: &TaskId) -> (WorkspaceKind, Option<String>, Option<String>) {
        let kind =
            cells.word("workspace_kind").and_then(|kind| kind.parse().ok()).unwrap_or(WorkspaceKind::Scratch);
        // A scratch directory of the reference is the reference's to remove: the task gets one of its own.
        let path = cells.word("workspace_path").filter(|_| kind != WorkspaceKind::Scratch).filter(|path| {
            let absolute = Path::new(path).is_absolute();
            if !absolute {
                self.out.changed.push(Changed::new(
                    id,
                    "workspace_path",
                    path,
                    "left out: it is not absolute",
                ));
            }
            absolute
        });
        let branch = cells.word("branch_name").filter(|branch| {
            let fits = kind == WorkspaceKind::Worktree
                && !branch.starts_with('-')
                && !branch.chars().any(|c| c.is_whitespace() || c.is_control());
            if !fits {
                self.out.changed.push(Changed::new(
                    id,
                    "branch",
                    branch,
                    "left out: no branch can be called so here",
                ));
            }
            fits
        });
        (kind, path, branch)
    }

    fn state(
        &mut self,
        cells: &Cells,
        id: &TaskId,
        created_at: Millis,
        waits: bool,
        history: &History,
    ) -> TaskState {
        let word = cells.word("status").unwrap_or_default();
        let known = word.parse::<Status>();
        let mut state = TaskState::new(Status::Todo);
        let forced = history.forced.contains(id.as_str());
        state.parents_waived = waits && forced;
        state.status = match &known {
            Ok(Status::Running | Status::Ready | Status::Todo) if waits && !forced => Status::Todo,
            Ok(Status::Running | Status::Ready | Status::Todo) => Status::Ready,
            Ok(status) => *status,
            Err(_) => {
                // A person looks at it before it runs.
                state.held = true;
                self.out.changed.push(Changed::new(id, "status", &word, "todo, held for a person"));
                Status::Todo
            }
        };
        if state.status == Status::Review {
            state.phase = Phase::Review;
        }
        let error = cells.word("last_failure_error").or_else(|| cells.word("last_spawn_error"));
        state.last_failure_error = error.map(|error| cap_chars(&error, 500));
        let failures = cells.first_number(&["consecutive_failures", "spawn_failures"]).unwrap_or(0).max(0);
        state.counters =
            Counters { failures: u32::try_from(failures).unwrap_or(u32::MAX), ..Counters::default() };
        if state.status == Status::Blocked {
            state.block = Some(block(id, history, &state, created_at));
        }
        state.started_at = cells.time("started_at");
        state.completed_at = cells.time("completed_at");
        if state.status == Status::Done && state.completed_at.is_none() {
            let ended =
                self.out.runs.iter().filter(|run| run.task == *id).filter_map(|run| run.ended_at).max();
            state.completed_at = Some(ended.unwrap_or(created_at));
        }
        // The reference lets the children of an archived task go on.
        state.released = state.status == Status::Archived;
        state
    }
}

/// What the event log says of blocks, since the reference has no column for it.
struct History {
    /// The newest event of each task that blocks or lets go: kind, reason, time.
    newest: BTreeMap<String, (String, String, Millis)>,
    /// Tasks that a person promoted over open parents.
    forced: BTreeSet<String>,
}

impl History {
    fn of(events: &[OldEvent]) -> Self {
        let mut history = Self { newest: BTreeMap::new(), forced: BTreeSet::new() };
        for event in events {
            let Some(task) = &event.task else { continue };
            let word = |key: &str| event.data.get(key).and_then(Value::as_str).unwrap_or_default().to_owned();
            match event.kind.as_str() {
                "blocked" | "unblocked" => {
                    history.newest.insert(task.clone(), (event.kind.clone(), word("reason"), event.at));
                }
                "gave_up" => {
                    history.newest.insert(task.clone(), (event.kind.clone(), word("error"), event.at));
                }
                "promoted_manual" if event.data.get("forced").and_then(Value::as_bool) == Some(true) => {
                    history.forced.insert(task.clone());
                }
                _ => {}
            }
        }
        history
    }
}

/// A given-up task may be revived by a parent; every other block is a person's to end.
fn block(id: &TaskId, history: &History, state: &TaskState, created_at: Millis) -> Block {
    match history.newest.get(id.as_str()) {
        Some((kind, error, at)) if kind == "gave_up" => {
            let error = Some(error.clone()).filter(|error| !error.is_empty());
            let reason = error.or_else(|| state.last_failure_error.clone()).unwrap_or_default();
            Block { kind: BlockKind::GaveUp, reason, at: *at }
        }
        Some((kind, reason, at)) if kind == "blocked" => {
            Block { kind: BlockKind::Operator, reason: reason.clone(), at: *at }
        }
        Some(_) | None => {
            let reason = "it was blocked on the board that it was imported from".to_owned();
            Block { kind: BlockKind::Operator, reason, at: created_at }
        }
    }
}
