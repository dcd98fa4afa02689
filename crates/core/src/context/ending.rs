//! What a worker does to end its run.

use crate::run::EndsBy;
use crate::task::Phase;

/// The commands need no id: inside a run they act for it.
pub(super) const fn text(ends_by: EndsBy, phase: Phase) -> &'static str {
    match (ends_by, phase) {
        (EndsBy::Protocol, Phase::Work) => {
            "\
End the run with exactly one of these commands, then exit. They know your run. An exit without one of them is a failure.

- `andon complete --summary \"<what is done, for whoever goes on from here>\"`; add `--metadata '<JSON object>'` for programs
- `andon request-review --summary \"<what to look at>\"` when somebody has to judge it first
- `andon block --kind <kind> \"<what is missing>\"` when you cannot go on: `needs_input` for a question to a person,
  `capability` for a missing right, tool or login, `transient` for an outside failure, `dependency` with `--on <task>`

On the way: `andon heartbeat --note \"<where you are>\"`, `andon comment \"<a finding>\"`, `andon create \"<a follow-up>\"`.
"
        }
        (EndsBy::Protocol, Phase::Review) => {
            "\
This run reviews the work of another; it does not do it again. End it with exactly one of these commands, then exit.
They know your run. An exit without one of them is a failure.

- `andon approve --summary \"<what you checked>\"`
- `andon request-changes \"<what has to change, and why>\"`
- `andon block --kind needs_input \"<the question>\"` when a person has to decide
"
        }
        (EndsBy::Exit, Phase::Work) => {
            "\
The run ends with its process. Exit code 0 completes the task, 75 says that a rate limit stopped it, any other is a failure.
The handoff is the JSON object in the file `$ANDON_RESULT` (`summary`, `metadata`, `artifacts`: a list of paths), else the
last line of the output.

When the task cannot be completed, say so before the exit: `andon block --kind needs_input \"<the question>\"`, or
`andon request-review --summary \"<what to look at>\"`.
"
        }
        (EndsBy::Exit, Phase::Review) => {
            "\
This run reviews the work of another, and ends with its process. Exit code 0 approves, 1 requests changes, 75 says that a
rate limit stopped it, any other is a failure. The reasons are the `summary` in the JSON object in the file `$ANDON_RESULT`,
else the last line of the output. `andon block --kind needs_input \"<the question>\"` before the exit asks a person.
"
        }
    }
}
