//! A house with a profile `coder` that is run by the built-in agent, against a model that answers by a script.

#![expect(clippy::needless_pass_by_value, reason = "scripts are written where they are used")]

use serde_json::{Value, json};

use crate::{House, ModelServer, text_of};

/// The key of every workshop; it must stand nowhere but in its own file.
pub const KEY: &str = "sk-very-secret-0123456789";

/// A house with a profile `coder` that is run by the built-in agent against a scripted server.
#[derive(Debug)]
pub struct Workshop {
    /// The house.
    pub house: House,
    /// Who answers.
    pub server: ModelServer,
}

impl Workshop {
    /// A workshop whose model gives these answers, for each task anew.
    ///
    /// # Panics
    /// When it cannot be set up.
    #[must_use]
    pub fn new(turns: Value) -> Self {
        Self::with(json!({ "conversations": [{ "turns": turns }] }), "")
    }

    /// A workshop with a whole script, and further lines of `[agent]`.
    ///
    /// # Panics
    /// When it cannot be set up.
    #[must_use]
    pub fn with(script: Value, more: &str) -> Self {
        let (house, server) = (House::new(), ModelServer::start(script));
        let workshop = Self { house, server };
        workshop.profile(&workshop.server.base_url(), more);
        workshop
    }

    /// The same with another provider, at its own place on the server.
    ///
    /// # Panics
    /// When it cannot be set up.
    #[must_use]
    pub fn speaking(provider: &str, turns: Value, more: &str) -> Self {
        let server = ModelServer::start(json!({ "conversations": [{ "turns": turns }] }));
        let workshop = Self { house: House::new(), server };
        let place = match provider {
            "gemini" => "/v1beta",
            "ollama" => "",
            _ => "/v1",
        };
        let url = format!("{}{place}", workshop.server.root());
        workshop.profile(&url, &format!("provider = \"{provider}\"\n{more}"));
        workshop
    }

    /// Writes the profile; `more` are further lines of `[agent]`.
    ///
    /// # Panics
    /// When it cannot be written.
    pub fn profile(&self, base_url: &str, more: &str) {
        let own = |key: &str| more.lines().any(|line| line.starts_with(key));
        let mut text = String::from("runner = \"agent\"\n[agent]\n");
        let url = format!("\"{base_url}\"");
        let defaults = [
            ("provider", "\"openai\""),
            ("model", "\"scripted\""),
            ("base_url", url.as_str()),
            ("api_key_file", "\"key\""),
            ("retry_base", "\"10ms\""),
            ("retry_total", "\"2s\""),
            ("retry_limit", "2"),
        ];
        for (key, value) in defaults.into_iter().filter(|(key, _)| !own(key)) {
            text.push_str(&format!("{key} = {value}\n"));
        }
        text.push_str(more);
        self.house.profile("coder", &text);
        let folder = self.house.home().join("profiles/coder");
        std::fs::write(folder.join("instructions.md"), "Speak like a pirate.\n").unwrap();
        std::fs::write(folder.join("key"), format!("{KEY}\n")).unwrap();
    }

    /// A task for the profile.
    #[must_use]
    pub fn create(&self, more: &[&str]) -> String {
        let first = ["write the file", "--assignee", "coder", "--body", "Write hello into out.txt."];
        self.house.create(first.iter().chain(more))
    }

    /// Creates a task, dispatches until nothing is left to do, and gives the task.
    #[must_use]
    pub fn worked(&self, more: &[&str]) -> String {
        let task = self.create(more);
        self.dispatched();
        task
    }

    /// Dispatches until nothing is left to do.
    ///
    /// # Panics
    /// When the dispatcher fails.
    pub fn dispatched(&self) {
        // Exit 3 says that something is left unfinished, which many of these tests want.
        let answer = self.house.andon(["dispatch", "--until-idle"]);
        assert!([0, 3].contains(&answer.code), "{answer:?}");
    }

    /// What a person reads about the task.
    #[must_use]
    pub fn shown(&self, task: &str) -> String {
        self.house.andon(["show", task]).ok()
    }

    /// The last run ended so, the task stands there, and a person reads the sentence.
    ///
    /// # Panics
    /// When it is not so.
    #[track_caller]
    pub fn expect(&self, task: &str, outcome: &str, status: &str, sentence: &str) {
        let outcomes = self.house.outcomes(task);
        assert_eq!(outcomes.last().map(String::as_str), Some(outcome), "{outcomes:?}\n{}", self.shown(task));
        assert_eq!(self.house.status(task), status, "{}", self.shown(task));
        let runs = self.house.runs(task);
        let error = text_of(&runs.last().unwrap()["error"]);
        assert!(error.contains(sentence), "{error}");
        let shown = self.shown(task).split_whitespace().collect::<Vec<_>>().join(" ");
        let seen: String = sentence.split_whitespace().collect::<Vec<_>>().join(" ");
        assert!(shown.contains(&seen), "a person does not see {sentence:?}:\n{shown}");
        self.nothing_leaks();
    }

    /// The key stands nowhere below the home but in its own file, and nothing of the house lives.
    ///
    /// # Panics
    /// When one of them does.
    #[track_caller]
    pub fn nothing_leaks(&self) {
        self.house.wait_empty();
        let mut folders = vec![self.house.home().to_owned()];
        while let Some(folder) = folders.pop() {
            for entry in std::fs::read_dir(folder).into_iter().flatten().flatten() {
                let path = entry.path();
                if path.is_dir() {
                    folders.push(path);
                } else if path.file_name().is_some_and(|name| name != "key") {
                    let bytes = std::fs::read(&path).unwrap_or_default();
                    let found = bytes.windows(KEY.len()).any(|window| window == KEY.as_bytes());
                    assert!(!found, "the key stands in {}", path.display());
                }
            }
        }
    }

    /// The transcript of a task's last run.
    ///
    /// # Panics
    /// When it is no JSON.
    #[must_use]
    pub fn transcript(&self, task: &str) -> Vec<Value> {
        let text = self.house.andon(["log", task, "--transcript", "--json"]).ok();
        text.lines().map(|line| serde_json::from_str(line).unwrap()).collect()
    }

    /// The texts of the last request, as one.
    #[must_use]
    pub fn last_asked(&self) -> String {
        self.server.requests().last().map(|request| request.body.to_string()).unwrap_or_default()
    }
}

/// The answer that completes the task.
#[must_use]
pub fn complete() -> Value {
    call("kanban_complete", json!({ "summary": "it is written" }))
}

/// An answer that calls one tool.
#[must_use]
pub fn call(name: &str, arguments: Value) -> Value {
    json!({ "calls": [{ "name": name, "arguments": arguments }] })
}
