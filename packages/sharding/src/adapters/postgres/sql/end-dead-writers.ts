/**
 * `$1` shards with the epochs that a new owner has for them.
 *
 * Ends the journal connections of the lives that these heads name, unless their lease is alive: a client
 * that froze in the middle of an append keeps the head locked, and no timeout of the server ends that.
 */
export const endDeadWriters = (schema: string): string => `
with dead as materialized (
  select distinct h.incarnation
  from json_to_recordset($1::json) as c (group_name text, shard int, epoch bigint)
  join ${schema}.heads h on h.group_name = c.group_name and h.shard = c.shard
  where h.epoch < c.epoch
    and not exists (
      select from ${schema}.leases l where l.incarnation = h.incarnation and l.state = 'alive'
    )
)
select pg_terminate_backend(a.pid)
from dead
join pg_stat_activity a on starts_with(a.application_name, 'journal ' || dead.incarnation)
where a.datname = current_database()`;
