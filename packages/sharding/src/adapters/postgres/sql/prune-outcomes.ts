/** `$1` shards, `$2` how many at most. Rows that another statement holds are left for the next time. */
export const pruneOutcomes = (schema: string): string => `
delete from ${schema}.outcomes
where ctid = any (array(
  select o.ctid
  from json_to_recordset($1::json) as s (group_name text, shard int)
  join ${schema}.outcomes o on o.group_name = s.group_name and o.shard = s.shard
  where o.expires_at <= clock_timestamp()
  limit $2
  for update of o skip locked
))`;
