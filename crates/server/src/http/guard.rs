//! What every request passes first: for whom it is, where it comes from, and how much there may be of it.

use std::time::Instant;

use axum::extract::{ConnectInfo, MatchedPath, Request, State};
use axum::http::{HeaderMap, HeaderValue, Method, header};
use axum::middleware::Next;
use axum::response::{IntoResponse as _, Response};
use tracing::field::Empty;
use tracing::{Instrument as _, Span};

use super::assets::POLICY;
use super::failure::Failure;
use super::listen::Peer;
use super::state::{Api, Counters};

/// Checks a request, bounds it, and marks the answer.
pub(crate) async fn guard(State(api): State<Api>, request: Request, next: Next) -> Response {
    let began = Instant::now();
    let span = span(&request);
    let mut response = match examine(&api, &request) {
        Ok(()) => bounded(&api, request, next).instrument(span.clone()).await,
        Err(failure) => failure.into_response(),
    };
    span.record("http.response.status_code", response.status().as_u16());
    if response.status().is_server_error() {
        span.record("error", true);
    }
    let kind = usize::from(response.status().as_u16() / 100).min(5);
    Counters::add(&api.counters.requests[kind], 1);
    let micros = u64::try_from(began.elapsed().as_micros()).unwrap_or(u64::MAX);
    Counters::add(&api.counters.micros, micros);
    let headers = response.headers_mut();
    headers.insert(header::X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff"));
    headers.insert(header::REFERRER_POLICY, HeaderValue::from_static("no-referrer"));
    headers.insert("cross-origin-resource-policy", HeaderValue::from_static("same-origin"));
    headers.insert("cross-origin-opener-policy", HeaderValue::from_static("same-origin"));
    headers.entry(header::CONTENT_SECURITY_POLICY).or_insert(HeaderValue::from_static(POLICY));
    headers.entry(header::CACHE_CONTROL).or_insert(HeaderValue::from_static("no-store"));
    response
}

/// What a trace says of a request: its route, never what somebody wrote into its address.
fn span(request: &Request) -> Span {
    let route = request.extensions().get::<MatchedPath>().map_or("", MatchedPath::as_str);
    let caller = request.headers().get("traceparent").and_then(|caller| caller.to_str().ok());
    tracing::info_span!(
        "request",
        http.request.method = request.method().as_str(),
        http.route = route,
        http.response.status_code = Empty,
        error = Empty,
        traceparent = caller,
    )
}

/// A name that a browser was led to by somebody else's DNS is not ours, and neither is a page of another origin.
fn examine(api: &Api, request: &Request) -> Result<(), Failure> {
    let local = matches!(request.extensions().get(), Some(ConnectInfo(Peer::Local { .. })));
    let host = request.headers().get(header::HOST).and_then(|host| host.to_str().ok()).map(str::to_owned);
    let host = host.or_else(|| request.uri().authority().map(ToString::to_string)).unwrap_or_default();
    if !local && !is_known(&api.hosts, &host) {
        let hint = "name it in `allowed_hosts` of config.toml if it is one of this server's names";
        let shown: String = host.chars().take(80).collect();
        return Err(Failure::new("foreign_host", format!("{shown:?} is no name of this server"), Some(hint)));
    }
    if request.headers().get_all(header::HOST).iter().count() > 1 {
        return Err(Failure::malformed("there is more than one Host"));
    }
    origin(request.headers(), &host)
}

fn origin(headers: &HeaderMap, host: &str) -> Result<(), Failure> {
    let foreign = |what: &str| {
        let shown: String = what.chars().take(80).collect();
        Failure::new("foreign_origin", format!("requests from {shown:?} are not answered"), None)
    };
    for origin in headers.get_all(header::ORIGIN) {
        let text = origin.to_str().unwrap_or_default();
        let from = text.strip_prefix("http://").or_else(|| text.strip_prefix("https://"));
        if from.is_none_or(|from| !from.eq_ignore_ascii_case(host)) {
            return Err(foreign(text));
        }
    }
    Ok(())
}

/// Whether a `Host` names this server: the name counts, whatever the port, since a tunnel may have another.
fn is_known(hosts: &[String], host: &str) -> bool {
    let name = match host.strip_prefix('[') {
        Some(rest) => rest.split(']').next().unwrap_or_default(),
        None => host.rsplit_once(':').map_or(host, |(name, _)| name),
    };
    hosts.iter().any(|known| known.eq_ignore_ascii_case(name))
}

/// Routes whose bodies or answers take as long as they take; they have limits of their own.
fn is_long(method: &Method, path: &str) -> bool {
    path.ends_with("/events") && !path.ends_with("/{task}/events")
        || path.ends_with("/log/stream")
        || path.ends_with("/log")
        || (path.ends_with("/attachments") && method == Method::POST)
        || path.ends_with("/{attachment}")
        || is_asked_of_a_model(path)
}

/// Routes that wait for a model, which has a time of its own.
fn is_asked_of_a_model(path: &str) -> bool {
    path.ends_with("/{task}/specify/auto")
        || path.ends_with("/{task}/decompose/auto")
        || path.ends_with("/profiles/{profile}/describe")
}

async fn bounded(api: &Api, request: Request, next: Next) -> Response {
    let path = request.extensions().get::<MatchedPath>().map(|path| path.as_str().to_owned());
    if path.is_some_and(|path| is_long(request.method(), &path)) {
        return next.run(request).await;
    }
    let Ok(_turn) = api.requests.try_acquire() else {
        return Failure::new("busy", "too many requests at once", Some("try again")).into_response();
    };
    match tokio::time::timeout(api.limits.timeout, next.run(request)).await {
        Ok(response) => response,
        Err(_) => {
            let detail = format!("the request took longer than {} s", api.limits.timeout.as_secs());
            Failure::new("too_slow", detail, None).into_response()
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_of_somebody_else_is_not_ours() {
        let hosts = vec!["localhost".to_owned(), "127.0.0.1".to_owned(), "::1".to_owned()];
        for own in ["localhost", "LOCALHOST:7700", "127.0.0.1:1", "[::1]:7700", "[::1]"] {
            assert!(is_known(&hosts, own), "{own}");
        }
        for foreign in ["", "evil.example", "localhost.evil.example:7700", "127.0.0.1.evil.example", "[::2]"]
        {
            assert!(!is_known(&hosts, foreign), "{foreign}");
        }
    }

    #[test]
    fn a_page_of_another_origin_is_turned_away() {
        let from = |origin: &'static str| {
            let mut headers = HeaderMap::new();
            headers.insert(header::ORIGIN, HeaderValue::from_static(origin));
            origin_of(&headers)
        };
        fn origin_of(headers: &HeaderMap) -> bool {
            origin(headers, "127.0.0.1:7700").is_ok()
        }
        assert!(origin_of(&HeaderMap::new()) && from("http://127.0.0.1:7700"));
        for foreign in ["http://127.0.0.1:7701", "https://evil.example", "null", "", "http://localhost:7700"]
        {
            assert!(!from(foreign), "{foreign}");
        }
    }
}
