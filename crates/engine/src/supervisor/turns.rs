//! Further processes of one run: turns of the goal mode, and a fresh start where a session turns out to be gone.
//!
//! After a turn that ended without ending the run a judge says whether the goal has been reached (GM-01..06). In doubt the
//! work goes on; the turns are bounded, and what is not finished by then is blocked for a person.

use std::time::Duration;

use andon_core::run::{EndsBy, Guard, Renewal};
use andon_core::task::{BlockKind, Phase};
use andon_core::text::cap_chars;
use andon_process::{Exit, LogSpec, Spec, Stdin, Tree};
use andon_store::Caller;
use andon_store::operation::{Block, CheckGuard, Heartbeat};
use andon_store::sql::runs::Usage;
use serde::Deserialize;
use serde_json::json;

use super::consumed::{Tally, UsageFile};
use super::ending::Verdict;
use super::launch::{self, Start, Unstartable, Worker, environment};
use super::life::Taken;
use super::session::{Resumed, goal_turns};
use super::watch::{Prepared, renew, renewing};
use crate::host::marker;
use crate::runner::Heard;

/// A judge that says nothing for so long has said nothing.
const PATIENCE: Duration = Duration::from_secs(90);

/// The processes of a run so far.
#[derive(Debug)]
pub(super) struct Turns {
    used: u32,
    /// The worker was told once that the judge finds the goal reached.
    finalise_asked: bool,
    /// The judge could not be asked the last time, and will not be.
    unasked: bool,
    /// A session that was gone is looked for once.
    started_over: bool,
    /// What they consumed.
    pub(super) tally: Tally,
}

/// What follows the end of a process.
pub(super) enum After {
    /// Another process of the same run.
    Again(Box<Worker>),
    /// The end of the run.
    End(Box<Worker>, Verdict),
    /// The next process could not be started.
    Unstartable(Unstartable),
    /// The run was fenced, or the cord was pulled, between two processes.
    StandDown,
}

/// What the judge says, and what is done about it.
enum Judged {
    Done(String),
    GoOn(String),
    Block(String),
    /// There will be no verdict until a person has mended the setup.
    Unasked(String),
}

/// Why there is no verdict.
enum NoVerdict {
    /// The next time there may be one.
    Passing(String),
    /// There will be none until a person has mended the setup: every further turn would be paid for in vain.
    Lasting(String),
}

#[derive(Debug, Deserialize)]
struct Word {
    verdict: String,
    #[serde(default)]
    reason: String,
    /// What the word cost.
    #[serde(default)]
    usage: UsageFile,
}

impl Turns {
    pub(super) fn new() -> Self {
        Self { used: 1, finalise_asked: false, unasked: false, started_over: false, tally: Tally::default() }
    }

    /// Decides what follows the exit of a worker.
    pub(super) async fn after(&mut self, taken: &Taken, mut worker: Worker, exit: Exit) -> After {
        if self.session_is_gone(&worker, exit) {
            self.started_over = true;
            tracing::info!(run = %taken.run.id, "the session is gone; starting fresh");
            return self.next(taken, worker, Start::Fresh).await;
        }
        if !is_open_turn(taken, &worker, exit) {
            return After::End(Box::new(worker), Verdict::Exited(exit));
        }
        let renewed = tokio::select! {
            renewed = renew(taken, true) => renewed,
            () = taken.lifeline.cut_off() => return After::End(Box::new(worker), Verdict::CutOff),
        };
        match renewed.map(|renewed| renewed.renewal) {
            Some(Renewal::Ok) | None => {}
            Some(Renewal::EndedBySelf | Renewal::Fenced) => {
                return After::End(Box::new(worker), Verdict::Exited(exit));
            }
        }
        // Nothing of this turn lives on into the next, nor while it is judged.
        let report = worker.tree.finish(Duration::from_millis(200)).await;
        if !report.survivors.is_empty() {
            return After::End(Box::new(worker), Verdict::Exited(exit));
        }
        let heard = worker.listener.as_ref().map(|listener| listener.heard()).unwrap_or_default();
        let Some(session) =
            heard.session.clone().or(worker.resumed.as_ref().map(|known| known.session.clone()))
        else {
            return After::End(Box::new(worker), Verdict::Exited(exit));
        };
        let (judged, cost) = match renewing(taken, async { Ok(judge(taken, &worker, &heard).await) }).await {
            Prepared::Ready(judged) => *judged,
            Prepared::Failed(failure) => return After::Unstartable(failure),
            Prepared::Fenced | Prepared::CutOff => return After::StandDown,
            Prepared::Shutdown => {
                let failure = Some(andon_core::run::Failure::Interrupted);
                return After::End(Box::new(worker), Verdict::Stop(failure));
            }
        };
        self.tally.add_judge(cost, &taken.paths.judges());
        let (reached, reason) = match judged {
            Judged::Block(reason) => {
                return self.block(taken, worker, exit, BlockKind::NeedsInput, reason).await;
            }
            // In doubt the work goes on, but not turn after turn that somebody pays for.
            Judged::Unasked(reason) if self.unasked => {
                let reason = format!("The goal cannot be judged: {}", cap_chars(reason.trim(), 400));
                return self.block(taken, worker, exit, BlockKind::Capability, reason).await;
            }
            Judged::Unasked(reason) => {
                self.unasked = true;
                (false, format!("no verdict: the judge could not be asked: {reason}"))
            }
            Judged::Done(reason) if self.finalise_asked => {
                let reason = format!(
                    "The goal seems reached ({}), but the worker never said so to the board: complete the task, or unblock it.",
                    cap_chars(reason.trim(), 300)
                );
                return self.block(taken, worker, exit, BlockKind::NeedsInput, reason).await;
            }
            Judged::Done(reason) => {
                self.unasked = false;
                (true, reason)
            }
            Judged::GoOn(reason) => {
                self.unasked = false;
                (false, reason)
            }
        };
        self.finalise_asked |= reached;
        self.go_on(taken, worker, exit, session, reached, &reason).await
    }

