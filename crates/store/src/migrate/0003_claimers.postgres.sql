-- Which dispatcher claimed a run, until a supervisor has taken it.
alter table leases add column claimer text collate "C";

-- What needs a person, in its order.
create index tasks_asking on tasks (block_kind, priority desc, blocked_at, id) where status = 'blocked';
create index tasks_unreviewed on tasks (priority desc, updated_at, id) where status = 'review' and reviewer is null;
