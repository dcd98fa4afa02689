//! The signals by which a person or the system ends one of our own processes.

use std::io;

use tokio::signal::unix::{Signal, SignalKind, signal};

/// Why this process is asked to end.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Shutdown {
    /// `SIGTERM`.
    Terminate,
    /// `SIGINT`.
    Interrupt,
    /// `SIGHUP`.
    Hangup,
}

/// Listens from its creation on, so that no signal between two calls of [`ShutdownSignals::recv`] is missed.
#[derive(Debug)]
pub struct ShutdownSignals {
    terminate: Signal,
    interrupt: Signal,
    hangup: Signal,
}

impl ShutdownSignals {
    /// Takes the three signals away from their default, which is to end the process, for the rest of its life.
    ///
    /// # Errors
    /// When a handler cannot be installed.
    pub fn listen() -> io::Result<Self> {
        Ok(Self {
            terminate: signal(SignalKind::terminate())?,
            interrupt: signal(SignalKind::interrupt())?,
            hangup: signal(SignalKind::hangup())?,
        })
    }

    /// The next signal. Safe to cancel.
    pub async fn recv(&mut self) -> Shutdown {
        tokio::select! {
            _ = self.terminate.recv() => Shutdown::Terminate,
            _ = self.interrupt.recv() => Shutdown::Interrupt,
            _ = self.hangup.recv() => Shutdown::Hangup,
        }
    }
}

/// Waits for the first signal that asks this process to end. In a loop use [`ShutdownSignals`].
///
/// # Errors
/// When a handler cannot be installed.
pub async fn shutdown_signal() -> io::Result<Shutdown> {
    Ok(ShutdownSignals::listen()?.recv().await)
}
