//! What a person lets go on, holds, or sends back: unblock (ST-16), promote (ST-17), hold, to triage.

use andon_core::task::Event;
use andon_core::{Policy, TaskId};
use serde_json::json;

use crate::caller::{Caller, authorise, authorise_routing};
use crate::error::OpError;
use crate::lifecycle::{Extra, advance};
use crate::sql::comments;
use crate::sql::tasks::{self, Task};
use crate::tx::{Operation, Tx};

macro_rules! by_a_person {
    ($(#[$doc:meta])* $name:ident { $($(#[$fdoc:meta])* $field:ident: $type:ty),* } => |$op:ident| $event:expr, $who:ident $verb:literal, $prefix:literal) => {
        $(#[$doc])*
        #[derive(Clone, Debug)]
        pub struct $name {
            /// Which task.
            pub task: TaskId,
            /// Who.
            pub caller: Caller,
            /// Why; becomes a comment.
            pub reason: Option<String>,
            $($(#[$fdoc])* pub $field: $type,)*
            /// Limits.
            pub policy: Policy,
        }

        impl Operation for $name {
            type Reply = Task;

            async fn apply<T: Tx>(&self, tx: &mut T) -> Result<Task, OpError> {
                let by = by_a_person!(@$who tx, self, $verb);
                let task = tasks::get(tx, &self.task).await?;
                let $op = self;
                let event = $event;
                let extra = Extra { data: json!({ "reason": self.reason }), ..Extra::default() };
                let (task, _) = advance(tx, task, &event, &by, &self.policy, &extra).await?;
                if let Some(reason) = self.reason.as_deref().map(str::trim).filter(|reason| !reason.is_empty()) {
                    comments::insert(tx, &task.id, &self.caller.actor, &format!(concat!($prefix, ": {}"), reason)).await?;
                }
                Ok(task)
            }
        }
    };
    (@only_persons $tx:ident, $op:ident, $verb:literal) => {{
        authorise($tx, &$op.caller, Some(&$op.task), $verb).await?;
        $op.caller.clone()
    }};
    (@orchestrators_too $tx:ident, $op:ident, $verb:literal) => {
        authorise_routing($tx, &$op.caller, &$op.task, $verb).await?
    };
}

by_a_person! {
    /// Lets a blocked or scheduled task go on. A comment with the reason is news: the worker reads the answer. A worker whose
    /// profile routes answers the questions of others.
    Unblock {} => |_op| Event::Unblock, orchestrators_too "unblock", "Unblocked"
}

by_a_person! {
    /// Wants a task now.
    Promote {
        /// Over open parents.
        force: bool
    } => |op| Event::Promote { force: op.force }, only_persons "promote", "Promoted"
}

by_a_person! {
    /// Keeps a task from starting until a promote.
    Hold {} => |_op| Event::Hold, only_persons "hold", "Held"
}

by_a_person! {
    /// Sends a task back to the ideas.
    ToTriage {} => |_op| Event::ToTriage, only_persons "move to triage", "Back to triage"
}
