//! MCP over streamable HTTP: one request at a time, without sessions.

use std::convert::Infallible;
use std::fmt::Display;
use std::sync::Arc;

use bytes::Bytes;
use http_body_util::combinators::BoxBody;
use hyper::body::Body;
use hyper::{Request, Response};
use rmcp::transport::streamable_http_server::session::never::NeverSessionManager;
use rmcp::transport::streamable_http_server::{StreamableHttpServerConfig, StreamableHttpService};
use tokio_util::sync::CancellationToken;

use super::service::McpService;

/// Answers a request of at most `limit` bytes, until `ending`. Whoever calls has checked where the request comes from and
/// whose it is.
pub async fn over_http<B>(
    service: McpService,
    limit: usize,
    ending: CancellationToken,
    request: Request<B>,
) -> Response<BoxBody<Bytes, Infallible>>
where
    B: Body + Send + 'static,
    B::Error: Display,
{
    // Plain JSON, and nothing to resume. A call that takes long has news before its answer: then it is a stream.
    let config = StreamableHttpServerConfig::default()
        .with_legacy_session_mode(false)
        .with_json_response(true)
        .with_sse_keep_alive(None)
        .with_max_request_body_bytes(limit)
        .with_cancellation_token(ending)
        .disable_allowed_hosts();
    let of_request = move || Ok(service.clone());
    StreamableHttpService::new(of_request, Arc::new(NeverSessionManager::default()), config)
        .handle(request)
        .await
}
