//! Tasks: lists, one task, its comments and links.

use andon_api::{
    Cards, Column, Columns, Comment, Comments, Deleted, NewComment, NewLink, NewTask, Shown, Task,
    TaskChanges, Tasks,
};
use andon_core::TaskId;
use andon_core::task::{Refusal, Status};
use andon_engine::workspace::validate_branch;
use andon_store::operation as op;
use andon_store::operation::Start;
use andon_store::query;
use andon_store::query::{BriefOf, CardPage, CardsOf, ColumnsOf, Key, Order, Show, TaskPage, Wanted};
use axum::http::{HeaderMap, HeaderValue, StatusCode, header};
use axum::response::{IntoResponse as _, Response};
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use utoipa::IntoParams;

use super::super::body::{Answer, Asked, Body, task};
use super::super::context::{OnBoard, OnTask, of_task};
use super::super::failure::Failure;
use super::super::limits::{IDS, PAGE};
use super::super::replay;
use super::super::work;
use super::Problems;
use super::insight;
use crate::shape;

/// Which tasks are wanted, and in which order.
#[derive(Debug, Default, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
#[serde(deny_unknown_fields)]
pub(crate) struct List {
    /// Of these statuses, separated by commas; all that are not archived where it is left out.
    status: Option<String>,
    /// Of this assignee; an empty one is nobody.
    assignee: Option<String>,
    /// Of this tenant.
    tenant: Option<String>,
    /// With this text in title, body, id or reason of the block.
    q: Option<String>,
    /// Of this template of a workflow.
    workflow_template_id: Option<String>,
    /// At this step of it.
    step_key: Option<String>,
    /// priority, priority-asc, created, created-desc, updated or title.
    sort: Option<String>,
    /// At most so many, 1 to 1000.
    #[param(minimum = 1, maximum = 1000)]
    limit: Option<u32>,
    /// Go on where an earlier page ended.
    cursor: Option<String>,
    /// Only these tasks, separated by commas, at most 500; all else but the ids is left out of account.
    ids: Option<String>,
}

/// Which columns are wanted.
#[derive(Debug, Default, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
#[serde(deny_unknown_fields)]
pub(crate) struct BoardView {
    /// At most so many cards of each column, 0 to 1000.
    #[param(minimum = 0, maximum = 1000)]
    limit: Option<u32>,
    /// Of this assignee; an empty one is nobody.
    assignee: Option<String>,
    /// Of this tenant.
    tenant: Option<String>,
    /// With this text in title, body, id or reason of the block.
    q: Option<String>,
    /// Of this template of a workflow.
    workflow_template_id: Option<String>,
    /// At this step of it.
    step_key: Option<String>,
    /// The archived ones too.
    #[serde(default)]
    archived: bool,
}

const HEX: &[u8; 16] = b"0123456789abcdef";

/// A place as clients hand it back: nothing that they need to understand.
pub(super) fn opaque(key: &impl Serialize) -> String {
    let text = serde_json::to_vec(key).unwrap_or_default();
    text.iter()
        .flat_map(|byte| [HEX[usize::from(byte >> 4)], HEX[usize::from(byte & 15)]])
        .map(char::from)
        .collect()
}

/// A place that a client hands back.
pub(super) fn place<K: DeserializeOwned>(text: &str) -> Result<K, Failure> {
    let bad = || Failure::new("bad_cursor", "the cursor is none that an earlier page gave", None);
    if text.len() > 4_096 || !text.len().is_multiple_of(2) || !text.is_ascii() {
        return Err(bad());
    }
    let digits = (0..text.len()).step_by(2).map(|at| u8::from_str_radix(&text[at..at + 2], 16));
    let bytes = digits.collect::<Result<Vec<u8>, _>>().map_err(|_| bad())?;
    serde_json::from_slice(&bytes).map_err(|_| bad())
}

