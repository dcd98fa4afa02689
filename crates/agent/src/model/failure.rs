//! What errors of the client library mean.

use std::time::Duration;

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
        return ModelError::of_status(status.as_u16(), headers.and_then(retry_after), &body);
    }
    match error {
        E::WebStream { error: inner, cause, .. } => match inner.downcast_ref::<genai::Error>() {
            Some(inner) => failure(inner),
            None => unavailable(&deepest(inner.as_ref()).unwrap_or_else(|| cause.clone())),
        },
        E::WebModelCall { webc_error, .. } | E::WebAdapterCall { webc_error, .. } => of_call(webc_error),
        E::StreamParse { serde_error, .. } => malformed(&serde_error.to_string()),
        E::ChatResponse { body, .. } => ModelError::of_status(told_status(body), None, &body.to_string()),
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

/// An error within a stream has no status of its own.
fn told_status(body: &Value) -> u16 {
    let code = body.get("code").or_else(|| body.get("status"));
    let number = code.and_then(|code| code.as_u64().or_else(|| code.as_str()?.parse().ok()));
    let kind = body.get("type").and_then(Value::as_str).unwrap_or_default();
    match number.and_then(|number| u16::try_from(number).ok()) {
        Some(status) if (400..600).contains(&status) => status,
        _ if kind.contains("rate_limit") => 429,
        _ if kind.contains("authentication") => 401,
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

/// `Retry-After` in seconds, or in milliseconds as some providers send it. A date is not looked at: back-off serves.
fn retry_after(headers: &reqwest::header::HeaderMap) -> Option<Duration> {
    let number = |name: &str| {
        headers.get(name)?.to_str().ok()?.trim().parse::<f64>().ok().filter(|number| *number >= 0.0)
    };
    let seconds = number("retry-after-ms").map(|given| given / 1_000.0).or_else(|| number("retry-after"))?;
    Duration::try_from_secs_f64(seconds.min(1e9)).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn retry_after_is_read_in_both_units() {
        let mut headers = reqwest::header::HeaderMap::new();
        assert_eq!(retry_after(&headers), None);
        headers.insert("retry-after", "2".parse().unwrap());
        assert_eq!(retry_after(&headers), Some(Duration::from_secs(2)));
        headers.insert("retry-after-ms", "250".parse().unwrap());
        assert_eq!(retry_after(&headers), Some(Duration::from_millis(250)));
        headers.clear();
        headers.insert("retry-after", "Wed, 21 Oct 2099 07:28:00 GMT".parse().unwrap());
        assert_eq!(retry_after(&headers), None);
    }

    #[test]
    fn errors_inside_of_a_stream_keep_their_meaning() {
        assert_eq!(told_status(&serde_json::json!({ "code": 429 })), 429);
        assert_eq!(told_status(&serde_json::json!({ "type": "rate_limit_error" })), 429);
        assert_eq!(told_status(&serde_json::json!({ "message": "boom" })), 503);
    }
}
