//! Whatever a worker calls, in whatever order: tasks that are neither its own nor created by it stay as they are.

use andon_core::TaskId;
use andon_core::task::{BlockKind, Status};
use andon_store::operation::{Block, Start};
use andon_store::sql::tasks::Task;
use andon_testkit::Draft;
use andon_tools::{Toolset, Worker};
use proptest::prelude::*;
use serde_json::{Value, json};

use crate::stage::{Stage, call, ok, refused};

const TOOLS: &[&str] = &[
    "kanban_show",
    "kanban_list",
    "kanban_assignees",
    "kanban_complete",
    "kanban_block",
    "kanban_heartbeat",
    "kanban_comment",
    "kanban_create",
    "kanban_unblock",
    "kanban_assign",
    "kanban_link",
    "kanban_request_review",
    "kanban_request_changes",
    "kanban_approve",
    "kanban_schedule",
    "kanban_attach",
    "kanban_attachments",
    "kanban_why",
];

/// What a task may not lose by a stranger's call.
fn core_of(task: &Task) -> impl PartialEq + std::fmt::Debug + use<> {
    let state = task.state.clone();
    (
        state,
        task.assignee.clone(),
        task.reviewer.clone(),
        task.title.clone(),
        task.body.clone(),
        task.priority,
    )
}

/// Which task a call names.
#[derive(Clone, Copy, Debug)]
enum Which {
    Unsaid,
    Own,
    Foreign(usize),
    Child,
    Nonsense,
}

#[derive(Clone, Debug)]
struct Call {
    tool: &'static str,
    task: Which,
    other: Which,
    word: String,
    extra: Value,
}

fn which() -> impl Strategy<Value = Which> {
    prop_oneof![
        2 => Just(Which::Unsaid),
        2 => Just(Which::Own),
        5 => (0..6_usize).prop_map(Which::Foreign),
        1 => Just(Which::Child),
        1 => Just(Which::Nonsense),
    ]
}

fn extra() -> impl Strategy<Value = Value> {
    prop_oneof![
        4 => Just(json!({})),
        1 => Just(json!({ "board": "default" })),
        1 => Just(json!({ "kind": "dependency" })),
        1 => Just(json!({ "assignee": "writer", "initial_status": "blocked" })),
        1 => Just(json!({ "assignee": "script" })),
        1 => Just(json!({ "artifacts": ["a", "/etc/passwd"], "metadata": { "x": [1, null] } })),
        1 => Just(json!({ "at": "in 1h" })),
        1 => Just(json!({ "nonsense": 1 })),
        1 => any::<i64>().prop_map(|n| json!({ "limit": n, "priority": n, "max_runtime_seconds": n })),
    ]
}

fn calls() -> impl Strategy<Value = Vec<Call>> {
    let one = (proptest::sample::select(TOOLS), which(), which(), "[a-zé\n\u{0} ]{0,12}", extra())
        .prop_map(|(tool, task, other, word, extra)| Call { tool, task, other, word, extra });
    proptest::collection::vec(one, 1..12)
}

/// Tasks of others, one for each place where a task can stand.
fn foreign(stage: &Stage) -> Vec<TaskId> {
    let (blocked, _) = stage.running("blocked");
    stage.runs(Block {
        task: blocked.task.id.clone(),
        caller: stage.ada(),
        kind: BlockKind::Operator,
        reason: "no".to_owned(),
        policy: andon_core::Policy::default(),
    });
    let (running, _) = stage.running("running");
    let ready = stage.create(Draft::new("ready").of("writer"));
    vec![
        blocked.task.id,
        running.task.id,
        stage.create(Draft::new("todo").after(&ready)),
        ready,
        stage.create(Draft::new("idea").start(Start::Triage)),
        stage.create(Draft::new("nobody's").of_nobody()),
    ]
}

