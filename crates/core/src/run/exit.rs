//! What a worker's exit means. Decided once, by the supervisor.

use super::outcome::Failure;
use crate::task::Phase;
use crate::text_enum::text_enum;

text_enum! {
    /// How a runner's runs end well.
    EndsBy {
        /// Exit 0 is completion: `shell` and `command`.
        Exit => "exit",
        /// The worker must say complete, block or review: agents.
        Protocol => "protocol",
    }
}

/// What the supervisor saw of the process.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ExitFacts {
    /// Its exit code.
    pub code: Option<i32>,
    /// Or the signal that ended it.
    pub signal: Option<i32>,
    /// How this runner ends well.
    pub ends_by: EndsBy,
    /// What the run was for.
    pub phase: Phase,
    /// The supervisor stopped it for `max_runtime`.
    pub timed_out: bool,
    /// The supervisor was told to shut down.
    pub shutting_down: bool,
    /// The last words say that the login was refused.
    pub authentication: bool,
}

/// What the end of the process means for the task.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Ending {
    /// The work is complete.
    Complete,
    /// The review approves.
    Approve,
    /// The review asks for changes.
    RequestChanges,
    /// It failed.
    Failed(Failure),
}

/// `EX_TEMPFAIL`: "rate limited, not my fault" (WK-02).
const RATE_LIMITED: i32 = 75;

/// Classifies an exit.
#[must_use]
pub fn classify(exit: &ExitFacts) -> Ending {
    if exit.timed_out {
        return Ending::Failed(Failure::TimedOut);
    }
    match (exit.code, exit.ends_by, exit.phase) {
        (Some(0), EndsBy::Exit, Phase::Work) => Ending::Complete,
        (Some(0), EndsBy::Exit, Phase::Review) => Ending::Approve,
        _ if exit.shutting_down => Ending::Failed(Failure::Interrupted),
        (Some(0), EndsBy::Protocol, _) => Ending::Failed(Failure::ProtocolViolation),
        (Some(1), EndsBy::Exit, Phase::Review) => Ending::RequestChanges,
        (Some(RATE_LIMITED), _, _) => Ending::Failed(Failure::RateLimited),
        (Some(126 | 127), _, _) => Ending::Failed(Failure::SpawnFailed { missing: true }),
        // Whoever is killed did not end because of what it had said.
        (Some(_), _, _) if exit.authentication && exit.ends_by == EndsBy::Protocol => {
            Ending::Failed(Failure::AuthenticationFailed)
        }
        (Some(_) | None, _, _) => Ending::Failed(Failure::Crashed),
    }
}

/// The sign by which crashes are found alike (SD2-08): exit and last line of stderr, with digits, hexadecimal runs and
/// case masked. No stderr, no fingerprint.
#[must_use]
pub fn fingerprint(code: Option<i32>, signal: Option<i32>, last_stderr_line: Option<&str>) -> Option<String> {
    let line = last_stderr_line.map(str::trim).filter(|line| !line.is_empty())?;
    let mut masked = String::new();
    for word in line.split_whitespace() {
        if !masked.is_empty() {
            masked.push(' ');
        }
        let identifying = word.len() >= 8 && word.bytes().any(|b| b.is_ascii_digit());
        if identifying {
            masked.push('#');
        } else {
            masked
                .extend(word.chars().map(|c| if c.is_ascii_digit() { '#' } else { c.to_ascii_lowercase() }));
        }
    }
    let masked: String = masked.chars().take(80).collect();
    Some(match (code, signal) {
        (_, Some(signal)) => format!("signal {signal}: {masked}"),
        (Some(code), None) => format!("exit {code}: {masked}"),
        (None, None) => format!("gone: {masked}"),
    })
}

