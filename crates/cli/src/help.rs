//! The help of the whole program: verbs by what they are for.

use std::fmt::Write as _;

use clap::Command;

use crate::output::{Look, paint};

/// The verbs, grouped in the order in which a newcomer meets them.
const GROUPS: &[(&str, &[&str])] = &[
    ("Start", &["init", "profile", "boards"]),
    (
        "Plan",
        &[
            "create",
            "specify",
            "decompose",
            "swarm",
            "link",
            "unlink",
            "assign",
            "reassign",
            "edit",
            "attach",
            "detach",
        ],
    ),
    (
        "Look",
        &[
            "list",
            "show",
            "why",
            "context",
            "runs",
            "log",
            "events",
            "tail",
            "watch",
            "hosts",
            "stats",
            "assignees",
            "attachments",
            "diagnostics",
        ],
    ),
    ("Run", &["dispatch", "serve", "service", "token", "notify", "mcp", "stop", "pause", "resume"]),
    (
        "Work by hand, or as a worker",
        &[
            "claim",
            "heartbeat",
            "comment",
            "complete",
            "block",
            "request-review",
            "approve",
            "request-changes",
        ],
    ),
    (
        "Decide",
        &[
            "unblock",
            "promote",
            "hold",
            "schedule",
            "triage",
            "reclaim",
            "reopen",
            "set-status",
            "archive",
            "delete",
        ],
    ),
    ("Keep", &["doctor", "backup", "restore", "import", "gc", "recompute", "bench"]),
    ("Help", &["completions", "man", "exit-codes", "help"]),
];

/// The command with its verbs in groups.
pub(crate) fn grouped(command: Command) -> Command {
    let verbs = verbs(&command);
    let heading = |text: &str| paint(Look::Heading, text);
    let template = format!(
        "{{about-with-newline}}\n{} {{usage}}\n\n{verbs}\n{}\n{{options}}{{after-help}}",
        heading("Usage:"),
        heading("Options:")
    );
    command.help_template(template)
}

fn verbs(command: &Command) -> String {
    let known: Vec<(&str, String)> = command
        .get_subcommands()
        .filter(|verb| verb.get_name() != "help")
        .map(|verb| {
            let aliases: Vec<&str> = verb.get_visible_aliases().collect();
            let about = verb.get_about().map(ToString::to_string).unwrap_or_default();
            let alias = if aliases.is_empty() { String::new() } else { format!(" [{}]", aliases.join(", ")) };
            (verb.get_name(), format!("{about}{alias}"))
        })
        .chain([("help", "Show this, or the help of a verb".to_owned())])
        .collect();
    let widest = known.iter().map(|(name, _)| name.len()).max().unwrap_or(0);
    let mut out = String::new();
    for (group, names) in GROUPS {
        // Writing to a `String` cannot fail.
        let _ = writeln!(out, "{}", paint(Look::Heading, &format!("{group}:")));
        for (name, about) in names.iter().filter_map(|name| known.iter().find(|(known, _)| known == name)) {
            let blanks = " ".repeat(widest - name.len());
            let _ = writeln!(out, "  {}{blanks}  {about}", paint(Look::Name, name));
        }
        out.push('\n');
    }
    out.trim_end_matches('\n').to_owned() + "\n"
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_verb_stands_in_one_group() {
        let command = crate::args::command();
        let mut verbs: Vec<&str> =
            command.get_subcommands().filter(|verb| !verb.is_hide_set()).map(Command::get_name).collect();
        verbs.push("help");
        let mut grouped: Vec<&str> = GROUPS.iter().flat_map(|(_, names)| names.iter().copied()).collect();
        verbs.sort_unstable();
        verbs.dedup();
        grouped.sort_unstable();
        assert_eq!(grouped, verbs);
    }
}
