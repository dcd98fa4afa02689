//! The end of a run: the tree is gone, the exit is classified once, the record is on disk, the board is told.

use std::time::Duration;

use andon_core::Millis;
use andon_core::run::{Ending, EndsBy, ExitFacts, Failure, classify, fingerprint, is_authentication_failure};
use andon_process::{Captured, Exit};
use andon_store::files::{self, Reach};
use andon_store::operation::{EndRun, Handoff};
use andon_store::sql::runs::Words;
use andon_store::{Caller, crash};
use serde::Deserialize;
use serde_json::Value;

use super::consumed::Tally;
use super::launch::{Unstartable, Worker};
use super::life::{SupervisorError, Taken, patiently};
use super::record::ExitRecord;
use crate::{artifacts, tidy};

/// Why the watch ended.
pub(super) enum Verdict {
    /// The leader exited.
    Exited(Exit),
    /// It must be stopped: for a failure of ours to name, or because the run has ended already.
    Stop(Option<Failure>),
    /// It must be stopped, and be gone before its lease is: nobody could renew it.
    CutOff,
}

/// What the board is told of an end.
struct Told {
    ending: Ending,
    error: String,
    words: Words,
    resets_at: Option<Millis>,
}

/// The handoff that a command writes to `$ANDON_RESULT`.
#[derive(Debug, Default, Deserialize)]
struct ResultFile {
    #[serde(default)]
    summary: Option<String>,
    #[serde(default)]
    metadata: Value,
    #[serde(default)]
    artifacts: Vec<String>,
}

/// Ends a run whose worker never started.
pub(super) async fn failed(
    taken: &Taken,
    failure: Unstartable,
    record: Option<ExitRecord>,
) -> Result<(), SupervisorError> {
    let told =
        Told { ending: failure.ending, error: failure.error, words: Words::default(), resets_at: None };
    tell(taken, told, record).await
}

/// Ends a run whose worker ran.
pub(super) async fn end(
    taken: &Taken,
    mut worker: Worker,
    verdict: Verdict,
    mut tally: Tally,
    record: Option<ExitRecord>,
) -> Result<(), SupervisorError> {
    let grace = worker.profile.settings.stop_grace.unwrap_or(taken.settings.config.stop_grace);
    let (exit, stopped_for) = match verdict {
        Verdict::Exited(exit) => (exit, None),
        Verdict::CutOff => {
            tracing::warn!(run = %taken.run.id, "the worker is stopped before its lease runs out");
            worker.tree.stop(taken.lifeline.grace(grace.as_std())).await;
            (worker.tree.wait().await, Some(Some(Failure::Lost)))
        }
        Verdict::Stop(failure) => {
            worker.tree.stop(taken.lifeline.grace(grace.as_std())).await;
            (worker.tree.wait().await, Some(failure))
        }
    };
    // Whatever the leader left behind ends with it: stopping a task stops everything that it started.
    let report = worker.tree.finish(Duration::from_millis(200)).await;
    if !report.survivors.is_empty() {
        tracing::error!(run = %taken.run.id, survivors = ?report.survivors, "processes could not be killed; the run stays unreaped");
        return Ok(());
    }
    taken.lifeline.rest();
    crash::point("after_tree_gone");
    let captured = worker.tree.captured();
    tally.add(taken, &worker);
    tally.record(taken).await;
    let stopped_for = stopped_for.flatten();
    let limited = rate_limit(taken, &worker, exit, stopped_for, &captured);
    let ending = meaning(taken, &worker, exit, stopped_for, limited.is_some(), &captured);
    let (handoff, mut words) = handoff(taken, &worker, exit, &captured, ending);
    if matches!(ending, Ending::Complete | Ending::Approve) {
        files::note_not_kept(&mut words.metadata, &keep_artifacts(taken, &worker, &handoff).await);
    }
    let error = error_text(taken, ending, exit, &captured, &worker);
    if matches!(ending, Ending::Failed(Failure::Crashed)) {
        words.fingerprint = fingerprint(exit.code, exit.signal, captured.last_stderr_line.as_deref());
    }
    let resets_at = limited.flatten().filter(|_| ending == Ending::Failed(Failure::RateLimited));
    tell(taken, Told { ending, error, words, resets_at }, record).await?;
    if let Err(error) = tidy::tidy(&taken.board, &taken.task.id).await {
        tracing::warn!(task = %taken.task.id, %error, "the workspace stays until `andon gc`");
    }
    Ok(())
}

