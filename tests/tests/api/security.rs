//! Who may do what, and what is turned away.

use std::io::Write as _;

use andon_tests::{House, text_of};
use serde_json::{Value, json};

use super::client::{Client, Reply, Serve};

/// Every route of the document: method, and a path with names that are no task's.
fn routes(client: &Client, board: &str) -> Vec<(String, String)> {
    let document = client.get("/api/v1/openapi.json").is(200).value();
    let mut routes = Vec::new();
    for (path, item) in document["paths"].as_object().unwrap() {
        let path = path.replace("{board}", board).replace("{task}", "t_00000000");
        let path = path.replace("{run}", "01ARZ3NDEKTSV4RRFFQ69G5FAV").replace("{attachment}", "1");
        let path = path.replace("{profile}", "nobody").replace("{token}", "0000000000");
        let methods = item.as_object().unwrap().keys().filter(|key| *key != "parameters");
        routes.extend(methods.map(|method| (method.to_uppercase(), path.clone())));
    }
    assert!(routes.len() > 70, "{}", routes.len());
    routes
}

fn ask(client: &Client, method: &str, path: &str) -> Reply {
    // A body that no route takes: nothing is changed by whoever may.
    let body: Option<&[u8]> = (method != "GET" && method != "DELETE").then_some(b"[]");
    client.saying("Content-Type", "application/json").send(method, path, body)
}

fn token(house: &House, scope: &str) -> String {
    text_of(&house.json(["token", "create", "--scope", scope])["token"])
}

#[test]
fn every_route_is_closed_to_whom_it_does_not_concern() {
    let house = House::new();
    let _ = house.andon(["init"]).exits(0);
    let _ = house.andon(["boards", "create", "other"]).exits(0);
    let _ = house.andon(["boards", "create", "gone"]).exits(0);
    let serve = Serve::start(&house);
    let admin = serve.client(&house);
    let mine = serve.with(&token(&house, "board:default"));
    let (read, own) = (serve.with(&token(&house, "read")), serve.with(&token(&house, "board:other")));
    let browser = {
        let path = serve.login.split_once(&serve.address).unwrap().1.to_owned();
        let cookie = serve.nobody().get(&path).is(303).header("set-cookie").unwrap().to_owned();
        let origin = format!("http://{}", serve.address);
        serve.nobody().saying("Cookie", cookie.split(';').next().unwrap()).saying("Origin", &origin)
    };
    let elsewhere = browser.saying("Origin", "http://evil.example");
    let task = house.create(["mine"]);
    let claim = house.json(["claim", &task]);
    let worker = serve.with(&format!("{}.{}", text_of(&claim["run"]["id"]), text_of(&claim["run"]["token"])));
    let free = [
        "/api/v1/me",
        "/api/v1/boards",
        "/api/v1/profiles",
        "/api/v1/settings",
        "/api/v1/openapi.json",
        "/api/v1/profiles/nobody",
        "/api/v1/attention",
    ];
    // What a worker may try; whether the task is its own is for the board to say.
    let work = [
        "/tasks",
        "/comments",
        "/attachments",
        "/complete",
        "/block",
        "/heartbeat",
        "/request-review",
        "/approve",
        "/request-changes",
        "/unblock",
        "/assign",
        "/links",
        "/pause",
    ];
    for (method, path) in routes(&admin, "default") {
        // A logout ends what asks; what a verb asks of its caller is for the verb to say.
        if path.ends_with("/logout") || path.ends_with("/verbs") {
            continue;
        }
        let what = format!("{method} {path}");
        let _ = ask(&serve.nobody(), &method, &path).problem(401, "unauthenticated");
        let _ = ask(&serve.with("andon_0_0"), &method, &path).problem(401, "unauthenticated");
        let reading = method == "GET" && !path.ends_with("/tokens");
        let by_read = if path.ends_with("/events") && !path.contains("t_") {
            0
        } else {
            ask(&read, &method, &path).status
        };
        assert_eq!(by_read == 403, !reading, "{what} by read: {by_read}");
        let streams = path.ends_with("/events") && !path.contains("t_");
        let of_board = path.contains("/boards/default/");
        let of_board = of_board || (path.ends_with("/boards/default") && method == "GET");
        let works = of_board && method == "POST" && work.iter().any(|end| path.ends_with(end));
        let works = works || (of_board && method == "DELETE" && path.ends_with("/links"));
        let looks = method == "GET" && (of_board || free.contains(&path.as_str()));
        if !streams {
            let by_worker = ask(&worker, &method, &path).status;
            assert_eq!(by_worker != 403, works || looks, "{what} by a worker: {by_worker}");
            assert_ne!(ask(&admin, &method, &path).status, 403, "{what} by admin");
            assert_ne!(ask(&browser, &method, &path).status, 403, "{what} in the browser");
        }
        if !streams {
            let by_mine = ask(&mine, &method, &path).status;
            let whole =
                path.ends_with("/switch") || (method == "DELETE" && path.ends_with("/boards/default"));
            let inside = path.contains("/boards/default/") || path.ends_with("/boards/default");
            let open = (inside && !whole) || (method == "GET" && free.contains(&path.as_str()));
            assert_eq!(by_mine != 403, open, "{what} by the board's own: {by_mine}");
        }
        let _ = ask(&elsewhere, &method, &path).problem(403, "foreign_origin");
        let by_other = ask(&own, &method, &path).status;
        assert_eq!(
            by_other != 403,
            method == "GET" && free.contains(&path.as_str()),
            "{what} by another board's: {by_other}"
        );
    }
    assert_eq!(own.get("/api/v1/boards").is(200).value()["boards"].as_array().unwrap().len(), 1);
    let _ = own.post("/api/v1/boards/other/tasks", &json!({ "title": "mine" })).is(201);
    let _ = own.get("/metrics").problem(403, "forbidden");
    let _ = read.get("/metrics").is(200);
    for open in ["/livez", "/readyz", "/", "/board/default"] {
        let _ = serve.nobody().get(open).is(200);
    }
}

