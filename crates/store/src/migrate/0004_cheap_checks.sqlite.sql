-- SQLite builds a temporary tree for each list of more than two values that it compares with, at every row that is written:
-- a sixth of what a change of a task cost. The same checks as a chain of comparisons need none. A check can be rewritten in
-- place, since it says nothing about what is on the disk (https://sqlite.org/lang_altertable.html#making_other_kinds_of_table_schema_changes).
pragma writable_schema = on;
update sqlite_schema set sql =
    replace(replace(replace(sql,
        'status in ({Status''})', '{status: Status''}'),
        'workspace_kind in ({WorkspaceKind''})', '{workspace_kind: WorkspaceKind''}'),
        'block_kind in ({BlockKind''})', '{block_kind: BlockKind''}')
    where type = 'table' and name = 'tasks';
update sqlite_schema set sql = replace(sql, 'outcome in ({Outcome''})', '{outcome: Outcome''}')
    where type = 'table' and name = 'runs';
pragma writable_schema = reset;
-- An ordinary change of the schema has every connection read it again.
create table checks_rewritten (at integer) strict;
drop table checks_rewritten;
