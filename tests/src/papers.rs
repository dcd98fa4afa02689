//! Certificates for one test, and a door with TLS in front of a server that has none.

#![expect(clippy::disallowed_methods, reason = "the edge: has certificates made")]

use std::net::SocketAddr;
use std::path::PathBuf;
use std::process::Command;
use std::sync::Arc;
use std::thread::JoinHandle;

use rustls::ServerConfig;
use rustls::pki_types::pem::PemObject as _;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use tokio::io::copy_bidirectional;
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::Notify;
use tokio_rustls::TlsAcceptor;

/// Certificates of an authority of one test (`ours.crt`): `server.crt` with `server.key`, for the name `localhost` alone; and
/// another authority (`another.crt`) that has signed nothing.
#[derive(Debug)]
pub struct Papers(tempfile::TempDir);

impl Papers {
    /// Has them made.
    ///
    /// # Panics
    /// When OpenSSL is not installed.
    #[must_use]
    pub fn new() -> Self {
        let papers = Self(tempfile::tempdir().unwrap());
        for authority in ["ours", "another"] {
            papers.openssl(&format!(
                "req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -days 2 -subj /CN={authority} \
                 -addext basicConstraints=critical,CA:TRUE -keyout {authority}.key -out {authority}.crt"
            ));
        }
        papers.openssl(
            "req -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -subj /CN=localhost \
             -addext subjectAltName=DNS:localhost -keyout server.key -out server.csr",
        );
        std::fs::write(papers.path("names"), "subjectAltName=DNS:localhost\n").unwrap();
        papers.openssl(
            "x509 -req -in server.csr -CA ours.crt -CAkey ours.key -CAcreateserial -days 2 -extfile names \
             -out server.crt",
        );
        papers
    }

    /// Where one of them lies.
    #[must_use]
    pub fn path(&self, name: &str) -> PathBuf {
        self.0.path().join(name)
    }

    fn openssl(&self, arguments: &str) {
        let mut openssl = Command::new("openssl");
        let output = openssl.args(arguments.split_whitespace()).current_dir(self.0.path()).output().unwrap();
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    }
}

impl Default for Papers {
    fn default() -> Self {
        Self::new()
    }
}

/// What stands before a server and speaks TLS with its clients, as people put one before Andon.
#[derive(Debug)]
pub struct TlsDoor {
    address: SocketAddr,
    over: Arc<Notify>,
    thread: Option<JoinHandle<()>>,
}

impl TlsDoor {
    /// A door to this address, with the server's papers.
    ///
    /// # Panics
    /// When no port can be had, or the papers cannot be read.
    #[must_use]
    pub fn new(papers: &Papers, to: SocketAddr) -> Self {
        let certificates = CertificateDer::pem_file_iter(papers.path("server.crt")).unwrap();
        let certificates = certificates.collect::<Result<Vec<_>, _>>().unwrap();
        let key = PrivateKeyDer::from_pem_file(papers.path("server.key")).unwrap();
        let provider = Arc::new(rustls::crypto::ring::default_provider());
        let config = ServerConfig::builder_with_provider(provider).with_safe_default_protocol_versions();
        let config = config.unwrap().with_no_client_auth().with_single_cert(certificates, key).unwrap();
        let acceptor = TlsAcceptor::from(Arc::new(config));
        let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
        let address = listener.local_addr().unwrap();
        listener.set_nonblocking(true).unwrap();
        let over = Arc::new(Notify::new());
        let end = Arc::clone(&over);
        let thread = std::thread::spawn(move || {
            let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
            runtime.block_on(async {
                let listener = TcpListener::from_std(listener).unwrap();
                tokio::select! {
                    () = serve(listener, acceptor, to) => {}
                    () = end.notified() => {}
                }
            });
        });
        Self { address, over, thread: Some(thread) }
    }

    /// Where it listens.
    #[must_use]
    pub fn address(&self) -> SocketAddr {
        self.address
    }
}

async fn serve(listener: TcpListener, acceptor: TlsAcceptor, to: SocketAddr) {
    while let Ok((near, _)) = listener.accept().await {
        let acceptor = acceptor.clone();
        tokio::spawn(async move {
            // A client that does not trust it goes away.
            let Ok(mut near) = acceptor.accept(near).await else { return };
            let Ok(mut far) = TcpStream::connect(to).await else { return };
            let _ = copy_bidirectional(&mut near, &mut far).await;
        });
    }
}

impl Drop for TlsDoor {
    fn drop(&mut self) {
        self.over.notify_one();
        if let Some(thread) = self.thread.take() {
            let _ = thread.join();
        }
    }
}
