//! The dashboard's files, which the build has put into this program; and a page that says so where it had none.

use axum::extract::Path;
use axum::http::{HeaderMap, HeaderValue, StatusCode, Uri, header};
use axum::response::{IntoResponse as _, Response};

use super::failure::Failure;

/// What pages of this server may do: nothing from elsewhere, no scripts that do not lie beside them.
pub(crate) const POLICY: &str = "default-src 'self'; img-src 'self' data: blob:; style-src 'self' 'unsafe-inline'; \
    font-src 'self' data:; connect-src 'self'; object-src 'none'; frame-ancestors 'none'; base-uri 'none'; \
    form-action 'self'";

/// A file: its path, its content, and what tells it from another.
struct Asset {
    path: &'static str,
    content: &'static [u8],
    tag: &'static str,
}

include!(concat!(env!("OUT_DIR"), "/assets.rs"));
include!(concat!(env!("OUT_DIR"), "/errors.rs"));

/// What an error code means and what to do: the address that stands in a problem's `type`.
pub(crate) async fn error_page(Path(code): Path<String>) -> Result<Response, Failure> {
    let Some((_, page)) = PAGES.iter().find(|(known, _)| *known == code) else {
        let shown: String = code.chars().take(80).collect();
        return Err(Failure::new("not_found", format!("there is no error {shown:?}"), None));
    };
    let kind = [(header::CONTENT_TYPE, HeaderValue::from_static("text/markdown; charset=utf-8"))];
    Ok((kind, *page).into_response())
}

fn content_type(path: &str) -> &'static str {
    match path.rsplit_once('.').map(|(_, ending)| ending) {
        Some("html") => "text/html; charset=utf-8",
        Some("js" | "mjs") => "text/javascript; charset=utf-8",
        Some("css") => "text/css; charset=utf-8",
        Some("json" | "map" | "webmanifest") => "application/json",
        Some("svg") => "image/svg+xml",
        Some("png") => "image/png",
        Some("ico") => "image/x-icon",
        Some("woff2") => "font/woff2",
        Some("txt") => "text/plain; charset=utf-8",
        Some(_) | None => "application/octet-stream",
    }
}

/// The page.
pub(crate) async fn index(headers: HeaderMap) -> Result<Response, Failure> {
    answer("index.html", &headers)
}

/// A file; the page for an address that a person sees.
pub(crate) async fn file(uri: Uri, headers: HeaderMap) -> Result<Response, Failure> {
    let path = uri.path().strip_prefix('/').unwrap_or_default();
    if ASSETS.iter().any(|asset| asset.path == path) {
        return answer(path, &headers);
    }
    let lower = path.to_ascii_lowercase();
    let odd = ["..", "//", "\\", "%2e", "%2f", "%5c", "%00"].iter().any(|part| lower.contains(part));
    let program = odd
        || path.starts_with('/')
        || path.starts_with("api/")
        || path.starts_with("assets/")
        || path == "mcp";
    let last = path.rsplit('/').next().unwrap_or_default();
    if program || last.contains('.') {
        let shown: String = uri.path().chars().take(80).collect();
        return Err(Failure::new("not_found", format!("there is nothing at {shown}"), None));
    }
    answer("index.html", &headers)
}

fn answer(path: &str, headers: &HeaderMap) -> Result<Response, Failure> {
    let asset = ASSETS.iter().find(|asset| asset.path == path);
    let asset = asset.ok_or_else(|| Failure::new("not_found", "this build has no dashboard", None))?;
    let known = headers.get(header::IF_NONE_MATCH).and_then(|known| known.to_str().ok());
    let mut response = if known.is_some_and(|known| known.split(',').any(|known| known.trim() == asset.tag)) {
        StatusCode::NOT_MODIFIED.into_response()
    } else {
        ([(header::CONTENT_TYPE, content_type(path))], asset.content).into_response()
    };
    // Names below `assets/` change with their content.
    let age = if path.starts_with("assets/") { "public, max-age=31536000, immutable" } else { "no-cache" };
    response.headers_mut().insert(header::CACHE_CONTROL, HeaderValue::from_static(age));
    response.headers_mut().insert(header::ETAG, HeaderValue::from_static(asset.tag));
    Ok(response)
}
