-- How the planning of an idea by a model stands; written before the model is asked. An idea that no model was asked about has
-- no row, and neither has a task that is no idea any more.
create table plans (
    task_id    text collate "C" primary key references tasks (id) on delete cascade,
    attempts   bigint not null check (attempts >= 0),
    holder     text collate "C",
    held_until bigint,
    due_at     bigint,
    reason     text collate "C",
    error      text collate "C",
    at         bigint not null,
    check ((holder is null) = (held_until is null))
);
