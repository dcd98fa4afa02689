//! How an answer can fail, and whether it is worth another attempt.

use std::time::Duration;

use thiserror::Error;

/// Why there is no answer.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum ModelError {
    /// The provider wants fewer requests.
    #[error("the model's provider limits the rate: {reason}")]
    RateLimited {
        /// What it said.
        reason: String,
        /// When it wants to be asked again.
        retry_after: Option<Duration>,
    },
    /// The provider is out of reach, slow, or broken for the moment.
    #[error("the model is not available: {reason}")]
    Unavailable {
        /// What happened.
        reason: String,
        /// When it wants to be asked again.
        retry_after: Option<Duration>,
    },
    /// The answer is none that can be read.
    #[error("the model's answer cannot be read: {reason}")]
    Malformed {
        /// What is wrong with it.
        reason: String,
    },
    /// The login was refused.
    #[error("the model's provider refused the key (status {status}): {reason}")]
    Refused {
        /// The HTTP status.
        status: u16,
        /// What it said.
        reason: String,
    },
    /// The conversation is longer than the model can look at.
    #[error("the conversation is too long for the model: {reason}")]
    TooLong {
        /// What the provider said.
        reason: String,
    },
    /// Asking again cannot help: the setup or the request is wrong.
    #[error("the model cannot be asked: {reason}")]
    Misconfigured {
        /// What is wrong.
        reason: String,
    },
}

impl ModelError {
    /// Whether another attempt may help, and when at the earliest.
    #[must_use]
    pub const fn retry(&self) -> Option<Option<Duration>> {
        match self {
            Self::RateLimited { retry_after, .. } | Self::Unavailable { retry_after, .. } => {
                Some(*retry_after)
            }
            Self::Malformed { .. } => Some(None),
            Self::Refused { .. } | Self::TooLong { .. } | Self::Misconfigured { .. } => None,
        }
    }

    /// The failure that an HTTP status means.
    #[must_use]
    pub fn of_status(status: u16, retry_after: Option<Duration>, body: &str) -> Self {
        let reason = words(status, body);
        let lower = body.to_lowercase();
        let too_long = [
            "context_length_exceeded",
            "context length",
            "maximum context",
            "prompt is too long",
            "too many tokens",
        ];
        // Gemini calls a wrong key a bad request.
        let wrong_key = ["api_key_invalid", "api key not valid", "api key expired"];
        match status {
            401 | 403 => Self::Refused { status, reason },
            400 if wrong_key.iter().any(|sign| lower.contains(sign)) => Self::Refused { status, reason },
            402 => Self::RateLimited { reason, retry_after },
            429 if lower.contains("insufficient_quota") => Self::RateLimited { reason, retry_after },
            429 => Self::RateLimited { reason, retry_after },
            408 | 409 | 425 | 500..=599 => Self::Unavailable { reason, retry_after },
            400 | 413 | 422 if status == 413 || too_long.iter().any(|sign| lower.contains(sign)) => {
                Self::TooLong { reason }
            }
            _ => Self::Misconfigured { reason },
        }
    }
}

/// The message of a provider's error, in one line.
fn words(status: u16, body: &str) -> String {
    const LONGEST: usize = 300;
    let told = serde_json::from_str::<serde_json::Value>(body).ok().and_then(|value| {
        let message = ["/error/message", "/message", "/error", "/detail"]
            .iter()
            .find_map(|at| value.pointer(at)?.as_str());
        message.map(str::to_owned)
    });
    let told = told.unwrap_or_else(|| body.split_whitespace().collect::<Vec<_>>().join(" "));
    let told = andon_core::text::first_line(&told, LONGEST);
    if told.is_empty() { format!("status {status}") } else { format!("status {status}: {told}") }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn statuses_mean_what_can_be_done_about_them() {
        let of = |status, body| ModelError::of_status(status, None, body);
        assert!(matches!(of(401, ""), ModelError::Refused { status: 401, .. }));
        assert!(matches!(of(403, ""), ModelError::Refused { .. }));
        assert!(matches!(of(400, r#"{"reason": "API_KEY_INVALID"}"#), ModelError::Refused { .. }));
        assert!(matches!(of(429, ""), ModelError::RateLimited { .. }));
        assert!(matches!(of(503, ""), ModelError::Unavailable { .. }));
        assert!(matches!(of(404, "no such model"), ModelError::Misconfigured { .. }));
        let long = r#"{"error":{"message":"This model's maximum context length is 8192 tokens"}}"#;
        assert!(matches!(of(400, long), ModelError::TooLong { .. }));
        assert!(matches!(of(400, "bad schema"), ModelError::Misconfigured { .. }));
        assert!(of(400, "bad schema").retry().is_none() && of(500, "").retry().is_some());
    }

    #[test]
    fn the_provider_s_own_words_are_kept_short() {
        let error = ModelError::of_status(401, None, r#"{"error":{"message":"Incorrect API key provided"}}"#);
        assert!(error.to_string().ends_with("status 401: Incorrect API key provided"), "{error}");
        let error = ModelError::of_status(500, None, &"x".repeat(100_000)).to_string();
        assert!(error.len() < 500);
    }
}
