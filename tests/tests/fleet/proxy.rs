//! A wire between a host and its database that can be cut without either end hearing of it.

use std::io::{Read as _, Write as _};
use std::os::unix::net::{UnixListener, UnixStream};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Condvar, Mutex};

/// Passes bytes on, or keeps them.
#[derive(Debug)]
pub(crate) struct Proxy {
    folder: tempfile::TempDir,
    wire: Arc<Wire>,
}

#[derive(Debug, Default)]
struct Wire {
    cut: AtomicBool,
    lock: Mutex<()>,
    mended: Condvar,
}

impl Wire {
    fn pass(&self) {
        let mut guard = self.lock.lock().unwrap();
        while self.cut.load(Ordering::SeqCst) {
            guard = self.mended.wait(guard).unwrap();
        }
    }
}

impl Proxy {
    /// A wire to the server whose socket lies in the folder that `url` names.
    pub(crate) fn to(url: &str) -> (Self, String) {
        let start = url.find("@%2F").unwrap() + 1;
        let end = start + url[start..].find('/').unwrap();
        let server = PathBuf::from(url[start..end].replace("%2F", "/")).join(".s.PGSQL.5432");
        let folder = tempfile::tempdir().unwrap();
        let wire = Arc::new(Wire::default());
        let listener = UnixListener::bind(folder.path().join(".s.PGSQL.5432")).unwrap();
        let shared = Arc::clone(&wire);
        std::thread::spawn(move || {
            for client in listener.incoming().flatten() {
                let (wire, server) = (Arc::clone(&shared), server.clone());
                std::thread::spawn(move || serve(client, &server, &wire));
            }
        });
        let own = folder.path().display().to_string().replace('/', "%2F");
        let through = format!("{}{own}{}", &url[..start], &url[end..]);
        (Self { folder, wire }, through)
    }

    /// From now on every byte is kept, in both directions; connections stay open.
    pub(crate) fn cut(&self) {
        self.wire.cut.store(true, Ordering::SeqCst);
    }

    /// What was kept goes on its way.
    pub(crate) fn mend(&self) {
        let _guard = self.wire.lock.lock().unwrap();
        self.wire.cut.store(false, Ordering::SeqCst);
        self.wire.mended.notify_all();
    }
}

impl Drop for Proxy {
    fn drop(&mut self) {
        let _ = std::fs::remove_file(self.folder.path().join(".s.PGSQL.5432"));
        self.mend();
    }
}

fn serve(client: UnixStream, server: &Path, wire: &Arc<Wire>) {
    wire.pass();
    let Ok(server) = UnixStream::connect(server) else { return };
    let (from_client, from_server) = (client.try_clone().unwrap(), server.try_clone().unwrap());
    let there = Arc::clone(wire);
    let up = std::thread::spawn(move || pump(from_client, server, &there));
    pump(from_server, client, wire);
    let _ = up.join();
}

fn pump(mut from: UnixStream, mut to: UnixStream, wire: &Wire) {
    let mut bytes = [0; 16_384];
    while let Ok(read) = from.read(&mut bytes) {
        wire.pass();
        if read == 0 || to.write_all(&bytes[..read]).is_err() {
            break;
        }
    }
    let _ = to.shutdown(std::net::Shutdown::Both);
    let _ = from.shutdown(std::net::Shutdown::Both);
}
