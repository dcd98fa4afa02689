//! What the API bears: configured numbers, and those that nobody needs to change.

use std::time::Duration;

use andon_engine::config::Config;

/// Requests that are worked on at once; more are told to come back.
pub(crate) const REQUESTS: usize = 512;
/// Questions that are answered at once; more of them wait.
pub(crate) const READERS: usize = 4;
/// Connections that are open at once; more wait to be accepted.
pub(crate) const CONNECTIONS: usize = 4_096;
/// How long a client may take to say what it wants, and to say the next thing; never longer than a request may take.
pub(crate) const HEADERS: Duration = Duration::from_secs(15);
/// How long a client may pause while it sends a file.
pub(crate) const PAUSE: Duration = Duration::from_secs(30);
/// The slowest pace at which a file may come once the first pause is over, bytes a second.
pub(crate) const SLOWEST: u64 = 1_024;
/// How often a stream says that it lives.
pub(crate) const HEARTBEAT: Duration = Duration::from_secs(15);
/// Wrong credentials in ten seconds, above which everybody without the right ones waits.
pub(crate) const FAILURES: u32 = 200;
/// Events that a stream may be behind before its client is dropped.
pub(crate) const BACKLOG: usize = 8_192;
/// Most tasks that one request names.
pub(crate) const IDS: usize = 500;
/// Most tasks of one page.
pub(crate) const PAGE: u32 = 1_000;
/// How long requests may take to end when the server stops.
pub(crate) const FAREWELL: Duration = Duration::from_secs(5);

/// The configured ones.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Limits {
    /// Most bytes of a request, attachments aside.
    pub(crate) body: usize,
    /// How long a request may take.
    pub(crate) timeout: Duration,
    /// How long a client may take nothing of an answer.
    pub(crate) stall: Duration,
    /// Streams that may be open at once.
    pub(crate) streams: usize,
}

impl Limits {
    /// As configured.
    pub(crate) fn of(config: &Config) -> Self {
        Self {
            body: usize::try_from(config.api_body_limit.0).unwrap_or(usize::MAX),
            timeout: config.api_timeout.as_std(),
            stall: config.api_stall_timeout.as_std(),
            streams: config.api_streams as usize,
        }
    }
}
