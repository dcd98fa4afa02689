//! Every key of a runner, and the rules between them.

use std::collections::BTreeMap;

use toml_edit::TableLike;

use crate::config::schema::{Field, Reader, settings};
use crate::config::{KeyDoc, Problems};
use crate::profile::{Permission, Splice, Template};

use super::reading::{Format, Reading};
use super::tools::JsonTable;

pub use super::reading::{PromptBy, Totals};

settings! {
    /// A runner: how an agent's process is started and listened to.
    pub struct Preset in Preset at [], table PRESET_FIELDS {
        /// What it is, for people.
        description: Option<String> = "",
        /// Program and arguments of a run, with placeholders. `{permissions}`, `{tools}`, `{skills}` and `{args}` as a whole element stand for several arguments or none.
        argv: Vec<String> = "",
        /// Program and arguments that go on with the session `{session}`; unset: it cannot.
        resume: Vec<String> = "",
        /// How the prompt goes in: `stdin`, `argument` (where `{prompt}` stands in `argv`) or `file` (`$ANDON_PROMPT_FILE`).
        prompt: PromptBy = "argument",
        /// How a run ends well: `protocol` (it says so through the board) or `exit` (exit 0 completes the task).
        ends_by: crate::profile::EndsBy = "protocol",
        /// Whether it tells its model by itself how a run ends, so that nobody else does.
        own_ending: bool = "false",
        /// Further variables passed on from the dispatcher's environment; a trailing `*` stands for every ending.
        env_pass: Vec<String> = "",
        /// Variables of its runs, with placeholders; one whose `{name?}` is absent is left out.
        env: BTreeMap<String, String> = "",
        /// Those of `env` that name a folder or file and are set only where that is there.
        env_existing: Vec<String> = "",
        /// Those of `env` that are numbers and are only ever raised by it.
        env_at_least: Vec<String> = "",
        /// Arguments for each skill of a task that the agent itself has, with `{skill}`.
        each_skill: Vec<String> = "",
        /// Folders below which the agent keeps skills of its own, each a folder with a `SKILL.md`.
        skill_folders: Vec<String> = "",
        /// A skill of the agent's own that every run gets, where it is there.
        worker_skill: Option<String> = "",
        /// The variable that names the generated MCP configuration.
        tools_variable: Option<String> = "",
        /// The arguments that name it, or say the same, in the place of `{tools}`.
        tools_arguments: Vec<String> = "",
        /// The agent's own folder, for one that takes no configuration from outside: a run gets a home with this folder in it, made of links, and the tools come among its settings. `tools_variable` names that home then.
        tools_home: Option<String> = "",
        /// The file of settings in `tools_home`, in JSON.
        tools_settings: Option<String> = "",
        /// Folders in `tools_home` in which the agent keeps its sessions: they are made where they are missing, so that sessions outlive their run.
        tools_keep: Vec<String> = "",
        /// What that file holds, as a table; the texts `{env}`, `{andon}` and `{tools_argv}` in it are replaced.
        tools_file: Option<JsonTable> = "",
        /// Arguments that ask the program for its version.
        version: Vec<String> = "",
        /// The version that it was tried with: an older one may lack what it is asked for.
        tried_with: Option<String> = "",
        /// What to do where the program is missing.
        install: Option<String> = "",
    }
    with
    /// What an agent may do by itself.
    permissions: Permissions,
    /// How it is known that the agent is logged in.
    login: Login,
    /// How its output is read.
    output: Output
}

settings! {
    /// The arguments in the place of `{permissions}`, by the profile's `permissions`.
    pub struct Permissions in Preset at [permissions], table PERMISSION_FIELDS {
        /// It may read, and nothing else.
        read: Vec<String> = "",
        /// It may change files and run commands in its workspace.
        edit: Vec<String> = "",
        /// It may do whatever the user may.
        full: Vec<String> = "",
    }
}

settings! {
    /// How it is known that the agent is logged in. Any of these is enough; none: it is not looked at.
    pub struct Login in Preset at [login], table LOGIN_FIELDS {
        /// Arguments of the program that exit with 0 when it is logged in.
        arguments: Vec<String> = "",
        /// Variables of which any is enough.
        variables: Vec<String> = "",
        /// Files of which any is enough, with placeholders.
        files: Vec<String> = "",
        /// What to do where it is not.
        help: Option<String> = "",
    }
}

settings! {
    /// How its output is read: `json-lines` by pointers, each written `<kind>:/<path>` or `/<path>`, or `text` by regular expressions with one group.
    pub struct Output in Preset at [output], table OUTPUT_FIELDS {
        /// `json-lines` or `text`.
        format: Format = "text",
        /// The pointer to the kind of a line.
        kind: Option<String> = "",
        /// The session's id.
        session: Vec<String> = "",
        /// The model that worked.
        model: Vec<String> = "",
        /// What the agent says.
        text: Vec<String> = "",
        /// What went wrong.
        error: Vec<String> = "",
        /// Tokens read, those from a cache among them; what several readings find in one line is added up.
        input_tokens: Vec<String> = "",
        /// Tokens written.
        output_tokens: Vec<String> = "",
        /// Tokens read from a cache.
        cached_tokens: Vec<String> = "",
        /// Cost in US dollars.
        cost_usd: Vec<String> = "",
        /// What numbers of several lines mean: `add` them, the `last` holds, or the last holds for the whole `session`, earlier runs among it.
        totals: Totals = "last",
        /// When a rate limit ends: a Unix time, or a text that says it.
        reset: Vec<String> = "",
        /// Regular expressions of errors that are rate limits.
        rate_limited: Vec<String> = "",
        /// Regular expressions of errors that say that nobody is logged in.
        not_logged_in: Vec<String> = "",
        /// Regular expressions of errors that say that the session to be resumed is gone.
        session_gone: Vec<String> = "",
    }
}

