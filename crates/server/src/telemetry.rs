//! Traces for whoever collects them: spans of this process, sent by OTLP over HTTP as JSON, where `OTEL_…` says so.
//!
//! A thread of its own sends what has ended, in batches. When the collector is slow or gone, spans are lost, never work.
//! What a span says is names, numbers and ids: no text of people or models.

use std::fmt::{Debug, Write as _};
use std::sync::mpsc::{Receiver, RecvTimeoutError, SyncSender, sync_channel};
use std::time::{Duration, Instant};

use serde_json::{Map, Value, json};
use tracing::field::{Field, Visit};
use tracing::span::{Attributes, Id, Record};
use tracing::{Level, Subscriber};
use tracing_subscriber::Layer;
use tracing_subscriber::layer::Context;
use tracing_subscriber::registry::LookupSpan;

/// Spans that wait to be sent; more are lost.
const WAITING: usize = 4_096;
/// Spans of one request.
const BATCH: usize = 512;
/// How long a span waits for others.
const LINGER: Duration = Duration::from_secs(2);
/// How long the collector may take.
const PATIENCE: Duration = Duration::from_secs(10);

/// Where spans are sent.
#[derive(Clone, PartialEq, Eq)]
pub struct Collector {
    url: String,
    headers: Vec<(String, String)>,
    service: String,
}

impl Debug for Collector {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        // Headers hold keys.
        f.debug_struct("Collector").field("url", &self.url).finish_non_exhaustive()
    }
}

impl Collector {
    /// What the variables of OpenTelemetry say; none where they name no collector, or switch it off.
    #[must_use]
    pub fn of(variable: impl Fn(&str) -> Option<String>) -> Option<Self> {
        let said =
            |name: &str| variable(name).map(|text| text.trim().to_owned()).filter(|text| !text.is_empty());
        let off = said("OTEL_SDK_DISABLED").is_some_and(|text| text.eq_ignore_ascii_case("true"))
            || said("OTEL_TRACES_EXPORTER").is_some_and(|text| text == "none");
        let base = said("OTEL_EXPORTER_OTLP_ENDPOINT")
            .map(|base| format!("{}/v1/traces", base.trim_end_matches('/')));
        let url = said("OTEL_EXPORTER_OTLP_TRACES_ENDPOINT").or(base).filter(|_| !off)?;
        let headers =
            said("OTEL_EXPORTER_OTLP_TRACES_HEADERS").or_else(|| said("OTEL_EXPORTER_OTLP_HEADERS"));
        let pairs = headers.unwrap_or_default();
        let pairs = pairs.split(',').filter_map(|pair| pair.split_once('='));
        let headers = pairs.map(|(name, value)| (name.trim().to_owned(), decoded(value.trim()))).collect();
        let service = said("OTEL_SERVICE_NAME").unwrap_or_else(|| "andon".to_owned());
        Some(Self { url, headers, service })
    }
}

/// A text with `%20` and the like.
fn decoded(text: &str) -> String {
    let bytes = text.as_bytes();
    let (mut out, mut at) = (Vec::new(), 0);
    while let Some(byte) = bytes.get(at) {
        let code = (*byte == b'%').then(|| text.get(at + 1..at + 3)).flatten();
        match code.and_then(|code| u8::from_str_radix(code, 16).ok()) {
            Some(code) => {
                out.push(code);
                at += 3;
            }
            None => {
                out.push(*byte);
                at += 1;
            }
        }
    }
    String::from_utf8_lossy(&out).into_owned()
}

/// A layer that hands ended spans to the thread that sends them.
#[derive(Debug)]
pub struct Traces {
    ended: SyncSender<Ended>,
}

/// Starts the thread.
///
/// # Errors
/// When there can be no thread.
pub fn traces(collector: Collector) -> std::io::Result<Traces> {
    let (ended, spans) = sync_channel(WAITING);
    std::thread::Builder::new().name("traces".to_owned()).spawn(move || send(&collector, &spans))?;
    Ok(Traces { ended })
}

/// A span that is under way.
#[derive(Debug)]
struct Open {
    trace: u128,
    id: u64,
    parent: Option<u64>,
    began: i128,
    clock: Instant,
    said: Said,
}

/// A span that has ended.
#[derive(Debug)]
struct Ended {
    name: &'static str,
    open: Open,
    nanos: u128,
}

/// What a span says of itself.
#[derive(Debug, Default)]
struct Said {
    attributes: Map<String, Value>,
    /// The caller's own trace and span.
    caller: Option<(u128, u64)>,
    failed: bool,
}

