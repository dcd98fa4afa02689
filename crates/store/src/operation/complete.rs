//! Complete a task (ST-11..13): run closed, counters cleared, children promoted, phantom cards refused.

use andon_core::run::Outcome;
use andon_core::task::{Actor, Event, EventKind, Refusal, Status};
use andon_core::{Policy, TaskId, text};
use serde_json::{Value, json};

use super::attach::Attach;
use super::create::append;
use crate::caller::{Caller, authorise};
use crate::error::OpError;
use crate::lifecycle::{Extra, SLICE, advance};
use crate::sql::events::NewEvent;
use crate::sql::runs::{self, Run, Usage, Words};
use crate::sql::tasks::{self, Task};
use crate::sql::{leases, links};
use crate::tx::{Operation, Reach, Tx, first};
use crate::vals;

/// What a finished run hands over.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Handoff {
    /// In words.
    pub summary: Option<String>,
    /// As data.
    pub metadata: Value,
}

impl Handoff {
    /// The first line of the summary, for events.
    pub(crate) fn headline(&self) -> Option<String> {
        self.summary.as_deref().map(|summary| text::first_line(summary, 400)).filter(|line| !line.is_empty())
    }

    /// The artifacts that the metadata declares (SD2-19).
    #[must_use]
    pub fn artifacts(&self) -> Vec<String> {
        let listed = match self.metadata.get("artifacts") {
            Some(Value::Array(items)) => items.iter().filter_map(Value::as_str).collect(),
            Some(Value::String(item)) => vec![item.as_str()],
            _ => Vec::new(),
        };
        listed.into_iter().map(str::trim).filter(|item| !item.is_empty()).map(str::to_owned).collect()
    }
}

/// Completes a task.
#[derive(Clone, Debug)]
pub struct Complete {
    /// Which.
    pub task: TaskId,
    /// By whom.
    pub caller: Caller,
    /// The short result; the summary where there is none.
    pub result: Option<String>,
    /// The handoff.
    pub summary: Option<String>,
    /// The handoff as data; an object or null.
    pub metadata: Value,
    /// Tasks that the worker says it created.
    pub created_cards: Vec<String>,
    /// Declared artifacts that lie in place: recorded with the completion, or not at all.
    pub kept: Vec<Attach>,
    /// Limits.
    pub policy: Policy,
}

impl Operation for Complete {
    type Reply = Task;

    fn reach(&self) -> Reach {
        Reach::Tasks(vec![self.task.clone()])
    }

    async fn apply<T: Tx>(&self, tx: &mut T) -> Result<Task, OpError> {
        self.ask_ahead(tx).await?;
        authorise(tx, &self.caller, Some(&self.task), "complete").await?;
        let task = tasks::get(tx, &self.task).await?;
        for (field, given) in [("result", &self.result), ("summary", &self.summary)] {
            if let Some(given) = given {
                text::body(field, given)?;
            }
        }
        if !(self.metadata.is_null() || self.metadata.is_object()) {
            return Err(
                Refusal::invalid("metadata", &self.metadata.to_string(), "it must be a JSON object").into()
            );
        }
        self.check_cards(tx, &task).await?;
        for file in &self.kept {
            file.apply(tx).await?;
        }
        let filled = |given: &Option<String>| given.clone().filter(|given| !given.trim().is_empty());
        let summary = filled(&self.summary).or_else(|| filled(&self.result));
        let handoff = Handoff { summary: summary.clone(), metadata: self.metadata.clone() };
        let words = Words { summary, metadata: self.metadata.clone(), ..Words::default() };
        let data = json!({
            "summary": handoff.headline(), "verified_cards": self.created_cards, "artifacts": handoff.artifacts(),
        });
        let result = filled(&self.result).or_else(|| handoff.summary.clone());
        let extra = Extra { words: words.clone(), data, result, ..Extra::default() };
        let had_run = task.state.status == Status::Running;
        let (task, _) = advance(tx, task, &Event::Complete, &self.caller, &self.policy, &extra).await?;
        if !had_run && (handoff.summary.is_some() || !handoff.metadata.is_null()) {
            synthesise(tx, &task, Outcome::Completed, &words).await?;
        }
        scan_prose(tx, &task, &self.caller.actor, &handoff).await?;
        Ok(task)
    }
}

