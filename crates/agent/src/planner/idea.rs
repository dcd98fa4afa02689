//! An idea of a board in the hands of the planner: taken (one commit), asked about, and made work of (one commit) or given back
//! (one commit). Nothing lies between that a crash could leave half done: an attempt is counted when the idea is taken, and
//! what a call brings is written only for whoever still has the idea.

use std::sync::Arc;

use andon_core::roster::{AssignableBy, Roster};
use andon_core::{Policy, ProfileName, TaskId};
use andon_store::operation::{BeginPlan, Child, Decompose, EndPlan, PlanBegun, PlanEnd, Planned};
use andon_store::sql::tasks::Task;
use andon_store::{Board, Caller};

use serde_json::Value;

use super::ask::{Asker, Spent};
use super::failure::PlanFailure;
use super::prompt::{self, Colleague};
use super::reading::{self, Draft, Team};
use crate::Stop;

/// Between the longest call and the moment when somebody else may have the idea, milliseconds.
const MARGIN: i64 = 5_000;

/// What is to become of an idea.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Wish {
    /// One piece of work.
    Specify,
    /// As many as the model thinks right.
    Decompose,
}

/// Everything that planning needs of a home.
#[derive(Clone, Debug)]
pub struct Planner {
    /// The model.
    pub asker: Arc<Asker>,
    /// Who can be an assignee.
    pub roster: Roster,
    /// What each of them is good at.
    pub descriptions: Vec<Colleague>,
    /// Whether children start by themselves; else they are held until a person promotes them.
    pub auto_promote: bool,
    /// Breaks a call off: the idea is given back, and its attempt is not counted.
    pub stop: Stop,
    /// Limits.
    pub policy: Policy,
}

/// What became of an idea.
#[derive(Debug)]
pub struct Outcome {
    /// The task and its parts, or why not.
    pub result: Result<(Task, Vec<TaskId>), PlanFailure>,
    /// What it cost, where a model was asked.
    pub spent: Option<Spent>,
}

impl Planner {
    /// Plans one idea. `by_itself`: nobody has asked for it.
    pub async fn plan(
        &self,
        board: &Board,
        task: &TaskId,
        wish: Wish,
        by_itself: bool,
        caller: &Caller,
    ) -> Outcome {
        let begin = BeginPlan {
            task: task.clone(),
            by_itself,
            ttl: i64::try_from(self.asker.timeout.as_millis()).unwrap_or(i64::MAX / 4).saturating_add(MARGIN),
            caller: caller.clone(),
            policy: self.policy.clone(),
        };
        let begun = match board.run(begin).await {
            Ok(begun) => begun,
            Err(error) => return Outcome { result: Err(error.into()), spent: None },
        };
        Held { planner: self, board, begun }.go_on(wish, caller).await
    }

    /// Whom a model may choose: who takes work from others than persons. A script's text is its author's to answer for.
    fn team(&self) -> Team {
        let lead = self.roster.orchestrator(&andon_core::task::Actor::System);
        let open = |name: &ProfileName| {
            self.roster.profiles.get(name).is_some_and(|facts| match &facts.assignable_by {
                AssignableBy::Persons => false,
                AssignableBy::Anyone => true,
                AssignableBy::Profiles(names) => lead.as_ref().is_some_and(|lead| names.contains(lead)),
            })
        };
        let names: Vec<ProfileName> =
            self.roster.profiles.keys().filter(|name| open(name)).cloned().collect();
        let fallback = [self.roster.default_assignee.clone(), lead.clone()];
        Team { fallback: fallback.into_iter().flatten().find(|name| names.contains(name)), names }
    }

    fn colleagues(&self, team: &Team) -> Vec<Colleague> {
        let described = |name: &ProfileName| {
            let known = self.descriptions.iter().find(|one| one.name == name.as_str());
            Colleague {
                name: name.to_string(),
                description: known.and_then(|known| known.description.clone()),
            }
        };
        team.names.iter().map(described).collect()
    }
}

/// An idea that was taken.
struct Held<'a> {
    planner: &'a Planner,
    board: &'a Board,
    begun: PlanBegun,
}

impl Held<'_> {
    async fn go_on(self, wish: Wish, caller: &Caller) -> Outcome {
        let (result, spent) = self.planned(wish, caller).await;
        let failure = match result {
            Ok(made) => return Outcome { result: Ok(made), spent },
            Err(failure) => failure,
        };
        let failed = || PlanEnd::Failed {
            reason: failure.code().to_owned(),
            error: failure.to_string(),
            retry_after: failure.retry_after().and_then(|wait| i64::try_from(wait.as_millis()).ok()),
            hopeless: failure.is_hopeless(),
            usage: spent.as_ref().map_or(Value::Null, Spent::as_json),
        };
        let end = if matches!(failure, PlanFailure::Interrupted) { PlanEnd::Interrupted } else { failed() };
        let task = self.begun.task.id.clone();
        let end = EndPlan { task, holder: self.begun.holder, end, policy: self.planner.policy.clone() };
        if let Err(error) = self.board.run(end).await {
            let task = &self.begun.task.id;
            tracing::warn!(%task, %error, "a failed plan could not be written down; its attempt counts");
        }
        Outcome { result: Err(failure), spent }
    }

    async fn planned(
        &self,
        wish: Wish,
        caller: &Caller,
    ) -> (Result<(Task, Vec<TaskId>), PlanFailure>, Option<Spent>) {
        let (planner, task) = (self.planner, &self.begun.task);
        let team = planner.team();
        if let Some(assignee) = task.assignee.as_ref().filter(|name| !team.names.contains(name))
            && planner.roster.profiles.contains_key(assignee)
        {
            // What such a profile is given may run as it stands: no model rewrites it.
            return (Err(PlanFailure::ForPersons(assignee.to_string())), None);
        }
        let body = task.body.as_deref().unwrap_or_default();
        let prompt = match wish {
            Wish::Specify => prompt::specify(&task.title, body),
            Wish::Decompose => prompt::plan(&task.title, body, &planner.colleagues(&team)),
        };
        let asked = tokio::select! {
            biased;
            () = planner.stop.wait() => None,
            asked = planner.asker.ask(&prompt) => Some(asked),
        };
        let Some((said, spent)) = asked else { return (Err(PlanFailure::Interrupted), None) };
        let read = said.and_then(|said| match wish {
            Wish::Specify => reading::specification(&said),
            Wish::Decompose => reading::plan(&said, &team),
        });
        let result = match read {
            Ok(draft) => self.write(draft, &spent, caller).await,
            Err(failure) => Err(failure),
        };
        (result, Some(spent))
    }

    async fn write(
        &self,
        draft: Draft,
        spent: &Spent,
        caller: &Caller,
    ) -> Result<(Task, Vec<TaskId>), PlanFailure> {
        let begun = &self.begun;
        let children = draft.parts.into_iter().map(|part| Child {
            title: part.title,
            body: part.body,
            assignee: part.assignee,
            parents: part.parents,
        });
        let decompose = Decompose {
            task: begun.task.id.clone(),
            title: draft.title,
            body: draft.body,
            // Whom a person chose stays chosen (LL-05).
            assignee: draft.assignee.filter(|_| begun.task.assignee.is_none()),
            children: children.collect(),
            hold_children: !self.planner.auto_promote,
            planned: Some(Planned {
                holder: begun.holder.clone(),
                rationale: draft.rationale,
                usage: spent.as_json(),
            }),
            caller: caller.clone(),
            roster: self.planner.roster.clone(),
            policy: self.planner.policy.clone(),
        };
        self.board.run(decompose).await.map_err(PlanFailure::of_plan)
    }
}
