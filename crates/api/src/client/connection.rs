//! One connection to a server: opened, and handed a request after the other.

use std::time::Duration;

use bytes::Bytes;
use http_body_util::Full;
use hyper::client::conn::http1::{SendRequest, handshake};
use hyper_util::rt::TokioIo;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::{TcpStream, UnixStream};

use super::endpoint::Endpoint;
use super::error::ClientError;

/// How long a connection may take to stand.
const CONNECT: Duration = Duration::from_secs(10);

/// What takes requests.
pub(super) type Sender = SendRequest<Full<Bytes>>;

/// Whom an encrypted connection trusts: a file of certificates, else those of the system.
pub(super) type Roots<'a> = Option<&'a std::path::Path>;

/// Opens a connection.
pub(super) async fn open(endpoint: &Endpoint, roots: Roots<'_>) -> Result<Sender, ClientError> {
    let unreachable = |reason: String| ClientError::Unreachable { to: endpoint.to_string(), reason };
    let opening = async {
        match endpoint {
            Endpoint::Socket(path) => {
                let stream =
                    UnixStream::connect(path).await.map_err(|error| unreachable(error.to_string()))?;
                over(stream).await.map_err(unreachable)
            }
            Endpoint::Network { host, port, tls, .. } => {
                let connected = TcpStream::connect((host.as_str(), *port)).await;
                let stream = connected.map_err(|error| unreachable(error.to_string()))?;
                let _ = stream.set_nodelay(true);
                if *tls {
                    encrypted(stream, host, roots).await.map_err(unreachable)
                } else {
                    over(stream).await.map_err(unreachable)
                }
            }
        }
    };
    match tokio::time::timeout(CONNECT, opening).await {
        Ok(opened) => opened,
        Err(_) => Err(unreachable(format!("no answer within {} s", CONNECT.as_secs()))),
    }
}

/// Speaks HTTP over a stream that stands.
pub(super) async fn over<S>(stream: S) -> Result<Sender, String>
where
    S: AsyncRead + AsyncWrite + Unpin + Send + 'static,
{
    let (sender, connection) = handshake(TokioIo::new(stream)).await.map_err(|error| error.to_string())?;
    tokio::spawn(async move {
        // Whoever waits for an answer is told of the error there.
        let _ = connection.await;
    });
    Ok(sender)
}

#[cfg(feature = "tls")]
async fn encrypted(stream: TcpStream, host: &str, roots: Roots<'_>) -> Result<Sender, String> {
    use rustls::pki_types::ServerName;
    let name = ServerName::try_from(host.to_owned()).map_err(|error| error.to_string())?;
    let connector = tokio_rustls::TlsConnector::from(std::sync::Arc::new(trust(roots)?));
    let stream = connector.connect(name, stream).await.map_err(|error| error.to_string())?;
    over(stream).await
}

#[cfg(not(feature = "tls"))]
async fn encrypted(_: TcpStream, _: &str, _: Roots<'_>) -> Result<Sender, String> {
    Err("this program was built without TLS".to_owned())
}

/// Where systems keep the certificates of authorities.
#[cfg(feature = "tls")]
const SYSTEM: &[&str] =
    &["/etc/ssl/certs/ca-certificates.crt", "/etc/pki/tls/certs/ca-bundle.crt", "/etc/ssl/cert.pem"];

#[cfg(feature = "tls")]
fn trust(roots: Roots<'_>) -> Result<rustls::ClientConfig, String> {
    use rustls::pki_types::CertificateDer;
    use rustls::pki_types::pem::PemObject as _;
    let found = roots.or_else(|| SYSTEM.iter().map(std::path::Path::new).find(|path| path.exists()));
    let path =
        found.ok_or("this system has no certificates of authorities: name a file with SSL_CERT_FILE")?;
    let read = CertificateDer::pem_file_iter(path).and_then(Iterator::collect::<Result<Vec<_>, _>>);
    let certificates = read.map_err(|error| format!("{}: {error}", path.display()))?;
    let mut store = rustls::RootCertStore::empty();
    if store.add_parsable_certificates(certificates).0 == 0 {
        return Err(format!("{} holds no certificate", path.display()));
    }
    let provider = std::sync::Arc::new(rustls::crypto::ring::default_provider());
    let config = rustls::ClientConfig::builder_with_provider(provider).with_safe_default_protocol_versions();
    Ok(config.map_err(|error| error.to_string())?.with_root_certificates(store).with_no_client_auth())
}
