//! What each tool does.

use andon_core::task::Status;
use andon_testkit::Draft;
use andon_tools::Toolset;
use serde_json::{Value, json};

use crate::stage::{Stage, call, ok, refused};

#[test]
fn a_worker_orients_itself_works_and_completes() {
    let stage = Stage::new();
    let (_, worker) = stage.running("the work");
    let waiting = stage.create(Draft::new("after it").after(&worker.task));
    let tools = stage.worker(&worker, Toolset::Task);

    let shown = ok(&tools, "kanban_show", Value::Null);
    assert_eq!(shown["task"]["id"], worker.task.as_str());
    assert!(shown["worker_context"].as_str().unwrap().starts_with("# Kanban task"), "{shown}");
    assert_eq!(shown["children"], json!([waiting]));
    assert!(ok(&tools, "kanban_heartbeat", json!({ "note": "reading" }))["lease_expires_at"].is_string());
    ok(&tools, "kanban_comment", json!({ "task_id": waiting, "body": "soon" }));
    let created = ok(
        &tools,
        "kanban_create",
        json!({ "title": "follow up", "assignee": "writer", "parents": waiting, "priority": "3" }),
    );
    assert_eq!(created["status"], "todo");

    let reply = call(
        &tools,
        "kanban_complete",
        json!({ "summary": "did it", "created_cards": created["task_id"], "metadata": "{\"files\": 2}" }),
    );
    assert!(!reply.is_error && reply.ended_run, "{}", reply.content);
    assert_eq!((&reply.content["status"], &reply.content["run_id"]), (&json!("done"), &json!(worker.run)));
    assert_eq!(stage.task(&waiting).state.status, Status::Ready);
    assert_eq!(refused(&tools, "kanban_heartbeat", json!({})), "stale_run");
}

#[test]
fn a_completion_with_tasks_that_are_not_its_own_changes_nothing_and_says_how_to_go_on() {
    let stage = Stage::new();
    let (_, worker) = stage.running("the work");
    let tools = stage.worker(&worker, Toolset::Task);
    let reply = call(&tools, "kanban_complete", json!({ "summary": "x", "created_cards": ["t_zzzzzzzz"] }));
    assert_eq!(reply.error_code(), Some("phantom_cards"));
    assert_eq!(reply.content["error"]["phantom_cards"], json!(["t_zzzzzzzz"]));
    assert!(reply.content["error"]["hint"].as_str().unwrap().contains("created_cards"));
    assert_eq!(stage.task(&worker.task).state.status, Status::Running);
    assert_eq!(refused(&tools, "kanban_complete", json!({})), "bad_arguments");
    ok(&tools, "kanban_complete", json!({ "summary": "x", "created_cards": [] }));
}

#[test]
fn a_block_ends_the_run_and_a_person_s_answer_says_where_the_task_stands() {
    let stage = Stage::new();
    let (_, worker) = stage.running("the work");
    let tools = stage.worker(&worker, Toolset::Task);
    assert_eq!(refused(&tools, "kanban_block", json!({ "reason": " " })), "invalid_value");
    assert_eq!(refused(&tools, "kanban_block", json!({ "reason": "x", "kind": "tired" })), "bad_arguments");
    let reply = call(&tools, "kanban_block", json!({ "reason": "which colour?" }));
    assert!(reply.ended_run);
    assert_eq!(reply.content["block_kind"], "needs_input");

    let person = stage.person();
    let why = ok(&person, "kanban_why", json!({ "task_id": worker.task }));
    assert_eq!(why["reasons"][0]["code"], "blocked");
    let open = stage.create(Draft::new("first"));
    ok(&person, "kanban_link", json!({ "parent_id": open, "child_id": worker.task }));
    let moved = ok(&person, "kanban_unblock", json!({ "task_id": worker.task, "reason": "red" }));
    assert_eq!(moved["status"], "todo");
}

