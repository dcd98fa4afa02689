//! From a task to a started process: profile, workspace, what the worker is told, its environment, its command.

use std::collections::BTreeMap;
use std::ffi::OsString;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use andon_core::run::{Ending, EndsBy, Failure};
use andon_core::task::Phase;
use andon_process::{Limits, LogSpec, Spec, StartError, Stdin, Terminal, Tree};
use andon_store::query::ContextOf;

use super::life::Taken;
use super::lifeline::Lifeline;
use super::session::{self, Resumed};
use crate::host::marker;
use crate::paths::write_private;
use crate::profile::runner::{self, AgentFacts, Invocation, TaskFacts};
use crate::profile::{self, Profile, ProfileError, Profiles};
use crate::runner::{Listener, Preset};
use crate::settings::DATABASE_URL;
use crate::tidy;
use crate::workspace::{self, FailureClass, Prepared, WorkspaceError};

/// The variables of a worker.
pub(super) type Environment = BTreeMap<OsString, OsString>;

/// Why a worker could not be started.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Unstartable {
    pub(super) ending: Ending,
    pub(super) error: String,
}

impl Unstartable {
    /// Trying again may help.
    #[expect(clippy::needless_pass_by_value, reason = "it is what `map_err` hands over")]
    pub(super) fn passing(error: impl ToString) -> Self {
        Self { ending: Ending::Failed(Failure::SpawnFailed { missing: false }), error: error.to_string() }
    }

    /// Nobody failed: it was stopped before it started.
    pub(super) fn interrupted(why: &str) -> Self {
        Self { ending: Ending::Failed(Failure::Interrupted), error: why.to_owned() }
    }

    /// Trying again cannot help: something is missing.
    #[expect(clippy::needless_pass_by_value, reason = "it is what `map_err` hands over")]
    fn missing(error: impl ToString) -> Self {
        Self { ending: Ending::Failed(Failure::SpawnFailed { missing: true }), error: error.to_string() }
    }
}

impl From<WorkspaceError> for Unstartable {
    fn from(error: WorkspaceError) -> Self {
        let text = format!("workspace: {error}");
        match error.class() {
            FailureClass::Capability | FailureClass::Input => Self::missing(text),
            FailureClass::Spawn => Self::passing(text),
        }
    }
}

impl From<StartError> for Unstartable {
    fn from(error: StartError) -> Self {
        if error.exit_code().is_some() { Self::missing(error) } else { Self::passing(error) }
    }
}

/// A worker that is ready to start.
pub(super) struct Launch {
    spec: Spec,
    ends_by: EndsBy,
    profile: Box<Profile>,
    workspace: Prepared,
    listener: Option<Arc<Listener>>,
    resumed: Option<Resumed>,
}

/// A worker that runs.
pub(super) struct Worker {
    pub(super) tree: Tree,
    pub(super) ends_by: EndsBy,
    pub(super) profile: Box<Profile>,
    pub(super) workspace: Prepared,
    /// Who hears what its agent says; none where it is no agent.
    pub(super) listener: Option<Arc<Listener>>,
    /// The session that it goes on with.
    pub(super) resumed: Option<Resumed>,
    /// It was stopped because it said nothing for too long.
    pub(super) idle: bool,
}

/// What a worker is started for, besides its task.
pub(super) enum Start {
    /// For the task, with an earlier session where there is one to go on with.
    Task,
    /// For the task, as if there had been no session.
    Fresh,
    /// For a further turn of the same run, with these words.
    Turn(Resumed, String),
}

impl Launch {
    /// Starts it, in its guard's keeping.
    pub(super) fn start(self, lifeline: &Lifeline) -> Result<Worker, Unstartable> {
        if let Err(error) = lifeline.keep() {
            return Err(Unstartable::interrupted(&format!("the guard of its supervisor is gone: {error}")));
        }
        let tree = Tree::start(self.spec)?;
        Ok(Worker {
            tree,
            ends_by: self.ends_by,
            profile: self.profile,
            workspace: self.workspace,
            listener: self.listener,
            resumed: self.resumed,
            idle: false,
        })
    }
}

