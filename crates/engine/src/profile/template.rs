//! The argument template of the runner `command`.
//!
//! - `{name}` stands for a value of the task. It is put into its one element, never split and never read by a shell.
//! - `{name}` whose value is absent (no model, no branch) is empty text.
//! - `{name?}` whose value is absent or empty drops its whole element; and where that element is the argument of an option of
//!   its own (it does not start with `-`, and the one before it does), the option goes with it: `["--model", "{model?}"]`.
//! - `{{` and `}}` are braces.
//! - The program, the first element, may hold `{workspace}` alone: what a task says never chooses the program.
//!
//! A value that starts with `-` is still one argument, but the program may take it for an option: write `--` before it, or
//! `--title={title}`.

use andon_core::nearest::nearest;
use thiserror::Error;

use crate::config::problem::quoted;

/// The names that may stand in braces.
pub const PLACEHOLDERS: &[&str] = &[
    "task",
    "title",
    "body",
    "workspace",
    "prompt",
    "prompt_file",
    "model",
    "run",
    "board",
    "profile",
    "branch",
    "tenant",
    "result",
];

/// What the settings of a runner may put in braces besides.
pub const RUNNER_PLACEHOLDERS: &[&str] = &[
    "session",
    "andon",
    "tools_file",
    "tools_names",
    "private",
    "user_home",
    "workspaces",
    "goal",
    "goal_turns",
    "terminal_timeout",
    "skill",
];

/// An element of a runner's arguments that stands for several, or none.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Splice {
    /// By the profile's `permissions`.
    Permissions,
    /// How the agent is given the board's tools.
    Tools,
    /// The agent's own skills.
    Skills,
    /// The profile's `args`.
    Args,
}

impl Splice {
    /// What an element stands for, if it is one.
    #[must_use]
    pub fn of(element: &str) -> Option<Self> {
        match element {
            "{permissions}" => Some(Self::Permissions),
            "{tools}" => Some(Self::Tools),
            "{skills}" => Some(Self::Skills),
            "{args}" => Some(Self::Args),
            _ => None,
        }
    }
}

/// The longest single argument that Linux passes to a program, in bytes: 32 pages with the closing NUL.
pub const LONGEST_ARGUMENT: usize = 128 * 1024 - 1;

/// Why a template is none.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum TemplateError {
    /// There is no program.
    #[error("it names no program")]
    NoProgram,
    /// A name in braces that nobody knows.
    #[error("unknown placeholder `{{{name}}}` in {element}{}For a brace itself write {{{{ or }}}}", meant(*nearest))]
    Unknown {
        /// The name.
        name: String,
        /// The element that it stands in, quoted and cut.
        element: String,
        /// The known name that was probably meant.
        nearest: Option<&'static str>,
    },
    /// A brace without its partner.
    #[error("a `{brace}` without its partner in {element}: for a brace itself write {{{{ or }}}}")]
    Unbalanced {
        /// The brace.
        brace: char,
        /// The element that it stands in, quoted and cut.
        element: String,
    },
    /// The task would choose the program.
    #[error(
        "the program {element} may hold the placeholder `{{workspace}}` alone: what a task says must not choose the program"
    )]
    InProgram {
        /// The element, quoted and cut.
        element: String,
    },
    /// An element with a NUL, which no program can be given.
    #[error("{element} holds a NUL character")]
    Nul {
        /// The element, quoted and cut.
        element: String,
    },
}

fn meant(nearest: Option<&str>) -> String {
    match nearest {
        Some(name) => format!(": did you mean `{{{name}}}`? "),
        None => format!("; the known ones are {}. ", PLACEHOLDERS.join(", ")),
    }
}

impl TemplateError {
    /// The known placeholder that was probably meant.
    #[must_use]
    pub const fn nearest(&self) -> Option<&'static str> {
        match self {
            Self::Unknown { nearest, .. } => *nearest,
            Self::NoProgram | Self::Unbalanced { .. } | Self::InProgram { .. } | Self::Nul { .. } => None,
        }
    }
}

