//! A board of the reference, imported: everything on it is there, and it works on.

use std::path::Path;

use andon_tests::{House, text_of};
use rusqlite::Connection;

use super::board;

/// The reference's tables, as far as a board of its uses them.
const TABLES: &str = "
create table tasks (
    id text primary key, title text not null, body text, assignee text, status text not null,
    priority integer default 0, created_by text, created_at integer not null, started_at integer, completed_at integer,
    workspace_kind text not null default 'scratch', workspace_path text, branch_name text, claim_lock text,
    claim_expires integer, tenant text, result text, idempotency_key text,
    consecutive_failures integer not null default 0, worker_pid integer, last_failure_error text,
    max_runtime_seconds integer, last_heartbeat_at integer, current_run_id integer, workflow_template_id text,
    current_step_key text, skills text, model_override text, max_retries integer,
    goal_mode integer not null default 0, goal_max_turns integer, session_id text);
create table task_links (parent_id text not null, child_id text not null, primary key (parent_id, child_id));
create table task_comments (
    id integer primary key autoincrement, task_id text not null, author text not null, body text not null,
    created_at integer not null);
create table task_events (
    id integer primary key autoincrement, task_id text not null, run_id integer, kind text not null, payload text,
    created_at integer not null);
create table task_runs (
    id integer primary key autoincrement, task_id text not null, profile text, step_key text, status text not null,
    claim_lock text, claim_expires integer, worker_pid integer, max_runtime_seconds integer,
    last_heartbeat_at integer, started_at integer not null, ended_at integer, outcome text, summary text,
    metadata text, error text);
create table task_attachments (
    id integer primary key autoincrement, task_id text not null, filename text not null, stored_path text not null,
    content_type text, size integer default 0, uploaded_by text, created_at integer not null);
";

/// A finished parent, a child that is ready, a grandchild that waits, a task that was running when its host went down,
/// one that a person must unblock, one that was given up, and an idea.
const ROWS: &str = "
insert into tasks (id, title, body, assignee, status, priority, created_by, created_at, completed_at, result) values
    ('t_00000001', 'design', 'draw it', 'sh', 'done', 5, 'user', 1700000000, 1700000100, 'drawn');
insert into tasks (id, title, body, assignee, status, created_by, created_at, skills) values
    ('t_00000002', 'build', 'echo built >> \"$OUT/ran\"', 'sh', 'ready', 'user', 1700000001, '[]'),
    ('t_00000003', 'ship', 'echo shipped >> \"$OUT/ran\"', 'sh', 'todo', 'user', 1700000002, null),
    ('t_00000004', 'was running', 'echo again >> \"$OUT/ran\"', 'sh', 'running', 'user', 1700000003, null),
    ('t_00000005', 'needs a word', 'echo asked >> \"$OUT/ran\"', 'sh', 'blocked', 'user', 1700000004, null),
    ('t_00000006', 'was given up', 'echo tried >> \"$OUT/ran\"', 'sh', 'blocked', 'user', 1700000005, null),
    ('t_00000007', 'an idea', null, null, 'triage', 'dashboard', 1700000006, 'garbage');
update tasks set current_run_id = 2, claim_lock = 'gone:77', claim_expires = 1700000900, worker_pid = 77,
    started_at = 1700000010 where id = 't_00000004';
update tasks set consecutive_failures = 2, last_failure_error = 'exit 1' where id = 't_00000006';
insert into task_links values ('t_00000001', 't_00000002'), ('t_00000002', 't_00000003');
insert into task_runs (task_id, profile, status, started_at, ended_at, outcome, summary, metadata) values
    ('t_00000001', 'sh', 'done', 1700000050, 1700000100, 'completed', 'all drawn', '{\"pages\": 3}');
insert into task_runs (task_id, profile, status, started_at) values ('t_00000004', 'sh', 'running', 1700000010);
insert into task_runs (task_id, profile, status, started_at, ended_at, outcome, error) values
    ('t_00000005', 'sh', 'blocked', 1700000020, 1700000021, 'blocked', null),
    ('t_00000006', 'sh', 'gave_up', 1700000030, 1700000031, 'gave_up', 'exit 1');
