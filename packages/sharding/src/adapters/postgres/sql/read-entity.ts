/** `$1` to `$5` name an entity, in the order of the journal's keys. */
const ofEntity = `
where group_name = $1
  and shard = $2
  and entity_type = $3
  and namespace = $4
  and entity_id = $5`;

/** `$6` after which version, `$7` how many at most. */
export const readEvents = (schema: string): string => `
select j.version::float8 as version, j.event
from ${schema}.journal j ${ofEntity}
  and j.version > $6
order by j.version
limit $7`;

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
