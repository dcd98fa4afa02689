//! Why a task does not run, and what would make it run (promise 7).
//!
//! Every condition that [`step`](crate::task::step) and the claim check has its reason here, in a fixed order: first what
//! the task waits for, then who would run it, then what keeps everything or everybody from starting.

mod facts;
mod waits;

use serde::Serialize;

pub use self::facts::{Cap, Guarded, LiveRun, OpenParent, Pause, Scope, Standing, UnreapedRun, WhyFacts};
use self::waits::{moment, quoted};
use crate::context::{one_line, rfc3339, span};
use crate::id::ProfileName;
use crate::policy::Policy;
use crate::task::{Phase, Status};
use crate::time::Millis;

/// Most parents that are named one by one.
pub const PARENTS: usize = 10;
/// A dispatcher that has not looked at a board for this long, milliseconds, is taken for gone: three slow sweeps.
pub const DISPATCHER_SILENCE: i64 = 90_000;
/// Most characters of somebody's words in a message.
const WORDS: usize = 200;

/// Every code of a [`Reason`], in the order in which they are given.
pub const ALL_CODES: &[&str] = &[
    "running",
    "done",
    "archived",
    "triage",
    "held",
    "scheduled",
    "parked",
    "open_parents",
    "blocked",
    "blocked_capability",
    "blocked_recurring",
    "gave_up",
    "not_eligible",
    "unsettled",
    "review_by_person",
    "unassigned",
    "unknown_profile",
    "broken_profile",
    "lane",
    "paused",
    "capped",
    "cooling_down",
    "unreaped",
    "guarded",
    "no_dispatcher",
    "starting",
];

/// One thing that keeps a task from running.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Reason {
    /// Stable code, one of [`ALL_CODES`].
    pub code: &'static str,
    /// What it is, in words.
    pub message: String,
    /// When it ends by itself.
    pub until: Option<Millis>,
    /// What ends it now; none when there is nothing to do but wait, or the message says what.
    pub clear: Option<Clear>,
}

/// What clears a reason.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Clear {
    /// A command of this program. What stands in `<…>` is for the person to fill in.
    pub command: String,
}

impl Reason {
    fn new(code: &'static str, message: impl Into<String>) -> Self {
        Self { code, message: message.into(), until: None, clear: None }
    }

    fn until(mut self, at: Option<Millis>) -> Self {
        self.until = at;
        self
    }

    fn clear(mut self, command: impl Into<String>) -> Self {
        self.clear = Some(Clear { command: command.into() });
        self
    }
}

/// Everything that keeps the task from running, in the order of [`ALL_CODES`]. Never empty: a running or finished task has
/// the one reason that says so, and a task that nothing holds is `starting`.
#[must_use]
pub fn why(facts: &WhyFacts, policy: &Policy, now: Millis) -> Vec<Reason> {
    let state = &facts.state;
    match state.status {
        Status::Running => return vec![running(facts, now)],
        Status::Done => {
            let at = state.completed_at.map(|at| format!(" since {}", rfc3339(at))).unwrap_or_default();
            let reason = Reason::new("done", format!("it is done{at}"));
            return vec![reason.clear(format!("andon reopen {}", facts.task))];
        }
        Status::Archived => {
            let reason = Reason::new("archived", "it is archived");
            return vec![reason.clear(format!("andon reopen {}", facts.task))];
        }
        Status::Triage
        | Status::Todo
        | Status::Scheduled
        | Status::Ready
        | Status::Review
        | Status::Blocked => {}
    }
    let mut reasons = Vec::new();
    waits::waits(&mut reasons, facts, policy, now);
    if state.phase == Phase::Review && facts.reviewer.is_none() {
        if state.status == Status::Review {
            reasons.push(
                Reason::new(
                    "review_by_person",
                    format!(
                        "it waits for a person's review; `andon request-changes {} \"<what>\"` sends it back",
                        facts.task
                    ),
                )
                .clear(format!("andon approve {}", facts.task)),
            );
        }
    } else {
        runner(&mut reasons, facts);
        if !facts.unmet_labels.is_empty() {
            let labels = facts.unmet_labels.join(", ");
            let message =
                format!("it requires a host with {labels}, and no host that dispatches has all of that");
            let clear = format!("andon edit {} --require \"\"", facts.task);
            reasons.push(Reason::new("no_fitting_host", message).clear(clear));
        }
        starts(&mut reasons, facts, now);
    }
    if reasons.is_empty() {
        reasons.push(starting(facts));
    }
    reasons
}

