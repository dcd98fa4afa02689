-- How the planning of an idea by a model stands; written before the model is asked. An idea that no model was asked about has
-- no row, and neither has a task that is no idea any more.
create table plans (
    task_id    text primary key references tasks (id) on delete cascade,
    attempts   integer not null check (attempts >= 0),
    holder     text,
    held_until integer,
    due_at     integer,
    reason     text,
    error      text,
    at         integer not null,
    check ((holder is null) = (held_until is null))
) strict, without rowid;