impl List {
    fn wanted(&self) -> Result<Wanted, Failure> {
        let mut statuses = Vec::new();
        let names = self.status.as_deref().unwrap_or_default();
        for name in names.split(',').map(str::trim).filter(|name| !name.is_empty()) {
            let status = name.parse::<Status>().map_err(|_| {
                let known: Vec<&str> = Status::ALL.iter().map(|status| status.as_str()).collect();
                Refusal::invalid("status", name, format!("it is one of {}", known.join(", ")))
            })?;
            statuses.push(status);
        }
        Ok(Wanted {
            statuses,
            assignee: self.assignee.clone(),
            tenant: self.tenant.clone(),
            text: self.q.clone(),
            template: self.workflow_template_id.clone(),
            step: self.step_key.clone(),
        })
    }

    fn order(&self) -> Result<Order, Failure> {
        let name = self.sort.as_deref().unwrap_or("priority");
        let found = Order::NAMES.iter().find(|(known, _)| *known == name);
        found.map(|(_, order)| *order).ok_or_else(|| {
            let known: Vec<&str> = Order::NAMES.iter().map(|(known, _)| *known).collect();
            Refusal::invalid("sort", name, format!("it is one of {}", known.join(", "))).into()
        })
    }

    fn after(&self, order: Order) -> Result<Option<Key>, Failure> {
        let Some(text) = self.cursor.as_deref().filter(|text| !text.is_empty()) else { return Ok(None) };
        let key: Key = place(text)?;
        if key.order() != order {
            return Err(Failure::new("bad_cursor", "the cursor belongs to another order", None));
        }
        Ok(Some(key))
    }

    fn limit(&self, usual: u32) -> Result<u32, Failure> {
        match self.limit.unwrap_or(usual) {
            limit @ 1..=PAGE => Ok(limit),
            other => Err(Refusal::invalid("limit", &other.to_string(), format!("it is 1 to {PAGE}")).into()),
        }
    }

    fn ids(&self) -> Result<Option<Vec<TaskId>>, Failure> {
        let Some(text) = &self.ids else { return Ok(None) };
        let names = text.split(',').map(str::trim).filter(|name| !name.is_empty());
        let ids = names.map(task).collect::<Result<Vec<_>, _>>()?;
        if ids.len() > IDS {
            let rule = format!("at most {IDS} tasks are named");
            return Err(Refusal::invalid("ids", &ids.len().to_string(), rule).into());
        }
        Ok(Some(ids))
    }
}

/// The columns of a board, the first cards of each.
#[utoipa::path(get, path = "/boards/{board}/columns", tag = "tasks", params(("board" = String, Path), BoardView),
    responses((status = 200, body = Columns, description = "The board at one moment"), Problems))]
pub(crate) async fn columns(at: OnBoard, Asked(view): Asked<BoardView>) -> Result<Answer<Columns>, Failure> {
    let statuses = if view.archived { Status::ALL.to_vec() } else { Vec::new() };
    let wanted = Wanted {
        statuses,
        assignee: view.assignee,
        tenant: view.tenant,
        text: view.q,
        template: view.workflow_template_id,
        step: view.step_key,
    };
    let limit = view.limit.unwrap_or(30).min(PAGE);
    let found = at.ask(ColumnsOf { wanted, limit }).await?;
    let column = |column: query::Column| {
        let last = column.cards.last().filter(|_| column.more);
        let next = last.map(|card| opaque(&card.key(Order::Priority)));
        let cards = column.cards.into_iter().map(shape::card).collect();
        Column { status: column.status, count: column.count, cards, next }
    };
    Ok(Answer(Columns {
        board: at.board.slug().clone(),
        columns: found.columns.into_iter().map(column).collect(),
        tenants: found.tenants,
        assignees: shape::assignees(found.assignees, &at.rules.profiles),
        paused: found.pauses.iter().map(shape::pause).collect(),
        cursor: found.cursor.to_string(),
        now: found.now.into(),
    }))
}

/// A page of cards.
#[utoipa::path(get, path = "/boards/{board}/cards", tag = "tasks", params(("board" = String, Path), List),
    responses((status = 200, body = Cards, description = "Cards"), Problems))]