fn arguments(call: &Call, stage: &Stage, worker: &Worker, foreign: &[TaskId]) -> Value {
    let name = |which: Which| match which {
        Which::Unsaid => Value::Null,
        Which::Own => json!(worker.task),
        Which::Foreign(n) => json!(foreign[n % foreign.len()]),
        Which::Child => stage.of_run(&worker.run).first().map_or(Value::Null, |child| json!(child)),
        Which::Nonsense => json!("t_nonsense"),
    };
    let (task, other, word) = (name(call.task), name(call.other), json!(call.word));
    let mut object = match call.tool {
        "kanban_link" => json!({ "parent_id": other, "child_id": task }),
        "kanban_create" => json!({ "title": word, "assignee": "writer", "parents": other }),
        "kanban_complete" => json!({ "task_id": task, "summary": word, "created_cards": other }),
        "kanban_block" => json!({ "task_id": task, "reason": word, "on": other }),
        "kanban_comment" => json!({ "task_id": task, "body": word }),
        "kanban_attach" => json!({ "task_id": task, "content": word, "name": "f.txt" }),
        "kanban_request_review" | "kanban_approve" => json!({ "task_id": task, "summary": word }),
        "kanban_unblock" | "kanban_schedule" | "kanban_request_changes" => {
            json!({ "task_id": task, "reason": word })
        }
        "kanban_assign" => json!({ "task_id": task, "assignee": "writer" }),
        "kanban_list" | "kanban_assignees" => json!({}),
        _ => json!({ "task_id": task }),
    };
    if let (Some(object), Some(extra)) = (object.as_object_mut(), call.extra.as_object()) {
        object.extend(extra.clone());
    }
    object
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 48, ..ProptestConfig::default() })]

    #[test]
    fn a_worker_never_moves_a_foreign_task(calls in calls(), board in any::<bool>(), forged in 0..5_u8) {
        let stage = Stage::new();
        let foreign = foreign(&stage);
        let (_, mut worker) = stage.running("its own");
        // A guessed secret, or another's task beside one's own run, opens nothing more.
        match forged {
            1 => worker.token = "guessed".to_owned(),
            2 => worker.task = foreign[1].clone(),
            // To say that one is of another profile gives none of its rights.
            3 => worker.profile = Some("lead".parse().unwrap()),
            _ => {}
        }
        let toolset = if board { Toolset::Board } else { Toolset::Task };
        let tools = stage.worker(&worker, toolset);
        let before: Vec<_> = foreign.iter().map(|id| core_of(&stage.task(id))).collect();
        for one in &calls {
            let given = arguments(one, &stage, &worker, &foreign);
            let reply = call(&tools, one.tool, given.clone());
            prop_assert!(reply.content.is_object());
            let hint = reply.content["error"]["hint"].as_str().unwrap_or_default();
            prop_assert!(!reply.is_error || hint.len() > 20, "{} says not what to do next: {}", one.tool, reply.content);
            for (id, before) in foreign.iter().zip(&before) {
                let now = core_of(&stage.task(id));
                prop_assert!(now == *before, "{} {given} changed {id}: {:?} was {before:?}", one.tool, now);
                prop_assert_eq!(stage.files(id), 0, "{} {} added a file to {}", one.tool, given, id);
            }
        }
    }

    #[test]
    fn an_orchestrator_routes_foreign_tasks_and_does_nothing_else_with_them(calls in calls()) {
        let stage = Stage::new();
        let foreign = foreign(&stage);
        let (asked, asking) = stage.running("has a question");
        ok(&stage.worker(&asking, Toolset::Task), "kanban_block", json!({ "reason": "which colour?" }));
        let foreign: Vec<TaskId> = foreign.into_iter().chain([asked.task.id]).collect();
        let goal = stage.create(Draft::new("the goal").of("lead"));
        let worker = stage.claim_by_hand(&goal);
        let tools = stage.worker(&worker, Toolset::Board);
        for one in &calls {
            let given = arguments(one, &stage, &worker, &foreign);
            let before: Vec<Task> = foreign.iter().map(|id| stage.task(id)).collect();
            let reply = call(&tools, one.tool, given.clone());
            for was in &before {
                let now = stage.task(&was.id);
                if core_of(&now) == core_of(was) {
                    continue;
                }
                let what = format!("{} {given} changed {}: {:?} was {:?}", one.tool, was.id, now.state, was.state);
                prop_assert!(!reply.is_error, "{what}");
                prop_assert!(["kanban_unblock", "kanban_assign", "kanban_link"].contains(&one.tool), "{what}");
                prop_assert!(now.state.status != Status::Done && was.state.status != Status::Running, "{what}");
                let kind = was.state.block.as_ref().map(|block| block.kind);
                prop_assert!(kind != Some(BlockKind::Operator) || now.state.block == was.state.block, "{what}");
                prop_assert_eq!(&now.state.counters, &was.state.counters, "{}", what);
            }
        }
    }
}

#[test]
fn an_orchestrator_answers_assigns_and_links_where_another_worker_is_refused() {
    let stage = Stage::new();
    let (asked, asking) = stage.running("has a question");
    ok(&stage.worker(&asking, Toolset::Task), "kanban_block", json!({ "reason": "which colour?" }));
    let (id, other) = (asked.task.id, stage.create(Draft::new("another")));
    let moves = [
        ("kanban_assign", json!({ "task_id": other, "assignee": "writer" })),
        ("kanban_link", json!({ "parent_id": id, "child_id": other })),
        ("kanban_unblock", json!({ "task_id": id, "reason": "green" })),
    ];
    let (_, plain) = stage.running("plain work");
    for (tool, arguments) in &moves {
        assert_eq!(
            refused(&stage.worker(&plain, Toolset::Board), tool, arguments.clone()),
            "forbidden",
            "{tool}"
        );
    }
    let goal = stage.create(Draft::new("the goal").of("lead"));
    let lead = stage.worker(&stage.claim_by_hand(&goal), Toolset::Board);
    for (tool, arguments) in &moves {
        let done = ok(&lead, tool, arguments.clone());
        assert!(done.get("ended_run").is_none(), "{tool}: its own run goes on: {done}");
    }
    let (answered, waits) = (stage.task(&id), stage.task(&other));
    assert_eq!((answered.state.status, waits.state.status), (Status::Ready, Status::Todo));
    assert_eq!(waits.assignee.unwrap().as_str(), "writer");
    // What only persons may choose stays theirs.
    let script = json!({ "task_id": other, "assignee": "script" });
    assert_eq!(refused(&lead, "kanban_assign", script), "forbidden");
}