impl Said {
    fn set(&mut self, name: &str, value: Value) {
        match (name, value.as_str()) {
            ("traceparent", text) => self.caller = text.and_then(traceparent),
            ("error", _) => self.failed = true,
            _ => {
                self.attributes.insert(name.to_owned(), value);
            }
        }
    }
}

/// `00-<trace>-<span>-<flags>`.
fn traceparent(text: &str) -> Option<(u128, u64)> {
    let mut parts = text.trim().split('-');
    let (_, trace, span) = (parts.next()?, parts.next()?, parts.next()?);
    let whole = trace.len() == 32 && span.len() == 16;
    let found = (u128::from_str_radix(trace, 16).ok()?, u64::from_str_radix(span, 16).ok()?);
    (whole && found.0 != 0 && found.1 != 0).then_some(found)
}

impl Visit for Said {
    fn record_debug(&mut self, field: &Field, value: &dyn Debug) {
        let mut text = String::new();
        let _ = write!(text, "{value:?}");
        self.set(field.name(), Value::String(text.chars().take(300).collect()));
    }

    fn record_str(&mut self, field: &Field, value: &str) {
        self.set(field.name(), Value::String(value.chars().take(300).collect()));
    }

    fn record_i64(&mut self, field: &Field, value: i64) {
        self.set(field.name(), json!(value));
    }

    fn record_u64(&mut self, field: &Field, value: u64) {
        self.set(field.name(), json!(value));
    }

    fn record_bool(&mut self, field: &Field, value: bool) {
        self.set(field.name(), json!(value));
    }
}

impl<S: Subscriber + for<'a> LookupSpan<'a>> Layer<S> for Traces {
    fn on_new_span(&self, attributes: &Attributes<'_>, id: &Id, context: Context<'_, S>) {
        let Some(span) = context.span(id) else { return };
        let ours = attributes.metadata().target().starts_with("andon");
        if !ours || *attributes.metadata().level() > Level::INFO {
            return;
        }
        let mut said = Said::default();
        attributes.record(&mut said);
        let above = span.parent().and_then(|above| {
            let extensions = above.extensions();
            extensions.get::<Open>().map(|open| (open.trace, open.id))
        });
        let above = above.or(said.caller);
        let began = jiff::Timestamp::now().as_nanosecond();
        let trace = above.map_or_else(|| rand::random::<u128>().max(1), |(trace, _)| trace);
        let open = Open {
            trace,
            id: rand::random::<u64>().max(1),
            parent: above.map(|(_, id)| id),
            began,
            clock: Instant::now(),
            said,
        };
        span.extensions_mut().insert(open);
    }

    fn on_record(&self, id: &Id, values: &Record<'_>, context: Context<'_, S>) {
        if let Some(span) = context.span(id)
            && let Some(open) = span.extensions_mut().get_mut::<Open>()
        {
            values.record(&mut open.said);
        }
    }

    fn on_close(&self, id: Id, context: Context<'_, S>) {
        let Some(span) = context.span(&id) else { return };
        let Some(open) = span.extensions_mut().remove::<Open>() else { return };
        let nanos = open.clock.elapsed().as_nanos();
        // A full queue loses the span: nothing waits for a collector.
        let _ = self.ended.try_send(Ended { name: span.name(), open, nanos });
    }
}

fn send(collector: &Collector, spans: &Receiver<Ended>) {
    let Ok(runtime) = tokio::runtime::Builder::new_current_thread().enable_all().build() else { return };
    let plain = collector.url.starts_with("http:");
    let Ok(client) = andon_agent::http_client(plain).timeout(PATIENCE).build() else {
        tracing::warn!("traces cannot be sent: there is no HTTP client");
        return;
    };
    let mut complained = false;
    while let Ok(first) = spans.recv() {
        let mut batch = vec![first];
        let deadline = Instant::now() + LINGER;
        let mut over = false;
        while batch.len() < BATCH {
            match spans.recv_timeout(deadline.saturating_duration_since(Instant::now())) {
                Ok(span) => batch.push(span),
                Err(RecvTimeoutError::Timeout) => break,
                Err(RecvTimeoutError::Disconnected) => {
                    over = true;
                    break;
                }
            }
        }
        let mut request = client.post(&collector.url).json(&body(&collector.service, &batch));
        for (name, value) in &collector.headers {
            request = request.header(name, value);
        }
        let sent =
            runtime.block_on(async { request.send().await.and_then(reqwest::Response::error_for_status) });
        if let Err(error) = &sent
            && !complained
        {
            // Told once: a collector that is down is no news each two seconds.
            tracing::warn!(error = %error.to_string(), "traces cannot be sent; they are lost until they can");
        }
        complained = sent.is_err();
        if over {
            return;
        }
    }
}