pub(crate) async fn cards(at: OnBoard, Asked(list): Asked<List>) -> Result<Answer<Cards>, Failure> {
    if let Some(tasks) = list.ids()? {
        let cards = at.ask(CardsOf { tasks }).await?;
        return Ok(Answer(Cards { cards: cards.into_iter().map(shape::card).collect(), next: None }));
    }
    let order = list.order()?;
    let page = CardPage { wanted: list.wanted()?, order, after: list.after(order)?, limit: list.limit(100)? };
    let (cards, more) = at.ask(page).await?;
    let next = cards.last().filter(|_| more).map(|card| opaque(&card.key(order)));
    Ok(Answer(Cards { cards: cards.into_iter().map(shape::card).collect(), next }))
}

/// A page of tasks.
#[utoipa::path(get, path = "/boards/{board}/tasks", tag = "tasks", params(("board" = String, Path), List),
    responses((status = 200, body = Tasks, description = "Tasks"), Problems))]
pub(crate) async fn list(at: OnBoard, Asked(list): Asked<List>) -> Result<Answer<Tasks>, Failure> {
    if let Some(ids) = list.ids()? {
        let mut tasks = Vec::new();
        for id in ids {
            tasks.push(at.task(&id).await?);
        }
        return Ok(Answer(Tasks { tasks, next: None }));
    }
    let order = list.order()?;
    let page = TaskPage { wanted: list.wanted()?, order, after: list.after(order)?, limit: list.limit(100)? };
    let (found, more) = at.ask(page).await?;
    let next = found.last().filter(|_| more).map(|(task, _, _)| {
        opaque(&Key::of(order, &task.id, &task.title, task.priority, task.created_at, task.updated_at))
    });
    let tasks = found.iter().map(|(task, parents, children)| shape::task(task, parents, children));
    Ok(Answer(Tasks { tasks: tasks.collect(), next }))
}

/// Create a task.
#[utoipa::path(post, path = "/boards/{board}/tasks", tag = "tasks", request_body = NewTask,
    params(("board" = String, Path), ("Idempotency-Key" = Option<String>, Header)),
    responses((status = 201, body = Task, description = "A new task"),
        (status = 200, body = Task, description = "The task that was there under its idempotency key"), Problems))]
pub(crate) async fn create(
    at: OnBoard,
    headers: HeaderMap,
    Body(body): Body<NewTask>,
) -> Result<Response, Failure> {
    let key = replay::key(&headers)?;
    let parents = body.parents.clone();
    let operation = op::Create {
        task: new_task(body, key)?,
        caller: at.caller(),
        roster: at.rules.roster.clone(),
        default_workdir: at.rules.file.default_workdir.clone(),
        policy: at.rules.policy.clone(),
    };
    let created = at.change(operation).await?;
    let (status, task) = match created.new {
        true => (StatusCode::CREATED, shape::task(&created.task, &parents, &[])),
        false => (StatusCode::OK, at.task(&created.task.id).await?),
    };
    let mut response = of_task(status, &task);
    let address = format!("/api/v1/boards/{}/tasks/{}", at.board.slug(), task.id);
    if let Ok(address) = HeaderValue::from_str(&address) {
        response.headers_mut().insert(header::LOCATION, address);
    }
    Ok(response)
}

fn new_task(body: NewTask, key: Option<String>) -> Result<op::NewTask, Failure> {
    work::check_limits(body.max_runtime, body.max_retries, body.goal_max_turns)?;
    if let Some(branch) = &body.branch {
        validate_branch(branch).map_err(|error| Refusal::invalid("branch", branch, error.to_string()))?;
    }
    let at = match &body.at {
        Some(at) => Some(at.millis().ok_or_else(|| work::not_a_time(at.as_str()))?),
        None => None,
    };
    let start = match (body.triage, body.blocked) {
        (true, _) => Start::Triage,
        (false, Some(reason)) => Start::Blocked(reason),
        (false, None) => Start::Normal,
    };
    Ok(op::NewTask {
        title: body.title,
        body: body.body,
        assignee: body.assignee,
        reviewer: body.reviewer,
        parents: body.parents,
        priority: body.priority,
        tenant: body.tenant,
        workspace_kind: body.workspace_kind,
        workspace_path: body.workspace_path,
        branch: body.branch,
        model: body.model,
        skills: body.skills,
        requires: body.requires,
        max_runtime: body.max_runtime,
        max_retries: body.max_retries,
        idempotency_key: body.idempotency_key.or(key),
        session_id: body.session_id,
        goal_mode: body.goal_mode,
        goal_max_turns: body.goal_max_turns,
        start,
        at,
        held: body.held,
        step_key: body.step_key,
        workflow_template_id: body.workflow_template_id,
        notify: Vec::new(),
    })
}