impl Complete {
    /// Everything that an ordinary completion will look at, in the order in which it must be read.
    async fn ask_ahead<T: Tx>(&self, tx: &mut T) -> Result<(), OpError> {
        let run = self.caller.actor.run();
        if let Some(run) = run {
            runs::find_soon(tx, run).await?;
        }
        tasks::find_soon(tx, &self.task).await?;
        if let Some(run) = run {
            leases::held_soon(tx, run).await?;
        }
        links::children_soon(tx, &self.task, "", SLICE).await?;
        Ok(())
    }

    /// Every card that a worker claims to have created must exist and be its own (ST-12; the link is looked at first,
    /// mends Q-18).
    async fn check_cards<T: Tx>(&self, tx: &mut T, task: &Task) -> Result<(), OpError> {
        let mut phantom = Vec::new();
        let mut verified = Vec::new();
        for card in &self.created_cards {
            let card = card.trim();
            if card.is_empty() || verified.iter().chain(&phantom).any(|known: &String| known == card) {
                continue;
            }
            let genuine =
                links::linked(tx, &task.id, card).await? || self.created_here(tx, task, card).await?;
            if genuine { verified.push(card.to_owned()) } else { phantom.push(card.to_owned()) }
        }
        if phantom.is_empty() {
            return Ok(());
        }
        let audit = NewEvent {
            task: Some(task.id.clone()),
            run: self.caller.actor.run().cloned(),
            kind: EventKind::PhantomCards,
            actor: self.caller.actor.to_string(),
            data: json!({
                "phantom_cards": phantom, "verified_cards": verified,
                "summary_preview": self.summary.as_deref().map(|summary| text::first_line(summary, 200)),
            }),
        };
        Err(OpError::Refused { refusal: Box::new(Refusal::PhantomCards { phantom }), audit: vec![audit] })
    }

    async fn created_here<T: Tx>(&self, tx: &mut T, task: &Task, card: &str) -> Result<bool, OpError> {
        let Some(mut row) =
            first(tx, "select created_by, created_by_run from tasks where id = $1", vals![card]).await?
        else {
            return Ok(false);
        };
        let (by, by_run) = (row.text()?, row.opt_text()?);
        let own_run = self.caller.actor.run().is_some_and(|run| by_run.as_deref() == Some(run.as_str()));
        Ok(own_run
            || by == task.id.as_str()
            || task.assignee.as_ref().is_some_and(|assignee| assignee.as_str() == by)
            || self.caller.actor.is_person())
    }
}

/// Tasks that a summary mentions and that do not exist: noted, never refused (ST-13).
pub(crate) async fn scan_prose<T: Tx>(
    tx: &mut T,
    task: &Task,
    actor: &Actor,
    handoff: &Handoff,
) -> Result<(), OpError> {
    let Some(summary) = &handoff.summary else { return Ok(()) };
    let mut phantom = Vec::new();
    for mention in text::mentioned_tasks(summary) {
        if !tasks::exists(tx, &mention).await? {
            phantom.push(mention);
        }
    }
    if phantom.is_empty() {
        return Ok(());
    }
    let data = json!({ "phantom_refs": phantom, "source": "completion_summary" });
    append(tx, task, EventKind::PhantomReferences, actor, data).await
}

/// A run of no length that carries a handoff where no run was open.
pub(crate) async fn synthesise<T: Tx>(
    tx: &mut T,
    task: &Task,
    outcome: Outcome,
    words: &Words,
) -> Result<(), OpError> {
    let now = tx.now();
    let run = Run {
        id: tx.run_id(),
        task: task.id.clone(),
        attempt: runs::next_attempt(tx, &task.id).await?,
        kind: task.state.phase,
        profile: task.assignee.clone(),
        host: None,
        by_hand: true,
        token_hash: String::new(),
        started_at: now,
        spawned_at: None,
        ended_at: Some(now),
        ended_by_self: false,
        reaped_at: Some(now),
        outcome: Some(outcome),
        exit_code: None,
        signal: None,
        summary: words.summary.clone(),
        metadata: words.metadata.clone(),
        error: None,
        fingerprint: None,
        workspace_path: None,
        usage: Usage::default(),
    };
    Ok(runs::insert(tx, &run).await?)
}
