//! What the worker's text is made of (WC-01..09): one statement per list, each with a limit.

use std::path::PathBuf;

use andon_core::context::{
    ATTEMPTS, Answer, AttachmentView, AttemptView, Author, AuthorKind, BLOCKS, COMMENTS, CommentView,
    ContextFacts, PARENTS, ParentResult, PastBlock, RECENT, RecentWork, TaskView,
};
use andon_core::run::EndsBy;
use andon_core::task::{BlockKind, Phase};
use andon_core::{ProfileName, RunId, TaskId};
use serde_json::Value;

use super::why::run_of;
use crate::error::OpError;
use crate::sql::attachments;
use crate::sql::comments;
use crate::sql::events::{self, Event};
use crate::sql::tasks::{self, Task};
use crate::tx::{Operation, Tx, first};
use crate::vals;

/// Asks for the text's facts.
#[derive(Clone, Debug)]
pub struct ContextOf {
    /// Of which task.
    pub task: TaskId,
    /// For which run; none when the reader has none.
    pub run: Option<RunId>,
    /// How that run ends.
    pub ends_by: Option<EndsBy>,
    /// How long one command of the worker may take, milliseconds.
    pub terminal_timeout: Option<i64>,
    /// The board's folder, so that attachments get absolute paths.
    pub folder: PathBuf,
}

impl Operation for ContextOf {
    type Reply = ContextFacts;
    const WRITES: bool = false;

    async fn apply<T: Tx>(&self, tx: &mut T) -> Result<ContextFacts, OpError> {
        let task = tasks::get(tx, &self.task).await?;
        let run = run_of(tx, &task.id, self.run.as_ref()).await?;
        let reader = match task.state.phase {
            Phase::Work => task.assignee.clone(),
            Phase::Review => task.reviewer.clone(),
        };
        let reader = run.as_ref().and_then(|run| run.profile.clone()).or(reader);
        let deadline = run.as_ref().and_then(|run| Some(run.started_at.plus(task.max_runtime?)));
        let (comments, comments_total) = comments::of_task(tx, &task.id, limit(COMMENTS)).await?;
        let (attempts, attempts_total) = attempts(tx, &task.id).await?;
        let (parents, parents_total) = parents(tx, &task.id).await?;
        let root = self.folder.join("attachments");
        let files = attachments::of_task(tx, &task.id).await?.into_iter().map(|file| AttachmentView {
            name: file.name,
            content_type: file.content_type.unwrap_or_else(|| "application/octet-stream".to_owned()),
            size: u64::try_from(file.size).unwrap_or(0),
            path: root.join(file.path),
        });
        Ok(ContextFacts {
            attachments: files.collect(),
            attempts,
            attempts_total,
            blocks: blocks(tx, &task.id).await?,
            parents,
            parents_total,
            recent: recent(tx, &task.id, reader.as_ref()).await?,
            comments: comments.into_iter().map(comment).collect(),
            comments_total: comments_total as usize,
            ends_by: self.ends_by.filter(|_| run.is_some()),
            task: TaskView { deadline, terminal_timeout: self.terminal_timeout, ..view(task) },
        })
    }
}

fn limit(count: usize) -> u32 {
    u32::try_from(count).unwrap_or(u32::MAX)
}

fn view(task: Task) -> TaskView {
    let kind = match &task.created_by_run {
        Some(_) => AuthorKind::Worker,
        None if task.created_by == "andon" => AuthorKind::System,
        None => AuthorKind::Person,
    };
    TaskView {
        id: task.id,
        title: task.title,
        body: task.body.unwrap_or_default(),
        assignee: task.assignee,
        created_by: Some(Author { kind, name: task.created_by }),
        status: task.state.status,
        phase: task.state.phase,
        tenant: task.tenant,
        workspace_kind: task.workspace_kind,
        workspace_path: task.workspace_path.map(PathBuf::from),
        branch: task.branch,
        model: task.model,
        max_runtime: task.max_runtime,
        terminal_timeout: None,
        deadline: None,
        skills: task.skills,
        goal_turns: task
            .goal_mode
            .then(|| task.goal_max_turns.and_then(|turns| u32::try_from(turns).ok()).unwrap_or(20)),
    }
}

fn comment(comment: comments::Comment) -> CommentView {
    let kind = match comment.author_kind.as_str() {
        "worker" => AuthorKind::Worker,
        "system" => AuthorKind::System,
        _ => AuthorKind::Person,
    };
    CommentView { by: Author { kind, name: comment.author }, at: comment.created_at, body: comment.body }
}

async fn attempts<T: Tx>(tx: &mut T, task: &TaskId) -> Result<(Vec<AttemptView>, usize), OpError> {
    let total =
        first(tx, "select count(*) from runs where task_id = $1 and ended_at is not null", vals![task])
            .await?;
    let total = total.map_or(Ok(0), |mut row| row.count())? as usize;
    let rows = tx
        .query(
            "select attempt, outcome, profile, ended_at, summary, error, metadata from runs \
             where task_id = $1 and ended_at is not null order by attempt desc limit $2",
            vals![task, limit(ATTEMPTS)],
        )
        .await?;
    let attempts = rows
        .into_iter()
        .map(|row| {
            let mut row = row.of("run");
            Ok(AttemptView {
                number: row.count()?,
                outcome: row.parse()?,
                profile: row.opt_parse()?,
                ended_at: row.at()?,
                summary: row.opt_text()?,
                error: row.opt_text()?,
                metadata: Some(row.json()?).filter(|metadata| !metadata.is_null()),
            })
        })
        .collect::<Result<Vec<_>, OpError>>()?;
    Ok((attempts, total))
}

