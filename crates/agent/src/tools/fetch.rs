//! `fetch`: a page of the public web as text.

use std::net::IpAddr;
use std::sync::Arc;
use std::time::Duration;

use andon_core::reach::is_private;
use reqwest::redirect::Policy;
use reqwest::{Client, Url};
use serde::Deserialize;
use serde_json::Value;

use super::{Told, arguments, bounded};
use crate::fetching::{self, PublicOnly};

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Asked {
    url: String,
}

/// More is not read, bytes.
const LARGEST: usize = 2 << 20;
const TIME: Duration = Duration::from_secs(30);
const REDIRECTS: usize = 5;
/// What every provider can look at.
const IMAGES: [&str; 4] = ["image/png", "image/jpeg", "image/gif", "image/webp"];

pub(super) async fn fetch(given: &Value, private: bool, limit: usize) -> Told {
    let asked: Asked = arguments("fetch", given)?;
    let url = Url::parse(asked.url.trim()).map_err(|error| format!("{}: {error}", asked.url))?;
    allowed(&url, private)?;
    let client =
        client(private, url.scheme() == "http").map_err(|error| format!("no HTTP client: {error}"))?;
    let get = got(client, url, limit);
    tokio::time::timeout(TIME, get).await.map_err(|_| format!("no answer within {} s", TIME.as_secs()))?
}

/// An image by its address: its media type and its content, if it is one and not larger than `largest` bytes.
pub(crate) async fn image(url: &str, private: bool, largest: usize) -> Option<(String, Vec<u8>)> {
    let url = Url::parse(url).ok()?;
    allowed(&url, private).ok()?;
    let mut response = client(private, url.scheme() == "http").ok()?.get(url).send().await.ok()?;
    let kind = response.headers().get("content-type")?.to_str().ok()?;
    let kind = kind.split(';').next().unwrap_or_default().trim().to_lowercase();
    if !response.status().is_success() || !IMAGES.contains(&kind.as_str()) {
        return None;
    }
    let mut bytes = Vec::new();
    while let Some(chunk) = response.chunk().await.ok()? {
        bytes.extend_from_slice(&chunk);
        if bytes.len() > largest {
            return None;
        }
    }
    Some((kind, bytes))
}

/// Whether an address may be asked for: a name is checked once more when it is resolved.
fn allowed(url: &Url, private: bool) -> Result<(), String> {
    if !matches!(url.scheme(), "http" | "https") {
        return Err(format!("only http and https can be fetched, not {}", url.scheme()));
    }
    let host = url.host_str().ok_or("the URL names no host")?;
    let literal = host.trim_start_matches('[').trim_end_matches(']').parse::<IpAddr>().ok();
    let local = host == "localhost" || host.ends_with(".localhost");
    if !private && (local || literal.is_some_and(is_private)) {
        return Err(format!("{host} is a private address; the profile does not allow those"));
    }
    Ok(())
}

fn client(private: bool, plain: bool) -> reqwest::Result<Client> {
    let redirects = Policy::custom(move |attempt| {
        if attempt.previous().len() >= REDIRECTS {
            return attempt.error("too many redirects");
        }
        match allowed(attempt.url(), private) {
            // Certificates were not loaded for a plain request: the model is told where to go instead.
            Ok(()) if plain && attempt.url().scheme() == "https" => attempt.stop(),
            Ok(()) => attempt.follow(),
            Err(error) => attempt.error(error),
        }
    });
    let mut builder = fetching::client(plain).redirect(redirects).connect_timeout(Duration::from_secs(10));
    if !private {
        // A proxy would resolve names by itself.
        builder = builder.no_proxy().dns_resolver(Arc::new(PublicOnly));
    }
    builder.build()
}

