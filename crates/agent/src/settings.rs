//! What a profile says of the built-in agent: the table `[agent]` of its `profile.toml`.

use std::path::{Path, PathBuf};
use std::time::Duration;

use serde::Deserialize;
use thiserror::Error;

use crate::Secret;
use crate::length;

/// The table `[agent]`.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct AgentSettings {
    /// Who answers: `openai` (any endpoint that speaks its chat completions), `openai_resp`, `anthropic`, `gemini`, `ollama`
    /// and the others that the client library knows.
    pub provider: Option<String>,
    /// The model, unless the task or the profile names one.
    pub model: Option<String>,
    /// Where the provider is, unless at its usual place: `http://127.0.0.1:8080/v1`.
    pub base_url: Option<String>,
    /// The environment variable that holds the key. The profile must pass or set it.
    pub api_key_env: Option<String>,
    /// A file that holds the key alone, absolute or in the profile's folder.
    pub api_key_file: Option<PathBuf>,
    /// Whether answers are streamed.
    pub stream: bool,
    /// Answers of the model that a run may use.
    pub max_turns: u32,
    /// Tokens that the model can look at.
    pub context_window: u64,
    /// Tokens of one answer.
    pub max_output_tokens: Option<u32>,
    /// How freely it answers.
    pub temperature: Option<f64>,
    /// How much it thinks: `minimal`, `low`, `medium`, `high` and others that the provider knows.
    pub reasoning_effort: Option<String>,
    /// Until a connection stands.
    #[serde(deserialize_with = "length::read")]
    pub connect_timeout: Duration,
    /// Until an answer begins.
    #[serde(deserialize_with = "length::read")]
    pub first_byte_timeout: Duration,
    /// Silence within an answer.
    #[serde(deserialize_with = "length::read")]
    pub idle_timeout: Duration,
    /// Further attempts at one answer, where the provider is busy or out of reach.
    pub retry_limit: u32,
    /// The first pause before a further attempt; each is twice as long.
    #[serde(deserialize_with = "length::read")]
    pub retry_base: Duration,
    /// All pauses together; a longer `Retry-After` ends the run as rate limited at once.
    #[serde(deserialize_with = "length::read")]
    pub retry_total: Duration,
    /// How long a command in the foreground may take, unless the call says so.
    #[serde(deserialize_with = "length::read")]
    pub shell_timeout: Duration,
    /// Bytes of a tool's output that the model sees.
    pub output_limit: usize,
    /// The tools of the workspace that it has; all where this is left out.
    pub tools: Option<Vec<String>>,
    /// Whether `fetch` may reach private addresses.
    pub allow_private_addresses: bool,
    /// Whether the model can look at images.
    pub images: bool,
    /// The model that judges goals; the same one where this is left out.
    pub judge_model: Option<String>,
    /// Dollars for a million tokens of requests.
    pub input_price: Option<f64>,
    /// Dollars for a million tokens of answers.
    pub output_price: Option<f64>,
    /// Dollars for a million tokens of requests from the cache.
    pub cached_price: Option<f64>,
}

impl Default for AgentSettings {
    fn default() -> Self {
        Self {
            provider: None,
            model: None,
            base_url: None,
            api_key_env: None,
            api_key_file: None,
            stream: true,
            max_turns: 90,
            context_window: 128_000,
            max_output_tokens: None,
            temperature: None,
            reasoning_effort: None,
            connect_timeout: Duration::from_secs(10),
            first_byte_timeout: Duration::from_secs(180),
            idle_timeout: Duration::from_secs(90),
            retry_limit: 5,
            retry_base: Duration::from_secs(1),
            retry_total: Duration::from_secs(120),
            shell_timeout: Duration::from_secs(120),
            output_limit: 24 * 1024,
            tools: None,
            allow_private_addresses: false,
            images: true,
            judge_model: None,
            input_price: None,
            output_price: None,
            cached_price: None,
        }
    }
}

