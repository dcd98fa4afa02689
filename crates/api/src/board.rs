//! Boards: what they say of themselves, their columns, counts, hosts and costs.

use std::collections::BTreeMap;

use andon_core::task::Status;
use andon_core::{BoardSlug, ProfileName};
use serde::{Deserialize, Deserializer, Serialize};
use utoipa::ToSchema;

use crate::card::Card;
use crate::names::{BoardSlugText, ProfileNameText, StatusName};
use crate::run::Consumption;
use crate::time::Time;

/// Reads a key that is there: `null` clears, and a key that is not there leaves as it is.
pub(crate) fn given<'de, D: Deserializer<'de>, T: Deserialize<'de>>(
    deserializer: D,
) -> Result<Option<Option<T>>, D::Error> {
    Option::<T>::deserialize(deserializer).map(Some)
}

/// A board.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Board {
    /// Its name in paths.
    #[schema(value_type = BoardSlugText)]
    pub slug: BoardSlug,
    /// The name that people see.
    pub name: Option<String>,
    /// What it is for.
    pub description: Option<String>,
    /// A sign for it.
    pub icon: Option<String>,
    /// Its colour.
    pub color: Option<String>,
    /// The directory of `dir` and `worktree` tasks that name none.
    pub default_workdir: Option<String>,
    /// Who reviews where neither task nor profile says.
    pub reviewer: Option<String>,
    /// When it was created, RFC 3339.
    pub created_at: Option<String>,
    /// Whether it is meant where none is named.
    pub is_current: bool,
    /// Tasks by status.
    pub counts: BTreeMap<String, u32>,
    /// Tasks in all.
    pub total: u32,
    /// Why it cannot be read.
    pub problem: Option<String>,
}

/// The boards of the home.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Boards {
    /// The boards, `default` first.
    pub boards: Vec<Board>,
    /// The one that is meant where none is named.
    #[schema(value_type = Option<BoardSlugText>)]
    pub current: Option<BoardSlug>,
}

/// A board to be created; one that is there stays as it is.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct NewBoard {
    /// Its name in paths.
    #[schema(value_type = BoardSlugText)]
    pub slug: BoardSlug,
    /// The name that people see.
    pub name: Option<String>,
    /// What it is for.
    pub description: Option<String>,
    /// A sign for it.
    pub icon: Option<String>,
    /// Its colour.
    pub color: Option<String>,
    /// An absolute path.
    pub default_workdir: Option<String>,
    /// A profile, or `person`.
    pub reviewer: Option<String>,
    /// Whether it is meant from now on where none is named.
    #[serde(default)]
    pub switch: bool,
}

/// Changes of what a board says of itself; `null` clears, what is left out stays.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct BoardChanges {
    /// The name that people see.
    #[schema(value_type = Option<String>)]
    #[serde(default, deserialize_with = "given", skip_serializing_if = "Option::is_none")]
    pub name: Option<Option<String>>,
    /// What it is for.
    #[schema(value_type = Option<String>)]
    #[serde(default, deserialize_with = "given", skip_serializing_if = "Option::is_none")]
    pub description: Option<Option<String>>,
    /// A sign for it.
    #[schema(value_type = Option<String>)]
    #[serde(default, deserialize_with = "given", skip_serializing_if = "Option::is_none")]
    pub icon: Option<Option<String>>,
    /// Its colour.
    #[schema(value_type = Option<String>)]
    #[serde(default, deserialize_with = "given", skip_serializing_if = "Option::is_none")]
    pub color: Option<Option<String>>,
    /// An absolute path.
    #[schema(value_type = Option<String>)]
    #[serde(default, deserialize_with = "given", skip_serializing_if = "Option::is_none")]
    pub default_workdir: Option<Option<String>>,
    /// A profile, or `person`.
    #[schema(value_type = Option<String>)]
    #[serde(default, deserialize_with = "given", skip_serializing_if = "Option::is_none")]
    pub reviewer: Option<Option<String>>,
}

/// One column of a board.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct Column {
    /// Of which status.
    #[schema(value_type = StatusName)]
    pub status: Status,
    /// How many tasks it has in all.
    pub count: u32,
    /// The first of them.
    pub cards: Vec<Card>,
    /// The `cursor` of `cards?status=…` for those that follow; none where these are all.
    pub next: Option<String>,
}

