//! THE state machine: one match over (event, status) without a wildcard. Nothing else decides a status.

use serde_json::{Value, json};

use super::effect::{Effect, Fact, RunEnd, Step};
use super::event::{Actor, End, Event, EventKind, Facts};
use super::refusal::Refusal;
use super::rules::{
    fenced, finished, fresh_budget, fresh_start, kind_to_choose, let_go, lets_go, may_start, news,
    own_run_or_person, person, place, stale, system,
};
use super::state::{Block, Eligible, TaskState};
use super::status::{BlockKind, Phase, Status};
use crate::id::RunId;
use crate::policy::Policy;
use crate::run::{Next, Outcome, judge};
use crate::text::cap_chars;
use crate::time::Millis;

/// One transition.
///
/// Gives the next state with facts and effects, or the refusal; a refused event has changed nothing. An event that finds
/// nothing to do (a parent settles a task that is already running) gives the same state and no facts.
///
/// # Errors
/// The refusal, with the way out.
pub fn step(
    task: &TaskState,
    event: &Event,
    actor: &Actor,
    facts: &Facts,
    policy: &Policy,
    now: Millis,
) -> Result<Step, Refusal> {
    use Status::{Archived, Blocked, Done, Ready, Review, Running, Scheduled, Todo, Triage};
    fenced(task, actor, event)?;
    let at = Moment { task, actor, facts, policy, now };
    let wrong = |way_out| Err(Refusal::WrongStatus { verb: event.verb(), status: task.status, way_out });
    match (event, task.status) {
        (Event::Specify, Triage) => Ok(at.placed(EventKind::Specified, Value::Null)),
        (Event::Specify, Todo | Scheduled | Ready | Running | Review | Blocked | Done | Archived) => {
            wrong("only a task in triage can be specified; `andon edit` changes others")
        }

        (Event::ToTriage, Todo | Scheduled | Ready | Review | Blocked) => at.to_triage(),
        (Event::ToTriage, Triage) => Ok(at.unchanged()),
        (Event::ToTriage, Running) => wrong("`andon stop <task>` first"),
        (Event::ToTriage, Done | Archived) => wrong("`andon reopen <task>` first"),

        (Event::Linked, Triage | Todo | Scheduled | Ready | Running | Review | Blocked) => Ok(at.linked()),
        (Event::Linked, Done | Archived) => {
            wrong("a finished task waits for nobody; `andon reopen <task>` first")
        }

        (Event::ParentsSettled { .. }, Todo) => Ok(at.settled()),
        (Event::ParentsSettled { completion }, Blocked) => Ok(at.revived(*completion)),
        (Event::ParentsSettled { .. }, Triage | Scheduled | Ready | Running | Review | Done | Archived) => {
            Ok(at.unchanged())
        }

        (Event::ParentReopened, Ready | Review) => Ok(at.demoted()),
        (Event::ParentReopened, Triage | Todo | Scheduled | Running | Blocked | Done | Archived) => {
            Ok(at.unchanged())
        }

        (Event::Promote { force }, Todo | Blocked | Scheduled | Ready | Review) => at.promoted(*force),
        (Event::Promote { .. }, Triage) => wrong("`andon specify <task>` or `andon edit` it first"),
        (Event::Promote { .. }, Running) => wrong("it already runs"),
        (Event::Promote { .. }, Done | Archived) => wrong("`andon reopen <task>` takes it up again"),

        (Event::Hold, Triage | Todo | Scheduled | Ready | Review | Blocked) => at.held(),
        (Event::Hold, Running) => wrong("`andon stop <task>` stops its run and keeps it blocked"),
        (Event::Hold, Done | Archived) => wrong("a finished task does not run by itself"),

        (Event::Claim { run }, Ready | Review) => at.claimed(run),
        (Event::Claim { .. }, Triage | Todo | Scheduled | Running | Blocked | Done | Archived) => {
            wrong("only ready tasks and reviews can be claimed; `andon why <task>` says what it waits for")
        }

        (Event::Complete, Running) => {
            own_run_or_person(actor, event.verb())?;
            Ok(at.completed())
        }
        (Event::Complete, Ready | Blocked | Review | Todo) => {
            person(actor, event.verb())?;
            Ok(at.completed())
        }
        (Event::Complete, Triage | Scheduled) => wrong("`andon promote <task>` first"),
        (Event::Complete, Done | Archived) => wrong("it is finished already"),

        (Event::RequestReview, Running) => {
            own_run_or_person(actor, event.verb())?;
            at.review_requested()
        }
        (Event::RequestReview, Ready | Todo | Blocked) => {
            person(actor, event.verb())?;
            at.review_requested()
        }
        (Event::RequestReview, Triage | Scheduled | Review | Done | Archived) => {
            wrong("a review can be asked for work that runs or waits")
        }

        (Event::Approve, Running) => {
            own_run_or_person(actor, event.verb())?;
            at.approved()
        }
        (Event::Approve, Review) => {
            person(actor, event.verb())?;
            at.approved()
        }
        (Event::Approve, Triage | Todo | Scheduled | Ready | Blocked | Done | Archived) => {
            wrong("only a task in review can be approved")
        }

        (Event::RequestChanges { reason }, Running) => {
            own_run_or_person(actor, event.verb())?;
            at.changes_requested(reason)
        }
        (Event::RequestChanges { reason }, Review) => {
            person(actor, event.verb())?;
            at.changes_requested(reason)
        }
        (Event::RequestChanges { .. }, Triage | Todo | Scheduled | Ready | Blocked | Done | Archived) => {
            wrong("changes can be requested of a task in review; `andon reopen` takes up a finished one")
        }

        (Event::Block { kind, reason }, Running) => {
            own_run_or_person(actor, event.verb())?;
            kind_to_choose(*kind, actor)?;
            Ok(at.blocked(*kind, reason))
        }
        (Event::Block { kind, reason }, Ready | Todo | Review) => {
            person(actor, event.verb())?;
            kind_to_choose(*kind, actor)?;
            Ok(at.blocked(*kind, reason))
        }
        (Event::Block { .. }, Blocked) => wrong("it is blocked already; `andon comment` adds to it"),
        (Event::Block { .. }, Triage | Scheduled | Done | Archived) => {
            wrong("it does not run from there; `andon hold <task>` keeps it from starting")
        }

        (Event::BlockOnParent { reason }, Running) => {
            own_run_or_person(actor, event.verb())?;
            at.waits_for_parent(reason)
        }
        (Event::BlockOnParent { reason }, Ready | Todo | Review) => {
            person(actor, event.verb())?;
            at.waits_for_parent(reason)
        }
        (Event::BlockOnParent { .. }, Triage | Scheduled | Blocked | Done | Archived) => {
            wrong("only work that runs or waits can be put behind a parent")
        }
        (Event::Unblock, Blocked | Scheduled) => {
            lets_go(actor, task)?;
            Ok(at.unblocked())
        }
        (Event::Unblock, Triage | Todo | Ready | Running | Review | Done | Archived) => {
            wrong("it is not blocked; `andon why <task>` says what it waits for")
        }

        (Event::Schedule { at: when, reason }, Running) => {
            own_run_or_person(actor, event.verb())?;
            Ok(at.scheduled(*when, reason))
        }
        (Event::Schedule { at: when, reason }, Todo | Ready | Review | Blocked | Scheduled) => {
            person(actor, event.verb())?;
            Ok(at.scheduled(*when, reason))
        }
        (Event::Schedule { .. }, Triage) => wrong("`andon specify <task>` first"),
        (Event::Schedule { .. }, Done | Archived) => wrong("`andon reopen <task>` first"),

        (Event::ScheduleDue, Scheduled) => at.fired(),
        (Event::ScheduleDue, Triage | Todo | Ready | Running | Review | Blocked | Done | Archived) => {
            Ok(at.unchanged())
        }

        (Event::Unrunnable { reason }, Ready | Review) => at.unrunnable(reason),
        (Event::Unrunnable { .. }, Triage | Todo | Scheduled | Running | Blocked | Done | Archived) => {
            Ok(at.unchanged())
        }

        (Event::RunEnded(end), Running) => at.run_ended(end),
        (Event::RunEnded(end), Triage | Todo | Scheduled | Ready | Review | Blocked | Done | Archived) => {
            Err(stale(task, &end.run))
        }

        (Event::Stop { reason }, Running) => {
            person(actor, event.verb())?;
            Ok(at.stopped(reason))
        }
        // A run that was taken back may still die: to stop the task then is to keep it from starting again.
        (Event::Stop { .. }, Todo | Scheduled | Ready | Review) if facts.unreaped_run => at.held(),
        (Event::Stop { .. }, Triage | Todo | Scheduled | Ready | Review | Blocked | Done | Archived) => {
            wrong("it has no run to stop; `andon hold <task>` keeps it from starting")
        }

        (Event::Reclaim { reason }, Running) => {
            person(actor, event.verb())?;
            Ok(at.reclaimed(reason))
        }
        (Event::Reclaim { .. }, Triage | Todo | Scheduled | Ready | Review | Blocked | Done | Archived) => {
            wrong("it has no run to take back")
        }

        (Event::Assigned, Triage | Todo | Scheduled | Ready | Review | Blocked | Done) => Ok(at.assigned()),
        (Event::Assigned, Running) => {
            wrong("it runs; `andon reassign <task> <profile> --reclaim` takes it back first")
        }
        (Event::Assigned, Archived) => wrong("`andon reopen <task>` first"),

        (Event::News, Triage | Todo | Scheduled | Ready | Running | Review | Blocked | Done | Archived) => {
            Ok(at.noticed())
        }

        (
            Event::ResetFailures,
            Triage | Todo | Scheduled | Ready | Running | Review | Blocked | Done | Archived,
        ) => {
            person(actor, event.verb())?;
            Ok(at.failures_reset())
        }

        (
            Event::Archive { release },
            Triage | Todo | Scheduled | Ready | Running | Review | Blocked | Done,
        ) => {
            person(actor, event.verb())?;
            at.archived(*release)
        }
        (Event::Archive { .. }, Archived) => {
            wrong("it is archived already; `andon delete <task>` removes it")
        }
        (Event::Reopen, Done | Archived) => {
            person(actor, event.verb())?;
            Ok(at.reopened())
        }
        (Event::Reopen, Triage | Todo | Scheduled | Ready | Running | Review | Blocked) => {
            wrong("it is not finished")
        }
    }
}

