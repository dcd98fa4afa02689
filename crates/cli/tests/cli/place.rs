//! A home for one test, and the binary in it.

use std::ffi::OsStr;
use std::io::Write as _;
use std::path::PathBuf;
use std::process::{Command, Stdio};

use serde_json::Value;

/// A home of its own.
pub(crate) struct Place {
    folder: tempfile::TempDir,
}

/// What a command said.
#[derive(Debug)]
pub(crate) struct Said {
    pub(crate) code: i32,
    pub(crate) out: String,
    pub(crate) err: String,
}

impl Said {
    /// The standard output of a command that must have ended with 0.
    #[track_caller]
    pub(crate) fn done(self) -> String {
        assert_eq!(self.code, 0, "{self:?}");
        self.out
    }

    /// The same as JSON.
    #[track_caller]
    pub(crate) fn json(self) -> Value {
        serde_json::from_str(&self.done()).unwrap()
    }

    /// The code and exit code of a command that must have failed with `--json`.
    #[track_caller]
    pub(crate) fn refusal(&self) -> (i32, String) {
        let error: Value = serde_json::from_str(&self.err).unwrap_or_else(|_| panic!("{self:?}"));
        assert!(self.out.is_empty(), "{self:?}");
        (self.code, error["error"]["code"].as_str().unwrap().to_owned())
    }
}

impl Place {
    pub(crate) fn new() -> Self {
        Self { folder: tempfile::tempdir().unwrap() }
    }

    /// With profiles, each `name` with the text of its `profile.toml`.
    pub(crate) fn with_profiles(profiles: &[(&str, &str)]) -> Self {
        let place = Self::new();
        for (name, text) in profiles {
            let folder = place.home().join("profiles").join(name);
            std::fs::create_dir_all(&folder).unwrap();
            std::fs::write(folder.join("profile.toml"), text).unwrap();
        }
        place
    }

    pub(crate) fn home(&self) -> PathBuf {
        self.folder.path().join("my hömé 家")
    }

    pub(crate) fn file(&self, name: &str, content: &[u8]) -> PathBuf {
        let path = self.folder.path().join(name);
        std::fs::write(&path, content).unwrap();
        path
    }

    pub(crate) fn command(&self) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_andon"));
        command
            .env_clear()
            .env("HOME", self.folder.path())
            .env("ANDON_HOME", self.home())
            .env("USER", "anna")
            .env("TZ", "UTC")
            .current_dir(self.folder.path())
            .stdin(Stdio::null());
        command
    }

    pub(crate) fn run<S: AsRef<OsStr>>(&self, arguments: impl IntoIterator<Item = S>) -> Said {
        said(self.command().args(arguments))
    }

    /// A command as words of one text.
    pub(crate) fn say(&self, words: &str) -> Said {
        self.run(words.split_whitespace())
    }

    /// The same inside a worker.
    pub(crate) fn as_worker(&self, identity: &[(&str, &str)], words: &[&str]) -> Said {
        said(self.command().envs(identity.iter().copied()).args(words))
    }

    pub(crate) fn with_input(&self, words: &str, input: &[u8]) -> Said {
        let mut command = self.command();
        command.args(words.split_whitespace()).stdin(Stdio::piped());
        command.stdout(Stdio::piped()).stderr(Stdio::piped());
        let mut child = command.spawn().unwrap();
        child.stdin.take().unwrap().write_all(input).unwrap();
        let output = child.wait_with_output().unwrap();
        Said {
            code: output.status.code().unwrap(),
            out: String::from_utf8(output.stdout).unwrap(),
            err: String::from_utf8(output.stderr).unwrap(),
        }
    }

    /// A new task; gives its id.
    #[track_caller]
    pub(crate) fn create(&self, title: &str, options: &[&str]) -> String {
        let words = ["create", "--json", title].into_iter().chain(options.iter().copied());
        self.run(words).json()["id"].as_str().unwrap().to_owned()
    }

    /// Where a task stands.
    #[track_caller]
    pub(crate) fn status(&self, task: &str) -> String {
        self.run(["show", "--json", task]).json()["task"]["status"].as_str().unwrap().to_owned()
    }

    /// Claims a task by hand; gives the identity of its worker.
    #[track_caller]
    pub(crate) fn claim(&self, task: &str) -> [(&'static str, String); 3] {
        let claimed = self.run(["claim", "--json", task]).json();
        let text = |value: &Value| value.as_str().unwrap().to_owned();
        [
            ("ANDON_TASK", task.to_owned()),
            ("ANDON_RUN", text(&claimed["run"]["id"])),
            ("ANDON_RUN_TOKEN", text(&claimed["run"]["token"])),
        ]
    }
}

fn said(command: &mut Command) -> Said {
    let output = command.output().unwrap();
    Said {
        code: output.status.code().unwrap(),
        out: String::from_utf8(output.stdout).unwrap(),
        err: String::from_utf8(output.stderr).unwrap(),
    }
}

/// The identity of a worker as pairs that a command takes.
pub(crate) fn pairs<'a>(identity: &'a [(&'static str, String); 3]) -> Vec<(&'a str, &'a str)> {
    identity.iter().map(|(name, value)| (*name, value.as_str())).collect()
}
