//! `/metrics`: what the boards say at this moment, and what this server did, as Prometheus reads it.

use std::fmt::Write as _;
use std::sync::PoisonError;
use std::sync::atomic::Ordering;

use andon_core::Cursor;
use andon_store::query::{Head, Latencies, Span, StatsOf};
use andon_store::{Board, Commits};
use axum::extract::State;
use axum::http::header;
use axum::response::{IntoResponse as _, Response};

use super::failure::Failure;
use super::routes::cord::boards;
use super::state::Api;

/// The upper ends of the classes of lengths of time, milliseconds.
const CLASSES: [i64; 12] = [5, 10, 25, 50, 100, 250, 500, 1_000, 5_000, 30_000, 300_000, 3_600_000];
/// Events that one look reads.
const LOOK: u32 = 5_000;

/// Lengths of time, by class.
#[derive(Clone, Debug, Default)]
struct Histogram {
    counts: [u64; CLASSES.len()],
    sum: i64,
    count: u64,
}

impl Histogram {
    fn add(&mut self, millis: i64) {
        for (class, count) in CLASSES.iter().zip(&mut self.counts) {
            *count += u64::from(millis <= *class);
        }
        self.sum = self.sum.saturating_add(millis);
        self.count += 1;
    }
}

/// What was read of one board's events.
#[derive(Clone, Debug, Default)]
pub(crate) struct Measured {
    read: Option<Cursor>,
    claim: Histogram,
    start: Histogram,
}

/// Reads on where the last scrape ended; the first one starts with what happens from now on.
async fn measure(api: &Api, board: &Board) -> Result<Measured, Failure> {
    let slug = board.slug();
    let known = api.measured.lock().unwrap_or_else(PoisonError::into_inner).get(slug).cloned();
    let mut measured = known.unwrap_or_default();
    let (head, _) = api.ask(board, Head { reader: None }).await?;
    let mut place = measured.read.filter(|read| read.epoch == head.epoch).unwrap_or(head);
    while place < head {
        let waits = api.ask(board, Latencies { after: place.number, limit: LOOK }).await?;
        for (span, millis) in waits.spans {
            match span {
                Span::Claim => measured.claim.add(millis),
                Span::Start => measured.start.add(millis),
            }
        }
        place.number = waits.upto;
        if !waits.more {
            break;
        }
    }
    measured.read = Some(place);
    api.measured.lock().unwrap_or_else(PoisonError::into_inner).insert(slug.clone(), measured.clone());
    Ok(measured)
}

struct Page(String);

impl Page {
    fn family(&mut self, name: &str, kind: &str, help: &str) {
        let _ = writeln!(self.0, "# HELP {name} {help}\n# TYPE {name} {kind}");
    }

    fn line(&mut self, name: &str, labels: &[(&str, &str)], value: impl std::fmt::Display) {
        let labels: Vec<String> =
            labels.iter().map(|(label, value)| format!("{label}=\"{}\"", escaped(value))).collect();
        let _ = writeln!(self.0, "{name}{{{}}} {value}", labels.join(","));
    }

    /// The classes of a histogram, in seconds.
    fn histogram(&mut self, name: &str, board: &str, found: &Histogram) {
        let bucket = format!("{name}_bucket");
        for (class, count) in CLASSES.iter().zip(&found.counts) {
            self.line(&bucket, &[("board", board), ("le", &seconds(*class))], count);
        }
        self.line(&bucket, &[("board", board), ("le", "+Inf")], found.count);
        self.line(&format!("{name}_sum"), &[("board", board)], seconds(found.sum));
        self.line(&format!("{name}_count"), &[("board", board)], found.count);
    }
}

fn seconds(millis: i64) -> String {
    format!("{}.{:03}", millis / 1_000, millis % 1_000)
}

fn escaped(value: &str) -> String {
    value.replace('\\', "\\\\").replace('"', "\\\"").replace('\n', "\\n")
}

