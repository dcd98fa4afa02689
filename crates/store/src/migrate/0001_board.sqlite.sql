-- A board. Times are milliseconds since 1970 UTC; ids and JSON are text; booleans are 0 or 1.
-- {Name} stands for the quoted values of the enum of that name in andon-core.

create table meta (
    key   text primary key,
    value text not null
) strict, without rowid;

-- Rows are wide and are found by id, so that they live in the order of their creation, beside a narrow index.
create table tasks (
    id                   text primary key,
    title                text not null,
    body                 text,
    assignee             text,
    reviewer             text,
    status               text not null check (status in ({Status})),
    phase                text not null check (phase in ({Phase})),
    satisfied            integer not null check (satisfied in (0, 1)),
    priority             integer not null,
    tenant               text,
    created_by           text not null,
    created_at           integer not null,
    updated_at           integer not null,
    started_at           integer,
    completed_at         integer,
    scheduled_at         integer,
    workspace_kind       text not null check (workspace_kind in ({WorkspaceKind})),
    workspace_path       text,
    branch               text,
    model                text,
    skills               text not null,
    requires             text not null,
    max_runtime          integer check (max_runtime >= 0),
    max_retries          integer check (max_retries >= 1),
    idempotency_key      text,
    session_id           text,
    goal_mode            integer not null check (goal_mode in (0, 1)),
    goal_max_turns       integer,
    generation           integer not null,
    created_by_run       text,
    step_key             text,
    workflow_template_id text,
    result               text,
    block_kind           text check (block_kind in ({BlockKind})),
    block_reason         text,
    blocked_at           integer,
    eligible_at          integer,
    eligible_reason      text,
    held                 integer not null check (held in (0, 1)),
    parents_waived       integer not null check (parents_waived in (0, 1)),
    released             integer not null check (released in (0, 1)),
    revived              integer not null check (revived in (0, 1)),
    current_run_id       text,
    consecutive_failures integer not null,
    reclaims             integer not null,
    rate_limits          integer not null,
    interruptions        integer not null,
    blocks               integer not null,
    review_rounds        integer not null,
    last_failure_error   text,
    fresh                integer not null check (fresh in (0, 1)),
    check ((status = 'running') = (current_run_id is not null)),
    check ((status = 'blocked') = (block_kind is not null))
) strict;

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
    requires text primary key
) strict, without rowid;

create table links (
    parent_id  text not null references tasks (id) on delete cascade,
    child_id   text not null references tasks (id) on delete cascade,
    created_at integer not null,
    primary key (parent_id, child_id),
    check (parent_id <> child_id)
) strict, without rowid;
create index links_child on links (child_id, parent_id);

create table settlements (
    parent_id   text not null references tasks (id) on delete cascade,
    mode        text not null check (mode in ('completion', 'release', 'demote')),
    after_child text not null,
    primary key (parent_id, mode)
) strict, without rowid;

create table runs (
    id             text primary key,
    task_id        text not null references tasks (id) on delete cascade,
    attempt        integer not null,
    kind           text not null check (kind in ({Phase})),
    profile        text,
    host           text,
    by_hand        integer not null check (by_hand in (0, 1)),
    token_hash     text not null,
    started_at     integer not null,
    spawned_at     integer,
    ended_at       integer,
    ended_by_self  integer not null check (ended_by_self in (0, 1)),
    reaped_at      integer,
    outcome        text check (outcome in ({Outcome})),
    exit_code      integer,
    signal         integer,
    summary        text,
    metadata       text,
    error          text,
    fingerprint    text,
    workspace_path text,
    session_ref    text,
    model          text,
    input_tokens   integer,
    output_tokens  integer,
    cached_tokens  integer,
    cost_micros    integer,
    unique (task_id, attempt),
    check ((outcome is null) = (ended_at is null)),
    check (ended_at is null or ended_at >= started_at),
    check (reaped_at is null or ended_at is not null)
) strict, without rowid;
-- At most one run of a task is open, and at most one is unreaped: the database itself refuses a second one.
create unique index runs_unreaped on runs (task_id) where reaped_at is null;
create index runs_fingerprint on runs (profile, ended_at) where fingerprint is not null;
create index runs_completed on runs (profile, ended_at) where outcome in ('completed', 'approved');

create table leases (
    run_id        text primary key references runs (id) on delete cascade,
    expires_at    integer not null,
    ttl           integer not null,
    extended      integer not null check (extended in (0, 1)),
    host          text,
    boot_id       text,
    pid           integer,
    start_time    integer,
    cgroup        text,
    progress_at   integer,
    progress_note text
) strict, without rowid;

create table comments (
    id          integer primary key autoincrement,
    task_id     text not null references tasks (id) on delete cascade,
    author      text not null,
    author_kind text not null check (author_kind in ('person', 'worker', 'system')),
    run_id      text,
    body        text not null,
    created_at  integer not null
) strict;
create index comments_task on comments (task_id, id);

create table events (
    -- Never used again: the newest event is never removed.
    number  integer primary key,
    task_id text,
    run_id  text,
    kind    text not null,
    actor   text not null,
    data    text,
    at      integer not null
) strict;
create index events_task on events (task_id, number);

create table attachments (
    id           integer primary key autoincrement,
    task_id      text not null references tasks (id) on delete cascade,
    name         text not null,
    path         text not null,
    content_type text,
    size         integer not null check (size >= 0),
    sha256       text not null,
    run_id       text,
    added_by     text not null,
    created_at   integer not null,
    unique (task_id, name)
) strict;

create table pauses (
    scope  text primary key,
    by     text not null,
    reason text,
    at     integer not null
) strict, without rowid;

create table cooldowns (
    profile   text primary key,
    until     integer not null,
    step      integer not null,
    probe_run text
) strict, without rowid;

create table hosts (
    name      text primary key,
    boot_id   text not null,
    pid       integer not null,
    last_seen integer not null,
    machine   text not null,
    labels    text not null,
    profiles  text not null,
    capacity  integer
) strict, without rowid;

create table cursors (
    name   text primary key,
    epoch  integer not null,
    number integer not null
) strict, without rowid;
