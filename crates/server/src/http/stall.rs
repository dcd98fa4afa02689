//! A connection whose peer must take what it is sent: one that takes nothing for too long is closed, so that it holds neither
//! a stream, nor memory, nor a thread for ever. Whoever comes back goes on where it was: by `Last-Event-ID`, or by `Range`.

use std::io;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::task::{Context, Poll};
use std::time::Duration;

use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::time::{Sleep, sleep};

/// A stream that fails when nothing can be written to it for so long.
#[derive(Debug)]
pub(crate) struct Watched<S> {
    stream: S,
    patience: Duration,
    /// Runs from the moment at which the peer takes nothing more until it takes something.
    waiting: Option<Pin<Box<Sleep>>>,
    /// Set when it has failed for that reason.
    stalled: Arc<AtomicBool>,
}

impl<S> Watched<S> {
    /// Watches a stream; `stalled` tells whether its peer was the reason of its end.
    pub(crate) const fn new(stream: S, patience: Duration, stalled: Arc<AtomicBool>) -> Self {
        Self { stream, patience, waiting: None, stalled }
    }

    /// Where the kernel loses its patience first, whoever asks it next hears of it.
    fn hear<T>(&self, result: &Poll<io::Result<T>>) {
        if let Poll::Ready(Err(error)) = result
            && error.kind() == io::ErrorKind::TimedOut
        {
            self.stalled.store(true, Ordering::Relaxed);
        }
    }

    fn judge<T>(&mut self, result: Poll<io::Result<T>>, context: &mut Context<'_>) -> Poll<io::Result<T>> {
        if result.is_ready() {
            self.hear(&result);
            self.waiting = None;
            return result;
        }
        let waiting = self.waiting.get_or_insert_with(|| Box::pin(sleep(self.patience)));
        match waiting.as_mut().poll(context) {
            Poll::Pending => Poll::Pending,
            Poll::Ready(()) => {
                self.stalled.store(true, Ordering::Relaxed);
                Poll::Ready(Err(io::Error::new(io::ErrorKind::TimedOut, "the client takes nothing")))
            }
        }
    }
}

impl<S: AsyncRead + Unpin> AsyncRead for Watched<S> {
    fn poll_read(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        let result = Pin::new(&mut self.stream).poll_read(context, buffer);
        self.hear(&result);
        result
    }
}

impl<S: AsyncWrite + Unpin> AsyncWrite for Watched<S> {
    fn poll_write(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        let result = Pin::new(&mut self.stream).poll_write(context, bytes);
        self.judge(result, context)
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        parts: &[io::IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        let result = Pin::new(&mut self.stream).poll_write_vectored(context, parts);
        self.judge(result, context)
    }

    fn is_write_vectored(&self) -> bool {
        self.stream.is_write_vectored()
    }

    fn poll_flush(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_flush(context)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_shutdown(context)
    }
}

#[cfg(test)]
mod tests {
    use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};

    use super::*;

    fn runtime() -> tokio::runtime::Runtime {
        tokio::runtime::Builder::new_current_thread().enable_time().build().unwrap()
    }

    #[test]
    fn a_peer_that_takes_nothing_ends_the_connection() {
        runtime().block_on(async {
            let (own, peer) = tokio::io::duplex(8);
            let stalled = Arc::new(AtomicBool::new(false));
            let mut own = Watched::new(own, Duration::from_millis(20), Arc::clone(&stalled));
            let error = own.write_all(&[0; 100]).await.unwrap_err();
            assert_eq!(error.kind(), io::ErrorKind::TimedOut);
            assert!(stalled.load(Ordering::Relaxed));
            drop(peer);
        });
    }

    #[test]
    fn a_slow_peer_is_no_stalled_one() {
        runtime().block_on(async {
            let (own, mut peer) = tokio::io::duplex(8);
            let stalled = Arc::new(AtomicBool::new(false));
            let mut own = Watched::new(own, Duration::from_secs(3_600), Arc::clone(&stalled));
            let taking = async {
                let mut byte = [0];
                for _ in 0..100 {
                    let _ = peer.read_exact(&mut byte).await.unwrap();
                    tokio::task::yield_now().await;
                }
            };
            let (wrote, ()) = tokio::join!(own.write_all(&[0; 100]), taking);
            wrote.unwrap();
            assert!(own.waiting.is_none() && !stalled.load(Ordering::Relaxed));
        });
    }
}