fn body(service: &str, spans: &[Ended]) -> Value {
    let spans: Vec<Value> = spans.iter().map(shown).collect();
    let resource = json!({ "attributes": [attribute("service.name", &json!(service))] });
    let scope = json!({ "name": "andon", "version": env!("CARGO_PKG_VERSION") });
    json!({ "resourceSpans": [{ "resource": resource, "scopeSpans": [{ "scope": scope, "spans": spans }] }] })
}

fn shown(span: &Ended) -> Value {
    let open = &span.open;
    let end = open.began.saturating_add(i128::try_from(span.nanos).unwrap_or(0));
    let attributes: Vec<Value> =
        open.said.attributes.iter().map(|(name, value)| attribute(name, value)).collect();
    let mut shown = json!({
        "traceId": format!("{:032x}", open.trace), "spanId": format!("{:016x}", open.id), "name": span.name,
        // A server's, or a part of its work.
        "kind": if span.name == "request" { 2 } else { 1 },
        "startTimeUnixNano": open.began.to_string(), "endTimeUnixNano": end.to_string(), "attributes": attributes,
        "status": { "code": if open.said.failed { 2 } else { 0 } },
    });
    if let (Some(parent), Some(object)) = (open.parent, shown.as_object_mut()) {
        object.insert("parentSpanId".to_owned(), json!(format!("{parent:016x}")));
    }
    shown
}

fn attribute(name: &str, value: &Value) -> Value {
    let value = match value {
        Value::Bool(value) => json!({ "boolValue": value }),
        // Numbers of 64 bits are texts in this encoding.
        Value::Number(value) => json!({ "intValue": value.to_string() }),
        other => json!({ "stringValue": other.as_str().unwrap_or_default() }),
    };
    json!({ "key": name, "value": value })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_a_named_collector_is_sent_to() {
        let of = |pairs: &[(&str, &str)]| {
            Collector::of(|name| {
                pairs.iter().find(|(known, _)| *known == name).map(|(_, value)| (*value).to_owned())
            })
        };
        assert_eq!(of(&[]), None);
        assert_eq!(of(&[("OTEL_SERVICE_NAME", "x")]), None);
        let base = ("OTEL_EXPORTER_OTLP_ENDPOINT", "http://127.0.0.1:4318/");
        assert_eq!(of(&[base]).unwrap().url, "http://127.0.0.1:4318/v1/traces");
        assert_eq!(of(&[base, ("OTEL_SDK_DISABLED", "true")]), None);
        assert_eq!(of(&[base, ("OTEL_TRACES_EXPORTER", "none")]), None);
        let found = of(&[
            base,
            ("OTEL_EXPORTER_OTLP_TRACES_ENDPOINT", "http://c/x"),
            ("OTEL_EXPORTER_OTLP_HEADERS", "a=b%20c, d=e"),
        ]);
        let found = found.unwrap();
        assert_eq!(found.url, "http://c/x");
        assert_eq!(found.headers, [("a".into(), "b c".into()), ("d".into(), "e".into())]);
        assert!(!format!("{found:?}").contains("b c"), "keys are not told");
    }

    #[test]
    fn a_caller_s_trace_is_gone_on_with() {
        let text = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01";
        assert_eq!(
            traceparent(text),
            Some((0x0af7_6519_16cd_43dd_8448_eb21_1c80_319c, 0xb7ad_6b71_6920_3331))
        );
        for odd in ["", "00-0-0-0", "00-00000000000000000000000000000000-b7ad6b7169203331-01"] {
            assert_eq!(traceparent(odd), None, "{odd}");
        }
    }

    #[test]
    fn spans_are_sent_as_the_protocol_has_them() {
        let mut said = Said::default();
        said.set("board", json!("web"));
        said.set("http.response.status_code", json!(200));
        let open = Open { trace: 1, id: 2, parent: Some(3), began: 10, clock: Instant::now(), said };
        let value = body("andon", &[Ended { name: "request", open, nanos: 5 }]);
        let span = &value["resourceSpans"][0]["scopeSpans"][0]["spans"][0];
        assert_eq!(span["traceId"], "00000000000000000000000000000001");
        assert_eq!((&span["parentSpanId"], &span["kind"]), (&json!("0000000000000003"), &json!(2)));
        assert_eq!((&span["startTimeUnixNano"], &span["endTimeUnixNano"]), (&json!("10"), &json!("15")));
        assert_eq!(span["attributes"][0]["value"]["stringValue"], "web");
        assert_eq!(span["attributes"][1]["value"]["intValue"], "200");
    }
}
