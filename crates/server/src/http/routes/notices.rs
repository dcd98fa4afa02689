//! Who is told of what happens: channels of the configuration, and subscriptions of boards and tasks.

use andon_api::{Channel, Channels, Retry, Subscribe, Subscription, Subscriptions};
use andon_core::TaskId;
use andon_core::notice::{ChannelName, Wish};
use andon_core::task::Refusal;
use andon_store::operation as op;
use andon_store::query::SubscriptionsOf;
use axum::extract::State;
use axum::http::StatusCode;

use super::super::body::{Answer, Body};
use super::super::context::{OnBoard, OnTask};
use super::super::failure::Failure;
use super::super::state::Api;
use super::Problems;
use crate::channels::{Configured, configured, subscriptions};

/// The channels as the files say now; secrets are read from where they lie.
async fn known(api: &Api) -> Result<Vec<Configured>, Failure> {
    let (config, _) = api.house()?;
    let home = api.home.root().to_owned();
    api.blocking(move || configured(&home, &config, &andon_engine::settings::variable)).await
}

/// The channel that an address names; one that is subscribed though the configuration no longer has it can be named too.
fn named(at: &OnBoard, subscribed: bool) -> Result<ChannelName, Failure> {
    let text = at.named.text("channel");
    let (config, _) = at.api.house()?;
    match (config.channels.require(text), text.parse()) {
        (Ok(name), _) => Ok(name),
        (Err(_), Ok(name)) if subscribed => Ok(name),
        (Err(refusal), _) => Err(refusal.into()),
    }
}

fn wish(body: &Subscribe) -> Result<Option<Wish>, Failure> {
    let Some(kinds) = &body.kinds else { return Ok(None) };
    let wish = Wish::of(kinds.iter().map(String::as_str));
    Ok(Some(
        wish.map_err(|word| Refusal::invalid("kinds", &word, "it is a kind of event, `attention` or `all`"))?,
    ))
}

async fn shown(at: &OnBoard, task: Option<&TaskId>) -> Result<Subscriptions, Failure> {
    let of = task.map_or(SubscriptionsOf::Board, |task| SubscriptionsOf::Task(task.clone()));
    let subscribed = at.ask(of).await?;
    Ok(Subscriptions { subscriptions: subscriptions(&known(&at.api).await?, &subscribed, task) })
}

async fn one(
    at: &OnBoard,
    task: Option<&TaskId>,
    channel: &ChannelName,
) -> Result<Answer<Subscription>, Failure> {
    let all = shown(at, task).await?.subscriptions;
    let found = all.into_iter().find(|one| one.channel == channel.as_str());
    found.map(Answer).ok_or_else(|| Refusal::NotSubscribed { channel: channel.to_string() }.into())
}

async fn subscribe(
    at: &OnBoard,
    task: Option<TaskId>,
    body: &Subscribe,
) -> Result<Answer<Subscription>, Failure> {
    let channel = named(at, false)?;
    let operation = op::Subscribe {
        task: task.clone(),
        channel: channel.clone(),
        wish: wish(body)?,
        home: false,
        caller: at.caller(),
    };
    at.change(operation).await?;
    one(at, task.as_ref(), &channel).await
}

async fn unsubscribe(at: &OnBoard, task: Option<TaskId>) -> Result<StatusCode, Failure> {
    let subscribed = at.ask(SubscriptionsOf::All).await?;
    let is_there = subscribed.iter().any(|one| one.channel.as_str() == at.named.text("channel"));
    let channel = named(at, is_there)?;
    at.change(op::Unsubscribe { task, channel, caller: at.caller() }).await?;
    Ok(StatusCode::NO_CONTENT)
}

async fn retry(at: &OnBoard, task: Option<TaskId>, body: &Retry) -> Result<Answer<Subscription>, Failure> {
    let channel = named(at, false)?;
    let revive =
        op::Revive { task: task.clone(), channel: channel.clone(), skip: body.skip, caller: at.caller() };
    at.change(revive).await?;
    one(at, task.as_ref(), &channel).await
}

/// The channels of the configuration, and whether each can be used.
#[utoipa::path(get, path = "/channels", tag = "notices",
    responses((status = 200, body = Channels, description = "By name"), Problems))]
