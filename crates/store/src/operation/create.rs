//! Create a task (ST-01..04): title, assignee, workspace, skills and parents are validated in one transaction; the
//! idempotency key is unique, so that two racing creators get the same task.

use andon_core::notice::ChannelName;
use andon_core::roster::Roster;
use andon_core::task::{Actor, EventKind, Initial, Refusal, WorkspaceKind, place_new};
use andon_core::{Millis, Policy, ProfileName, TaskId, text};
use serde_json::json;

use super::subscribe::subscribe_new;
use crate::caller::{Caller, authorise};
use crate::error::OpError;
use crate::sql::events::{self, NewEvent};
use crate::sql::links;
use crate::sql::runs::Run;
use crate::sql::tasks::{self, Task};
use crate::tx::{Lock, Operation, Reach, Tx, first};
use crate::vals;

/// Where a new task starts.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum Start {
    /// As its parents and its time allow.
    #[default]
    Normal,
    /// As an idea.
    Triage,
    /// Blocked by its creator.
    Blocked(String),
}

/// What a task is created from. Blank texts count as none.
#[derive(Clone, Debug, Default, PartialEq)]
#[expect(missing_docs, reason = "the fields are those of Task")]
pub struct NewTask {
    pub title: String,
    pub body: Option<String>,
    pub assignee: Option<ProfileName>,
    pub reviewer: Option<ProfileName>,
    pub parents: Vec<TaskId>,
    pub priority: i64,
    pub tenant: Option<String>,
    pub workspace_kind: Option<WorkspaceKind>,
    pub workspace_path: Option<String>,
    pub branch: Option<String>,
    pub model: Option<String>,
    pub skills: Vec<String>,
    pub requires: Vec<String>,
    pub max_runtime: Option<i64>,
    pub max_retries: Option<u32>,
    pub idempotency_key: Option<String>,
    pub session_id: Option<String>,
    pub goal_mode: bool,
    pub goal_max_turns: Option<i64>,
    pub start: Start,
    pub at: Option<Millis>,
    pub held: bool,
    pub step_key: Option<String>,
    pub workflow_template_id: Option<String>,
    pub notify: Vec<ChannelName>,
}

/// Creates a task.
#[derive(Clone, Debug)]
pub struct Create {
    /// What.
    pub task: NewTask,
    /// By whom.
    pub caller: Caller,
    /// Who can be an assignee.
    pub roster: Roster,
    /// The board's default directory for `dir` and `worktree` (ST-04).
    pub default_workdir: Option<String>,
    /// Limits.
    pub policy: Policy,
}

/// The task, and whether it was there already under its idempotency key.
#[derive(Clone, Debug, PartialEq)]
pub struct Created {
    /// The task.
    pub task: Task,
    /// Whether this call created it.
    pub new: bool,
}

impl Operation for Create {
    type Reply = Created;

    fn reach(&self) -> Reach {
        Reach::Tasks(self.task.parents.clone())
    }

    async fn apply<T: Tx>(&self, tx: &mut T) -> Result<Created, OpError> {
        let by = authorise(tx, &self.caller, None, "create a task from").await?;
        if let Some(key) = self.task.idempotency_key.as_deref().filter(|key| !key.trim().is_empty())
            && let Some(task) = tasks::by_idempotency_key(tx, key.trim()).await?
        {
            return Ok(Created { task, new: false });
        }
        let generation = match &by {
            Some(run) => self.generation(tx, run).await?,
            None => 0,
        };
        let open_parents = self.open_parents(tx).await?;
        let mut task = self.build(tx, open_parents)?;
        task.generation = generation;
        task.created_by_run = by.map(|run| run.id.to_string());
        self.insert(tx, &mut task).await?;
        Ok(Created { task, new: true })
    }
}

impl Create {
    /// A worker's children are counted and their generations bounded.
    async fn generation<T: Tx>(&self, tx: &mut T, run: &Run) -> Result<u32, OpError> {
        let parent = tasks::get(tx, &run.task).await?;
        let generation = parent.generation.saturating_add(1);
        if generation > self.policy.max_generations {
            return Err(Refusal::TooDeep { limit: self.policy.max_generations }.into());
        }
        let made = first(tx, "select count(*) from tasks where created_by_run = $1", vals![&run.id]).await?;
        let made = made.map_or(Ok(0), |mut row| row.count())?;
        let own = run.profile.as_ref().and_then(|profile| self.roster.profiles.get(profile));
        let limit =
            own.map_or(self.policy.max_children, |facts| facts.max_children.min(self.policy.max_children));
        if made >= limit {
            return Err(Refusal::TooManyChildren { run: run.id.clone(), limit }.into());
        }
        Ok(generation)
    }

    async fn open_parents<T: Tx>(&self, tx: &mut T) -> Result<u32, OpError> {
        tx.lock(Lock::Parents(self.task.parents.clone())).await?;
        let mut unknown = Vec::new();
        let mut open = 0;
        for parent in &self.task.parents {
            match tasks::peek(tx, parent).await? {
                None => unknown.push(parent.to_string()),
                Some(parent) if !parent.state.satisfied() => open += 1,
                Some(_) => {}
            }
        }
        if unknown.is_empty() { Ok(open) } else { Err(Refusal::UnknownParents(unknown).into()) }
    }

