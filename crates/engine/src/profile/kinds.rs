//! The words and small values that a `profile.toml` speaks in.

use std::fmt;
use std::path::PathBuf;
use std::str::FromStr;

use andon_core::ProfileName;
use andon_core::nearest::nearest;
use toml_edit::{Array, Item, Value};

use crate::config::schema::{Range, Setting, Wrong};

/// Declares an enum that is written as one word, with a refusal that names the nearest known word.
macro_rules! words {
    ($(#[$meta:meta])* $name:ident, $what:literal { $($(#[$vmeta:meta])* $variant:ident => $text:literal),+ $(,)? }) => {
        $(#[$meta])*
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
        pub enum $name { $($(#[$vmeta])* $variant),+ }

        impl $name {
            /// Every value, in the order in which people read them.
            pub const ALL: &'static [Self] = &[$(Self::$variant),+];

            /// The word by which it is written.
            #[must_use]
            pub const fn as_str(self) -> &'static str {
                match self { $(Self::$variant => $text),+ }
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.pad(self.as_str())
            }
        }

        impl FromStr for $name {
            type Err = UnknownWord;

            fn from_str(text: &str) -> Result<Self, UnknownWord> {
                match text.trim() {
                    $($text => Ok(Self::$variant),)+
                    other => Err(UnknownWord::new($what, other, &[$($text),+])),
                }
            }
        }

        impl Setting for $name {
            fn expects(_: Range) -> String {
                format!("one of {}", [$($text),+].join(", "))
            }

            fn item(text: &str) -> Item {
                Item::from(text)
            }

            fn read(item: &Item) -> Result<Self, Wrong> {
                let text = item.as_str().ok_or(Wrong::Value)?;
                text.parse().map_err(|unknown: UnknownWord| {
                    Wrong::Because(format!("names an {unknown}"), unknown.nearest.map(str::to_owned))
                })
            }

            fn value(&self) -> Option<Value> {
                Some(Value::from(self.as_str()))
            }
        }
    };
}

/// A word that is none of the known ones.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("unknown {what} {given}{}; the known ones are {}", meant(*nearest), known.join(", "))]
pub struct UnknownWord {
    what: &'static str,
    given: String,
    known: &'static [&'static str],
    nearest: Option<&'static str>,
}

fn meant(nearest: Option<&str>) -> String {
    nearest.map_or_else(String::new, |name| format!(" (did you mean `{name}`?)"))
}

impl UnknownWord {
    fn new(what: &'static str, given: &str, known: &'static [&'static str]) -> Self {
        let nearest = nearest(given, known.iter().copied()).first().copied();
        Self { what, given: crate::config::problem::quoted(given), known, nearest }
    }
}

words! {
    /// How the process of a profile's runs is started.
    Runner, "runner" {
        /// The task's body is a script.
        Shell => "shell",
        /// A program with arguments made from a template.
        Command => "command",
        /// Never started: work is claimed by hand or by an outside program.
        Lane => "lane",
    }
}

words! {
    /// How a run ends well.
    EndsBy, "ending" {
        /// Exit 0 completes the task.
        Exit => "exit",
        /// The worker says so through the board; exit 0 without a word is a violation.
        Protocol => "protocol",
    }
}

words! {
    /// What terminal a run gets.
    Terminal, "terminal" {
        /// None.
        None => "none",
        /// A pseudo-terminal of its own.
        Pty => "pty",
        /// A tmux session that a person can attach to.
        Tmux => "tmux",
    }
}

impl Runner {
    /// How a run of this runner ends, unless the profile says otherwise.
    #[must_use]
    pub const fn ends_by(self) -> EndsBy {
        match self {
            Self::Shell | Self::Command => EndsBy::Exit,
            Self::Lane => EndsBy::Protocol,
        }
    }

    /// Who may give work to a profile of this runner, unless the profile says otherwise: what a worker writes must not
    /// become a script.
    #[must_use]
    pub const fn assignable_by(self) -> AssignableBy {
        match self {
            Self::Shell | Self::Command => AssignableBy::Person,
            Self::Lane => AssignableBy::Anyone,
        }
    }

    /// Whether a dispatcher ever starts it.
    #[must_use]
    pub const fn is_spawned(self) -> bool {
        match self {
            Self::Shell | Self::Command => true,
            Self::Lane => false,
        }
    }
}

/// Who may make a profile an assignee.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum AssignableBy {
    /// Persons only.
    Person,
    /// Persons and every worker.
    Anyone,
    /// Persons, and workers of these profiles.
    Profiles(Vec<ProfileName>),
}

impl AssignableBy {
    /// Whether a worker of `profile` may give it work. A person, `None`, always may.
    #[must_use]
    pub fn allows(&self, profile: Option<&ProfileName>) -> bool {
        match (self, profile) {
            (_, None) | (Self::Anyone, Some(_)) => true,
            (Self::Person, Some(_)) => false,
            (Self::Profiles(names), Some(profile)) => names.contains(profile),
        }
    }
}

impl Setting for AssignableBy {
    fn expects(_: Range) -> String {
        "\"person\", \"anyone\" or an array of profile names".to_owned()
    }

    fn item(text: &str) -> Item {
        <Vec<String> as Setting>::item(text)
    }

    fn read(item: &Item) -> Result<Self, Wrong> {
        match item.as_str().map(str::trim) {
            Some("person") => return Ok(Self::Person),
            Some("anyone") => return Ok(Self::Anyone),
            Some(_) => return Err(Wrong::Value),
            None => {}
        }
        let names = <Vec<String> as Setting>::read(item)?;
        let parsed: Result<Vec<ProfileName>, _> = names.iter().map(|name| name.parse()).collect();
        parsed
            .map(Self::Profiles)
            .map_err(|error| Wrong::Because(format!("holds a wrong name: {error}"), None))
    }

    fn value(&self) -> Option<Value> {
        Some(match self {
            Self::Person => Value::from("person"),
            Self::Anyone => Value::from("anyone"),
            Self::Profiles(names) => Value::Array(names.iter().map(ProfileName::as_str).collect::<Array>()),
        })
    }
}

/// How much processor time a run may use, in percent of one core.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct CpuShare {
    /// Percent of one core, at least 1.
    pub percent: u32,
}

impl Setting for CpuShare {
    fn expects(_: Range) -> String {
        "a share of one core from \"1%\" to \"100000%\", such as \"150%\"".to_owned()
    }

    fn item(text: &str) -> Item {
        Item::from(text)
    }

    fn read(item: &Item) -> Result<Self, Wrong> {
        let digits = item.as_str().and_then(|text| text.trim().strip_suffix('%')).ok_or(Wrong::Value)?;
        match digits.trim_end().parse() {
            Ok(percent @ 1..=100_000) => Ok(Self { percent }),
            Ok(_) | Err(_) => Err(Wrong::Value),
        }
    }

    fn value(&self) -> Option<Value> {
        Some(Value::from(format!("{}%", self.percent)))
    }
}

/// The workspace of tasks that name none.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum WorkspaceDefault {
    /// A folder of its own for each task.
    Scratch,
    /// This folder.
    Dir(PathBuf),
    /// A git worktree of its own, of this repository or of the board's.
    Worktree(Option<PathBuf>),
}

impl fmt::Display for WorkspaceDefault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Scratch | Self::Worktree(None) => {
                f.pad(if *self == Self::Scratch { "scratch" } else { "worktree" })
            }
            Self::Dir(path) => write!(f, "dir:{}", path.display()),
            Self::Worktree(Some(path)) => write!(f, "worktree:{}", path.display()),
        }
    }
}