fn starting(facts: &WhyFacts) -> Reason {
    let message = match (facts.state.phase, &facts.reviewer) {
        (Phase::Review, Some(reviewer)) => {
            format!("nothing holds it: a dispatcher starts the review by {reviewer} next")
        }
        (Phase::Work | Phase::Review, _) => "nothing holds it: a dispatcher takes it next".to_owned(),
    };
    Reason::new("starting", message)
}

fn running(facts: &WhyFacts, now: Millis) -> Reason {
    let Some(run) = &facts.run else {
        return Reason::new("running", "it is running, but its run is not on the board")
            .clear(format!("andon edit {} --clear-claim", facts.task));
    };
    let verb = match run.phase {
        Phase::Work => "is running",
        Phase::Review => "is being reviewed",
    };
    let by = run.profile.as_ref().map_or("by hand".to_owned(), |profile| format!("by {profile}"));
    let mut message = format!(
        "it {verb} {by} on {} since {} ({}), run {}",
        run.host,
        rfc3339(run.started_at),
        span(now.since(run.started_at)),
        run.run
    );
    match run.progress_at {
        Some(at) => message.push_str(&format!("; last heartbeat {} ago", span(now.since(at)))),
        None => message.push_str("; no heartbeat yet"),
    }
    match run.lease_expires_at {
        Some(at) if at < now => {
            message.push_str(&format!("; its lease ran out at {}: a dispatcher ends it", rfc3339(at)));
        }
        Some(at) => message.push_str(&format!("; its lease lasts until {}", rfc3339(at))),
        None => {}
    }
    Reason::new("running", message)
}

/// Who would run it.
fn runner(reasons: &mut Vec<Reason>, facts: &WhyFacts) {
    let task = &facts.task;
    let who = match facts.state.phase {
        Phase::Work => facts.assignee.as_ref(),
        Phase::Review => facts.reviewer.as_ref(),
    };
    let Some(who) = who else {
        let (hint, profile) = match &facts.default_assignee {
            Some(default) => (format!("`default_assignee` is {default}"), default.as_str()),
            None => ("no `default_assignee` is configured".to_owned(), "<profile>"),
        };
        let message = format!("it has no assignee, and {hint}");
        reasons.push(Reason::new("unassigned", message).clear(format!("andon assign {task} {profile}")));
        return;
    };
    match &facts.profile {
        Standing::Unseen | Standing::Known => {}
        Standing::Lane => {
            let message = format!("{who} is a lane: its work is pulled by hand");
            reasons.push(Reason::new("lane", message).clear(format!("andon claim {task}")));
        }
        Standing::Unknown { nearest } => reasons.push(unknown(facts, who, nearest)),
        Standing::Broken { problem } => {
            let message = format!("profile {who} cannot be used: {}", one_line(problem, 2 * WORDS));
            reasons.push(Reason::new("broken_profile", message).clear(format!("andon profile edit {who}")));
        }
    }
}

fn unknown(facts: &WhyFacts, who: &ProfileName, nearest: &[ProfileName]) -> Reason {
    let create = format!("andon profile create {who} --runner <runner>");
    match (nearest.first(), facts.state.phase) {
        (Some(best), Phase::Work) => {
            let names: Vec<&str> = nearest.iter().map(ProfileName::as_str).collect();
            let message =
                format!("there is no profile {who}; did you mean {}? `{create}` makes it", names.join(", "));
            Reason::new("unknown_profile", message).clear(format!("andon assign {} {best}", facts.task))
        }
        (None, Phase::Work) => {
            Reason::new("unknown_profile", format!("there is no profile {who}")).clear(create)
        }
        (_, Phase::Review) => {
            Reason::new("unknown_profile", format!("there is no profile {who}, its reviewer")).clear(create)
        }
    }
}

