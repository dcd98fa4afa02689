//! What to run for a task: program, arguments, the files that it needs, and how it ends well.

use std::ffi::{OsStr, OsString};
use std::path::{Path, PathBuf};

use thiserror::Error;

use crate::runner::{AgentHome, Preset, PromptBy, agent_home, board_tools};

use super::folder::{Profile, in_user_home};
use super::kinds::{EndsBy, Runner};
use super::lookup::find_executable;
use super::template::{FillError, Splice, Template, TemplateError};
use super::values::{Values, text};

/// What a runner may know of a task and its run.
#[derive(Clone, Copy, Debug)]
pub struct TaskFacts<'a> {
    /// The task's id.
    pub id: &'a str,
    /// Its title.
    pub title: &'a str,
    /// Its body; the script of the runner `shell`.
    pub body: &'a str,
    /// The run's workspace, absolute.
    pub workspace: &'a Path,
    /// What the worker is told: the task with its context.
    pub prompt: &'a str,
    /// The task's own model; else the profile's holds.
    pub model: Option<&'a str>,
    /// The board.
    pub board: &'a str,
    /// The run's id.
    pub run_id: &'a str,
    /// The branch of a worktree.
    pub branch: Option<&'a str>,
    /// The task's tenant.
    pub tenant: Option<&'a str>,
    /// Where the command may write its handoff (`$ANDON_RESULT`).
    pub result_file: &'a Path,
    /// Where the script of the runner `shell` is to lie; outside of the workspace.
    pub script_file: &'a Path,
    /// Where the prompt is to lie for those who read it from a file (`$ANDON_PROMPT_FILE`); outside of the workspace.
    pub prompt_file: &'a Path,
    /// What agents may know besides.
    pub agent: AgentFacts<'a>,
}

/// What the settings of an agent may put into its arguments and variables.
#[derive(Clone, Copy, Debug)]
pub struct AgentFacts<'a> {
    /// The session to go on with; none: a new one.
    pub session: Option<&'a str>,
    /// This program.
    pub andon: &'a Path,
    /// The run's private folder.
    pub private: &'a Path,
    /// Where the board keeps scratch workspaces.
    pub workspaces: &'a Path,
    /// The skills of the task that the agent has by itself.
    pub own_skills: &'a [String],
    /// The variables by which a worker is known, for its tools.
    pub identity: &'a [(String, String)],
    /// Turns of the goal mode.
    pub goal_turns: Option<u32>,
    /// How long one command of the worker may take, in seconds.
    pub terminal_timeout: Option<i64>,
}

/// A file that the caller writes before the start, readable by its owner alone (mode 0600).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PrivateFile {
    /// Where.
    pub path: PathBuf,
    /// What.
    pub content: Vec<u8>,
}

/// What to start.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Invocation {
    /// The program, an absolute path, and its arguments.
    pub argv: Vec<OsString>,
    /// What it reads from its standard input; `None`: that is closed.
    pub stdin: Option<Vec<u8>>,
    /// Files to be written before.
    pub files: Vec<PrivateFile>,
    /// A home of its own for the agent, made of links before its settings are written; with the folder that it stands for,
    /// and what of that is to be kept.
    pub home: Option<(AgentHome, PathBuf, Vec<String>)>,
    /// Further variables of the runner's own.
    pub env: Vec<Variable>,
    /// How the run ends well.
    pub ends_by: EndsBy,
}

/// A variable that a runner sets.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Variable {
    /// Its name.
    pub name: String,
    /// Its value.
    pub value: String,
    /// It is a number that only ever raises the one that is there.
    pub at_least: bool,
}

