//! Every key of `profile.toml`, and the rules between them.

use std::collections::BTreeMap;
use std::path::Path;

use toml_edit::TableLike;

use crate::config::problem::quoted;
use crate::config::schema::{Field, Reader, settings};
use crate::config::{Bytes, Duration, KeyDoc, Problems, Reviewer};
use crate::runner::Runners;

use super::kinds::{
    AssignableBy, CpuShare, EndsBy, Foreign, Permission, Runner, Terminal, Toolset, WorkspaceDefault,
};
use super::name::is_skill_name;
use super::template::Template;

settings! {
    /// What a `profile.toml` says. `Default` is a profile without a runner, which no file may be.
    pub struct Settings in Settings at [], table PROFILE_FIELDS {
        /// What this profile is good at, for people and planners.
        description: Option<String> = "",
        /// Whether the description was written by a model and may be written anew by one.
        description_auto: bool = "false",
        /// How its runs are started: `agent` (the built-in one), `claude`, `codex` and other agents, `shell` (the task's body is the script), `command` (a program with arguments) or `lane` (never; work is claimed by hand). Always needed.
        runner: Option<Runner> = "",
        /// Program and arguments of the runner `command`, with `{task}`, `{prompt}` and other placeholders.
        command: Vec<String> = "",
        /// Further arguments for the agent, with `{task}` and other placeholders.
        args: Vec<String> = "",
        /// What the agent may do without asking: `read`, `edit` (files and commands in its workspace) or `full`; unset: `edit`.
        permissions: Option<Permission> = "",
        /// Further tools of its workers: `board` for an orchestrator, which gives work to others and answers their questions.
        toolset: Vec<Toolset> = "",
        /// The model that `{model}` stands for, unless the task names one.
        model: Option<String> = "",
        /// Environment variables of its runs.
        env: BTreeMap<String, String> = "",
        /// Further variables passed on from the dispatcher's environment; a trailing `*` stands for every ending.
        env_pass: Vec<String> = "",
        /// Runs that it may have at once on a board; unset: as in `config.toml`.
        max_running: Option<u32> = "" in "1" to "100000",
        /// How long a run may take; 0 ends it at once; unset: as long as it needs.
        max_runtime: Option<Duration> = "" in "0s" to "365d",
        /// How long a run that was asked to stop may take; unset: as in `config.toml`.
        stop_grace: Option<Duration> = "" in "0s" to "1h",
        /// How a run ends well: `exit` (exit 0 completes the task) or `protocol` (the worker says so); unset: as the runner does.
        ends_by: Option<EndsBy> = "",
        /// The terminal of its runs: `none`, `pty` or `tmux`; unset: none.
        terminal: Option<Terminal> = "",
        /// Memory that a run may use, where the host can limit it.
        memory: Option<Bytes> = "" in "1MiB" to "1024TiB",
        /// Processor time that a run may use, in percent of one core, where the host can limit it.
        cpu: Option<CpuShare> = "",
        /// Processes and threads that a run may have, where the host can limit it.
        pids: Option<u32> = "" in "1" to "4194304",
        /// Skills of the profile that every one of its tasks gets.
        skills: Vec<String> = "",
        /// Who reviews its work, unless the task says so: `person` or a profile.
        reviewer: Option<Reviewer> = "",
        /// Who may give it work: `person`, `anyone` or a list of profiles; unset: persons for `shell` and `command`, else anyone.
        assignable_by: Option<AssignableBy> = "",
        /// Whether its workers may pull the cord (`andon pause`).
        may_pause: bool = "false",
        /// Children that a run may create.
        max_children: u32 = "50" in "0" to "50",
        /// The workspace of tasks that name none: `scratch`, `dir:<path>`, `worktree` or `worktree:<path>`.
        workspace: Option<WorkspaceDefault> = "",
        /// Without a heartbeat for this long a run shows no progress; unset: as in `config.toml`.
        heartbeat_stale_after: Option<Duration> = "" in "1s" to "365d",
        /// A run that prints nothing for this long is stopped: it may be waiting for somebody to type; unset: never.
        idle_limit: Option<Duration> = "" in "1s" to "365d",
        /// The settings of the runner `agent`: its model, endpoint and limits.
        agent: Foreign = "",
    }
}

/// Every field of a profile, in the order of the documentation.
pub(crate) fn fields() -> Vec<&'static Field<Settings>> {
    PROFILE_FIELDS.iter().collect()
}

impl Settings {
    /// Reads a `profile.toml`. `path` is for messages, `runners` are those of the home.
    ///
    /// # Errors
    ///
    /// Every mistake with file, line and nearest known name.
    pub fn read(path: &Path, text: &str, runners: &Runners) -> Result<Self, Problems> {
        let mut reader = Reader::new(path, text);
        let settings = match reader.parse() {
            Some(document) => Self::read_table(&mut reader, document.as_table(), runners),
            None => Self::default(),
        };
        if reader.problems.is_empty() { Ok(settings) } else { Err(Problems(reader.problems)) }
    }

