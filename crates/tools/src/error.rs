//! Why a tool did not do it: a stable code, what happened, and what the model can do next.

use andon_core::id::InvalidId;
use andon_core::task::Refusal;
use andon_store::maintenance::MaintenanceError;
use andon_store::{BoardFileError, DbError, HomeError, OpError};
use serde_json::{Map, Value, json};
use thiserror::Error;

/// Why a call could not be tried at all.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum CallError {
    /// No tool of this session has the name.
    #[error("{}", unknown_tool(.name, .nearest))]
    UnknownTool {
        /// The name that was called.
        name: String,
        /// The session's tools with a name like it.
        nearest: Vec<String>,
    },
    /// The arguments are not what the tool takes.
    #[error("{0}")]
    BadArguments(String),
    /// A worker that cannot say which.
    #[error("this worker has no identity: {0}")]
    BrokenIdentity(String),
    /// A file cannot be read.
    #[error("{path}: {reason}")]
    File {
        /// Which.
        path: String,
        /// Why not.
        reason: String,
    },
    /// The call ended without an answer: a defect of Andon.
    #[error("the call ended without an answer: {0}")]
    Defect(String),
}

fn unknown_tool(name: &str, nearest: &[String]) -> String {
    let meant =
        if nearest.is_empty() { String::new() } else { format!("; did you mean {}?", nearest.join(", ")) };
    let name: String = name.chars().take(80).collect();
    format!("this session has no tool {name:?}{meant}")
}

impl CallError {
    /// The stable code.
    #[must_use]
    pub const fn code(&self) -> &'static str {
        match self {
            Self::UnknownTool { .. } => "unknown_tool",
            Self::BadArguments(_) => "bad_arguments",
            Self::BrokenIdentity(_) => "stale_run",
            Self::File { .. } => "file_io",
            Self::Defect(_) => "internal",
        }
    }
}

/// Why a tool did not do it. Nothing has changed.
#[derive(Clone, Debug, PartialEq, Error)]
#[error("{message}")]
pub struct ToolError {
    /// The stable code; `docs/errors` has a page for each.
    pub code: &'static str,
    /// What happened, naming the value.
    pub message: String,
    /// What to do next. Never without, once made.
    pub hint: Option<String>,
    /// Whether the same call may succeed by itself a little later.
    pub retryable: bool,
    /// Further facts by name.
    pub details: Box<Map<String, Value>>,
}

impl ToolError {
    /// An error that calling again does not mend. Without a hint of its own it says where to look.
    #[must_use]
    pub fn new(code: &'static str, message: impl Into<String>, hint: Option<String>) -> Self {
        let hint = Some(hint.unwrap_or_else(|| GO_ON.to_owned()));
        Self { code, message: message.into(), hint, retryable: false, details: Box::default() }
    }

    /// As the content of a reply.
    #[must_use]
    pub fn to_content(&self) -> Value {
        let mut error = json!({ "code": self.code, "message": self.message });
        if let Some(object) = error.as_object_mut() {
            if let Some(hint) = &self.hint {
                object.insert("hint".to_owned(), json!(hint));
            }
            object.insert("retryable".to_owned(), json!(self.retryable));
            object.extend(self.details.as_ref().clone());
        }
        json!({ "ok": false, "error": error })
    }

    fn with(mut self, name: &str, value: impl Into<Value>) -> Self {
        self.details.insert(name.to_owned(), value.into());
        self
    }
}

impl From<CallError> for ToolError {
    fn from(error: CallError) -> Self {
        let hint = match &error {
            CallError::UnknownTool { .. } => Some("call one of the tools that this session lists".to_owned()),
            CallError::BrokenIdentity(_) => Some(
                "a worker is known by ANDON_TASK, ANDON_RUN and ANDON_RUN_TOKEN together; stop, and let the run be started again"
                    .to_owned(),
            ),
            CallError::BadArguments(_) => {
                Some("nothing has changed: mend the arguments as the tool's schema says, and call again".to_owned())
            }
            CallError::File { .. } => {
                Some("nothing has changed: name a file of your workspace that is there, and call again".to_owned())
            }
            CallError::Defect(_) => Some("look at the task with kanban_show before calling again".to_owned()),
        };
        let nearest = match &error {
            CallError::UnknownTool { nearest, .. } => nearest.clone(),
            _ => Vec::new(),
        };
        let tool_error = Self::new(error.code(), error.to_string(), hint);
        if nearest.is_empty() { tool_error } else { tool_error.with("nearest", nearest) }
    }
}

impl From<Refusal> for ToolError {
    fn from(refusal: Refusal) -> Self {
        let mut error = Self::new(refusal.code(), refusal.to_string(), Some(hint(&refusal)));
        error.retryable = matches!(refusal, Refusal::Unreaped { .. });
        match refusal {
            Refusal::UnknownProfile { nearest, .. }
            | Refusal::UnknownSkill { nearest, .. }
            | Refusal::UnknownBoard { nearest, .. }
                if !nearest.is_empty() =>
            {
                error.with("nearest", nearest)
            }
            Refusal::PhantomCards { phantom } => error.with("phantom_cards", phantom),
            Refusal::WrongStatus { status, .. } => error.with("status", status.as_str()),
            Refusal::OpenParents { parents, .. } => {
                error.with("parents", parents.iter().map(ToString::to_string).collect::<Vec<_>>())
            }
            Refusal::InvalidValue { field, .. } => error.with("field", field),
            _ => error,
        }
    }
}

