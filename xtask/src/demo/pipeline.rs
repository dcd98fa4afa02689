//! What `examples/demo/pipeline.toml` says.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

use serde::Deserialize;

use crate::failure::Failure;

/// A pipeline: profiles, tasks in an order in which parents come first, and answers to questions.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Pipeline {
    pub(super) profiles: Vec<PathBuf>,
    #[serde(rename = "task")]
    pub(super) tasks: Vec<Task>,
    #[serde(rename = "answer", default)]
    pub(super) answers: Vec<Answer>,
}

/// One task, as `andon create` will hear of it.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Task {
    /// Its short name in the pipeline.
    pub(super) key: String,
    pub(super) title: String,
    pub(super) assignee: String,
    pub(super) reviewer: Option<String>,
    /// The file with its body.
    pub(super) script: PathBuf,
    /// Variables of the script.
    #[serde(default)]
    pub(super) with: BTreeMap<String, String>,
    /// Keys of tasks that come before it.
    #[serde(default)]
    pub(super) parents: Vec<String>,
    pub(super) workspace: Option<String>,
    pub(super) branch: Option<String>,
}

/// What a person says when a task asks.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Answer {
    /// The key of the task.
    pub(super) task: String,
    pub(super) text: String,
}

/// What `{data}`, `{desk}` and `{repository}` stand for.
pub(super) struct Places {
    pub(super) data: PathBuf,
    pub(super) desk: PathBuf,
    pub(super) repository: PathBuf,
}

impl Places {
    fn fill(&self, text: &str) -> String {
        let places = [("{data}", &self.data), ("{desk}", &self.desk), ("{repository}", &self.repository)];
        places
            .iter()
            .fold(text.to_owned(), |text, (name, path)| text.replace(name, &path.display().to_string()))
    }
}

impl Pipeline {
    /// Reads a pipeline and checks that it hangs together.
    ///
    /// # Errors
    /// Names the file, and what is wrong with it.
    pub(super) fn read(file: &Path) -> Result<Self, Failure> {
        let text =
            fs::read_to_string(file).map_err(|source| Failure::File { path: file.to_owned(), source })?;
        Self::parse(&text).map_err(|reason| Failure::Demo(format!("{}: {reason}", file.display())))
    }

    fn parse(text: &str) -> Result<Self, String> {
        let pipeline: Self = toml::from_str(text).map_err(|error| error.to_string())?;
        let mut known: Vec<&str> = Vec::new();
        for task in &pipeline.tasks {
            if known.contains(&task.key.as_str()) {
                return Err(format!("two tasks are called `{}`", task.key));
            }
            if let Some(parent) = task.parents.iter().find(|parent| !known.contains(&parent.as_str())) {
                return Err(format!("`{}` waits for `{parent}`, which does not come before it", task.key));
            }
            known.push(&task.key);
        }
        match pipeline.answers.iter().find(|answer| !known.contains(&answer.task.as_str())) {
            Some(answer) => Err(format!("there is an answer for `{}`, which is no task", answer.task)),
            None => Ok(pipeline),
        }
    }
}

impl Task {
    /// Its body: its variables, then its script. `folder` is where the pipeline lies.
    ///
    /// # Errors
    /// When the script cannot be read.
    pub(super) fn body(&self, folder: &Path, places: &Places) -> Result<String, Failure> {
        let path = folder.join(&self.script);
        let script = fs::read_to_string(&path).map_err(|source| Failure::File { path, source })?;
        let mut body = String::new();
        for (name, value) in &self.with {
            body.push_str(&format!("{name}={}\n", quoted(&places.fill(value))));
        }
        Ok(body + &script)
    }

    /// Where its runs work, with the places filled in.
    pub(super) fn workspace(&self, places: &Places) -> Option<String> {
        self.workspace.as_deref().map(|text| places.fill(text))
    }
}

/// A text as one word of a shell.
fn quoted(text: &str) -> String {
    format!("'{}'", text.replace('\'', r"'\''"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::shell;

    const HEAD: &str =
        "profiles = []\n[[task]]\nkey = \"a\"\ntitle = \"A\"\nassignee = \"x\"\nscript = \"a.sh\"\n";

    #[test]
    fn the_pipeline_of_the_examples_hangs_together() {
        let folder = shell::root().join("examples/demo");
        let pipeline = Pipeline::read(&folder.join("pipeline.toml")).unwrap();
        let places = Places { data: "/d".into(), desk: "/o'k".into(), repository: "/r".into() };
        for task in &pipeline.tasks {
            assert!(task.body(&folder, &places).unwrap().contains("set -eu"), "{}", task.key);
        }
        assert!(pipeline.profiles.iter().all(|profile| folder.join(profile).is_file()));
    }

    #[test]
    fn a_parent_that_does_not_come_before_is_named() {
        assert!(Pipeline::parse(HEAD).is_ok());
        let refusal = Pipeline::parse(&format!("{HEAD}parents = [\"b\"]\n")).unwrap_err();
        assert!(refusal.contains("`a` waits for `b`"), "{refusal}");
    }

    #[test]
    fn a_value_stays_one_word_of_the_script() {
        assert_eq!(quoted("it's $HOME"), r"'it'\''s $HOME'");
    }
}