    fn session_is_gone(&self, worker: &Worker, exit: Exit) -> bool {
        let (Some(_), Some(listener)) = (&worker.resumed, &worker.listener) else { return false };
        !self.started_over && exit.code != Some(0) && listener.is_session_gone(&worker.tree.captured().tail)
    }

    async fn go_on(
        &mut self,
        taken: &Taken,
        worker: Worker,
        exit: Exit,
        session: String,
        reached: bool,
        reason: &str,
    ) -> After {
        let budget = goal_turns(&taken.task);
        let reason = cap_chars(reason.trim(), 400);
        if self.used >= budget {
            let last = cap_chars(&reason, 300);
            let reason = format!("The budget of {budget} turns is used up. The judge's last word: {last}");
            return self.block(taken, worker, exit, BlockKind::NeedsInput, reason).await;
        }
        self.used += 1;
        let used = self.used;
        let note = format!("turn {used} of {budget}: {reason}");
        let caller = Caller::worker(taken.run.id.clone(), taken.run.profile.clone(), taken.token.clone());
        let policy = taken.settings.policy.clone();
        let told =
            taken.board.run(Heartbeat { caller, task: None, note: Some(note), ttl: None, policy }).await;
        if let Err(error) = told {
            tracing::warn!(run = %taken.run.id, %error, "the turn could not be noted");
        }
        let words = if reached {
            format!(
                "The judge finds the goal reached: {reason}\n\nEnd the run now (turn {used} of {budget}): \
                 `andon complete --summary \"…\"` or the tool kanban_complete says to the board what is done; `andon block` or \
                 kanban_block, if something is missing after all.\n"
            )
        } else {
            format!(
                "The goal is not reached yet (turn {used} of {budget}). The judge says:\n\n{reason}\n\nGo on from where you \
                 are. When the goal is reached, end the run with `andon complete --summary \"…\"` or the tool \
                 kanban_complete; when it cannot be reached without a person, with `andon block` or kanban_block.\n"
            )
        };
        let before = worker.resumed.as_ref().filter(|known| known.session == session);
        let before = before.map_or_else(Usage::default, |known| known.before.clone());
        self.next(taken, worker, Start::Turn(Resumed { session, before }, words)).await
    }

    async fn block(
        &self,
        taken: &Taken,
        worker: Worker,
        exit: Exit,
        kind: BlockKind,
        reason: String,
    ) -> After {
        let block = Block {
            task: taken.task.id.clone(),
            caller: Caller::worker(taken.run.id.clone(), taken.run.profile.clone(), taken.token.clone()),
            kind,
            reason,
            policy: taken.settings.policy.clone(),
        };
        // Refused: the run has ended otherwise, which the end of the run finds out by itself.
        if let Err(error) = taken.board.run(block).await {
            tracing::warn!(run = %taken.run.id, %error, "the task could not be blocked");
        }
        After::End(Box::new(worker), Verdict::Exited(exit))
    }

