/** `$1` shards as `group/shard`, `$2` when those are due that wait for a start. */
export const startTimers = (schema: string): string => `
update ${schema}.timers
set due_at = date_trunc('milliseconds', clock_timestamp())
where group_name || '/' || shard::text = any ($1::text[])
  and due_at = to_timestamp($2::float8 / 1000)`;
