//! Going on with the session of an earlier run, instead of starting blank.

use std::fmt::Write as _;
use std::path::Path;

use andon_core::context::{ContextFacts, render};
use andon_store::operation::SessionToResume;
use andon_store::query::Show;
use andon_store::sql::runs::{Run, Usage};
use andon_store::sql::tasks::Task;

use super::life::Taken;
use crate::host;
use crate::profile::Profile;

/// Turns of the goal mode where the task names none.
const GOAL_TURNS: u32 = 20;

/// A session that a worker goes on with.
#[derive(Clone, Debug)]
pub(super) struct Resumed {
    /// Its id, as its agent knows it.
    pub(super) session: String,
    /// What earlier runs have recorded of it: some agents count the session as a whole.
    pub(super) before: Usage,
}

impl Resumed {
    /// The session of an earlier run, with what it has cost.
    pub(super) async fn of(taken: &Taken, run: &Run) -> Option<Self> {
        let session = run.usage.session_ref.clone()?;
        let shown = taken.board.run(Show { task: taken.task.id.clone(), limit: 0 }).await;
        let mut before = Usage::default();
        for run in shown.map(|shown| shown.runs).unwrap_or_default() {
            if run.usage.session_ref.as_ref() == Some(&session) {
                add(&mut before, &run.usage);
            }
        }
        Some(Self { session, before })
    }
}

/// Adds what another process consumed; its session and model are the newer ones.
pub(super) fn add(sum: &mut Usage, more: &Usage) {
    let plus = |sum: &mut Option<i64>, more: Option<i64>| {
        if let Some(more) = more {
            *sum = Some(sum.unwrap_or(0).saturating_add(more));
        }
    };
    plus(&mut sum.input_tokens, more.input_tokens);
    plus(&mut sum.output_tokens, more.output_tokens);
    plus(&mut sum.cached_tokens, more.cached_tokens);
    plus(&mut sum.cost_micros, more.cost_micros);
    sum.session_ref = more.session_ref.clone().or(sum.session_ref.take());
    sum.model = more.model.clone().or(sum.model.take());
}

/// The run whose session can be gone on with: of this task, profile and phase, on this host, with its workspace still
/// there; none where a fresh start was asked for.
pub(super) async fn to_resume(taken: &Taken, profile: &Profile) -> Option<Run> {
    if !profile.preset().is_some_and(|preset| preset.can_resume()) {
        return None;
    }
    let ask = SessionToResume { task: taken.task.id.clone(), profile: profile.name.clone() };
    let run = match taken.board.run(ask).await {
        Ok(run) => run?,
        Err(error) => {
            tracing::warn!(run = %taken.run.id, %error, "an earlier session could not be looked for; starting fresh");
            return None;
        }
    };
    let here = run.host.as_deref() == Some(host::name().as_str());
    let there = run.workspace_path.as_deref().is_some_and(|path| Path::new(path).is_dir());
    (here && there && run.kind == taken.run.kind && run.id != taken.run.id).then_some(run)
}

/// What a session is told that goes on: how its last run ended, and what has been said since.
pub(super) fn news(mut facts: ContextFacts, run: &Run) -> String {
    let since = run.ended_at.unwrap_or(run.started_at);
    facts.comments.retain(|comment| comment.at >= since);
    facts.comments_total = facts.comments.len();
    facts.attempts.retain(|attempt| attempt.number >= run.attempt);
    facts.attempts_total = facts.attempts.len();
    let blocks = facts.blocks.len();
    facts.blocks.drain(..blocks.saturating_sub(1));
    facts.recent.clear();
    let outcome = run.outcome.map_or("ended", |outcome| outcome.as_str());
    let mut text = format!(
        "You have worked on this task before, in this session. That run is over ({outcome}); this is a new one, with a new \
         right to act for the task. Go on from where you were: do not start over, and do not repeat what is done.\n\n"
    );
    // Writing to a `String` cannot fail.
    match facts.blocks.last().and_then(|block| block.answer.as_ref()) {
        Some(answer) if !answer.text.trim().is_empty() => {
            let _ = writeln!(text, "Your block has been answered; the answer stands below, under its block.");
        }
        Some(_) | None if run.outcome == Some(andon_core::run::Outcome::Blocked) => {
            let _ = writeln!(
                text,
                "Your block has been lifted. What was said since stands below, among the comments."
            );
        }
        Some(_) | None => {}
    }
    let new = facts.comments.len();
    let comments = match new {
        0 => "Nobody has commented since.".to_owned(),
        1 => "One comment has been made since.".to_owned(),
        more => format!("{more} comments have been made since."),
    };
    let _ = write!(text, "{comments} The task as it stands now:\n\n{}", render(&facts));
    text
}

/// Turns that the goal mode of a task has in all.
pub(super) fn goal_turns(task: &Task) -> u32 {
    let own = task.goal_max_turns.and_then(|turns| u32::try_from(turns).ok());
    own.unwrap_or(GOAL_TURNS).max(1)
}
