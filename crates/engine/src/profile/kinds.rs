//! The words and small values that a `profile.toml` speaks in.

use std::fmt;
use std::path::PathBuf;

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

        impl ::std::fmt::Display for $name {
            fn fmt(&self, f: &mut ::std::fmt::Formatter<'_>) -> ::std::fmt::Result {
                f.pad(self.as_str())
            }
        }

        impl ::std::str::FromStr for $name {
            type Err = $crate::profile::UnknownWord;

            fn from_str(text: &str) -> Result<Self, $crate::profile::UnknownWord> {
                match text.trim() {
                    $($text => Ok(Self::$variant),)+
                    other => Err($crate::profile::UnknownWord::new($what, other, &[$($text),+])),
                }
            }
        }

        impl $crate::config::schema::Setting for $name {
            fn expects(_: $crate::config::schema::Range) -> String {
                format!("one of {}", [$($text),+].join(", "))
            }

            fn item(text: &str) -> ::toml_edit::Item {
                ::toml_edit::Item::from(text)
            }

            fn read(item: &::toml_edit::Item) -> Result<Self, $crate::config::schema::Wrong> {
                let text = item.as_str().ok_or($crate::config::schema::Wrong::Value)?;
                text.parse().map_err(|unknown: $crate::profile::UnknownWord| {
                    $crate::config::schema::Wrong::Because(format!("names an {unknown}"), unknown.nearest().map(str::to_owned))
                })
            }

            fn value(&self) -> Option<::toml_edit::Value> {
                Some(::toml_edit::Value::from(self.as_str()))
            }
        }
    };
}

pub(crate) use words;

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
    /// The known word that was probably meant.
    #[must_use]
    pub const fn nearest(&self) -> Option<&'static str> {
        self.nearest
    }

    pub(crate) fn new(what: &'static str, given: &str, known: &'static [&'static str]) -> Self {
        let nearest = nearest(given, known.iter().copied()).first().copied();
        Self { what, given: crate::config::problem::quoted(given), known, nearest }
    }
}

/// How the process of a profile's runs is started.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum Runner {
    /// The task's body is a script.
    Shell,
    /// A program with arguments made from a template.
    Command,
    /// Never started: work is claimed by hand or by an outside program.
    Lane,
    /// By the settings of this name: a built-in one, or one of the home's `config.toml`.
    Preset(String),
}

impl Runner {
    /// The runner of this name; whether a home has settings of it is [`crate::runner::Runners`]' to say.
    #[must_use]
    pub fn of(name: &str) -> Self {
        match name.trim() {
            "shell" => Self::Shell,
            "command" => Self::Command,
            "lane" => Self::Lane,
            name => Self::Preset(name.to_owned()),
        }
    }

    /// The word by which it is written.
    #[must_use]
    pub fn as_str(&self) -> &str {
        match self {
            Self::Shell => "shell",
            Self::Command => "command",
            Self::Lane => "lane",
            Self::Preset(name) => name,
        }
    }
}

impl fmt::Display for Runner {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.as_str())
    }
}

impl Setting for Runner {
    fn expects(_: Range) -> String {
        "a runner's name, such as \"claude\" or \"shell\"".to_owned()
    }

    fn item(text: &str) -> Item {
        Item::from(text)
    }

    fn read(item: &Item) -> Result<Self, Wrong> {
        let text = item.as_str().map(str::trim).filter(|text| !text.is_empty()).ok_or(Wrong::Value)?;
        Ok(Self::of(text))
    }

    fn value(&self) -> Option<Value> {
        Some(Value::from(self.as_str()))
    }
}

words! {
    /// How a run ends well.
    #[derive(Default)]
    EndsBy, "ending" {
        /// Exit 0 completes the task.
        Exit => "exit",
        /// The worker says so through the board; exit 0 without a word is a violation.
        #[default]
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

words! {
    /// What an agent may do by itself, without anybody to ask.
    #[derive(Default)]
    Permission, "permission" {
        /// Read.
        Read => "read",
        /// Change files and run commands in its workspace.
        #[default]
        Edit => "edit",
        /// Whatever the user may.
        Full => "full",
    }
}

words! {
    /// Further tools of a worker.
    Toolset, "toolset" {
        /// Those that give work to others and move it: of an orchestrator.
        Board => "board",
    }
}

impl Setting for Vec<Toolset> {
    fn expects(_: Range) -> String {
        "an array of toolsets, such as [\"board\"]".to_owned()
    }

    fn item(text: &str) -> Item {
        <Vec<String> as Setting>::item(text)
    }

    fn read(item: &Item) -> Result<Self, Wrong> {
        let names = <Vec<String> as Setting>::read(item)?;
        names.iter().map(|name| Toolset::read(&Item::from(name.as_str()))).collect()
    }

    fn value(&self) -> Option<Value> {
        let names = self.iter().map(|toolset| toolset.as_str());
        (!self.is_empty()).then(|| Value::Array(names.collect::<Array>()))
    }
}

/// A table that is somebody else's to read, kept as it stands.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Foreign {
    text: Option<String>,
}

impl Foreign {
    /// Its text, as the value of a key; nothing where there is no such table.
    #[must_use]
    pub fn text(&self) -> Option<&str> {
        self.text.as_deref()
    }
}

impl Setting for Foreign {
    fn expects(_: Range) -> String {
        "a table".to_owned()
    }

    fn item(text: &str) -> Item {
        text.trim().parse::<Value>().map_or_else(|_| Item::from(text), Item::Value)
    }

    fn read(item: &Item) -> Result<Self, Wrong> {
        item.as_table_like().ok_or(Wrong::Value)?;
        let value = item.clone().into_value().map_err(|_| Wrong::Value)?;
        Ok(Self { text: Some(value.decorated("", "").to_string()) })
    }

    fn value(&self) -> Option<Value> {
        self.text.as_deref()?.parse().ok()
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
    fn an_unknown_word_is_refused_with_the_nearest_known_one() {
        let error = "ful".parse::<Permission>().unwrap_err();
        assert_eq!(
            error.to_string(),
            "unknown permission \"ful\" (did you mean `full`?); the known ones are read, edit, full"
        );
    }

    #[test]
    fn persons_and_the_named_profiles_give_work() {
        let worker: ProfileName = "planner".parse().unwrap();
        assert!(AssignableBy::Person.allows(None) && !AssignableBy::Person.allows(Some(&worker)));
        assert!(AssignableBy::Profiles(vec![worker.clone()]).allows(Some(&worker)));
        assert!(!AssignableBy::Profiles(vec![]).allows(Some(&worker)));
    }

    #[test]
    fn a_table_of_somebody_else_stays_as_it_is() {
        let table = "model = \"m\"\n[limits]\nturns = 3\n".parse::<toml_edit::DocumentMut>().unwrap();
        let read = Foreign::read(table.as_item()).unwrap();
        let value = read.value().unwrap();
        let inner = value.as_inline_table().unwrap();
        assert_eq!(inner.get("model").unwrap().as_str(), Some("m"));
        assert_eq!(inner["limits"].as_inline_table().unwrap()["turns"].as_integer(), Some(3));
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
