-- A board, in a schema of its own. Texts compare by their bytes, as everywhere in Andon. Times are milliseconds since 1970 UTC; ids and JSON are text; booleans are 0 or 1.
-- {Name} stands for the quoted values of the enum of that name in andon-core.

-- Checks of single columns belong to their types: the server keeps those for a connection, but reads the checks of a table
-- anew with every statement, which costs more than all else that it does with a row.
create domain flag as bigint check (value in (0, 1));
create domain status as text collate "C" check (value in ({Status}));
create domain phase as text collate "C" check (value in ({Phase}));
create domain workspace_kind as text collate "C" check (value in ({WorkspaceKind}));
create domain block_kind as text collate "C" check (value in ({BlockKind}));
create domain outcome as text collate "C" check (value in ({Outcome}));

create table meta (
    key   text collate "C" primary key,
    value text collate "C" not null
);

-- Rows change several times in their lives: room for the next version beside the last one. A vacuum is due after so many
-- dead rows, however many finished tasks there are, and does not dawdle: what it has not taken away yet every claim and
-- every look at the board wades through.
create table tasks (
    id                   text collate "C" primary key,
    title                text collate "C" not null,
    body                 text collate "C",
    assignee             text collate "C",
    reviewer             text collate "C",
    status               status not null,
    phase                phase not null,
    satisfied            flag not null,
    priority             bigint not null,
    tenant               text collate "C",
    created_by           text collate "C" not null,
    created_at           bigint not null,
    updated_at           bigint not null,
    started_at           bigint,
    completed_at         bigint,
    scheduled_at         bigint,
    workspace_kind       workspace_kind not null,
    workspace_path       text collate "C",
    branch               text collate "C",
    model                text collate "C",
    skills               text collate "C" not null,
    requires             text collate "C" not null,
    max_runtime          bigint check (max_runtime >= 0),
    max_retries          bigint check (max_retries >= 1),
    idempotency_key      text collate "C",
    session_id           text collate "C",
    goal_mode            flag not null,
    goal_max_turns       bigint,
    generation           bigint not null,
    created_by_run       text collate "C",
    step_key             text collate "C",
    workflow_template_id text collate "C",
    result               text collate "C",
    block_kind           block_kind,
    block_reason         text collate "C",
    blocked_at           bigint,
    eligible_at          bigint,
    eligible_reason      text collate "C",
    held                 flag not null,
    parents_waived       flag not null,
    released             flag not null,
    revived              flag not null,
    current_run_id       text collate "C",
    consecutive_failures bigint not null,
    reclaims             bigint not null,
    rate_limits          bigint not null,
    interruptions        bigint not null,
    blocks               bigint not null,
    review_rounds        bigint not null,
    last_failure_error   text collate "C",
    fresh                flag not null,
    check ((status = 'running') = (current_run_id is not null)),
    check ((status = 'blocked') = (block_kind is not null))
) with (fillfactor = 70, autovacuum_vacuum_scale_factor = 0, autovacuum_vacuum_threshold = 5000, autovacuum_vacuum_cost_delay = 0);

create index tasks_ready on tasks (assignee, priority desc, created_at, id, requires)
    where status = 'ready' and eligible_at is null;
create index tasks_review on tasks (reviewer, priority desc, created_at, id, requires)
    where status = 'review' and eligible_at is null;
create index tasks_eligible on tasks (eligible_at) where eligible_at is not null;
create index tasks_scheduled on tasks (scheduled_at) where scheduled_at is not null;
create index tasks_status on tasks (status, priority desc, created_at, id);
create index tasks_todo on tasks (id) where status = 'todo';
create index tasks_failed on tasks (id) where status = 'ready' and consecutive_failures > 0;
create unique index tasks_idempotency on tasks (idempotency_key)
    where idempotency_key is not null and status <> 'archived';
create index tasks_created_by_run on tasks (created_by_run) where created_by_run is not null;

-- The sets of labels that tasks ask for, each once: a claim compares them with what its host has.
create table requirements (
    requires text collate "C" primary key
);

create table links (
    parent_id  text collate "C" not null references tasks (id) on delete cascade,
    child_id   text collate "C" not null references tasks (id) on delete cascade,
    created_at bigint not null,
    primary key (parent_id, child_id),
    check (parent_id <> child_id)
);
create index links_child on links (child_id, parent_id);

create table settlements (
    parent_id   text collate "C" not null references tasks (id) on delete cascade,
    mode        text collate "C" not null check (mode in ('completion', 'release', 'demote')),
    after_child text collate "C" not null,
    primary key (parent_id, mode)
);

