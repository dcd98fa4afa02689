//! The board of the demo, reached through the built binary alone.

use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};

use serde_json::Value;
use tokio::process::{Child, Command as Process};

use crate::failure::Failure;
use crate::shell;

/// The `andon` that was built, and the home that it works on.
pub(crate) struct Board {
    andon: PathBuf,
    home: PathBuf,
}

impl Board {
    pub(crate) fn new(andon: &Path, home: PathBuf) -> Self {
        Self { andon: andon.to_owned(), home }
    }

    /// Runs `andon` with these arguments and returns what it printed.
    ///
    /// # Errors
    /// When it cannot be started, or refuses; with its own words.
    pub(crate) async fn run(&self, args: &[&str]) -> Result<String, Failure> {
        let output = self.output(args).await?;
        if output.status.success() {
            return Ok(String::from_utf8_lossy(&output.stdout).into_owned());
        }
        let said = String::from_utf8_lossy(&output.stderr).trim_end().to_owned();
        Err(Failure::Demo(format!("`andon {}` said: {said}", args.first().unwrap_or(&""))))
    }

    /// The same, and reads what it printed as JSON.
    ///
    /// # Errors
    /// As above, or when it printed something else.
    pub(crate) async fn json(&self, args: &[&str]) -> Result<Value, Failure> {
        let text = self.run(&[args, &["--json"]].concat()).await?;
        serde_json::from_str(&text)
            .map_err(|error| Failure::Demo(format!("`andon {}` printed no JSON: {error}", args.join(" "))))
    }

    /// The last line that the worker of a task wrote, if it wrote any.
    pub(crate) async fn last_line(&self, task: &str) -> Option<String> {
        let output = self.output(&["log", task, "--tail", "400"]).await.ok()?;
        let text = String::from_utf8_lossy(&output.stdout).into_owned();
        text.lines().rev().map(str::trim).find(|line| !line.is_empty()).map(str::to_owned)
    }

    /// Starts `andon` with these arguments beside this program. Its standard error goes to `log`, or nowhere.
    ///
    /// # Errors
    /// When it cannot be started.
    pub(crate) fn start(&self, args: &[&str], log: Stdio) -> Result<Child, Failure> {
        let mut command = Process::from(self.command(args));
        // A Ctrl-C of the terminal reaches this program alone, which then stops everything in order.
        command.process_group(0).kill_on_drop(true).stdout(Stdio::piped()).stderr(log);
        command
            .spawn()
            .map_err(|source| Failure::Start { command: format!("andon {}", args.join(" ")), source })
    }

    async fn output(&self, args: &[&str]) -> Result<Output, Failure> {
        let mut command = Process::from(self.command(args));
        command.process_group(0);
        command
            .output()
            .await
            .map_err(|source| Failure::Start { command: format!("andon {}", args.join(" ")), source })
    }

    fn command(&self, args: &[&str]) -> Command {
        let mut command = shell::command(&self.andon.to_string_lossy(), args);
        // Whoever runs the demo may be a worker of another board.
        for (name, _) in std::env::vars_os() {
            if name.to_string_lossy().starts_with("ANDON_") {
                command.env_remove(name);
            }
        }
        command.env("ANDON_HOME", &self.home).env("ANDON_USER", "demo");
        // Workers must find this `andon` before any that is installed.
        let path = std::env::var_os("PATH").unwrap_or_default();
        let own = self.andon.parent().map(Path::to_owned);
        if let Ok(path) = std::env::join_paths(own.into_iter().chain(std::env::split_paths(&path))) {
            command.env("PATH", path);
        }
        command
    }
}