/// How many comments and events are wanted.
#[derive(Debug, Default, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
#[serde(deny_unknown_fields)]
pub(crate) struct Newest {
    /// The newest so many, at most 10000.
    #[param(minimum = 1, maximum = 10000)]
    limit: Option<u32>,
}

impl Newest {
    /// The number, within what is borne.
    pub(crate) fn limit(&self, usual: u32) -> u32 {
        self.limit.unwrap_or(usual).clamp(1, 10_000)
    }
}

/// Everything about a task.
#[utoipa::path(get, path = "/boards/{board}/tasks/{task}", tag = "tasks",
    params(("board" = String, Path), ("task" = String, Path), Newest),
    responses((status = 200, body = Shown, description = "The task with all that belongs to it"), Problems))]
pub(crate) async fn show(at: OnTask, Asked(newest): Asked<Newest>) -> Result<Response, Failure> {
    let on = &at.on;
    let shown = on.ask(Show { task: at.task.clone(), limit: newest.limit(200) }).await?;
    let mut beside = shown.parents.clone();
    beside.extend(shown.children.iter().take(IDS).cloned());
    let brief = on.ask(BriefOf { tasks: beside }).await?;
    let refs = |ids: &[TaskId]| ids.iter().filter_map(|id| brief.get(id)).map(shape::brief).collect();
    let task = shape::task(&shown.task, &shown.parents, &shown.children);
    let whole = Shown {
        parents: refs(&shown.parents),
        children: refs(&shown.children),
        comments: shown.comments.iter().map(shape::comment).collect(),
        comment_count: shown.comment_count,
        events: shown.events.iter().map(shape::event).collect(),
        runs: shown.runs.iter().map(shape::run).collect(),
        attachments: shown.attachments.iter().map(shape::attachment).collect(),
        latest_summary: shown.latest_summary().map(str::to_owned),
        diagnostics: insight::of_task(on, &at.task).await?,
        why: insight::reasons(on, &at.task).await?,
        lease: shown.lease.as_ref().map(shape::lease),
        last_outcome: shown.runs.iter().rev().find_map(|run| run.outcome),
        task,
    };
    let mut response = of_task(StatusCode::OK, &whole.task);
    let tag = response.headers_mut().remove(header::ETAG);
    let mut response = axum::Json(whole).into_response();
    if let Some(tag) = tag {
        response.headers_mut().insert(header::ETAG, tag);
    }
    Ok(response)
}

/// Change a task; with `If-Match`, only as it was read.
#[utoipa::path(patch, path = "/boards/{board}/tasks/{task}", tag = "tasks", request_body = TaskChanges,
    params(("board" = String, Path), ("task" = String, Path), ("If-Match" = Option<String>, Header)),
    responses((status = 200, body = Task, description = "The task afterwards"), Problems))]
pub(crate) async fn patch(
    at: OnTask,
    headers: HeaderMap,
    Body(changes): Body<TaskChanges>,
) -> Result<Response, Failure> {
    let expected = headers.get(header::IF_MATCH).and_then(|tag| tag.to_str().ok()).map(str::to_owned);
    Box::pin(work::edit(&at.on, &at.task, changes, expected)).await?;
    at.answer().await
}

/// What becomes of those who wait.
#[derive(Debug, Default, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
#[serde(deny_unknown_fields)]
pub(crate) struct Release {
    /// Whether unfinished tasks that wait for it go on without it; they are held for a person where it is false.
    release: Option<bool>,
}