impl Setting for WorkspaceDefault {
    fn expects(_: Range) -> String {
        "\"scratch\", \"dir:<absolute path>\", \"worktree\" or \"worktree:<absolute path>\"".to_owned()
    }

    fn item(text: &str) -> Item {
        Item::from(text)
    }

    fn read(item: &Item) -> Result<Self, Wrong> {
        let text = item.as_str().ok_or(Wrong::Value)?;
        let absolute = |path: &str| {
            let path = PathBuf::from(path);
            if path.is_absolute() && !text.contains('\0') { Ok(path) } else { Err(Wrong::Value) }
        };
        match text.split_once(':') {
            None if text == "scratch" => Ok(Self::Scratch),
            None if text == "worktree" => Ok(Self::Worktree(None)),
            Some(("dir", path)) => absolute(path).map(Self::Dir),
            Some(("worktree", path)) => absolute(path).map(|path| Self::Worktree(Some(path))),
            None | Some(_) => Err(Wrong::Value),
        }
    }

    fn value(&self) -> Option<Value> {
        Some(Value::from(self.to_string()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_unknown_runner_is_refused_with_the_nearest_known_name() {
        let error = "shel".parse::<Runner>().unwrap_err();
        assert_eq!(
            error.to_string(),
            "unknown runner \"shel\" (did you mean `shell`?); the known ones are shell, command, lane"
        );
        let error = "xyz".parse::<Runner>().unwrap_err();
        assert_eq!(error.to_string(), "unknown runner \"xyz\"; the known ones are shell, command, lane");
    }

    #[test]
    fn only_persons_give_work_to_scripts_unless_the_profile_says_otherwise() {
        let worker: ProfileName = "planner".parse().unwrap();
        for runner in [Runner::Shell, Runner::Command] {
            assert!(runner.assignable_by().allows(None));
            assert!(!runner.assignable_by().allows(Some(&worker)));
        }
        assert!(Runner::Lane.assignable_by().allows(Some(&worker)));
        assert!(AssignableBy::Profiles(vec![worker.clone()]).allows(Some(&worker)));
        assert!(!AssignableBy::Profiles(vec![]).allows(Some(&worker)));
    }

    #[test]
    fn default_workspaces_are_absolute() {
        for good in ["scratch", "dir:/a b", "worktree", "worktree:/r"] {
            let read = WorkspaceDefault::read(&Item::from(good)).unwrap();
            assert_eq!(read.to_string(), good);
        }
        for bad in ["", "dir:", "dir:a", "dir:../a", "worktree:", "scratch:/a", "x"] {
            assert_eq!(WorkspaceDefault::read(&Item::from(bad)), Err(Wrong::Value), "{bad}");
        }
    }

    #[test]
    fn shares_of_a_core_are_percents() {
        assert_eq!(CpuShare::read(&Item::from("150%")), Ok(CpuShare { percent: 150 }));
        for bad in ["150", "0%", "-1%", "1.5%", "%", "100001%"] {
            assert_eq!(CpuShare::read(&Item::from(bad)), Err(Wrong::Value), "{bad}");
        }
    }
}