/// `EX_TEMPFAIL`, by which a worker says itself that a rate limit stopped it (WK-02).
const RATE_LIMITED: i32 = 75;

/// Whether a rate limit stopped the worker, and when it ends where that was said. Only a worker that failed is asked: one
/// that did its work may well have spoken of limits.
fn rate_limit(
    taken: &Taken,
    worker: &Worker,
    exit: Exit,
    stopped_for: Option<Failure>,
    captured: &Captured,
) -> Option<Option<Millis>> {
    if stopped_for.is_some() || matches!(exit.code, Some(0 | 126 | 127) | None) {
        return None;
    }
    let now = taken.board.world().now();
    let last = captured.last_stderr_line.as_deref();
    let said =
        worker.listener.as_ref().and_then(|listener| listener.rate_limit(&listener.heard(), last, now));
    said.or((exit.code == Some(RATE_LIMITED)).then_some(None))
}

fn meaning(
    taken: &Taken,
    worker: &Worker,
    exit: Exit,
    stopped_for: Option<Failure>,
    rate_limited: bool,
    captured: &Captured,
) -> Ending {
    let last = captured.last_stderr_line.as_deref();
    let authentication = match &worker.listener {
        Some(listener) => listener.is_not_logged_in(&listener.heard(), last, &captured.tail),
        None => is_authentication_failure(&captured.tail),
    };
    match stopped_for {
        Some(failure @ (Failure::Stale | Failure::Lost)) => Ending::Failed(failure),
        stopped_for => classify(&ExitFacts {
            code: if rate_limited { Some(RATE_LIMITED) } else { exit.code },
            signal: exit.signal,
            ends_by: worker.ends_by,
            phase: taken.run.kind,
            timed_out: stopped_for == Some(Failure::TimedOut),
            shutting_down: stopped_for == Some(Failure::Interrupted),
            authentication,
        }),
    }
}

/// What the run hands over: its result file, else its last line of output.
fn handoff(
    taken: &Taken,
    worker: &Worker,
    exit: Exit,
    captured: &Captured,
    ending: Ending,
) -> (Handoff, Words) {
    let file = read_result(taken);
    let last_line = captured.last_line.clone().or_else(|| captured.last_stderr_line.clone());
    let summary = match worker.ends_by {
        EndsBy::Exit => file.summary.filter(|summary| !summary.trim().is_empty()).or(last_line),
        EndsBy::Protocol => file.summary,
    };
    let mut metadata = file.metadata;
    if !file.artifacts.is_empty() {
        let mut object = metadata.as_object().cloned().unwrap_or_default();
        object.insert("artifacts".to_owned(), file.artifacts.into());
        metadata = Value::Object(object);
    }
    if !metadata.is_object() {
        metadata = Value::Null;
    }
    let ended_well = matches!(ending, Ending::Complete | Ending::Approve | Ending::RequestChanges);
    let words = Words {
        summary: summary.clone().filter(|_| ended_well),
        metadata: metadata.clone(),
        fingerprint: None,
        exit_code: exit.code.map(i64::from),
        signal: exit.signal.map(i64::from),
    };
    (Handoff { summary, metadata }, words)
}

fn read_result(taken: &Taken) -> ResultFile {
    const LARGEST: u64 = 1 << 20;
    let path = taken.paths.result();
    match std::fs::symlink_metadata(&path) {
        Ok(meta) if meta.is_file() && meta.len() <= LARGEST => {}
        Ok(_) => {
            tracing::warn!(path = %path.display(), "the result is no file of at most 1 MiB; it is ignored");
            return ResultFile::default();
        }
        Err(_) => return ResultFile::default(),
    }
    let text = std::fs::read_to_string(&path).unwrap_or_default();
    serde_json::from_str(&text).unwrap_or_else(|error| {
        tracing::warn!(path = %path.display(), %error, "the result is not the JSON that is expected; it is ignored");
        ResultFile::default()
    })
}