/// Why there is nothing to start.
#[derive(Debug, Error)]
pub enum RunnerError {
    /// A lane is worked by hand.
    #[error("the profile `{profile}` is a lane: its work is claimed with `andon claim`, never started")]
    NeverSpawned {
        /// The profile.
        profile: String,
    },
    /// Nobody knows the runner.
    #[error(
        "nobody knows the runner `{name}`: `andon profile runners` lists them, and config.toml may set it as [runners.{name}]"
    )]
    NoRunner {
        /// Its name.
        name: String,
    },
    /// The runner `shell` without a script.
    #[error(
        "the task has no body, and the body is the script that the profile `{profile}` runs: write one with `andon edit`"
    )]
    BlankScript {
        /// The profile.
        profile: String,
    },
    /// The first line of a script names no interpreter.
    #[error(
        "the script's first line `{line}` does not name an interpreter by its absolute path, such as #!/usr/bin/env python3"
    )]
    BadInterpreter {
        /// The line, cut.
        line: String,
    },
    /// The command's template is wrong.
    #[error("the arguments of the profile or its runner are wrong: {0}")]
    Template(#[from] TemplateError),
    /// The task does not fit into the command's arguments.
    #[error(transparent)]
    Fill(#[from] FillError),
    /// The settings of the agent's user, which the board's tools have to stand among.
    #[error("the agent's own settings are in the way of its tools: {0}; mend them")]
    Settings(String),
    /// A path that is to be an argument is no text.
    #[error("the path {} is no UTF-8 text, so it cannot stand in `command`", path.display())]
    PathNotText {
        /// The path.
        path: PathBuf,
    },
    /// No such program on PATH.
    #[error("the program `{program}` is not on PATH ({}): install it, or write its absolute path", if searched.is_empty() { "which is empty" } else { searched })]
    NotFound {
        /// The program.
        program: String,
        /// The PATH.
        searched: String,
    },
    /// No such file.
    #[error("the program {} does not exist", path.display())]
    NoSuchFile {
        /// The program.
        path: PathBuf,
    },
    /// The file may not be run.
    #[error("{} is not executable: run `chmod +x` on it", path.display())]
    NotExecutable {
        /// The file.
        path: PathBuf,
    },
    /// A program by a relative path.
    #[error(
        "the program `{program}` is a relative path, which depends on where it is read: write an absolute path, a bare name, or {{workspace}}/…"
    )]
    RelativeProgram {
        /// The program.
        program: String,
    },
}

impl RunnerError {
    /// The stable code of the refusal.
    #[must_use]
    pub const fn code(&self) -> &'static str {
        match self {
            Self::NeverSpawned { .. } => "runner_never_spawned",
            Self::NoRunner { .. } => "profile_broken",
            Self::BlankScript { .. } => "runner_blank_script",
            Self::BadInterpreter { .. } => "runner_bad_interpreter",
            Self::Template(_) => "runner_template",
            Self::Fill(_) | Self::PathNotText { .. } => "runner_argument",
            Self::Settings(_) => "runner_settings",
            Self::NotFound { .. }
            | Self::NoSuchFile { .. }
            | Self::NotExecutable { .. }
            | Self::RelativeProgram { .. } => "runner_program",
        }
    }
}

/// What to start for a task of this profile. `path` is the PATH of the environment that the run gets.
///
/// # Errors
///
/// [`RunnerError`] saying what is missing and what to do about it.
pub fn invocation(
    profile: &Profile,
    facts: &TaskFacts<'_>,
    path: Option<&OsStr>,
) -> Result<Invocation, RunnerError> {
    let prompt =
        PrivateFile { path: facts.prompt_file.to_owned(), content: facts.prompt.as_bytes().to_vec() };
    let mut whole = Invocation {
        argv: Vec::new(),
        stdin: None,
        files: vec![prompt],
        home: None,
        env: Vec::new(),
        ends_by: profile.ends_by(),
    };
    match (profile.runner(), profile.preset()) {
        (Runner::Lane, _) => return Err(RunnerError::NeverSpawned { profile: profile.name.to_string() }),
        (Runner::Shell, _) => {
            if facts.body.trim().is_empty() {
                return Err(RunnerError::BlankScript { profile: profile.name.to_string() });
            }
            let script =
                PrivateFile { path: facts.script_file.to_owned(), content: facts.body.as_bytes().to_vec() };
            whole.argv = script_argv(facts.body, facts.script_file)?;
            whole.files.push(script);
        }
        (Runner::Command, _) => {
            let values = Values::new(profile, facts, None)?;
            let filled = Template::parse(&profile.settings.command)?.fill(|name| values.get(name))?;
            whole.argv = with_program(filled, path)?;
        }
        (Runner::Preset(_), Some(preset)) => agent(&mut whole, profile, preset, facts, path)?,
        (Runner::Preset(name), None) => return Err(RunnerError::NoRunner { name: name.clone() }),
    }
    Ok(whole)
}

