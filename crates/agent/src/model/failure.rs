//! What errors of the client library mean.

use std::time::{Duration, SystemTime};

use serde_json::Value;

use super::ModelError;

/// What an error of the library means.
pub(super) fn failure(error: &genai::Error) -> ModelError {
    use genai::Error as E;
    if let (Some(status), headers) = (error.status(), error.headers()) {
        let body = match error {
            E::HttpError { body, .. } => body.clone(),
            E::WebModelCall { webc_error, .. } | E::WebAdapterCall { webc_error, .. } => match webc_error {
                genai::webc::Error::ResponseFailedStatus { body, .. } => body.clone(),
                _ => String::new(),
            },
            _ => String::new(),
        };
        let wanted = headers.and_then(|headers| retry_after(headers, now())).or_else(|| retry_delay(&body));
        return ModelError::of_status(status.as_u16(), wanted, &body);
    }
    match error {
        E::WebStream { error: inner, cause, .. } => match inner.downcast_ref::<genai::Error>() {
            Some(inner) => failure(inner),
            None => unavailable(&deepest(inner.as_ref()).unwrap_or_else(|| cause.clone())),
        },
        E::WebModelCall { webc_error, .. } | E::WebAdapterCall { webc_error, .. } => of_call(webc_error),
        E::StreamParse { serde_error, .. } => malformed(&serde_error.to_string()),
        E::ChatResponse { body, .. } => within(body),
        E::ChatResponseGeneration { cause, .. } => malformed(cause),
        E::SerdeJson(error) => malformed(&error.to_string()),
        E::JsonValueExt(error) => malformed(&error.to_string()),
        E::NoChatResponse { .. } | E::InvalidJsonResponseElement { .. } => malformed(&error.to_string()),
        other => ModelError::Misconfigured { reason: andon_core::text::first_line(&other.to_string(), 300) },
    }
}

fn of_call(error: &genai::webc::Error) -> ModelError {
    use genai::webc::Error as E;
    match error {
        E::ResponseFailedNotJson { content_type, .. } => {
            malformed(&format!("it is `{content_type}` instead of JSON; does `base_url` name an API?"))
        }
        E::ResponseFailedInvalidJson { cause, .. } => malformed(&format!("no JSON: {cause}")),
        E::Reqwest(error) => unavailable(&deepest(error).unwrap_or_else(|| error.to_string())),
        other => malformed(&other.to_string()),
    }
}

/// What an answer means that is an error, or says nothing.
fn within(body: &Value) -> ModelError {
    if body.get("usageMetadata").is_some_and(Value::is_null) {
        return malformed("it has no candidates; the provider may have refused what it was asked");
    }
    let text = body.to_string();
    ModelError::of_status(told_status(body), retry_delay(&text), &text)
}

/// An error within a stream has no status of its own: its words say what it would have been.
fn told_status(body: &Value) -> u16 {
    let error = body.get("error").filter(|error| error.is_object()).unwrap_or(body);
    let code = error.get("code").or_else(|| error.get("status"));
    let number = code.and_then(|code| code.as_u64().or_else(|| code.as_str()?.parse().ok()));
    let kind = error.get("type").or(code).and_then(Value::as_str).unwrap_or_default().to_lowercase();
    match number.and_then(|number| u16::try_from(number).ok()) {
        Some(status) if (400..600).contains(&status) => status,
        _ if kind.contains("rate_limit") || kind.contains("resource_exhausted") => 429,
        _ if kind.contains("authentication") || kind.contains("unauthenticated") => 401,
        _ if kind.contains("permission") => 403,
        _ if kind.contains("invalid_request") || kind.contains("invalid_argument") => 400,
        _ => 503,
    }
}

fn malformed(reason: &str) -> ModelError {
    ModelError::Malformed { reason: andon_core::text::first_line(reason, 300) }
}

fn unavailable(reason: &str) -> ModelError {
    ModelError::Unavailable { reason: andon_core::text::first_line(reason, 300), retry_after: None }
}

