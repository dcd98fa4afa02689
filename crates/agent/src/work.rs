//! The work of a run: the startup guard, then the model and its tools until the run has ended.

mod acting;
mod desk;
mod port;
#[cfg(test)]
mod tests;

use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use andon_core::Policy;
use andon_core::run::{Failure, Guard};
use andon_core::task::Phase;
use andon_store::Board;
use andon_store::query::ContextOf;
use andon_store::sql::runs;
use andon_store::{OpError, Operation, Tx};
use serde_json::{Value, json};

use crate::board::BoardTools;
use crate::guard::MayWork;
use crate::identity::Identity;
use crate::judge::Question;
use crate::model::{HostedModel, Model, ModelError, Turn};
use crate::processes::Processes;
use crate::settings::{ProfileFile, SettingsError};
use crate::tools::WorkspaceTools;
use crate::transcript::Transcript;
use crate::usage::Meter;
use crate::{Secret, Stop, guidance, opening, session};

use desk::{Brief, Desk};
use port::{OnBoard, RunPort};

/// Variables of an environment, by their names.
pub type Variables = Box<dyn Fn(&str) -> Option<String>>;

/// A run to be worked on, with everything that the agent needs of the world.
pub struct Job {
    /// Which run.
    pub identity: Identity,
    /// Its board.
    pub board: Board,
    /// Limits.
    pub policy: Policy,
    /// The board's tools.
    pub tools: Box<dyn BoardTools>,
    /// Who starts processes.
    pub processes: Arc<dyn Processes>,
    /// Where their output goes; it may be read.
    pub outputs: PathBuf,
    /// Variables of the environment.
    pub variable: Variables,
    /// Where the transcript goes.
    pub transcript: Option<PathBuf>,
    /// The session that this run goes on with, and where one of its own is kept.
    pub session: Session,
    /// Where the usage goes.
    pub usage: Option<PathBuf>,
    /// The wish to end.
    pub stop: Stop,
}

impl std::fmt::Debug for Job {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Job").field("identity", &self.identity).finish_non_exhaustive()
    }
}

/// Sessions of a run.
#[derive(Clone, Debug, Default)]
pub struct Session {
    /// The file of an earlier one.
    pub earlier: Option<PathBuf>,
    /// What is new since then; the whole task where this is left out.
    pub news: Option<String>,
    /// The file of this run's own.
    pub own: Option<PathBuf>,
}

/// How long it may take to stop what tools started.
const CLEARING: Duration = Duration::from_secs(5);

/// How the agent's process ends.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Finished {
    /// The run has ended, by a word to the board or by the agent itself.
    Ended(String),
    /// The startup guard said no: nothing was asked and nothing changed.
    StoodDown(String),
    /// It was asked to end.
    Stopped,
    /// The model is busy or out of reach: nobody's fault.
    Busy(String),
    /// It failed, and could not say so to the board.
    Failed(String),
}

impl Finished {
    /// The exit code: 0, 75 for a busy provider, 143 after a signal (as the signal itself would have given: whoever stops a
    /// worker says why on the board, and a stray signal counts as a crash and not as a broken promise), 1.
    #[must_use]
    pub const fn code(&self) -> u8 {
        match self {
            Self::Ended(_) | Self::StoodDown(_) => 0,
            Self::Busy(_) => 75,
            Self::Stopped => 143,
            Self::Failed(_) => 1,
        }
    }

    /// The sentence for the log.
    #[must_use]
    pub fn sentence(&self) -> &str {
        match self {
            Self::Ended(text) | Self::StoodDown(text) | Self::Busy(text) | Self::Failed(text) => text,
            Self::Stopped => "the agent was asked to end",
        }
    }
}

/// Which kind of run it is.
#[derive(Clone, Debug)]
struct KindOf(Identity);

impl Operation for KindOf {
    type Reply = Phase;
    const WRITES: bool = false;

    async fn apply<T: Tx>(&self, tx: &mut T) -> Result<Phase, OpError> {
        Ok(runs::get(tx, &self.0.run).await?.kind)
    }
}

/// Why there is nothing to begin with.
enum Unready {
    Setup(String),
    Board(OpError),
}

impl From<SettingsError> for Unready {
    fn from(error: SettingsError) -> Self {
        Self::Setup(error.to_string())
    }
}

impl From<ModelError> for Unready {
    fn from(error: ModelError) -> Self {
        Self::Setup(error.to_string())
    }
}

impl From<OpError> for Unready {
    fn from(error: OpError) -> Self {
        Self::Board(error)
    }
}

