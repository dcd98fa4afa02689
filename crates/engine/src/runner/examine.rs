//! Whether a runner can work: is its program there, which version, is it logged in.

use std::collections::BTreeMap;
use std::ffi::OsString;
use std::path::PathBuf;
use std::process::Stdio;
use std::time::Duration;

use crate::profile::{Profile, Runner, Template, find_executable, in_user_home};

use super::preset::Preset;

/// A program that answers later than this is not waited for.
const PATIENCE: Duration = Duration::from_secs(20);

/// What is examined: a profile with the environment that its runs get.
#[derive(Clone, Debug)]
pub struct Subject<'a> {
    /// The profile.
    pub profile: &'a Profile,
    /// The environment of its runs.
    pub environment: BTreeMap<OsString, OsString>,
    /// This program.
    pub andon: PathBuf,
}

impl<'a> Subject<'a> {
    /// A profile with the environment that a dispatcher started from here would give to its runs.
    #[must_use]
    pub fn here(profile: &'a Profile) -> Self {
        #[expect(clippy::disallowed_methods, reason = "the profile chooses what passes from it")]
        let environment = profile.environment(std::env::vars_os());
        Self { profile, environment, andon: std::env::current_exe().unwrap_or_default() }
    }
}

/// Something that a task would fail on.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Finding {
    /// `program`, `version` or `login`.
    pub what: &'static str,
    /// What is wrong.
    pub message: String,
    /// What to do about it.
    pub way_out: Option<String>,
}

/// What was found out.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Examined {
    /// The program, where there is one.
    pub program: Option<PathBuf>,
    /// What it says of its version.
    pub version: Option<String>,
    /// The version that the runner was tried with, where this one is older.
    pub tried_with: Option<String>,
    /// Whether it is logged in; none: that cannot be seen.
    pub logged_in: Option<bool>,
    /// What is wrong.
    pub findings: Vec<Finding>,
}

/// Examines the runner of a profile. Nothing is started that works on anything.
pub async fn examine(subject: &Subject<'_>) -> Examined {
    let profile = subject.profile;
    let mut examined = Examined::default();
    let first = match (profile.runner(), profile.preset()) {
        (Runner::Shell | Runner::Lane, _) | (Runner::Preset(_), None) => return examined,
        (Runner::Command, _) => profile.settings.command.first(),
        (Runner::Preset(_), Some(preset)) => preset.argv.first(),
    };
    let Some(first) = first.filter(|first| !first.contains("{workspace")) else { return examined };
    let preset = profile.preset();
    let named = if first == "{andon}" { subject.andon.to_string_lossy().into_owned() } else { first.clone() };
    let path = subject.environment.get(&OsString::from("PATH"));
    match find_executable(&named, path.map(OsString::as_os_str)) {
        Ok(program) => examined.program = Some(program),
        Err(error) => {
            let way_out = preset.and_then(|preset| preset.install.clone());
            examined.findings.push(Finding { what: "program", message: error.to_string(), way_out });
            return examined;
        }
    }
    if let (Some(preset), Some(program)) = (preset, examined.program.clone()) {
        version(subject, preset, &program, &mut examined).await;
        login(subject, preset, &program, &mut examined).await;
    }
    examined
}

async fn version(subject: &Subject<'_>, preset: &Preset, program: &std::path::Path, examined: &mut Examined) {
    if preset.version.is_empty() {
        return;
    }
    match ask(subject, program, &preset.version).await {
        Ok((true, text)) => {
            examined.version = first_line(&text);
            let said = examined.version.as_deref().and_then(numbers);
            let tried = preset.tried_with.as_deref().and_then(numbers);
            if said.zip(tried).is_some_and(|(said, tried)| said < tried) {
                examined.tried_with.clone_from(&preset.tried_with);
            }
        }
        Ok((false, text)) => {
            let said = first_line(&text).map(|line| format!(": {line}")).unwrap_or_default();
            let message = format!("{} does not tell its version{said}", program.display());
            examined.findings.push(Finding { what: "version", message, way_out: preset.install.clone() });
        }
        Err(message) => {
            examined.findings.push(Finding { what: "version", message, way_out: preset.install.clone() });
        }
    }
}

