//! The runners that are built in.

/// Name and text of each, in the order in which people read them.
pub const BUILT_IN: &[(&str, &str)] = &[
    ("agent", include_str!("presets/agent.toml")),
    ("claude", include_str!("presets/claude.toml")),
    ("codex", include_str!("presets/codex.toml")),
    ("gemini", include_str!("presets/gemini.toml")),
    ("opencode", include_str!("presets/opencode.toml")),
    ("hermes", include_str!("presets/hermes.toml")),
];

/// A built-in runner as it would stand in `config.toml`.
#[must_use]
pub fn as_configuration(name: &str) -> Option<String> {
    let (name, text) = BUILT_IN.iter().find(|(known, _)| *known == name)?;
    let mut whole = format!("[runners.{name}]\n");
    for line in text.lines() {
        if let Some(table) = line.strip_prefix('[') {
            whole.push_str(&format!("[runners.{name}.{table}"));
        } else {
            whole.push_str(line);
        }
        whole.push('\n');
    }
    Some(whole)
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use super::*;
    use crate::runner::{Preset, Runners};

    #[test]
    fn every_runner_that_is_built_in_reads_without_a_mistake() {
        for (name, text) in BUILT_IN {
            let preset = Preset::read(Path::new(name), text).unwrap_or_else(|problems| panic!("{problems}"));
            assert!(preset.description.is_some() && preset.install.is_some(), "{name}");
        }
    }

    #[test]
    fn runners_say_the_versions_that_the_tests_install() {
        let pinned = concat!(
            include_str!("../../../../tests/node/package.json"),
            include_str!("../../../../tests/python/requirements.txt")
        );
        for (name, text) in BUILT_IN {
            let preset = Preset::read(Path::new(name), text).unwrap();
            if let Some(tried) = preset.tried_with {
                let there = [format!("\"{tried}\""), format!("hermes-agent=={tried}\n")];
                assert!(there.iter().any(|pin| pinned.contains(pin)), "{name} {tried}");
            }
        }
    }

    #[test]
    fn what_a_built_in_runner_says_can_stand_in_a_configuration() {
        for (name, _) in BUILT_IN {
            let text = as_configuration(name).unwrap();
            let (own, problems) = Runners::read(Path::new("config.toml"), &text);
            assert!(problems.0.is_empty(), "{problems}");
            assert_eq!(own.get(name), Runners::default().get(name));
            assert!(own.is_own(name));
        }
    }
}
