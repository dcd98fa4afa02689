//! Where a server is: a URL, or a socket of this machine.

use std::fmt;
use std::path::PathBuf;

use super::error::ClientError;

/// Where a server is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Endpoint {
    /// At a host and port.
    Network {
        /// A name or an address, without brackets.
        host: String,
        /// Its port.
        port: u16,
        /// Whether the connection is encrypted.
        tls: bool,
        /// What precedes `/api/v1`, where the server stands behind another one: empty, or `/…` without a last slash.
        prefix: String,
    },
    /// Behind a Unix socket.
    Socket(PathBuf),
}

impl fmt::Display for Endpoint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Network { tls, prefix, .. } => {
                write!(f, "{}://{}{prefix}", if *tls { "https" } else { "http" }, self.authority())
            }
            Self::Socket(path) => write!(f, "{}", path.display()),
        }
    }
}

impl Endpoint {
    /// Reads `http://host[:port][/prefix]`, the same with `https`, or `unix:/path`. A bare `host:port` is `http`.
    ///
    /// # Errors
    /// Any other URL, and one with a user, a query or a fragment.
    pub fn of(url: &str) -> Result<Self, ClientError> {
        let fail = |reason: &str| {
            // What stands before an @ may be a password.
            let shown = url.rsplit_once('@').map_or(url, |(_, rest)| rest);
            let shown: String = shown.chars().take(200).collect();
            Err(ClientError::Url { url: shown, reason: reason.to_owned() })
        };
        let text = url.trim();
        if let Some(path) = text.strip_prefix("unix:") {
            let path = path.strip_prefix("//").unwrap_or(path);
            return match path.starts_with('/') {
                true => Ok(Self::Socket(PathBuf::from(path))),
                false => fail("a socket is named by an absolute path"),
            };
        }
        let (tls, rest) = match text.split_once("://") {
            Some(("http", rest)) => (false, rest),
            Some(("https", rest)) => (true, rest),
            Some(_) => return fail("it starts with http://, https:// or unix:/"),
            None => (false, text),
        };
        let (authority, prefix) = rest.split_once('/').unwrap_or((rest, ""));
        if authority.contains('@') {
            return fail("a token is not part of it: say ANDON_TOKEN or --token-file");
        }
        if rest.contains(['?', '#']) || rest.contains(|c: char| c.is_control() || c.is_whitespace()) {
            return fail("it has a host, perhaps a port and a path, and nothing more");
        }
        let (host, port) = match host_and_port(authority) {
            Ok((host, port)) => (host, port.unwrap_or(if tls { 443 } else { 80 })),
            Err(reason) => return fail(reason),
        };
        let prefix = prefix.trim_matches('/');
        let prefix = if prefix.is_empty() { String::new() } else { format!("/{prefix}") };
        Ok(Self::Network { host, port, tls, prefix })
    }

    /// Whether it is on this machine.
    #[must_use]
    pub fn is_local(&self) -> bool {
        match self {
            Self::Socket(_) => true,
            Self::Network { host, .. } => {
                let address = host.parse::<std::net::IpAddr>();
                host.eq_ignore_ascii_case("localhost") || address.is_ok_and(|address| address.is_loopback())
            }
        }
    }

    /// What `Host` says.
    pub(super) fn authority(&self) -> String {
        match self {
            Self::Network { host, port, tls, .. } => {
                let host = if host.contains(':') { format!("[{host}]") } else { host.clone() };
                let usual = if *tls { 443 } else { 80 };
                if *port == usual { host } else { format!("{host}:{port}") }
            }
            Self::Socket(_) => "localhost".to_owned(),
        }
    }

    /// The target of a request for a path.
    pub(super) fn target(&self, path: &str) -> String {
        match self {
            Self::Network { prefix, .. } => format!("{prefix}{path}"),
            Self::Socket(_) => path.to_owned(),
        }
    }
}

fn host_and_port(authority: &str) -> Result<(String, Option<u16>), &'static str> {
    const PORT: &str = "its port is a number up to 65535";
    let (host, port) = match authority.strip_prefix('[') {
        Some(rest) => {
            let (host, after) = rest.split_once(']').ok_or("its address has no closing bracket")?;
            (host, after.strip_prefix(':').or(after.is_empty().then_some("")).ok_or(PORT)?)
        }
        None => authority.split_once(':').unwrap_or((authority, "")),
    };
    if host.is_empty() {
        return Err("it has no host");
    }
    let port = if port.is_empty() { None } else { Some(port.parse().map_err(|_| PORT)?) };
    Ok((host.to_owned(), port))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_url_is_read_as_people_write_it() {
        for (url, shown, local) in [
            ("http://127.0.0.1:7700", "http://127.0.0.1:7700", true),
            ("http://localhost:7700/", "http://localhost:7700", true),
            ("localhost:7700", "http://localhost:7700", true),
            ("https://andon.example.org", "https://andon.example.org", false),
            ("https://example.org:8443/andon/", "https://example.org:8443/andon", false),
            ("http://[::1]:7700", "http://[::1]:7700", true),
            ("unix:/run/andon.sock", "/run/andon.sock", true),
        ] {
            let endpoint = Endpoint::of(url).unwrap();
            assert_eq!((endpoint.to_string().as_str(), endpoint.is_local()), (shown, local), "{url}");
        }
        assert_eq!(Endpoint::of("https://a/b").unwrap().target("/api/v1/me"), "/b/api/v1/me");
    }

    #[test]
    fn what_is_no_url_is_refused_without_showing_a_password() {
        for bad in
            ["", "ftp://a", "http://", "http://a:99999", "http://a?b=c", "unix:rel", "http://[::1", "a b"]
        {
            assert!(matches!(Endpoint::of(bad), Err(ClientError::Url { .. })), "{bad}");
        }
        let error = Endpoint::of("http://user:sesame@host").unwrap_err().to_string();
        assert!(!error.contains("sesame") && error.contains("ANDON_TOKEN"), "{error}");
    }
}