async fn login(subject: &Subject<'_>, preset: &Preset, program: &std::path::Path, examined: &mut Examined) {
    let login = &preset.login;
    let set =
        |name: &String| subject.environment.get(&OsString::from(name)).is_some_and(|value| !value.is_empty());
    let there = |path: &String| {
        in_user_home(path, subject.profile.name.as_str()).is_some_and(|path| PathBuf::from(path).exists())
    };
    if login.variables.iter().any(set) || login.files.iter().any(there) {
        examined.logged_in = Some(true);
        return;
    }
    let mut said = String::new();
    if !login.arguments.is_empty() {
        match ask(subject, program, &login.arguments).await {
            Ok((true, _)) => {
                examined.logged_in = Some(true);
                return;
            }
            Ok((false, text)) => said = text,
            Err(message) => said = message,
        }
    } else if login.variables.is_empty() && login.files.is_empty() {
        return;
    }
    examined.logged_in = Some(false);
    // Warnings come first, the answer last.
    let said = said.lines().rev().find_map(first_line).filter(|line| line.chars().any(char::is_alphabetic));
    let said = said.map(|line| format!(" ({line})")).unwrap_or_default();
    examined.findings.push(Finding {
        what: "login",
        message: format!("{} is not logged in{said}", subject.profile.runner()),
        way_out: login.help.clone(),
    });
}

/// The numbers of the first version in a text: `codex-cli 0.169.0` has 0, 169 and 0.
fn numbers(text: &str) -> Option<Vec<u64>> {
    let dotted = text.split(|char: char| !char.is_ascii_digit() && char != '.');
    let version = dotted.map(|word| word.trim_matches('.')).find(|word| word.contains('.'))?;
    version.split('.').map(|number| number.parse().ok()).collect()
}

fn first_line(text: &str) -> Option<String> {
    let line = text.lines().map(str::trim).find(|line| !line.is_empty())?;
    Some(line.chars().filter(|char| !char.is_control()).take(120).collect())
}

/// Asks a program; whether it succeeded, and what it said first on its standard output, else on standard error.
async fn ask(
    subject: &Subject<'_>,
    program: &std::path::Path,
    arguments: &[String],
) -> Result<(bool, String), String> {
    let elements = Template::parse_part(arguments).map_err(|error| error.to_string())?;
    let arguments = elements.fill(|_| None).map_err(|error| error.to_string())?;
    let mut command = tokio::process::Command::new(program);
    command.args(arguments).env_clear().envs(&subject.environment);
    command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped()).kill_on_drop(true);
    let said = tokio::time::timeout(PATIENCE, command.output()).await;
    let output = said
        .map_err(|_| format!("{} does not answer within {} s", program.display(), PATIENCE.as_secs()))?
        .map_err(|error| format!("{} cannot be started: {error}", program.display()))?;
    let text = if output.stdout.trim_ascii().is_empty() { &output.stderr } else { &output.stdout };
    let text = String::from_utf8_lossy(text.get(..4_096).unwrap_or(text)).into_owned();
    Ok((output.status.success(), text))
}

#[cfg(test)]
mod tests {
    use super::numbers;

    #[test]
    fn versions_are_compared_by_their_numbers() {
        assert_eq!(numbers("codex-cli 0.169.0"), Some(vec![0, 169, 0]));
        assert_eq!(numbers("v2.1.197 (Claude Code)"), Some(vec![2, 1, 197]));
        assert_eq!(numbers("Hermes Agent v0.19.0."), Some(vec![0, 19, 0]));
        assert_eq!(numbers("unknown"), None);
        assert!(numbers("0.9.1") < numbers("0.10.0"));
    }
}
