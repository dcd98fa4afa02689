//! MCP as a client drives it, without a process: whatever comes in, each request is answered once, and a worker moves nothing
//! but its own task.

#![expect(clippy::expect_used, reason = "a test that cannot go on should stop, and says where")]

mod stage;

use proptest::prelude::*;
use serde_json::{Value, json};

use stage::Stage;

const TOOLS: &[&str] = &[
    "kanban_show",
    "kanban_list",
    "kanban_complete",
    "kanban_block",
    "kanban_heartbeat",
    "kanban_comment",
    "kanban_create",
    "kanban_unblock",
    "kanban_assign",
    "kanban_link",
    "kanban_schedule",
    "kanban_attach",
    "kanban_why",
    "kanban_nothing",
];

/// A value that somebody could send anywhere.
fn value() -> impl Strategy<Value = Value> {
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        any::<i64>().prop_map(Value::from),
        any::<f64>().prop_filter("finite", |number| number.is_finite()).prop_map(Value::from),
        "\\PC{0,12}".prop_map(Value::from),
        proptest::sample::select(vec!["own", "foreign", "default", "t_nonsense", "none", "dependency"])
            .prop_map(Value::from),
    ];
    leaf.prop_recursive(2, 8, 4, |inner| {
        prop_oneof![
            proptest::collection::vec(inner.clone(), 0..4).prop_map(Value::from),
            proptest::collection::btree_map("[a-z_]{1,8}", inner, 0..4)
                .prop_map(|map| Value::Object(map.into_iter().collect())),
        ]
    })
}

/// Arguments that a tool could almost take.
fn arguments() -> impl Strategy<Value = Value> {
    const KEYS: [&str; 12] = [
        "task_id",
        "reason",
        "summary",
        "body",
        "title",
        "assignee",
        "parents",
        "kind",
        "on",
        "parent_id",
        "child_id",
        "board",
    ];
    let one = (proptest::sample::select(&KEYS[..]), value());
    proptest::collection::vec(one, 0..5).prop_map(|pairs| {
        Value::Object(pairs.into_iter().map(|(key, value)| (key.to_owned(), value)).collect())
    })
}

/// A line of a client: mostly a call, else another request, or noise.
fn line() -> impl Strategy<Value = Vec<u8>> {
    let id = prop_oneof![
        4 => any::<i32>().prop_map(Value::from),
        2 => "[a-z]{0,6}".prop_map(Value::from),
        1 => value(),
    ];
    let call = (id.clone(), proptest::sample::select(TOOLS), arguments()).prop_map(|(id, name, arguments)| {
        json!({ "jsonrpc": "2.0", "id": id, "method": "tools/call", "params": { "name": name, "arguments": arguments } })
    });
    let methods = [
        "tools/list",
        "resources/list",
        "resources/read",
        "initialize",
        "ping",
        "no/such",
        "server/discover",
    ];
    let other = (id, proptest::sample::select(methods.to_vec()), value()).prop_map(
        |(id, method, params)| json!({ "jsonrpc": "2.0", "id": id, "method": method, "params": params }),
    );
    let bytes = |value: Value| value.to_string().into_bytes();
    prop_oneof![
        6 => call.prop_map(bytes),
        2 => other.prop_map(bytes),
        1 => value().prop_map(bytes),
        1 => proptest::collection::vec(any::<u8>(), 0..80),
    ]
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 64, ..ProptestConfig::default() })]

    #[test]
    fn each_request_is_answered_once_and_no_foreign_task_moves(lines in proptest::collection::vec(line(), 1..20)) {
        let stage = Stage::new();
        stage.drive(&lines.join(&b'\n'));
    }
}

#[test]
fn the_stage_sees_what_it_should() {
    let stage = Stage::new();
    let call = |id: i64, name: &str, arguments: Value| {
        json!({ "jsonrpc": "2.0", "id": id, "method": "tools/call", "params": { "name": name, "arguments": arguments } })
            .to_string()
    };
    let lines = [
        call(1, "kanban_show", json!({})),
        "noise".to_owned(),
        call(2, "kanban_complete", json!({ "task_id": "foreign", "summary": "mine now" })),
        call(3, "kanban_complete", json!({ "task_id": "own", "summary": "done" })),
    ];
    let answers = stage.drive(lines.join("\n").as_bytes());
    assert_eq!(answers.len(), 4);
    let of = |id: i64| answers.iter().find(|answer| answer["id"] == id).unwrap();
    assert_eq!(of(2)["result"]["structuredContent"]["error"]["code"], "forbidden");
    assert_eq!(of(3)["result"]["structuredContent"]["ended_run"], true, "{}", of(3));
}