/// Delete a task with all that belongs to it.
#[utoipa::path(delete, path = "/boards/{board}/tasks/{task}", tag = "tasks",
    params(("board" = String, Path), ("task" = String, Path), Release),
    responses((status = 200, body = Deleted, description = "It is gone"), Problems))]
pub(crate) async fn delete(at: OnTask, Asked(release): Asked<Release>) -> Result<Answer<Deleted>, Failure> {
    let kept = work::delete(&at.on, &at.task, release.release).await?;
    Ok(Answer(Deleted { task_id: at.task, deleted: true, kept }))
}

/// The comments of a task.
#[utoipa::path(get, path = "/boards/{board}/tasks/{task}/comments", tag = "tasks",
    params(("board" = String, Path), ("task" = String, Path), Newest),
    responses((status = 200, body = Comments, description = "The newest, oldest of them first"), Problems))]
pub(crate) async fn comments(at: OnTask, Asked(newest): Asked<Newest>) -> Result<Answer<Comments>, Failure> {
    let shown = at.on.ask(Show { task: at.task.clone(), limit: newest.limit(1_000) }).await?;
    let comments = shown.comments.iter().map(shape::comment).collect();
    Ok(Answer(Comments { comments, total: shown.comment_count }))
}

/// Comment on a task.
#[utoipa::path(post, path = "/boards/{board}/tasks/{task}/comments", tag = "tasks", request_body = NewComment,
    params(("board" = String, Path), ("task" = String, Path)),
    responses((status = 201, body = Comment, description = "The comment"), Problems))]
pub(crate) async fn comment(at: OnTask, Body(body): Body<NewComment>) -> Result<Response, Failure> {
    let add = op::AddComment {
        task: at.task.clone(),
        body: body.body,
        caller: at.on.caller(),
        policy: at.on.rules.policy.clone(),
    };
    let id = at.on.change(add).await?;
    let shown = at.on.ask(Show { task: at.task.clone(), limit: 1_000 }).await?;
    let made = shown.comments.iter().find(|comment| comment.id == id).map(shape::comment);
    let made = made.ok_or_else(|| Failure::new("not_found", "the comment is gone already", None))?;
    Ok((StatusCode::CREATED, axum::Json(made)).into_response())
}

/// Make a task wait for another; gives the one that waits.
#[utoipa::path(post, path = "/boards/{board}/links", tag = "tasks", request_body = NewLink,
    params(("board" = String, Path)),
    responses((status = 200, body = Task, description = "The task that waits"), Problems))]
pub(crate) async fn link(at: OnBoard, Body(body): Body<NewLink>) -> Result<Response, Failure> {
    let (caller, policy) = (at.caller(), at.rules.policy.clone());
    at.change(op::Link { parent: body.parent, child: body.child.clone(), caller, policy }).await?;
    Ok(of_task(StatusCode::OK, &at.task(&body.child).await?))
}

/// Which dependency.
#[derive(Debug, Default, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
#[serde(deny_unknown_fields)]
pub(crate) struct WhichLink {
    /// Who must finish first.
    #[serde(default)]
    #[param(required = true)]
    parent: String,
    /// Who waits.
    #[serde(default)]
    #[param(required = true)]
    child: String,
}

/// Take a dependency away; gives the task that waited.
#[utoipa::path(delete, path = "/boards/{board}/links", tag = "tasks", params(("board" = String, Path), WhichLink),
    responses((status = 200, body = Task, description = "The task that waited"), Problems))]
pub(crate) async fn unlink(at: OnBoard, Asked(which): Asked<WhichLink>) -> Result<Response, Failure> {
    let (parent, child) = (task(&which.parent)?, task(&which.child)?);
    let (caller, policy) = (at.caller(), at.rules.policy.clone());
    at.change(op::Unlink { parent, child: child.clone(), caller, policy }).await?;
    Ok(of_task(StatusCode::OK, &at.task(&child).await?))
}
