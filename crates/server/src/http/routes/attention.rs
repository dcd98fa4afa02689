//! What needs a person now, and what a reviewer looks at.

use std::collections::BTreeMap;
use std::path::PathBuf;

use andon_api::{Attention, AttentionList, ChangedFile, Diagnostic, Diff, Need};
use andon_core::TaskId;
use andon_core::task::{BlockKind, Status, WorkspaceKind};
use andon_engine::workspace::difference;
use andon_store::query::{Card, CardPage, CardsOf, Order, Show, Wanted};
use axum::extract::State;

use super::super::access::Who;
use super::super::body::Answer;
use super::super::context::{OnBoard, OnTask};
use super::super::failure::Failure;
use super::super::limits::IDS;
use super::super::state::Api;
use super::{Problems, cord, insight};
use crate::shape;

/// Most bytes of a patch.
const PATCH: u64 = 512 << 10;

/// What a task needs a person for; nothing where somebody else sees to it.
fn need(card: &Card) -> Option<Need> {
    match (card.status, card.block_kind) {
        (Status::Review, _) => card.reviewer.is_none().then_some(Need::Review),
        (Status::Blocked, Some(BlockKind::NeedsInput)) => Some(Need::Answer),
        // Whoever blocked it knows of it.
        (Status::Blocked, Some(BlockKind::Operator) | None) => None,
        (
            Status::Blocked,
            Some(BlockKind::Capability | BlockKind::Transient | BlockKind::Recurring | BlockKind::GaveUp),
        ) => Some(Need::Rescue),
        (
            Status::Triage
            | Status::Todo
            | Status::Scheduled
            | Status::Ready
            | Status::Running
            | Status::Done
            | Status::Archived,
            _,
        ) => None,
    }
}

/// What needs a person on one board, in order, and whether there is more.
async fn of_board(at: &OnBoard) -> Result<(Vec<Attention>, bool), Failure> {
    let wanted = Wanted { statuses: vec![Status::Blocked, Status::Review], ..Wanted::default() };
    let limit = u32::try_from(IDS).unwrap_or(u32::MAX);
    let (cards, mut more) = at.ask(CardPage { wanted, order: Order::Priority, after: None, limit }).await?;
    let mut found: BTreeMap<TaskId, Vec<Diagnostic>> = insight::on_board(at).await?;
    let mut items = Vec::new();
    for card in cards {
        let findings = found.remove(&card.id).unwrap_or_default();
        match need(&card) {
            Some(need) => items.push(item(at, need, card, findings).await?),
            None if findings.is_empty() => {}
            None => items.push(item(at, Need::Look, card, findings).await?),
        }
    }
    let mut rest: Vec<TaskId> = found.keys().cloned().collect();
    more |= rest.len() > IDS;
    rest.truncate(IDS);
    for card in at.ask(CardsOf { tasks: rest }).await? {
        let findings = found.remove(&card.id).unwrap_or_default();
        items.push(item(at, Need::Look, card, findings).await?);
    }
    Ok((items, more))
}

async fn item(
    at: &OnBoard,
    need: Need,
    card: Card,
    diagnostics: Vec<Diagnostic>,
) -> Result<Attention, Failure> {
    let since = card.blocked_at.unwrap_or(card.updated_at).into();
    // A card has the beginning of a question; who is to answer it reads all of it.
    let reason = match card.block_reason.as_ref().is_some_and(|reason| reason.chars().count() >= 300) {
        true => at.task(&card.id).await?.block_reason,
        false => card.block_reason.clone(),
    };
    Ok(Attention {
        need,
        board: at.board.slug().clone(),
        task: shape::card(card),
        reason,
        since,
        diagnostics,
    })
}

/// By what is needed, then what is urgent, then how long it waits.
fn in_order(mut items: Vec<Attention>, truncated: bool) -> AttentionList {
    items.sort_by(|one, other| {
        let key = |item: &Attention| (item.need, std::cmp::Reverse(item.task.priority), item.since.clone());
        key(one).cmp(&key(other))
    });
    AttentionList { items, truncated }
}

/// What needs a person on a board, the most urgent first: questions, reviews, what is stuck, what is odd.
#[utoipa::path(get, path = "/boards/{board}/attention", tag = "insight", params(("board" = String, Path)),
    responses((status = 200, body = AttentionList, description = "In order"), Problems))]
pub(crate) async fn on_board(at: OnBoard) -> Result<Answer<AttentionList>, Failure> {
    let (items, more) = of_board(&at).await?;
    Ok(Answer(in_order(items, more)))
}

/// What needs a person on every board that the caller may read.
#[utoipa::path(get, path = "/attention", tag = "insight",
    responses((status = 200, body = AttentionList, description = "In order"), Problems))]
pub(crate) async fn everywhere(State(api): State<Api>, who: Who) -> Result<Answer<AttentionList>, Failure> {
    let (mut items, mut truncated) = (Vec::new(), false);
    for board in cord::boards(&api).await? {
        if who.known.board().is_some_and(|own| own != board.slug()) {
            continue;
        }
        let rules = api.rules(board.slug())?;
        let at = OnBoard::of(api.clone(), board, rules, who.clone());
        let (found, more) = of_board(&at).await?;
        items.extend(found);
        truncated |= more;
    }
    Ok(Answer(in_order(items, truncated)))
}

/// What the worktree of a task changes, or its branch where the worktree is gone.
#[utoipa::path(get, path = "/boards/{board}/tasks/{task}/diff", tag = "insight",
    params(("board" = String, Path), ("task" = String, Path)),
    responses((status = 200, body = Diff, description = "At most 2000 files and 512 KiB of patch"), Problems))]
pub(crate) async fn diff(at: OnTask) -> Result<Answer<Diff>, Failure> {
    let shown = at.on.ask(Show { task: at.task.clone(), limit: 1 }).await?;
    let none = |detail: String| Failure::new("no_worktree", detail, None);
    if shown.task.workspace_kind != WorkspaceKind::Worktree {
        let kind = shown.task.workspace_kind;
        return Err(none(format!("task {} works in a directory of kind {kind}, not in a worktree", at.task)));
    }
    let worked_in = shown.runs.iter().rev().find_map(|run| run.workspace_path.clone()).map(PathBuf::from);
    let given = shown.task.workspace_path.or_else(|| at.on.rules.file.default_workdir.clone());
    let branch = shown.task.branch.unwrap_or_else(|| format!("andon/{}", at.task));
    let (id, named) = (at.task.to_string(), branch.clone());
    let repository = given.map(PathBuf::from);
    let look = move || difference(&id, worked_in.as_deref(), repository.as_deref(), &named, PATCH);
    let found = at
        .on
        .api
        .blocking(look)
        .await?
        .map_err(|error| Failure::with_status(409, error.code(), error.to_string()))?;
    let found = found.ok_or_else(|| {
        none(format!("task {} has neither a worktree nor a branch {branch} on this host", at.task))
    })?;
    let files = found.files.into_iter().map(|file| ChangedFile {
        path: file.path,
        added: file.added,
        removed: file.removed,
        untracked: file.untracked,
    });
    Ok(Answer(Diff {
        base: found.base,
        branch: Some(branch),
        live: found.live,
        files: files.collect(),
        patch: found.patch,
        truncated: found.truncated,
    }))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn questions_come_before_reviews_and_those_before_the_rest() {
        assert!(Need::Answer < Need::Review && Need::Review < Need::Rescue && Need::Rescue < Need::Look);
    }
}
