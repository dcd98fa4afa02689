//! Makes databases as the reference makes them, new and old.

use std::path::Path;

use rusqlite::Connection;

/// The newest schema, with tasks in every state.
pub(crate) fn new_board(path: &Path) {
    let connection = Connection::open(path).unwrap();
    connection
        .execute_batch(
            "create table tasks (id text primary key, title text not null, body text, assignee text, \
             status text not null, priority integer default 0, created_by text, created_at integer not null, \
             started_at integer, completed_at integer, workspace_kind text not null default 'scratch', \
             workspace_path text, branch_name text, claim_lock text, claim_expires integer, tenant text, result text, \
             idempotency_key text, consecutive_failures integer not null default 0, worker_pid integer, \
             last_failure_error text, max_runtime_seconds integer, last_heartbeat_at integer, \
             current_run_id integer, workflow_template_id text, current_step_key text, skills text, \
             model_override text, max_retries integer, goal_mode integer not null default 0, \
             goal_max_turns integer, session_id text); \
             create table task_links (parent_id text not null, child_id text not null, primary key (parent_id, child_id)); \
             create table task_comments (id integer primary key autoincrement, task_id text not null, \
             author text not null, body text not null, created_at integer not null); \
             create table task_events (id integer primary key autoincrement, task_id text not null, run_id integer, \
             kind text not null, payload text, created_at integer not null); \
             create table task_runs (id integer primary key autoincrement, task_id text not null, profile text, \
             step_key text, status text not null, claim_lock text, claim_expires integer, worker_pid integer, \
             max_runtime_seconds integer, last_heartbeat_at integer, started_at integer not null, ended_at integer, \
             outcome text, summary text, metadata text, error text); \
             create table task_attachments (id integer primary key autoincrement, task_id text not null, \
             filename text not null, stored_path text not null, content_type text, size integer not null default 0, \
             uploaded_by text, created_at integer not null);",
        )
        .unwrap();
    fill(&connection);
}

fn fill(connection: &Connection) {
    let task = |id: &str, title: &str, assignee: &str, status: &str| {
        connection
            .execute(
                "insert into tasks (id, title, assignee, status, created_by, created_at, started_at) \
                 values (?1, ?2, ?3, ?4, 'user', 1700000000, 1700000010)",
                [id, title, assignee, status],
            )
            .unwrap();
    };
    task("t_0000000a", "plan", "planner", "done");
    task("t_0000000b", "build", "Coder", "running");
    task("t_0000000c", "stopped", "coder", "blocked");
    task("t_0000000d", "failed", "coder", "blocked");
    task("t_0000000e", "test", "odd name!", "todo");
    task("t_0000000f", "free", "coder", "todo");
    task("t_00000010", "judge", "coder", "review");
    task("t_00000011", "old", "coder", "archived");
    connection
        .execute_batch(
            "update tasks set completed_at = 1700000100, result = 'planned' where id = 't_0000000a'; \
             update tasks set current_run_id = 2, max_runtime_seconds = 90, skills = '[\"git\"]', \
             consecutive_failures = 1, workspace_path = '/tmp/x' where id = 't_0000000b'; \
             insert into task_links values ('t_0000000a', 't_0000000b'), ('t_0000000b', 't_0000000e'), \
             ('t_00000011', 't_0000000f'), ('t_0000000e', 't_0000000b'), ('t_gone0000', 't_0000000b'); \
             insert into task_runs (task_id, profile, status, started_at, ended_at, outcome, summary, metadata) values \
             ('t_0000000a', 'planner', 'done', 1700000010, 1700000100, 'completed', 'planned it', '{\"a\": 1}'); \
             insert into task_runs (task_id, profile, status, started_at) values \
             ('t_0000000b', 'Coder', 'running', 1700000200); \
             insert into task_runs (task_id, profile, status, started_at, ended_at, outcome, error) values \
             ('t_0000000d', 'coder', 'gave_up', 1700000300, 1700000301, 'gave_up', 'boom'); \
             insert into task_events (task_id, run_id, kind, payload, created_at) values \
             ('t_0000000a', null, 'created', '{\"status\": \"ready\"}', 1700000000), \
             ('t_0000000a', 1, 'completed', '{\"summary\": \"planned it\"}', 1700000100), \
             ('t_0000000c', null, 'unblocked', null, 1700000001), \
             ('t_0000000c', null, 'blocked', '{\"reason\": \"which colour?\"}', 1700000002), \
             ('t_0000000d', 3, 'spawn_auto_blocked', '{\"error\": \"boom\"}', 1700000301), \
             ('t_0000000b', null, 'priority', 'not json', 1700000400); \
             insert into task_comments (task_id, author, body, created_at) values \
             ('t_0000000b', 'coder', 'half way', 1700000250), ('t_0000000b', 'ann', 'good', 1700000260); \
             insert into task_attachments (task_id, filename, stored_path, size, created_at) values \
             ('t_0000000a', 'plan.md', 'attachments/t_0000000a/plan.md', 4, 1700000050), \
             ('t_0000000a', 'gone.md', '/nowhere/gone.md', 4, 1700000051);",
        )
        .unwrap();
}

/// The first schema: few columns, the old names of the counters, and garbage in the cells.
pub(crate) fn old_board(path: &Path) {
    let connection = Connection::open(path).unwrap();
    connection
        .execute_batch(
            "create table tasks (id text primary key, title text, status text, created_at, started_at, \
             spawn_failures, last_spawn_error, skills, max_runtime_seconds, priority); \
             create table task_events (id text, task_id text, kind text, payload text, created_at); \
             insert into tasks values ('custom-id', '  ', 'Ready?', '2024-05-06T07:08:09', 'soon', '3', 'nope', '{', \
             'long', 'high'); \
             insert into tasks values ('t_00000001', char(7) || 'bell', 'ready', '1700000000.5', -5, 2.0, null, \
             '[\"a\"]', -1, 7.9); \
             insert into tasks values ('t_00000002', 'x', 'done', x'00ff', 1e400, null, null, null, null, null); \
             insert into task_events values ('abc', 't_00000001', 'ready', '[1', 'yesterday'), \
             (null, 'custom-id', null, null, null);",
        )
        .unwrap();
}
