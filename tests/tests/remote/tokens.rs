//! What a token opens over `--server`, and under whose name.

use andon_tests::{House, text_of};
use serde_json::Value;

use super::served::{Served, token};

#[test]
fn a_token_runs_the_verbs_of_its_scope_and_acts_under_its_own_name() {
    let house = House::new();
    let served = Served::start(&house);
    for board in ["web", "ops"] {
        let _ = house.andon(["boards", "create", board]).exits(0);
    }
    let (admin, read) = (token(&house, "admin", "root"), token(&house, "read", "eye"));
    let web = token(&house, "board:web", "robot");
    let run = |token: &str, line: &str| {
        let words: Vec<&str> = line.split(' ').chain(["--json"]).collect();
        served.as_token(&house, token, &words)
    };
    let may = |token: &str, line: &str| run(token, line).exits(0).json();
    let may_not = |token: &str, line: &str| {
        let refused = run(token, line).exits(1);
        assert_eq!(refused.error_code(), "forbidden", "{line}: {}", refused.stderr);
    };
    let task = text_of(&may(&admin, "create one --board web")["id"]);
    // A board's token means its own board.
    let made = may(&web, "create two");
    assert_eq!(made["created_by"], "robot", "{made}");
    let listed = may(&read, "list --board web");
    assert_eq!(listed.as_array().map(Vec::len), Some(2), "{listed}");
    for line in ["list", "profile list", &format!("comment {task} hello"), &format!("block {task} why")] {
        let _ = may(&web, line);
    }
    for line in ["list --board ops", "create x --board ops", "boards list", "pause --all", "token list", "gc"]
    {
        may_not(&web, line);
    }
    for line in
        ["create x", "boards create new", &format!("complete {task} --board web"), "token list", "doctor"]
    {
        may_not(&read, line);
    }
    for line in ["boards list", "token list", "pause --all", "resume --all", "boards create new"] {
        let _ = may(&admin, line);
    }
    // Who acts follows from the token, whatever the command says.
    may_not(&admin, "create x --by eve");
    let comments = may(&read, &format!("show {task} --board web"))["comments"].clone();
    assert_eq!(comments[0]["author"], "robot", "{comments}");
    for wrong in ["andon_0000000000_00", "nonsense"] {
        let refused = run(wrong, "list").exits(1);
        assert_eq!(refused.error_code(), "unauthenticated", "{}", refused.stderr);
    }
    let file = house.outside().join("secret");
    std::fs::write(&file, format!("{read}\n")).unwrap();
    let words = ["list", "--board", "web", "--token-file", file.to_str().unwrap()];
    let mut command = served.command(&house);
    command.args(words);
    let _ = House::answer(command).exits(0);
}

#[test]
fn a_server_that_cannot_be_asked_is_told_apart() {
    let house = House::new();
    let free = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
    let tell = |url: &str, code: i32, word: &str| {
        let answer = house.andon(["list", "--json", "--server", url]).exits(code);
        assert_eq!(answer.error_code(), word, "{url}: {}", answer.stderr);
    };
    tell(&format!("http://{free}"), 5, "server_unreachable");
    tell("ftp://example.org", 2, "usage");
    tell("http://ada:sesame@example.org", 2, "usage");
}

#[test]
fn a_worker_works_over_a_server_by_the_secret_of_its_run() {
    let house = House::new();
    let served = Served::start(&house);
    let _ = house.andon(["resume", "--all"]).exits(0);
    let other = house.create(["another"]);
    let url = &served.url;
    let script = format!(
        "export ANDON_SERVER={url}\n\
         andon comment 'from afar' && andon create child --json > \"$OUT/child\"\n\
         andon complete {other} --json 2> \"$OUT/other\"; echo $? > \"$OUT/code\"\n\
         andon boards list --json 2> \"$OUT/boards\"; echo $? >> \"$OUT/code\"\n\
         andon complete --summary done\n"
    );
    let task = house.script(&script);
    let done = house.wait_status(&task, "done");
    assert_eq!(house.show(&task)["comments"][0]["author"], "sh", "{done}");
    assert_eq!(house.runs(&task)[0]["summary"], "done");
    let child: Value = serde_json::from_str(&house.lines("child").join("")).unwrap();
    assert_eq!(child["created_by"], "sh", "{child}");
    assert_eq!(house.lines("code"), ["1", "1"], "{:?} {:?}", house.lines("other"), house.lines("boards"));
    assert_eq!(house.status(&other), "ready");
}