/// Where providers' keys usually are.
const USUAL: &[(&str, &str)] = &[
    ("openai", "OPENAI_API_KEY"),
    ("openai_resp", "OPENAI_API_KEY"),
    ("anthropic", "ANTHROPIC_API_KEY"),
    ("gemini", "GEMINI_API_KEY"),
    ("openrouter", "OPENROUTER_API_KEY"),
    ("groq", "GROQ_API_KEY"),
    ("deepseek", "DEEPSEEK_API_KEY"),
    ("xai", "XAI_API_KEY"),
    ("mistral", "MISTRAL_API_KEY"),
];

/// What the agent reads of a `profile.toml`; the rest is not its business.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default)]
pub struct ProfileFile {
    /// The model of the profile.
    pub model: Option<String>,
    /// Skills that each of its tasks gets.
    pub skills: Vec<String>,
    /// Sets of tools.
    pub toolset: Vec<String>,
    /// The agent.
    pub agent: AgentSettings,
}

/// Why the agent cannot be set up.
#[derive(Debug, Error)]
pub enum SettingsError {
    /// A file cannot be read.
    #[error("{}: {reason}", .path.display())]
    File {
        /// Which.
        path: PathBuf,
        /// Why not.
        reason: String,
    },
    /// The table is wrong.
    #[error("{}: {reason}", .path.display())]
    Invalid {
        /// The file.
        path: PathBuf,
        /// What is wrong, with its place.
        reason: String,
    },
    /// No model is named.
    #[error(
        "no model is named: set `model` in the profile's `[agent]` table, or give the task one with `andon edit --model`"
    )]
    NoModel,
    /// No provider is named.
    #[error(
        "no provider is named: set `provider` in the profile's `[agent]` table, such as \"openai\" with a `base_url`"
    )]
    NoProvider,
    /// The variable with the key is not there.
    #[error(
        "the key's variable `{name}` is not set in the run: name it in `env_pass` of the profile, or use `api_key_file`"
    )]
    KeyNotSet {
        /// The variable.
        name: String,
    },
}

impl ProfileFile {
    /// Reads the `profile.toml` of a profile's folder.
    ///
    /// # Errors
    /// [`SettingsError`], with the place of a mistake.
    pub fn read(folder: &Path) -> Result<Self, SettingsError> {
        let path = folder.join("profile.toml");
        let text = std::fs::read_to_string(&path)
            .map_err(|error| SettingsError::File { path: path.clone(), reason: error.to_string() })?;
        Self::parse(&path, &text)
    }

    fn parse(path: &Path, text: &str) -> Result<Self, SettingsError> {
        let mut file: Self = toml::from_str(text).map_err(|error| SettingsError::Invalid {
            path: path.to_owned(),
            reason: error.to_string().trim().to_owned(),
        })?;
        let agent = &mut file.agent;
        agent.max_turns = agent.max_turns.max(1);
        agent.context_window = agent.context_window.max(2_000);
        agent.output_limit = agent.output_limit.clamp(1_024, 1 << 20);
        Ok(file)
    }

    /// The model: the task's, else the agent's, else the profile's.
    ///
    /// # Errors
    /// None of them names one.
    pub fn model(&self, of_task: Option<&str>) -> Result<String, SettingsError> {
        let named = [of_task, self.agent.model.as_deref(), self.model.as_deref()];
        let found = named.into_iter().flatten().map(str::trim).find(|name| !name.is_empty());
        found.map(str::to_owned).ok_or(SettingsError::NoModel)
    }
}

impl AgentSettings {
    /// The variables with keys, which no process of a tool gets to see.
    #[must_use]
    pub fn key_variables(&self) -> Vec<&str> {
        self.api_key_env.as_deref().into_iter().chain(USUAL.iter().map(|(_, variable)| *variable)).collect()
    }

