//! The one way in which a task changes: load, ask the core, write what it said, in the operation's transaction.

use std::pin::Pin;

use andon_core::task::{
    Effect, Event, EventKind, Fact, Facts, Refusal, RunEnd, Status, Step, stale_write, step,
};
use andon_core::{Millis, Policy, ProfileName, TaskId};
use serde_json::{Value, json};

use crate::caller::Caller;
use crate::error::OpError;
use crate::sql::events::{self, NewEvent};
use crate::sql::runs::{self, ClaimFacts, Words};
use crate::sql::tasks::{self, Task};
use crate::sql::{boards, leases, links, plans};
use crate::tx::{Lock, Ring, Tx};

/// Children that one transaction tells; the rest is queued, so that no writer waits long.
pub(crate) const SLICE: u32 = 500;

/// What a change brings besides the event itself.
#[derive(Clone, Debug, Default)]
pub(crate) struct Extra {
    /// How a run that ends with it ended, in words and data.
    pub(crate) words: Words,
    /// More details for the event.
    pub(crate) data: Value,
    /// The task's result, written with its state.
    pub(crate) result: Option<String>,
    /// What a claim has looked up already.
    pub(crate) known: Option<Known>,
}

/// Facts for a claim.
#[derive(Clone, Debug)]
pub(crate) struct Known {
    /// Of the task and its runs.
    pub(crate) facts: ClaimFacts,
    /// The cord that keeps it from starting, in words.
    pub(crate) paused: Option<String>,
    /// The profile that cools down, and until when.
    pub(crate) cooling: Option<(ProfileName, Millis)>,
}

/// Moves a task by one event. Gives the task afterwards and the step that was made.
pub(crate) async fn advance<T: Tx>(
    tx: &mut T,
    mut task: Task,
    event: &Event,
    caller: &Caller,
    policy: &Policy,
    extra: &Extra,
) -> Result<(Task, Step), OpError> {
    let facts = look_up(tx, &task, event, extra.known.as_ref()).await?;
    let now = tx.now();
    let step = match step(&task.state, event, &caller.actor, &facts, policy, now) {
        Ok(step) => step,
        Err(refusal) => return Err(refused(tx, &task, event, caller, refusal).await?),
    };
    if step.next != task.state || extra.result.is_some() {
        tasks::save_state(tx, &task.id, &step.next, extra.result.as_deref()).await?;
        if task.state.status == Status::Triage && step.next.status != Status::Triage {
            plans::forget(tx, &task.id).await?;
        }
        task.state = step.next.clone();
        task.result = extra.result.clone().or(task.result);
    }
    if let Some(end) = &step.run_end {
        end_run(tx, end, &extra.words).await?;
    }
    for (index, fact) in step.facts.iter().enumerate() {
        let more = if index == 0 { &extra.data } else { &Value::Null };
        record(tx, &task.id, fact, &caller.actor.to_string(), more).await?;
    }
    for effect in &step.effects {
        perform(tx, &task.id, effect, policy).await?;
    }
    Ok((task, step))
}

async fn look_up<T: Tx>(
    tx: &mut T,
    task: &Task,
    event: &Event,
    known: Option<&Known>,
) -> Result<Facts, OpError> {
    let mut facts = Facts { max_retries: task.max_retries, ..Facts::default() };
    if let Some(known) = known {
        facts.open_parents = known.facts.open_parents;
        facts.unreaped_run = known.facts.unreaped;
        facts.paused.clone_from(&known.paused);
        facts.cooling.clone_from(&known.cooling);
    } else if depends_on_parents(event) {
        facts.open_parents = links::open_parents(tx, &task.id).await?;
    }
    facts.jitter = u16::try_from(tx.bits() % 1_000).unwrap_or(0);
    facts.has_reviewer = task.reviewer.is_some();
    match event {
        Event::Archive { .. } => facts.waiting_children = links::waiting_children(tx, &task.id).await?,
        Event::Stop { .. } => facts.unreaped_run = runs::unreaped_of(tx, &task.id).await?.is_some(),
        Event::Claim { .. }
        | Event::Specify
        | Event::ToTriage
        | Event::Linked
        | Event::ParentsSettled { .. }
        | Event::ParentReopened
        | Event::Promote { .. }
        | Event::Hold
        | Event::Complete
        | Event::RequestReview
        | Event::Approve
        | Event::RequestChanges { .. }
        | Event::Block { .. }
        | Event::BlockOnParent { .. }
        | Event::Unblock
        | Event::Schedule { .. }
        | Event::ScheduleDue
        | Event::Unrunnable { .. }
        | Event::RunEnded(_)
        | Event::Reclaim { .. }
        | Event::Assigned
        | Event::News
        | Event::ResetFailures
        | Event::Reopen => {}
    }
    Ok(facts)
}