pub(crate) async fn channels(State(api): State<Api>) -> Result<Answer<Channels>, Failure> {
    let channels = known(&api).await?.into_iter().map(|one| Channel {
        name: one.name.to_string(),
        kind: one.kind,
        home: one.home,
        ready: one.channel.is_ok(),
        problem: one.channel.err(),
    });
    Ok(Answer(Channels { channels: channels.collect() }))
}

/// Each channel, and whether it is told of a board as a whole.
#[utoipa::path(get, path = "/boards/{board}/subscriptions", tag = "notices", params(("board" = String, Path)),
    responses((status = 200, body = Subscriptions, description = "By channel"), Problems))]
pub(crate) async fn of_board(at: OnBoard) -> Result<Answer<Subscriptions>, Failure> {
    shown(&at, None).await.map(Answer)
}

/// Each channel, and whether it is told of a task.
#[utoipa::path(get, path = "/boards/{board}/tasks/{task}/subscriptions", tag = "notices",
    params(("board" = String, Path), ("task" = String, Path)),
    responses((status = 200, body = Subscriptions, description = "By channel"), Problems))]
pub(crate) async fn of_task(at: OnTask) -> Result<Answer<Subscriptions>, Failure> {
    shown(&at.on, Some(&at.task)).await.map(Answer)
}

/// Have a channel told of a board as a whole; once more changes nothing but what it is told of.
#[utoipa::path(put, path = "/boards/{board}/subscriptions/{channel}", tag = "notices", request_body = Subscribe,
    params(("board" = String, Path), ("channel" = String, Path)),
    responses((status = 200, body = Subscription, description = "It is subscribed"), Problems))]
pub(crate) async fn subscribe_board(
    at: OnBoard,
    Body(body): Body<Subscribe>,
) -> Result<Answer<Subscription>, Failure> {
    subscribe(&at, None, &body).await
}

/// Have a channel told of a task; once more changes nothing but what it is told of.
#[utoipa::path(put, path = "/boards/{board}/tasks/{task}/subscriptions/{channel}", tag = "notices",
    request_body = Subscribe,
    params(("board" = String, Path), ("task" = String, Path), ("channel" = String, Path)),
    responses((status = 200, body = Subscription, description = "It is subscribed"), Problems))]
pub(crate) async fn subscribe_task(
    at: OnTask,
    Body(body): Body<Subscribe>,
) -> Result<Answer<Subscription>, Failure> {
    subscribe(&at.on, Some(at.task), &body).await
}

/// Have a channel no longer told of a board as a whole.
#[utoipa::path(delete, path = "/boards/{board}/subscriptions/{channel}", tag = "notices",
    params(("board" = String, Path), ("channel" = String, Path)),
    responses((status = 204, description = "It is not subscribed"), Problems))]
pub(crate) async fn unsubscribe_board(at: OnBoard) -> Result<StatusCode, Failure> {
    unsubscribe(&at, None).await
}

/// Have a channel no longer told of a task.
#[utoipa::path(delete, path = "/boards/{board}/tasks/{task}/subscriptions/{channel}", tag = "notices",
    params(("board" = String, Path), ("task" = String, Path), ("channel" = String, Path)),
    responses((status = 204, description = "It is not subscribed"), Problems))]
pub(crate) async fn unsubscribe_task(at: OnTask) -> Result<StatusCode, Failure> {
    unsubscribe(&at.on, Some(at.task)).await
}

/// Try a suspended subscription of a board again.
#[utoipa::path(post, path = "/boards/{board}/subscriptions/{channel}/retry", tag = "notices", request_body = Retry,
    params(("board" = String, Path), ("channel" = String, Path)),
    responses((status = 200, body = Subscription, description = "It is tried at once"), Problems))]
pub(crate) async fn retry_board(
    at: OnBoard,
    Body(body): Body<Retry>,
) -> Result<Answer<Subscription>, Failure> {
    retry(&at, None, &body).await
}

/// Try a suspended subscription of a task again.
#[utoipa::path(post, path = "/boards/{board}/tasks/{task}/subscriptions/{channel}/retry", tag = "notices",
    request_body = Retry,
    params(("board" = String, Path), ("task" = String, Path), ("channel" = String, Path)),
    responses((status = 200, body = Subscription, description = "It is tried at once"), Problems))]
pub(crate) async fn retry_task(at: OnTask, Body(body): Body<Retry>) -> Result<Answer<Subscription>, Failure> {
    retry(&at.on, Some(at.task), &body).await
}
