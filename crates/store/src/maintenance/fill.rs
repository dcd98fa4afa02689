//! Fills a board with tasks to measure on: in slices, so that no other writer waits long.

use andon_core::task::{EventKind, Refusal, Status, TaskState, WorkspaceKind};
use andon_core::{ProfileName, TaskId};
use serde_json::json;

use crate::error::OpError;
use crate::sql::events::{self, NewEvent};
use crate::sql::links;
use crate::sql::tasks::{self, Task};
use crate::tx::{Class, Lock, Operation, Ring, Tx, first};
use crate::vals;

/// Tasks in one slice.
pub const FILL_SLICE: u32 = 500;

/// Creates one slice of tasks.
#[derive(Clone, Debug)]
pub struct Fill {
    /// How many, at most [`FILL_SLICE`].
    pub count: u32,
    /// The number of the first, for its title.
    pub from: u32,
    /// As children of this task.
    pub parent: Option<TaskId>,
    /// For whom.
    pub assignee: Option<ProfileName>,
    /// `ready`, or `todo` held for a person. Children of an open parent wait in any case.
    pub ready: bool,
}

impl Operation for Fill {
    type Reply = Vec<TaskId>;

    fn class(&self) -> Class {
        Class::Bulk
    }

    async fn apply<T: Tx>(&self, tx: &mut T) -> Result<Vec<TaskId>, OpError> {
        let mut waits = false;
        if let Some(parent) = &self.parent {
            tx.lock(Lock::Graph).await?;
            let row = first(tx, "select satisfied from tasks where id = $1", vals![parent]).await?;
            let Some(mut row) = row else {
                return Err(Refusal::UnknownParents(vec![parent.to_string()]).into());
            };
            waits = !row.flag()?;
        }
        let mut state = TaskState::new(if waits || !self.ready { Status::Todo } else { Status::Ready });
        state.held = !waits && !self.ready;
        let now = tx.now();
        let mut ids = Vec::new();
        for number in 0..self.count.min(FILL_SLICE) {
            let mut id = TaskId::from_bits(tx.bits());
            while tasks::exists(tx, id.as_str()).await? {
                id = TaskId::from_bits(tx.bits());
            }
            let task = Task {
                id: id.clone(),
                title: format!("task {}", self.from.saturating_add(number)),
                body: Some("true".to_owned()),
                assignee: self.assignee.clone(),
                reviewer: None,
                state: state.clone(),
                priority: 0,
                tenant: None,
                created_by: "bench".to_owned(),
                created_at: now,
                updated_at: now,
                workspace_kind: WorkspaceKind::Scratch,
                workspace_path: None,
                branch: None,
                model: None,
                skills: Vec::new(),
                requires: Vec::new(),
                fresh: false,
                max_runtime: None,
                max_retries: None,
                idempotency_key: None,
                session_id: None,
                goal_mode: false,
                goal_max_turns: None,
                generation: 0,
                created_by_run: None,
                step_key: None,
                workflow_template_id: None,
                result: None,
            };
            tasks::insert(tx, &task).await?;
            if let Some(parent) = &self.parent {
                links::add(tx, parent, &id).await?;
            }
            let event = NewEvent {
                task: Some(id.clone()),
                run: None,
                kind: EventKind::Created,
                actor: "bench".to_owned(),
                data: json!({ "status": state.status, "assignee": self.assignee }),
            };
            events::append(tx, &event).await?;
            ids.push(id);
        }
        tx.ring(Ring::Board);
        Ok(ids)
    }
}
