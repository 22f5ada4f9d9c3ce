import { ofEntity } from "./of-entity.ts";

/** `$6` after which version, `$7` how many at most. */
export const readEvents = (schema: string): string => `
select j.version::float8 as version, j.event
from ${schema}.journal j ${ofEntity}
  and j.version > $6
order by j.version
limit $7`;

/** `$6` the state version, `$7` how many events at most. The snapshot, if there is one, is a state. */
export const replayEntity = (schema: string): string => `
with kept as materialized (
  select version, state from ${schema}.snapshots ${ofEntity}
    and state_version = $6
)
select version::float8 as version, state as value, true as "isState" from kept
union all
(
  select j.version::float8, j.event::json, false
  from ${schema}.journal j ${ofEntity}
    and j.version > coalesce((select version from kept), 0)
  order by j.version
  limit $7
)`;

/** `$6` the key. */
export const findOutcome = (schema: string): string => `
select body_hash as "bodyHash", answer, version::float8 as version
from ${schema}.outcomes ${ofEntity}
  and key = $6
  and expires_at > clock_timestamp()`;

/** `$6` the command, `$7` its key or null. Ordered for the same reason as in append-events.ts. */
export const findCommand = (schema: string): string => `
select
  (
    select event_index from ${schema}.journal
    where group_name = $1 and shard = $2 and command_id = $6
    order by event_index
    limit 1
  ) is not null
  or exists (
    select from ${schema}.outcomes ${ofEntity} and key = $7 and command_id = $6
  ) as found`;