/// A board at one moment.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct Columns {
    /// Which.
    #[schema(value_type = BoardSlugText)]
    pub board: BoardSlug,
    /// The columns, in the order in which work moves.
    pub columns: Vec<Column>,
    /// The tenants that its tasks have.
    pub tenants: Vec<String>,
    /// Who has tasks.
    pub assignees: Vec<Assignee>,
    /// The cords that are pulled.
    pub paused: Vec<Pause>,
    /// The place of this moment in the event stream.
    pub cursor: String,
    /// The board's time.
    pub now: Time,
}

/// Who can be given work, or has some.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Assignee {
    /// The profile.
    pub name: String,
    /// How many tasks it has, archived ones left out.
    pub tasks: u32,
    /// Whether there is such a profile.
    pub on_disk: bool,
}

/// Who can be given work, or has some.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Assignees {
    /// By name.
    pub assignees: Vec<Assignee>,
}

/// A pulled cord.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Pause {
    /// `everything`, `board` or `profile:<name>`.
    pub scope: String,
    /// Who pulled it.
    pub by: String,
    /// Why.
    pub reason: Option<String>,
    /// When.
    pub at: Time,
}

/// What runs of a profile consumed.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct Consumed {
    /// Which profile.
    #[schema(value_type = Option<ProfileNameText>)]
    pub profile: Option<ProfileName>,
    /// Runs that said so.
    pub runs: u32,
    /// Tokens and dollars.
    #[serde(flatten)]
    pub consumption: Consumption,
}

/// How many runs of a profile may live.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Running {
    /// Which profile.
    #[schema(value_type = Option<ProfileNameText>)]
    pub profile: Option<ProfileName>,
    /// How many.
    pub count: u32,
}

/// A profile that cools down after a rate limit.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Cooldown {
    /// Which.
    #[schema(value_type = ProfileNameText)]
    pub profile: ProfileName,
    /// Until when.
    pub until: Time,
    /// Rate limits in a row.
    pub step: u32,
}

/// A dispatcher of the board.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Dispatcher {
    /// Its host.
    pub host: String,
    /// Its process.
    pub pid: i64,
    /// When it was last heard of.
    pub last_seen: Time,
}

/// The counts of a board.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct Stats {
    /// Tasks by status.
    pub by_status: BTreeMap<String, u32>,
    /// Tasks by assignee and status, archived ones left out.
    pub by_assignee: BTreeMap<String, BTreeMap<String, u32>>,
    /// How long the oldest ready task has been there, seconds.
    pub oldest_ready_age_seconds: Option<i64>,
    /// Ended runs by outcome.
    pub runs_by_outcome: BTreeMap<String, u32>,
    /// What runs consumed, by profile.
    pub consumed: Vec<Consumed>,
    /// Runs that may live, by profile.
    pub running: Vec<Running>,
    /// The cords that are pulled.
    pub paused: Vec<Pause>,
    /// Profiles that cool down.
    pub cooling_down: Vec<Cooldown>,
    /// Who dispatches.
    pub dispatchers: Vec<Dispatcher>,
    /// The board's time.
    pub now: Time,
}

/// A host that dispatches.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Host {
    /// Its name.
    pub name: String,
    /// Whether it was heard of lately.
    pub live: bool,
    /// When it was last heard of.
    pub last_seen: Time,
    /// What it has.
    pub labels: Vec<String>,
    /// What it can run.
    pub profiles: Vec<String>,
    /// Runs that it has places for.
    pub capacity: Option<u32>,
    /// Runs on it that may live.
    pub running: u32,
    /// Its dispatcher's process.
    pub pid: i64,
}

/// The hosts that dispatch a board.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Hosts {
    /// By name.
    pub hosts: Vec<Host>,
}

/// What the runs of a profile consumed on one day.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct UsageDay {
    /// The day in UTC, `2026-01-31`.
    pub day: String,
    /// Which profile.
    #[schema(value_type = Option<ProfileNameText>)]
    pub profile: Option<ProfileName>,
    /// Runs that started on it.
    pub runs: u32,
    /// Tokens and dollars.
    #[serde(flatten)]
    pub consumption: Consumption,
}

/// What runs consumed, by day and profile.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct Usage {
    /// The newest day first.
    pub days: Vec<UsageDay>,
}
