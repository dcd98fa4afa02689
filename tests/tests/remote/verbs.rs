//! A verb says and does the same wherever it is run: by itself, by the server of its home, by a server far away.

use std::collections::BTreeSet;

use andon_tests::{Answer, House, wait_for};

use super::served::Served;

/// One command line after the other, each on a board of its own three times. `{0}` is the first task that was created.
const LINES: &[&str] = &[
    "create first --priority 3",
    "create second --parent {0} --assignee sh --json",
    "create third --at 2031-01-31T09:00:00Z",
    "create no --assignee nobody",
    "create",
    "list",
    "list --json",
    "ls --status redy",
    "show {1}",
    "show {0} --json",
    "show t_00000000",
    "why {1}",
    "why {1} --json",
    "context {1}",
    "runs {0}",
    "log {0}",
    "events --json",
    "tail {0} --no-follow --json",
    "hosts --json",
    "notify list --json",
    "notify add nowhere",
    "stats --json",
    "assignees --json",
    "assign {0} sh",
    "reassign {0} none",
    "link {0} {2}",
    "link {2} {0}",
    "unlink {0} {2}",
    "edit {0} --title changed",
    "comment {0} a word --json",
    "comment {0}",
    "claim {0} --json",
    "heartbeat {0}",
    "reclaim {0}",
    "block {0} a question",
    "unblock {0}",
    "schedule {0} --at 2031-01-31T09:00:00Z",
    "promote {0}",
    "hold {1}",
    "triage {2}",
    "specify {2} --body more",
    "request-review {0}",
    "approve {0}",
    "request-changes {0} no",
    "complete {0} {1} t_00000000",
    "complete {0} {1} t_00000000 --json",
    "reopen {0}",
    "set-status {0} done",
    "stop {0}",
    "archive {1}",
    "delete {1}",
    "swarm goal --worker sh:part --verifier sh --synthesizer sh",
    "pause a reason",
    "resume --json",
    "recompute",
    "attach {0} nowhere.txt",
    "attachments {0} --json",
    "attachments get {0} nothing",
    "detach {0} nothing",
    "diagnostics",
    "boards show {board} --json",
    "profile list",
    "doctor --json",
    "backup --json",
    "gc --json",
    "bench fill --tasks 3",
    "import hermes nowhere.db",
    "token list",
    "exit-codes",
    "completions bash",
    "man",
    "no-such-verb",
];

/// Verbs that run where the boards are alone, each with a line that would start it.
const ELSEWHERE: &[&str] = &[
    "init",
    "dispatch --once",
    "service install --print",
    "serve",
    "mcp",
    "restore nowhere",
    "doctor --repair",
    "backup there",
];

/// Verbs that other tests follow or feed.
const BESIDE: &[&str] = &["watch", "decompose", "help"];

/// The board of each way.
const BOARDS: [&str; 3] = ["ones", "near", "afar"];

/// One way to run commands.
struct Side<'a> {
    house: &'a House,
    board: &'static str,
    /// `ANDON_SERVER`.
    server: Option<String>,
    tasks: Vec<String>,
}

impl Side<'_> {
    fn run(&mut self, line: &str) -> (i32, String, String) {
        let mut line = line.replace("{board}", self.board);
        for (number, task) in self.tasks.iter().enumerate() {
            line = line.replace(&format!("{{{number}}}"), task);
        }
        let mut command = self.house.command();
        command
            .args(["--board", self.board])
            .args(line.split(' '))
            .envs(self.server.as_ref().map(|url| ("ANDON_SERVER", url)));
        let answer = House::answer(command);
        if line.starts_with("create") && answer.code == 0 {
            let start = answer.stdout.find("t_").unwrap();
            self.tasks.push(answer.stdout[start..start + 10].to_owned());
        }
        (answer.code, Self::plain(&answer.stdout), Self::plain(&answer.stderr))
    }

    /// Without what differs from board to board and from moment to moment: ids, times, counts of milliseconds.
    fn plain(text: &str) -> String {
        let text = BOARDS.iter().fold(text.to_owned(), |text, board| text.replace(board, "BOARD"));
        let mut plain = String::new();
        let mut word = String::new();
        for letter in text.chars().chain(['\n']) {
            if letter.is_ascii_alphanumeric() || letter == '_' {
                word.push(letter);
                continue;
            }
            let id = word.starts_with("t_") || word.contains(|c: char| c.is_ascii_digit());
            plain.push_str(if id { "#" } else { &word });
            word.clear();
            // Columns are as wide as what stands in them.
            if letter != ' ' || !plain.ends_with(' ') {
                plain.push(letter);
            }
        }
        // What is a moment old here may be a little older there.
        plain.replace("# ago", "now")
    }
}

#[test]
fn a_verb_says_and_does_the_same_by_itself_by_the_socket_and_by_a_server() {
    let house = House::new();
    let served = Served::start(&house);
    let side = |board: &'static str, server: Option<&str>| {
        let _ = house.andon(["boards", "create", board, "--name", "x"]).exits(0);
        // Until the server has looked at a board, `why` says that no dispatcher has.
        wait_for("the server looks at the board", || {
            let hosts = house.json(["--board", board, "hosts"]);
            hosts.as_array().is_some_and(|hosts| !hosts.is_empty()).then_some(())
        });
        Side { house: &house, board, server: server.map(str::to_owned), tasks: Vec::new() }
    };
    let mut sides = [side(BOARDS[0], Some("off")), side(BOARDS[1], None), side(BOARDS[2], Some(&served.url))];
    for line in LINES {
        let [direct, near, far] = sides.each_mut().map(|side| side.run(line));
        assert_eq!(near, direct, "{line}: the socket beside itself");
        if *line == "import hermes nowhere.db" {
            assert_eq!(far.0, 2, "{far:?}");
            continue;
        }
        assert_eq!(far, direct, "{line}: a server beside itself");
    }
    for line in ELSEWHERE {
        let words: Vec<&str> = line.split(' ').chain(["--json"]).collect();
        let refused: Answer = served.andon(&house, &words).exits(2);
        assert_eq!(refused.error_code(), "verb_elsewhere", "{line}: {}", refused.stderr);
    }
    house.healthy();
}

#[test]
fn every_verb_of_the_help_is_run_from_elsewhere_by_some_test() {
    let help = House::new().andon(["--help"]).ok();
    let help = help.split("Exit codes:").next().unwrap();
    let lines = help.lines().filter(|line| line.starts_with("  ") && !line.starts_with("   "));
    let verbs: BTreeSet<&str> = lines
        .filter_map(|line| line.split_whitespace().next())
        .filter(|word| {
            word.chars().all(|letter| letter.is_ascii_lowercase() || letter == '-') && !word.starts_with('-')
        })
        .collect();
    assert!(verbs.contains("create") && verbs.contains("exit-codes"), "{verbs:?}");
    let tried = LINES.iter().chain(ELSEWHERE).chain(BESIDE).filter_map(|line| line.split(' ').next());
    let tried: BTreeSet<&str> = tried.collect();
    let untried: Vec<&&str> = verbs.difference(&tried).collect();
    assert!(untried.is_empty(), "no test runs these from elsewhere: {untried:?}");
}