/// One task at the moment of an event: what the arms of [`step`] work with.
struct Moment<'a> {
    task: &'a TaskState,
    actor: &'a Actor,
    facts: &'a Facts,
    policy: &'a Policy,
    now: Millis,
}

impl Moment<'_> {
    fn unchanged(&self) -> Step {
        Step { next: self.task.clone(), run_end: None, facts: Vec::new(), effects: Vec::new() }
    }

    /// A step to `next` with its one fact.
    fn to(&self, next: TaskState, kind: EventKind, data: Value) -> Step {
        let run = self.task.current_run.clone();
        Step { next, run_end: None, facts: vec![Fact { kind, data, run }], effects: Vec::new() }
    }

    /// Ends the open run, if there is one, with this step.
    fn ending(&self, mut step: Step, outcome: Outcome, error: Option<&str>) -> Step {
        if let Some(run) = step.next.current_run.take() {
            let by_self = self.actor.run() == Some(&run);
            step.effects.push(Effect::WakeRun(run.clone()));
            let error = error.map(|error| cap_chars(error, 500));
            step.run_end = Some(RunEnd { run, outcome, error, by_self });
        }
        step
    }

    fn placed(&self, kind: EventKind, data: Value) -> Step {
        let mut next = self.task.clone();
        next.status = place(&next, self.facts.open_parents);
        self.to(next, kind, data)
    }

    fn to_triage(&self) -> Result<Step, Refusal> {
        person(self.actor, "move to triage")?;
        let mut next = self.task.clone();
        fresh_start(&mut next);
        next.status = Status::Triage;
        next.phase = Phase::Work;
        Ok(self.to(next, EventKind::Triaged, json!({ "by": self.actor.to_string() })))
    }

    /// A new parent is a new condition: an older waiver does not cover it.
    fn linked(&self) -> Step {
        let mut next = self.task.clone();
        if self.facts.open_parents > 0 {
            next.parents_waived = false;
        }
        if matches!(next.status, Status::Ready | Status::Review)
            && place(&next, self.facts.open_parents) == Status::Todo
        {
            next.status = Status::Todo;
            return self.to(next, EventKind::Demoted, json!({ "reason": "a parent was linked" }));
        }
        Step { next, ..self.unchanged() }
    }

    fn settled(&self) -> Step {
        if place(self.task, self.facts.open_parents) == Status::Todo {
            return self.unchanged();
        }
        self.placed(EventKind::Promoted, Value::Null)
    }

    /// Revives a given-up task once per act of a person, when a parent's completion leaves nothing open (SD2-11 without
    /// the loop of SD0-03). Sticky blocks never.
    fn revived(&self, completion: bool) -> Step {
        let given_up = self.task.block.as_ref().is_some_and(|block| !block.kind.is_sticky());
        if !completion || !given_up || self.task.revived || self.facts.open_parents > 0 {
            return self.unchanged();
        }
        let mut next = self.task.clone();
        fresh_start(&mut next);
        next.revived = true;
        next.status = place(&next, self.facts.open_parents);
        self.to(next, EventKind::Revived, Value::Null)
    }

    fn demoted(&self) -> Step {
        if place(self.task, self.facts.open_parents) != Status::Todo {
            return self.unchanged();
        }
        let mut next = self.task.clone();
        next.status = Status::Todo;
        self.to(next, EventKind::Demoted, json!({ "reason": "a parent was reopened" }))
    }

    fn promoted(&self, force: bool) -> Result<Step, Refusal> {
        person(self.actor, "promote")?;
        let open = self.facts.open_parents;
        if open > 0 && !force && !self.task.parents_waived {
            return Err(Refusal::OpenParents { count: open, parents: Vec::new() });
        }
        let mut next = self.task.clone();
        fresh_start(&mut next);
        next.held = false;
        next.parents_waived |= force && open > 0;
        next.status = place(&next, self.facts.open_parents);
        Ok(self.to(
            next,
            EventKind::PromotedManual,
            json!({ "by": self.actor.to_string(), "forced": force && open > 0 }),
        ))
    }

    fn held(&self) -> Result<Step, Refusal> {
        person(self.actor, "hold")?;
        if self.task.held {
            return Ok(self.unchanged());
        }
        let mut next = self.task.clone();
        next.held = true;
        if matches!(next.status, Status::Ready | Status::Review) {
            next.status = Status::Todo;
        }
        Ok(self.to(next, EventKind::Held, json!({ "by": self.actor.to_string() })))
    }

    fn claimed(&self, run: &RunId) -> Result<Step, Refusal> {
        may_start(self.facts)?;
        let mut next = self.task.clone();
        if place(&next, self.facts.open_parents) == Status::Todo {
            next.status = Status::Todo;
            return Ok(self.to(next, EventKind::ClaimRejected, json!({ "reason": "parents_not_done" })));
        }
        if let Some(eligible) = self.task.eligible.as_ref().filter(|eligible| eligible.at > self.now) {
            return Err(Refusal::NotEligible { until: eligible.at, reason: eligible.reason.clone() });
        }
        next.status = Status::Running;
        next.eligible = None;
        next.current_run = Some(run.clone());
        next.started_at = next.started_at.or(Some(self.now));
        let mut step =
            self.to(next, EventKind::Claimed, json!({ "phase": self.task.phase, "run": run.as_str() }));
        step.facts[0].run = Some(run.clone());
        Ok(step)
    }

    /// A worker that completes a review run approves it.
    fn completed(&self) -> Step {
        let reviewing = self.task.status == Status::Running
            && self.task.phase == Phase::Review
            && !self.actor.is_person();
        if reviewing {
            self.done(EventKind::Approved, Outcome::Approved)
        } else {
            self.done(EventKind::Completed, Outcome::Completed)
        }
    }

    fn done(&self, kind: EventKind, outcome: Outcome) -> Step {
        let mut next = self.task.clone();
        finished(&mut next);
        next.status = Status::Done;
        next.phase = Phase::Work;
        next.completed_at = Some(self.now);
        let step = self.to(next, kind, json!({ "by": self.actor.to_string() }));
        let mut step = self.ending(step, outcome, None);
        step.effects.push(Effect::SettleChildren { completion: true });
        step
    }

    fn review_requested(&self) -> Result<Step, Refusal> {
        if self.task.status == Status::Running && self.task.phase == Phase::Review {
            return Err(Refusal::WrongStatus {
                verb: "request a review of",
                status: self.task.status,
                way_out: "this run is the review: approve it or request changes",
            });
        }
        let mut next = self.task.clone();
        if self.actor.is_person() {
            fresh_start(&mut next);
        }
        next.phase = Phase::Review;
        next.held = false;
        next.status = place(&next, self.facts.open_parents);
        let data = json!({ "by": self.actor.to_string(), "reviewer": self.facts.has_reviewer });
        Ok(self.ending(self.to(next, EventKind::ReviewRequested, data), Outcome::ReviewRequested, None))
    }

    fn approved(&self) -> Result<Step, Refusal> {
        if self.task.phase != Phase::Review {
            return Err(Refusal::WrongStatus {
                verb: "approve",
                status: self.task.status,
                way_out: "its run works on it: `complete` or `request-review` ends that",
            });
        }
        Ok(self.done(EventKind::Approved, Outcome::Approved))
    }

    fn changes_requested(&self, reason: &str) -> Result<Step, Refusal> {
        if self.task.phase != Phase::Review {
            return Err(Refusal::WrongStatus {
                verb: "request changes to",
                status: self.task.status,
                way_out: "its run works on it, nothing is reviewed yet",
            });
        }
        let mut next = self.task.clone();
        next.phase = Phase::Work;
        let rounds = if self.actor.is_person() {
            fresh_start(&mut next);
            news(&mut next);
            0
        } else {
            next.counters.review_rounds.saturating_add(1)
        };
        next.counters.review_rounds = rounds;
        let reason = cap_chars(reason, 500);
        let mut data = json!({ "by": self.actor.to_string(), "reason": reason, "round": rounds });
        let kind = if rounds >= self.policy.review_round_limit.max(1) {
            // Recorded as a block, because a person has to look now.
            let kind = BlockKind::NeedsInput;
            data["kind"] = json!(kind);
            data["trigger_outcome"] = json!(Outcome::ChangesRequested);
            let reason = format!("changes were requested {rounds} times; last: {reason}");
            next.status = Status::Blocked;
            next.block = Some(Block { kind, reason, at: self.now });
            EventKind::Blocked
        } else {
            next.status = place(&next, self.facts.open_parents);
            EventKind::ChangesRequested
        };
        let step = self.to(next, kind, data);
        Ok(self.ending(step, Outcome::ChangesRequested, None))
    }

    /// Counts a block by anyone but a person; gives whether it is once too often.
    fn recurs(&self, next: &mut TaskState) -> bool {
        if self.actor.is_person() {
            return false;
        }
        next.counters.blocks = next.counters.blocks.saturating_add(1);
        next.counters.blocks > self.policy.block_recurrence_limit
    }

    fn blocked(&self, kind: BlockKind, reason: &str) -> Step {
        let mut next = self.task.clone();
        let kind = if self.recurs(&mut next) { BlockKind::Recurring } else { kind };
        next.eligible = None;
        next.status = Status::Blocked;
        next.block = Some(Block { kind, reason: reason.to_owned(), at: self.now });
        let data = json!({ "kind": kind, "reason": reason, "by": self.actor.to_string() });
        self.ending(self.to(next, EventKind::Blocked, data), Outcome::Blocked, None)
    }

    fn waits_for_parent(&self, reason: &str) -> Result<Step, Refusal> {
        if self.facts.open_parents == 0 {
            return Err(Refusal::NothingToWaitFor);
        }
        let mut next = self.task.clone();
        if self.recurs(&mut next) {
            let step = self.blocked(BlockKind::Recurring, reason);
            return Ok(step);
        }
        next.parents_waived = false;
        next.eligible = None;
        next.status = Status::Todo;
        let data = json!({ "reason": reason, "by": self.actor.to_string() });
        Ok(self.ending(self.to(next, EventKind::WaitsForParent, data), Outcome::Blocked, None))
    }

    fn unblocked(&self) -> Step {
        let was = self.task.block.as_ref().map(|block| block.kind);
        let mut next = self.task.clone();
        let_go(&mut next, self.actor);
        next.status = place(&next, self.facts.open_parents);
        let data = json!({ "by": self.actor.to_string(), "was": was, "status": next.status });
        self.to(next, EventKind::Unblocked, data)
    }

    /// A worker that puts itself off waits at least as long as after a failure: it would loop at once otherwise.
    fn scheduled(&self, when: Option<Millis>, reason: &str) -> Step {
        let (mut next, mut when) = (self.task.clone(), when);
        if self.actor.is_person() {
            fresh_start(&mut next);
        } else {
            // A worker that puts itself off again and again without news is a loop like any other.
            if self.recurs(&mut next) {
                return self.blocked(BlockKind::Recurring, reason);
            }
            when = when.map(|at| at.max(self.now.plus(self.policy.backoff_base)));
        }
        next.status = Status::Scheduled;
        next.scheduled_at = when;
        let data = json!({ "at": when, "reason": reason, "by": self.actor.to_string() });
        self.ending(self.to(next, EventKind::Scheduled, data), Outcome::Scheduled, None)
    }

    fn fired(&self) -> Result<Step, Refusal> {
        system(self.actor, "fire")?;
        match self.task.scheduled_at {
            Some(at) if at <= self.now => {
                let mut next = self.task.clone();
                next.scheduled_at = None;
                next.status = place(&next, self.facts.open_parents);
                Ok(self.to(next, EventKind::ScheduleFired, Value::Null))
            }
            Some(_) | None => Ok(self.unchanged()),
        }
    }

    fn unrunnable(&self, reason: &str) -> Result<Step, Refusal> {
        system(self.actor, "block")?;
        let mut next = self.task.clone();
        next.eligible = None;
        next.status = Status::Blocked;
        next.last_failure_error = Some(cap_chars(reason, 500));
        next.block = Some(Block { kind: BlockKind::Capability, reason: reason.to_owned(), at: self.now });
        let data = json!({ "kind": BlockKind::Capability, "reason": reason, "by": self.actor.to_string() });
        Ok(self.to(next, EventKind::Blocked, data))
    }

    fn run_ended(&self, end: &End) -> Result<Step, Refusal> {
        if self.task.current_run.as_ref() != Some(&end.run) {
            return Err(stale(self.task, &end.run));
        }
        if self.actor.is_person() {
            return Err(Refusal::Forbidden {
                actor: self.actor.to_string(),
                verb: "end the run of",
                why: "only its supervisor or a dispatcher does; `andon stop` stops it",
            });
        }
        let verdict = judge(
            &self.task.counters,
            end.failure,
            end.systemic,
            self.facts.max_retries,
            self.policy,
            self.now,
            self.facts.jitter,
        );
        let mut next = self.task.clone();
        next.counters = verdict.counters;
        let error = cap_chars(&end.error, 500);
        let kind = EventKind::of_failure(end.failure);
        let (data, tripped) = match verdict.next {
            Next::RetryAt(at) => {
                next.eligible = Some(Eligible { at, reason: format!("back-off after {}", end.outcome()) });
                next.status = place(&next, self.facts.open_parents);
                (json!({ "error": error, "failures": next.counters.failures, "eligible_at": at }), None)
            }
            Next::Block { kind, count, limit } => {
                next.status = Status::Blocked;
                next.block = Some(Block { kind, reason: error.clone(), at: self.now });
                let data = json!({
                    "error": error, "failures": count, "effective_limit": limit, "block_kind": kind,
                    "trigger_outcome": end.outcome(), "systemic": end.systemic,
                });
                (data, Some(kind))
            }
        };
        next.last_failure_error = Some(error);
        let kind = match tripped {
            Some(BlockKind::GaveUp) => EventKind::GaveUp,
            Some(_) => EventKind::Blocked,
            None => kind,
        };
        let mut step = self.ending(self.to(next, kind, data), end.outcome(), Some(&end.error));
        if let Some(end) = &mut step.run_end {
            // Whoever reports it: the worker did not ask for this end, and has nothing left to finish.
            end.by_self = false;
        }
        Ok(step)
    }

    fn stopped(&self, reason: &str) -> Step {
        let mut next = self.task.clone();
        news(&mut next);
        next.status = Status::Blocked;
        next.block = Some(Block { kind: BlockKind::Operator, reason: reason.to_owned(), at: self.now });
        let data = json!({ "reason": reason, "by": self.actor.to_string() });
        self.ending(self.to(next, EventKind::Stopped, data), Outcome::Cancelled, Some(reason))
    }

    fn reclaimed(&self, reason: &str) -> Step {
        let mut next = self.task.clone();
        fresh_start(&mut next);
        next.status = place(&next, self.facts.open_parents);
        let data = json!({ "reason": reason, "by": self.actor.to_string(), "manual": true });
        self.ending(self.to(next, EventKind::Reclaimed, data), Outcome::Reclaimed, Some(reason))
    }

    /// A new assignee starts with a fresh budget when a person chose it; an inherited one does not.
    fn assigned(&self) -> Step {
        let mut next = self.task.clone();
        if self.actor.is_person() {
            fresh_budget(&mut next);
        }
        Step { next, ..self.unchanged() }
    }

    /// Only a person's words are news: a worker that talks to itself learns nothing from it.
    fn noticed(&self) -> Step {
        let mut next = self.task.clone();
        if self.actor.is_person() {
            news(&mut next);
        }
        Step { next, ..self.unchanged() }
    }

    fn failures_reset(&self) -> Step {
        let mut next = self.task.clone();
        news(&mut next);
        fresh_budget(&mut next);
        next.eligible = None;
        self.to(next, EventKind::FailuresReset, json!({ "by": self.actor.to_string() }))
    }

    fn archived(&self, release: Option<bool>) -> Result<Step, Refusal> {
        let was_satisfied = self.task.satisfied();
        let waiting = self.facts.waiting_children;
        if !was_satisfied && waiting > 0 && release.is_none() {
            return Err(Refusal::WaitingChildren { children: waiting });
        }
        let mut next = self.task.clone();
        fresh_start(&mut next);
        next.held = false;
        next.status = Status::Archived;
        next.released = was_satisfied || release.unwrap_or(true);
        let data = json!({ "by": self.actor.to_string(), "released": next.released });
        let settles = next.released && !was_satisfied;
        let mut step =
            self.ending(self.to(next, EventKind::Archived, data), Outcome::Cancelled, Some("archived"));
        if settles {
            step.effects.push(Effect::SettleChildren { completion: false });
        }
        Ok(step)
    }

    fn reopened(&self) -> Step {
        let was_satisfied = self.task.satisfied();
        let mut next = self.task.clone();
        finished(&mut next);
        next.released = false;
        next.parents_waived = false;
        next.phase = Phase::Work;
        next.completed_at = None;
        next.status = place(&next, self.facts.open_parents);
        let mut step = self.to(next, EventKind::Reopened, json!({ "by": self.actor.to_string() }));
        if was_satisfied {
            step.effects.push(Effect::DemoteChildren);
        }
        step
    }
}
