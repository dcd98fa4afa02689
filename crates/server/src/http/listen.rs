//! Connections: accepted up to a number, each with a time in which it must say what it wants, and let go at the end.

use std::convert::Infallible;
use std::pin::pin;
use std::sync::Arc;

use axum::Router;
use axum::body::Body;
use axum::extract::ConnectInfo;
use axum::response::Response;
use hyper::Request;
use hyper::body::Incoming;
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::{TokioIo, TokioTimer};
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::{TcpListener, UnixListener};
use tokio::sync::Semaphore;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;
use tower::ServiceExt as _;

use super::limits::{FAREWELL, HEADERS};

/// How a client came.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Peer {
    /// Over TCP.
    Network,
    /// Over the home's own socket, which no browser can be led to.
    Local {
        /// Whether the client is a process of this server's own user.
        own: bool,
    },
}

/// What serves connections.
#[derive(Clone, Debug)]
pub(crate) struct Acceptor {
    /// What is served.
    pub(crate) router: Router,
    /// Connections that may still be opened.
    pub(crate) slots: Arc<Semaphore>,
    /// The word to stop.
    pub(crate) ending: CancellationToken,
    /// The connections that are open.
    pub(crate) open: TaskTracker,
}

impl Acceptor {
    /// Serves who comes over TCP until told to stop.
    pub(crate) async fn network(self, listener: TcpListener) {
        while let Some(slot) = self.slot().await {
            let accepted = tokio::select! {
                () = self.ending.cancelled() => return,
                accepted = listener.accept() => accepted,
            };
            match accepted {
                Ok((stream, _)) => {
                    let _ = stream.set_nodelay(true);
                    self.spawn(stream, Peer::Network, slot);
                }
                Err(error) => rest(&error).await,
            }
        }
    }

    /// Serves who comes over a local socket until told to stop.
    pub(crate) async fn local(self, listener: UnixListener) {
        let user = rustix::process::geteuid().as_raw();
        while let Some(slot) = self.slot().await {
            let accepted = tokio::select! {
                () = self.ending.cancelled() => return,
                accepted = listener.accept() => accepted,
            };
            match accepted {
                Ok((stream, _)) => {
                    let own = stream.peer_cred().is_ok_and(|peer| peer.uid() == user);
                    self.spawn(stream, Peer::Local { own }, slot);
                }
                Err(error) => rest(&error).await,
            }
        }
    }

    async fn slot(&self) -> Option<tokio::sync::OwnedSemaphorePermit> {
        tokio::select! {
            () = self.ending.cancelled() => None,
            slot = Arc::clone(&self.slots).acquire_owned() => slot.ok(),
        }
    }

    fn spawn<S>(&self, stream: S, peer: Peer, slot: tokio::sync::OwnedSemaphorePermit)
    where
        S: AsyncRead + AsyncWrite + Unpin + Send + 'static,
    {
        let (router, ending) = (self.router.clone(), self.ending.clone());
        self.open.spawn(async move {
            serve(stream, peer, router, ending).await;
            drop(slot);
        });
    }
}

/// Out of descriptors, most often: others end in a moment.
async fn rest(error: &std::io::Error) {
    tracing::warn!(%error, "a connection could not be accepted");
    tokio::time::sleep(std::time::Duration::from_millis(100)).await;
}

async fn serve<S>(stream: S, peer: Peer, router: Router, ending: CancellationToken)
where
    S: AsyncRead + AsyncWrite + Unpin + Send + 'static,
{
    let service = service_fn(move |request: Request<Incoming>| answer(router.clone(), peer, request));
    let mut builder = http1::Builder::new();
    builder.timer(TokioTimer::new()).header_read_timeout(HEADERS).max_buf_size(64 << 10);
    let mut connection = pin!(builder.serve_connection(TokioIo::new(stream), service));
    tokio::select! {
        // What a client does wrong is its own affair.
        _ = connection.as_mut() => return,
        () = ending.cancelled() => connection.as_mut().graceful_shutdown(),
    }
    let _ = tokio::time::timeout(FAREWELL, connection).await;
}

async fn answer(router: Router, peer: Peer, request: Request<Incoming>) -> Result<Response, Infallible> {
    let mut request = request.map(Body::new);
    request.extensions_mut().insert(ConnectInfo(peer));
    router.oneshot(request).await
}
