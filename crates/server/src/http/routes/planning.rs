//! What a model is asked for: to specify or split an idea, to describe a profile. It goes on when the caller leaves: what was
//! taken for it ends in one way or another.

use andon_agent::Stop;
use andon_agent::planner::idea::Wish;
use andon_agent::planner::{PlanFailure, Spent};
use andon_api::{DescribeProfile, DescribeResult, PlanResult, PlanUsage};
use andon_engine::planner::{asker, describe, planner};
use andon_engine::profile::ProfileError;
use andon_engine::roster::roster;
use axum::extract::State;

use super::super::body::{Answer, Body};
use super::super::context::OnTask;
use super::super::failure::Failure;
use super::super::state::Api;
use super::Problems;
use super::home::Name;

fn usage(spent: Spent) -> PlanUsage {
    PlanUsage {
        model: spent.model,
        input_tokens: spent.input_tokens,
        output_tokens: spent.output_tokens,
        cached_tokens: spent.cached_tokens,
        cost_usd: spent.cost_usd,
    }
}

/// What a caller did wrong is a problem, and so is a database that fails; that a model failed is an answer.
fn answered(failure: PlanFailure) -> Result<PlanFailure, Failure> {
    match failure {
        PlanFailure::Board(error) if failure_of_request(&error) => Err(error.into()),
        other => Ok(other),
    }
}

fn failure_of_request(error: &andon_store::OpError) -> bool {
    matches!(error, andon_store::OpError::Db(_))
        || matches!(error.code(), "unknown_task" | "forbidden" | "stale_run")
}

async fn plan(at: OnTask, wish: Wish) -> Result<Answer<PlanResult>, Failure> {
    // Nobody asks a model about a task that is not there.
    at.on.task(&at.task).await?;
    let (api, rules) = (at.on.api.clone(), std::sync::Arc::clone(&at.on.rules));
    let (_sender, stop) = Stop::new();
    let set_up = move || {
        let (roster, policy) = (rules.roster.clone(), rules.policy.clone());
        planner(api.home.root(), &rules.config, &rules.profiles, roster, policy, stop)
    };
    let (result, spent) = match at.on.api.blocking(set_up).await? {
        Err(failure) => (Err(failure), None),
        Ok(planner) => {
            let (board, task, caller) = (at.on.board.clone(), at.task.clone(), at.on.caller());
            let call = async move {
                let outcome = planner.plan(&board, &task, wish, false, &caller).await;
                (outcome.result, outcome.spent)
            };
            tokio::spawn(call).await.map_err(|error| Failure::internal(&error))?
        }
    };
    let (failure, child_ids) = match result {
        Ok((_, children)) => (None, children),
        Err(failure) => (Some(answered(failure)?), Vec::new()),
    };
    at.on.settle().await?;
    Ok(Answer(PlanResult {
        ok: failure.is_none(),
        reason: failure.as_ref().map(|failure| failure.code().to_owned()),
        message: failure.as_ref().map(ToString::to_string),
        task: at.on.task(&at.task).await?,
        fanout: u32::try_from(child_ids.len()).unwrap_or(u32::MAX),
        child_ids,
        usage: spent.map(usage),
    }))
}

/// Have a model write title and specification of an idea. That the model failed is an answer with `ok` false.
#[utoipa::path(post, path = "/boards/{board}/tasks/{task}/specify/auto", tag = "verbs",
    params(("board" = String, Path, description = "The board"), ("task" = String, Path, description = "The idea")),
    responses((status = 200, body = PlanResult, description = "The task afterwards, or why not"), Problems))]
pub(crate) async fn specify_auto(at: OnTask) -> Result<Answer<PlanResult>, Failure> {
    plan(at, Wish::Specify).await
}

/// Have a model split an idea, or specify it where it is one piece. That the model failed is an answer with `ok` false.
#[utoipa::path(post, path = "/boards/{board}/tasks/{task}/decompose/auto", tag = "verbs",
    params(("board" = String, Path, description = "The board"), ("task" = String, Path, description = "The idea")),
    responses((status = 200, body = PlanResult, description = "The task and its parts, or why not"), Problems))]
pub(crate) async fn decompose_auto(at: OnTask) -> Result<Answer<PlanResult>, Failure> {
    plan(at, Wish::Decompose).await
}

/// Have a model describe a profile. That the model failed is an answer with `ok` false.
#[utoipa::path(post, path = "/profiles/{profile}/describe", tag = "home", request_body = DescribeProfile,
    params(("profile" = String, Path)),
    responses((status = 200, body = DescribeResult, description = "The description, or why not"), Problems))]
pub(crate) async fn describe_profile(
    State(api): State<Api>,
    name: Name,
    Body(body): Body<DescribeProfile>,
) -> Result<Answer<DescribeResult>, Failure> {
    let (config, profiles) = api.house()?;
    let name = name.profile().to_owned();
    profiles.require(&name)?;
    let home = api.home.root().to_owned();
    let call = async move {
        let roster = roster(&profiles, &config, None);
        match asker(&home, &config, &profiles, &roster) {
            Ok(asker) => {
                let described = describe(&home, &name, body.overwrite, &asker).await?;
                Ok::<_, ProfileError>((described.result, described.spent))
            }
            Err(failure) => Ok((Err(failure), None)),
        }
    };
    let done = tokio::spawn(call).await.map_err(|error| Failure::internal(&error))?;
    let (result, spent) = done?;
    let (description, failure) = match result {
        Ok(description) => (Some(description), None),
        Err(failure) => (None, Some(answered(failure)?)),
    };
    Ok(Answer(DescribeResult {
        ok: failure.is_none(),
        reason: failure.as_ref().map(|failure| failure.code().to_owned()),
        message: failure.as_ref().map(ToString::to_string),
        description,
        usage: spent.map(usage),
    }))
}