/// The page.
pub(crate) async fn metrics(State(api): State<Api>) -> Result<Response, Failure> {
    let (mut known, mut work) = (Vec::new(), Vec::new());
    for board in boards(&api).await? {
        let slug = board.slug().to_string();
        let Ok(stats) = api.ask(&board, StatsOf).await else { continue };
        known.push((slug.clone(), stats));
        // One scrape at a time reads on, so that nothing is counted twice.
        let _turn = api.edits.lock().await;
        if let Ok(measured) = measure(&api, &board).await {
            work.push((slug, measured, board.commits()));
        }
    }
    let mut page = Page(String::new());
    page.family("andon_tasks", "gauge", "Tasks by status.");
    for (board, stats) in &known {
        for (status, count) in &stats.by_status {
            page.line("andon_tasks", &[("board", board), ("status", status.as_str())], count);
        }
    }
    page.family("andon_runs_total", "counter", "Ended runs by outcome.");
    for (board, stats) in &known {
        for (outcome, count) in &stats.by_outcome {
            page.line("andon_runs_total", &[("board", board), ("outcome", outcome)], count);
        }
    }
    page.family("andon_runs_live", "gauge", "Runs whose processes may live, by profile.");
    for (board, stats) in &known {
        for (profile, count) in &stats.live.profiles {
            let profile = profile.as_ref().map_or("", |profile| profile.as_str());
            page.line("andon_runs_live", &[("board", board), ("profile", profile)], count);
        }
    }
    page.family("andon_queue_age_seconds", "gauge", "Age of the oldest ready task; 0 where none is ready.");
    for (board, stats) in &known {
        let age = stats.oldest_ready.map_or(0, |oldest| stats.now.since(oldest).max(0) / 1_000);
        page.line("andon_queue_age_seconds", &[("board", board)], age);
    }
    page.family("andon_paused", "gauge", "Cords that are pulled.");
    for (board, stats) in &known {
        page.line("andon_paused", &[("board", board)], stats.pauses.len());
    }
    page.family("andon_cooling_down", "gauge", "Profiles that cool down after a rate limit.");
    for (board, stats) in &known {
        page.line("andon_cooling_down", &[("board", board)], stats.cooldowns.len());
    }
    page.family("andon_hosts_live", "gauge", "Hosts whose dispatcher was heard of lately.");
    for (board, stats) in &known {
        let live = stats.hosts.iter().filter(|host| host.is_live(stats.now)).count();
        page.line("andon_hosts_live", &[("board", board)], live);
    }
    worked(&work, &mut page);
    own(&api, &mut page);
    Ok(([(header::CONTENT_TYPE, "text/plain; version=0.0.4; charset=utf-8")], page.0).into_response())
}

/// What this process saw and committed since it started.
fn worked(work: &[(String, Measured, Commits)], page: &mut Page) {
    let name = "andon_claim_latency_seconds";
    page.family(name, "histogram", "From the moment at which a task could be claimed to its claim.");
    for (board, measured, _) in work {
        page.histogram(name, board, &measured.claim);
    }
    let name = "andon_start_latency_seconds";
    page.family(name, "histogram", "From a claim to the start of its process.");
    for (board, measured, _) in work {
        page.histogram(name, board, &measured.start);
    }
    page.family("andon_commit_batches_total", "counter", "Transactions that this process committed.");
    for (board, _, commits) in work {
        page.line("andon_commit_batches_total", &[("board", board)], commits.batches);
    }
    page.family("andon_commit_operations_total", "counter", "Operations in them.");
    for (board, _, commits) in work {
        page.line("andon_commit_operations_total", &[("board", board)], commits.operations);
    }
    page.family("andon_lease_renewals_total", "counter", "Leases that this process renewed.");
    for (board, _, commits) in work {
        page.line("andon_lease_renewals_total", &[("board", board)], commits.renewals);
    }
}

/// What this server did.
fn own(api: &Api, page: &mut Page) {
    let counters = &api.counters;
    page.family("andon_http_requests_total", "counter", "Requests by the first digit of their status.");
    for (kind, count) in counters.requests.iter().enumerate().skip(1) {
        let kind = format!("{kind}xx");
        page.line("andon_http_requests_total", &[("status", &kind)], count.load(Ordering::Relaxed));
    }
    page.family("andon_http_request_microseconds_total", "counter", "Time until the head of the answer.");
    page.line("andon_http_request_microseconds_total", &[], counters.micros.load(Ordering::Relaxed));
    page.family(
        "andon_verbs_total",
        "counter",
        "Verbs of the command line that this process was asked to run.",
    );
    page.line("andon_verbs_total", &[], api.verbs.ran.load(Ordering::Relaxed));
    page.family("andon_streams", "gauge", "Streams that are open.");
    let free = api.streams.available_permits();
    page.line("andon_streams", &[], api.limits.streams.saturating_sub(free));
    page.family("andon_stream_events_total", "counter", "Events that were sent to clients.");
    page.line("andon_stream_events_total", &[], counters.events.load(Ordering::Relaxed));
    page.family(
        "andon_streams_dropped_total",
        "counter",
        "Clients that took too little in too long, and were let go.",
    );
    page.line("andon_streams_dropped_total", &[], counters.dropped.load(Ordering::Relaxed));
}