/// Prepares everything but the start. May take minutes, where a repository is large.
pub(super) async fn prepare(taken: &Taken, start: Start) -> Result<Launch, Unstartable> {
    let profile = load_profile(taken)?;
    // What a session was about lies in its workspace: it is looked for before that is made anew.
    let earlier = match start {
        Start::Task => session::to_resume(taken, &profile).await,
        Start::Fresh | Start::Turn(..) => None,
    };
    let request = request(taken);
    let workspace = tokio::task::spawn_blocking(move || workspace::prepare(&request))
        .await
        .map_err(Unstartable::passing)??;
    let earlier = earlier.filter(|run| run.workspace_path.as_deref() == workspace.path.to_str());
    let ends_by = match profile.ends_by() {
        profile::EndsBy::Exit => EndsBy::Exit,
        profile::EndsBy::Protocol => EndsBy::Protocol,
    };
    let context = ContextOf {
        task: taken.task.id.clone(),
        run: Some(taken.run.id.clone()),
        ends_by: Some(ends_by),
        terminal_timeout: None,
        folder: taken.board.folder().to_owned(),
    };
    let mut facts = taken.board.run(context).await.map_err(Unstartable::passing)?;
    if profile.preset().is_some_and(|preset| preset.own_ending) {
        facts.ends_by = None;
    }
    facts.task.workspace_path = Some(workspace.path.clone());
    facts.task.branch.clone_from(&workspace.branch);
    let (prompt, resumed) = match (start, earlier) {
        (Start::Turn(resumed, words), _) => (words, Some(resumed)),
        (Start::Task | Start::Fresh, Some(run)) => {
            (session::news(facts, &run), Resumed::of(taken, &run).await)
        }
        (Start::Task | Start::Fresh, None) => {
            let told = instructions(&profile, &taken.task.skills)?;
            (told + &andon_core::context::render(&facts) + tools_note(&profile), None)
        }
    };
    assemble(taken, profile, workspace, ends_by, &prompt, resumed)
}

/// What an agent is told of the tools that it is given besides the commands.
fn tools_note(profile: &Profile) -> &'static str {
    let given = |preset: &Arc<Preset>| preset.tools_file.is_some() || !preset.tools_arguments.is_empty();
    if !profile.preset().is_some_and(given) {
        return "";
    }
    "\nThe server `andon` among your tools (MCP) does the same for your run: `kanban_show`, `kanban_complete`, \
     `kanban_request_review`, `kanban_block`, `kanban_heartbeat`, `kanban_comment`, `kanban_create` and others, perhaps with a \
     prefix. Prefer these tools to the commands: in a sandbox the commands may not reach the board.\n"
}

fn assemble(
    taken: &Taken,
    profile: Profile,
    workspace: Prepared,
    ends_by: EndsBy,
    prompt: &str,
    resumed: Option<Resumed>,
) -> Result<Launch, Unstartable> {
    let environment = environment(taken, &profile, &workspace);
    let invocation = invocation(taken, &profile, &workspace, &environment, prompt, resumed.as_ref())?;
    if let Some((home, user, keep)) = &invocation.home {
        home.create(user, keep).map_err(Unstartable::passing)?;
    }
    for file in &invocation.files {
        write_private(&file.path, &file.content).map_err(Unstartable::passing)?;
    }
    let listener = profile.preset().map(|preset| Listener::new(preset));
    let mut spec = spec(taken, &profile, &workspace, environment, invocation);
    if let Some(listener) = listener.clone() {
        spec.listener = Some(Arc::new(move |bytes: &[u8]| listener.feed(bytes)));
    }
    Ok(Launch { spec, ends_by, profile: Box::new(profile), workspace, listener, resumed })
}

fn load_profile(taken: &Taken) -> Result<Profile, Unstartable> {
    let Some(name) = &taken.run.profile else {
        return Err(Unstartable::missing("the task has no assignee"));
    };
    Profiles::load_one(&taken.home, name.as_str()).map_err(|error| {
        let text = format!("profile {name} on board {}: {error}", taken.board.slug());
        match error {
            ProfileError::Io { .. } => Unstartable::passing(text),
            _ => Unstartable::missing(text),
        }
    })
}