/// Whether what becomes of a task with this event can depend on its parents: a task that ends, stops or waits for a
/// person or a time does not ask for them.
const fn depends_on_parents(event: &Event) -> bool {
    match event {
        Event::Complete
        | Event::Approve
        | Event::Block { .. }
        | Event::Schedule { .. }
        | Event::Stop { .. }
        | Event::Unrunnable { .. }
        | Event::Archive { .. }
        | Event::Assigned
        | Event::News
        | Event::ResetFailures
        | Event::ToTriage
        | Event::Hold => false,
        Event::Specify
        | Event::Linked
        | Event::ParentsSettled { .. }
        | Event::ParentReopened
        | Event::Promote { .. }
        | Event::Claim { .. }
        | Event::RequestReview
        | Event::RequestChanges { .. }
        | Event::BlockOnParent { .. }
        | Event::Unblock
        | Event::ScheduleDue
        | Event::RunEnded(_)
        | Event::Reclaim { .. }
        | Event::Reopen => true,
    }
}

/// The cord that keeps a task from starting, in words; `scopes` are those that are pulled.
pub(crate) fn pause_over<'a>(scopes: impl IntoIterator<Item = &'a str>, task: &Task) -> Option<String> {
    let own = task.executor().map(|profile| format!("profile:{profile}"));
    let over = |scope: &str| match scope {
        "everything" => Some("everything".to_owned()),
        "board" => Some("this board".to_owned()),
        scope if Some(scope) == own.as_deref() => Some(scope.replacen(':', " ", 1)),
        _ => None,
    };
    scopes.into_iter().find_map(over)
}

/// Completes a refusal with what the core was not told, and with what is recorded of it.
async fn refused<T: Tx>(
    tx: &mut T,
    task: &Task,
    event: &Event,
    caller: &Caller,
    refusal: Refusal,
) -> Result<OpError, OpError> {
    Ok(match refusal {
        Refusal::OpenParents { count, .. } => {
            let open = links::open_parent_list(tx, &task.id, 10).await?;
            Refusal::OpenParents { count, parents: open.into_iter().map(|(id, _, _)| id).collect() }.into()
        }
        Refusal::Unreaped { .. } => {
            let run = runs::unreaped_of(tx, &task.id).await?;
            Refusal::Unreaped { run: run.map(|run| run.id.to_string()).unwrap_or_default() }.into()
        }
        Refusal::StaleRun { run, .. } => {
            let (fact, refusal) = stale_write(&task.state, &run, event.verb());
            let audit = to_event(&task.id, &fact, &caller.actor.to_string(), &Value::Null);
            OpError::Refused { refusal: Box::new(refusal), audit: vec![audit] }
        }
        other => other.into(),
    })
}

/// Fences a run. Where no process can live any more (claimed by hand, or never taken by a supervisor, whose startup guard
/// now fails) it is reaped at once.
async fn end_run<T: Tx>(tx: &mut T, end: &RunEnd, words: &Words) -> Result<(), OpError> {
    let (held, probes) = leases::held(tx, &end.run).await?;
    runs::end(tx, &end.run, end.outcome, end.by_self, end.error.as_deref(), words, !held).await?;
    if !held {
        leases::delete(tx, &end.run).await?;
        if probes {
            boards::probe_gone(tx, &end.run, end.by_self).await?;
        }
    }
    Ok(())
}

