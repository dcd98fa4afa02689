//! What needs a person now, and what a reviewer looks at.

use std::cmp::{Ordering, Reverse};
use std::collections::{BTreeMap, BTreeSet};
use std::path::PathBuf;

use andon_api::{Attention, AttentionList, ChangedFile, Diagnostic, Diff, Need};
use andon_core::diagnose::TaskDiagnostics;
use andon_core::task::{Refusal, WorkspaceKind};
use andon_core::{BoardSlug, Millis, TaskId};
use andon_engine::workspace::difference;
use andon_store::query::{Asks, AttentionPage, Card, CardsOf, Show, Waiters, Waiting};
use axum::extract::State;
use serde::{Deserialize, Serialize};
use utoipa::IntoParams;

use super::super::access::Who;
use super::super::body::{Answer, Asked};
use super::super::context::{OnBoard, OnTask};
use super::super::failure::Failure;
use super::super::state::Api;
use super::tasks::{opaque, place};
use super::{Problems, cord, insight};
use crate::shape;

/// Most bytes of a patch.
const PATCH: u64 = 512 << 10;

/// Most tasks of one page, and how many there are where nobody says.
const MOST: u32 = 500;
const USUAL: u32 = 100;

/// Which page.
#[derive(Debug, Default, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
#[serde(deny_unknown_fields)]
pub(crate) struct Page {
    /// At most so many, 1 to 500; 100 where it is left out.
    #[param(minimum = 1, maximum = 500)]
    limit: Option<u32>,
    /// Go on where an earlier page ended.
    cursor: Option<String>,
}

impl Page {
    fn limit(&self) -> Result<usize, Failure> {
        match self.limit.unwrap_or(USUAL) {
            limit @ 1..=MOST => Ok(limit as usize),
            other => Err(Refusal::invalid("limit", &other.to_string(), format!("it is 1 to {MOST}")).into()),
        }
    }

    fn after(&self) -> Result<Option<Place>, Failure> {
        self.cursor.as_deref().filter(|text| !text.is_empty()).map(place).transpose()
    }
}

/// A place in the order over all boards: by what is needed, then what is urgent, then how long it waits. What is odd has no
/// place of its own in time: there the worst comes first.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
struct Place {
    need: Need,
    /// Priority, or how bad it is; the higher first.
    weight: Reverse<i64>,
    since: i64,
    board: BoardSlug,
    task: String,
}

impl Place {
    /// The same place among the tasks of one board: with what is of the same moment on boards before it behind, and on boards
    /// after it ahead.
    fn on(&self, board: &BoardSlug) -> Self {
        let task = match self.board.cmp(board) {
            Ordering::Less => String::new(),
            Ordering::Equal => self.task.clone(),
            // No id is greater.
            Ordering::Greater => "~".to_owned(),
        };
        Self { board: board.clone(), task, ..self.clone() }
    }

    fn waiting(&self) -> Option<Waiting> {
        let asks = match self.need {
            Need::Answer => Asks::Answer,
            Need::Review => Asks::Review,
            Need::Rescue => Asks::Rescue,
            Need::Look => return None,
        };
        Some(Waiting { asks, priority: self.weight, since: Millis(self.since), id: self.task.clone() })
    }
}

/// What needs a person on one board after a place, in order, with the places: at most one more than are wanted.
async fn of_board(
    at: &OnBoard,
    after: Option<&Place>,
    want: usize,
) -> Result<Vec<(Place, Attention)>, Failure> {
    let board = at.board.slug();
    let after = after.map(|place| place.on(board));
    let waits = after.as_ref().is_none_or(|place| place.need < Need::Look);
    let limit = u32::try_from(want).unwrap_or(u32::MAX).saturating_add(1);
    let page = AttentionPage { after: after.as_ref().and_then(Place::waiting), limit };
    let (waiting, _) = if waits { at.ask(page).await? } else { Default::default() };
    let full = waiting.len() > want;
    // The whole board is looked through only where everything that waits has been told.
    let mut found = if full {
        let tasks: Vec<TaskId> = waiting.iter().map(|(_, card)| card.id.clone()).collect();
        insight::of_tasks(at, &tasks).await?
    } else {
        insight::on_board(at).await?
    };
    let mut items = Vec::new();
    for (waiting, card) in waiting {
        let need = match waiting.asks {
            Asks::Answer => Need::Answer,
            Asks::Review => Need::Review,
            Asks::Rescue => Need::Rescue,
        };
        let (weight, since) = (waiting.priority, waiting.since.0);
        let place = Place { need, weight, since, board: board.clone(), task: waiting.id };
        let own = found.iter().position(|task| task.task_id == card.id);
        let findings = own.map_or_else(Vec::new, |own| findings(&found.swap_remove(own)));
        items.push((place, item(at, need, card, findings).await?));
    }
    if !full {
        items.extend(odd(at, after.filter(|_| !waits), found, want + 1 - items.len()).await?);
    }
    Ok(items)
}

