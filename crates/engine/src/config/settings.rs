//! Every key of `config.toml`: name, type, default, range and meaning.

use andon_core::{Policy, ProfileName};

use super::channels::Channels;
use super::duration::Duration;
use super::limits::BoardLimits;
use super::schema::settings;
use super::secret::Secret;
use super::size::Bytes;
use super::values::{AttentionCommand, Reviewer};

settings! {
    /// The configuration of a home. `Default` is what holds without a file.
    pub struct Config in Config at [], table TOP_FIELDS {
        /// Failures in a row at which a task is given up, unless the task says otherwise.
        failure_limit: u32 = "2" in "1" to "1000",
        /// Runs in a row that ended without a word to the board (where the runner ends by protocol) at which a task is given up.
        protocol_violation_limit: u32 = "1" in "1" to "1000",
        /// Rate-limited runs in a row at which a task is given up.
        rate_limit_limit: u32 = "20" in "1" to "1000",
        /// Lost or stale runs in a row at which a task is given up.
        reclaim_limit: u32 = "5" in "1" to "1000",
        /// A worker may block a task this often since the last news from a person; once more and the block is `recurring`.
        block_recurrence_limit: u32 = "2" in "1" to "1000",
        /// Rounds of requested changes at which a person is asked.
        review_round_limit: u32 = "3" in "1" to "1000",
        /// Runs that a board may have at once; unset: no cap.
        max_running: Option<u32> = "" in "1" to "100000",
        /// Runs that a profile may have at once on a board, unless the profile says otherwise; unset: no cap.
        max_running_per_profile: Option<u32> = "" in "1" to "100000",
        /// Runs that this host may have at once over all boards and dispatchers; unset: no cap.
        max_running_per_host: Option<u32> = "" in "1" to "100000",
        /// The name of this host on its boards; unset: what the system calls it.
        host_name: Option<String> = "",
        /// What this host has, for tasks that require it: words such as `gpu`.
        host_labels: Vec<String> = "",
        /// The profile that works on tasks which nobody was given; unset: they wait for an assignee.
        default_assignee: Option<ProfileName> = "",
        /// The profile that owns the whole of what was split; unset: the first whose `toolset` has `board`.
        orchestrator: Option<ProfileName> = "",
        /// Whether `andon serve` has the planner's model work on ideas as they come.
        auto_decompose: bool = "false",
        /// Whether the parts of an idea that a model has split start by themselves; else they are held until a person promotes them.
        auto_promote_children: bool = "true",
        /// Who reviews where neither the task nor its profile nor its board says so; unset: a person.
        reviewer: Option<Reviewer> = "",
        /// How long a run's lease lasts without renewal; its supervisor renews it every third of that.
        lease_ttl: Duration = "60s" in "100ms" to "1d",
        /// How long a claim by hand lasts without a heartbeat.
        claim_ttl: Duration = "1h" in "1s" to "365d",
        /// How long a worker that was asked to stop may take before it is killed.
        stop_grace: Duration = "10s" in "0s" to "1h",
        /// Age at which a run that shows no progress is stale; 0 never.
        stale_after: Duration = "4h" in "0s" to "365d",
        /// Without a heartbeat for this long a run shows no progress.
        heartbeat_stale_after: Duration = "1h" in "1s" to "365d",
        /// The first back-off after a failure.
        backoff_base: Duration = "1s" in "1ms" to "1d",
        /// No back-off is longer; at least `backoff_base`.
        backoff_cap: Duration = "15m" in "1ms" to "30d",
        /// Each back-off is this many times the one before.
        backoff_factor: u32 = "4" in "1" to "100",
        /// Cool-down of a profile after its first rate limit; it doubles with each further one.
        rate_limit_cooldown: Duration = "5m" in "1ms" to "1d",
        /// No cool-down is longer; at least `rate_limit_cooldown`.
        rate_limit_cooldown_cap: Duration = "1h" in "1ms" to "30d",
        /// The slow sweep of the dispatcher, which guards against a missed wake-up.
        sweep_interval: Duration = "30s" in "100ms" to "1h",
        /// A run's log is rotated when it has grown to this size.
        worker_log_rotate_bytes: Bytes = "2MiB" in "4KiB" to "1TiB",
        /// Rotated logs that are kept for each run.
        worker_log_backup_count: u32 = "1" in "0" to "100",
        /// Events of finished tasks older than this are removed by `gc`.
        event_retention: Duration = "30d" in "0s" to "36500d",
        /// Logs of ended runs older than this are removed by `gc`.
        log_retention: Duration = "30d" in "0s" to "36500d",
        /// A program and its arguments, run for everything that needs a person, with the event as JSON on its input; unset: none.
        on_attention: Option<AttentionCommand> = "",
        /// The address of a PostgreSQL database for all boards (`postgres://…`); unset: SQLite in the home.
        database_url: Option<Secret> = "",
        /// The address under which people reach the dashboard, such as `https://andon.example.org`, for links in notifications; unset: none.
        public_url: Option<String> = "",
        /// Failures in a row at which a subscription is suspended until a person has it tried again.
        notify_attempt_limit: u32 = "50" in "1" to "1000",
        /// Where `andon serve` answers HTTP: an address such as `127.0.0.1:7700`, or `off`; unset: that one, where it is free.
        listen: Option<String> = "",
        /// Names under which the API may be asked for, besides those of this host's loopback and of `listen`.
        allowed_hosts: Vec<String> = "",
        /// Most bytes of a request of the API; attachments have a limit of their own.
        api_body_limit: Bytes = "2MiB" in "1KiB" to "64MiB",
        /// How long a request of the API may take; streams and files aside.
        api_timeout: Duration = "30s" in "1s" to "1h",
        /// How long a client may take nothing of an answer before its connection is closed.
        api_stall_timeout: Duration = "1m" in "1s" to "1h",
        /// Streams of events and logs that may be open at once.
        api_streams: u32 = "1024" in "1" to "65536",
    }
    with
    /// What `diagnostics` calls a problem.
    diagnostics: Diagnostics,
    /// The model that plans.
    planner: PlannerSettings,
    /// How the dashboard begins.
    dashboard: Dashboard,
    /// Where notifications go.
    channels: Channels
}

