//! Every number that decides how often, how long and how many. The configuration fills it in; the core reads it.

/// Limits and times of a board. Times are milliseconds, limits are counts of at least 1.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Policy {
    /// Failures in a row at which a task is given up, unless the task says otherwise.
    pub failure_limit: u32,
    /// The same for exits without a word (protocol violations).
    pub protocol_violation_limit: u32,
    /// Rate-limited runs in a row at which a task is given up.
    pub rate_limit_limit: u32,
    /// Lost or stale runs in a row at which a task is given up.
    pub reclaim_limit: u32,
    /// Interrupted runs in a row (shutdowns, reboots) at which a task is given up.
    pub interruption_limit: u32,
    /// A worker may block a task this often between two pieces of news; once more and the block is `recurring`.
    pub block_recurrence_limit: u32,
    /// Requests for changes at which a person is asked.
    pub review_round_limit: u32,
    /// First back-off after a failure.
    pub backoff_base: i64,
    /// Each back-off is this many times the one before.
    pub backoff_factor: u32,
    /// No back-off is longer.
    pub backoff_cap: i64,
    /// Cool-down of a profile after its first rate limit; doubles with each further one.
    pub rate_limit_cooldown: i64,
    /// No cool-down is longer.
    pub rate_limit_cooldown_cap: i64,
    /// How long a lease lasts without renewal.
    pub lease_ttl: i64,
    /// How long a claim by hand lasts without a heartbeat.
    pub claim_ttl: i64,
    /// How long a worker may go on after it has ended its own run.
    pub finish_grace: i64,
    /// A run of this age without progress for `heartbeat_stale_after` is stale; 0 never.
    pub stale_after: i64,
    /// Without a heartbeat for this long a run makes no progress.
    pub heartbeat_stale_after: i64,
    /// Distinct tasks of one profile that fail alike within `systemic_window` trip at once.
    pub systemic_tasks: u32,
    /// The window of `systemic_tasks`.
    pub systemic_window: i64,
    /// Children that one run may create.
    pub max_children: u32,
    /// Generations of children that workers may create.
    pub max_generations: u32,
    /// Attempts of a model at an idea that nobody asked for.
    pub plan_attempts: u32,
    /// The first pause after such an attempt failed.
    pub plan_backoff: i64,
}

impl Default for Policy {
    fn default() -> Self {
        Self {
            failure_limit: 2,
            protocol_violation_limit: 1,
            rate_limit_limit: 20,
            reclaim_limit: 5,
            interruption_limit: 20,
            block_recurrence_limit: 2,
            review_round_limit: 3,
            backoff_base: 1_000,
            backoff_factor: 4,
            backoff_cap: 15 * 60_000,
            rate_limit_cooldown: 300_000,
            rate_limit_cooldown_cap: 3_600_000,
            lease_ttl: 60_000,
            claim_ttl: 3_600_000,
            finish_grace: 30_000,
            stale_after: 4 * 3_600_000,
            heartbeat_stale_after: 3_600_000,
            systemic_tasks: 3,
            systemic_window: 5 * 60_000,
            max_children: 50,
            max_generations: 5,
            plan_attempts: 4,
            plan_backoff: 30_000,
        }
    }
}
