//! Leases: who may execute a run, until when, and what a run that lost its lease may still do: nothing.

use crate::id::RunId;
use crate::policy::Policy;
use crate::text_enum::text_enum;
use crate::time::Millis;

/// What the board knows of a run.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct RunFacts {
    /// The run.
    pub run: RunId,
    /// When it was fenced: it can change nothing any more.
    pub ended_at: Option<Millis>,
    /// The run ended by its own word, and may finish up.
    pub ended_by_self: bool,
    /// When its process tree was gone. Fenced is not dead.
    pub reaped_at: Option<Millis>,
}

/// What the board knows of a lease.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct LeaseFacts {
    /// When it runs out.
    pub expires_at: Millis,
    /// How long each renewal lasts, milliseconds.
    pub ttl: i64,
    /// Whether it was extended after it ran out, its holder being alive.
    pub extended: bool,
}

text_enum! {
    /// The answer to a renewal.
    Renewal {
        /// Go on.
        Ok => "ok",
        /// The run ended itself: finish and exit within the grace.
        EndedBySelf => "ended_by_self",
        /// Stop now.
        Fenced => "fenced",
    }
}

/// Answers a renewal. A run that is unknown is fenced. An expired lease that nobody has taken away is renewed: slow is
/// not dead.
#[must_use]
pub fn renewal(run: Option<&RunFacts>, policy: &Policy, now: Millis) -> Renewal {
    match run {
        None => Renewal::Fenced,
        Some(run) => match (run.ended_at, run.ended_by_self) {
            (None, _) => Renewal::Ok,
            (Some(ended), true) if now.since(ended) <= policy.finish_grace => Renewal::EndedBySelf,
            (Some(_), _) => Renewal::Fenced,
        },
    }
}

text_enum! {
    /// What to do about a lease that may have run out.
    Expiry {
        /// It has not.
        Live => "live",
        /// Its supervisor lives on this host: extend once (SD2-40).
        Extend => "extend",
        /// End the run as lost.
        Lost => "lost",
    }
}

/// Judges a lease. `holder_alive` is what this host knows of the supervisor; none when it is another host's.
#[must_use]
pub fn expiry(lease: &LeaseFacts, holder_alive: Option<bool>, now: Millis) -> Expiry {
    if holder_alive == Some(false) {
        return Expiry::Lost;
    }
    if now <= lease.expires_at {
        return Expiry::Live;
    }
    match (holder_alive, lease.extended) {
        (Some(true), false) => Expiry::Extend,
        (Some(true), true) | (Some(false) | None, _) => Expiry::Lost,
    }
}

text_enum! {
    /// Why a supervisor stands down without starting anything (SD4-01..06).
    StandDown {
        /// The run is not on the board.
        UnknownRun => "unknown_run",
        /// The run has ended.
        RunEnded => "run_ended",
        /// The task has another run, or none.
        Superseded => "superseded",
        /// The secret does not match, or is missing or malformed.
        WrongToken => "wrong_token",
        /// Another supervisor holds it.
        Taken => "taken",
        /// The cord was pulled between the claim and the start.
        Paused => "paused",
    }
}

/// The startup guard's answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Guard {
    /// Start.
    Go,
    /// Exit benignly: no process, no failure counted, no newer run touched.
    StandDown(StandDown),
}

/// The startup guard: the task is running, its current run is this run, the secret matches, nobody else holds it.
#[must_use]
pub fn guard(
    run: Option<&RunFacts>,
    current_run: Option<&RunId>,
    token_matches: bool,
    held_by_other: bool,
) -> Guard {
    let Some(run) = run else { return Guard::StandDown(StandDown::UnknownRun) };
    if !token_matches {
        Guard::StandDown(StandDown::WrongToken)
    } else if run.ended_at.is_some() {
        Guard::StandDown(StandDown::RunEnded)
    } else if current_run != Some(&run.run) {
        Guard::StandDown(StandDown::Superseded)
    } else if held_by_other {
        Guard::StandDown(StandDown::Taken)
    } else {
        Guard::Go
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn run(ended_at: Option<i64>, ended_by_self: bool) -> RunFacts {
        RunFacts {
            run: "01ARZ3NDEKTSV4RRFFQ69G5FAV".parse().unwrap(),
            ended_at: ended_at.map(Millis),
            ended_by_self,
            reaped_at: None,
        }
    }

    #[test]
    fn renewals_tell_finishing_from_fenced() {
        let policy = Policy::default();
        assert_eq!(renewal(Some(&run(None, false)), &policy, Millis(9)), Renewal::Ok);
        assert_eq!(renewal(Some(&run(Some(0), true)), &policy, Millis(30_000)), Renewal::EndedBySelf);
        assert_eq!(renewal(Some(&run(Some(0), true)), &policy, Millis(30_001)), Renewal::Fenced);
        assert_eq!(renewal(Some(&run(Some(0), false)), &policy, Millis(1)), Renewal::Fenced);
        assert_eq!(renewal(None, &policy, Millis(1)), Renewal::Fenced);
    }

    #[test]
    fn an_expired_lease_is_extended_once_while_its_supervisor_lives() {
        let lease = LeaseFacts { expires_at: Millis(10), ttl: 60_000, extended: false };
        assert_eq!(expiry(&lease, Some(true), Millis(10)), Expiry::Live);
        assert_eq!(expiry(&lease, Some(true), Millis(11)), Expiry::Extend);
        assert_eq!(expiry(&lease, None, Millis(11)), Expiry::Lost);
        assert_eq!(expiry(&lease, Some(false), Millis(0)), Expiry::Lost);
        let extended = LeaseFacts { extended: true, ..lease };
        assert_eq!(expiry(&extended, Some(true), Millis(11)), Expiry::Lost);
    }

    #[test]
    fn the_guard_stands_down_for_every_reason() {
        let open = run(None, false);
        let id = open.run.clone();
        let other: RunId = "01ARZ3NDEKTSV4RRFFQ69G5FAA".parse().unwrap();
        let down = Guard::StandDown;
        assert_eq!(guard(Some(&open), Some(&id), true, false), Guard::Go);
        assert_eq!(guard(None, Some(&id), true, false), down(StandDown::UnknownRun));
        assert_eq!(guard(Some(&open), Some(&id), false, false), down(StandDown::WrongToken));
        assert_eq!(guard(Some(&run(Some(1), false)), None, true, false), down(StandDown::RunEnded));
        assert_eq!(guard(Some(&open), Some(&other), true, false), down(StandDown::Superseded));
        assert_eq!(guard(Some(&open), Some(&id), true, true), down(StandDown::Taken));
    }
}
