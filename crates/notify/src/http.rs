//! The HTTP client of a channel: no redirects, and the public network alone unless more is allowed.

use std::net::{IpAddr, SocketAddr};
use std::sync::{Arc, Once};
use std::time::Duration;

use andon_core::reach::is_private;
use reqwest::dns::{Addrs, Name, Resolve, Resolving};
use reqwest::redirect::Policy;
use reqwest::{Client, ClientBuilder, Url};

/// An address that a channel may post to.
///
/// # Errors
/// Why it may not, without showing the address: its path may be a secret.
pub(crate) fn allowed(text: &str, private: bool) -> Result<Url, String> {
    let url = Url::parse(text.trim()).map_err(|error| format!("its address is no URL: {error}"))?;
    if !matches!(url.scheme(), "http" | "https") {
        return Err(format!("its address must begin with https:// or http://, not {}:", url.scheme()));
    }
    let host = url.host_str().ok_or("its address names no host")?;
    let literal = host.trim_start_matches('[').trim_end_matches(']').parse::<IpAddr>().ok();
    let local = host == "localhost" || host.ends_with(".localhost");
    if !private && (local || literal.is_some_and(is_private)) {
        return Err(format!("{host} is a private address; `allow_private = true` allows it"));
    }
    Ok(url)
}

/// A client for addresses like this one.
pub(crate) fn client(url: &Url, private: bool, timeout: Duration) -> Result<Client, String> {
    static PROVIDER: Once = Once::new();
    PROVIDER.call_once(|| {
        // An error says that another one was chosen already, which serves as well.
        let _ = rustls::crypto::ring::default_provider().install_default();
    });
    let mut builder = ClientBuilder::new()
        .user_agent("andon")
        .pool_max_idle_per_host(1)
        .pool_idle_timeout(Duration::from_secs(15))
        .redirect(Policy::none())
        .connect_timeout(timeout)
        .timeout(timeout);
    if url.scheme() == "http" {
        // It never speaks TLS: certificates need not be loaded.
        builder = builder.tls_certs_only([]);
    }
    if !private {
        // A proxy would resolve names by itself.
        builder = builder.no_proxy().dns_resolver(Arc::new(PublicOnly));
    }
    builder.build().map_err(|error| format!("no HTTP client: {}", error.without_url()))
}

/// Resolves names, and leaves out private addresses: also where a public name points to one.
#[derive(Clone, Copy, Debug)]
struct PublicOnly;

impl Resolve for PublicOnly {
    fn resolve(&self, name: Name) -> Resolving {
        Box::pin(async move {
            let found = tokio::net::lookup_host((name.as_str(), 0)).await?;
            let public: Vec<SocketAddr> = found.filter(|address| !is_private(address.ip())).collect();
            if public.is_empty() {
                let name = name.as_str();
                return Err(
                    format!("{name} has no public address; `allow_private = true` allows others").into()
                );
            }
            Ok(Box::new(public.into_iter()) as Addrs)
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn private_addresses_are_asked_for_only_where_that_is_allowed() {
        for url in ["http://127.0.0.1/x", "http://localhost/x", "http://[::1]/x", "http://169.254.169.254/"] {
            let error = allowed(url, false).unwrap_err();
            assert!(error.contains("allow_private") && !error.contains("/x"), "{error}");
            assert!(allowed(url, true).is_ok());
        }
        assert!(allowed("https://example.org/hook", false).is_ok());
        assert!(allowed("file:///etc/passwd", true).is_err() && allowed("nonsense", true).is_err());
    }
}
