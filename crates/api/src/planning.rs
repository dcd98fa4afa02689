//! What a model made of an idea or a profile, or why it could not. The answer is a success either way: that a model fails is
//! no fault of the request.

use andon_core::TaskId;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::names::TaskIdText;
use crate::task::Task;

/// What a call of a model cost.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct PlanUsage {
    /// The model.
    pub model: String,
    /// Tokens of the request.
    pub input_tokens: u64,
    /// Tokens of the answer.
    pub output_tokens: u64,
    /// Tokens of the request from the cache.
    pub cached_tokens: u64,
    /// Dollars, where the settings say what a token costs.
    pub cost_usd: Option<f64>,
}

/// What became of an idea that a model was asked to plan.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct PlanResult {
    /// Whether it is work now.
    pub ok: bool,
    /// Why not: a stable code, each with its page.
    pub reason: Option<String>,
    /// The same in words.
    pub message: Option<String>,
    /// The task as it is now.
    pub task: Task,
    /// How many parts it has.
    pub fanout: u32,
    /// Its parts.
    #[schema(value_type = Vec<TaskIdText>)]
    pub child_ids: Vec<TaskId>,
    /// What it cost; none where no model was asked.
    pub usage: Option<PlanUsage>,
}

/// How a profile is to be described.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct DescribeProfile {
    /// Also where a person has written a description.
    #[serde(default)]
    pub overwrite: bool,
}

/// What became of a profile that a model was asked to describe.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct DescribeResult {
    /// Whether it is described now.
    pub ok: bool,
    /// Why not: a stable code, each with its page.
    pub reason: Option<String>,
    /// The same in words.
    pub message: Option<String>,
    /// The description as it is now.
    pub description: Option<String>,
    /// What it cost; none where no model was asked.
    pub usage: Option<PlanUsage>,
}