/// What the desk works with.
struct Setup {
    brief: Brief,
    model: HostedModel,
    key: Option<Secret>,
    readable: Vec<PathBuf>,
    file: ProfileFile,
}

/// Works on a run to its end. `say` hears what is written to the run's log.
pub async fn work(job: Job, say: &mut dyn FnMut(&str)) -> Finished {
    match job.board.run(MayWork::new(job.identity.clone())).await {
        Ok(Guard::Go) => {}
        Ok(Guard::StandDown(why)) => return Finished::StoodDown(format!("standing down: {why}")),
        Err(error) => return Finished::Failed(format!("the board cannot be asked: {error}")),
    }
    let port =
        OnBoard { board: job.board.clone(), identity: job.identity.clone(), policy: job.policy.clone() };
    let setup = match setup(&job).await {
        Ok(setup) => setup,
        Err(Unready::Board(error)) => return Finished::Failed(format!("the board cannot be asked: {error}")),
        Err(Unready::Setup(reason)) => {
            let text = format!("the agent cannot be set up: {reason}");
            let failure = Failure::SpawnFailed { missing: true };
            return port
                .give_up(failure, text.clone(), Value::Null)
                .await
                .map_or_else(Finished::Failed, |()| Finished::Ended(text));
        }
    };
    job.board.close_idle();
    let Setup { mut brief, model, key, readable, file } = setup;
    let own = job.session.own.clone();
    if let Some(earlier) = &job.session.earlier {
        match session::load(earlier) {
            Some(turns) => {
                say("andon agent: going on with an earlier session");
                brief.earlier = turns;
                brief.first = job.session.news.map_or(brief.first, Turn::told);
            }
            None => say("andon agent: the earlier session is gone; starting fresh"),
        }
    }
    let transcript = Transcript::open(job.transcript.as_deref(), Arc::clone(job.board.world()), key.clone());
    let meter = Meter::new(job.usage, &brief.model, &file.agent);
    let tools = WorkspaceTools::new(job.identity.workspace, readable, job.processes, file.agent.clone());
    let mut desk = Desk::new(
        brief,
        file.agent,
        &model as &dyn Model,
        &port,
        job.tools.as_ref(),
        tools,
        transcript,
        meter,
    );
    let finished = desk.run(&job.stop, say).await;
    if let Some(path) = own.filter(|_| desk.is_worth_keeping()) {
        desk.keep(&path, job.identity.run.as_str(), key.as_ref());
    }
    // Whoever does not end is the supervisor's to kill.
    let _ = tokio::time::timeout(CLEARING, desk.clear()).await;
    finished
}

/// Reads the profile and the task, and sets up the model. Nothing is asked of it yet.
async fn setup(job: &Job) -> Result<Setup, Unready> {
    let identity = &job.identity;
    let file = ProfileFile::read(&identity.profile_folder)?;
    if file.agent.provider.is_none() {
        return Err(SettingsError::NoProvider.into());
    }
    let key = file.agent.key(&identity.profile_folder, &job.variable)?;
    let phase = job.board.run(KindOf(identity.clone())).await?;
    let facts = job
        .board
        .run(ContextOf {
            task: identity.task.clone(),
            run: Some(identity.run.clone()),
            ends_by: None,
            terminal_timeout: None,
            folder: job.board.folder().to_owned(),
        })
        .await?;
    let name = file.model(facts.task.model.as_deref())?;
    let model = HostedModel::new(&file.agent, &name, key.clone())?;
    let skills: Vec<String> = file.skills.iter().chain(&facts.task.skills).cloned().collect();
    let orchestrator = file.toolset.iter().any(|set| set == "board");
    let system =
        guidance::system(phase, orchestrator, &identity.workspace, &identity.profile_folder, &skills)?;
    let goal =
        facts.task.goal_turns.map(|turns| (Question::goal_of(&facts.task.title, &facts.task.body), turns));
    let attached = job.board.folder().join("attachments");
    let first: Turn = opening::opening(facts, &identity.workspace, &file.agent).await;
    let readable = vec![
        attached.join(identity.task.as_str()),
        job.outputs.clone(),
        identity.profile_folder.join("skills"),
    ];
    Ok(Setup {
        brief: Brief { model: name, system, earlier: Vec::new(), first, goal },
        model,
        key,
        readable,
        file,
    })
}

/// What the metadata of a run says that used its budget up (DI-45).
fn budget_metadata(used: u32, max: u32) -> Value {
    json!({ "budget_used": used, "budget_max": max })
}