fn request(taken: &Taken) -> workspace::Request {
    let workdir = taken.settings.file.default_workdir.as_deref();
    let mut request = tidy::request(&taken.task, &taken.run.id, taken.board.folder(), workdir);
    // Each host has scratch directories of its own: one that another host has made is not there to be gone on with.
    if taken.board.on_hosts() && request.kind == workspace::Kind::Scratch {
        request.path = request.path.filter(|path| path.starts_with(&request.scratch_root));
    }
    request
}

/// What the profile tells every worker, and the skills of profile and task.
fn instructions(profile: &Profile, of_task: &[String]) -> Result<String, Unstartable> {
    let mut text = String::new();
    if let Some(instructions) = profile.instructions().map_err(Unstartable::passing)? {
        text.push_str(instructions.trim_end());
        text.push_str("\n\n");
    }
    let mut skills: Vec<&String> = profile.settings.skills.iter().collect();
    skills.extend(of_task.iter().filter(|skill| !profile.settings.skills.contains(skill)));
    for skill in skills {
        match profile.skill_text(skill).map_err(Unstartable::passing)? {
            Some(body) => text.push_str(&format!("# Skill: {skill}\n\n{}\n\n", body.trim_end())),
            // The agent has it by itself, and is told its name.
            None if profile.own_skills.contains(skill) => {}
            None => {
                let name = &profile.name;
                return Err(Unstartable::missing(format!("profile {name} has no skill {skill}")));
            }
        }
    }
    Ok(text)
}

fn invocation(
    taken: &Taken,
    profile: &Profile,
    workspace: &Prepared,
    environment: &Environment,
    prompt: &str,
    resumed: Option<&Resumed>,
) -> Result<Invocation, Unstartable> {
    let (task, paths) = (&taken.task, &taken.paths);
    let (script, result, prompt_file) = (paths.script(), paths.result(), paths.prompt());
    let andon = std::env::current_exe().map_err(Unstartable::passing)?;
    let workspaces = taken.board.folder().join("workspaces");
    let limit = task.max_runtime.or(profile.settings.max_runtime.map(|limit| limit.as_millis()));
    let skills = profile.settings.skills.iter().chain(&task.skills);
    let own_skills: Vec<String> =
        skills.filter(|skill| profile.own_skills.contains(skill)).cloned().collect();
    let facts = TaskFacts {
        id: task.id.as_str(),
        title: &task.title,
        body: task.body.as_deref().unwrap_or(""),
        workspace: &workspace.path,
        prompt,
        model: task.model.as_deref(),
        board: taken.board.slug().as_str(),
        run_id: taken.run.id.as_str(),
        branch: workspace.branch.as_deref(),
        tenant: task.tenant.as_deref(),
        result_file: &result,
        script_file: &script,
        prompt_file: &prompt_file,
        agent: AgentFacts {
            session: resumed.map(|resumed| resumed.session.as_str()),
            andon: &andon,
            private: &paths.private,
            workspaces: &workspaces,
            own_skills: &own_skills,
            identity: &identity(taken, environment),
            goal_turns: task.goal_mode.then(|| session::goal_turns(task)),
            terminal_timeout: limit.filter(|limit| *limit > 0).map(|limit| (limit / 1_000 - 30).max(1)),
        },
    };
    let path = environment.get(&OsString::from("PATH"));
    runner::invocation(profile, &facts, path.map(OsString::as_os_str)).map_err(Unstartable::missing)
}

/// The variables by which a worker is known: what its tools have to be told.
fn identity(taken: &Taken, environment: &Environment) -> Vec<(String, String)> {
    let own = environment.iter().filter_map(|(name, value)| Some((name.to_str()?, value.to_str()?)));
    let own = own.filter(|(name, _)| name.starts_with("ANDON_"));
    let marker = [("ANDON_RUN", taken.run.id.as_str())];
    own.chain(marker).map(|(name, value)| (name.to_owned(), value.to_owned())).collect()
}

