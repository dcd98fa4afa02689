//! Notifications: they arrive, each once where nobody dies, again and again, and none is lost where something does.

use std::collections::BTreeSet;

use andon_tests::{House, Received, Receiver, text_of, wait_for, wait_until};
use serde_json::{Value, json};

use super::client::Serve;

/// Part of the address, by which its holder may post.
const SECRET: &str = "T0s3cr3tp4rt0fTheAddress";
/// 32 bytes of 7.
const SIGNING: &str = "whsec_BwcHBwcHBwcHBwcHBwcHBwcHBwcHBwcHBwcHBwcHBwc=";

/// A house with a channel `ops` that posts to `receiver`; `more` are further keys of the configuration, which go before.
fn house(receiver: &Receiver, more: &str) -> House {
    let house = House::new();
    let address = receiver.address();
    house.config(&format!(
        "{more}\n[channels.ops]\nkind = \"webhook\"\nurl = \"http://{address}/{SECRET}\"\nsecret_file = \"ops.key\"\n\
         allow_private = true\ntimeout = \"2s\"\n"
    ));
    std::fs::write(house.home().join("ops.key"), format!("{SIGNING}\n")).unwrap();
    let _ = house.andon(["init"]).exits(0);
    house
}

fn subscriptions(house: &House) -> Vec<Value> {
    house.json(["notify", "list"]).as_array().unwrap().clone()
}

fn ids(got: &[Received]) -> BTreeSet<String> {
    got.iter().map(|one| text_of(&one.json()["id"])).collect()
}

fn block(house: &House, task: &str) {
    let _ = house.andon(["block", task, "which colour?", "--kind", "needs_input"]).exits(0);
}

#[test]
fn a_message_arrives_signed_and_the_same_thing_again_is_told_again() {
    let receiver = Receiver::new();
    let house = house(&receiver, "public_url = \"https://andon.example\"");
    let task = house.create(["paint", "--priority", "1"]);
    let serve = Serve::start(&house);
    let _ = house.andon(["notify", "add", "ops", &task]).exits(0);
    block(&house, &task);
    let first = receiver.wait(1).remove(0);
    let told = first.json();
    assert_eq!(first.path, format!("/{SECRET}"));
    assert_eq!(told["type"], "task.blocked");
    assert_eq!(
        (&told["data"]["task"]["id"], &told["data"]["detail"]),
        (&json!(task), &json!("which colour?"))
    );
    assert_eq!(told["data"]["url"], format!("https://andon.example/b/default?task={task}"));
    assert_eq!(first.header("webhook-id"), told["id"].as_str());
    assert!(first.header("webhook-signature").unwrap().starts_with("v1,"), "{first:?}");
    let _ = house.andon(["unblock", &task]).exits(0);
    block(&house, &task);
    let second = receiver.wait(2).remove(1);
    assert_eq!((second.kind().as_str(), ids(&receiver.got()).len()), ("blocked", 2));
    let _ = house.andon(["complete", &task, "--summary", "all is red"]).exits(0);
    let last = receiver.wait(3).remove(2);
    assert_eq!((last.kind().as_str(), &last.json()["data"]["detail"]), ("completed", &json!("all is red")));
    wait_until("the subscription has ended", || subscriptions(&house).is_empty());
    assert!(serve.stop().success());
    assert_eq!(receiver.got().len(), 3);
}

#[test]
fn two_servers_tell_each_thing_once() {
    let receiver = Receiver::new();
    let house = house(&receiver, "");
    let one = Serve::start(&house);
    let other = Serve::start(&house);
    let tasks: Vec<String> =
        (0..8).map(|n| house.create([&format!("task {n}"), "--notify", "ops"])).collect();
    for task in &tasks {
        block(&house, task);
    }
    let _ = receiver.wait(tasks.len());
    for task in &tasks {
        let _ = house.andon(["complete", task]).exits(0);
    }
    wait_until("every subscription has ended", || subscriptions(&house).is_empty());
    let got = receiver.got();
    assert_eq!((got.len(), ids(&got).len()), (2 * tasks.len(), 2 * tasks.len()));
    assert!(one.stop().success() && other.stop().success());
}

