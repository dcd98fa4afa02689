//! `cargo xtask fuzz`: parsers and transitions against input that nobody thought of.

use crate::failure::Failure;
use crate::shell;

const SECONDS: u32 = 60;

/// Fuzzes `[target] [seconds]`: one target, or all of them in turn.
pub(crate) fn run(args: &[String]) -> Result<(), Failure> {
    let (target, seconds) = parse(args)?;
    let toolchains: [fn(&[&str]) -> std::process::Command; 2] = [nightly, stable];
    let Some(cargo) = toolchains.into_iter().find(|cargo| shell::succeeds(cargo(&["fuzz", "--version"])))
    else {
        return Err(Failure::Usage(
            "fuzzing needs cargo-fuzz: `cargo install --locked cargo-fuzz`".to_owned(),
        ));
    };
    let targets = match target {
        Some(target) => vec![target],
        None => {
            let listed = shell::output(cargo(&["fuzz", "list"]))?;
            String::from_utf8_lossy(&listed).lines().map(str::to_owned).collect()
        }
    };
    let limit = format!("-max_total_time={seconds}");
    targets.iter().try_for_each(|target| shell::run(cargo(&["fuzz", "run", target, "--", &limit])))
}

fn parse(args: &[String]) -> Result<(Option<String>, u32), Failure> {
    let seconds = |text: &String| {
        text.parse().map_err(|_| Failure::Usage(format!("`{text}` is not a number of seconds to fuzz for")))
    };
    match args {
        [] => Ok((None, SECONDS)),
        [one] if one.bytes().all(|byte| byte.is_ascii_digit()) => Ok((None, seconds(one)?)),
        [target] => Ok((Some(target.clone()), SECONDS)),
        [target, time] => Ok((Some(target.clone()), seconds(time)?)),
        [_, _, extra, ..] => {
            Err(Failure::Usage(format!("`{extra}` is one argument too many: fuzz [target] [seconds]")))
        }
    }
}

/// The nightly toolchain is chosen by rustup's own `cargo`, not by the one that runs this program.
fn nightly(args: &[&str]) -> std::process::Command {
    let mut command = shell::command("cargo", &["+nightly"]);
    command.args(args).env_remove("RUSTUP_TOOLCHAIN").env_remove("CARGO");
    command
}

/// Where there is no nightly toolchain the stable one takes the options of the sanitizer, too, when it is told to.
fn stable(args: &[&str]) -> std::process::Command {
    let mut command = shell::cargo(args);
    command.env("RUSTC_BOOTSTRAP", "1");
    command
}

#[cfg(test)]
mod tests {
    use super::*;

    fn words(line: &str) -> Vec<String> {
        line.split_whitespace().map(str::to_owned).collect()
    }

    #[test]
    fn a_lone_number_is_a_time_and_a_lone_word_is_a_target() {
        assert_eq!(parse(&words("5")).unwrap(), (None, 5));
        assert_eq!(parse(&words("config")).unwrap(), (Some("config".to_owned()), SECONDS));
        assert_eq!(parse(&words("config 5")).unwrap(), (Some("config".to_owned()), 5));
    }

    #[test]
    fn a_time_that_is_no_number_is_named() {
        let refusal = parse(&words("config soon")).unwrap_err().to_string();
        assert!(refusal.contains("soon"), "{refusal}");
    }
}
