//! What a task itself waits for: a person, a time, its parents, an answer.

use super::facts::{OpenParent, WhyFacts};
use super::{PARENTS, Reason, WORDS};
use crate::context::{one_line, rfc3339, span};
use crate::planning::Turn;
use crate::policy::Policy;
use crate::run::Outcome;
use crate::task::{Block, BlockKind, Status, TaskState};
use crate::time::Millis;

/// What the task itself waits for.
pub(super) fn waits(reasons: &mut Vec<Reason>, facts: &WhyFacts, policy: &Policy, now: Millis) {
    let (task, state) = (&facts.task, &facts.state);
    let open = if state.parents_waived { 0 } else { facts.open_parents_total.max(facts.open_parents.len()) };
    let promote = format!("andon promote {task}");
    if state.status == Status::Triage {
        reasons.push(idea(facts, policy, now));
    }
    if state.held {
        let also = if open > 0 { "; as long as parents are open that takes `--force`" } else { "" };
        let message = format!("a person holds it until it is promoted{also}");
        reasons.push(Reason::new("held", message).clear(promote.clone()));
    }
    if state.status == Status::Scheduled {
        let clear = if open > 0 { format!("andon unblock {task}") } else { promote.clone() };
        let reason = match state.scheduled_at {
            Some(at) => Reason::new("scheduled", format!("it waits for {}", moment(at, now))).until(Some(at)),
            None => Reason::new("parked", "it is parked without a time, until a person lets it go on"),
        };
        reasons.push(reason.clear(clear));
    }
    if open > 0 {
        parents(reasons, facts, open, now);
    }
    if let Some(block) = &state.block {
        reasons.push(blocked(facts, block, policy, now));
    }
    if let Some(eligible) = state.eligible.as_ref().filter(|eligible| eligible.at > now) {
        let message =
            format!("{}: not before {}", one_line(&eligible.reason, WORDS), moment(eligible.at, now));
        let reason = Reason::new("not_eligible", message).until(Some(eligible.at));
        reasons.push(if open > 0 { reason } else { reason.clear(promote.clone()) });
    }
    if state.status == Status::Todo && !state.held && open == 0 {
        let message = "nothing that it waited for is left: the next sweep of a dispatcher makes it ready";
        reasons.push(Reason::new("unsettled", message).clear(promote));
    }
}

/// An idea: what became of a model's attempts at it.
fn idea(facts: &WhyFacts, policy: &Policy, now: Millis) -> Reason {
    let task = &facts.task;
    let by_hand = format!("andon specify {task}");
    let Some(planning) = &facts.planning else {
        return Reason::new("triage", "it is an idea that nobody has specified yet").clear(by_hand);
    };
    let tried = |count: u32| format!("a model tried {count} time{}", if count == 1 { "" } else { "s" });
    let error = quoted(planning.error.as_deref().unwrap_or_default());
    match planning.turn(true, policy, now) {
        Turn::Held(until) => {
            let message =
                format!("it is an idea, and a model plans it right now (attempt {})", planning.attempts);
            Reason::new("triage", message).until(Some(until))
        }
        Turn::Later(at) => {
            let message = format!(
                "it is an idea: {} of at most {} to plan it, and tries again not before {}; the last error: {error}",
                tried(planning.attempts),
                policy.plan_attempts,
                moment(at, now)
            );
            Reason::new("triage", message).until(Some(at)).clear(by_hand)
        }
        Turn::Spent => {
            let message = format!(
                "it is an idea: {} to plan it and does not try again by itself; the last error: {error}; an edit of the \
                 idea lets it try afresh",
                tried(planning.attempts)
            );
            Reason::new("triage", message).clear(format!("andon specify {task} --auto"))
        }
        Turn::Now => {
            Reason::new("triage", "it is an idea: a model plans it next, where `auto_decompose` is on")
                .clear(by_hand)
        }
    }
}

/// A time, and how far away it is.
pub(super) fn moment(at: Millis, now: Millis) -> String {
    if at > now {
        format!("{} (in {})", rfc3339(at), span(at.since(now)))
    } else {
        format!("{} ({} ago: a dispatcher acts on it)", rfc3339(at), span(now.since(at)))
    }
}

fn parents(reasons: &mut Vec<Reason>, facts: &WhyFacts, open: usize, now: Millis) {
    let child = &facts.task;
    let mut shown: Vec<&OpenParent> = facts.open_parents.iter().collect();
    shown.sort_by_key(|parent| &parent.id);
    shown.truncate(PARENTS);
    let named = shown.len();
    for parent in shown {
        let (state, clear) = parent_waits(parent, facts, now);
        let message = format!("parent {} is not finished: it {state}", parent.id);
        let until = parent.scheduled_at.filter(|_| parent.status == Status::Scheduled);
        reasons.push(Reason::new("open_parents", message).until(until).clear(clear));
    }
    if open > named {
        let more = if named > 0 { " more" } else { "" };
        let message =
            format!("{}{more} parents are not finished; `andon show {child}` names them", open - named);
        reasons.push(Reason::new("open_parents", message).clear(format!("andon promote {child} --force")));
    }
}

