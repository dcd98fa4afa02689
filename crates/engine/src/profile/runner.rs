//! What to run for a task: program, arguments, the files that it needs, and how it ends well.

use std::ffi::{OsStr, OsString};
use std::path::{Path, PathBuf};

use thiserror::Error;

use super::folder::Profile;
use super::kinds::{EndsBy, Runner};
use super::lookup::find_executable;
use super::template::{FillError, Template, TemplateError};

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
    /// How the run ends well.
    pub ends_by: EndsBy,
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
    #[error("`command` of the profile is wrong: {0}")]
    Template(#[from] TemplateError),
    /// The task does not fit into the command's arguments.
    #[error(transparent)]
    Fill(#[from] FillError),
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
            Self::BlankScript { .. } => "runner_blank_script",
            Self::BadInterpreter { .. } => "runner_bad_interpreter",
            Self::Template(_) => "runner_template",
            Self::Fill(_) | Self::PathNotText { .. } => "runner_argument",
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
    let (argv, files) = match profile.runner() {
        Runner::Lane => return Err(RunnerError::NeverSpawned { profile: profile.name.to_string() }),
        Runner::Shell => {
            if facts.body.trim().is_empty() {
                return Err(RunnerError::BlankScript { profile: profile.name.to_string() });
            }
            let script =
                PrivateFile { path: facts.script_file.to_owned(), content: facts.body.as_bytes().to_vec() };
            (script_argv(facts.body, facts.script_file)?, vec![prompt, script])
        }
        Runner::Command => (command_argv(profile, facts, path)?, vec![prompt]),
    };
    Ok(Invocation { argv, stdin: None, files, ends_by: profile.ends_by() })
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

fn command_argv(
    profile: &Profile,
    facts: &TaskFacts<'_>,
    path: Option<&OsStr>,
) -> Result<Vec<OsString>, RunnerError> {
    fn text(path: &Path) -> Result<&str, RunnerError> {
        path.to_str().ok_or_else(|| RunnerError::PathNotText { path: path.to_owned() })
    }
    let workspace = text(facts.workspace)?;
    let result = text(facts.result_file)?;
    let prompt_file = text(facts.prompt_file)?;
    let own_model = facts.model.filter(|model| !model.trim().is_empty());
    let model = own_model.or(profile.settings.model.as_deref());
    let value = |name: &'static str| match name {
        "task" => Some(facts.id),
        "title" => Some(facts.title),
        "body" => Some(facts.body),
        "workspace" => Some(workspace),
        "prompt" => Some(facts.prompt),
        "prompt_file" => Some(prompt_file),
        "model" => model,
        "run" => Some(facts.run_id),
        "board" => Some(facts.board),
        "profile" => Some(profile.name.as_str()),
        "branch" => facts.branch,
        "tenant" => facts.tenant,
        "result" => Some(result),
        _ => None,
    };
    let filled = Template::parse(&profile.settings.command)?.fill(value)?;
    let mut argv: Vec<OsString> = filled.into_iter().map(OsString::from).collect();
    if let Some(program) = argv.first_mut() {
        *program = find_executable(&program.to_string_lossy(), path)?.into();
    }
    Ok(argv)
}
