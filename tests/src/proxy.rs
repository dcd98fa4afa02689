//! A TCP proxy that can stop to carry bytes: what a firewall that forgets a connection does, or a network that parts.

use std::io::{ErrorKind, Read as _, Write as _};
use std::net::{Shutdown, SocketAddr, TcpListener, TcpStream};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::thread;
use std::time::Duration;

/// Between two looks at what it is told to do.
const LOOK: Duration = Duration::from_millis(50);

/// Carries connections to one address until it is dropped.
#[derive(Debug)]
pub struct Proxy {
    address: SocketAddr,
    switch: Arc<Switch>,
}

#[derive(Debug, Default)]
struct Switch {
    /// Nothing passes, in new connections either.
    parted: AtomicBool,
    /// Connections with a number below this one carry nothing any more, and are not closed.
    swallowed: AtomicUsize,
    accepted: AtomicUsize,
    over: AtomicBool,
}

impl Proxy {
    /// A proxy to this address, on a port of its own.
    ///
    /// # Panics
    /// When no port can be had.
    #[must_use]
    pub fn new(to: SocketAddr) -> Self {
        let listener = TcpListener::bind(("127.0.0.1", 0)).unwrap();
        let address = listener.local_addr().unwrap();
        let switch = Arc::<Switch>::default();
        let own = Arc::clone(&switch);
        thread::spawn(move || {
            for near in listener.incoming().flatten() {
                if own.over.load(Ordering::SeqCst) {
                    return;
                }
                let number = own.accepted.fetch_add(1, Ordering::SeqCst);
                let switch = Arc::clone(&own);
                thread::spawn(move || carry(&near, to, number, &switch));
            }
        });
        Self { address, switch }
    }

    /// Where it listens.
    #[must_use]
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// Swallows all further bytes of the connections that there are; new ones work.
    pub fn swallow(&self) {
        let all = self.switch.accepted.load(Ordering::SeqCst);
        self.switch.swallowed.store(all, Ordering::SeqCst);
    }

    /// Parts the network, or joins it again; connections that met the gap stay dumb.
    pub fn part(&self, parted: bool) {
        if !parted {
            self.swallow();
        }
        self.switch.parted.store(parted, Ordering::SeqCst);
    }
}

impl Drop for Proxy {
    fn drop(&mut self) {
        self.switch.over.store(true, Ordering::SeqCst);
        drop(TcpStream::connect(self.address));
    }
}

impl Switch {
    fn passes(&self, number: usize) -> bool {
        !self.parted.load(Ordering::SeqCst) && number >= self.swallowed.load(Ordering::SeqCst)
    }
}

fn carry(near: &TcpStream, to: SocketAddr, number: usize, switch: &Switch) {
    let Ok(far) = TcpStream::connect(to) else { return };
    thread::scope(|scope| {
        scope.spawn(|| pass(near, &far, number, switch));
        pass(&far, near, number, switch);
    });
}

fn pass(mut from: &TcpStream, mut to: &TcpStream, number: usize, switch: &Switch) {
    let _ = from.set_read_timeout(Some(LOOK));
    let _ = from.set_nodelay(true);
    let mut bytes = [0; 16_384];
    while !switch.over.load(Ordering::SeqCst) {
        match from.read(&mut bytes) {
            Ok(0) if switch.passes(number) => break,
            // Whoever closes behind the gap is not heard on the other side.
            Ok(0) => thread::park_timeout(LOOK),
            Ok(read) if switch.passes(number) => {
                if to.write_all(&bytes[..read]).is_err() {
                    break;
                }
            }
            Ok(_) => {}
            Err(error) if matches!(error.kind(), ErrorKind::WouldBlock | ErrorKind::TimedOut) => {}
            Err(_) => break,
        }
    }
    let _ = to.shutdown(Shutdown::Both);
    let _ = from.shutdown(Shutdown::Both);
}