/// What a parent waits for itself, and the command that brings it or its child on.
fn parent_waits(parent: &OpenParent, facts: &WhyFacts, now: Millis) -> (String, String) {
    let id = &parent.id;
    let over = format!("andon promote {} --force", facts.task);
    match parent.status {
        Status::Triage => ("is an idea that nobody has specified".to_owned(), format!("andon specify {id}")),
        Status::Todo if parent.held => ("is held".to_owned(), format!("andon promote {id}")),
        Status::Todo => (format!("waits for {} open parent(s) of its own", parent.open_parents), over),
        Status::Scheduled => match parent.scheduled_at {
            Some(at) => (format!("is scheduled for {}", moment(at, now)), format!("andon promote {id}")),
            None => ("is parked without a time".to_owned(), format!("andon promote {id}")),
        },
        Status::Ready => match &parent.assignee {
            Some(assignee) => (format!("is ready for {assignee}"), over),
            None => ("is ready, but has no assignee".to_owned(), format!("andon assign {id} <profile>")),
        },
        Status::Running => ("is running".to_owned(), over),
        Status::Review => ("is in review".to_owned(), over),
        Status::Blocked => {
            let unblock = format!("andon unblock {id}");
            match &parent.block {
                Some((BlockKind::GaveUp, error)) => {
                    (format!("has failed too often and was given up: {}", quoted(error)), unblock)
                }
                Some((kind, reason)) => (format!("is blocked ({kind}): {}", quoted(reason)), unblock),
                None => ("is blocked".to_owned(), unblock),
            }
        }
        Status::Archived => (
            "is archived unfinished, and was not released".to_owned(),
            format!("andon unlink {id} {}", facts.task),
        ),
        Status::Done => ("is done: the next sweep of a dispatcher notices".to_owned(), over),
    }
}

/// Somebody's words in a message.
pub(super) fn quoted(text: &str) -> String {
    let line = one_line(text, WORDS);
    if line.is_empty() { "no reason given".to_owned() } else { format!("“{line}”") }
}

fn blocked(facts: &WhyFacts, block: &Block, policy: &Policy, now: Millis) -> Reason {
    let task = &facts.task;
    let (words, ago) = (quoted(&block.reason), span(now.since(block.at)));
    let unblock = format!("andon unblock {task}");
    match block.kind {
        BlockKind::NeedsInput => {
            Reason::new("blocked", format!("its worker has had a question for {ago}: {words}")).clear(unblock)
        }
        BlockKind::Transient => {
            let message = format!("its worker met an outside failure {ago} ago: {words}");
            Reason::new("blocked", message).clear(unblock)
        }
        BlockKind::Operator => {
            Reason::new("blocked", format!("it was stopped on purpose {ago} ago: {words}")).clear(unblock)
        }
        BlockKind::Capability => {
            let message =
                format!("it lacks a right, a tool or a login, {ago} ago: {words}; supply that first");
            Reason::new("blocked_capability", message).clear(unblock)
        }
        BlockKind::Recurring => {
            let message = format!(
                "it was blocked {} times without news in between, last {ago} ago: {words}; unblocking it again will \
                 not help until a comment or an edit changes something",
                facts.state.counters.blocks
            );
            let command = format!("andon comment {task} \"<what is new>\" && {unblock}");
            Reason::new("blocked_recurring", message).clear(command)
        }
        BlockKind::GaveUp => {
            let (count, limit, what) = breaker(&facts.state, facts.last_outcome, facts.max_retries, policy);
            // A count below its limit was judged by the systemic rule, which trips at once.
            let because = if count < limit {
                format!("after {count} {what}, together with other tasks of its profile that failed alike")
            } else {
                format!("after {count} {what} in a row (limit {limit})")
            };
            let error = facts.state.last_failure_error.as_deref().unwrap_or(&block.reason);
            let message = format!("it was given up {ago} ago {because}; the last error: {}", quoted(error));
            Reason::new("gave_up", message).clear(unblock)
        }
    }
}

/// The counter that tripped, its limit, and what it counts.
fn breaker(
    state: &TaskState,
    last: Option<Outcome>,
    max_retries: Option<u32>,
    policy: &Policy,
) -> (u32, u32, &'static str) {
    let counters = &state.counters;
    let general = max_retries.unwrap_or(policy.failure_limit);
    let (count, limit, what) = match last {
        Some(Outcome::RateLimited) => (counters.rate_limits, policy.rate_limit_limit, "rate limits"),
        Some(Outcome::Lost | Outcome::Stale) => {
            (counters.reclaims, policy.reclaim_limit, "lost or stale runs")
        }
        Some(Outcome::Interrupted) => (counters.interruptions, policy.interruption_limit, "interruptions"),
        Some(Outcome::ProtocolViolation) => {
            (counters.failures, general.min(policy.protocol_violation_limit), "failures")
        }
        Some(
            Outcome::Completed
            | Outcome::Blocked
            | Outcome::ReviewRequested
            | Outcome::Approved
            | Outcome::ChangesRequested
            | Outcome::Scheduled
            | Outcome::SpawnFailed
            | Outcome::Crashed
            | Outcome::TimedOut
            | Outcome::Reclaimed
            | Outcome::Cancelled
            | Outcome::StoodDown,
        )
        | None => (counters.failures, general, "failures"),
    };
    (count, limit.max(1), what)
}