/// Why a template could not be filled in.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum FillError {
    /// An argument is longer than the system passes on.
    #[error(
        "`{{{placeholder}}}` makes an argument of {bytes} bytes, and the system passes on at most {LONGEST_ARGUMENT}: {}",
        way_out(placeholder)
    )]
    TooLong {
        /// The longest placeholder of the element.
        placeholder: &'static str,
        /// The argument's length.
        bytes: usize,
    },
    /// A value holds a NUL, which ends an argument.
    #[error("the value of `{{{placeholder}}}` holds a NUL character, which no argument can")]
    Nul {
        /// The placeholder.
        placeholder: &'static str,
    },
}

fn way_out(placeholder: &str) -> &'static str {
    match placeholder {
        "prompt" => "let the command read the file `{prompt_file}`, or $ANDON_PROMPT_FILE, instead",
        _ => "let the command read the task with `andon show \"$ANDON_TASK\" --json` instead",
    }
}

#[derive(Clone, Debug, PartialEq, Eq)]
enum Part {
    Text(String),
    Value { name: &'static str, or_drop: bool },
}

/// A checked template: a program and its arguments.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Template {
    elements: Vec<Vec<Part>>,
}

impl Template {
    /// Reads a template.
    ///
    /// # Errors
    ///
    /// [`TemplateError`] for the first element that is wrong.
    pub fn parse(elements: &[String]) -> Result<Self, TemplateError> {
        Self::with_program(elements, PLACEHOLDERS)
    }

    /// Reads the template of a runner, which knows more of a run.
    ///
    /// # Errors
    ///
    /// [`TemplateError`] for the first element that is wrong.
    pub fn parse_all(elements: &[String]) -> Result<Self, TemplateError> {
        Self::with_program(elements, &[PLACEHOLDERS, RUNNER_PLACEHOLDERS].concat())
    }

    /// The same for arguments or values without a program.
    ///
    /// # Errors
    ///
    /// [`TemplateError`] for the first element that is wrong.
    pub fn parse_part(elements: &[String]) -> Result<Self, TemplateError> {
        Ok(Self { elements: parsed(elements, &[PLACEHOLDERS, RUNNER_PLACEHOLDERS].concat())? })
    }

    fn with_program(elements: &[String], known: &[&'static str]) -> Result<Self, TemplateError> {
        let elements_parsed = parsed(elements, known)?;
        match (elements.first(), elements_parsed.first()) {
            (Some(program), Some(parts)) if !program.trim().is_empty() => {
                let chosen_by_task = |part: &Part| matches!(part, Part::Value { name, or_drop } if !matches!(*name, "workspace" | "andon") || *or_drop);
                if parts.iter().any(chosen_by_task) {
                    return Err(TemplateError::InProgram { element: quoted(program) });
                }
            }
            _ => return Err(TemplateError::NoProgram),
        }
        Ok(Self { elements: elements_parsed })
    }

    /// Fills it in. `value` gives a placeholder's value, nothing where it is absent. There is always a program.
    ///
    /// # Errors
    ///
    /// [`FillError`] when the system could not pass an argument on.
    pub fn fill<'v>(
        &self,
        value: impl Fn(&'static str) -> Option<&'v str>,
    ) -> Result<Vec<String>, FillError> {
        let mut argv: Vec<String> = Vec::with_capacity(self.elements.len());
        let mut option_waits = false;
        for element in &self.elements {
            if is_dropped(element, &value) {
                let own_option = matches!(element.first(), Some(Part::Text(text)) if text.starts_with('-'));
                if option_waits && !own_option {
                    argv.pop();
                }
                option_waits = false;
                continue;
            }
            // Only what the template itself writes is an option, not a value that happens to look like one.
            option_waits = !argv.is_empty()
                && matches!(element.as_slice(), [Part::Text(text)] if text.starts_with('-') && text != "--");
            argv.push(fill_element(element, &value)?);
        }
        Ok(argv)
    }
}

fn is_dropped<'v>(element: &[Part], value: &impl Fn(&'static str) -> Option<&'v str>) -> bool {
    element.iter().any(
        |part| matches!(part, Part::Value { name, or_drop: true } if value(name).unwrap_or_default().is_empty()),
    )
}

