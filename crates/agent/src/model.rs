//! The port to models: one method. What a request and an answer are, and how an answer can fail.

mod error;
mod failure;
mod hosted;
mod patience;

use std::sync::Arc;

use futures::future::BoxFuture;
use serde::{Deserialize, Serialize};
use serde_json::Value;

pub use error::ModelError;
pub use hosted::HostedModel;
pub use patience::{Patience, patiently};

/// Something that answers.
pub trait Model: Send + Sync {
    /// The answer to a request, read to its end. Dropping the future stops the call.
    fn complete<'a>(&'a self, request: &'a Request<'a>) -> BoxFuture<'a, Result<Reply, ModelError>>;
}

/// What a model is asked.
#[derive(Clone, Copy, Debug)]
pub struct Request<'a> {
    /// The model; empty: the one that was set up.
    pub model: &'a str,
    /// What holds for the whole conversation.
    pub system: &'a str,
    /// The conversation, oldest turn first.
    pub turns: &'a [Turn],
    /// The tools that it may call.
    pub tools: &'a [Offer],
    /// How freely it answers; none: as the provider does.
    pub temperature: Option<f64>,
    /// Tokens of the answer; none: as the provider does.
    pub max_output_tokens: Option<u32>,
}

/// A tool that a model may call.
#[derive(Clone, Debug, PartialEq)]
pub struct Offer {
    /// Its name.
    pub name: String,
    /// What it is for.
    pub description: String,
    /// The JSON schema of its arguments.
    pub schema: Value,
}

/// A turn of the conversation.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub enum Turn {
    /// What the model is told.
    Told(Vec<Part>),
    /// What the model answered.
    Answered(Answer),
    /// What its calls gave.
    Results(Vec<CallResult>),
}

impl Turn {
    /// A text that the model is told.
    #[must_use]
    pub fn told(text: impl Into<String>) -> Self {
        Self::Told(vec![Part::Text(text.into())])
    }
}

/// A part of what the model is told.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub enum Part {
    /// A text.
    Text(String),
    /// An image, in base 64.
    Image {
        /// Its media type.
        kind: String,
        /// Its content.
        data: Arc<str>,
    },
}

/// What the model said.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Answer {
    /// In words.
    pub text: String,
    /// The tools that it calls.
    pub calls: Vec<Call>,
    /// What it thought, as its provider wants it back.
    pub thoughts: Vec<Thought>,
}

/// A part of a model's thinking that its provider wants to see again.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Thought {
    /// In words.
    Words(String),
    /// The provider's mark of it.
    Signature(String),
    /// One that the provider hides, word for word.
    Hidden(Value),
}

/// A call of a tool.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Call {
    /// By which its result is known.
    pub id: String,
    /// Which tool.
    pub name: String,
    /// Its arguments; a JSON text where the model wrote no JSON.
    pub arguments: Value,
    /// The provider's marks of this call.
    pub signatures: Vec<String>,
}

/// What a call gave.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct CallResult {
    /// Of which call.
    pub id: String,
    /// Of which tool.
    pub name: String,
    /// In words.
    pub content: String,
}

/// An answer with what it cost.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Reply {
    /// What it said.
    pub answer: Answer,
    /// Tokens.
    pub tokens: Tokens,
    /// It was cut at the longest answer.
    pub cut: bool,
}

/// Tokens of one answer, or of many.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Tokens {
    /// Of requests.
    pub input: u64,
    /// Of answers.
    pub output: u64,
    /// Of requests, from the cache.
    pub cached: u64,
}

impl std::ops::AddAssign for Tokens {
    fn add_assign(&mut self, other: Self) {
        self.input = self.input.saturating_add(other.input);
        self.output = self.output.saturating_add(other.output);
        self.cached = self.cached.saturating_add(other.cached);
    }
}

#[cfg(test)]
pub(crate) mod fake;
