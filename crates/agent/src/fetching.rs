//! HTTP: the client's foundation, and which addresses a tool may reach.

use std::net::SocketAddr;
use std::sync::Once;

use andon_core::reach::is_private;
use reqwest::ClientBuilder;
use reqwest::dns::{Addrs, Name, Resolve, Resolving};

/// The foundation of this program's HTTP clients. `plain`: it never speaks TLS, so no certificates are loaded.
pub fn client(plain: bool) -> ClientBuilder {
    static PROVIDER: Once = Once::new();
    PROVIDER.call_once(|| {
        // An error says that another one was chosen already, which serves as well.
        let _ = rustls::crypto::ring::default_provider().install_default();
    });
    let builder = ClientBuilder::new().pool_max_idle_per_host(1).user_agent("andon");
    if plain { builder.tls_certs_only([]) } else { builder }
}

/// Resolves names, and leaves out private addresses: also where a public name points to one.
#[derive(Clone, Copy, Debug)]
pub(crate) struct PublicOnly;

impl Resolve for PublicOnly {
    fn resolve(&self, name: Name) -> Resolving {
        Box::pin(async move {
            let found = tokio::net::lookup_host((name.as_str(), 0)).await?;
            let public: Vec<SocketAddr> = found.filter(|address| !is_private(address.ip())).collect();
            if public.is_empty() {
                return Err(format!("{} has no public address", name.as_str()).into());
            }
            Ok(Box::new(public.into_iter()) as Addrs)
        })
    }
}
