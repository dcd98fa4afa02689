//! Where each verb may run, and what it asks of its caller: one table. A verb that is not in it is found by a test.

use andon_server::http::Access;
use clap::ArgMatches;
use clap::parser::ValueSource;

/// Where a verb may run.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Reach {
    /// Where it is typed, whatever server is named: it needs no board.
    Own,
    /// Only on the machine of the boards; why.
    Here(&'static str),
    /// In any server's process, for a caller who may do this.
    Served(Access),
    /// There too; and where a server serves this home, in its process rather than in one of its own, so that what it writes
    /// joins the commits of the others.
    Shared(Access),
}

const PROCESSES: &str = "it works with the processes of the machine where the boards are";
const FILES: &str = "it reads or writes files of the machine where the boards are";

macro_rules! rules {
    ($($reach:expr => $($path:literal),+ ;)+) => {
        /// Every verb, by its words.
        const RULES: &[(&str, Reach)] = &[$($(($path, $reach),)+)+];
    };
}

rules! {
    Reach::Own => "completions", "man", "exit-codes";
    Reach::Here(PROCESSES) => "dispatch", "serve", "service install", "mcp";
    Reach::Here(FILES) => "init", "restore", "import hermes", "boards copy";
    Reach::Served(Access::BoardRead) => "list", "show", "why", "context", "runs", "log", "events", "tail", "watch", "hosts",
        "stats", "assignees", "attachments", "attachments get", "diagnostics", "notify list";
    Reach::Served(Access::Known) => "profile", "profile list", "profile show", "profile runners";
    Reach::Served(Access::HomeRead) => "notify channels", "boards", "boards list", "boards show";
    Reach::Served(Access::HomeWrite) => "boards create", "boards rm", "boards delete", "boards switch", "boards rename",
        "boards set-default-workdir", "boards edit", "profile create", "profile edit", "profile describe", "profile rm", "profile export",
        "profile install", "token create", "token list", "token revoke", "token url", "doctor", "backup", "gc", "notify test";
    Reach::Shared(Access::BoardWork) => "create", "comment", "complete", "block", "heartbeat", "request-review", "approve",
        "request-changes", "link", "unlink", "assign", "reassign", "unblock", "schedule";
    Reach::Served(Access::BoardWork) => "attach", "pause";
    Reach::Shared(Access::BoardWrite) => "edit", "specify", "decompose", "swarm", "promote", "hold", "triage", "reopen", "set-status";
    Reach::Served(Access::BoardWrite) => "notify add", "notify rm", "notify retry", "claim", "reclaim", "archive", "resume", "recompute", "stop", "delete", "detach",
        "bench fill";
}

/// Options with which a verb may run only on the machine of the boards; why.
const HERE: &[(&str, &str, &str)] =
    &[("doctor", "repair", FILES), ("doctor", "recover", FILES), ("backup", "target", FILES)];

/// Options with which a verb is about every board, and asks for what that needs.
const EVERYWHERE: &[(&str, &str)] = &[("pause", "all"), ("resume", "all"), ("doctor", "all")];

/// Options with which a verb runs where it was typed although a server serves this home: the model that it asks is asked with
/// the key of its own environment.
const WITH_A_MODEL: &[(&str, &str)] =
    &[("specify", "auto"), ("specify", "all"), ("decompose", "auto"), ("decompose", "all")];

/// The words of the verb that a command line names, and its arguments.
pub(crate) fn path_of(matches: &ArgMatches) -> (String, &ArgMatches) {
    let (mut path, mut leaf) = (String::new(), matches);
    while let Some((name, next)) = leaf.subcommand() {
        if !path.is_empty() {
            path.push(' ');
        }
        path.push_str(name);
        leaf = next;
    }
    (path, leaf)
}

/// Where a command line may run. One that no rule knows stays where it was typed.
pub(super) fn reach(matches: &ArgMatches) -> Reach {
    let (path, leaf) = path_of(matches);
    let said = |option: &str| {
        matches!(leaf.try_contains_id(option), Ok(true))
            && leaf.value_source(option) == Some(ValueSource::CommandLine)
    };
    let found = RULES.iter().find(|(known, _)| *known == path).map(|(_, reach)| *reach);
    let here = HERE.iter().find(|(verb, option, _)| *verb == path && said(option));
    if let Some((_, _, why)) = here {
        return Reach::Here(why);
    }
    let everywhere = EVERYWHERE.iter().any(|(verb, option)| *verb == path && said(option));
    match found {
        Some(Reach::Served(_) | Reach::Shared(_)) if everywhere => Reach::Served(Access::HomeWrite),
        Some(Reach::Shared(access))
            if WITH_A_MODEL.iter().any(|(verb, option)| *verb == path && said(option)) =>
        {
            Reach::Served(access)
        }
        Some(reach) => reach,
        None => Reach::Here("no rule says where else it may run"),
    }
}

impl Reach {
    /// Whether it changes anything.
    pub(super) const fn writes(self) -> bool {
        match self {
            Self::Served(access) | Self::Shared(access) => match access {
                Access::HomeWrite | Access::BoardWork | Access::BoardWrite => true,
                Access::Public | Access::Known | Access::HomeRead | Access::BoardRead => false,
            },
            Self::Own | Self::Here(_) => true,
        }
    }
}

/// Whether a command line goes on until nobody listens.
pub(super) fn follows(matches: &ArgMatches) -> bool {
    let (path, leaf) = path_of(matches);
    match path.as_str() {
        "watch" => true,
        "tail" => !leaf.get_flag("no_follow"),
        "events" | "log" => leaf.get_flag("follow"),
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The words of every verb: those with further verbs below them only where they mean something by themselves.
    fn verbs(command: &clap::Command, before: &str, found: &mut Vec<String>) {
        for verb in command.get_subcommands().filter(|verb| verb.get_name() != "help") {
            let path = format!("{before}{}", verb.get_name());
            if !verb.is_subcommand_required_set() {
                found.push(path.clone());
            }
            verbs(verb, &format!("{path} "), found);
        }
    }

    #[test]
    fn every_verb_has_one_rule_and_every_rule_a_verb() {
        let mut found = Vec::new();
        verbs(&crate::args::command(), "", &mut found);
        let mut ruled: Vec<&str> = RULES.iter().map(|(path, _)| *path).collect();
        found.sort_unstable();
        ruled.sort_unstable();
        assert_eq!(ruled, found);
    }

    fn reach_of(words: &str) -> Reach {
        let line = ["andon"].into_iter().chain(words.split_whitespace()).map(Into::into);
        reach(&crate::args::parse(&line.collect::<Vec<_>>()).unwrap().matches)
    }

    #[test]
    fn an_option_can_keep_a_verb_at_home_or_ask_for_more() {
        assert_eq!(reach_of("doctor"), Reach::Served(Access::HomeWrite));
        assert_eq!(reach_of("doctor --repair"), Reach::Here(FILES));
        assert_eq!(reach_of("backup /tmp/there"), Reach::Here(FILES));
        assert_eq!(reach_of("pause"), Reach::Served(Access::BoardWork));
        assert_eq!(reach_of("pause --all"), Reach::Served(Access::HomeWrite));
        assert_eq!(reach_of("create x"), Reach::Shared(Access::BoardWork));
        assert_eq!(reach_of("specify t_1 --title x"), Reach::Shared(Access::BoardWrite));
        assert_eq!(reach_of("specify t_1 --auto"), Reach::Served(Access::BoardWrite));
        assert_eq!(reach_of("decompose --all"), Reach::Served(Access::BoardWrite));
    }
}
