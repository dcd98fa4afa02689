//! Rules about how a task has fared: its completions, failures, blocks and waits.

use serde_json::{Value, json};

use super::facts::{Phantoms, TaskFacts, Thresholds};
use super::report::{Action, ActionKind, Diagnostic, DiagnosticKind, Severity};
use crate::context::{one_line, rfc3339, span};
use crate::id::RunId;
use crate::policy::Policy;
use crate::run::Outcome;
use crate::task::Status;
use crate::text::{cap_chars, first_line};
use crate::time::Millis;

/// The evidence of a finding.
pub(super) struct Seen {
    first: Millis,
    last: Millis,
    count: u32,
    run: Option<RunId>,
}

impl Seen {
    /// A state that has lasted since `at`.
    pub(super) fn since(at: Millis) -> Self {
        Self { first: at, last: at, count: 1, run: None }
    }

    fn of(phantoms: &Phantoms) -> Self {
        Self {
            first: phantoms.first_at,
            last: phantoms.last_at,
            count: phantoms.count,
            run: phantoms.run.clone(),
        }
    }

    pub(super) fn by(mut self, run: &RunId) -> Self {
        self.run = Some(run.clone());
        self
    }
}

/// One task under the rules.
pub(super) struct Case<'a> {
    pub(super) task: &'a TaskFacts,
    pub(super) thresholds: &'a Thresholds,
    pub(super) policy: &'a Policy,
    pub(super) now: Millis,
}