#[test]
fn what_a_receiver_missed_while_it_was_down_arrives_when_it_is_back() {
    let receiver = Receiver::new();
    let house = house(&receiver, "");
    let address = receiver.address();
    drop(receiver);
    let serve = Serve::start(&house);
    let task = house.create(["paint", "--notify", "ops"]);
    block(&house, &task);
    let failing = wait_for("it has failed", || {
        let one = subscriptions(&house).remove(0);
        (one["failures"].as_u64() > Some(1)).then_some(one)
    });
    assert_eq!((&failing["state"], &failing["subscribed"]), (&json!("active"), &json!(true)));
    assert!(text_of(&failing["last_error"]).contains("it cannot be reached"), "{failing}");
    let receiver = Receiver::at(address);
    assert_eq!(receiver.wait(1)[0].kind(), "blocked");
    wait_until("it has recovered", || subscriptions(&house)[0]["failures"] == 0);
    assert!(serve.stop().success());
}

#[test]
fn what_happened_while_no_server_ran_is_told_by_the_next_one() {
    let receiver = Receiver::new();
    let house = house(&receiver, "");
    let task = house.create(["paint", "--notify", "ops"]);
    block(&house, &task);
    let _ = house.andon(["complete", &task]).exits(0);
    let serve = Serve::start(&house);
    let kinds: Vec<String> = receiver.wait(2).iter().map(Received::kind).collect();
    assert_eq!(kinds, ["blocked", "completed"]);
    assert!(serve.stop().success());
}

#[test]
fn a_server_that_dies_before_or_after_it_sends_loses_nothing() {
    for (place, sent_before) in [("notice_taken", 0), ("notice_sent", 1)] {
        let receiver = Receiver::new();
        // What the command line asks for must not be done by a server that is about to die.
        let house = house(&receiver, "sweep_interval = \"1s\"").with("ANDON_SERVER", "off");
        let dying = Serve::with_variables(&house, "127.0.0.1:0", &[("ANDON_CRASH_AT", place)]);
        let task = house.create(["paint", "--notify", "ops"]);
        block(&house, &task);
        assert!(!dying.ended().success());
        assert_eq!(receiver.got().len(), sent_before, "{place}");
        let serve = Serve::start(&house);
        let got = receiver.wait(sent_before + 1);
        assert_eq!(ids(&got).len(), 1, "the same message has the same id");
        wait_until("it is settled", || subscriptions(&house)[0]["told_at"].is_string());
        assert!(serve.stop().success());
        assert_eq!(receiver.got().len(), sent_before + 1, "{place}");
    }
}

#[test]
fn what_cannot_be_delivered_is_suspended_says_why_and_can_be_revived() {
    let receiver = Receiver::new();
    let house = house(&receiver, "notify_attempt_limit = 3");
    receiver.answer(500, &[], &format!("no room for {SECRET}"));
    let serve = Serve::start(&house);
    let task = house.create(["paint", "--notify", "ops"]);
    block(&house, &task);
    let kept = wait_for("it is suspended", || {
        let one = subscriptions(&house).remove(0);
        (one["state"] == "suspended").then_some(one)
    });
    assert_eq!((&kept["failures"], receiver.got().len()), (&json!(3), 3));
    assert!(text_of(&kept["last_error"]).starts_with("answered 500"), "{kept}");
    let shown = house.andon(["notify", "list"]).exits(0).stdout;
    assert!(shown.contains("suspended after 3 failures: answered 500"), "{shown}");
    receiver.answer(200, &[], "");
    let _ = house.andon(["notify", "retry", "ops", &task]).exits(0);
    let got = receiver.wait(4);
    assert_eq!(ids(&got).len(), 1);
    wait_until("it is told", || {
        subscriptions(&house)[0]["state"] == "active" && subscriptions(&house)[0]["told_at"].is_string()
    });
    let said = serve.said();
    assert!(said.contains("a notification was given up"), "{said}");
    assert!(serve.stop().success());
}

