//! What a run consumed: what its agent said while it worked, and what it wrote to `$ANDON_USAGE`.

use std::io::Read as _;
use std::path::Path;

use andon_core::RunId;
use andon_core::text::cap_chars;
use andon_store::Board;
use andon_store::operation::RecordUsage;
use andon_store::sql::runs::Usage;
use serde::{Deserialize, Serialize};

use super::launch::Worker;
use super::life::{Taken, patiently};
use super::session;
use crate::paths::{RunPaths, write_private};
use crate::runner::{Heard, Totals};

/// The file that an agent may write.
#[derive(Debug, Default, Deserialize, Serialize)]
pub(super) struct UsageFile {
    model: Option<String>,
    session: Option<String>,
    input_tokens: Option<i64>,
    output_tokens: Option<i64>,
    cached_tokens: Option<i64>,
    cost_usd: Option<f64>,
}

/// What the processes of a run have consumed.
#[derive(Clone, Debug, Default)]
pub(super) struct Tally {
    sum: Usage,
    /// What judges cost: no part of a session that its agent counts as a whole.
    judges: Usage,
}

impl Tally {
    /// Adds what a process consumed that has ended.
    pub(super) fn add(&mut self, taken: &Taken, worker: &Worker) {
        let heard = worker.listener.as_ref().map(|listener| listener.heard()).unwrap_or_default();
        let totals = worker.listener.as_ref().map_or(Totals::Last, |listener| listener.totals());
        let mut used = of_agent(&heard);
        if let (Totals::Session, Some(resumed)) = (totals, &worker.resumed) {
            // The agent counts the whole session: what earlier runs, and earlier turns of this one, have of it goes.
            let mut before = resumed.before.clone();
            if self.sum.session_ref.as_deref() == Some(resumed.session.as_str()) {
                session::add(&mut before, &self.sum);
            }
            subtract(&mut used, &before);
        }
        let path = taken.paths.usage();
        overlay(&mut used, read(&path));
        let _ = std::fs::remove_file(&path);
        session::add(&mut self.sum, &used);
    }

    /// Adds what a judge's word cost. Its model and session are not the run's. The sum is kept in `file` for a later run of the
    /// session, which has to tell it from what the agent says of the session.
    pub(super) fn add_judge(&mut self, word: UsageFile, file: &Path) {
        let mut used = Usage::default();
        overlay(&mut used, word);
        (used.model, used.session_ref) = (None, None);
        session::add(&mut self.judges, &used);
        let kept = serde_json::to_vec(&UsageFile::of(&self.judges)).unwrap_or_default();
        if let Err(error) = write_private(file, &kept) {
            tracing::warn!(path = %file.display(), %error, "what the judge cost could not be kept");
        }
    }

    /// All of it.
    fn total(&self) -> Usage {
        let mut total = self.sum.clone();
        session::add(&mut total, &self.judges);
        total
    }

    /// Tells the board.
    pub(super) async fn record(&self, taken: &Taken) {
        let usage = self.total();
        if usage.is_empty() {
            return;
        }
        let record = RecordUsage { run: taken.run.id.clone(), usage };
        if let Err(error) = patiently(&taken.board, record).await {
            tracing::warn!(run = %taken.run.id, %error, "what the run consumed could not be recorded");
        }
    }
}

/// What an earlier run has consumed of its agent's session: all that it is known for, without its judges.
pub(super) fn of_session(usage: &Usage, judges: &Path) -> Usage {
    let (mut of_agent, mut of_judges) = (usage.clone(), Usage::default());
    overlay(&mut of_judges, read(judges));
    subtract(&mut of_agent, &of_judges);
    of_agent
}

impl UsageFile {
    fn of(usage: &Usage) -> Self {
        #[expect(clippy::cast_precision_loss, reason = "money of a run, in millionths")]
        let dollars = |micros: i64| micros as f64 / 1e6;
        Self {
            model: None,
            session: None,
            input_tokens: usage.input_tokens,
            output_tokens: usage.output_tokens,
            cached_tokens: usage.cached_tokens,
            cost_usd: usage.cost_micros.map(dollars),
        }
    }
}

/// Tells the board the session as soon as it is known: a run whose supervisor is lost can be gone on with, too.
pub(super) async fn record_session(taken: &Taken, worker: &Worker, recorded: &mut bool) {
    if *recorded {
        return;
    }
    let Some(listener) = &worker.listener else { return };
    let heard = listener.heard();
    if heard.session.is_some() {
        let usage = Usage { session_ref: heard.session, model: heard.model, ..Usage::default() };
        let told = taken.board.run(RecordUsage { run: taken.run.id.clone(), usage }).await;
        *recorded = told.is_ok();
    }
}

/// Hands in what the agent of a run wrote that has lost its supervisor.
pub(crate) async fn hand_in(board: &Board, run: &RunId, paths: &RunPaths) {
    let mut usage = Usage::default();
    overlay(&mut usage, read(&paths.usage()));
    if !usage.is_empty()
        && let Err(error) = board.run(RecordUsage { run: run.clone(), usage }).await
    {
        tracing::warn!(%run, %error, "what the run consumed could not be recorded");
    }
}