/// The outermost and the innermost words of an error: where, and why.
fn deepest(error: &(dyn std::error::Error + 'static)) -> Option<String> {
    let outer = error.to_string();
    let mut inner = error.source()?;
    while let Some(next) = inner.source() {
        inner = next;
    }
    Some(format!("{outer}: {inner}"))
}

/// The present moment, by the clock of the store.
fn now() -> SystemTime {
    let since_1970 = u64::try_from(andon_store::ambient().now().0).unwrap_or(0);
    SystemTime::UNIX_EPOCH + Duration::from_millis(since_1970)
}

/// `Retry-After` in seconds or as a date (RFC 9110), or in milliseconds as some providers send it. A moment that has passed
/// is now.
fn retry_after(headers: &reqwest::header::HeaderMap, now: SystemTime) -> Option<Duration> {
    let text = |name: &str| headers.get(name)?.to_str().ok().map(str::trim);
    let number = |name: &str| text(name)?.parse::<f64>().ok().filter(|number| *number >= 0.0);
    let seconds = number("retry-after-ms").map(|given| given / 1_000.0).or_else(|| number("retry-after"));
    match seconds {
        Some(seconds) => Duration::try_from_secs_f64(seconds.min(1e9)).ok(),
        None => {
            let at = httpdate::parse_http_date(text("retry-after")?).ok()?;
            Some(at.duration_since(now).unwrap_or(Duration::ZERO))
        }
    }
}

/// The same as Gemini says it, in the body: `"retryDelay": "34.5s"` among the details of the error.
fn retry_delay(body: &str) -> Option<Duration> {
    let value: Value = serde_json::from_str(body).ok()?;
    let details = value.pointer("/error/details")?.as_array()?;
    let delay = details.iter().find_map(|detail| detail.get("retryDelay")?.as_str())?;
    let seconds: f64 = delay.strip_suffix('s')?.parse().ok()?;
    Duration::try_from_secs_f64(seconds.clamp(0.0, 1e9)).ok()
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn retry_after_is_read_in_seconds_milliseconds_and_as_a_date() {
        let now = httpdate::parse_http_date("Tue, 21 Oct 2031 07:28:00 GMT").unwrap();
        let read = |name: &'static str, value: &str| {
            let mut headers = reqwest::header::HeaderMap::new();
            headers.insert(name, value.parse().unwrap());
            retry_after(&headers, now)
        };
        assert_eq!(retry_after(&reqwest::header::HeaderMap::new(), now), None);
        assert_eq!(read("retry-after", "2"), Some(Duration::from_secs(2)));
        assert_eq!(read("retry-after-ms", "250"), Some(Duration::from_millis(250)));
        // The three forms that a recipient must understand, and a moment that has passed.
        for date in
            ["Tue, 21 Oct 2031 07:29:30 GMT", "Tuesday, 21-Oct-31 07:29:30 GMT", "Tue Oct 21 07:29:30 2031"]
        {
            assert_eq!(read("retry-after", date), Some(Duration::from_secs(90)), "{date}");
        }
        assert_eq!(read("retry-after", "Tue, 21 Oct 2031 07:00:00 GMT"), Some(Duration::ZERO));
        for nonsense in ["soon", "-3", "Tue, 99 Oct 2031 07:29:30 GMT"] {
            assert_eq!(read("retry-after", nonsense), None, "{nonsense}");
        }
    }

    #[test]
    fn a_delay_is_also_read_where_gemini_says_it() {
        let body = |delay: &str| {
            json!({ "error": { "code": 429, "details": [{ "@type": "x.QuotaFailure" }, { "retryDelay": delay }] } })
                .to_string()
        };
        assert_eq!(retry_delay(&body("34.5s")), Some(Duration::from_millis(34_500)));
        assert_eq!(retry_delay(&body("later")), None);
        assert_eq!(retry_delay("{}"), None);
    }

    #[test]
    fn errors_inside_of_a_stream_keep_their_meaning() {
        for (body, status) in [
            (json!({ "code": 429 }), 429),
            (json!({ "type": "rate_limit_error" }), 429),
            (json!({ "message": "boom" }), 503),
            (json!({ "type": "error", "error": { "type": "rate_limit_error", "message": "slow" } }), 429),
            (json!({ "type": "error", "error": { "type": "overloaded_error" } }), 503),
            (json!({ "type": "error", "error": { "type": "authentication_error" } }), 401),
            (json!({ "error": { "code": 429, "status": "RESOURCE_EXHAUSTED" } }), 429),
            (json!({ "error": { "status": "UNAUTHENTICATED" } }), 401),
        ] {
            assert_eq!(told_status(&body), status, "{body}");
        }
        let refused = json!({ "finishReason": null, "usageMetadata": null });
        assert!(matches!(within(&refused), ModelError::Malformed { .. }));
    }
}
