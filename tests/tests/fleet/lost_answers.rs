//! The answer to a commit is lost together with the server's memory. A server that crashes gives the numbers of transactions
//! again that it had only in memory: another transaction may be committed under the number of the lost one.

use std::io::{Read as _, Write as _};
use std::net::{Shutdown, SocketAddr, TcpListener, TcpStream};
use std::process::{Child, Output, Stdio};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use andon_tests::{House, Server, text_of, wait_until};

/// What is held back of the next transaction that writes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Hold {
    /// Its commit never reaches the server.
    Commit,
    /// The answer to its commit never comes.
    Answer,
}

/// A wire on which one connection gets stuck at the end of a transaction.
#[derive(Debug)]
struct Wire {
    address: SocketAddr,
    state: Arc<State>,
}

#[derive(Debug)]
struct State {
    hold: Hold,
    armed: AtomicBool,
    held: AtomicBool,
    released: AtomicBool,
}

impl Wire {
    fn to(server: SocketAddr, hold: Hold) -> Self {
        let listener = TcpListener::bind(("127.0.0.1", 0)).unwrap();
        let address = listener.local_addr().unwrap();
        let state = State {
            hold,
            armed: AtomicBool::new(false),
            held: AtomicBool::new(false),
            released: AtomicBool::new(false),
        };
        let state = Arc::new(state);
        let shared = Arc::clone(&state);
        std::thread::spawn(move || {
            for near in listener.incoming().flatten() {
                let Ok(far) = TcpStream::connect(server) else { continue };
                let stuck = Arc::new(AtomicBool::new(false));
                let (state, stuck_too) = (Arc::clone(&shared), Arc::clone(&stuck));
                let (back, forth) = (near.try_clone().unwrap(), far.try_clone().unwrap());
                std::thread::spawn(move || there(near, far, &state, &stuck));
                std::thread::spawn(move || and_back(forth, back, &stuck_too));
            }
        });
        Self { address, state }
    }

    /// The next commit gets stuck.
    fn arm(&self) {
        self.state.armed.store(true, Ordering::SeqCst);
    }

    fn is_held(&self) -> bool {
        self.state.held.load(Ordering::SeqCst)
    }

    /// The stuck connection ends.
    fn release(&self) {
        self.state.released.store(true, Ordering::SeqCst);
    }
}

fn has(bytes: &[u8], words: &[u8]) -> bool {
    bytes.windows(words.len()).any(|window| window == words)
}

/// Carries what a client says.
fn there(mut near: TcpStream, mut far: TcpStream, state: &State, stuck: &AtomicBool) {
    let mut said = Vec::new();
    let mut bytes = [0; 65_536];
    while let Ok(count) = near.read(&mut bytes)
        && count > 0
    {
        said.extend_from_slice(&bytes[..count]);
        let ends = has(&said, b"pg_current_xact_id()") && has(&said, b"commit\0");
        if ends && state.armed.swap(false, Ordering::SeqCst) {
            stuck.store(true, Ordering::SeqCst);
            if state.hold == Hold::Answer {
                far.write_all(&bytes[..count]).unwrap();
            }
            state.held.store(true, Ordering::SeqCst);
            wait_until("the wire is released", || state.released.load(Ordering::SeqCst));
            break;
        }
        if has(&said, b"commit\0") {
            said.clear();
        }
        if far.write_all(&bytes[..count]).is_err() {
            break;
        }
    }
    for end in [near, far] {
        let _ = end.shutdown(Shutdown::Both);
    }
}

/// Carries what the server answers. A wire that is stuck closes only when it is released.
fn and_back(mut far: TcpStream, mut near: TcpStream, stuck: &AtomicBool) {
    let mut bytes = [0; 65_536];
    while let Ok(count) = far.read(&mut bytes)
        && count > 0
    {
        if !stuck.load(Ordering::SeqCst) && near.write_all(&bytes[..count]).is_err() {
            break;
        }
    }
    if !stuck.load(Ordering::SeqCst) {
        let _ = near.shutdown(Shutdown::Both);
    }
}

/// A host that creates a task whose commit gets stuck.
fn creating(server: &Server, hold: Hold) -> (House, Wire, Child) {
    let wire = Wire::to(server.address(), hold);
    let house = House::host("here", &server.url(wire.address));
    let _ = house.andon(["init"]).exits(0);
    wire.arm();
    let mut command = house.command();
    command.args(["create", "the one", "--json"]).stdout(Stdio::piped()).stderr(Stdio::piped());
    let creating = command.spawn().unwrap();
    wait_until("the commit is stuck", || wire.is_held());
    (house, wire, creating)
}

fn ended(creating: Child) -> (Output, String) {
    let output = creating.wait_with_output().unwrap();
    let told = String::from_utf8_lossy(&output.stderr).into_owned();
    (output, told)
}

fn titles(house: &House) -> Vec<String> {
    let listed = house.json(["list"]);
    listed.as_array().unwrap().iter().map(|task| text_of(&task["title"])).collect()
}

#[test]
fn a_commit_under_whose_number_another_transaction_was_committed_is_not_told_as_done() {
    // It would write what it has in memory to its log a fifth of a second later.
    let server = Server::with(|_| "-c wal_writer_delay=10s".to_owned());
    let (house, wire, creating) = creating(&server, Hold::Commit);
    let number = server.ask("select backend_xid from pg_stat_activity where backend_xid is not null");
    server.stop("immediate");
    server.start();
    let _ = server.ask("create table other (n int)");
    let status = format!("select pg_xact_status('{number}')");
    for _ in 0..20 {
        let _ = server.ask("insert into other values (1)");
    }
    assert_eq!(server.ask(&status), "committed", "nobody was given the number {number} again");
    wire.release();
    let (output, told) = ended(creating);
    assert_eq!((output.status.code(), told.contains("outcome_unknown")), (Some(5), true), "{told}");
    assert_eq!(titles(&house), [""; 0]);
}

#[test]
fn a_commit_whose_answer_is_lost_in_a_crash_of_the_server_is_told_as_done() {
    let server = Server::new();
    let (house, wire, creating) = creating(&server, Hold::Answer);
    wait_until("it is committed", || server.ask("select count(*) from andon_default.tasks") == "1");
    server.stop("immediate");
    server.start();
    wire.release();
    let (output, told) = ended(creating);
    assert!(output.status.success(), "{told}");
    assert_eq!(titles(&house), ["the one"]);
}
