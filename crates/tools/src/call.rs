//! The calls: each runs operations of the store and says what they gave.

#![expect(
    clippy::needless_pass_by_value,
    reason = "every call takes its arguments for itself, used up or not"
)]

pub(crate) mod finish;
pub(crate) mod look;
pub(crate) mod plan;
pub(crate) mod work;

use andon_store::sql::tasks::Task;
use serde_json::{Value, json};

use crate::error::ToolError;
use crate::spec::Request;
use crate::toolbox::{OnBoard, Session};

/// What a call that went well gives.
#[derive(Debug)]
pub(crate) struct Done {
    /// The content of the reply.
    pub(crate) content: Value,
    /// Whether the caller's run has ended by it.
    pub(crate) ended_run: bool,
}

impl From<Value> for Done {
    fn from(content: Value) -> Self {
        Self { content, ended_run: false }
    }
}

impl Done {
    /// Where the task stands now, and whether that ended the caller's run.
    fn moved(on: &OnBoard<'_>, task: &Task, more: Value) -> Self {
        let ended_run = on.worker().is_some_and(|worker| {
            worker.task == task.id && task.state.current_run.as_ref() != Some(&worker.run)
        });
        let mut content = json!({ "ok": true, "task_id": task.id, "status": task.state.status });
        if let Some(object) = content.as_object_mut() {
            if let Some(worker) = on.worker().filter(|worker| worker.task == task.id) {
                object.insert("run_id".to_owned(), json!(worker.run));
            }
            if ended_run {
                object.insert("ended_run".to_owned(), json!(true));
                object.insert("next".to_owned(), json!("your run has ended: stop working now"));
            }
            if let Value::Object(more) = more {
                object.extend(more.into_iter().filter(|(_, value)| !value.is_null()));
            }
        }
        Self { content, ended_run }
    }
}

/// Makes a call.
pub(crate) fn perform(session: Session<'_>, request: Request) -> Result<Done, ToolError> {
    macro_rules! on {
        ($arguments:ident, $call:path) => {
            $call(&session.on($arguments.board.as_deref())?, $arguments)
        };
    }
    match request {
        Request::Show(arguments) => on!(arguments, look::show),
        Request::List(arguments) => on!(arguments, look::list),
        Request::Assignees(arguments) => on!(arguments, look::assignees),
        Request::Attachments(arguments) => on!(arguments, look::attachments),
        Request::Why(arguments) => on!(arguments, look::why),
        Request::Complete(arguments) => on!(arguments, finish::complete),
        Request::Block(arguments) => on!(arguments, finish::block),
        Request::RequestReview(arguments) => on!(arguments, finish::request_review),
        Request::RequestChanges(arguments) => on!(arguments, finish::request_changes),
        Request::Approve(arguments) => on!(arguments, finish::approve),
        Request::Schedule(arguments) => on!(arguments, finish::schedule),
        Request::Heartbeat(arguments) => on!(arguments, work::heartbeat),
        Request::Comment(arguments) => on!(arguments, work::comment),
        Request::Attach(arguments) => on!(arguments, work::attach),
        Request::Create(arguments) => on!(arguments, plan::create),
        Request::Link(arguments) => on!(arguments, plan::link),
        Request::Unblock(arguments) => on!(arguments, plan::unblock),
        Request::Assign(arguments) => on!(arguments, plan::assign),
    }
}

/// For a model: a word of a set, or what was probably meant.
pub(crate) fn one_of(field: &str, given: &str, known: &[&str]) -> ToolError {
    let meant = andon_core::nearest::nearest(given, known.iter().copied());
    let meant = meant.first().map_or_else(String::new, |name| format!("; did you mean {name:?}?"));
    let given: String = given.chars().take(80).collect();
    let message = format!("`{field}`: {given:?} is not one of {}{meant}", known.join(", "));
    crate::error::CallError::BadArguments(message).into()
}