#[test]
fn a_worker_s_token_opens_its_own_run_alone() {
    let house = House::new();
    let (task, other) = (house.create(["mine"]), house.create(["foreign"]));
    let claim = house.json(["claim", &task]);
    let serve = Serve::start(&house);
    let (run, secret) = (text_of(&claim["run"]["id"]), text_of(&claim["run"]["token"]));
    let worker = serve.with(&format!("{run}.{secret}"));
    let tasks = "/api/v1/boards/default/tasks";
    assert_eq!(worker.get(&format!("{tasks}/{task}")).is(200).value()["task"]["id"], task.as_str());
    let child = worker.post(tasks, &json!({ "title": "child" })).is(201).value();
    assert_eq!(child["created_by_run"], run.as_str());
    let _ = worker.post(&format!("{tasks}/{other}/complete"), &json!({})).problem(403, "forbidden");
    let _ =
        worker.json("PATCH", &format!("{tasks}/{task}"), &json!({ "priority": 9 })).problem(403, "forbidden");
    let _ = worker.post("/api/v1/boards/default/pause", &json!({})).problem(403, "forbidden");
    let _ = worker.get("/api/v1/tokens").problem(403, "forbidden");
    let _ = serve.with(&format!("{run}.{}", "0".repeat(64))).get(tasks).problem(401, "unauthenticated");
    let comment =
        worker.post(&format!("{tasks}/{task}/comments"), &json!({ "body": "hello" })).is(201).value();
    assert_eq!((&comment["author_kind"], &comment["run_id"]), (&json!("worker"), &json!(run)));
    let done =
        worker.post(&format!("{tasks}/{task}/complete"), &json!({ "summary": "done" })).is(200).value();
    assert_eq!(done["status"], "done");
    let _ = worker.get(tasks).problem(401, "unauthenticated");
    house.healthy();
}

