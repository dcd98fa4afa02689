//! When an idea may be handed to the model that plans, how often, and when again: **nothing loops**. An attempt is written
//! down before the model is asked, so that a process that dies in the middle of a call has used one up.

use crate::policy::Policy;
use crate::time::Millis;

/// The longest that a provider's `Retry-After` puts an idea off, milliseconds.
const LONGEST_WAIT: i64 = 24 * 3_600_000;
/// No back-off is longer, milliseconds.
const BACKOFF_CAP: i64 = 6 * 3_600_000;

/// How the planning of one idea stands.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Planning {
    /// Attempts so far, the one that is being made included.
    pub attempts: u32,
    /// Until when somebody's call has the idea; it may be over.
    pub held_until: Option<Millis>,
    /// Not again before.
    pub due_at: Option<Millis>,
    /// The stable reason of the last failure.
    pub reason: Option<String>,
    /// Its words.
    pub error: Option<String>,
    /// When this last changed.
    pub at: Millis,
}

/// Whether an idea may be handed to the model.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Turn {
    /// Now.
    Now,
    /// Somebody's call has it until then.
    Held(Millis),
    /// By itself not before.
    Later(Millis),
    /// Not by itself any more: a person has to look.
    Spent,
}

impl Planning {
    /// Whose turn it is. `by_itself`: nobody has asked for it, so that the bound holds; what a person asks for is tried whenever
    /// nobody else has the idea.
    #[must_use]
    pub fn turn(&self, by_itself: bool, policy: &Policy, now: Millis) -> Turn {
        if let Some(until) = self.held_until.filter(|until| *until > now) {
            return Turn::Held(until);
        }
        if !by_itself {
            return Turn::Now;
        }
        if self.attempts >= policy.plan_attempts.max(1) {
            return Turn::Spent;
        }
        match self.due_at.filter(|due| *due > now) {
            Some(due) => Turn::Later(due),
            None => Turn::Now,
        }
    }

    /// Whether it was tried as often as it may be, and nobody is at it.
    #[must_use]
    pub fn is_spent(&self, policy: &Policy, now: Millis) -> bool {
        self.turn(true, policy, now) == Turn::Spent
    }
}

/// When the attempt after the `attempts`th that failed may begin; none: never by itself. `jitter` is 0 to 999 and stretches
/// the back-off by up to a fifth; `asked` is what the provider asks for, milliseconds.
#[must_use]
pub fn after_failure(
    attempts: u32,
    asked: Option<i64>,
    policy: &Policy,
    jitter: u16,
    now: Millis,
) -> Option<Millis> {
    if attempts >= policy.plan_attempts.max(1) {
        return None;
    }
    let mut wait = policy.plan_backoff.max(0);
    for _ in 1..attempts {
        wait = wait.saturating_mul(i64::from(policy.backoff_factor.max(1))).min(BACKOFF_CAP);
    }
    let wait = wait.saturating_add(wait.saturating_mul(i64::from(jitter.min(999))) / 5_000);
    Some(now.plus(wait.max(asked.unwrap_or(0).min(LONGEST_WAIT))))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn policy(attempts: u32) -> Policy {
        Policy { plan_attempts: attempts, plan_backoff: 100, ..Policy::default() }
    }

    #[test]
    fn one_call_at_a_time_has_an_idea_whoever_asks() {
        let held = Planning { attempts: 1, held_until: Some(Millis(50)), ..Planning::default() };
        for by_itself in [true, false] {
            assert_eq!(held.turn(by_itself, &policy(3), Millis(49)), Turn::Held(Millis(50)));
            assert_eq!(held.turn(by_itself, &policy(3), Millis(50)), Turn::Now);
        }
    }

    #[test]
    fn what_nobody_asked_for_ends_at_its_bound() {
        let spent = Planning { attempts: 3, due_at: Some(Millis(0)), ..Planning::default() };
        assert_eq!(spent.turn(true, &policy(3), Millis(9)), Turn::Spent);
        assert_eq!(spent.turn(false, &policy(3), Millis(9)), Turn::Now);
        let waits = Planning { attempts: 2, due_at: Some(Millis(10)), ..Planning::default() };
        assert_eq!(waits.turn(true, &policy(3), Millis(9)), Turn::Later(Millis(10)));
        assert_eq!(waits.turn(true, &policy(3), Millis(10)), Turn::Now);
        assert!(!waits.is_spent(&policy(3), Millis(9)) && spent.is_spent(&policy(3), Millis(9)));
    }

    #[test]
    fn back_offs_grow_honour_the_provider_and_end() {
        let after = |attempts, asked| after_failure(attempts, asked, &policy(4), 0, Millis(0));
        assert_eq!([after(1, None), after(2, None)], [Some(Millis(100)), Some(Millis(400))]);
        assert_eq!(after(1, Some(5_000)), Some(Millis(5_000)));
        assert_eq!(after(3, Some(i64::MAX)), Some(Millis(LONGEST_WAIT)));
        assert_eq!(after(4, None), None);
        let long = Policy { plan_attempts: u32::MAX, ..policy(1) };
        assert_eq!(
            after_failure(1_000, None, &long, 999, Millis(0)).map(|at| at.0 <= BACKOFF_CAP * 6 / 5),
            Some(true)
        );
    }
}
