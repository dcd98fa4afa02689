//! Connections: accepted up to a number, each with a time in which it must say what it wants and take what it gets, and let
//! go at the end.

use std::convert::Infallible;
use std::pin::pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use axum::Router;
use axum::body::Body;
use axum::extract::ConnectInfo;
use axum::response::Response;
use hyper::Request;
use hyper::body::Incoming;
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::{TokioIo, TokioTimer};
use rustix::net::sockopt;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::{TcpListener, TcpStream, UnixListener};
use tokio::sync::Semaphore;
use tokio_util::task::TaskTracker;
use tower::ServiceExt as _;

use super::limits::{FAREWELL, HEADERS};
use super::stall::Watched;
use super::state::{Api, Counters};

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
    /// The limits, and where what they cost is counted.
    pub(crate) api: Api,
    /// Connections that may still be opened.
    pub(crate) slots: Arc<Semaphore>,
    /// The connections that are open.
    pub(crate) open: TaskTracker,
}

impl Acceptor {
    /// Serves who comes over TCP until told to stop.
    pub(crate) async fn network(self, listener: TcpListener) {
        while let Some(slot) = self.slot().await {
            let accepted = tokio::select! {
                () = self.api.ending.cancelled() => return,
                accepted = listener.accept() => accepted,
            };
            match accepted {
                Ok((stream, _)) => {
                    let _ = stream.set_nodelay(true);
                    self.bound(&stream);
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
                () = self.api.ending.cancelled() => return,
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
            () = self.api.ending.cancelled() => None,
            slot = Arc::clone(&self.slots).acquire_owned() => slot.ok(),
        }
    }

    /// A peer that is gone without a word, or that takes nothing, is found by the kernel: what it has not acknowledged for so
    /// long ends the connection.
    fn bound(&self, stream: &TcpStream) {
        let millis = u32::try_from(self.api.limits.stall.as_millis()).unwrap_or(u32::MAX);
        if let Err(error) = sockopt::set_tcp_user_timeout(stream, millis) {
            tracing::debug!(%error, "a connection has no limit of the kernel");
        }
    }

    fn spawn<S>(&self, stream: S, peer: Peer, slot: tokio::sync::OwnedSemaphorePermit)
    where
        S: AsyncRead + AsyncWrite + Unpin + Send + 'static,
    {
        let (router, api) = (self.router.clone(), self.api.clone());
        self.open.spawn(async move {
            serve(stream, peer, router, &api).await;
            drop(slot);
        });
    }
}

/// Out of descriptors, most often: others end in a moment.
async fn rest(error: &std::io::Error) {
    tracing::warn!(%error, "a connection could not be accepted");
    tokio::time::sleep(std::time::Duration::from_millis(100)).await;
}

async fn serve<S>(stream: S, peer: Peer, router: Router, api: &Api)
where
    S: AsyncRead + AsyncWrite + Unpin + Send + 'static,
{
    let service = service_fn(move |request: Request<Incoming>| answer(router.clone(), peer, request));
    let mut builder = http1::Builder::new();
    let headers = HEADERS.min(api.limits.timeout);
    builder.timer(TokioTimer::new()).header_read_timeout(headers).max_buf_size(64 << 10);
    let stalled = Arc::new(AtomicBool::new(false));
    let stream = Watched::new(stream, api.limits.stall, Arc::clone(&stalled));
    let mut connection = pin!(builder.serve_connection(TokioIo::new(stream), service));
    tokio::select! {
        // What a client does wrong is its own affair.
        _ = connection.as_mut() => {
            if stalled.load(Ordering::Relaxed) {
                Counters::add(&api.counters.dropped, 1);
            }
            return;
        }
        () = api.ending.cancelled() => connection.as_mut().graceful_shutdown(),
    }
    let _ = tokio::time::timeout(FAREWELL, connection).await;
}

async fn answer(router: Router, peer: Peer, request: Request<Incoming>) -> Result<Response, Infallible> {
    let mut request = request.map(Body::new);
    request.extensions_mut().insert(ConnectInfo(peer));
    router.oneshot(request).await
}