/// What is odd, though it goes on.
async fn odd(
    at: &OnBoard,
    after: Option<Place>,
    found: Vec<TaskDiagnostics>,
    want: usize,
) -> Result<Vec<(Place, Attention)>, Failure> {
    let waiters = if found.is_empty() { BTreeSet::new() } else { at.ask(Waiters).await? };
    let mut rest: BTreeMap<Place, TaskDiagnostics> = BTreeMap::new();
    for task in found.into_iter().filter(|task| !waiters.contains(&task.task_id)) {
        let worst = task.diagnostics.iter().map(|diagnostic| diagnostic.severity).max();
        let weight = Reverse(worst.map_or(0, |severity| severity as i64));
        let (board, id) = (at.board.slug().clone(), task.task_id.to_string());
        let place = Place { need: Need::Look, weight, since: 0, board, task: id };
        if after.as_ref().is_none_or(|after| *after < place) {
            rest.insert(place, task);
        }
    }
    let page: BTreeMap<TaskId, (Place, Vec<Diagnostic>)> = rest
        .into_iter()
        .take(want)
        .map(|(place, task)| (task.task_id.clone(), (place, findings(&task))))
        .collect();
    let cards = at.ask(CardsOf { tasks: page.keys().cloned().collect() }).await?;
    let mut page = page;
    let mut items = Vec::new();
    for card in cards {
        if let Some((place, findings)) = page.remove(&card.id) {
            items.push((place, item(at, Need::Look, card, findings).await?));
        }
    }
    items.sort_by(|one, other| one.0.cmp(&other.0));
    Ok(items)
}

fn findings(task: &TaskDiagnostics) -> Vec<Diagnostic> {
    task.diagnostics.iter().map(shape::diagnostic).collect()
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

/// The page, and where the next one begins.
fn in_order(mut items: Vec<(Place, Attention)>, want: usize) -> AttentionList {
    items.sort_by(|one, other| one.0.cmp(&other.0));
    let truncated = items.len() > want;
    items.truncate(want);
    let next = items.last().filter(|_| truncated).map(|(place, _)| opaque(place));
    AttentionList { items: items.into_iter().map(|(_, item)| item).collect(), truncated, next }
}

/// What needs a person on a board, the most urgent first: questions, reviews, what is stuck, what is odd.
#[utoipa::path(get, path = "/boards/{board}/attention", tag = "insight",
    params(("board" = String, Path), Page),
    responses((status = 200, body = AttentionList, description = "In order"), Problems))]
pub(crate) async fn on_board(
    at: OnBoard,
    Asked(page): Asked<Page>,
) -> Result<Answer<AttentionList>, Failure> {
    let (want, after) = (page.limit()?, page.after()?);
    Ok(Answer(in_order(of_board(&at, after.as_ref(), want).await?, want)))
}

/// What needs a person on every board that the caller may read.
#[utoipa::path(get, path = "/attention", tag = "insight", params(Page),
    responses((status = 200, body = AttentionList, description = "In order"), Problems))]
pub(crate) async fn everywhere(
    State(api): State<Api>,
    who: Who,
    Asked(page): Asked<Page>,
) -> Result<Answer<AttentionList>, Failure> {
    let (want, after) = (page.limit()?, page.after()?);
    let mut items = Vec::new();
    for board in cord::boards(&api).await? {
        if who.known.board().is_some_and(|own| own != board.slug()) {
            continue;
        }
        let rules = api.rules(board.slug())?;
        let at = OnBoard::of(api.clone(), board, rules, who.clone());
        items.extend(of_board(&at, after.as_ref(), want).await?);
    }
    Ok(Answer(in_order(items, want)))
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
        assert!(Asks::Answer < Asks::Review && Asks::Review < Asks::Rescue);
    }

    #[test]
    fn a_place_of_one_board_leaves_out_nothing_of_another() {
        let board = |name: &str| name.parse::<BoardSlug>().unwrap();
        let of = |name: &str, task: &str| Place {
            need: Need::Answer,
            weight: Reverse(0),
            since: 5,
            board: board(name),
            task: task.to_owned(),
        };
        let place = of("middle", "t_00000005");
        for (name, task, after) in [
            ("apples", "t_zzzzzzzz", false),
            ("middle", "t_00000004", false),
            ("middle", "t_00000006", true),
            ("zebras", "t_00000000", true),
        ] {
            let one = of(name, task);
            assert_eq!(place < one, after, "{name} {task}");
            assert_eq!(place.on(&board(name)) < one, after, "{name} {task}");
        }
        let read: Place = super::place(&opaque(&place)).unwrap();
        assert_eq!(read, place);
    }
}
