//! Profiles, and what is configured.

use andon_core::ProfileName;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::board::given;
use crate::names::ProfileNameText;

/// Who can be given work.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Profile {
    /// Its name.
    #[schema(value_type = ProfileNameText)]
    pub name: ProfileName,
    /// What it is good at.
    pub description: Option<String>,
    /// Whether a model wrote the description.
    pub description_auto: bool,
    /// How its runs are started.
    pub runner: Option<String>,
    /// Whether it is never started: work is claimed by hand.
    pub lane: bool,
    /// The model that its runs use.
    pub model: Option<String>,
    /// Runs that it may have at once.
    pub max_running: Option<u32>,
    /// Longest run, milliseconds.
    pub max_runtime: Option<i64>,
    /// Who reviews its work.
    pub reviewer: Option<String>,
    /// Its skills.
    pub skills: Vec<String>,
    /// How its runs end well: `exit` or `protocol`.
    pub ends_by: String,
    /// Whether its workers may pull the cord.
    pub may_pause: bool,
}

/// A profile whose file cannot be used.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct BrokenProfile {
    /// Its name.
    pub name: String,
    /// What is wrong with its file.
    pub problem: String,
}

/// The profiles of the home.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Profiles {
    /// Those that can be given work, by name.
    pub profiles: Vec<Profile>,
    /// Those that cannot be used.
    pub broken: Vec<BrokenProfile>,
}

/// Changes of a profile; `null` clears, what is left out stays.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct ProfileChanges {
    /// What it is good at.
    #[schema(value_type = Option<String>)]
    #[serde(default, deserialize_with = "given", skip_serializing_if = "Option::is_none")]
    pub description: Option<Option<String>>,
    /// The model that its runs use.
    #[schema(value_type = Option<String>)]
    #[serde(default, deserialize_with = "given", skip_serializing_if = "Option::is_none")]
    pub model: Option<Option<String>>,
    /// Runs that it may have at once.
    #[schema(value_type = Option<u32>, minimum = 1)]
    #[serde(default, deserialize_with = "given", skip_serializing_if = "Option::is_none")]
    pub max_running: Option<Option<u32>>,
}

/// What is configured, as far as people who look at boards need it. Lengths of time are milliseconds.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Settings {
    /// The version of Andon.
    pub version: String,
    /// The profile that works on tasks which nobody was given.
    #[schema(value_type = Option<ProfileNameText>)]
    pub default_assignee: Option<ProfileName>,
    /// The profile that owns the whole of what is split, where somebody has said so.
    #[schema(value_type = Option<ProfileNameText>)]
    pub orchestrator: Option<ProfileName>,
    /// The one that owns it as things stand.
    #[schema(value_type = Option<ProfileNameText>)]
    pub resolved_orchestrator: Option<ProfileName>,
    /// Whether ideas are planned by a model as they come.
    pub auto_decompose: bool,
    /// Whether the parts of an idea that a model has split start by themselves; else they are held.
    pub auto_promote_children: bool,
    /// The model that plans; none where none is set up.
    pub planner_model: Option<String>,
    /// Who reviews where neither task, profile nor board says: a profile or `person`.
    pub reviewer: String,
    /// Runs that a board may have at once.
    pub max_running: Option<u32>,
    /// Runs that a profile may have at once on a board.
    pub max_running_per_profile: Option<u32>,
    /// Runs that this host may have at once.
    pub max_running_per_host: Option<u32>,
    /// Failures in a row at which a task is given up.
    pub failure_limit: u32,
    /// A block of this age counts as forgotten.
    pub blocked_stale_after: i64,
    /// A ready task of this age counts as stranded.
    pub stranded_after: i64,
    /// Where the boards are: `sqlite` or `postgres`.
    pub engine: String,
    /// Most bytes of an attachment.
    pub attachment_limit: u64,
    /// Whether `pause` over everything is in force.
    pub paused_everything: bool,
    /// How the dashboard begins for a browser that has chosen nothing yet.
    pub dashboard: DashboardDefaults,
}

/// How the dashboard begins, until somebody chooses otherwise in their browser.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct DashboardDefaults {
    /// Boards show the tasks of this tenant alone.
    pub default_tenant: Option<String>,
    /// Running tasks stand in a lane for each profile.
    pub lane_by_profile: bool,
    /// Boards show archived tasks too.
    pub include_archived: bool,
    /// Texts are shown as Markdown.
    pub render_markdown: bool,
}

/// Changes of what is configured, written to `config.toml`; `null` goes back to the default, what is left out stays.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct SettingsChanges {
    /// The profile that works on tasks which nobody was given.
    #[schema(value_type = Option<ProfileNameText>)]
    #[serde(default, deserialize_with = "given", skip_serializing_if = "Option::is_none")]
    pub default_assignee: Option<Option<ProfileName>>,
    /// The profile that owns the whole of what is split.
    #[schema(value_type = Option<ProfileNameText>)]
    #[serde(default, deserialize_with = "given", skip_serializing_if = "Option::is_none")]
    pub orchestrator: Option<Option<ProfileName>>,
    /// Whether ideas are planned by a model as they come.
    #[schema(value_type = Option<bool>)]
    #[serde(default, deserialize_with = "given", skip_serializing_if = "Option::is_none")]
    pub auto_decompose: Option<Option<bool>>,
    /// Whether the parts of an idea that a model has split start by themselves.
    #[schema(value_type = Option<bool>)]
    #[serde(default, deserialize_with = "given", skip_serializing_if = "Option::is_none")]
    pub auto_promote_children: Option<Option<bool>>,
    /// Who reviews where neither task, profile nor board says: a profile or `person`.
    #[schema(value_type = Option<String>)]
    #[serde(default, deserialize_with = "given", skip_serializing_if = "Option::is_none")]
    pub reviewer: Option<Option<String>>,
    /// Runs that a board may have at once.
    #[schema(value_type = Option<u32>, minimum = 1, maximum = 100000)]
    #[serde(default, deserialize_with = "given", skip_serializing_if = "Option::is_none")]
    pub max_running: Option<Option<u32>>,
    /// Runs that a profile may have at once on a board.
    #[schema(value_type = Option<u32>, minimum = 1, maximum = 100000)]
    #[serde(default, deserialize_with = "given", skip_serializing_if = "Option::is_none")]
    pub max_running_per_profile: Option<Option<u32>>,
    /// Runs that this host may have at once.
    #[schema(value_type = Option<u32>, minimum = 1, maximum = 100000)]
    #[serde(default, deserialize_with = "given", skip_serializing_if = "Option::is_none")]
    pub max_running_per_host: Option<Option<u32>>,
    /// Failures in a row at which a task is given up.
    #[schema(value_type = Option<u32>, minimum = 1, maximum = 1000)]
    #[serde(default, deserialize_with = "given", skip_serializing_if = "Option::is_none")]
    pub failure_limit: Option<Option<u32>>,
}