fn of_agent(heard: &Heard) -> Usage {
    Usage {
        session_ref: heard.session.clone(),
        model: heard.model.clone(),
        input_tokens: heard.input_tokens,
        output_tokens: heard.output_tokens,
        cached_tokens: heard.cached_tokens,
        cost_micros: heard.cost_micros,
    }
}

fn subtract(used: &mut Usage, before: &Usage) {
    let less = |used: &mut Option<i64>, before: Option<i64>| {
        if let (Some(used), Some(before)) = (used.as_mut(), before) {
            *used = (*used - before).max(0);
        }
    };
    less(&mut used.input_tokens, before.input_tokens);
    less(&mut used.output_tokens, before.output_tokens);
    less(&mut used.cached_tokens, before.cached_tokens);
    less(&mut used.cost_micros, before.cost_micros);
}

/// What the file says comes before what was heard.
fn overlay(used: &mut Usage, file: UsageFile) {
    let text =
        |text: Option<String>| text.map(|text| cap_chars(text.trim(), 200)).filter(|text| !text.is_empty());
    let count = |count: Option<i64>| count.filter(|count| *count >= 0);
    used.session_ref = text(file.session).or(used.session_ref.take());
    used.model = text(file.model).or(used.model.take());
    used.input_tokens = count(file.input_tokens).or(used.input_tokens);
    used.output_tokens = count(file.output_tokens).or(used.output_tokens);
    used.cached_tokens = count(file.cached_tokens).or(used.cached_tokens);
    #[expect(clippy::cast_possible_truncation, reason = "bounded right before")]
    let micros = |dollars: f64| (dollars * 1e6).round().min(1e15) as i64;
    let dollars = file.cost_usd.filter(|dollars| dollars.is_finite() && *dollars >= 0.0);
    used.cost_micros = dollars.map(micros).or(used.cost_micros);
}

fn read(path: &Path) -> UsageFile {
    /// The file is one small object.
    const LARGEST: u64 = 64 * 1024;
    let is_file = std::fs::symlink_metadata(path).is_ok_and(|meta| meta.is_file());
    if !is_file {
        return UsageFile::default();
    }
    let mut text = String::new();
    let file = std::fs::File::open(path);
    if file.and_then(|file| file.take(LARGEST).read_to_string(&mut text)).is_err() {
        return UsageFile::default();
    }
    serde_json::from_str(&text).unwrap_or_else(|error| {
        tracing::warn!(path = %path.display(), %error, "the usage is not the JSON that is expected; it is ignored");
        UsageFile::default()
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_a_judge_costs_is_the_run_s_too_and_its_model_is_not() {
        let of_the_work =
            Usage { input_tokens: Some(10), model: Some("worker".to_owned()), ..Usage::default() };
        let mut tally = Tally { sum: of_the_work, judges: Usage::default() };
        let word = r#"{"model": "judge", "input_tokens": 3, "output_tokens": 1, "cost_usd": 0.5}"#;
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("judges.json");
        tally.add_judge(serde_json::from_str(word).unwrap(), &file);
        tally.add_judge(serde_json::from_str(word).unwrap(), &file);
        let total = tally.total();
        assert_eq!(
            (total.model.as_deref(), total.input_tokens, total.output_tokens, total.cost_micros),
            (Some("worker"), Some(16), Some(2), Some(1_000_000))
        );
        assert_eq!(tally.sum.input_tokens, Some(10), "a session's own count stays as it is");
        // A later run of the session takes off what the session has had, and not what its judges had.
        let of_session = of_session(&total, &file);
        assert_eq!((of_session.input_tokens, of_session.output_tokens), (Some(10), Some(0)));
        assert_eq!((of_session.cost_micros, of_session.model.as_deref()), (Some(0), Some("worker")));
        let unknown = super::of_session(&total, &folder.path().join("none"));
        assert_eq!(unknown.input_tokens, Some(16));
    }

    #[test]
    fn nonsense_in_the_file_takes_nothing_away() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("usage.json");
        for text in ["", "[]", "{\"input_tokens\": \"many\"}", "{\"cost_usd\": -1, \"input_tokens\": -5}"] {
            std::fs::write(&path, text).unwrap();
            let mut used = Usage { input_tokens: Some(3), cost_micros: Some(4), ..Usage::default() };
            overlay(&mut used, read(&path));
            assert_eq!((used.input_tokens, used.cost_micros), (Some(3), Some(4)), "{text}");
        }
        std::fs::write(&path, "{\"model\": \"m\", \"cost_usd\": 0.25, \"output_tokens\": 7, \"more\": 1}")
            .unwrap();
        let mut used = Usage::default();
        overlay(&mut used, read(&path));
        assert_eq!(
            (used.model.as_deref(), used.cost_micros, used.output_tokens),
            (Some("m"), Some(250_000), Some(7))
        );
    }
}
