//! The catalogue: every tool with its name, its description, and what kind of thing it does.

use std::sync::LazyLock;

use schemars::JsonSchema;
use schemars::generate::SchemaSettings;
use serde_json::{Value, json};

use crate::arguments;
use crate::identity::Toolset;

/// A tool, as clients and models see it.
#[derive(Clone, Debug, PartialEq)]
pub struct ToolSpec {
    /// By which it is called.
    pub name: &'static str,
    /// For people.
    pub title: &'static str,
    /// For models: what it does, when to use it, what happens next.
    pub description: &'static str,
    /// JSON Schema of its arguments, an object.
    pub input_schema: Value,
    /// It changes nothing.
    pub read_only: bool,
    /// It ends or stops something.
    pub destructive: bool,
}

/// Who is offered a tool. What a caller may do with it is the store's word.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Offer {
    /// Every session.
    Everybody,
    /// Orchestrators and persons.
    Board,
}

/// What a tool does to the board.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Effect {
    Looks,
    Adds,
    Moves,
}

macro_rules! tools {
    ($($tool:ident, $name:literal, $title:literal, $offer:ident, $effect:ident, $description:literal;)*) => {
        /// Which tool.
        #[derive(Clone, Copy, Debug, PartialEq, Eq)]
        pub(crate) enum Tool { $(#[doc = $title] $tool,)* }

        /// A call whose arguments have been read.
        #[derive(Clone, Debug)]
        pub(crate) enum Request { $(#[doc = $title] $tool(arguments::$tool),)* }

        impl Tool {
            /// Every tool, in the order in which a worker meets them.
            const ALL: &[Self] = &[$(Self::$tool,)*];

            const fn offer(self) -> Offer {
                match self { $(Self::$tool => Offer::$offer,)* }
            }

            /// Whether it changes nothing.
            pub(crate) const fn looks(self) -> bool {
                match self { $(Self::$tool => matches!(Effect::$effect, Effect::Looks),)* }
            }

            fn describe(self) -> ToolSpec {
                match self { $(Self::$tool => ToolSpec {
                    name: $name,
                    title: $title,
                    description: $description,
                    input_schema: schema::<arguments::$tool>(),
                    read_only: matches!(Effect::$effect, Effect::Looks),
                    destructive: matches!(Effect::$effect, Effect::Moves),
                },)* }
            }

            /// Reads the arguments of a call.
            pub(crate) fn read(self, arguments: Value) -> Result<Request, serde_path_to_error::Error<serde_json::Error>> {
                match self {
                    $(Self::$tool => serde_path_to_error::deserialize(arguments).map(Request::$tool),)*
                }
            }
        }
    };
}

tools! {
    Show, "kanban_show", "Show a task", Everybody, Looks,
        "Show a task with everything its worker needs. Call it first, without task_id: `worker_context` is the whole assignment (specification, earlier attempts, results of parents, comments) and is the truth about it. Where it names a command such as `andon complete`, call the tool kanban_complete. Changes nothing.";
    Complete, "kanban_complete", "Complete the task", Everybody, Moves,
        "Finish your task when all of it is done and checked. Give a summary for whoever goes on; tasks that wait for it start at once. Your run ends: afterwards stop working. For unfinished work use kanban_block, for work that somebody should check use kanban_request_review.";
    Block, "kanban_block", "Block the task", Everybody, Moves,
        "Stop your task because you cannot go on without somebody or something. It stays stopped until a person lets it go on, so say exactly what is needed. Your run ends: afterwards stop working. Not for slow work (kanban_heartbeat) and not for finished work (kanban_complete).";
    RequestReview, "kanban_request_review", "Ask for a review", Everybody, Moves,
        "Hand finished work to its reviewer instead of completing it. The reviewer approves, which completes the task, or requests changes, which brings it back to you with the reason. Your run ends: afterwards stop working.";
    RequestChanges, "kanban_request_changes", "Request changes", Everybody, Moves,
        "In a review: send the task back to its implementer and say what has to change. Your run ends: afterwards stop working.";
    Approve, "kanban_approve", "Approve", Everybody, Moves,
        "In a review: the work is good. The task is done and tasks that wait for it start. Your run ends: afterwards stop working.";
    Schedule, "kanban_schedule", "Put the task off", Everybody, Moves,
        "Put your task off until a moment, for example until a build has finished or an office opens. It starts again by itself then, in a new run. Your run ends: afterwards stop working.";
    Heartbeat, "kanban_heartbeat", "Report progress", Everybody, Adds,
        "Say that you make progress. In long work call it every few minutes, and at least once an hour: a run that shows no progress for long is taken back. Costs nothing and changes nothing else.";
    Comment, "kanban_comment", "Comment", Everybody, Adds,
        "Add to the thread of a task, your own or another. Whoever works on it next reads it. A comment moves nothing.";
    Create, "kanban_create", "Create a task", Everybody, Adds,
        "Create a follow-up task instead of doing more than you were asked. Name the profile that does it, and in `parents` the tasks that must be done first. It starts by itself. Returns its id; list the ids in created_cards when you complete. Do not give work to yourself that belongs to your own task.";
    Link, "kanban_link", "Make a task wait", Everybody, Moves,
        "Make a task wait for another one. A worker can only make its own task wait, an orchestrator any. New tasks name their parents in kanban_create instead.";
    Attach, "kanban_attach", "Attach a file", Everybody, Adds,
        "Keep a file with a task: a report, a patch, a picture. Workers of tasks that come after find it under its path. At most 25 MiB.";
    Attachments, "kanban_attachments", "List attachments", Everybody, Looks,
        "List the files of a task with their paths, to read them. Changes nothing.";
    Why, "kanban_why", "Why does it not run", Everybody, Looks,
        "Say why a task is not running, and what would make it run: every reason in order, with when it ends and what clears it. Changes nothing.";
    List, "kanban_list", "List tasks", Board, Looks,
        "List tasks of the board, the most urgent first, with their parents and children. Narrow it by status, assignee or tenant. `truncated` says that there are more. Changes nothing.";
    Assignees, "kanban_assignees", "List profiles", Board, Looks,
        "List the profiles that can be assignees. Call it before you create tasks for others: an assignee must exist. Changes nothing.";
    Unblock, "kanban_unblock", "Unblock a task", Board, Moves,
        "Let a blocked task go on, with the answer to its question as the reason. What a person stopped, and what has failed too often, only a person lets go on. Returns where it stands now: ready, or todo while tasks that it waits for are not done.";
    Assign, "kanban_assign", "Assign a task", Board, Moves,
        "Give a task that does not run to a profile. It starts by itself when it can.";
}

static ALL: LazyLock<Vec<(Tool, ToolSpec)>> =
    LazyLock::new(|| Tool::ALL.iter().map(|tool| (*tool, tool.describe())).collect());

/// The schema of arguments, without what only schema tools read.
fn schema<T: JsonSchema>() -> Value {
    let settings = SchemaSettings::draft2020_12().with(|settings| settings.inline_subschemas = true);
    let mut schema = settings.into_generator().into_root_schema_for::<T>().to_value();
    if let Some(object) = schema.as_object_mut() {
        for noise in ["$schema", "title", "description", "$defs"] {
            object.remove(noise);
        }
        object.entry("properties").or_insert_with(|| json!({}));
        object.insert("additionalProperties".to_owned(), json!(false));
        for property in object["properties"].as_object_mut().into_iter().flat_map(|all| all.values_mut()) {
            if let Some(property) = property.as_object_mut() {
                property.remove("format");
                property.remove("default");
            }
        }
    }
    schema
}

/// The tools that a session is offered.
pub(crate) fn offered(toolset: Toolset) -> impl Iterator<Item = &'static (Tool, ToolSpec)> {
    ALL.iter().filter(move |(tool, _)| match tool.offer() {
        Offer::Everybody => true,
        Offer::Board => toolset == Toolset::Board,
    })
}

/// Every tool, offered or not.
pub(crate) fn all() -> impl Iterator<Item = &'static (Tool, ToolSpec)> {
    ALL.iter()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_schema_says_what_each_argument_is() {
        for (_, spec) in all() {
            assert!(spec.name.starts_with("kanban_") && spec.name.len() <= 64);
            assert!(spec.description.len() > 60, "{}", spec.name);
            let schema = spec.input_schema.as_object().unwrap();
            assert_eq!(schema["type"], "object");
            assert_eq!(schema["additionalProperties"], false);
            for (name, property) in schema["properties"].as_object().unwrap() {
                assert!(
                    property["description"].as_str().is_some_and(|text| text.len() > 9),
                    "{} {name}",
                    spec.name
                );
                assert!(property["type"].is_string(), "{} {name}: {property}", spec.name);
            }
        }
    }

    #[test]
    fn a_word_of_a_closed_set_is_declared_as_one() {
        let words = |tool: &str, argument: &str| {
            let (_, spec) = all().find(|(_, spec)| spec.name == tool).unwrap();
            spec.input_schema["properties"][argument]["enum"].clone()
        };
        assert_eq!(
            words("kanban_block", "kind"),
            json!(["needs_input", "capability", "transient", "dependency"])
        );
        assert_eq!(words("kanban_create", "workspace_kind"), json!(["scratch", "dir", "worktree"]));
        assert_eq!(words("kanban_create", "initial_status"), json!(["running", "blocked", "triage"]));
        assert_eq!(words("kanban_list", "status").as_array().map(Vec::len), Some(9));
        assert_eq!(words("kanban_comment", "body"), Value::Null);
    }

    #[test]
    fn orchestrators_are_offered_what_routes_work_and_other_workers_are_not() {
        let names = |toolset| -> Vec<&str> { offered(toolset).map(|(_, spec)| spec.name).collect() };
        assert_eq!(names(Toolset::Board).len(), all().count());
        for routing in ["kanban_list", "kanban_assignees", "kanban_unblock", "kanban_assign"] {
            assert!(!names(Toolset::Task).contains(&routing), "{routing}");
        }
        assert_eq!(names(Toolset::Task).len() + 4, all().count());
    }
}
