-- Who is told of what happens: a task (none: the whole board) and a channel that the configuration knows by that name.
-- Events up to `number` are told or are not wanted. `lease` is whoever tells the next one at the moment.
create domain subscription_state as text collate "C" check (value in ({SubscriptionState}));

create table subscriptions (
    id          text collate "C" primary key,
    task_id     text collate "C" references tasks (id) on delete cascade,
    channel     text collate "C" not null,
    kinds       text collate "C",
    home        flag not null,
    created_by  text collate "C" not null,
    created_at  bigint not null,
    state       subscription_state not null,
    since       bigint not null,
    epoch       bigint not null,
    number      bigint not null,
    failures    bigint not null check (failures >= 0),
    last_error  text collate "C",
    look_at     bigint,
    lease       text collate "C",
    lease_until bigint,
    told_at     bigint,
    check ((lease is null) = (lease_until is null))
) with (fillfactor = 70, autovacuum_vacuum_scale_factor = 0, autovacuum_vacuum_threshold = 1000);
create unique index subscriptions_task on subscriptions (task_id, channel);
create unique index subscriptions_board on subscriptions (channel) where task_id is null;
create index subscriptions_look on subscriptions (look_at) where look_at is not null;
create index subscriptions_lease on subscriptions (lease_until) where lease_until is not null;
