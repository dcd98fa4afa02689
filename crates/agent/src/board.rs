//! The port to the tools of the board, which the crate of tools provides.

use andon_tools::Toolbox;
use futures::future::BoxFuture;
use serde_json::Value;

use crate::model::Offer;

/// The `kanban_*` tools of one run.
pub trait BoardTools: Send + Sync {
    /// What is offered to the model.
    fn offers(&self) -> Vec<Offer>;

    /// Calls a tool; none when it is no tool of the board. A call never fails: a refusal is an answer.
    fn call<'a>(&'a self, name: &'a str, arguments: &'a Value) -> BoxFuture<'a, Option<BoardAnswer>>;
}

/// What a tool of the board answered.
#[derive(Clone, Debug, PartialEq)]
pub struct BoardAnswer {
    /// Its content.
    pub content: Value,
    /// The board refused.
    pub is_error: bool,
    /// The run has ended by it.
    pub ended_run: bool,
}

impl BoardTools for Toolbox {
    fn offers(&self) -> Vec<Offer> {
        let offer = |spec: andon_tools::ToolSpec| Offer {
            name: spec.name.to_owned(),
            description: spec.description.to_owned(),
            schema: spec.input_schema,
        };
        self.list().into_iter().map(offer).collect()
    }

    fn call<'a>(&'a self, name: &'a str, arguments: &'a Value) -> BoxFuture<'a, Option<BoardAnswer>> {
        Box::pin(async move {
            if !self.list().iter().any(|spec| spec.name == name) {
                return None;
            }
            let reply = Self::call(self, name, arguments.clone()).await;
            // Models think for long: no connection is kept meanwhile.
            self.rest();
            Some(BoardAnswer { content: reply.content, is_error: reply.is_error, ended_run: reply.ended_run })
        })
    }
}
