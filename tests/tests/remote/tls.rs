//! A server behind TLS: its certificate is looked at before anything is said, and everything else is as without.

use andon_tests::{Answer, House, Papers, TlsDoor, text_of};

use super::served::{Served, token};

#[test]
fn verbs_go_over_tls_to_a_server_whose_certificate_is_trusted_and_to_no_other() {
    let papers = Papers::new();
    let house = House::new();
    let served = Served::start(&house);
    let door = TlsDoor::new(&papers, served.url.strip_prefix("http://").unwrap().parse().unwrap());
    let port = door.address().port();
    let secret = token(&house, "admin", "root");
    let run = |url: &str, trusted: Option<&str>, words: &[&str]| -> Answer {
        let mut command = house.command();
        command.args(words).args(["--json", "--server", url]).env("ANDON_TOKEN", &secret);
        command.envs(trusted.map(|name| ("SSL_CERT_FILE", papers.path(name))));
        House::answer(command)
    };
    let url = format!("https://localhost:{port}");
    let trusting = |words: &[&str]| run(&url, Some("ours.crt"), words);
    let task = text_of(&trusting(&["create", "over TLS"]).exits(0).json()["id"]);
    let file = house.outside().join("a file");
    std::fs::write(&file, "x".repeat(300_000)).unwrap();
    let _ = trusting(&["attach", &task, file.to_str().unwrap()]).exits(0);
    let shown = trusting(&["show", &task]).exits(0).json();
    assert_eq!(shown["attachments"][0]["size"], 300_000, "{shown}");
    assert_eq!(trusting(&["show", "t_00000000"]).exits(4).error_code(), "unknown_task");
    let before = house.head();
    for (url, trusted, part) in [
        (url.as_str(), Some("another.crt"), "certificate"),
        (url.as_str(), Some("nowhere.crt"), "nowhere.crt"),
        // The papers are made out to another name.
        (format!("https://127.0.0.1:{port}").as_str(), Some("ours.crt"), "certificate"),
        // Not everybody whom the system trusts may speak for this name.
        (url.as_str(), None, "certificate"),
    ] {
        let refused = run(url, trusted, &["create", "never"]).exits(5);
        assert_eq!(refused.error_code(), "server_unreachable", "{refused:?}");
        assert!(refused.stderr.contains(part), "{refused:?}");
        assert!(!refused.stderr.contains(&secret), "{refused:?}");
    }
    // Plain words to a door that speaks TLS, and TLS to a server that does not.
    let plain = run(&format!("http://localhost:{port}"), None, &["create", "never"]);
    assert!([5, 6].contains(&plain.code), "{plain:?}");
    let wrong = served.url.replace("http://", "https://").replace("127.0.0.1", "localhost");
    assert_eq!(run(&wrong, Some("ours.crt"), &["list"]).exits(5).error_code(), "server_unreachable");
    assert_eq!(house.head(), before, "nothing came of any of them");
}
