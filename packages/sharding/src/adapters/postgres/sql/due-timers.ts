import { ofEntity } from "./of-entity.ts";

const timerJson = `json_build_object(
          'group', due.group_name,
          'shard', due.shard,
          'namespace', due.namespace,
          'type', due.entity_type,
          'id', due.entity_id,
          'name', due.name,
          'setBy', due.command_id,
          'dueMs', extract(epoch from due.due_at) * 1000,
          'command', due.command,
          'input', due.input,
          'recurrence', due.recurrence
        )`;

/** `$1` shards as `group/shard`, `$2` within how many milliseconds, `$3` how many at most. One row. */
export const dueTimers = (schema: string): string => `
select
  floor(extract(epoch from clock_timestamp()) * 1000)::float8 as "nowMs",
  coalesce(
    (
      select json_agg(
        ${timerJson}
        order by due.due_at
      )
      from (
        select t.*
        from unnest($1::text[]) as k (key)
        cross join lateral (
          select *
          from ${schema}.timers
          where group_name || '/' || shard::text = k.key
            and due_at <= clock_timestamp() + $2 * interval '1 millisecond'
          order by due_at
          limit $3
        ) t
        order by t.due_at
        limit $3
      ) due
    ),
    '[]'
  ) as timers`;

/** One row. */
export const timersOf = (schema: string): string => `
select coalesce(json_agg(${timerJson} order by due.due_at, due.name), '[]') as timers
from (select * from ${schema}.timers ${ofEntity}) due`;