/// Whether a worker's last words say that its login was refused. Whole phrases only: `author` is no `auth` (mends Q-08).
#[must_use]
pub fn is_authentication_failure(text: &str) -> bool {
    const PHRASES: &[&str] = &[
        "invalid api key",
        "invalid x-api-key",
        "incorrect api key",
        "authentication_error",
        "authentication failed",
        "401 unauthorized",
        "not logged in",
        "please run /login",
        "credit balance is too low",
        "oauth token has expired",
    ];
    let lower = text.to_lowercase();
    PHRASES.iter().any(|phrase| lower.contains(phrase))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn exit(code: i32, ends_by: EndsBy, phase: Phase) -> Ending {
        classify(&ExitFacts {
            code: Some(code),
            signal: None,
            ends_by,
            phase,
            timed_out: false,
            shutting_down: false,
            authentication: false,
        })
    }

    #[test]
    fn exits_mean_what_the_runner_says() {
        use EndsBy::{Exit, Protocol};
        use Phase::{Review, Work};
        assert_eq!(exit(0, Exit, Work), Ending::Complete);
        assert_eq!(exit(0, Exit, Review), Ending::Approve);
        assert_eq!(exit(1, Exit, Review), Ending::RequestChanges);
        assert_eq!(exit(1, Exit, Work), Ending::Failed(Failure::Crashed));
        assert_eq!(exit(0, Protocol, Work), Ending::Failed(Failure::ProtocolViolation));
        assert_eq!(exit(0, Protocol, Review), Ending::Failed(Failure::ProtocolViolation));
        assert_eq!(exit(75, Protocol, Work), Ending::Failed(Failure::RateLimited));
        assert_eq!(exit(127, Exit, Work), Ending::Failed(Failure::SpawnFailed { missing: true }));
    }

    #[test]
    fn time_out_and_shutdown_are_told_apart_from_crashes() {
        let killed = ExitFacts {
            code: None,
            signal: Some(15),
            ends_by: EndsBy::Exit,
            phase: Phase::Work,
            timed_out: false,
            shutting_down: true,
            authentication: false,
        };
        assert_eq!(classify(&killed), Ending::Failed(Failure::Interrupted));
        assert_eq!(classify(&ExitFacts { timed_out: true, ..killed }), Ending::Failed(Failure::TimedOut));
        assert_eq!(classify(&ExitFacts { shutting_down: false, ..killed }), Ending::Failed(Failure::Crashed));
    }

    #[test]
    fn a_refused_login_is_no_crash_but_only_where_an_agent_says_so() {
        let refused = ExitFacts {
            code: Some(1),
            signal: None,
            ends_by: EndsBy::Protocol,
            phase: Phase::Work,
            timed_out: false,
            shutting_down: false,
            authentication: true,
        };
        assert_eq!(classify(&refused), Ending::Failed(Failure::AuthenticationFailed));
        assert_eq!(
            classify(&ExitFacts { ends_by: EndsBy::Exit, ..refused }),
            Ending::Failed(Failure::Crashed)
        );
        let killed = ExitFacts { code: None, signal: Some(9), ..refused };
        assert_eq!(classify(&killed), Ending::Failed(Failure::Crashed));
        assert!(is_authentication_failure("API error: 401 Unauthorized"));
        assert!(!is_authentication_failure("the author is unknown"));
    }

    #[test]
    fn fingerprints_ignore_what_differs_by_chance() {
        let one = fingerprint(Some(1), None, Some("Error in /tmp/x8812ab99/run.py line 12"));
        let two = fingerprint(Some(1), None, Some("error in /tmp/x7723cc11/run.py line 98"));
        assert_eq!(one, two);
        assert_ne!(one, fingerprint(Some(2), None, Some("error in /tmp/x7723cc11/run.py line 98")));
        assert_eq!(fingerprint(Some(1), None, Some("  ")), None);
        let sign = fingerprint(None, Some(9), Some("Killed worker7 after 12 s: deadbeef42"));
        assert_eq!(sign.as_deref(), Some("signal 9: killed worker# after ## s: #"));
    }
}