impl Case<'_> {
    #[expect(clippy::too_many_arguments, reason = "the fields of one row, in their order")]
    pub(super) fn finding(
        &self,
        kind: DiagnosticKind,
        severity: Severity,
        seen: Seen,
        title: String,
        detail: String,
        mut actions: Vec<Action>,
        data: Value,
    ) -> Option<Diagnostic> {
        for generic in self.generic() {
            if !actions.iter().any(|action| action.command == generic.command) {
                actions.push(generic);
            }
        }
        Some(Diagnostic {
            kind,
            severity,
            title,
            detail,
            actions,
            first_seen_at: seen.first,
            last_seen_at: seen.last,
            count: seen.count,
            run_id: seen.run,
            data,
        })
    }

    /// What may help with anything that is not finished.
    fn generic(&self) -> Vec<Action> {
        let id = &self.task.task;
        if self.task.status.is_terminal() {
            Vec::new()
        } else if self.task.status == Status::Running {
            vec![
                self.action(ActionKind::Reclaim, "take the run back", format!("andon reclaim {id}")),
                self.action(
                    ActionKind::Reassign,
                    "take the run back and give the task to another profile",
                    format!("andon reassign {id} <profile> --reclaim"),
                ),
            ]
        } else {
            vec![self.action(
                ActionKind::Reassign,
                "give the task to another profile",
                format!("andon assign {id} <profile>"),
            )]
        }
    }

    pub(super) fn action(&self, kind: ActionKind, label: &str, command: String) -> Action {
        Action { kind, label: label.to_owned(), command, suggested: false }
    }

    pub(super) fn suggested(&self, kind: ActionKind, label: &str, command: String) -> Action {
        Action { suggested: true, ..self.action(kind, label, command) }
    }

    /// `andon <verb> <id>`, suggested.
    fn look(&self, verb: &str, label: &str) -> Action {
        self.suggested(ActionKind::Command, label, format!("andon {verb} {}", self.task.task))
    }

    fn comment(&self, label: &str) -> Action {
        self.suggested(
            ActionKind::Comment,
            label,
            format!("andon comment {} \"<what to do>\"", self.task.task),
        )
    }

    pub(super) fn hallucinated_cards(&self) -> Option<Diagnostic> {
        let phantoms = self.task.phantom_cards.as_ref()?;
        self.finding(
            DiagnosticKind::HallucinatedCards,
            Severity::Error,
            Seen::of(phantoms),
            format!(
                "completion refused: it names {} task(s) that its worker did not create",
                phantoms.ids.len()
            ),
            format!(
                "Not there, or not the worker's: {}. The task has not been completed since.",
                ids(phantoms)
            ),
            vec![self.comment("tell the worker which tasks there are")],
            json!({ "phantom_ids": phantoms.ids }),
        )
    }

    pub(super) fn prose_phantom_refs(&self) -> Option<Diagnostic> {
        let phantoms = self.task.phantom_references.as_ref()?;
        self.finding(
            DiagnosticKind::ProsePhantomRefs,
            Severity::Warning,
            Seen::of(phantoms),
            format!("the summary mentions {} task(s) that do not exist", phantoms.ids.len()),
            format!("Mentioned: {}. What the summary says about them cannot be true.", ids(phantoms)),
            vec![self.look("show", "read the summary")],
            json!({ "phantom_refs": phantoms.ids }),
        )
    }

    fn fails_repeatedly(&self) -> bool {
        !self.task.status.is_terminal()
            && self.task.consecutive_failures >= self.thresholds.failures(self.policy)
    }

    pub(super) fn repeated_failures(&self) -> Option<Diagnostic> {
        if !self.fails_repeatedly() {
            return None;
        }
        let task = self.task;
        let threshold = self.thresholds.failures(self.policy);
        let error = task.last_failure_error.as_deref().unwrap_or("no error is recorded");
        let outcome = task.last_run.as_ref().map(|run| run.outcome);
        let mut seen = Seen::since(task.last_run.as_ref().map_or(task.created_at, |run| run.ended_at));
        seen.count = task.consecutive_failures;
        seen.run = task.last_run.as_ref().map(|run| run.run.clone());
        self.finding(
            DiagnosticKind::RepeatedFailures,
            doubled(task.consecutive_failures, threshold),
            seen,
            format!("failed {} times in a row: {}", task.consecutive_failures, line_of(error)),
            format!("The last error: {}", cap_chars(error.trim(), 500)),
            self.failure_actions(outcome),
            json!({
                "consecutive_failures": task.consecutive_failures,
                "most_recent_outcome": outcome,
                "last_error": task.last_failure_error,
                "failure_threshold": threshold,
                "failure_limit": self.policy.failure_limit,
            }),
        )
    }

    fn failure_actions(&self, outcome: Option<Outcome>) -> Vec<Action> {
        let mut actions = Vec::new();
        if outcome == Some(Outcome::SpawnFailed) {
            if let Some(assignee) = &self.task.assignee {
                actions.push(self.suggested(
                    ActionKind::Command,
                    "see how its profile is started, and with which login",
                    format!("andon profile show {assignee}"),
                ));
            }
            actions.push(self.action(
                ActionKind::Command,
                "check this installation",
                "andon doctor".to_owned(),
            ));
        } else {
            actions.push(self.look("log", "read what the last run printed"));
        }
        let id = &self.task.task;
        actions.push(if self.task.status == Status::Blocked {
            self.action(
                ActionKind::Command,
                "let it go on with a fresh budget",
                format!("andon unblock {id}"),
            )
        } else {
            self.action(
                ActionKind::Command,
                "give it a fresh budget",
                format!("andon edit {id} --reset-failures"),
            )
        });
        actions
    }

    pub(super) fn repeated_crashes(&self) -> Option<Diagnostic> {
        let crashes = self.task.crashes.as_ref()?;
        let threshold = self.thresholds.crash_threshold.max(1);
        if crashes.count < threshold || self.task.status.is_terminal() || self.fails_repeatedly() {
            return None;
        }
        let error = crashes.error.as_deref().unwrap_or("no error is recorded");
        self.finding(
            DiagnosticKind::RepeatedCrashes,
            doubled(crashes.count, threshold),
            Seen {
                first: crashes.first_at,
                last: crashes.last_at,
                count: crashes.count,
                run: Some(crashes.run.clone()),
            },
            format!("its last {} runs crashed: {}", crashes.count, line_of(error)),
            format!("The last error: {}", cap_chars(error.trim(), 500)),
            vec![self.look("log", "read what the last run printed")],
            json!({ "consecutive_crashes": crashes.count, "last_error": crashes.error }),
        )
    }

    pub(super) fn stuck_in_blocked(&self) -> Option<Diagnostic> {
        let (kind, at) = self.task.blocked?;
        let age = self.now.since(at);
        let answered = self.task.last_comment_at.is_some_and(|comment| comment > at);
        let limit = 3_600_000 * i64::from(self.thresholds.blocked_stale_hours);
        if self.task.status != Status::Blocked || answered || age < limit {
            return None;
        }
        let id = &self.task.task;
        self.finding(
            DiagnosticKind::StuckInBlocked,
            Severity::Warning,
            Seen::since(at),
            format!("blocked ({kind}) for {} without a word", span(age)),
            format!("It stopped at {} and nobody has commented on it since.", rfc3339(at)),
            vec![
                self.comment("answer it"),
                self.action(ActionKind::Command, "let it go on", format!("andon unblock {id}")),
            ],
            json!({ "blocked_at": at, "age_hours": age / 3_600_000, "block_kind": kind }),
        )
    }

    pub(super) fn block_unblock_cycling(&self) -> Option<Diagnostic> {
        let cycles = self.task.cycles.as_ref()?;
        if cycles.count < self.thresholds.block_cycle_threshold.max(1) || self.task.status.is_terminal() {
            return None;
        }
        let window = self.thresholds.block_cycle_window_seconds;
        self.finding(
            DiagnosticKind::BlockUnblockCycling,
            Severity::Warning,
            Seen { first: cycles.first_at, last: cycles.last_at, count: cycles.count, run: None },
            format!("blocked again {} times after it was let go on", cycles.count),
            format!(
                "That happened within {}. Unblocking alone does not help: something has to change first.",
                span(1_000 * i64::from(window))
            ),
            vec![self.look("events", "see what happened in between")],
            json!({ "cycles": cycles.count, "window_seconds": window }),
        )
    }

    /// A model has tried as often as it may, and the idea still waits.
    pub(super) fn planning_failed(&self) -> Option<Diagnostic> {
        let id = &self.task.task;
        let planning = self.task.planning.as_ref()?;
        if self.task.status != Status::Triage || !planning.is_spent(self.policy, self.now) {
            return None;
        }
        let error = line_of(planning.error.as_deref().unwrap_or("the process that asked the model is gone"));
        self.finding(
            DiagnosticKind::PlanningFailed,
            Severity::Error,
            Seen { count: planning.attempts.max(1), ..Seen::since(planning.at) },
            format!("A model tried {} times to plan this idea", planning.attempts),
            format!("It does not try again by itself. The last error: {error}. An edit of the idea lets it try afresh."),
            vec![
                self.suggested(ActionKind::Command, "have it planned once more", format!("andon decompose {id} --auto")),
                self.action(ActionKind::Command, "specify it by hand", format!("andon specify {id}")),
            ],
            json!({ "attempts": planning.attempts, "reason": planning.reason }),
        )
    }

    pub(super) fn stranded_in_ready(&self) -> Option<Diagnostic> {
        let task = self.task;
        let assignee = task.assignee.as_ref()?;
        let since = task.ready_since.unwrap_or(task.created_at).max(task.eligible_at.unwrap_or_default());
        let age = self.now.since(since);
        let threshold = self.thresholds.stranded_threshold_seconds.max(1);
        let times = age / (1_000 * i64::from(threshold));
        // A pause is somebody's will, and `why` names it.
        if task.status != Status::Ready || task.paused || times < 1 {
            return None;
        }
        let severity = match times {
            ..2 => Severity::Warning,
            2..6 => Severity::Error,
            6.. => Severity::Critical,
        };
        self.finding(
            DiagnosticKind::StrandedInReady,
            severity,
            Seen::since(since),
            format!("ready for {assignee} for {}, and nobody has taken it", span(age)),
            format!("It could have started since {}. Its reasons say what is in the way.", rfc3339(since)),
            vec![self.look("why", "see what keeps it from running")],
            json!({
                "ready_since": since,
                "age_seconds": age / 1_000,
                "assignee": assignee,
                "threshold_seconds": threshold,
            }),
        )
    }
}

fn ids(phantoms: &Phantoms) -> String {
    one_line(&phantoms.ids.join(", "), 500)
}

/// The first line of an error, for a title.
pub(super) fn line_of(error: &str) -> String {
    one_line(&first_line(error, 160), 160)
}

/// An error, critical from twice the threshold on.
const fn doubled(count: u32, threshold: u32) -> Severity {
    if count >= threshold.saturating_mul(2) { Severity::Critical } else { Severity::Error }
}
