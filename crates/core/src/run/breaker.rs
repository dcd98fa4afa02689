//! The failure policy (§6): what an ending counts, when the next attempt may start, when it is enough.
//!
//! Counter, back-off and breaker are decided together and written in the run's own last transaction, so that no attempt
//! can start before the one before it has been counted (mends SD1-02, Q-04, Q-06).

use super::outcome::Failure;
use crate::policy::Policy;
use crate::task::{BlockKind, Counters};
use crate::time::Millis;

/// What becomes of a task whose run failed.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Verdict {
    /// The counters, this failure included.
    pub counters: Counters,
    /// What to do next.
    pub next: Next,
}

/// The next thing after a failure.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Next {
    /// Again, not before this time.
    RetryAt(Millis),
    /// Stop: a person must look.
    Block {
        /// As what.
        kind: BlockKind,
        /// How often it failed so.
        count: u32,
        /// The limit that tripped.
        limit: u32,
    },
}

/// Judges one failure.
///
/// `max_retries` is the task's own limit (DM-29); `systemic` says that several tasks of the profile failed alike;
/// `jitter` is 0 to 999 and stretches the back-off by up to a fifth.
#[must_use]
pub fn judge(
    counters: &Counters,
    failure: Failure,
    systemic: bool,
    max_retries: Option<u32>,
    policy: &Policy,
    now: Millis,
    jitter: u16,
) -> Verdict {
    let mut counters = counters.clone();
    let (count, limit) = match failure {
        Failure::SpawnFailed { .. }
        | Failure::Crashed
        | Failure::AuthenticationFailed
        | Failure::ProtocolViolation
        | Failure::TimedOut => {
            counters.failures = counters.failures.saturating_add(1);
            (counters.failures, failure_limit(failure, systemic, max_retries, policy))
        }
        Failure::RateLimited => {
            counters.rate_limits = counters.rate_limits.saturating_add(1);
            (counters.rate_limits, policy.rate_limit_limit)
        }
        Failure::Lost | Failure::Stale => {
            counters.reclaims = counters.reclaims.saturating_add(1);
            (counters.reclaims, policy.reclaim_limit)
        }
        Failure::Interrupted => {
            counters.interruptions = counters.interruptions.saturating_add(1);
            (counters.interruptions, policy.interruption_limit)
        }
    };
    let limit = limit.max(1);
    let next = match failure {
        Failure::SpawnFailed { missing: true } | Failure::AuthenticationFailed => {
            Next::Block { kind: BlockKind::Capability, count, limit }
        }
        Failure::SpawnFailed { missing: false }
        | Failure::Crashed
        | Failure::ProtocolViolation
        | Failure::TimedOut
        | Failure::RateLimited
        | Failure::Lost
        | Failure::Stale
        | Failure::Interrupted => {
            if count >= limit {
                Next::Block { kind: BlockKind::GaveUp, count, limit }
            } else {
                Next::RetryAt(now.plus(backoff(count, policy, jitter)))
            }
        }
    };
    Verdict { counters, next }
}

/// The limit for failures that count, resolved once for every path (mends ): the task's own, else the
/// configured one, and never more than the failure's own.
fn failure_limit(failure: Failure, systemic: bool, max_retries: Option<u32>, policy: &Policy) -> u32 {
    let general = max_retries.unwrap_or(policy.failure_limit);
    if systemic {
        1
    } else if failure == Failure::ProtocolViolation {
        general.min(policy.protocol_violation_limit)
    } else {
        general
    }
}

/// Milliseconds to wait before attempt `count + 1`: 1 s, 4 s, 16 s … up to the cap (SD1-03), stretched by up to 20 %.
#[must_use]
pub fn backoff(count: u32, policy: &Policy, jitter: u16) -> i64 {
    let factor = i64::from(policy.backoff_factor.max(1));
    let mut wait = policy.backoff_base.max(0);
    for _ in 1..count {
        wait = wait.saturating_mul(factor);
        if wait >= policy.backoff_cap {
            break;
        }
    }
    let wait = wait.min(policy.backoff_cap);
    wait.saturating_add(wait.saturating_mul(i64::from(jitter.min(999))) / 5_000)
}

/// Milliseconds that a profile cools down after its `count`th rate limit in a row (300 s, doubling to 1 h).
#[must_use]
pub fn cooldown(count: u32, policy: &Policy) -> i64 {
    let doublings = count.saturating_sub(1).min(30);
    policy.rate_limit_cooldown.saturating_mul(1 << doublings).min(policy.rate_limit_cooldown_cap)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(counters: &Counters, failure: Failure, systemic: bool, own: Option<u32>) -> Verdict {
        judge(counters, failure, systemic, own, &Policy::default(), Millis(0), 0)
    }

    #[test]
    fn back_off_grows_fourfold_to_its_cap() {
        let policy = Policy::default();
        let waits: Vec<i64> = (1..=7).map(|count| backoff(count, &policy, 0)).collect();
        assert_eq!(waits, [1_000, 4_000, 16_000, 64_000, 256_000, 900_000, 900_000]);
        assert!(backoff(1, &policy, 999) < 1_200 && backoff(1, &policy, 999) > 1_190);
        assert_eq!(backoff(u32::MAX, &policy, 0), 900_000);
    }

    #[test]
    fn the_breaker_trips_at_the_limit_and_not_before() {
        let first = at(&Counters::default(), Failure::Crashed, false, None);
        assert_eq!(first.next, Next::RetryAt(Millis(1_000)));
        let second = at(&first.counters, Failure::Crashed, false, None);
        assert_eq!(second.next, Next::Block { kind: BlockKind::GaveUp, count: 2, limit: 2 });
    }

    #[test]
    fn a_failure_of_its_own_limit_beats_the_tasks_patience() {
        let none = Counters::default();
        let trips = |verdict: Verdict| matches!(verdict.next, Next::Block { .. });
        assert!(trips(at(&none, Failure::ProtocolViolation, false, Some(10))));
        assert!(trips(at(&none, Failure::Crashed, true, Some(10))));
        assert!(trips(at(&none, Failure::Crashed, false, Some(1))));
        assert!(!trips(at(&none, Failure::Crashed, false, Some(3))));
    }

    #[test]
    fn what_is_missing_blocks_as_capability_at_once() {
        for failure in [Failure::SpawnFailed { missing: true }, Failure::AuthenticationFailed] {
            let verdict = at(&Counters::default(), failure, false, Some(10));
            assert!(matches!(verdict.next, Next::Block { kind: BlockKind::Capability, .. }));
        }
    }

    #[test]
    fn every_failure_is_bounded() {
        for failure in Failure::ALL {
            let mut counters = Counters::default();
            let attempts = (1..=1_000).find(|_| {
                let verdict = at(&counters, *failure, false, None);
                counters = verdict.counters;
                matches!(verdict.next, Next::Block { .. })
            });
            assert!(attempts.is_some_and(|attempts| attempts <= 20), "{failure:?}: {attempts:?}");
        }
    }

    #[test]
    fn cool_downs_double_to_an_hour() {
        let policy = Policy::default();
        assert_eq!(
            [1, 2, 4, 5, 99].map(|n| cooldown(n, &policy)),
            [300_000, 600_000, 2_400_000, 3_600_000, 3_600_000]
        );
    }
}