fn to_event(task: &TaskId, fact: &Fact, actor: &str, more: &Value) -> NewEvent {
    let data = match (fact.data.clone(), more) {
        (data, Value::Object(more)) if !more.is_empty() => {
            let mut data = data.as_object().cloned().unwrap_or_default();
            data.extend(more.clone());
            Value::Object(data)
        }
        (data, _) => data,
    };
    NewEvent {
        task: Some(task.clone()),
        run: fact.run.clone(),
        kind: fact.kind,
        actor: actor.to_owned(),
        data,
    }
}

async fn record<T: Tx>(
    tx: &mut T,
    task: &TaskId,
    fact: &Fact,
    actor: &str,
    more: &Value,
) -> Result<(), OpError> {
    Ok(events::append(tx, &to_event(task, fact, actor, more)).await?)
}

async fn perform<T: Tx>(tx: &mut T, task: &TaskId, effect: &Effect, policy: &Policy) -> Result<(), OpError> {
    match effect {
        Effect::WakeRun(run) => tx.ring(Ring::Run(run.clone())),
        Effect::SettleChildren { completion: true } => {
            tell_children(tx, task, "completion", "", policy).await?
        }
        Effect::SettleChildren { completion: false } => {
            tell_children(tx, task, "release", "", policy).await?
        }
        Effect::DemoteChildren => tell_children(tx, task, "demote", "", policy).await?,
    }
    Ok(())
}

/// Tells one slice of a parent's children after `after`, and queues the rest in the same transaction.
/// Boxed: a child that is told is advanced as its parent was.
pub(crate) fn tell_children<'a, T: Tx>(
    tx: &'a mut T,
    parent: &'a TaskId,
    mode: &'static str,
    after: &'a str,
    policy: &'a Policy,
) -> Pin<Box<dyn Future<Output = Result<(), OpError>> + Send + 'a>> {
    Box::pin(tell_slice(tx, parent, mode, after, policy))
}

async fn tell_slice<T: Tx>(
    tx: &mut T,
    parent: &TaskId,
    mode: &'static str,
    after: &str,
    policy: &Policy,
) -> Result<(), OpError> {
    let children = links::children(tx, parent, after, SLICE).await?;
    tx.lock(Lock::Tasks(children.clone())).await?;
    for child in &children {
        tell(tx, child, mode, policy).await?;
    }
    match children.last() {
        Some(last) if children.len() == SLICE as usize => {
            links::queue_settlement(tx, parent, mode, last.as_str()).await?;
            tx.ring(Ring::Board);
        }
        None if after.is_empty() => {}
        Some(_) | None => links::settled(tx, parent, mode).await?,
    }
    Ok(())
}

async fn tell<T: Tx>(tx: &mut T, child: &TaskId, mode: &str, policy: &Policy) -> Result<(), OpError> {
    let event = match mode {
        "completion" => Event::ParentsSettled { completion: true },
        "release" => Event::ParentsSettled { completion: false },
        _ => Event::ParentReopened,
    };
    settle(tx, child, &event, policy).await.map(drop)
}

/// Lets a task look at its parents again; whether it moved.
pub(crate) async fn settle<T: Tx>(
    tx: &mut T,
    task: &TaskId,
    event: &Event,
    policy: &Policy,
) -> Result<bool, OpError> {
    let Some(task) = tasks::find(tx, task).await? else { return Ok(false) };
    let before = task.state.status;
    let (task, _) = advance(tx, task, event, &Caller::system(), policy, &Extra::default()).await?;
    let moved = task.state.status != before;
    if moved && task.assignee.is_none() {
        inherit_assignee(tx, task).await?;
    }
    Ok(moved)
}

/// A promoted task without an assignee gets its first parent's (ST-05).
async fn inherit_assignee<T: Tx>(tx: &mut T, mut task: Task) -> Result<(), OpError> {
    let Some(parent) = links::parents(tx, &task.id).await?.into_iter().next() else { return Ok(()) };
    let Some(assignee) = tasks::peek(tx, &parent).await?.and_then(|parent| parent.assignee) else {
        return Ok(());
    };
    let data = json!({ "assignee": assignee, "source": "parent", "parent": parent });
    task.assignee = Some(assignee);
    tasks::save_fields(tx, &task).await?;
    let event = NewEvent {
        task: Some(task.id),
        run: None,
        kind: EventKind::Assigned,
        actor: "andon".to_owned(),
        data,
    };
    Ok(events::append(tx, &event).await?)
}
