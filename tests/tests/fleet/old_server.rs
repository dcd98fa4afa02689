//! A server that is too old: one that speaks the protocol and says that it is 14.

use std::io::{Read as _, Write as _};
use std::net::{SocketAddr, TcpListener, TcpStream};

use andon_tests::{Engine, House};

/// Answers every question with `version`, for as long as the test lives.
fn pretends(version: &'static str) -> SocketAddr {
    let listener = TcpListener::bind(("127.0.0.1", 0)).unwrap();
    let address = listener.local_addr().unwrap();
    std::thread::spawn(move || {
        for client in listener.incoming().flatten() {
            std::thread::spawn(move || serve(client, version));
        }
    });
    address
}

/// One connection; none when the client has gone.
fn serve(mut client: TcpStream, version: &str) -> Option<()> {
    let first = packet(&mut client)?;
    // A wish for encryption comes first.
    if first.starts_with(&80_877_103_u32.to_be_bytes()) {
        client.write_all(b"N").ok()?;
        let _ = packet(&mut client)?;
    }
    let mut hello = message(b'R', &0_u32.to_be_bytes());
    hello.extend(message(b'Z', b"I"));
    client.write_all(&hello).ok()?;
    loop {
        let mut kind = [0];
        client.read_exact(&mut kind).ok()?;
        let _ = packet(&mut client)?;
        if kind == *b"S" {
            client.write_all(&answer(version)).ok()?;
        }
    }
}

/// What follows a length.
fn packet(client: &mut TcpStream) -> Option<Vec<u8>> {
    let mut length = [0; 4];
    client.read_exact(&mut length).ok()?;
    let mut body = vec![0; u32::from_be_bytes(length).checked_sub(4)? as usize];
    client.read_exact(&mut body).ok()?;
    Some(body)
}

fn message(kind: u8, body: &[u8]) -> Vec<u8> {
    let length = u32::try_from(body.len() + 4).unwrap();
    [&[kind][..], &length.to_be_bytes(), body].concat()
}

/// One row with one text, and that all is done.
fn answer(text: &str) -> Vec<u8> {
    let mut column = [1_u16.to_be_bytes().as_slice(), b"version\0"].concat();
    // No table; text of any length.
    column.extend([0, 0, 0, 0, 0, 0, 0, 0, 0, 25, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0, 0]);
    let length = u32::try_from(text.len()).unwrap().to_be_bytes();
    let row = [1_u16.to_be_bytes().as_slice(), &length, text.as_bytes()].concat();
    let messages = [
        message(b'1', b""),
        message(b'2', b""),
        message(b'T', &column),
        message(b'D', &row),
        message(b'C', b"SELECT 1\0"),
    ];
    [messages.concat(), message(b'Z', b"I")].concat()
}

#[test]
fn a_server_that_is_too_old_is_told() {
    let address = pretends("140011");
    let url = format!("postgres://ada:sesame@{address}/andon?sslmode=prefer");
    let house = House::on(Engine::Sqlite, "home").with("ANDON_DATABASE_URL", &url);
    for verb in ["list", "init"] {
        let answer = house.andon([verb]).exits(5);
        let line = answer.stderr.lines().next().unwrap();
        assert!(line.contains("14") && line.contains("15"), "{answer:?}");
        assert!(!answer.stderr.contains("sesame"), "{answer:?}");
    }
    assert_eq!(house.andon(["list", "--json"]).exits(5).error_code(), "database_too_old");
}