insert into task_events (task_id, run_id, kind, payload, created_at) values
    ('t_00000001', null, 'created', null, 1700000000),
    ('t_00000001', 1, 'completed', '{\"summary\": \"all drawn\"}', 1700000100),
    ('t_00000005', 3, 'blocked', '{\"reason\": \"which colour?\"}', 1700000021),
    ('t_00000006', 4, 'gave_up', '{\"failures\": 2}', 1700000031);
insert into task_comments (task_id, author, body, created_at) values
    ('t_00000001', 'ada', 'nice – schön ☂', 1700000101), ('t_00000005', 'sh', 'which colour?', 1700000021);
";

fn reference(path: &Path) {
    Connection::open(path).unwrap().execute_batch(&format!("{TABLES}{ROWS}")).unwrap();
}

#[test]
fn an_imported_board_of_the_reference_works_on() {
    let house = House::new();
    let source = house.outside().join("kanban.db");
    reference(&source);
    let before = std::fs::read(&source).unwrap();
    let _ = house
        .andon(["import", "hermes"].map(Into::into).into_iter().chain([source.clone().into_os_string()]))
        .exits(0);
    assert!(std::fs::read(&source).unwrap() == before, "the source was written");
    board::whole(house.home());
    let task = |n: u8| format!("t_0000000{n}");
    let parent = house.show(&task(1));
    assert_eq!((&parent["task"]["status"], &parent["task"]["result"]), (&"done".into(), &"drawn".into()));
    assert_eq!(parent["latest_summary"], "all drawn");
    assert_eq!(parent["runs"][0]["metadata"]["pages"], 3);
    assert_eq!(parent["comments"][0]["body"], "nice – schön ☂");
    assert_eq!(parent["children"].as_array().unwrap().len(), 1);
    assert_eq!(text_of(&parent["task"]["created_at"])[..10], *"2023-11-14");
    // What was blocked stays blocked; what can run runs, children after their parents.
    let _ = house.andon(["dispatch", "--until-idle"]).exits(3);
    assert_eq!(
        [2, 3, 4, 5, 6, 7].map(|n| house.status(&task(n))),
        ["done", "done", "done", "blocked", "blocked", "triage"]
    );
    let mut ran = house.lines("ran");
    let (built, shipped) = (ran.iter().position(|l| l == "built"), ran.iter().position(|l| l == "shipped"));
    assert!(built < shipped, "{ran:?}");
    ran.sort();
    assert_eq!(ran, ["again", "built", "shipped"]);
    let _ = house.andon(["unblock", &task(5), &task(6)]).exits(0);
    let _ = house.andon(["dispatch", "--until-idle"]).exits(3);
    assert_eq!([5, 6].map(|n| house.status(&task(n))), ["done", "done"]);
    let _ = house.andon(["complete", &task(7)]);
    board::whole(house.home());
}

#[test]
fn a_second_import_of_the_same_board_is_refused_and_changes_nothing() {
    let house = House::new();
    let source = house.outside().join("kanban.db");
    reference(&source);
    let import =
        || house.andon(["import".as_ref(), "hermes".as_ref(), source.as_os_str(), "--json".as_ref()]);
    let _ = import().exits(0);
    let before = house.events();
    let answer = import();
    assert_eq!((answer.code, answer.error_code().as_str()), (1, "already_imported"), "{answer:?}");
    assert_eq!(house.events(), before);
    board::whole(house.home());
}

#[test]
fn a_file_that_is_no_board_of_the_reference_is_refused_and_makes_no_board() {
    let house = House::new();
    for (name, bytes) in [("empty.db", "" as &str), ("text.db", "no database"), ("missing.db", "")] {
        let source = house.outside().join(name);
        if name != "missing.db" {
            std::fs::write(&source, bytes).unwrap();
        }
        let answer =
            house.andon(["import".as_ref(), "hermes".as_ref(), source.as_os_str(), "--json".as_ref()]);
        assert_ne!(answer.code, 0, "{name}: {answer:?}");
        assert_eq!(answer.error_code(), "bad_source", "{answer:?}");
        assert!(!house.board().exists(), "{name}: a board was made");
    }
}
