//! Who is told of what happens, and by which channel.

use andon_core::TaskId;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::names::TaskIdText;
use crate::time::Time;

/// A channel of the configuration.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Channel {
    /// Its name.
    pub name: String,
    /// `command`, `webhook`, `slack`, `discord` or `telegram`.
    pub kind: String,
    /// Whether it is told on every board of what needs a person.
    pub home: bool,
    /// Whether it can be used.
    pub ready: bool,
    /// Why not; never with a secret.
    pub problem: Option<String>,
}

/// The channels of the configuration.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Channels {
    /// By name.
    pub channels: Vec<Channel>,
}

/// Whether a subscription is told anything.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum SubscriptionState {
    /// It is.
    Active,
    /// Its channel failed too often; it keeps its place until somebody has it tried again.
    Suspended,
    /// A person switched off what the configuration asks for.
    Off,
}

/// A channel, and whether it is told of a task or of a board as a whole.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Subscription {
    /// The channel.
    pub channel: String,
    /// Its kind; none where the configuration does not know it any more.
    pub kind: Option<String>,
    /// Whether the channel can be used.
    pub ready: bool,
    /// The task; none for the whole board.
    #[schema(value_type = Option<TaskIdText>)]
    pub task: Option<TaskId>,
    /// Whether it is subscribed: active or suspended.
    pub subscribed: bool,
    /// How it stands, where there is a subscription.
    pub state: Option<SubscriptionState>,
    /// Whether the configuration made it.
    pub home: bool,
    /// What it is told of: kinds of events, `attention` or `all`; empty for the usual.
    pub kinds: Vec<String>,
    /// Failures in a row.
    pub failures: u32,
    /// The words of the last one.
    pub last_error: Option<String>,
    /// When it is tried again.
    pub retry_at: Option<Time>,
    /// When it was last told something.
    pub told_at: Option<Time>,
    /// Who made it.
    pub created_by: Option<String>,
    /// When.
    pub created_at: Option<Time>,
}

/// Each channel of the configuration, and what else is subscribed.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Subscriptions {
    /// By channel.
    pub subscriptions: Vec<Subscription>,
}

/// What a channel is to be told of.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Subscribe {
    /// Kinds of events, `attention` or `all`; empty for the usual. Left out, it stays as it is.
    pub kinds: Option<Vec<String>>,
}

/// How a subscription is tried again.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Retry {
    /// Leave out the message that could not be delivered.
    #[serde(default)]
    pub skip: bool,
}