/// What a model does next where the board itself has nothing to add.
const GO_ON: &str = "nothing has changed: look at the task with kanban_show, and go on from how it stands";
/// The same where the database has failed.
const WAIT: &str =
    "call again in a moment; where it stays so, say that with kanban_block and kind transient, or end";

/// What a model does next: it has tools, not a command line.
fn hint(refusal: &Refusal) -> String {
    let text = match refusal {
        Refusal::UnknownTask(_) => {
            "check the id; kanban_show without task_id shows your own task with its parents and children"
        }
        Refusal::UnknownParents(_) => {
            "nothing was created: use ids that kanban_create returned or kanban_show lists, or leave them out"
        }
        Refusal::UnknownProfile { .. } | Refusal::UnknownSkill { .. } => {
            "nothing has changed: call again with a name that exists"
        }
        Refusal::UnknownBoard { .. } => "leave `board` out, or name a board that exists",
        Refusal::BrokenProfile { .. } => "choose another assignee; a person has to mend the profile's file",
        Refusal::StaleRun { .. } => {
            "stop working now: this run can change nothing any more, a newer run or a person has the task"
        }
        Refusal::Forbidden { .. } => {
            "that is not yours to change: kanban_comment tells others what you need, kanban_create makes follow-up work"
        }
        Refusal::OpenParents { .. } => "the task goes on by itself when those are done",
        Refusal::NothingToWaitFor => {
            "name the task to wait for in `on`, or block with kind needs_input and say what you need"
        }
        Refusal::PhantomCards { .. } => {
            "nothing has changed: call kanban_complete again without those ids, or with an empty created_cards"
        }
        Refusal::WrongBoard { .. } => "leave `board` out: your own board is used",
        Refusal::TooManyChildren { .. } => "complete, and let one follow-up task create the rest",
        Refusal::TooDeep { .. } => "do the rest yourself, or describe it in your summary",
        Refusal::SelfLink(_) | Refusal::Cycle(_) => {
            "nothing was linked: the waiting task must not lie above the one it waits for"
        }
        Refusal::BeingPlanned { .. } | Refusal::PlanLapsed => "wait, and look at the task again",
        Refusal::Paused(_) => "a person has paused this: nothing starts until a person lets it go on",
        Refusal::Capped { .. } | Refusal::NotEligible { .. } | Refusal::CoolingDown { .. } => {
            "it starts by itself when it can; kanban_why tells what it waits for"
        }
        Refusal::InvalidValue { .. } | Refusal::TooLarge { .. } | Refusal::BadPlan(_) => {
            "nothing has changed: mend the value and call again"
        }
        Refusal::UnknownAttachment(_) => "kanban_attachments lists what is there",
        Refusal::Unreaped { .. } => "an earlier process is being stopped; call again in a moment",
        // The others' own ways out are commands for a person.
        _ => GO_ON,
    };
    text.to_owned()
}

impl From<DbError> for ToolError {
    fn from(error: DbError) -> Self {
        let retryable = matches!(error, DbError::Busy(_) | DbError::Full);
        let hint = error.hint().unwrap_or(WAIT).to_owned();
        Self { retryable, ..Self::new(error.code(), error.to_string(), Some(hint)) }
    }
}

impl From<OpError> for ToolError {
    fn from(error: OpError) -> Self {
        match error {
            OpError::Refused { refusal, .. } => (*refusal).into(),
            OpError::Db(error) => error.into(),
        }
    }
}

impl From<HomeError> for ToolError {
    fn from(error: HomeError) -> Self {
        match error {
            HomeError::Refused(refusal) => refusal.into(),
            HomeError::Db(error) => error.into(),
            HomeError::File(error) => {
                let hint = "a person has to mend the board's file; nothing was changed";
                let code = match &error {
                    BoardFileError::Io { .. } => "board_file_io",
                    BoardFileError::Malformed { .. } => "board_file_malformed",
                };
                Self::new(code, error.to_string(), Some(hint.to_owned()))
            }
            HomeError::Io { path, reason } => {
                CallError::File { path: path.display().to_string(), reason }.into()
            }
        }
    }
}

impl From<MaintenanceError> for ToolError {
    fn from(error: MaintenanceError) -> Self {
        match error {
            MaintenanceError::Op(error) => error.into(),
            MaintenanceError::Home(error) => error.into(),
            other => Self::new(other.code(), other.to_string(), other.hint()),
        }
    }
}

impl From<InvalidId> for ToolError {
    fn from(error: InvalidId) -> Self {
        let code = match error.what {
            "task id" => "unknown_task",
            "run id" => "unknown_run",
            "board name" => "unknown_board",
            _ => "unknown_profile",
        };
        let hint = "nothing has changed: use an id or a name as kanban_show or kanban_list gave it";
        Self::new(code, error.to_string(), Some(hint.to_owned()))
    }
}