    /// Ends one process and starts the next, behind the startup guard.
    async fn next(&mut self, taken: &Taken, mut worker: Worker, start: Start) -> After {
        self.tally.add(taken, &worker);
        let report = worker.tree.finish(Duration::from_millis(200)).await;
        if !report.survivors.is_empty() {
            tracing::error!(run = %taken.run.id, survivors = ?report.survivors, "processes of the turn could not be killed");
            let exit = worker.tree.wait().await;
            return After::End(Box::new(worker), Verdict::Exited(exit));
        }
        drop(worker);
        let launch = match renewing(taken, Box::pin(launch::prepare(taken, start))).await {
            Prepared::Ready(launch) => *launch,
            Prepared::Failed(failure) => return After::Unstartable(failure),
            Prepared::Fenced | Prepared::CutOff => return After::StandDown,
            Prepared::Shutdown => {
                return After::Unstartable(Unstartable::interrupted("the host shut down between two turns"));
            }
        };
        let guard = CheckGuard {
            run: taken.run.id.clone(),
            token: taken.token.clone(),
            holder: taken.holder.clone(),
        };
        match taken.board.run(guard).await {
            Ok(Guard::Go) => {}
            Ok(Guard::StandDown(andon_core::run::StandDown::Paused)) => {
                return After::Unstartable(Unstartable::interrupted("the cord was pulled between two turns"));
            }
            Ok(Guard::StandDown(_)) => return After::StandDown,
            Err(error) => return After::Unstartable(Unstartable::passing(error)),
        }
        if taken.lifeline.is_cut() {
            return After::StandDown;
        }
        match launch.start(&taken.lifeline) {
            Ok(worker) => After::Again(Box::new(worker)),
            Err(failure) => After::Unstartable(failure),
        }
    }
}

/// Whether a process has ended a turn of the goal mode, of an agent that can go on.
fn is_open_turn(taken: &Taken, worker: &Worker, exit: Exit) -> bool {
    taken.task.goal_mode
        && taken.run.kind == Phase::Work
        && worker.ends_by == EndsBy::Protocol
        && exit.code == Some(0)
        && worker.profile.preset().is_some_and(|preset| preset.can_resume())
}

/// Asks the judge, who is a process of its own. Without a verdict the work goes on.
async fn judge(taken: &Taken, worker: &Worker, heard: &Heard) -> (Judged, UsageFile) {
    let task = &taken.task;
    let goal = format!("{}\n\n{}", task.title.trim(), task.body.as_deref().unwrap_or("").trim());
    let said = heard.text.clone().unwrap_or_else(|| worker.tree.captured().tail);
    let question = json!({ "goal": goal.trim(), "response": said, "now": andon_core::context::rfc3339(taken.board.world().now()) });
    match ask(taken, worker, question.to_string().into_bytes()).await {
        Ok(word) => {
            let judged = match word.verdict.as_str() {
                "done" => Judged::Done(word.reason),
                "unachievable" => Judged::Block(word.reason),
                "unasked" => Judged::Unasked(word.reason),
                _ => Judged::GoOn(word.reason),
            };
            (judged, word.usage)
        }
        Err(NoVerdict::Lasting(error)) => (Judged::Unasked(error), UsageFile::default()),
        Err(NoVerdict::Passing(error)) => {
            tracing::warn!(run = %taken.run.id, error, "the judge gave no verdict; the work goes on");
            (Judged::GoOn("no verdict: the judge could not be asked".to_owned()), UsageFile::default())
        }
    }
}

async fn ask(taken: &Taken, worker: &Worker, question: Vec<u8>) -> Result<Word, NoVerdict> {
    let passing = |error: std::io::Error| NoVerdict::Passing(error.to_string());
    let andon = std::env::current_exe().map_err(passing)?;
    let argv = vec![andon.into_os_string(), "agent".into(), "judge".into()];
    let log = LogSpec { path: taken.paths.private.join("judge.log"), rotate_bytes: 1 << 20, backups: 0 };
    let mut spec = Spec::new(argv, worker.workspace.path.clone(), marker(&taken.run.id), log);
    spec.env = environment(taken, &worker.profile, &worker.workspace).into_iter().collect();
    spec.stdin = Stdin::Bytes(question);
    spec.cgroup = None;
    let mut tree = Tree::start(spec).map_err(|error| NoVerdict::Passing(error.to_string()))?;
    let exit = tokio::time::timeout(PATIENCE, tree.wait()).await;
    let captured = tree.captured();
    let _ = tree.finish(Duration::from_millis(200)).await;
    let exit = exit.map_err(|_| NoVerdict::Passing("it took too long".to_owned()))?;
    let said = captured.last_line.unwrap_or_default();
    serde_json::from_str(&said).map_err(|error| match exit.code {
        // It judges whatever it can be asked for; what it says before it gives up is about its setup.
        Some(code) if code != 0 => {
            NoVerdict::Lasting(captured.last_stderr_line.unwrap_or_else(|| format!("exit {code}")))
        }
        Some(_) | None => NoVerdict::Passing(captured.last_stderr_line.unwrap_or(error.to_string())),
    })
}
