//! Going on with the session of an earlier run, instead of starting blank.

use std::fmt::Write as _;
use std::path::Path;

use andon_core::context::{ContextFacts, render};
use andon_core::run::Outcome;
use andon_store::operation::SessionToResume;
use andon_store::query::Show;
use andon_store::sql::runs::{Run, Usage};
use andon_store::sql::tasks::Task;

use super::consumed::of_session;
use super::life::Taken;
use crate::host;
use crate::paths::RunPaths;
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
                let paths = RunPaths::new(taken.board.folder(), &taken.task.id, &run.id);
                add(&mut before, &of_session(&run.usage, &paths.judges()));
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
    let blocked = run.outcome == Some(Outcome::Blocked);
    // What it said itself with its last word is no news to it: that stands on the board under the moment of its end.
    facts.comments.retain(|comment| comment.at > since);
    facts.comments_total = facts.comments.len();
    let known = run.attempt + u32::from(run.ended_by_self && run.outcome.is_some_and(is_a_word));
    facts.attempts.retain(|attempt| attempt.number >= known);
    facts.attempts_total = facts.attempts.len();
    facts.blocks.retain(|block| block.answer.as_ref().is_none_or(|answer| answer.at > since));
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
        Some(answer) if blocked && !answer.text.trim().is_empty() => {
            let _ = writeln!(text, "Your block has been answered; the answer stands below, under its block.");
        }
        Some(_) | None if blocked => {
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

/// Whether a run that ended so has said it itself, in words that it knows.
const fn is_a_word(outcome: Outcome) -> bool {
    match outcome {
        Outcome::Completed
        | Outcome::Blocked
        | Outcome::Scheduled
        | Outcome::ReviewRequested
        | Outcome::Approved
        | Outcome::ChangesRequested => true,
        Outcome::SpawnFailed
        | Outcome::Crashed
        | Outcome::ProtocolViolation
        | Outcome::TimedOut
        | Outcome::RateLimited
        | Outcome::Lost
        | Outcome::Stale
        | Outcome::Interrupted
        | Outcome::Reclaimed
        | Outcome::Cancelled
        | Outcome::StoodDown => false,
    }
}

/// Turns that the goal mode of a task has in all.
pub(super) fn goal_turns(task: &Task) -> u32 {
    let own = task.goal_max_turns.and_then(|turns| u32::try_from(turns).ok());
    own.unwrap_or(GOAL_TURNS).max(1)
}

#[cfg(test)]
mod tests {
    use andon_core::context::{Answer, AttemptView, Author, AuthorKind, CommentView, PastBlock, TaskView};
    use andon_core::run::EndsBy;
    use andon_core::task::{BlockKind, Phase, Status, WorkspaceKind};
    use andon_core::{Millis, TaskId};
    use serde_json::Value;

    use super::*;

    const END: Millis = Millis(5_000);

    fn by(name: &str) -> Author {
        Author { kind: AuthorKind::Worker, name: name.to_owned() }
    }

    fn comment(name: &str, at: Millis, body: &str) -> CommentView {
        CommentView { by: by(name), at, body: body.to_owned() }
    }

    fn attempt(number: u32, outcome: Outcome, error: &str) -> AttemptView {
        AttemptView {
            number,
            outcome,
            profile: None,
            ended_at: END,
            summary: None,
            error: Some(error.to_owned()),
            metadata: None,
        }
    }

    fn run(outcome: Outcome, ended_by_self: bool) -> Run {
        Run {
            id: "01J00000000000000000000000".parse().unwrap(),
            task: TaskId::from_bits(1),
            attempt: 2,
            kind: Phase::Review,
            profile: None,
            host: None,
            by_hand: false,
            token_hash: String::new(),
            started_at: Millis(1_000),
            spawned_at: None,
            ended_at: Some(END),
            ended_by_self,
            reaped_at: None,
            outcome: Some(outcome),
            exit_code: None,
            signal: None,
            summary: None,
            metadata: Value::Null,
            error: None,
            fingerprint: None,
            workspace_path: None,
            usage: Usage::default(),
        }
    }

    fn task() -> TaskView {
        TaskView {
            id: TaskId::from_bits(1),
            title: "Build the parser".to_owned(),
            body: String::new(),
            assignee: None,
            created_by: None,
            status: Status::Running,
            phase: Phase::Review,
            tenant: None,
            workspace_kind: WorkspaceKind::Scratch,
            workspace_path: None,
            branch: None,
            model: None,
            max_runtime: None,
            terminal_timeout: None,
            deadline: None,
            skills: Vec::new(),
            goal_turns: None,
        }
    }

    /// The task with an old block, the run's own word, and what came after it.
    fn facts() -> ContextFacts {
        let answer = Answer { by: by("ada"), at: Millis(900), text: "blue".to_owned() };
        ContextFacts {
            task: task(),
            attachments: Vec::new(),
            attempts: vec![
                attempt(1, Outcome::ReviewRequested, "long ago"),
                attempt(2, Outcome::ChangesRequested, "my own end"),
                attempt(3, Outcome::ReviewRequested, "what came of it"),
            ],
            attempts_total: 3,
            blocks: vec![PastBlock {
                kind: BlockKind::NeedsInput,
                reason: "which colour?".to_owned(),
                at: Millis(800),
                by: by("coder"),
                answer: Some(answer),
            }],
            parents: Vec::new(),
            parents_total: 0,
            recent: Vec::new(),
            comments: vec![
                comment("judge", END, "Changes requested: my own words"),
                comment("coder", END.plus(1), "I mended it"),
            ],
            comments_total: 2,
            ends_by: Some(EndsBy::Protocol),
        }
    }

    #[test]
    fn what_a_reviewer_said_itself_is_no_news_to_it() {
        let text = news(facts(), &run(Outcome::ChangesRequested, true));
        for known in ["my own words", "my own end", "long ago", "which colour?", "Your block"] {
            assert!(!text.contains(known), "{known}: {text}");
        }
        for new in ["One comment has been made since.", "I mended it", "what came of it"] {
            assert!(text.contains(new), "{new}: {text}");
        }
    }

    #[test]
    fn how_a_run_was_ended_by_others_is_news() {
        let text = news(facts(), &run(Outcome::TimedOut, false));
        assert!(text.contains("my own end") && text.contains("(timed_out)"), "{text}");
        let mut answered = facts();
        if let Some(answer) = answered.blocks[0].answer.as_mut() {
            answer.at = END.plus(9);
        }
        let text = news(answered, &run(Outcome::Blocked, true));
        assert!(text.contains("Your block has been answered") && text.contains("blue"), "{text}");
    }
}