    pub(crate) fn usual_variable(&self) -> Option<&'static str> {
        let provider = self.provider.as_deref()?.trim().to_lowercase();
        USUAL.iter().find(|(name, _)| provider == *name).map(|(_, variable)| *variable)
    }

    /// The provider's key: of the variable or file that is named, else of the provider's usual variable; none where there is
    /// none of these.
    ///
    /// # Errors
    /// The variable is not set, or the file cannot be read.
    pub fn key(
        &self,
        folder: &Path,
        variable: impl Fn(&str) -> Option<String>,
    ) -> Result<Option<Secret>, SettingsError> {
        if let Some(name) = &self.api_key_env {
            let key = variable(name).and_then(|value| Secret::new(&value));
            return key.map(Some).ok_or_else(|| SettingsError::KeyNotSet { name: name.clone() });
        }
        let Some(path) = &self.api_key_file else {
            // A provider's key goes to the provider's own place, never to another one.
            let usual = self.usual_variable().filter(|_| self.base_url.is_none());
            return Ok(usual.and_then(variable).and_then(|value| Secret::new(&value)));
        };
        let path = folder.join(path);
        let text = std::fs::read_to_string(&path)
            .map_err(|error| SettingsError::File { path: path.clone(), reason: error.to_string() })?;
        Secret::new(&text)
            .map(Some)
            .ok_or_else(|| SettingsError::File { path, reason: "it holds no key".to_owned() })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parse(text: &str) -> Result<ProfileFile, SettingsError> {
        ProfileFile::parse(Path::new("profile.toml"), text)
    }

    #[test]
    fn the_table_is_read_and_the_rest_of_the_file_passed_over() {
        let file = parse(
            "runner = \"agent\"\nmodel = \"p\"\nmemory = \"1GiB\"\n[env]\nA = \"b\"\n[agent]\nprovider = \"openai\"\nidle_timeout = \"5s\"\nmax_turns = 0\n",
        )
        .unwrap();
        assert_eq!(file.agent.idle_timeout, Duration::from_secs(5));
        assert_eq!(file.agent.max_turns, 1);
        assert_eq!(file.model(None).unwrap(), "p");
        assert_eq!(file.model(Some("t")).unwrap(), "t");
    }

    #[test]
    fn mistakes_in_the_table_are_told_with_their_place() {
        let error = parse("[agent]\nprovidr = \"openai\"\n").unwrap_err().to_string();
        assert!(error.contains("providr") && error.contains("line 2"), "{error}");
        let error = parse("[agent]\nidle_timeout = \"soon\"\n").unwrap_err().to_string();
        assert!(error.contains("`soon`") && error.contains("30s"), "{error}");
    }

    #[test]
    fn a_key_that_is_named_must_be_there() {
        let settings = AgentSettings { api_key_env: Some("KEY".to_owned()), ..AgentSettings::default() };
        let folder = Path::new("/nowhere");
        assert!(settings.key(folder, |_| Some("k-123456".to_owned())).unwrap().is_some());
        let error = settings.key(folder, |_| None).unwrap_err().to_string();
        assert!(error.contains("`KEY`") && error.contains("env_pass"), "{error}");
        let settings = AgentSettings { api_key_file: Some("key".into()), ..AgentSettings::default() };
        assert!(settings.key(folder, |_| None).unwrap_err().to_string().contains("/nowhere/key"));
        assert!(AgentSettings::default().key(folder, |_| None).unwrap().is_none());
    }

    #[test]
    fn a_provider_s_usual_key_goes_to_no_other_place() {
        let usual = |name: &str| (name == "OPENAI_API_KEY").then(|| "k-123456".to_owned());
        let settings = AgentSettings { provider: Some("openai".to_owned()), ..AgentSettings::default() };
        assert!(settings.key(Path::new("/p"), usual).unwrap().is_some());
        let elsewhere = AgentSettings { base_url: Some("http://else.where/v1".to_owned()), ..settings };
        assert!(elsewhere.key(Path::new("/p"), usual).unwrap().is_none());
    }
}