settings! {
    /// The model that specifies and splits ideas, and describes profiles.
    pub struct PlannerSettings in Config at [planner], table PLANNER_FIELDS {
        /// Who answers, as in a profile's `[agent]`; unset: the model of the orchestrator's profile plans.
        provider: Option<String> = "",
        /// The model; unset: that of the orchestrator's profile.
        model: Option<String> = "",
        /// Where the provider is, unless at its usual place.
        base_url: Option<String> = "",
        /// The variable of `andon serve`, or of the command, that holds the key.
        api_key_env: Option<String> = "",
        /// A file that holds the key alone, absolute or in the home.
        api_key_file: Option<String> = "",
        /// How long one answer may take.
        timeout: Duration = "180s" in "1s" to "30m",
        /// Tokens of one answer.
        max_output_tokens: u32 = "6000" in "1500" to "1000000",
        /// Attempts at an idea that nobody asked for; then a person has to look.
        attempts: u32 = "4" in "1" to "100",
        /// The pause after the first of them that failed; each is `backoff_factor` times the one before, at most 6 h.
        backoff: Duration = "30s" in "1ms" to "1d",
    }
}

settings! {
    /// The thresholds of the diagnostics.
    pub struct Diagnostics in Config at [diagnostics], table DIAGNOSTICS_FIELDS {
        /// Failures in a row that are shown as a problem; unless set, the same as `failure_limit`.
        failure_threshold: u32 = "2" in "1" to "1000",
        /// Crashes in a row that are shown as a problem.
        crash_threshold: u32 = "2" in "1" to "1000",
        /// A block of this age is shown as forgotten.
        blocked_stale_after: Duration = "24h" in "1s" to "365d",
        /// A ready task that nobody has started for this long is shown as stranded.
        stranded_after: Duration = "30m" in "1s" to "365d",
        /// Blocks within `block_cycle_window` that are shown as a cycle.
        block_cycle_threshold: u32 = "3" in "1" to "1000",
        /// The window of `block_cycle_threshold`.
        block_cycle_window: Duration = "24h" in "1s" to "365d",
    }
}

settings! {
    /// How the dashboard begins for a browser that has chosen nothing yet.
    pub struct Dashboard in Config at [dashboard], table DASHBOARD_FIELDS {
        /// Boards show the tasks of this tenant at first; unset: those of every tenant.
        default_tenant: Option<String> = "",
        /// Running tasks stand in a lane for each profile.
        lane_by_profile: bool = "true",
        /// Boards show archived tasks too.
        include_archived: bool = "false",
        /// Descriptions, comments and summaries are shown as Markdown; `false`: as they were written.
        render_markdown: bool = "true",
    }
}

impl Config {
    /// The configuration as it holds on a board that has limits of its own.
    #[must_use]
    pub fn for_board(&self, limits: &BoardLimits) -> Self {
        let mut config = self.clone();
        let own = |slot: &mut u32, limit: Option<u32>| *slot = limit.unwrap_or(*slot);
        own(&mut config.failure_limit, limits.failure_limit);
        own(&mut config.protocol_violation_limit, limits.protocol_violation_limit);
        own(&mut config.rate_limit_limit, limits.rate_limit_limit);
        own(&mut config.reclaim_limit, limits.reclaim_limit);
        own(&mut config.block_recurrence_limit, limits.block_recurrence_limit);
        own(&mut config.review_round_limit, limits.review_round_limit);
        config.max_running = limits.max_running.or(config.max_running);
        config.max_running_per_profile = limits.max_running_per_profile.or(config.max_running_per_profile);
        config
    }

    /// The part that the core decides by.
    #[must_use]
    pub fn policy(&self) -> Policy {
        Policy {
            failure_limit: self.failure_limit,
            protocol_violation_limit: self.protocol_violation_limit,
            rate_limit_limit: self.rate_limit_limit,
            reclaim_limit: self.reclaim_limit,
            block_recurrence_limit: self.block_recurrence_limit,
            review_round_limit: self.review_round_limit,
            backoff_base: self.backoff_base.as_millis(),
            backoff_factor: self.backoff_factor,
            backoff_cap: self.backoff_cap.as_millis(),
            rate_limit_cooldown: self.rate_limit_cooldown.as_millis(),
            rate_limit_cooldown_cap: self.rate_limit_cooldown_cap.as_millis(),
            lease_ttl: self.lease_ttl.as_millis(),
            claim_ttl: self.claim_ttl.as_millis(),
            stale_after: self.stale_after.as_millis(),
            heartbeat_stale_after: self.heartbeat_stale_after.as_millis(),
            plan_attempts: self.planner.attempts,
            plan_backoff: self.planner.backoff.as_millis(),
            ..Policy::default()
        }
    }
}