fn spec(
    taken: &Taken,
    profile: &Profile,
    workspace: &Prepared,
    mut environment: Environment,
    invocation: Invocation,
) -> Spec {
    let config = &taken.settings.config;
    let log = LogSpec {
        path: taken.paths.log.clone(),
        rotate_bytes: config.worker_log_rotate_bytes.0,
        backups: config.worker_log_backup_count,
    };
    let mut spec = Spec::new(invocation.argv, workspace.path.clone(), marker(&taken.run.id), log);
    for variable in invocation.env {
        let name = OsString::from(&variable.name);
        // What the profile itself sets is its own word, unless it is a number that has to be large enough.
        let given = environment.get(&name).and_then(|value| value.to_str());
        let number = |text: &str| text.trim().parse::<i64>().unwrap_or(0);
        let stays = match given {
            Some(given) if variable.at_least => number(given) >= number(&variable.value),
            Some(_) => profile.settings.env.contains_key(&variable.name),
            None => false,
        };
        if !stays {
            environment.insert(name, variable.value.into());
        }
    }
    spec.env = environment.into_iter().collect();
    spec.stdin = invocation.stdin.map_or(Stdin::Null, Stdin::Bytes);
    spec.limits = Limits {
        memory_bytes: profile.settings.memory.map(|memory| memory.0),
        cpu_percent: profile.settings.cpu.map(|cpu| cpu.percent),
        pids: profile.settings.pids,
    };
    spec.terminal = match profile.terminal() {
        profile::Terminal::None => Terminal::None,
        profile::Terminal::Pty => Terminal::Pty { cols: 120, rows: 40 },
        profile::Terminal::Tmux => Terminal::Tmux { socket: tmux_socket(taken), session: session(taken) },
    };
    spec
}

/// A private server for each run. Its path is short: socket paths end at 107 bytes.
fn tmux_socket(taken: &Taken) -> PathBuf {
    taken.paths.private.join("tmux")
}

fn session(taken: &Taken) -> String {
    format!("andon-{}", taken.task.id)
}

/// The worker's environment (DESIGN §8): what the profile passes and sets, and which run it is.
pub(super) fn environment(taken: &Taken, profile: &Profile, workspace: &Prepared) -> Environment {
    #[expect(clippy::disallowed_methods, reason = "the profile chooses what passes from it")]
    let mut env = profile.environment(std::env::vars_os());
    let path = env.remove(&OsString::from("PATH")).unwrap_or_else(|| "/usr/local/bin:/usr/bin:/bin".into());
    env.insert("PATH".into(), with_own_folder(path));
    let task = &taken.task;
    let mut set = |name: &str, value: Option<&str>| {
        if let Some(value) = value {
            env.insert(name.into(), value.into());
        }
    };
    set("ANDON_HOME", taken.home.to_str());
    if taken.board.on_hosts() {
        // Where the boards are, unless the home's own file says so. In the environment alone: arguments are for everybody
        // to see.
        #[expect(clippy::disallowed_methods, reason = "handed on as it was given to this process")]
        set(DATABASE_URL, std::env::var(DATABASE_URL).ok().filter(|url| !url.is_empty()).as_deref());
    }
    set("ANDON_BOARD", Some(taken.board.slug().as_str()));
    set("ANDON_TASK", Some(task.id.as_str()));
    set("ANDON_RUN_TOKEN", Some(&taken.token));
    set("ANDON_PROFILE", Some(profile.name.as_str()));
    set("ANDON_WORKSPACE", workspace.path.to_str());
    set("ANDON_TENANT", task.tenant.as_deref());
    set("ANDON_BRANCH", workspace.branch.as_deref());
    set("ANDON_SESSION", task.session_id.as_deref());
    set("ANDON_RESULT", taken.paths.result().to_str());
    set("ANDON_PROMPT_FILE", taken.paths.prompt().to_str());
    set("ANDON_USAGE", taken.paths.usage().to_str());
    set("ANDON_PROFILE_DIR", profile.folder.to_str());
    if task.goal_mode {
        set("ANDON_GOAL_MODE", Some("1"));
        set("ANDON_GOAL_MAX_TURNS", Some(&session::goal_turns(task).to_string()));
    }
    set(
        "ANDON_PHASE",
        Some(match taken.run.kind {
            Phase::Work => "work",
            Phase::Review => "review",
        }),
    );
    env
}

/// Workers find `andon` itself, after whatever their PATH has.
fn with_own_folder(path: OsString) -> OsString {
    let own = std::env::current_exe().ok().and_then(|exe| exe.parent().map(Path::to_owned));
    match own {
        Some(own) => {
            let known: Vec<PathBuf> = std::env::split_paths(&path).chain([own]).collect();
            std::env::join_paths(known).unwrap_or(path)
        }
        None => path,
    }
}
