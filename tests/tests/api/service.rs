//! What a service manager and whoever watches need: a unit, a log that programs read, traces.

use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::net::TcpListener;
use std::sync::mpsc::channel;
use std::time::Duration;

use andon_tests::{House, wait_for};
use serde_json::Value;

use super::client::Serve;

#[test]
fn a_unit_is_written_once_and_never_over_somebody_else_s() {
    let house = House::new();
    let _ = house.andon(["init"]).exits(0);
    let printed = house.andon(["service", "install", "--print", "--manager", "systemd"]).exits(0).stdout;
    let home = house.home().display().to_string();
    assert!(printed.contains("KillMode=process") && printed.contains("OOMPolicy=continue"), "{printed}");
    assert!(printed.contains(&format!("\"--home\" \"{home}\" \"serve\"")), "{printed}");
    let unit = house.user_home().join(".config/systemd/user/andon.service");
    assert!(!unit.exists(), "--print writes nothing");
    let install = ["service", "install", "--manager", "systemd"];
    let said = house.andon(install).exits(0).stdout;
    assert!(said.contains("systemctl --user enable --now andon"), "{said}");
    assert_eq!(std::fs::read_to_string(&unit).unwrap(), printed);
    let _ = house.andon(install).exits(0);
    std::fs::write(&unit, "[Service]\nExecStart=/bin/mine\n").unwrap();
    let refused = house.andon(install).exits(2);
    assert!(refused.stderr.contains("somebody else wrote it"), "{}", refused.stderr);
    assert!(std::fs::read_to_string(&unit).unwrap().contains("/bin/mine"));
    let _ = house.andon(["service", "install", "--manager", "systemd", "--force"]).exits(0);
    let plist = house.andon(["service", "install", "--print", "--manager", "launchd"]).exits(0).stdout;
    assert!(plist.contains("<key>AbandonProcessGroup</key><true/>"), "{plist}");
}

#[test]
fn a_log_in_a_file_is_plain_or_json() {
    for format in ["text", "json"] {
        let house = House::new().with("ANDON_LOG_FORMAT", format);
        let _ = house.andon(["init"]).exits(0);
        let _ = house.andon(["boards", "create", "broken"]).exits(0);
        if house.database().is_some() {
            return;
        }
        let file = house.home().join("boards/broken/board.toml");
        std::fs::write(&file, "= nonsense").unwrap();
        let serve = Serve::start(&house);
        let told = wait_for("the board that rests is told", || {
            let said = serve.said();
            said.lines().any(|line| line.contains("this board rests")).then_some(said)
        });
        assert!(!told.contains('\u{1b}'), "no colours in a file: {told}");
        let line = told.lines().find(|line| line.contains("this board rests")).unwrap();
        let parsed = serde_json::from_str::<Value>(line);
        match format {
            "json" => assert_eq!(parsed.unwrap()["level"], "ERROR"),
            _ => assert!(parsed.is_err() && line.contains("ERROR"), "{line}"),
        }
    }
}

#[test]
fn spans_go_to_a_collector_that_is_named() {
    let collector = TcpListener::bind("127.0.0.1:0").unwrap();
    let endpoint = format!("http://{}", collector.local_addr().unwrap());
    let (sender, bodies) = channel();
    std::thread::spawn(move || {
        for stream in collector.incoming().map_while(Result::ok) {
            let mut reader = BufReader::new(stream);
            loop {
                let (mut length, mut line) = (0, String::new());
                if reader.read_line(&mut line).unwrap_or(0) == 0 {
                    break;
                }
                let path = line.clone();
                while line.trim() != "" {
                    if let Some(value) = line.to_lowercase().strip_prefix("content-length:") {
                        length = value.trim().parse().unwrap();
                    }
                    line.clear();
                    let _ = reader.read_line(&mut line).unwrap();
                }
                let mut body = vec![0; length];
                reader.read_exact(&mut body).unwrap();
                let _ = sender.send((path, serde_json::from_slice::<Value>(&body).unwrap()));
                reader.get_mut().write_all(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n{}").unwrap();
            }
        }
    });
    let house = House::new().with("OTEL_EXPORTER_OTLP_ENDPOINT", &endpoint);
    let _ = house.andon(["init"]).exits(0);
    let serve = Serve::start(&house);
    let trace = "0af7651916cd43dd8448eb211c80319c";
    let client = serve.client(&house).saying("traceparent", &format!("00-{trace}-b7ad6b7169203331-01"));
    let _ = client.get("/api/v1/boards/default/tasks?q=secret").is(200);
    let span = wait_for("the span arrives", || {
        let (path, body) = bodies.recv_timeout(Duration::from_secs(30)).unwrap();
        assert!(path.starts_with("POST /v1/traces "), "{path}");
        assert!(!body.to_string().contains("secret"), "{body}");
        let spans = body["resourceSpans"][0]["scopeSpans"][0]["spans"].as_array().unwrap().clone();
        spans.into_iter().find(|span| span["name"] == "request")
    });
    assert_eq!(
        (span["traceId"].as_str(), span["parentSpanId"].as_str()),
        (Some(trace), Some("b7ad6b7169203331"))
    );
    let attributes = span["attributes"].to_string();
    assert!(attributes.contains("/api/v1/boards/{board}/tasks"), "{attributes}");
}