fn fill_element<'v>(
    element: &[Part],
    value: &impl Fn(&'static str) -> Option<&'v str>,
) -> Result<String, FillError> {
    let mut filled = String::new();
    let mut longest = ("", 0);
    for part in element {
        match part {
            Part::Text(text) => filled.push_str(text),
            Part::Value { name, .. } => {
                let text = value(name).unwrap_or_default();
                if text.contains('\0') {
                    return Err(FillError::Nul { placeholder: name });
                }
                if text.len() >= longest.1 {
                    longest = (name, text.len());
                }
                filled.push_str(text);
            }
        }
    }
    if filled.len() > LONGEST_ARGUMENT && !longest.0.is_empty() {
        return Err(FillError::TooLong { placeholder: longest.0, bytes: filled.len() });
    }
    Ok(filled)
}

fn parsed(elements: &[String], known: &[&'static str]) -> Result<Vec<Vec<Part>>, TemplateError> {
    elements.iter().map(|element| parse_element(element, known)).collect()
}

fn parse_element(element: &str, known: &[&'static str]) -> Result<Vec<Part>, TemplateError> {
    if element.contains('\0') {
        return Err(TemplateError::Nul { element: quoted(element) });
    }
    let unbalanced = |brace| TemplateError::Unbalanced { brace, element: quoted(element) };
    let mut parts = Vec::new();
    let mut text = String::new();
    let mut rest = element;
    while let Some(at) = rest.find(['{', '}']) {
        text.push_str(&rest[..at]);
        rest = &rest[at..];
        if let Some(after) = rest.strip_prefix("{{") {
            text.push('{');
            rest = after;
        } else if let Some(after) = rest.strip_prefix("}}") {
            text.push('}');
            rest = after;
        } else if let Some(after) = rest.strip_prefix('{') {
            let end = after.find(['{', '}']).filter(|end| after[*end..].starts_with('}'));
            let end = end.ok_or_else(|| unbalanced('{'))?;
            if !text.is_empty() {
                parts.push(Part::Text(std::mem::take(&mut text)));
            }
            parts.push(placeholder(&after[..end], element, known)?);
            rest = &after[end + 1..];
        } else {
            return Err(unbalanced('}'));
        }
    }
    text.push_str(rest);
    if !text.is_empty() {
        parts.push(Part::Text(text));
    }
    Ok(parts)
}

fn placeholder(inner: &str, element: &str, names: &[&'static str]) -> Result<Part, TemplateError> {
    let (name, or_drop) = match inner.strip_suffix('?') {
        Some(name) => (name, true),
        None => (inner, false),
    };
    match names.iter().find(|known| **known == name) {
        Some(name) => Ok(Part::Value { name, or_drop }),
        None => Err(TemplateError::Unknown {
            name: name.chars().take(60).collect(),
            element: quoted(element),
            nearest: nearest(name, names.iter().copied())
                .first()
                .and_then(|&meant| names.iter().copied().find(|known| *known == meant)),
        }),
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn template(elements: &[&str]) -> Result<Template, TemplateError> {
        Template::parse(&elements.iter().map(|element| (*element).to_owned()).collect::<Vec<_>>())
    }

    fn fill(elements: &[&str], values: &[(&str, &str)]) -> Vec<String> {
        let value =
            |name: &'static str| values.iter().find(|(known, _)| *known == name).map(|(_, text)| *text);
        template(elements).unwrap().fill(value).unwrap()
    }

    #[test]
    fn values_fill_one_argument_each() {
        let values = [("title", "a b; rm -rf \"$HOME\"\n{task}"), ("task", "t_1")];
        assert_eq!(
            fill(&["x", "{title}", "--id={task}", "{task}{task}"], &values),
            ["x", "a b; rm -rf \"$HOME\"\n{task}", "--id=t_1", "t_1t_1"]
        );
    }

    #[test]
    fn absent_values_are_empty_unless_they_may_be_dropped() {
        for (elements, filled) in [
            (&["x", "--model", "{model}"][..], &["x", "--model", ""][..]),
            (&["x", "--model", "{model?}", "y"], &["x", "y"]),
            (&["x", "-v", "--model={model?}"], &["x", "-v"]),
            (&["x", "{model?}"], &["x"]),
            (&["-x", "{model?}"], &["-x"]),
            (&["x", "a", "{model?}"], &["x", "a"]),
            (&["x", "--", "{model?}"], &["x", "--"]),
            (&["x", "-m", "{model?}", "{branch?}"], &["x"]),
            (&["x", "-a", "-b", "{model?}"], &["x", "-a"]),
            (&["x", "{task}", "{model?}"], &["x", "-t"]),
        ] {
            assert_eq!(fill(elements, &[("task", "-t")]), filled, "{elements:?}");
        }
        assert_eq!(fill(&["x", "--model", "{model?}"], &[("model", "m")]), ["x", "--model", "m"]);
        assert_eq!(fill(&["x", "--model", "{model?}"], &[("model", "")]), ["x"]);
    }

    #[test]
    fn refusals_say_what_was_probably_meant() {
        for (elements, message) in [
            (&[][..], "it names no program"),
            (&["  "], "it names no program"),
            (
                &["x", "{workspce}"],
                "unknown placeholder `{workspce}` in \"{workspce}\": did you mean `{workspace}`? \
                 For a brace itself write {{ or }}",
            ),
            (
                &["x", "{zzz}"],
                "unknown placeholder `{zzz}` in \"{zzz}\"; the known ones are task, title, body, workspace, prompt, \
                 prompt_file, model, run, board, profile, branch, tenant, result. For a brace itself write {{ or }}",
            ),
            (&["x", "a{"], "a `{` without its partner in \"a{\": for a brace itself write {{ or }}"),
            (&["x", "a}"], "a `}` without its partner in \"a}\": for a brace itself write {{ or }}"),
            (
                &["x", "{a{task}"],
                "a `{` without its partner in \"{a{task}\": for a brace itself write {{ or }}",
            ),
            (
                &["{title}"],
                "the program \"{title}\" may hold the placeholder `{workspace}` alone: what a task says must not \
                 choose the program",
            ),
            (&["x", "a\0"], "\"a\\0\" holds a NUL character"),
        ] {
            assert_eq!(template(elements).unwrap_err().to_string(), message);
        }
        assert!(template(&["{workspace}/run.sh"]).is_ok());
    }

    #[test]
    fn what_the_system_cannot_pass_on_is_refused_with_the_way_out() {
        let long = "x".repeat(LONGEST_ARGUMENT + 1);
        let parsed = template(&["x", "{prompt}"]).unwrap();
        assert_eq!(
            parsed.fill(|_| Some(&long)).unwrap_err().to_string(),
            "`{prompt}` makes an argument of 131072 bytes, and the system passes on at most 131071: let the command \
             read the file `{prompt_file}`, or $ANDON_PROMPT_FILE, instead"
        );
        assert!(parsed.fill(|_| Some(&long[1..])).is_ok());
        let parsed = template(&["x", "{task}-{body}"]).unwrap();
        let error = parsed.fill(|name| Some(if name == "body" { &long } else { "t" })).unwrap_err();
        assert_eq!(error, FillError::TooLong { placeholder: "body", bytes: LONGEST_ARGUMENT + 3 });
        assert_eq!(parsed.fill(|_| Some("\0")).unwrap_err(), FillError::Nul { placeholder: "task" });
    }

    proptest! {
        #[test]
        fn escaped_text_is_itself(text in "[^\0]{0,40}") {
            let escaped = text.replace('{', "{{").replace('}', "}}");
            prop_assert_eq!(fill(&["x", &escaped], &[]), vec!["x".to_owned(), text]);
        }

        #[test]
        fn no_value_changes_how_many_arguments_there_are(value in "[^\0]{0,40}", before in "[a-z -]{0,5}") {
            let element = format!("{before}{{title}}");
            let filled = fill(&["x", &element, "{body}", "z"], &[("title", &value), ("body", &value)]);
            prop_assert_eq!(filled, vec!["x".to_owned(), format!("{before}{value}"), value, "z".to_owned()]);
        }

        #[test]
        fn no_template_panics(elements in proptest::collection::vec("[{}a-z?\\-é]{0,12}", 0..5)) {
            if let Ok(template) = Template::parse(&elements) {
                let filled = template.fill(|_| None).unwrap();
                prop_assert!(!filled.is_empty() && filled.len() <= elements.len());
            }
        }
    }
}
