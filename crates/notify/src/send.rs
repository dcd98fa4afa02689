//! Sending one message through a channel, and what its receiver made of it.

mod program;
mod wire;

use std::time::Duration;

use andon_core::Millis;
use reqwest::{Response, StatusCode};
use serde_json::Value;

use crate::channel::{Channel, Way};
use crate::escape::line;
use crate::message::Message;
use crate::{http, signing};

/// More of an answer is not read, bytes.
const LARGEST_ANSWER: usize = 4_096;
/// More of an answer is not shown, characters.
const LONGEST_ERROR: usize = 200;

/// What the receiver made of a message.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Sent {
    /// It has it.
    Done,
    /// It has not, or nobody knows.
    Failed {
        /// What went wrong; without any secret of the channel.
        error: String,
        /// How long it wants to be left alone, milliseconds.
        asked: Option<i64>,
        /// It said that it never takes anything again.
        gone: bool,
    },
}

impl Sent {
    fn failed(error: impl Into<String>) -> Self {
        Self::Failed { error: error.into(), asked: None, gone: false }
    }
}

/// A request in the making.
struct Post<'a> {
    url: &'a str,
    body: Vec<u8>,
    headers: Vec<(&'static str, String)>,
}

impl Channel {
    /// What keeps it from being used, as far as that shows without sending anything.
    ///
    /// # Errors
    /// That.
    pub fn examine(&self) -> Result<(), String> {
        match &self.way {
            Way::Command { argv } => program::find(argv),
            Way::Webhook { url, secrets } => {
                http::allowed(url.expose(), self.allow_private)?;
                secrets.iter().try_for_each(|secret| signing::key(secret).map(drop))
            }
            Way::Slack { url } | Way::Discord { url } => {
                http::allowed(url.expose(), self.allow_private).map(drop)
            }
            Way::Telegram { api, .. } => http::allowed(api, self.allow_private).map(drop),
        }
    }

    /// Sends a message. `now` is the time of a signature.
    pub async fn send(&self, message: &Message, now: Millis) -> Sent {
        let sent = match self.post(message, now) {
            Ok(Some(post)) => self.posted(post).await,
            Ok(None) => self.run(message).await,
            Err(error) => Sent::failed(error),
        };
        match sent {
            Sent::Done => Sent::Done,
            Sent::Failed { error, asked, gone } => {
                Sent::Failed { error: line(&self.clean(&error), 2 * LONGEST_ERROR), asked, gone }
            }
        }
    }

    async fn run(&self, message: &Message) -> Sent {
        match &self.way {
            Way::Command { argv } => program::run(argv, &message.json(), self.timeout).await,
            Way::Webhook { .. } | Way::Slack { .. } | Way::Discord { .. } | Way::Telegram { .. } => {
                Sent::failed("this channel runs no program")
            }
        }
    }

