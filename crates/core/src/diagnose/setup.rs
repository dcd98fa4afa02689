//! Rules about what a task needs to start: its skills, its profile, and a claim that somebody holds (SD4-12).

use serde_json::{Value, json};

use super::facts::ClaimFacts;
use super::report::{Action, ActionKind, Diagnostic, DiagnosticKind, Severity};
use super::rules::{Case, Seen, line_of};
use crate::context::{one_line, rfc3339, span};
use crate::task::Status;
use crate::why::Standing;

impl Case<'_> {
    pub(super) fn invalid_task_skills(&self) -> Option<Diagnostic> {
        let task = self.task;
        if task.unknown_skills.is_empty() || task.status.is_terminal() {
            return None;
        }
        let names = task.unknown_skills.join(", ");
        let mut actions = vec![self.suggested(
            ActionKind::Command,
            "run it without skills of its own",
            format!("andon edit {} --clear-skills", task.task),
        )];
        if let Some(assignee) = &task.assignee {
            actions.push(self.action(
                ActionKind::Command,
                "see which skills its profile has",
                format!("andon profile show {assignee}"),
            ));
        }
        self.finding(
            DiagnosticKind::InvalidTaskSkills,
            Severity::Error,
            Seen::since(task.created_at),
            format!("asks for skills that its profile does not have: {}", one_line(&names, 160)),
            "A run of it cannot be started with them.".to_owned(),
            actions,
            json!({ "skills": task.unknown_skills, "assignee": task.assignee }),
        )
    }

    pub(super) fn assignee_profile_not_found(&self) -> Option<Diagnostic> {
        let task = self.task;
        let assignee = task.assignee.as_ref().filter(|_| !task.status.is_terminal())?;
        let (title, actions, data) = match &task.profile {
            Standing::Unseen | Standing::Known | Standing::Lane => return None,
            Standing::Unknown { nearest } => {
                let create = self.action(
                    ActionKind::Command,
                    "make that profile",
                    format!("andon profile create {assignee} --runner <runner>"),
                );
                let best = nearest.first().map(|best| {
                    let running = task.status == Status::Running;
                    let (verb, reclaim) = if running { ("reassign", " --reclaim") } else { ("assign", "") };
                    self.suggested(
                        ActionKind::Reassign,
                        &format!("give it to {best}"),
                        format!("andon {verb} {} {best}{reclaim}", task.task),
                    )
                });
                let create = Action { suggested: best.is_none(), ..create };
                (
                    format!("there is no profile {assignee}"),
                    best.into_iter().chain([create]).collect(),
                    json!({ "assignee": assignee, "nearest": nearest }),
                )
            }
            Standing::Broken { problem } => (
                format!("profile {assignee} cannot be used: {}", line_of(problem)),
                vec![self.suggested(
                    ActionKind::Command,
                    "mend the profile",
                    format!("andon profile edit {assignee}"),
                )],
                json!({ "assignee": assignee, "problem": problem }),
            ),
        };
        let detail = "Nobody can run the task until that changes.".to_owned();
        let seen = Seen::since(task.created_at);
        self.finding(
            DiagnosticKind::AssigneeProfileNotFound,
            Severity::Error,
            seen,
            title,
            detail,
            actions,
            data,
        )
    }

    /// A run that holds its task, and that nobody holds. One more lease is granted before anybody is alarmed, since a
    /// dispatcher settles this by itself.
    pub(super) fn stale_running_claim(&self) -> Option<Diagnostic> {
        let task = self.task;
        if task.status != Status::Running {
            return None;
        }
        let id = &task.task;
        let clear = self.action(
            ActionKind::Command,
            "clear what is left of the claim",
            format!("andon edit {id} --clear-claim"),
        );
        let Some(claim) = task.claim.as_ref().filter(|claim| claim.ended_at.is_none()) else {
            return self.finding(
                DiagnosticKind::StaleRunningClaim,
                Severity::Error,
                Seen::since(task.created_at),
                "running, but it has no open run".to_owned(),
                "The board contradicts itself; `andon doctor` says where.".to_owned(),
                vec![Action { suggested: true, ..clear }],
                json!({ "claim": null }),
            );
        };
        let dead = claim.supervisor_alive == Some(false);
        let expired = claim.lease_expires_at.filter(|at| self.now.since(*at) > self.policy.lease_ttl);
        let (since, what) = match (dead, expired) {
            (false, None) => return None,
            (_, Some(at)) => (at, format!("its lease ran out at {}", rfc3339(at))),
            (true, None) => (claim.claimed_at, "its supervisor is gone".to_owned()),
        };
        self.finding(
            DiagnosticKind::StaleRunningClaim,
            Severity::Error,
            Seen::since(since).by(&claim.run),
            format!("running on {}, but {what}", one_line(&claim.host, 64)),
            "A dispatcher on that host ends such a run and starts the task again; none has done so."
                .to_owned(),
            vec![
                self.suggested(ActionKind::Reclaim, "take the run back", format!("andon reclaim {id}")),
                clear,
            ],
            claim_data(claim),
        )
    }

    /// A run that is over, and whose processes keep the task from starting again.
    pub(super) fn left_over_claim(&self) -> Option<Diagnostic> {
        let claim = self.task.claim.as_ref()?;
        let ended = claim.ended_at?;
        let overdue = self.now.since(ended) > 5 * self.policy.lease_ttl;
        if self.task.status == Status::Running || self.task.status.is_terminal() || !overdue {
            return None;
        }
        let host = one_line(&claim.host, 64);
        self.finding(
            DiagnosticKind::StaleRunningClaim,
            Severity::Warning,
            Seen::since(ended).by(&claim.run),
            format!(
                "its last run ended {} ago, but its processes on {host} are not known to be gone",
                span(self.now.since(ended))
            ),
            "The task does not start before they are. A dispatcher on that host stops them.".to_owned(),
            vec![self.suggested(
                ActionKind::Command,
                &format!("settle it, on {host}"),
                "andon dispatch --once".to_owned(),
            )],
            claim_data(claim),
        )
    }
}

fn claim_data(claim: &ClaimFacts) -> Value {
    json!({
        "run": claim.run,
        "host": claim.host,
        "claimed_at": claim.claimed_at,
        "lease_expires_at": claim.lease_expires_at,
        "ended_at": claim.ended_at,
        "supervisor_alive": claim.supervisor_alive,
    })
}