#[test]
fn no_secret_is_shown_or_kept_anywhere() {
    let receiver = Receiver::new();
    let house = house(&receiver, "notify_attempt_limit = 2");
    receiver.answer(500, &[], &format!("no room at /{SECRET}, nor for {SIGNING}"));
    let serve = Serve::start(&house);
    let client = serve.client(&house);
    let task = house.create(["paint", "--notify", "ops"]);
    block(&house, &task);
    wait_until("it is suspended", || subscriptions(&house)[0]["state"] == "suspended");
    let mut seen = vec![serve.said()];
    for path in
        ["channels", "boards/default/subscriptions", &format!("boards/default/tasks/{task}/subscriptions")]
    {
        seen.push(client.get(&format!("/api/v1/{path}")).is(200).value().to_string());
    }
    for words in
        [vec!["notify", "list"], vec!["notify", "channels"], vec!["notify", "test", "ops"], vec!["doctor"]]
    {
        for json in [false, true] {
            let more = json.then_some("--json");
            let answer = house.andon(words.iter().copied().chain(more));
            seen.push(format!("{}{}", answer.stdout, answer.stderr));
        }
    }
    assert!(serve.stop().success());
    if house.database().is_none() {
        seen.push(
            String::from_utf8_lossy(&std::fs::read(house.board().join("board.db")).unwrap()).into_owned(),
        );
    }
    for text in seen {
        assert!(!text.contains(SECRET) && !text.contains(SIGNING), "{text}");
    }
}

#[test]
fn a_home_channel_hears_of_every_board_what_needs_a_person_and_can_be_switched_off() {
    let receiver = Receiver::new();
    let house = house(&receiver, "");
    let config = std::fs::read_to_string(house.home().join("config.toml")).unwrap();
    std::fs::write(house.home().join("config.toml"), format!("{config}home = true\n")).unwrap();
    let _ = house.andon(["boards", "create", "web"]).exits(0);
    let serve = Serve::start(&house);
    wait_until("both boards tell it", || {
        ["default", "web"].iter().all(|board| {
            let found = house.json(["notify", "list", "--board", board]);
            found.as_array().unwrap().iter().any(|one| one["home"] == true)
        })
    });
    let task = house.create(["paint", "--board", "web"]);
    let _ = house.andon(["block", &task, "which?", "--kind", "needs_input", "--board", "web"]).exits(0);
    let told = receiver.wait(1).remove(0).json();
    assert_eq!((&told["data"]["board"], &told["data"]["task"]["id"]), (&json!("web"), &json!(task)));
    let _ = house.andon(["notify", "rm", "ops", "--board", "web"]).exits(0);
    let quiet = house.create(["quiet", "--board", "web"]);
    let _ = house.andon(["block", &quiet, "which?", "--kind", "needs_input", "--board", "web"]).exits(0);
    let here = house.create(["loud"]);
    block(&house, &here);
    let got = receiver.wait(2);
    assert_eq!(got[1].json()["data"]["task"]["id"], json!(here));
    assert!(serve.stop().success());
    assert_eq!(receiver.got().len(), 2);
}

#[test]
fn a_program_is_told_on_its_input_while_the_server_runs() {
    let receiver = Receiver::new();
    let house = house(&receiver, "");
    let out = house.outside().join("told.jsonl");
    let config = std::fs::read_to_string(house.home().join("config.toml")).unwrap();
    let script = format!("cat >> '{0}'; echo >> '{0}'", out.display());
    let more = format!("[channels.desk]\nkind = \"command\"\ncommand = [\"sh\", \"-c\", {script:?}]\n");
    std::fs::write(house.home().join("config.toml"), config + &more).unwrap();
    let serve = Serve::start(&house);
    let task = house.create(["paint", "--notify", "desk,ops"]);
    block(&house, &task);
    let line = wait_for("the program was told", || {
        house.lines("told.jsonl").into_iter().find(|line| line.ends_with('}'))
    });
    let told: Value = serde_json::from_str(&line).unwrap();
    assert_eq!((&told["type"], &told["data"]["task"]["id"]), (&json!("task.blocked"), &json!(task)));
    let _ = receiver.wait(1);
    assert!(serve.stop().success());
}
