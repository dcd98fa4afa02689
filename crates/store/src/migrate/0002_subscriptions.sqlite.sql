-- Who is told of what happens: a task (none: the whole board) and a channel that the configuration knows by that name.
-- Events up to `number` are told or are not wanted. `lease` is whoever tells the next one at the moment.
create table subscriptions (
    id          text primary key,
    task_id     text references tasks (id) on delete cascade,
    channel     text not null,
    kinds       text,
    home        integer not null check (home in (0, 1)),
    created_by  text not null,
    created_at  integer not null,
    state       text not null check (state in ({SubscriptionState})),
    since       integer not null,
    epoch       integer not null,
    number      integer not null,
    failures    integer not null check (failures >= 0),
    last_error  text,
    look_at     integer,
    lease       text,
    lease_until integer,
    told_at     integer,
    check ((lease is null) = (lease_until is null))
) strict, without rowid;
create unique index subscriptions_task on subscriptions (task_id, channel);
create unique index subscriptions_board on subscriptions (channel) where task_id is null;
create index subscriptions_look on subscriptions (look_at) where look_at is not null;
create index subscriptions_lease on subscriptions (lease_until) where lease_until is not null;