#[test]
fn a_review_goes_back_and_then_through() {
    let stage = Stage::new();
    let (_, worker) = stage.running("the work");
    let tools = stage.worker(&worker, Toolset::Task);
    let asked = call(&tools, "kanban_request_review", json!({ "summary": "look" }));
    assert!(asked.ended_run);
    assert_eq!(
        (&asked.content["status"], &asked.content["reviewer"]),
        (&json!("review"), &json!("a person"))
    );
    let person = stage.person();
    let id = json!({ "task_id": worker.task, "reason": "tests, please" });
    assert_eq!(ok(&person, "kanban_request_changes", id)["status"], "ready");
    let (_, again) = stage.running("another");
    assert_eq!(refused(&stage.worker(&again, Toolset::Task), "kanban_approve", json!({})), "wrong_status");
}

#[test]
fn a_task_is_put_off_until_a_moment() {
    let stage = Stage::new();
    let (_, worker) = stage.running("the work");
    let tools = stage.worker(&worker, Toolset::Task);
    assert_eq!(refused(&tools, "kanban_schedule", json!({ "at": "soon" })), "bad_arguments");
    let reply = call(&tools, "kanban_schedule", json!({ "at": "in 2h", "reason": "the build" }));
    assert!(reply.ended_run && reply.content["scheduled_at"].is_string(), "{}", reply.content);
}

#[test]
fn files_come_from_the_workspace_or_as_text_and_from_nowhere_else() {
    let stage = Stage::new();
    let (_, worker) = stage.running("the work");
    let tools = stage.worker(&worker, Toolset::Task);
    std::fs::write(stage.workspace().join("report.md"), "# Report").unwrap();
    std::os::unix::fs::symlink("/etc/passwd", stage.workspace().join("link")).unwrap();
    let attached = ok(&tools, "kanban_attach", json!({ "path": "report.md" }));
    assert_eq!(attached["attachment"]["size"], 8);
    ok(&tools, "kanban_attach", json!({ "name": "note.txt", "content": "hello" }));
    for outside in ["/etc/passwd", "../secret", "link", "."] {
        assert_eq!(refused(&tools, "kanban_attach", json!({ "path": outside })), "file_io", "{outside}");
    }
    assert_eq!(refused(&tools, "kanban_attach", json!({})), "bad_arguments");
    let listed = ok(&tools, "kanban_attachments", json!({}));
    let path = listed["attachments"][0]["path"].as_str().unwrap();
    assert_eq!(std::fs::read_to_string(path).unwrap(), "# Report");
}

#[test]
fn an_orchestrator_lists_the_board_and_a_worker_does_not() {
    let stage = Stage::new();
    let (_, worker) = stage.running("the work");
    for n in 0..3 {
        stage.create(Draft::new(&format!("task {n}")));
    }
    assert_eq!(refused(&stage.worker(&worker, Toolset::Task), "kanban_list", json!({})), "unknown_tool");
    let tools = stage.worker(&worker, Toolset::Board);
    let listed = ok(&tools, "kanban_list", json!({ "limit": 2 }));
    assert_eq!(
        (&listed["count"], &listed["truncated"], &listed["next_limit"]),
        (&json!(2), &json!(true), &json!(4))
    );
    assert_eq!(refused(&tools, "kanban_list", json!({ "status": "redy" })), "bad_arguments");
    let profiles = ok(&tools, "kanban_assignees", json!({}));
    let may = |name: &str| {
        let all = profiles["profiles"].as_array().unwrap();
        all.iter().find(|profile| profile["name"] == name).unwrap()["you_may_assign"].clone()
    };
    assert_eq!((may("writer"), may("script")), (json!(true), json!(false)));
}

#[test]
fn the_board_of_a_worker_is_its_own() {
    let stage = Stage::new();
    stage.another("other");
    let (_, worker) = stage.running("the work");
    let tools = stage.worker(&worker, Toolset::Task);
    assert_eq!(refused(&tools, "kanban_show", json!({ "board": "other" })), "wrong_board");
    assert_eq!(refused(&tools, "kanban_show", json!({ "board": "no board!" })), "unknown_board");
    ok(&tools, "kanban_show", json!({ "board": "default" }));
    let person = stage.person();
    assert_eq!(ok(&person, "kanban_list", json!({ "board": "other" }))["count"], 0);
    assert_eq!(refused(&person, "kanban_list", json!({ "board": "othr" })), "unknown_board");
}

