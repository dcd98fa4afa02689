//! The tools of the workspace: `shell`, `process`, `read`, `write`, `edit`, `glob`, `grep`, `fetch`.
//!
//! A tool never fails: what goes wrong is an answer that says what to do. What it gives is bounded, whatever it found.

mod bounded;
mod edit;
pub(crate) mod fetch;
mod offers;
mod place;
mod read;
mod search;
mod shell;
mod write;

use std::path::PathBuf;
use std::sync::Arc;

use serde::de::DeserializeOwned;
use serde_json::Value;

use crate::model::Offer;
use crate::processes::Processes;
use crate::settings::AgentSettings;

pub(crate) use bounded::cut;
use place::Place;
use shell::Shell;

/// What a tool says that could not do what it was asked.
type Told = Result<String, String>;

/// The tools of one run.
pub struct WorkspaceTools {
    place: Place,
    shell: Shell,
    settings: AgentSettings,
    /// Files that this run wrote: what it overwrites of them is its own.
    written: Vec<PathBuf>,
}

impl std::fmt::Debug for WorkspaceTools {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("WorkspaceTools").field("place", &self.place).finish_non_exhaustive()
    }
}

impl WorkspaceTools {
    /// Tools in `workspace` that may read in the folders `readable` too.
    #[must_use]
    pub fn new(
        workspace: PathBuf,
        readable: Vec<PathBuf>,
        processes: Arc<dyn Processes>,
        settings: AgentSettings,
    ) -> Self {
        let place = Place::new(workspace, readable);
        let shell = Shell::new(processes, settings.shell_timeout, settings.output_limit);
        Self { place, shell, settings, written: Vec::new() }
    }

    /// What is offered to the model: what the settings allow.
    #[must_use]
    pub fn offers(&self) -> Vec<Offer> {
        let mut offers = offers::all();
        offers.retain(|offer| self.allows(&offer.name));
        offers
    }

    fn allows(&self, name: &str) -> bool {
        // Whoever may start a process may look after it.
        let name = if name == "process" { "shell" } else { name };
        self.settings.tools.as_ref().is_none_or(|allowed| allowed.iter().any(|known| known == name))
    }

    /// Calls a tool; none when there is no tool of this name.
    pub async fn call(&mut self, name: &str, arguments: &Value) -> Option<String> {
        if !self.allows(name) {
            return None;
        }
        let told = match name {
            "shell" => self.shell.run(&self.place, arguments).await,
            "process" => self.shell.look_after(arguments).await,
            "read" => read::read(&self.place, arguments, self.settings.output_limit),
            "write" => write::write(&self.place, &mut self.shell, &mut self.written, arguments).await,
            "edit" => edit::edit(&self.place, &mut self.written, arguments),
            "glob" => search::glob(&self.place, arguments).await,
            "grep" => search::grep(&self.place, arguments, self.settings.output_limit).await,
            "fetch" => {
                fetch::fetch(arguments, self.settings.allow_private_addresses, self.settings.output_limit)
                    .await
            }
            _ => return None,
        };
        Some(told.unwrap_or_else(|error| format!("error: {error}")))
    }

    /// What has ended in the background since the last question; each is told once (SD3-25, SD3-28).
    pub fn notices(&mut self) -> Vec<String> {
        self.shell.notices()
    }

    /// Stops every process that a tool started.
    pub async fn stop(&mut self) {
        self.shell.stop().await;
    }
}

/// Reads the arguments of a call.
fn arguments<T: DeserializeOwned>(tool: &str, given: &Value) -> Result<T, String> {
    if let Value::String(text) = given {
        let shown = andon_core::text::cap_chars(text, 200);
        return Err(format!("the arguments of `{tool}` are no JSON object: {shown}"));
    }
    T::deserialize(given).map_err(|error| {
        let offers = offers::all();
        let known = offers
            .iter()
            .find(|offer| offer.name == tool)
            .map(|offer| offer.schema["properties"].to_string());
        format!("wrong arguments for `{tool}`: {error}. It takes {}", known.unwrap_or_default())
    })
}

#[cfg(test)]
mod tests;
