//! `/metrics`: what the boards say at this moment, and what this server did, as Prometheus reads it.

use std::fmt::Write as _;
use std::sync::atomic::Ordering;

use andon_store::query::StatsOf;
use axum::extract::State;
use axum::http::header;
use axum::response::{IntoResponse as _, Response};

use super::failure::Failure;
use super::routes::cord::boards;
use super::state::Api;

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
}

fn escaped(value: &str) -> String {
    value.replace('\\', "\\\\").replace('"', "\\\"").replace('\n', "\\n")
}

/// The page.
pub(crate) async fn metrics(State(api): State<Api>) -> Result<Response, Failure> {
    let mut known = Vec::new();
    for board in boards(&api).await? {
        if let Ok(stats) = api.ask(&board, StatsOf).await {
            known.push((board.slug().to_string(), stats));
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
    own(&api, &mut page);
    Ok(([(header::CONTENT_TYPE, "text/plain; version=0.0.4; charset=utf-8")], page.0).into_response())
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
    page.family("andon_streams", "gauge", "Streams that are open.");
    let free = api.streams.available_permits();
    page.line("andon_streams", &[], api.limits.streams.saturating_sub(free));
    page.family("andon_stream_events_total", "counter", "Events that were sent to clients.");
    page.line("andon_stream_events_total", &[], counters.events.load(Ordering::Relaxed));
    page.family("andon_streams_dropped_total", "counter", "Clients that were too slow.");
    page.line("andon_streams_dropped_total", &[], counters.dropped.load(Ordering::Relaxed));
}