#[test]
fn an_orchestrator_routes_over_the_wire_and_any_other_worker_does_not() {
    let house = House::new();
    house.profile("lead", "runner = \"lane\"\ntoolset = [\"board\"]\n");
    house.profile("writer", "runner = \"lane\"\n");
    let claim = |profile: &str| {
        let task = house.create(["mine", "--assignee", profile]);
        house.json(["claim", &task])
    };
    let (lead, plain) = (claim("lead"), claim("sh"));
    let (asks, other) = (house.create(["asks"]), house.create(["another"]));
    let _ = house.andon(["block", &asks, "which?", "--kind", "needs_input"]).exits(0);
    let serve = Serve::start(&house);
    let worker = |claim: &Value| {
        serve.with(&format!("{}.{}", text_of(&claim["run"]["id"]), text_of(&claim["run"]["token"])))
    };
    let board = "/api/v1/boards/default";
    let tasks = format!("{board}/tasks");
    let calls = [
        (format!("{tasks}/{asks}/unblock"), json!({ "reason": "that one" })),
        (format!("{tasks}/{other}/assign"), json!({ "assignee": "writer" })),
        (format!("{board}/links"), json!({ "parent": asks, "child": other })),
    ];
    for (path, body) in &calls {
        let _ = worker(&plain).post(path, body).problem(403, "forbidden");
    }
    for (path, body) in &calls {
        let done = worker(&lead).post(path, body);
        assert!((200..300).contains(&done.status), "{path}: {}", String::from_utf8_lossy(&done.body));
    }
    assert_eq!(house.status(&asks), "ready");
    assert_eq!(
        (house.task(&other)["assignee"].clone(), house.status(&other)),
        (json!("writer"), "todo".to_owned())
    );
    // What moves tasks is a person's all the same.
    for verb in ["promote", "complete", "stop", "archive", "reclaim", "claim"] {
        let _ = worker(&lead).post(&format!("{tasks}/{other}/{verb}"), &json!({})).problem(403, "forbidden");
    }
    let own = text_of(&lead["task"]["id"]);
    let _ = worker(&lead).post(&format!("{tasks}/{own}/complete"), &json!({ "summary": "done" })).is(200);
    house.healthy();
}

#[test]
fn a_browser_logs_in_once_and_says_where_it_comes_from() {
    let house = House::new();
    let _ = house.andon(["init"]).exits(0);
    let serve = Serve::start(&house);
    let path = serve.login.split_once(&serve.address).unwrap().1.to_owned();
    let login = serve.nobody().get(&path).is(303);
    let cookie = login.header("set-cookie").unwrap().to_owned();
    assert!(cookie.contains("HttpOnly") && cookie.contains("SameSite=Strict"), "{cookie}");
    let _ = serve.nobody().get(&path).is(403);
    let browser = serve.nobody().saying("Cookie", cookie.split(';').next().unwrap());
    assert_eq!(browser.get("/api/v1/me").is(200).value()["scope"], "session");
    let tasks = "/api/v1/boards/default/tasks";
    let task = json!({ "title": "x" });
    let _ = browser.post(tasks, &task).problem(403, "foreign_origin");
    for foreign in ["http://evil.example", "http://127.0.0.1:1", "null"] {
        let _ = browser.saying("Origin", foreign).post(tasks, &task).problem(403, "foreign_origin");
        let _ = browser.saying("Origin", foreign).get("/api/v1/me").problem(403, "foreign_origin");
    }
    let own = browser.saying("Origin", &format!("http://{}", serve.address));
    assert_eq!(own.post(tasks, &task).is(201).value()["created_by"], "tester");
    // The cookie's secret is no bearer token, and the session outlives the server.
    let secret = cookie.split(';').next().unwrap().split_once('=').unwrap().1.to_owned();
    let _ = serve.with(&secret).get("/api/v1/me").problem(401, "unauthenticated");
    let _ = serve.stop();
    let serve = Serve::start(&house);
    let browser = Client { address: serve.address.clone(), ..browser };
    let _ = browser.get("/api/v1/me").is(200);
    // A viewer looks, and is told so; what it may not do is refused, and it can leave.
    let url = text_of(&house.json(["token", "url", "--scope", "read", "--name", "eve"])["url"]);
    let path = url.strip_prefix(&format!("http://{}", serve.address)).unwrap();
    let login = serve.nobody().saying("Host", &serve.address).get(path).is(303);
    let cookie = login.header("set-cookie").unwrap().split(';').next().unwrap().to_owned();
    let viewer =
        serve.nobody().saying("Cookie", &cookie).saying("Origin", &format!("http://{}", serve.address));
    let me = viewer.get("/api/v1/me").is(200).value();
    assert_eq!((&me["scope"], &me["name"]), (&json!("read"), &json!("eve")));
    let _ = viewer.get(tasks).is(200);
    let _ = viewer.post(tasks, &task).problem(403, "forbidden");
    let _ = viewer.post("/api/v1/logout", &json!({})).is(204);
    let _ = viewer.get("/api/v1/me").problem(401, "unauthenticated");
    let url = text_of(&house.json(["token", "url"])["url"]);
    let path = url.strip_prefix(&format!("http://{}", serve.address)).unwrap();
    let _ = serve.nobody().saying("Host", &serve.address).send("HEAD", path, None).is(403);
    let _ = serve.nobody().get(path).is(303);
    let out = browser.saying("Origin", &format!("http://{}", serve.address));
    let _ = out.post("/api/v1/logout", &json!({})).is(204);
    let _ = browser.get("/api/v1/me").problem(401, "unauthenticated");
}

