//! Logging a browser in by a URL that is good once, and out again.

use axum::extract::{Query, State};
use axum::http::{HeaderMap, HeaderValue, StatusCode, header};
use axum::response::{Html, IntoResponse as _, Response};
use serde::Deserialize;

use super::failure::Failure;
use super::state::Api;
use super::tokens::SESSION;

/// The cookie of a session.
const COOKIE: &str = "andon_session";

/// The secret of the browser's session, if it sent one.
pub(crate) fn cookie(headers: &HeaderMap) -> Option<String> {
    let texts = headers.get_all(header::COOKIE).iter().filter_map(|value| value.to_str().ok());
    texts
        .flat_map(|text| text.split(';'))
        .filter_map(|pair| pair.trim().split_once('='))
        .find(|(name, _)| *name == COOKIE)
        .map(|(_, value)| value.to_owned())
}

/// The header that keeps a session, or ends it.
pub(crate) fn keep(secret: Option<&str>) -> HeaderValue {
    let age = if secret.is_some() { SESSION / 1_000 } else { 0 };
    let value = secret.unwrap_or_default();
    let text = format!("{COOKIE}={value}; Path=/; HttpOnly; SameSite=Strict; Max-Age={age}");
    HeaderValue::from_str(&text).unwrap_or(HeaderValue::from_static(""))
}

#[derive(Debug, Deserialize)]
pub(crate) struct Code {
    #[serde(default)]
    code: String,
}

/// Takes the code of a login URL for a session.
pub(crate) async fn login(
    State(api): State<Api>,
    method: axum::http::Method,
    Query(given): Query<Code>,
) -> Result<Response, Failure> {
    // A look at a URL, as of a program that previews it, does not use it up.
    let made =
        if method == axum::http::Method::GET { api.tokens.redeem(&given.code, api.now())? } else { None };
    let Some(secret) = made else {
        return Ok((StatusCode::FORBIDDEN, Html(REFUSED)).into_response());
    };
    let mut response = StatusCode::SEE_OTHER.into_response();
    response.headers_mut().insert(header::LOCATION, HeaderValue::from_static("/"));
    response.headers_mut().insert(header::SET_COOKIE, keep(Some(&secret)));
    Ok(response)
}

const REFUSED: &str = "<!doctype html><html lang=\"en\"><meta charset=\"utf-8\"><title>Andon</title>\
<h1>This link has been used</h1><p>A link logs one browser in, once, within a day. <code>andon token url</code> prints a \
new one.</p></html>";

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_session_is_found_among_other_cookies() {
        let mut headers = HeaderMap::new();
        headers.insert(header::COOKIE, HeaderValue::from_static("a=1; andon_session=x; andon_session2=y"));
        assert_eq!(cookie(&headers).as_deref(), Some("x"));
        assert!(keep(Some("x")).to_str().unwrap().contains("HttpOnly; SameSite=Strict"));
    }
}
