//! A server that is lost in the middle of a verb: nothing is done twice, and what nobody knows is said.

use std::io::{Read as _, Write as _};
use std::net::{TcpListener, TcpStream};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use andon_tests::{House, text_of, wait_until};

use super::served::Served;

fn tasks(house: &House) -> usize {
    house.json(["list"]).as_array().unwrap().len()
}

#[test]
fn an_answer_that_is_lost_with_its_server_is_said_to_be_lost_and_nothing_is_done_again() {
    for (point, done) in [("verb_done", 1), ("verb_begun", 0)] {
        let house = House::at("h");
        let _ = house.andon(["init"]).exits(0);
        let served = Served::with(&house, &[("ANDON_CRASH_AT", point)]);
        let lost = house.andon(["create", "once", "--json"]).exits(6);
        assert_eq!(lost.error_code(), "outcome_unknown", "{point}");
        assert!(lost.stderr.contains("andon events"), "{}", lost.stderr);
        served.died();
        assert_eq!(tasks(&house), done, "{point}");
        let _ = house.create(["again, by itself"]);
        assert_eq!(tasks(&house), done + 1, "{point}");
    }
}

/// Stands between: takes the first connection away once the server has got its second request, and lets later ones pass.
fn cut_once(to: String) -> (String, Arc<AtomicUsize>) {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap().to_string();
    let count = Arc::new(AtomicUsize::new(0));
    let seen = Arc::clone(&count);
    std::thread::spawn(move || {
        for client in listener.incoming() {
            let first = seen.fetch_add(1, Ordering::SeqCst) == 0;
            let (client, server) = (client.unwrap(), TcpStream::connect(&to).unwrap());
            let back = (server.try_clone().unwrap(), client.try_clone().unwrap());
            std::thread::spawn(move || pass(client, server, first));
            std::thread::spawn(move || pass(back.0, back.1, false));
        }
    });
    (address, count)
}

fn pass(mut from: TcpStream, mut to: TcpStream, cut: bool) {
    let mut bytes = [0; 4096];
    while let Ok(read) = from.read(&mut bytes) {
        if read == 0 || to.write_all(&bytes[..read]).is_err() {
            break;
        }
        if cut && bytes[..read].starts_with(b"POST ") {
            let _ = from.shutdown(std::net::Shutdown::Both);
            return;
        }
    }
    let _ = to.shutdown(std::net::Shutdown::Write);
}

#[test]
fn a_lost_connection_to_a_server_that_lives_is_made_anew_and_the_verb_is_done_once() {
    let house = House::new();
    let served = Served::start(&house);
    let (address, connections) = cut_once(served.url.strip_prefix("http://").unwrap().to_owned());
    let made =
        house.andon(["create", "once", "--json", "--server", &format!("http://{address}")]).exits(0).json();
    assert!(connections.load(Ordering::SeqCst) >= 2, "the first connection was lost");
    wait_until("it is there", || tasks(&house) > 0);
    let listed = house.json(["list"]);
    assert_eq!(listed.as_array().unwrap().len(), 1, "{listed}");
    assert_eq!(text_of(&listed[0]["id"]), text_of(&made["id"]), "and the answer is that one's");
}
