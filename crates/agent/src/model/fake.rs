//! A model that answers from a list, for tests.

use std::collections::VecDeque;
use std::sync::{Mutex, PoisonError};

use futures::FutureExt as _;
use futures::future::BoxFuture;
use serde_json::Value;

use super::{Answer, Call, Model, ModelError, Reply, Request, Tokens, Turn};

/// Answers one after the other, and keeps what it was asked.
#[derive(Default)]
pub(crate) struct FakeModel {
    answers: Mutex<VecDeque<Result<Reply, ModelError>>>,
    pub(crate) asked: Mutex<Vec<(String, Vec<Turn>, usize)>>,
}

impl FakeModel {
    pub(crate) fn new(answers: impl IntoIterator<Item = Result<Reply, ModelError>>) -> Self {
        Self { answers: Mutex::new(answers.into_iter().collect()), asked: Mutex::default() }
    }

    pub(crate) fn calls(&self) -> usize {
        self.asked.lock().unwrap_or_else(PoisonError::into_inner).len()
    }

    /// The texts of the last request.
    pub(crate) fn last_asked(&self) -> String {
        let asked = self.asked.lock().unwrap_or_else(PoisonError::into_inner);
        asked.last().map(|(system, turns, _)| format!("{system}\n{turns:?}")).unwrap_or_default()
    }
}

impl Model for FakeModel {
    fn complete<'a>(&'a self, request: &'a Request<'a>) -> BoxFuture<'a, Result<Reply, ModelError>> {
        let asked = (request.system.to_owned(), request.turns.to_vec(), request.tools.len());
        self.asked.lock().unwrap_or_else(PoisonError::into_inner).push(asked);
        let answer = self.answers.lock().unwrap_or_else(PoisonError::into_inner).pop_front();
        let none = || Err(ModelError::Malformed { reason: "the list of answers is empty".to_owned() });
        std::future::ready(answer.unwrap_or_else(none)).boxed()
    }
}

pub(crate) fn says(text: &str) -> Result<Reply, ModelError> {
    let answer = Answer { text: text.to_owned(), ..Answer::default() };
    Ok(Reply { answer, tokens: Tokens { input: 10, output: 5, cached: 0 }, cut: false })
}

pub(crate) fn calls(name: &str, arguments: Value) -> Result<Reply, ModelError> {
    let call = Call { id: "c1".to_owned(), name: name.to_owned(), arguments, signatures: Vec::new() };
    let answer = Answer { calls: vec![call], ..Answer::default() };
    Ok(Reply { answer, tokens: Tokens { input: 10, output: 5, cached: 0 }, cut: false })
}