    /// Reads a table of a larger file, which has been parsed; mistakes stay in the reader.
    pub(crate) fn read_table(reader: &mut Reader<'_>, table: &dyn TableLike, runners: &Runners) -> Self {
        let mut settings = Self::default();
        reader.table(&mut settings, &fields(), table, "");
        settings.check(reader, runners);
        settings
    }

    /// The settings as the text of a `profile.toml`: what differs from the defaults, one key a line.
    #[must_use]
    pub fn to_toml(&self) -> String {
        let unset = Self::default();
        let mut text = String::new();
        let mut tables = String::new();
        for field in fields() {
            let Some(value) = (field.value)(self) else { continue };
            if (field.value)(&unset).map(|value| value.to_string()) == Some(value.to_string()) {
                continue;
            }
            match value.as_inline_table() {
                Some(table) => {
                    tables.push_str(&format!("\n[{}]\n{}", field.name, table.clone().into_table()));
                }
                None => text.push_str(&format!("{} = {value}\n", field.name)),
            }
        }
        text + &tables
    }

    /// Every key, in the order of the documentation. Profiles have no environment overrides.
    #[must_use]
    pub fn keys() -> Vec<KeyDoc> {
        let describe = |field: &'static Field<Self>| KeyDoc {
            name: field.name,
            doc: field.doc.iter().map(|line| line.trim()).collect::<Vec<_>>().join(" "),
            default: (!field.default.is_empty()).then_some(field.default),
            expects: (field.expects)(),
            variable: String::new(),
        };
        fields().into_iter().map(describe).collect()
    }

    /// Each key that is set, with its value as it stands in a file.
    #[must_use]
    pub fn entries(&self) -> Vec<(&'static str, String)> {
        let entry = |field: &'static Field<Self>| {
            (field.value)(self).map(|value| (field.name, value.to_string().trim().to_owned()))
        };
        fields().into_iter().filter_map(entry).collect()
    }

    /// The rules between keys, and inside of values that are not one type's matter.
    fn check(&self, reader: &mut Reader<'_>, runners: &Runners) {
        // A runner that is there but wrong or misspelt has been reported already.
        let misspelt = reader.problems.iter().any(|problem| problem.nearest.as_deref() == Some("runner"));
        if self.runner.is_none() && reader.place_of("runner").is_none() && !misspelt {
            let known = runners.names().join(", ");
            let message = format!("`runner` is missing: write runner = \"…\" with one of {known}");
            reader.problem_with("runner", message, None);
        }
        self.check_runner(reader, runners);
        self.check_command(reader);
        for name in self.env.keys() {
            if let Err(reason) = check_variable(name) {
                reader.problem_with("env", format!("`env` holds {name:?}: {reason}"), None);
            }
        }
        for (name, value) in &self.env {
            if value.contains('\0') {
                reader.problem_with("env", format!("`env.{name}` holds a NUL character"), None);
            }
        }
        for name in &self.env_pass {
            if let Err(reason) = check_variable(name.strip_suffix('*').unwrap_or(name)) {
                reader.problem_with("env_pass", format!("`env_pass` holds {name:?}: {reason}"), None);
            }
        }
        for skill in self.skills.iter().filter(|skill| !is_skill_name(skill)) {
            let message = format!(
                "`skills` holds {skill:?}, which is no skill's name: it is 1 to 64 of A-Z a-z 0-9 . _ -"
            );
            reader.problem_with("skills", message, None);
        }
    }

    fn check_runner(&self, reader: &mut Reader<'_>, runners: &Runners) {
        let Some(Runner::Preset(name)) = &self.runner else { return };
        if !runners.knows(name) {
            let nearest = runners.nearest(name).map(str::to_owned);
            let meant = nearest.as_ref().map(|name| format!(" (did you mean `{name}`?)")).unwrap_or_default();
            let message = format!(
                "`runner` names an unknown runner {}{meant}; the known ones are {}, and others are set in config.toml as [runners.<name>]",
                quoted(name),
                runners.names().join(", ")
            );
            reader.problem_with("runner", message, nearest);
        }
        if let Err(error) = Template::parse_part(&self.args) {
            reader.problem_with("args", format!("`args` is wrong: {error}"), None);
        }
    }

    fn check_command(&self, reader: &mut Reader<'_>) {
        match (&self.runner, self.command.is_empty()) {
            (Some(Runner::Command), true) => {
                let message = "`command` is missing: the runner `command` needs a program and its arguments, \
                     such as command = [\"make\", \"{task}\"]";
                let key = if reader.place_of("command").is_some() { "command" } else { "runner" };
                reader.problem_with(key, message.to_owned(), None);
            }
            (Some(Runner::Command), false) => {
                if let Err(error) = Template::parse(&self.command) {
                    let nearest = error.nearest().map(str::to_owned);
                    reader.problem_with("command", format!("`command` is wrong: {error}"), nearest);
                }
            }
            (Some(runner @ (Runner::Shell | Runner::Lane | Runner::Preset(_))), false) => {
                let message = format!(
                    "`command` is used by the runner `command` alone, and this profile's runner is `{runner}`"
                );
                reader.problem_with("command", message, None);
            }
            (Some(Runner::Shell | Runner::Lane | Runner::Preset(_)) | None, _) => {}
        }
    }
}