#[test]
fn a_name_of_somebody_else_leads_nowhere() {
    let house = House::new();
    let _ = house.andon(["init"]).exits(0);
    let serve = Serve::start(&house);
    let client = serve.client(&house);
    for host in ["evil.example", "evil.example:7700", "127.0.0.1.evil.example", "localhost.evil.example", ""]
    {
        let _ = client.saying("Host", host).get("/api/v1/me").problem(421, "foreign_host");
        let _ = serve.nobody().saying("Host", host).get("/").problem(421, "foreign_host");
    }
    let port = serve.address.rsplit_once(':').unwrap().1;
    let _ = client.saying("Host", &format!("localhost:{port}")).get("/api/v1/me").is(200);
}

#[test]
fn no_path_leads_out() {
    let house = House::new();
    let _ = house.andon(["init"]).exits(0);
    let serve = Serve::start(&house);
    let client = serve.client(&house);
    for path in [
        "/../../etc/passwd",
        "/..%2f..%2fetc%2fpasswd",
        "/assets/../../config.toml",
        "/assets/%2e%2e/%2e%2e/token",
        "/api/v1/boards/..%2f..%2fx/tasks",
        "/api/v1/boards/_archived/tasks",
        "/api/v1/boards/default/runs/..%2f..%2ftoken/log",
        "/tokens.toml",
        "//etc/passwd",
        "/%00",
    ] {
        let reply = client.get(path);
        assert!((400..500).contains(&reply.status), "{path}: {}", reply.status);
        let body = String::from_utf8_lossy(&reply.body);
        assert!(!body.contains("root:") && !body.contains("andon_"), "{path}: {body}");
    }
}

#[test]
fn what_is_too_large_or_too_slow_is_ended() {
    let house = House::new();
    house.config("api_body_limit = \"4KiB\"\napi_timeout = \"1s\"\napi_streams = 1\n");
    let _ = house.andon(["init"]).exits(0);
    let serve = Serve::start(&house);
    let client = serve.client(&house).saying("Content-Type", "application/json");
    let large = json!({ "title": "x", "body": "y".repeat(5_000) });
    let _ = client.post("/api/v1/boards/default/tasks", &large).problem(413, "body_too_large");
    let mut slow = client.open("POST", "/api/v1/boards/default/tasks", Some(1_000));
    slow.write_all(b"{\"title\":").unwrap();
    let _ = Reply::read(slow, "a slow body").problem(408, "too_slow");
    let task =
        text_of(&client.post("/api/v1/boards/default/tasks", &json!({ "title": "x" })).is(201).value()["id"]);
    let files = format!("/api/v1/boards/default/tasks/{task}/attachments?name=x");
    let mut claims = client.open("POST", &files, Some(30 << 20));
    let _ = claims.write_all(b"x");
    let _ = Reply::read(claims, "a large file").problem(413, "too_large");
    let chunked = client.saying("Transfer-Encoding", "chunked");
    let mut endless = chunked.open("POST", &files, None);
    let piece = [b"100000\r\n".as_slice(), &vec![b'x'; 1 << 20], b"\r\n"].concat();
    for _ in 0..40 {
        if endless.write_all(&piece).is_err() {
            break;
        }
    }
    assert_eq!(house.show(&task)["attachments"], Value::Array(Vec::new()));
    let left = std::fs::read_dir(house.board().join("attachments").join(&task)).map_or(0, Iterator::count);
    drop(endless);
    assert!(left <= 1, "nothing but a draft that is about to go");
    // One that does not even say what it wants, and one that says it too slowly.
    for said in ["", "GET /api/v1/me HTTP/1.1\r\nHost: "] {
        let mut silent = std::net::TcpStream::connect(&serve.address).unwrap();
        silent.set_read_timeout(Some(std::time::Duration::from_secs(60))).unwrap();
        silent.write_all(said.as_bytes()).unwrap();
        let mut answer = Vec::new();
        let _ = std::io::Read::read_to_end(&mut silent, &mut answer).unwrap();
        let answer = String::from_utf8_lossy(&answer).into_owned();
        assert!(answer.is_empty() || answer.starts_with("HTTP/1.1 408"), "{said:?}: {answer}");
    }
    let stream = client.stream("/api/v1/boards/default/events");
    assert_eq!(stream.status, 200);
    let _ = client.get("/api/v1/boards/default/events").problem(429, "too_many_streams");
}