/// What keeps a run from starting, whatever the task.
fn starts(reasons: &mut Vec<Reason>, facts: &WhyFacts, now: Millis) {
    let task = &facts.task;
    let startable = matches!(facts.state.status, Status::Ready | Status::Review);
    reasons.extend(facts.pauses.iter().map(paused));
    // A full cap says nothing about a task that could not take a place in it yet.
    reasons.extend(facts.caps.iter().filter(|cap| startable && cap.running >= cap.limit).map(capped));
    if let Some(until) = facts.cooling_until.filter(|until| *until > now) {
        let message = format!(
            "its profile cools down after a rate limit until {}; then it is tried again",
            moment(until, now)
        );
        reasons.push(Reason::new("cooling_down", message).until(Some(until)));
    }
    if let Some(run) = &facts.unreaped {
        let message = format!(
            "run {} ended {} ago, but a process of it may still live on {}: a dispatcher there stops it",
            run.run,
            span(now.since(run.ended_at)),
            run.host
        );
        reasons.push(Reason::new("unreaped", message).clear("andon dispatch --once"));
    }
    if let Some(guarded) = facts.guarded.as_ref().filter(|_| startable) {
        let until = guarded.until.map(|at| format!(", until {}", moment(at, now))).unwrap_or_default();
        let message = format!("it is not started again yet: {}{until}", one_line(&guarded.reason, WORDS));
        reasons.push(
            Reason::new("guarded", message).until(guarded.until).clear(format!("andon promote {task}")),
        );
    }
    let silent = facts.dispatcher_seen_at.is_none_or(|seen| now.since(seen) > DISPATCHER_SILENCE);
    if silent && facts.profile != Standing::Lane {
        let seen = facts
            .dispatcher_seen_at
            .map_or("ever".to_owned(), |at| format!("since {} ({} ago)", rfc3339(at), span(now.since(at))));
        let message = format!("no dispatcher has looked at this board {seen}");
        reasons.push(Reason::new("no_dispatcher", message).clear("andon serve"));
    }
}

fn paused(pause: &Pause) -> Reason {
    let (what, command) = match &pause.scope {
        Scope::Everything => ("every board is".to_owned(), "andon resume --all".to_owned()),
        Scope::Board => ("this board is".to_owned(), "andon resume".to_owned()),
        Scope::Profile(profile) => {
            (format!("profile {profile} is"), format!("andon resume --profile {profile}"))
        }
        Scope::Host(host) => (format!("host {host} is"), "andon resume --all".to_owned()),
    };
    let why =
        if pause.reason.trim().is_empty() { String::new() } else { format!(": {}", quoted(&pause.reason)) };
    let message = format!("{what} paused by {} since {}{why}", one_line(&pause.by, WORDS), rfc3339(pause.at));
    Reason::new("paused", message).clear(command)
}

fn capped(cap: &Cap) -> Reason {
    let (what, raise) = match &cap.scope {
        Scope::Everything => ("all boards together have".to_owned(), "in config.toml"),
        Scope::Board => ("this board has".to_owned(), "in board.toml"),
        Scope::Profile(profile) => (format!("profile {profile} has"), "in its profile.toml"),
        Scope::Host(host) => (format!("host {host} has"), "in config.toml"),
    };
    let message = format!(
        "{what} {} of at most {} running: it starts when one ends; `max_running` {raise} is the limit",
        cap.running, cap.limit
    );
    let reason = Reason::new("capped", message);
    match &cap.scope {
        Scope::Profile(profile) => reason.clear(format!("andon profile edit {profile}")),
        Scope::Everything | Scope::Board | Scope::Host(_) => reason,
    }
}

#[cfg(test)]
mod tests;