fn check_variable(name: &str) -> Result<(), &'static str> {
    let wellformed = name.starts_with(|first: char| first.is_ascii_alphabetic() || first == '_')
        && name.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'_');
    if !wellformed {
        return Err("a variable's name is letters, digits and _, and does not start with a digit");
    }
    if name.starts_with("ANDON_") {
        return Err("variables called ANDON_… are set by Andon itself");
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn problems(text: &str) -> String {
        Settings::read(Path::new("p/profile.toml"), text, &Runners::default()).unwrap_err().to_string()
    }

    #[test]
    fn every_documented_key_is_read() {
        let text = r#"
            description = "writes code"
            description_auto = true
            runner = "command"
            command = ["tool", "--model", "{model?}", "{prompt}"]
            args = ["--verbose"]
            permissions = "full"
            toolset = ["board"]
            model = "m"
            env_pass = ["API_KEY", "AWS_*"]
            max_running = 2
            max_runtime = "0s"
            stop_grace = 5
            ends_by = "protocol"
            terminal = "pty"
            memory = "2GiB"
            cpu = "150%"
            pids = 100
            skills = ["git"]
            reviewer = "person"
            assignable_by = ["planner"]
            may_pause = true
            max_children = 0
            workspace = "dir:/srv/x"
            heartbeat_stale_after = "10m"
            idle_limit = "5m"
            [env]
            LANG = "C"
            [agent]
            model = "a/b"
        "#;
        let read = |text: &str| Settings::read(Path::new("profile.toml"), text, &Runners::default()).unwrap();
        let settings = read(text);
        let set: Vec<&str> = settings.entries().iter().map(|(key, _)| *key).collect();
        let documented: Vec<&str> = Settings::keys().iter().map(|key| key.name).collect();
        assert_eq!(set, documented);
        assert!(Settings::keys().iter().all(|key| !key.doc.is_empty()));
        assert_eq!(read(&settings.to_toml()), settings);
    }

    #[test]
    fn mistakes_name_file_line_and_nearest_key() {
        for (text, message) in [
            (
                "runner = \"shell\"\nmodle = \"m\"",
                "p/profile.toml:2:1: unknown key `modle`; did you mean `model`?",
            ),
            (
                "runner = \"shel\"",
                "p/profile.toml:1:1: `runner` names an unknown runner \"shel\" (did you mean `shell`?); the known ones are \
                 shell, command, lane, agent, claude, codex, gemini, opencode, hermes, and others are set in config.toml as \
                 [runners.<name>]",
            ),
            (
                "",
                "p/profile.toml:1:1: `runner` is missing: write runner = \"…\" with one of shell, command, \
                 lane, agent, claude, codex, gemini, opencode, hermes",
            ),
            (
                "runner = \"command\"",
                "p/profile.toml:1:1: `command` is missing: the runner `command` needs a program and its arguments, \
                 such as command = [\"make\", \"{task}\"]",
            ),
            (
                "runner = \"shell\"\ncommand = [\"x\"]",
                "p/profile.toml:2:1: `command` is used by the runner `command` alone, and this profile's runner is `shell`",
            ),
            (
                "runner = \"lane\"\nmax_children = 51",
                "p/profile.toml:2:16: `max_children` must be a whole number from 0 to 50, not 51",
            ),
            (
                "runner = \"lane\"\nenv = { ANDON_TASK = \"x\" }",
                "p/profile.toml:2:1: `env` holds \"ANDON_TASK\": variables called ANDON_… are set by Andon itself",
            ),
            (
                "runner = \"lane\"\nenv = { A = 1 }",
                "p/profile.toml:2:7: `env` holds \"A\", whose value is no text: put it in quotes",
            ),
            (
                "runner = \"command\"\ncommand = [\"x\", \"{titel}\"]",
                "p/profile.toml:2:1: `command` is wrong: unknown placeholder `{titel}` in \"{titel}\": \
                 did you mean `{title}`? For a brace itself write {{ or }}",
            ),
        ] {
            assert_eq!(problems(text), message);
        }
    }

    #[test]
    fn every_mistake_is_told_at_once() {
        assert_eq!(problems("a = 1\nb = 2\nrunner = 3").lines().count(), 3);
    }

    #[test]
    fn a_file_that_is_no_toml_says_where() {
        assert!(problems("runner = \"shell\"\nmodel = \n").starts_with("p/profile.toml:2:"));
    }
}
