//! Encrypted connections: each `sslmode` of libpq against a server with a certificate of its own, and against one without.

use std::path::{Path, PathBuf};

use andon_tests::{Engine, House, Papers, Server};

/// Puts the server's papers where it finds them; gives its settings.
fn furnish(papers: &Papers, data: &Path) -> String {
    use std::os::unix::fs::PermissionsExt as _;
    for name in ["server.crt", "server.key"] {
        let to = data.join(name);
        std::fs::copy(papers.path(name), &to).unwrap();
        std::fs::set_permissions(&to, std::fs::Permissions::from_mode(0o600)).unwrap();
    }
    access(data, "hostssl");
    "-c ssl=on".to_owned()
}

/// Who may come: encrypted alone, or plain alone. The test itself comes plain as `watcher`.
fn access(data: &Path, kind: &str) {
    let rules = format!("{kind} all postgres 127.0.0.1/32 trust\nhost all watcher 127.0.0.1/32 trust\n");
    std::fs::write(data.join("pg_hba.conf"), rules).unwrap();
}

fn url(server: &Server, host: &str, mode: &str, authority: Option<PathBuf>) -> String {
    let roots = authority.map(|path| format!("&sslrootcert={}", path.display())).unwrap_or_default();
    let port = server.address().port();
    format!("postgres://postgres:sesame@{host}:{port}/postgres?connect_timeout=5&sslmode={mode}{roots}")
}

fn ask(url: &str) -> andon_tests::Answer {
    let house = House::on(Engine::Sqlite, "home").with("ANDON_DATABASE_URL", url);
    house.andon(["boards", "list"])
}

#[track_caller]
fn taken(url: &str) {
    let _ = ask(url).exits(0);
}

#[track_caller]
fn refused(url: &str, part: &str) {
    let answer = ask(url).exits(5);
    let line = answer.stderr.lines().next().unwrap();
    assert!(line.starts_with("andon: ") && line.contains(part), "{answer:?}");
    assert!(!answer.stderr.contains("sesame"), "{answer:?}");
}

#[test]
fn each_sslmode_does_what_libpq_says_it_does() {
    let papers = Papers::new();
    let server = Server::with(|data| furnish(&papers, data));
    let of = |host: &str, mode: &str, authority: Option<&str>| {
        url(&server, host, mode, authority.map(|name| papers.path(name)))
    };
    // This server takes encrypted connections alone.
    refused(&of("127.0.0.1", "disable", None), "pg_hba.conf");
    taken(&of("127.0.0.1", "prefer", None));
    taken(&of("127.0.0.1", "require", None));
    refused(&of("127.0.0.1", "require", Some("another.crt")), "certificate");
    taken(&of("127.0.0.1", "verify-ca", Some("ours.crt")));
    refused(&of("127.0.0.1", "verify-ca", Some("another.crt")), "certificate");
    taken(&of("localhost", "verify-full", Some("ours.crt")));
    refused(&of("127.0.0.1", "verify-full", Some("ours.crt")), "certificate");
    refused(&of("localhost", "verify-full", Some("nowhere.crt")), "nowhere.crt");
}

#[test]
fn a_server_without_encryption_is_taken_only_where_that_is_asked() {
    let server = Server::new();
    taken(&url(&server, "127.0.0.1", "disable", None));
    taken(&url(&server, "127.0.0.1", "prefer", None));
    refused(&url(&server, "127.0.0.1", "require", None), "TLS");
}