/// Every field of a runner, in the order of the documentation.
pub(crate) fn fields() -> Vec<&'static Field<Preset>> {
    PRESET_FIELDS.iter().chain(PERMISSION_FIELDS).chain(LOGIN_FIELDS).chain(OUTPUT_FIELDS).collect()
}

impl Preset {
    /// Reads the table of a runner; mistakes stay in the reader.
    pub(crate) fn read_table(reader: &mut Reader<'_>, table: &dyn TableLike) -> Self {
        let mut preset = Self::default();
        let before = reader.problems.len();
        reader.table(&mut preset, &fields(), table, "");
        if reader.problems.len() == before {
            preset.check(reader);
        }
        preset
    }

    /// Reads a file that is one runner.
    ///
    /// # Errors
    /// Every mistake with its place.
    pub(crate) fn read(path: &std::path::Path, text: &str) -> Result<Self, Problems> {
        let mut reader = Reader::new(path, text);
        let preset = match reader.parse() {
            Some(document) => Self::read_table(&mut reader, document.as_table()),
            None => Self::default(),
        };
        if reader.problems.is_empty() { Ok(preset) } else { Err(Problems(reader.problems)) }
    }

    /// Every key, in the order of the documentation.
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

    /// The arguments in the place of `{permissions}`.
    #[must_use]
    pub fn permission_arguments(&self, permission: Permission) -> &[String] {
        match permission {
            Permission::Read => &self.permissions.read,
            Permission::Edit => &self.permissions.edit,
            Permission::Full => &self.permissions.full,
        }
    }

    /// Whether it can go on with a session.
    #[must_use]
    pub const fn can_resume(&self) -> bool {
        !self.resume.is_empty()
    }

    fn check(&self, reader: &mut Reader<'_>) {
        self.check_templates(reader);
        if self.prompt == PromptBy::Argument && !self.mentions("{prompt}") {
            let message = "`prompt` is `argument`, and `argv` has no {prompt}: write it there, or set prompt = \"stdin\" or \"file\"";
            reader.problem_with("argv", message.to_owned(), None);
        }
        if self.tools_home.is_some() != self.tools_settings.is_some()
            || self.tools_home.is_some() && (self.tools_variable.is_none() || self.tools_file.is_none())
        {
            let message = "`tools_home` needs `tools_settings`, `tools_variable` and `tools_file`: which file in it is written, who is told of it, and what it holds";
            reader.problem_with("tools_home", message.to_owned(), None);
        }
        if self.can_resume() && !self.resume.iter().any(|element| element.contains("{session}")) {
            reader.problem_with(
                "resume",
                "`resume` has no {session}, so it would resume any".to_owned(),
                None,
            );
        }
        for (key, readings) in self.output.readings() {
            for text in readings {
                if let Err(error) = Reading::parse(self.output.format, self.output.kind_pointer(), text) {
                    reader.problem_with(key, format!("`{key}` holds {text:?}: {error}"), None);
                }
            }
        }
        for (key, patterns) in self.output.patterns() {
            for text in patterns {
                if let Err(error) = regex::Regex::new(text) {
                    reader.problem_with(key, format!("`{key}` holds {text:?}: {error}"), None);
                }
            }
        }
    }

    fn mentions(&self, placeholder: &str) -> bool {
        self.argv.iter().any(|element| element.contains(placeholder))
    }

    fn check_templates(&self, reader: &mut Reader<'_>) {
        if self.argv.is_empty() {
            reader.problem_with("argv", "`argv` is missing: a runner needs a program".to_owned(), None);
            return;
        }
        let whole = [("argv", &self.argv), ("resume", &self.resume)];
        for (key, elements) in whole.into_iter().filter(|(_, elements)| !elements.is_empty()) {
            let own: Vec<String> =
                elements.iter().filter(|element| Splice::of(element).is_none()).cloned().collect();
            if let Err(error) = Template::parse_all(&own) {
                reader.problem_with(key, format!("`{key}` is wrong: {error}"), None);
            }
        }
        let parts = [
            ("permissions", &self.permissions.read),
            ("permissions", &self.permissions.edit),
            ("permissions", &self.permissions.full),
            ("tools_arguments", &self.tools_arguments),
            ("each_skill", &self.each_skill),
            ("skill_folders", &self.skill_folders),
        ];
        let values: Vec<String> = self.env.values().cloned().collect();
        let home: Vec<String> = self.tools_home.iter().cloned().collect();
        let more = [("env", &values), ("login", &self.login.files), ("tools_home", &home)];
        for (key, elements) in parts.into_iter().chain(more) {
            if let Err(error) = Template::parse_part(elements) {
                reader.problem_with(key, format!("`{key}` is wrong: {error}"), None);
            }
        }
    }
}

impl Output {
    pub(crate) fn kind_pointer(&self) -> &str {
        self.kind.as_deref().unwrap_or("/type")
    }

    fn readings(&self) -> [(&'static str, &[String]); 9] {
        [
            ("output.session", &self.session),
            ("output.model", &self.model),
            ("output.text", &self.text),
            ("output.error", &self.error),
            ("output.input_tokens", &self.input_tokens),
            ("output.output_tokens", &self.output_tokens),
            ("output.cached_tokens", &self.cached_tokens),
            ("output.cost_usd", &self.cost_usd),
            ("output.reset", &self.reset),
        ]
    }

    fn patterns(&self) -> [(&'static str, &[String]); 3] {
        [
            ("output.rate_limited", &self.rate_limited),
            ("output.not_logged_in", &self.not_logged_in),
            ("output.session_gone", &self.session_gone),
        ]
    }
}