#[test]
fn a_creation_names_what_is_missing() {
    let stage = Stage::new();
    let person = stage.person();
    let reply = call(&person, "kanban_create", json!({ "title": "x" }));
    assert!(reply.content["error"]["message"].as_str().unwrap().contains("coder"), "{}", reply.content);
    let reply = call(&person, "kanban_create", json!({ "title": "x", "assignee": "codr" }));
    assert_eq!(reply.content["error"]["nearest"][0], "coder");
    let first =
        ok(&person, "kanban_create", json!({ "title": "x", "assignee": "coder", "idempotency_key": "k" }));
    let again =
        ok(&person, "kanban_create", json!({ "title": "x", "assignee": "coder", "idempotency_key": "k" }));
    assert_eq!((&first["task_id"], &again["new"]), (&again["task_id"], &json!(false)));
    let relative = json!({ "title": "x", "assignee": "coder", "workspace_path": "here" });
    assert_eq!(refused(&person, "kanban_create", relative), "invalid_value");
    let idea = ok(&person, "kanban_create", json!({ "title": "idea", "triage": "yes" }));
    assert_eq!(idea["status"], "triage");
    assert_eq!(refused(&person, "kanban_complete", json!({ "summary": "x" })), "bad_arguments");
}

#[test]
fn a_follow_up_works_where_its_creator_does_unless_that_goes_with_it() {
    use andon_core::task::WorkspaceKind;
    let stage = Stage::new();
    let (_, scratch) = stage.running("in scratch");
    let made = ok(
        &stage.worker(&scratch, Toolset::Task),
        "kanban_create",
        json!({ "title": "a", "assignee": "writer" }),
    );
    let made = stage.task(&made["task_id"].as_str().unwrap().parse().unwrap());
    assert_eq!((made.workspace_kind, made.workspace_path), (WorkspaceKind::Scratch, None));
    stage.create(Draft::new("filler").of("writer"));
    let edit = |id: &andon_core::TaskId| andon_store::operation::Edit {
        task: id.clone(),
        changes: andon_store::operation::TaskChanges {
            workspace: Some((WorkspaceKind::Dir, Some("/srv/shared".to_owned()))),
            ..Default::default()
        },
        caller: stage.ada(),
        roster: andon_testkit::roster(),
        policy: andon_core::Policy::default(),
    };
    let id = stage.create(Draft::new("in a folder").of("judge"));
    stage.runs(edit(&id));
    let claimed = stage.claim_by_hand(&id);
    let made = ok(
        &stage.worker(&claimed, Toolset::Task),
        "kanban_create",
        json!({ "title": "b", "assignee": "writer" }),
    );
    let made = stage.task(&made["task_id"].as_str().unwrap().parse().unwrap());
    assert_eq!(
        (made.workspace_kind, made.workspace_path.as_deref()),
        (WorkspaceKind::Dir, Some("/srv/shared"))
    );
}

#[test]
fn calls_side_by_side_are_all_answered() {
    let stage = Stage::new();
    let (_, worker) = stage.running("the work");
    let tools = stage.worker(&worker, Toolset::Task);
    let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
    runtime.block_on(async {
        let calls: Vec<_> = (0..200)
            .map(|n| {
                let (tools, task) = (tools.clone(), worker.task.to_string());
                tokio::spawn(async move {
                    match n % 2 {
                        0 => {
                            tools
                                .call("kanban_comment", json!({ "task_id": task, "body": n.to_string() }))
                                .await
                        }
                        _ => tools.call("kanban_show", json!({})).await,
                    }
                })
            })
            .collect();
        for call in calls {
            let reply = call.await.unwrap();
            assert!(!reply.is_error, "{}", reply.content);
        }
    });
    assert_eq!(ok(&tools, "kanban_show", json!({}))["comment_count"], 100);
}