    fn post(&self, message: &Message, now: Millis) -> Result<Option<Post<'_>>, String> {
        let bytes = |value: &Value| serde_json::to_vec(value).unwrap_or_default();
        let json = |url, body: &Value| Post { url, body: bytes(body), headers: Vec::new() };
        Ok(Some(match &self.way {
            Way::Command { .. } => return Ok(None),
            Way::Slack { url } => json(url.expose(), &wire::slack(message)),
            Way::Discord { url } => json(url.expose(), &wire::discord(message)),
            Way::Telegram { api, chat, thread, .. } => json(api, &wire::telegram(message, chat, *thread)),
            Way::Webhook { url, secrets } => {
                let body = bytes(&message.json());
                let timestamp = now.0.div_euclid(1_000);
                let mut headers =
                    vec![("webhook-id", message.id.clone()), ("webhook-timestamp", timestamp.to_string())];
                if !secrets.is_empty() {
                    let signature = signing::signatures(secrets, &message.id, timestamp, &body)?;
                    headers.push(("webhook-signature", signature));
                }
                Post { url: url.expose(), body, headers }
            }
        }))
    }

    async fn posted(&self, post: Post<'_>) -> Sent {
        let work = async {
            let mut url = match http::allowed(post.url, self.allow_private) {
                Ok(url) => url,
                Err(error) => return Sent::failed(error),
            };
            if let Way::Telegram { token, .. } = &self.way {
                let path =
                    format!("{}/bot{}/sendMessage", url.path().trim_end_matches('/'), token.expose().trim());
                url.set_path(&path);
            }
            let make = || async { http::client(&url, self.allow_private, self.timeout) };
            let client = match self.client.get_or_try_init(make).await {
                Ok(client) => client,
                Err(error) => return Sent::failed(error),
            };
            let mut request = client.post(url).header("content-type", "application/json").body(post.body);
            for (name, value) in post.headers {
                request = request.header(name, value);
            }
            match request.send().await {
                Ok(response) => self.answered(response).await,
                Err(error) => Sent::failed(innermost(error)),
            }
        };
        match tokio::time::timeout(self.timeout, work).await {
            Ok(sent) => sent,
            Err(_) => Sent::failed(format!("no answer within {} ms", self.timeout.as_millis())),
        }
    }

    async fn answered(&self, mut response: Response) -> Sent {
        let status = response.status();
        let asked = asked_in_headers(&response);
        let mut body = Vec::new();
        while body.len() < LARGEST_ANSWER
            && let Ok(Some(chunk)) = response.chunk().await
        {
            body.extend(chunk.iter().take(LARGEST_ANSWER - body.len()));
        }
        let said: Value = serde_json::from_slice(&body).unwrap_or_default();
        let refused = matches!(self.way, Way::Telegram { .. }) && said.get("ok") == Some(&Value::Bool(false));
        if status.is_success() && !refused {
            return Sent::Done;
        }
        if status.is_redirection() {
            return Sent::failed(format!("answered {status}: redirects are not followed"));
        }
        let asked = asked.or_else(|| asked_in_body(&said));
        let text = line(&String::from_utf8_lossy(&body), LONGEST_ERROR);
        let error =
            if text.is_empty() { format!("answered {status}") } else { format!("answered {status}: {text}") };
        Sent::Failed { error, asked, gone: status == StatusCode::GONE }
    }
}

/// `Retry-After` in seconds or as a date, milliseconds.
fn asked_in_headers(response: &Response) -> Option<i64> {
    let text = response.headers().get("retry-after")?.to_str().ok()?.trim();
    if let Ok(seconds) = text.parse::<f64>() {
        return millis(seconds);
    }
    let at = httpdate::parse_http_date(text).ok()?;
    let at = at.duration_since(std::time::SystemTime::UNIX_EPOCH).ok()?;
    let now = u64::try_from(andon_store::ambient().now().0).unwrap_or(0);
    let wait = at.saturating_sub(Duration::from_millis(now));
    Some(i64::try_from(wait.as_millis()).unwrap_or(i64::MAX))
}

/// The same as Telegram and Discord say it in their answers: seconds.
fn asked_in_body(said: &Value) -> Option<i64> {
    let asked = said.pointer("/parameters/retry_after").or_else(|| said.get("retry_after"))?;
    millis(asked.as_f64()?)
}

#[expect(clippy::cast_possible_truncation, reason = "the range is checked")]
fn millis(seconds: f64) -> Option<i64> {
    (seconds.is_finite() && seconds >= 0.0).then(|| (seconds.min(1e9) * 1_000.0).ceil() as i64)
}

/// What is at the bottom of an error; the addresses in what lies above may be secrets.
fn innermost(error: reqwest::Error) -> String {
    let error = error.without_url();
    if error.is_timeout() {
        return "no answer in time".to_owned();
    }
    let mut inner: &dyn std::error::Error = &error;
    while let Some(next) = inner.source() {
        inner = next;
    }
    format!("it cannot be reached: {inner}")
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn receivers_say_in_several_ways_how_long_they_want_to_be_left_alone() {
        assert_eq!(asked_in_body(&json!({ "ok": false, "parameters": { "retry_after": 3 } })), Some(3_000));
        assert_eq!(asked_in_body(&json!({ "retry_after": 0.25 })), Some(250));
        assert_eq!(asked_in_body(&json!({ "retry_after": -1 })), None);
        assert_eq!(asked_in_body(&Value::Null), None);
    }
}