    fn build<T: Tx>(&self, tx: &mut T, open_parents: u32) -> Result<Task, OpError> {
        let new = &self.task;
        if let Some(assignee) = &new.assignee {
            self.roster.assignable(assignee, &self.caller.actor)?;
        }
        if let Some(reviewer) = &new.reviewer {
            self.roster.get(reviewer)?;
        }
        let skills = text::skills(new.skills.iter().map(String::as_str))?;
        if let Some(assignee) = &new.assignee {
            self.roster.check_skills(assignee, &skills)?;
        }
        if let Some(body) = &new.body {
            text::body("body", body)?;
        }
        let (kind, path) = self.workspace()?;
        let now = tx.now();
        let initial = Initial {
            triage: new.start == Start::Triage,
            blocked: match &new.start {
                Start::Blocked(reason) => Some(reason.clone()),
                Start::Normal | Start::Triage => None,
            },
            at: new.at,
            held: new.held,
        };
        let filled = |text: &Option<String>| {
            text.as_deref().map(str::trim).filter(|t| !t.is_empty()).map(str::to_owned)
        };
        Ok(Task {
            id: TaskId::from_bits(tx.bits()),
            title: text::title(&new.title)?,
            body: new.body.clone().filter(|body| !body.trim().is_empty()),
            assignee: new.assignee.clone(),
            reviewer: new.reviewer.clone(),
            state: place_new(&initial, open_parents, now),
            priority: new.priority,
            tenant: filled(&new.tenant),
            created_by: self.caller.actor.to_string(),
            created_at: now,
            updated_at: now,
            workspace_kind: kind,
            workspace_path: path,
            branch: filled(&new.branch),
            model: filled(&new.model),
            skills,
            requires: text::labels(new.requires.iter().map(String::as_str))?,
            fresh: false,
            max_runtime: new.max_runtime,
            max_retries: new.max_retries,
            idempotency_key: filled(&new.idempotency_key),
            session_id: filled(&new.session_id),
            goal_mode: new.goal_mode,
            goal_max_turns: new.goal_max_turns,
            generation: 0,
            created_by_run: None,
            step_key: filled(&new.step_key),
            workflow_template_id: filled(&new.workflow_template_id),
            result: None,
        })
    }

    fn workspace(&self) -> Result<(WorkspaceKind, Option<String>), OpError> {
        let kind = self.task.workspace_kind.unwrap_or(WorkspaceKind::Scratch);
        let path = match kind {
            WorkspaceKind::Scratch => self.task.workspace_path.clone(),
            WorkspaceKind::Dir | WorkspaceKind::Worktree => {
                self.task.workspace_path.clone().or_else(|| self.default_workdir.clone())
            }
        };
        check_workspace(kind, path.as_deref(), self.task.branch.as_deref())?;
        Ok((kind, path))
    }

    async fn insert<T: Tx>(&self, tx: &mut T, task: &mut Task) -> Result<(), OpError> {
        while tasks::exists(tx, task.id.as_str()).await? {
            task.id = TaskId::from_bits(tx.bits());
        }
        tasks::insert(tx, task).await?;
        for parent in &self.task.parents {
            links::add(tx, parent, &task.id).await?;
        }
        let data = json!({
            "title": task.title, "assignee": task.assignee, "status": task.state.status,
            "parents": self.task.parents, "tenant": task.tenant, "branch": task.branch, "skills": task.skills,
        });
        append(tx, task, EventKind::Created, &self.caller.actor, data).await?;
        for channel in &self.task.notify {
            subscribe_new(tx, &task.id, channel, &self.caller).await?;
        }
        Ok(())
    }
}

/// Rules of workspaces that need no look at the disk: absolute paths only (SEC-02), a branch only for a worktree.
pub(crate) fn check_workspace(
    kind: WorkspaceKind,
    path: Option<&str>,
    branch: Option<&str>,
) -> Result<(), Refusal> {
    if let Some(path) = path {
        if !path.starts_with('/') || path.contains('\0') {
            return Err(Refusal::invalid("workspace path", path, "it must be absolute"));
        }
        if path.split('/').any(|part| part == "..") {
            return Err(Refusal::invalid("workspace path", path, "it must not contain `..`"));
        }
    } else if kind == WorkspaceKind::Dir {
        return Err(Refusal::invalid("workspace", "dir", "it needs a path: `dir:<absolute path>`"));
    }
    if let Some(branch) = branch {
        if kind != WorkspaceKind::Worktree {
            return Err(Refusal::invalid(
                "branch",
                branch,
                "only a worktree has a branch: `--workspace worktree`",
            ));
        }
        if branch.starts_with('-')
            || branch.is_empty()
            || branch.chars().any(|c| c.is_whitespace() || c.is_control())
        {
            return Err(Refusal::invalid(
                "branch",
                branch,
                "it must not start with `-` nor contain white space",
            ));
        }
    }
    Ok(())
}

/// One event about a task.
pub(crate) async fn append<T: Tx>(
    tx: &mut T,
    task: &Task,
    kind: EventKind,
    actor: &Actor,
    data: serde_json::Value,
) -> Result<(), OpError> {
    let run = actor.run().cloned();
    let event = NewEvent { task: Some(task.id.clone()), run, kind, actor: actor.to_string(), data };
    Ok(events::append(tx, &event).await?)
}

/// The board's default assignee, applied to a ready task that nobody has.
pub(crate) async fn apply_default_assignee<T: Tx>(
    tx: &mut T,
    id: &TaskId,
    assignee: &ProfileName,
) -> Result<(), OpError> {
    let Some(mut task) = tasks::find(tx, id).await? else { return Ok(()) };
    task.assignee = Some(assignee.clone());
    tasks::save_fields(tx, &task).await?;
    let data = json!({ "assignee": assignee, "source": "default_assignee" });
    append(tx, &task, EventKind::Assigned, &Actor::System, data).await
}
