//! How runs end.

use crate::text_enum::text_enum;

text_enum! {
    /// How a run ended (§6).
    Outcome {
        /// The worker finished the task.
        Completed => "completed",
        /// The worker blocked the task.
        Blocked => "blocked",
        /// The worker asked for a review.
        ReviewRequested => "review_requested",
        /// A review approved.
        Approved => "approved",
        /// A review asked for changes.
        ChangesRequested => "changes_requested",
        /// The worker put the task off.
        Scheduled => "scheduled",
        /// Runner, workspace or profile would not start.
        SpawnFailed => "spawn_failed",
        /// Non-zero exit or signal.
        Crashed => "crashed",
        /// Exit without a word where the runner ends by protocol.
        ProtocolViolation => "protocol_violation",
        /// `max_runtime` or iteration budget.
        TimedOut => "timed_out",
        /// Exit 75.
        RateLimited => "rate_limited",
        /// The lease expired.
        Lost => "lost",
        /// No progress.
        Stale => "stale",
        /// Shutdown or reboot.
        Interrupted => "interrupted",
        /// A person took it back.
        Reclaimed => "reclaimed",
        /// A person stopped it.
        Cancelled => "cancelled",
        /// The run never started a worker: the startup guard failed.
        StoodDown => "stood_down",
    }
}

/// The endings that nobody asked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Failure {
    /// Runner, workspace or profile would not start.
    SpawnFailed {
        /// Exit 126/127 or a profile that is nowhere: no retry can help.
        missing: bool,
    },
    /// Non-zero exit, a signal.
    Crashed,
    /// The provider refused the login: a `capability`, not a failure to retry (mends Q-08).
    AuthenticationFailed,
    /// Exit 0 without a word.
    ProtocolViolation,
    /// Over the time or the budget.
    TimedOut,
    /// Exit 75.
    RateLimited,
    /// Lease expired.
    Lost,
    /// No progress.
    Stale,
    /// Shutdown or reboot.
    Interrupted,
}

impl Failure {
    /// Every failure, for tables and tests.
    pub const ALL: &'static [Self] = &[
        Self::SpawnFailed { missing: false },
        Self::SpawnFailed { missing: true },
        Self::Crashed,
        Self::AuthenticationFailed,
        Self::ProtocolViolation,
        Self::TimedOut,
        Self::RateLimited,
        Self::Lost,
        Self::Stale,
        Self::Interrupted,
    ];

    /// The outcome that the run gets.
    #[must_use]
    pub const fn outcome(self) -> Outcome {
        match self {
            Self::SpawnFailed { .. } => Outcome::SpawnFailed,
            Self::Crashed | Self::AuthenticationFailed => Outcome::Crashed,
            Self::ProtocolViolation => Outcome::ProtocolViolation,
            Self::TimedOut => Outcome::TimedOut,
            Self::RateLimited => Outcome::RateLimited,
            Self::Lost => Outcome::Lost,
            Self::Stale => Outcome::Stale,
            Self::Interrupted => Outcome::Interrupted,
        }
    }

    /// Whether the same outcome is worth a count in `consecutive_failures`.
    #[must_use]
    pub const fn counts(self) -> bool {
        match self {
            Self::SpawnFailed { .. }
            | Self::Crashed
            | Self::AuthenticationFailed
            | Self::ProtocolViolation
            | Self::TimedOut => true,
            Self::RateLimited | Self::Lost | Self::Stale | Self::Interrupted => false,
        }
    }
}
