//! Notifications over the API and on the command line: who may, what is refused, and how each platform is spoken to.

use andon_tests::{House, Receiver, text_of, wait_for};
use serde_json::{Value, json};

use super::client::Serve;

fn house(receiver: &Receiver) -> House {
    let house = House::new();
    let address = receiver.address();
    house.config(&format!(
        "[channels.ops]\nkind = \"webhook\"\nurl = \"http://{address}/ops\"\nallow_private = true\n\
         [channels.team]\nkind = \"slack\"\nurl = \"http://{address}/team\"\nallow_private = true\n\
         [channels.guild]\nkind = \"discord\"\nurl = \"http://{address}/guild\"\nallow_private = true\n\
         [channels.bot]\nkind = \"telegram\"\ntoken_file = \"bot.token\"\nchat_id = \"-100\"\nthread_id = 7\n\
         api_url = \"http://{address}\"\nallow_private = true\n\
         [channels.inner]\nkind = \"webhook\"\nurl = \"http://{address}/inner\"\n\
         [channels.later]\nkind = \"slack\"\nurl_env = \"LATER_URL\"\n"
    ));
    std::fs::write(house.home().join("bot.token"), "12:t0k3n\n").unwrap();
    let _ = house.andon(["init"]).exits(0);
    house
}

fn of(value: &Value, channel: &str) -> Value {
    let all = value["subscriptions"].as_array().unwrap();
    all.iter().find(|one| one["channel"] == channel).unwrap().clone()
}

#[test]
fn subscriptions_are_toggled_and_toggled_again() {
    let receiver = Receiver::new();
    let house = house(&receiver);
    let task = house.create(["paint"]);
    let serve = Serve::start(&house);
    let client = serve.client(&house);
    let channels = client.get("/api/v1/channels").is(200).value();
    let ready: Vec<(String, bool)> = channels["channels"]
        .as_array()
        .unwrap()
        .iter()
        .map(|one| (text_of(&one["name"]), one["ready"].as_bool().unwrap()))
        .collect();
    let expected =
        [("bot", true), ("guild", true), ("inner", false), ("later", false), ("ops", true), ("team", true)];
    assert_eq!(ready, expected.map(|(name, ready)| (name.to_owned(), ready)));
    let board = "/api/v1/boards/default";
    let of_task = format!("{board}/tasks/{task}/subscriptions");
    for path in [&of_task, &format!("{board}/subscriptions")] {
        assert_eq!(of(&client.get(path).is(200).value(), "ops")["subscribed"], false);
        let one = format!("{path}/ops");
        for _ in 0..2 {
            let made = client.json("PUT", &one, &json!({})).is(200).value();
            assert_eq!((&made["subscribed"], &made["state"]), (&json!(true), &json!("active")));
        }
        let made = client.json("PUT", &one, &json!({ "kinds": ["completed", "attention"] })).is(200).value();
        assert_eq!(made["kinds"], json!(["attention", "completed"]));
        let _ = client.json("PUT", &one, &json!({ "kinds": ["blockd"] })).problem(422, "invalid_value");
        assert_eq!(of(&client.get(path).is(200).value(), "ops")["subscribed"], true);
        assert_eq!(client.post(&format!("{one}/retry"), &json!({})).is(200).value()["state"], "active");
        for _ in 0..2 {
            let _ = client.send("DELETE", &one, None).is(204);
        }
        let _ = client.post(&format!("{one}/retry"), &json!({})).problem(404, "not_subscribed");
        let _ = client.json("PUT", &format!("{path}/opps"), &json!({})).problem(404, "unknown_channel");
        let _ = client.send("DELETE", &format!("{path}/opps"), None).problem(404, "unknown_channel");
    }
    let nobody = format!("{board}/tasks/t_00000000/subscriptions");
    let _ = client.get(&nobody).problem(404, "unknown_task");
    let _ = client.json("PUT", &format!("{nobody}/ops"), &json!({})).problem(404, "unknown_task");
    let read = client.post("/api/v1/tokens", &json!({ "name": "r", "scope": "read" })).is(201).value();
    let reader = serve.with(read["token"].as_str().unwrap());
    let _ = reader.get(&of_task).is(200);
    let _ = reader.json("PUT", &format!("{of_task}/ops"), &json!({})).problem(403, "forbidden");
    assert!(serve.stop().success());
}

#[test]
fn every_platform_is_spoken_to_in_its_own_way_and_problems_are_said() {
    let receiver = Receiver::new();
    let house = house(&receiver);
    for channel in ["ops", "team", "guild", "bot"] {
        let _ = house.andon(["notify", "test", channel]).exits(0);
    }
    let got = receiver.got();
    let paths: Vec<&str> = got.iter().map(|one| one.path.as_str()).collect();
    assert_eq!(paths, ["/ops", "/team", "/guild", "/bot12:t0k3n/sendMessage"]);
    assert_eq!(got[1].json()["blocks"][0]["text"]["type"], "plain_text");
    assert_eq!(got[2].json()["allowed_mentions"]["parse"], json!([]));
    let bot = got[3].json();
    assert_eq!((&bot["chat_id"], &bot["message_thread_id"]), (&json!("-100"), &json!(7)));
    let refused = house.andon(["notify", "test", "inner"]).exits(3);
    assert!(refused.stderr.contains("allow_private"), "{}", refused.stderr);
    let unset = house.andon(["notify", "test", "later"]).exits(3);
    assert!(unset.stderr.contains("LATER_URL"), "{}", unset.stderr);
    receiver.answer(200, &[], "{\"ok\":false,\"description\":\"chat not found\"}");
    let refused = house.andon(["notify", "test", "bot"]).exits(3);
    assert!(
        refused.stderr.contains("chat not found") && !refused.stderr.contains("t0k3n"),
        "{}",
        refused.stderr
    );
    receiver.answer(302, &[("location", "http://169.254.169.254/")], "");
    let redirected = house.andon(["notify", "test", "ops"]).exits(3);
    assert!(redirected.stderr.contains("redirects are not followed"), "{}", redirected.stderr);
    let doctor = house.andon(["doctor"]).exits(0).stdout;
    assert!(doctor.contains("channel later: the variable LATER_URL is not set"), "{doctor}");
    let unknown = house.andon(["notify", "add", "opps", "--json"]);
    assert_eq!((unknown.code, unknown.error_code().as_str()), (4, "unknown_channel"));
}

#[test]
fn a_receiver_that_wants_to_be_left_alone_is() {
    let receiver = Receiver::new();
    let house = house(&receiver);
    receiver.answer(429, &[("retry-after", "1200")], "");
    let serve = Serve::start(&house);
    let task = house.create(["paint", "--notify", "ops"]);
    let _ = house.andon(["block", &task, "which?", "--kind", "needs_input"]).exits(0);
    let waits = wait_for("it waits", || {
        let one = house.json(["notify", "list"])[0].clone();
        one["retry_at"].is_string().then_some(one)
    });
    let told_at = house.events_of(&task).last().map(|event| text_of(&event["created_at"])).unwrap();
    let minutes = |text: &str| {
        let part = |from: usize| text[from..from + 2].parse::<i64>().unwrap();
        part(11) * 60 + part(14)
    };
    let wait = (minutes(&text_of(&waits["retry_at"])) - minutes(&told_at)).rem_euclid(24 * 60);
    assert!((19..=25).contains(&wait), "{waits} {told_at}");
    assert!(serve.stop().success());
    assert_eq!(receiver.got().len(), 1);
}
