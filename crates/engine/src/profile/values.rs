//! What the placeholders of a run stand for.

use std::path::Path;

use super::folder::Profile;
use super::runner::{RunnerError, TaskFacts};

/// What placeholders stand for.
pub(super) struct Values<'a> {
    facts: &'a TaskFacts<'a>,
    profile: &'a Profile,
    model: Option<&'a str>,
    workspace: &'a str,
    result: &'a str,
    prompt_file: &'a str,
    andon: &'a str,
    private: &'a str,
    workspaces: &'a str,
    tools_file: Option<&'a str>,
    tools_names: Option<&'a str>,
    user_home: Option<String>,
    goal_turns: Option<String>,
    terminal_timeout: Option<String>,
}

impl<'a> Values<'a> {
    pub(super) fn new(
        profile: &'a Profile,
        facts: &'a TaskFacts<'a>,
        tools: Option<(Option<&'a Path>, &'a str)>,
    ) -> Result<Self, RunnerError> {
        let own_model = facts.model.filter(|model| !model.trim().is_empty());
        #[expect(clippy::disallowed_methods, reason = "an agent keeps its own files in the user's home")]
        let user_home = std::env::var("HOME").ok();
        Ok(Self {
            facts,
            profile,
            model: own_model.or(profile.settings.model.as_deref()),
            workspace: text(facts.workspace)?,
            result: text(facts.result_file)?,
            prompt_file: text(facts.prompt_file)?,
            andon: text(facts.agent.andon)?,
            private: text(facts.agent.private)?,
            workspaces: text(facts.agent.workspaces)?,
            tools_file: tools.and_then(|(file, _)| file).map(text).transpose()?,
            tools_names: tools.map(|(_, names)| names),
            user_home,
            goal_turns: facts.agent.goal_turns.map(|turns| turns.to_string()),
            terminal_timeout: facts.agent.terminal_timeout.map(|seconds| seconds.to_string()),
        })
    }

    pub(super) fn get(&self, name: &'static str) -> Option<&str> {
        match name {
            "task" => Some(self.facts.id),
            "title" => Some(self.facts.title),
            "body" => Some(self.facts.body),
            "workspace" => Some(self.workspace),
            "prompt" => Some(self.facts.prompt),
            "prompt_file" => Some(self.prompt_file),
            "model" => self.model,
            "run" => Some(self.facts.run_id),
            "board" => Some(self.facts.board),
            "profile" => Some(self.profile.name.as_str()),
            "branch" => self.facts.branch,
            "tenant" => self.facts.tenant,
            "result" => Some(self.result),
            "session" => self.facts.agent.session,
            "andon" => Some(self.andon),
            "private" => Some(self.private),
            "workspaces" => Some(self.workspaces),
            "tools_file" => self.tools_file,
            "tools_names" => self.tools_names,
            "user_home" => self.user_home.as_deref(),
            "goal" => self.goal_turns.as_ref().map(|_| "1"),
            "goal_turns" => self.goal_turns.as_deref(),
            "terminal_timeout" => self.terminal_timeout.as_deref(),
            _ => None,
        }
    }
}

/// A path as text.
pub(super) fn text(path: &Path) -> Result<&str, RunnerError> {
    path.to_str().ok_or_else(|| RunnerError::PathNotText { path: path.to_owned() })
}
