//! When a host that cannot reach its board stops what it runs there: before anybody else may run it.
//!
//! A lease that is not renewed runs out at `TTL` after its last renewal was made, which was not before that renewal was
//! sent. Counting from the sending, a worker is stopped at [`Cut::stop_after`] and has [`Cut::grace`] to leave before it is
//! killed: all of it ends before the lease does.

/// What killing may take after the grace, milliseconds; less where the lease is short.
const KILLING: i64 = 5_000;

/// When a worker is stopped that nobody could renew the lease of, milliseconds.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Cut {
    /// After the last good renewal was sent.
    pub stop_after: i64,
    /// From then until it is killed.
    pub grace: i64,
    /// From then until nothing of it lives.
    pub killing: i64,
}

impl Cut {
    /// The rule for a lease of `ttl` and a worker that is wished `grace`. A grace too long for the lease is cut: half of the
    /// lease is for renewing.
    #[must_use]
    pub fn of(ttl: i64, grace: i64) -> Self {
        let killing = KILLING.min(ttl / 6);
        let stop_after = (ttl - grace.max(0) - killing).max(ttl / 2);
        Self { stop_after, grace: grace.clamp(0, (ttl - killing - stop_after).max(0)), killing }
    }

    /// When somebody else kills the worker, and the supervisor that should have done it and did not: after the last good
    /// renewal was sent, milliseconds. Half of the time for killing is left for it.
    #[must_use]
    pub const fn guard_after(&self) -> i64 {
        self.stop_after + self.grace + self.killing / 2
    }

    /// From then until nothing lives of what a guard kills, milliseconds.
    #[must_use]
    pub const fn guard_killing(&self) -> i64 {
        self.killing - self.killing / 2
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_worker_is_gone_before_its_lease_is() {
        for ttl in [1, 30, 600, 2_000, 3_000, 10_000, 60_000, 600_000] {
            for grace in [0, 1, 300, 5_000, 10_000, 60_000, 3_600_000] {
                let cut = Cut::of(ttl, grace);
                let Cut { stop_after, grace: given, killing } = cut;
                assert!(cut.guard_after() >= stop_after + given, "{ttl} {grace}: the supervisor comes first");
                assert!(cut.guard_after() + cut.guard_killing() <= ttl, "{ttl} {grace}");
                assert!(given >= 0 && given <= grace, "{ttl} {grace}");
                assert!(stop_after >= ttl / 2, "{ttl} {grace}: there is time to renew twice");
                assert!(stop_after + given + killing <= ttl, "{ttl} {grace}");
            }
        }
        assert_eq!(Cut::of(60_000, 10_000), Cut { stop_after: 45_000, grace: 10_000, killing: 5_000 });
    }
}