/// What the satisfied parents handed over: the summary of the newest run that did, else the task's result.
async fn parents<T: Tx>(tx: &mut T, task: &TaskId) -> Result<(Vec<ParentResult>, usize), OpError> {
    let total = first(
        tx,
        "select count(*) from links join tasks on tasks.id = links.parent_id \
         where links.child_id = $1 and tasks.satisfied = 1",
        vals![task],
    )
    .await?;
    let total = total.map_or(Ok(0), |mut row| row.count())? as usize;
    let rows = tx
        .query(
            "select tasks.id, tasks.title, coalesce(runs.summary, tasks.result), runs.metadata \
             from links join tasks on tasks.id = links.parent_id \
             left join runs on runs.id = (select handed.id from runs handed where handed.task_id = tasks.id \
             and handed.outcome in ('completed', 'review_requested') order by handed.attempt desc limit 1) \
             where links.child_id = $1 and tasks.satisfied = 1 order by tasks.id limit $2",
            vals![task, limit(PARENTS)],
        )
        .await?;
    let parents = rows
        .into_iter()
        .map(|row| {
            let mut row = row.of("task");
            Ok(ParentResult {
                id: row.parse()?,
                title: row.text()?,
                summary: row.opt_text()?,
                metadata: Some(row.json()?).filter(|metadata| !metadata.is_null()),
            })
        })
        .collect::<Result<Vec<_>, OpError>>()?;
    Ok((parents, total))
}

async fn recent<T: Tx>(
    tx: &mut T,
    task: &TaskId,
    profile: Option<&ProfileName>,
) -> Result<Vec<RecentWork>, OpError> {
    let Some(profile) = profile else { return Ok(Vec::new()) };
    let rows = tx
        .query(
            "select tasks.id, tasks.title, runs.ended_at, runs.summary from runs join tasks on tasks.id = runs.task_id \
             where runs.profile = $1 and runs.outcome in ('completed', 'approved') and runs.task_id <> $2 \
             order by runs.ended_at desc limit $3",
            vals![profile, task, limit(RECENT)],
        )
        .await?;
    rows.into_iter()
        .map(|row| {
            let mut row = row.of("task");
            Ok(RecentWork {
                id: row.parse()?,
                title: row.text()?,
                ended_at: row.at()?,
                summary: row.opt_text()?,
            })
        })
        .collect()
}

/// Earlier blocks and what ended them, from the newest events of these kinds.
async fn blocks<T: Tx>(tx: &mut T, task: &TaskId) -> Result<Vec<PastBlock>, OpError> {
    let rows = tx
        .query(
            "select number, task_id, run_id, kind, actor, data, at from events where task_id = $1 and kind in \
             ('blocked', 'gave_up', 'stopped', 'unblocked', 'promoted_manual', 'revived', 'reopened') \
             order by number desc limit $2",
            vals![task, limit(BLOCKS) * 4],
        )
        .await?;
    let newest: Vec<Event> = rows.into_iter().map(events::decode).collect::<Result<_, _>>()?;
    let mut blocks: Vec<PastBlock> = Vec::new();
    for event in newest.into_iter().rev() {
        let by = author(&event);
        if matches!(event.kind.as_str(), "blocked" | "gave_up" | "stopped") {
            blocks.push(past_block(&event, by));
        } else if let Some(block) = blocks.last_mut().filter(|block| block.answer.is_none()) {
            block.answer = Some(Answer { by, at: event.at, text: word(&event.data, "reason") });
        }
    }
    let skip = blocks.len().saturating_sub(BLOCKS);
    Ok(blocks.split_off(skip))
}

fn past_block(event: &Event, by: Author) -> PastBlock {
    let named = word(&event.data, "kind").parse().or_else(|_| word(&event.data, "block_kind").parse());
    let kind = named.unwrap_or(match event.kind.as_str() {
        "gave_up" => BlockKind::GaveUp,
        "stopped" => BlockKind::Operator,
        _ => BlockKind::NeedsInput,
    });
    let reason = Some(word(&event.data, "reason")).filter(|reason| !reason.is_empty());
    PastBlock {
        kind,
        reason: reason.unwrap_or_else(|| word(&event.data, "error")),
        at: event.at,
        by,
        answer: None,
    }
}

fn word(data: &Value, key: &str) -> String {
    data.get(key).and_then(Value::as_str).unwrap_or_default().to_owned()
}

fn author(event: &Event) -> Author {
    let kind = if event.actor == "andon" {
        AuthorKind::System
    } else if event.run.is_some() && matches!(event.kind.as_str(), "blocked") {
        AuthorKind::Worker
    } else {
        AuthorKind::Person
    };
    Author { kind, name: event.actor.clone() }
}
