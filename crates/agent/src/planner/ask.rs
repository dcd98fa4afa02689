//! One call of the planner's model, within its time. There are no further attempts inside of a call: whoever calls has written
//! each of them down.

use std::time::Duration;

use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use super::failure::PlanFailure;
use super::prompt::Prompt;
use crate::model::{Model, Request, Tokens, Turn};
use crate::settings::AgentSettings;
use crate::usage::Meter;

/// What a call has cost.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Spent {
    /// The model that was asked.
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

impl Spent {
    /// As it stands in an event.
    #[must_use]
    pub fn as_json(&self) -> Value {
        json!({
            "model": self.model, "input_tokens": self.input_tokens, "output_tokens": self.output_tokens,
            "cached_tokens": self.cached_tokens, "cost_usd": self.cost_usd,
        })
    }
}

/// A model that plans, with its limits.
pub struct Asker {
    /// The model.
    pub model: Box<dyn Model>,
    /// Its name.
    pub name: String,
    /// How long one answer may take.
    pub timeout: Duration,
    /// Tokens of one answer.
    pub max_output_tokens: u32,
    /// What a token costs.
    pub prices: AgentSettings,
}

impl std::fmt::Debug for Asker {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Asker").field("name", &self.name).finish_non_exhaustive()
    }
}

impl Asker {
    /// Asks once. Gives what was said, and what it cost.
    ///
    /// # Errors
    /// The model's failure, or its slowness.
    pub async fn ask(&self, prompt: &Prompt) -> (Result<String, PlanFailure>, Spent) {
        let turns = [Turn::told(prompt.text.clone())];
        let request = Request {
            model: "",
            system: &prompt.system,
            turns: &turns,
            tools: &[],
            temperature: None,
            max_output_tokens: Some(self.max_output_tokens),
        };
        match tokio::time::timeout(self.timeout, self.model.complete(&request)).await {
            Ok(Ok(reply)) => (Ok(reply.answer.text), self.spent(reply.tokens)),
            Ok(Err(error)) => (Err(error.into()), self.spent(Tokens::default())),
            Err(_) => (Err(PlanFailure::Slow(self.timeout)), self.spent(Tokens::default())),
        }
    }

    fn spent(&self, tokens: Tokens) -> Spent {
        let mut meter = Meter::new(None, &self.name, &self.prices);
        meter.add(tokens);
        let usage = meter.usage();
        Spent {
            model: usage.model,
            input_tokens: usage.input_tokens,
            output_tokens: usage.output_tokens,
            cached_tokens: usage.cached_tokens,
            cost_usd: usage.cost_usd,
        }
    }
}