/// Gives what could not be kept, in words.
async fn keep_artifacts(taken: &Taken, worker: &Worker, handoff: &Handoff) -> Vec<String> {
    let declared = files::Declared {
        task: &taken.task.id,
        run: Some(&taken.run.id),
        paths: &handoff.artifacts(),
        workspace: &worker.workspace.path,
        // A command is its profile's own; an agent may be locked into its workspace while Andon is not.
        reach: match worker.ends_by {
            EndsBy::Exit => Reach::Anywhere,
            EndsBy::Protocol => Reach::Workspace,
        },
        caller: &Caller::system(),
    };
    match artifacts::keep(&taken.board, &declared).await {
        Ok(problems) => {
            for problem in &problems {
                tracing::warn!(task = %taken.task.id, problem, "an artifact was not kept");
            }
            problems
        }
        Err(error) => {
            tracing::warn!(task = %taken.task.id, %error, "artifacts could not be recorded");
            vec![format!("artifacts could not be recorded: {error}")]
        }
    }
}

fn error_text(taken: &Taken, ending: Ending, exit: Exit, captured: &Captured, worker: &Worker) -> String {
    // An agent's last word is not its last line, which may be a line of JSON.
    let heard = worker.listener.as_ref().map(|listener| listener.heard()).unwrap_or_default();
    let said =
        heard.errors.back().or(heard.text.as_ref()).map(|said| andon_core::text::cap_chars(said, 2_000));
    let last = said.as_deref().or(captured.last_stderr_line.as_deref()).or(captured.last_line.as_deref());
    let last = last.unwrap_or("");
    let how = match (exit.code, exit.signal) {
        (Some(code), _) => format!("exit {code}"),
        (None, Some(signal)) => format!("signal {signal}"),
        (None, None) => "the worker vanished".to_owned(),
    };
    match ending {
        Ending::Complete | Ending::Approve => String::new(),
        Ending::RequestChanges => {
            if last.is_empty() {
                how
            } else {
                last.to_owned()
            }
        }
        Ending::Failed(Failure::ProtocolViolation) => {
            let words = heard.text.as_deref().unwrap_or(&captured.tail).trim();
            let start = words.char_indices().rev().nth(400).map_or(0, |(index, _)| index);
            format!("it left without complete, block or review; its last words: {}", &words[start..])
        }
        Ending::Failed(Failure::TimedOut) if worker.idle => {
            let limit = worker.profile.settings.idle_limit.map_or(0, |limit| limit.as_millis());
            format!(
                "stopped after {limit} ms without a word (idle_limit): it may have waited for somebody to type"
            )
        }
        Ending::Failed(Failure::TimedOut) => {
            let limit =
                taken.task.max_runtime.or(worker.profile.settings.max_runtime.map(|limit| limit.as_millis()));
            format!("stopped after its longest run time of {} ms", limit.unwrap_or(0))
        }
        Ending::Failed(_) if last.is_empty() => how,
        Ending::Failed(_) => format!("{how}: {last}"),
    }
}

/// Writes the record, tells the board, removes the record. Where the board is out of reach for long the record stays, and
/// a dispatcher hands it in.
async fn tell(taken: &Taken, told: Told, mut record: Option<ExitRecord>) -> Result<(), SupervisorError> {
    let Told { ending, error, words, resets_at } = told;
    taken.lifeline.rest();
    if let Some(record) = &mut record
        && let Err(error) = record.write(ending, &error, &words, resets_at)
    {
        tracing::warn!(%error, "the exit record could not be written");
    }
    crash::point("after_record");
    let end = EndRun {
        run: taken.run.id.clone(),
        ending,
        error,
        words,
        resets_at,
        reaped: true,
        policy: taken.settings.policy.clone(),
    };
    patiently(&taken.board, end).await?;
    crash::point("after_end");
    if let Err(error) = taken.board.settle_queued(&taken.settings.policy).await {
        tracing::warn!(%error, "children are told by the next dispatcher");
    }
    if let Some(record) = record {
        record.remove();
    }
    taken.paths.remove_private();
    Ok(())
}