async fn got(client: Client, url: Url, limit: usize) -> Told {
    let failed = |error: reqwest::Error| {
        let mut inner: &dyn std::error::Error = &error;
        while let Some(next) = inner.source() {
            inner = next;
        }
        format!("it cannot be fetched: {inner}")
    };
    let mut response = client.get(url).send().await.map_err(failed)?;
    let status = response.status();
    if let Some(to) = response.headers().get("location").filter(|_| status.is_redirection()) {
        return Ok(format!(
            "[status {}: it is at {}]",
            status.as_u16(),
            String::from_utf8_lossy(to.as_bytes())
        ));
    }
    let kind = response
        .headers()
        .get("content-type")
        .and_then(|kind| kind.to_str().ok())
        .unwrap_or("")
        .to_lowercase();
    let mut bytes = Vec::new();
    let mut whole = true;
    while let Some(chunk) = response.chunk().await.map_err(failed)? {
        let room = LARGEST - bytes.len();
        bytes.extend_from_slice(chunk.get(..room).unwrap_or(&chunk));
        if chunk.len() > room {
            whole = false;
            break;
        }
    }
    let note = if whole { "" } else { "\n[… it is longer; the rest was not read …]" };
    let head = if status.is_success() { String::new() } else { format!("[status {}]\n", status.as_u16()) };
    if bounded::is_binary(&bytes) {
        return Ok(format!("{head}({})", bounded::described(&bytes, bytes.len() as u64)));
    }
    let text = String::from_utf8_lossy(&bytes);
    let text = if kind.contains("html") { plain_text(&text) } else { text.into_owned() };
    Ok(format!("{head}{}{note}", bounded::cut(text.trim(), limit)))
}

/// The words of a page, without its marks, scripts and styles.
fn plain_text(html: &str) -> String {
    let mut out = String::new();
    let mut rest = html;
    while let Some((text, after)) = rest.split_once('<') {
        out.push_str(text);
        let name: String = after
            .chars()
            .take_while(|c| c.is_ascii_alphanumeric() || *c == '/' || *c == '!')
            .collect::<String>()
            .to_lowercase();
        let hidden = ["script", "style", "noscript", "svg"].into_iter().find(|hidden| name == *hidden);
        let end = match hidden {
            Some(hidden) => find_ignoring_case(after, &format!("</{hidden}")),
            None if after.starts_with("!--") => after.find("-->").map(|at| at + 2),
            None => Some(0),
        };
        let Some(end) = end else { return squeezed(&out) };
        rest = after.get(end..).and_then(|after| after.split_once('>')).map_or("", |(_, after)| after);
        let block = ["p", "/p", "br", "br/", "div", "/div", "li", "tr", "/tr", "/ul", "/ol", "/pre"];
        if block.contains(&name.as_str()) || name.trim_start_matches('/').starts_with('h') {
            out.push('\n');
        }
    }
    out.push_str(rest);
    squeezed(&out)
}

fn find_ignoring_case(text: &str, wanted: &str) -> Option<usize> {
    text.as_bytes().windows(wanted.len()).position(|window| window.eq_ignore_ascii_case(wanted.as_bytes()))
}

fn squeezed(text: &str) -> String {
    let text =
        [("&lt;", "<"), ("&gt;", ">"), ("&quot;", "\""), ("&#39;", "'"), ("&nbsp;", " "), ("&amp;", "&")]
            .into_iter()
            .fold(text.to_owned(), |text, (from, to)| text.replace(from, to));
    let mut out = String::new();
    for line in text.lines() {
        let line = line.split_whitespace().collect::<Vec<_>>().join(" ");
        if !line.is_empty() || !(out.is_empty() || out.ends_with("\n\n")) {
            out.push_str(&line);
            out.push('\n');
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_public_web_may_be_asked() {
        let check = |url: &str, private| allowed(&Url::parse(url).unwrap(), private);
        assert!(check("https://example.org/", false).is_ok());
        for url in [
            "http://127.0.0.1/",
            "http://localhost:8080/",
            "http://[::1]/",
            "http://169.254.169.254/latest",
            "http://0x7f.1/",
        ] {
            assert!(check(url, false).unwrap_err().contains("private address"), "{url}");
            assert!(check(url, true).is_ok(), "{url}");
        }
        assert!(check("file:///etc/passwd", true).is_err());
        assert!(check("ftp://example.org/", true).is_err());
    }

    #[test]
    fn a_page_is_its_words() {
        let page = "<html><style>x{}</style><script>if (a<b) {}</SCRIPT><h1>Title</h1><!-- no --><p>a &amp; b</p><p>c</p>";
        assert_eq!(plain_text(page).trim(), "Title\n\na & b\n\nc");
        assert_eq!(plain_text("<script>never closed").trim(), "");
    }
}