/// The invocation of an agent: its arguments with the lists that stand in them, its input, its tools, its variables.
fn agent(
    whole: &mut Invocation,
    profile: &Profile,
    preset: &Preset,
    facts: &TaskFacts<'_>,
    path: Option<&OsStr>,
) -> Result<(), RunnerError> {
    let tools = board_tools(preset, &facts.agent.andon.to_string_lossy(), facts.agent.identity);
    let tools_file = tools.file.as_ref().map(|_| facts.agent.private.join("tools.json"));
    let values = Values::new(profile, facts, Some((tools_file.as_deref(), &tools.names)))?;
    let value = |name: &'static str| values.get(name);
    let elements = match facts.agent.session {
        Some(_) if preset.can_resume() => &preset.resume,
        Some(_) | None => &preset.argv,
    };
    let mut template: Vec<String> = Vec::new();
    for element in elements {
        match Splice::of(element) {
            None => template.push(element.clone()),
            Some(Splice::Permissions) => {
                let permission = profile.settings.permissions.unwrap_or_default();
                template.extend_from_slice(preset.permission_arguments(permission));
            }
            Some(Splice::Tools) => template.extend_from_slice(&preset.tools_arguments),
            Some(Splice::Args) => template.extend_from_slice(&profile.settings.args),
            Some(Splice::Skills) => template.extend(skill_arguments(preset, profile, facts)),
        }
    }
    whole.argv = with_program(Template::parse_all(&template)?.fill(value)?, path)?;
    whole.stdin = (preset.prompt == PromptBy::Stdin).then(|| facts.prompt.as_bytes().to_vec());
    if let (Some(path), Some(content)) = (tools_file.clone(), tools.file) {
        let told = match own_home(preset, profile, facts, &content)? {
            Some((home, user)) => {
                let folder = home.folder.clone();
                whole.files.push(PrivateFile { path: home.settings.clone(), content: home.content.clone() });
                whole.home = Some((home, user, preset.tools_keep.clone()));
                folder
            }
            None => {
                whole.files.push(PrivateFile { path: path.clone(), content });
                path
            }
        };
        if let Some(name) = &preset.tools_variable {
            let value = text(&told)?.to_owned();
            whole.env.push(Variable { name: name.clone(), value, at_least: false });
        }
    }
    for (name, text) in &preset.env {
        // An element that may be dropped is a variable that may be left out.
        let filled = Template::parse_part(std::slice::from_ref(text))?.fill(value)?.pop();
        let Some(value) = filled else { continue };
        if preset.env_existing.contains(name) && !Path::new(&value).exists() {
            continue;
        }
        let at_least = preset.env_at_least.contains(name);
        whole.env.push(Variable { name: name.clone(), value, at_least });
    }
    Ok(())
}

/// The home of an agent whose tools have to stand among its own settings, and the folder of the user's that it stands for.
fn own_home(
    preset: &Preset,
    profile: &Profile,
    facts: &TaskFacts<'_>,
    tools: &[u8],
) -> Result<Option<(AgentHome, PathBuf)>, RunnerError> {
    let (Some(folder), Some(settings)) = (&preset.tools_home, &preset.tools_settings) else {
        return Ok(None);
    };
    let user = in_user_home(folder, profile.name.as_str()).map(PathBuf::from);
    let user = user.ok_or_else(|| RunnerError::Settings("HOME is not set".to_owned()))?;
    let tools = serde_json::from_slice(tools).unwrap_or_default();
    let home = agent_home(&user, &facts.agent.private.join("home"), settings, &tools);
    Ok(Some((home.map_err(RunnerError::Settings)?, user)))
}

/// One group of arguments for each skill that the agent has by itself, the worker's own first.
fn skill_arguments(preset: &Preset, profile: &Profile, facts: &TaskFacts<'_>) -> Vec<String> {
    let worker = preset.worker_skill.iter().filter(|skill| profile.own_skills.contains(skill));
    let mut skills: Vec<&String> = worker.collect();
    for skill in facts.agent.own_skills {
        if !skills.contains(&skill) {
            skills.push(skill);
        }
    }
    let group = |skill: &&String| {
        let skill = skill.replace('{', "{{").replace('}', "}}");
        preset.each_skill.iter().map(move |element| element.replace("{skill}", &skill)).collect::<Vec<_>>()
    };
    skills.iter().flat_map(group).collect()
}

fn with_program(filled: Vec<String>, path: Option<&OsStr>) -> Result<Vec<OsString>, RunnerError> {
    let mut argv: Vec<OsString> = filled.into_iter().map(OsString::from).collect();
    if let Some(program) = argv.first_mut() {
        *program = find_executable(&program.to_string_lossy(), path)?.into();
    }
    Ok(argv)
}

/// A script is run from a file by its interpreter: it may be longer than an argument, and needs no mode bit.
fn script_argv(script: &str, file: &Path) -> Result<Vec<OsString>, RunnerError> {
    let mut argv: Vec<OsString> = Vec::new();
    match script.strip_prefix("#!") {
        None => argv.push("/bin/sh".into()),
        Some(rest) => {
            let line = rest.lines().next().unwrap_or_default().trim();
            // As the kernel does: everything after the interpreter is one argument.
            let (interpreter, argument) = match line.split_once([' ', '\t']) {
                Some((interpreter, argument)) => (interpreter, Some(argument.trim())),
                None => (line, None),
            };
            if !interpreter.starts_with('/') || line.contains('\0') {
                let line = format!("#!{line}").chars().take(80).collect();
                return Err(RunnerError::BadInterpreter { line });
            }
            argv.push(find_executable(interpreter, None)?.into());
            argv.extend(argument.map(OsString::from));
        }
    }
    argv.push(file.into());
    Ok(argv)
}