create table runs (
    id             text collate "C" primary key,
    task_id        text collate "C" not null references tasks (id) on delete cascade,
    attempt        bigint not null,
    kind           phase not null,
    profile        text collate "C",
    host           text collate "C",
    by_hand        flag not null,
    token_hash     text collate "C" not null,
    started_at     bigint not null,
    spawned_at     bigint,
    ended_at       bigint,
    ended_by_self  flag not null,
    reaped_at      bigint,
    outcome        outcome,
    exit_code      bigint,
    signal         bigint,
    summary        text collate "C",
    metadata       text collate "C",
    error          text collate "C",
    fingerprint    text collate "C",
    workspace_path text collate "C",
    session_ref    text collate "C",
    model          text collate "C",
    input_tokens   bigint,
    output_tokens  bigint,
    cached_tokens  bigint,
    cost_micros    bigint,
    unique (task_id, attempt),
    check ((outcome is null) = (ended_at is null)),
    check (ended_at is null or ended_at >= started_at),
    check (reaped_at is null or ended_at is not null)
) with (fillfactor = 70, autovacuum_vacuum_scale_factor = 0, autovacuum_vacuum_threshold = 5000, autovacuum_vacuum_cost_delay = 0);
-- At most one run of a task is open, and at most one is unreaped: the database itself refuses a second one.
create unique index runs_unreaped on runs (task_id) where reaped_at is null;
create index runs_fingerprint on runs (profile, ended_at) where fingerprint is not null;
create index runs_completed on runs (profile, ended_at) where outcome in ('completed', 'approved');

create table leases (
    run_id        text collate "C" primary key references runs (id) on delete cascade,
    expires_at    bigint not null,
    ttl           bigint not null,
    extended      flag not null,
    host          text collate "C",
    boot_id       text collate "C",
    pid           bigint,
    start_time    bigint,
    cgroup        text collate "C",
    progress_at   bigint,
    progress_note text collate "C"
) with (fillfactor = 50, autovacuum_vacuum_scale_factor = 0, autovacuum_vacuum_threshold = 1000, autovacuum_vacuum_cost_delay = 0);

create table comments (
    id          bigint generated by default as identity primary key,
    task_id     text collate "C" not null references tasks (id) on delete cascade,
    author      text collate "C" not null,
    author_kind text collate "C" not null check (author_kind in ('person', 'worker', 'system')),
    run_id      text collate "C",
    body        text collate "C" not null,
    created_at  bigint not null
);
create index comments_task on comments (task_id, id);

create table events (
    -- Taken under a lock, last in the transaction: the order of the commits. Kept in no cache of a connection.
    number  bigint generated by default as identity primary key,
    task_id text collate "C",
    run_id  text collate "C",
    kind    text collate "C" not null,
    actor   text collate "C" not null,
    data    text collate "C",
    at      bigint not null
) with (autovacuum_vacuum_scale_factor = 0, autovacuum_vacuum_threshold = 20000);
create index events_task on events (task_id, number);

create table attachments (
    id           bigint generated by default as identity primary key,
    task_id      text collate "C" not null references tasks (id) on delete cascade,
    name         text collate "C" not null,
    path         text collate "C" not null,
    content_type text collate "C",
    size         bigint not null check (size >= 0),
    sha256       text collate "C" not null,
    run_id       text collate "C",
    added_by     text collate "C" not null,
    created_at   bigint not null,
    unique (task_id, name)
);

create table pauses (
    scope  text collate "C" primary key,
    by     text collate "C" not null,
    reason text collate "C",
    at     bigint not null
);

create table cooldowns (
    profile   text collate "C" primary key,
    until     bigint not null,
    step      bigint not null,
    probe_run text collate "C"
);

create table hosts (
    name      text collate "C" primary key,
    boot_id   text collate "C" not null,
    pid       bigint not null,
    last_seen bigint not null,
    machine   text collate "C" not null,
    labels    text collate "C" not null,
    profiles  text collate "C" not null,
    capacity  bigint
) with (fillfactor = 50, autovacuum_vacuum_scale_factor = 0, autovacuum_vacuum_threshold = 200);

create table cursors (
    name   text collate "C" primary key,
    epoch  bigint not null,
    number bigint not null
) with (fillfactor = 50, autovacuum_vacuum_scale_factor = 0, autovacuum_vacuum_threshold = 200);
