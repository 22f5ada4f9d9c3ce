import { isoTime } from "./iso-time.ts";
import { ofEntity } from "./of-entity.ts";

export const readEnds = (schema: string): string => `
select group_name as "group", shard, last_seq::float8 as seq
from ${schema}.heads
where last_seq > 0`;

/**
 * `$1` positions, `$2` how many events of each shard, `$3` the bytes; `$4` namespaces, `$5` types, `$6` an id, each
 * null for all; `$7` whether the events are wanted.
 *
 * - `scanned` reads each shard by its key from its position on. Rows that do not match come along without their
 *   contents: they say how far the shard was read.
 * - `weighed` has the size of what comes before each row, as it is stored: nothing is unpacked that is not returned.
 *
 * Of each shard the rows up to some place are returned, and none above it: who takes them misses nothing.
 */
export const readFeed = (schema: string): string => `
with place as materialized (
  select * from json_to_recordset($1::json) as r (n int, group_name text, shard int, seq bigint)
),
scanned as materialized (
  select p.n, e.*
  from place p
  cross join lateral (
    select
      j.shard_seq, j.namespace, j.entity_type, j.entity_id, j.version, j.event, j.at,
      ($4::text[] is null or j.namespace = any ($4))
        and ($5::text[] is null or j.entity_type = any ($5))
        and ($6::text is null or j.entity_id = $6) as matches
    from ${schema}.journal j
    where j.group_name = p.group_name
      and j.shard = p.shard
      and j.shard_seq > p.seq
    order by j.shard_seq
    limit $2
  ) e
),
weighed as (
  select
    *,
    count(*) over () as total,
    coalesce(
      sum(case when matches and $7 then pg_column_size(event) else 0 end)
        over (order by n, shard_seq rows between unbounded preceding and 1 preceding),
      0
    ) as before
  from scanned
)
select
  n,
  total::int as total,
  shard_seq::float8 as seq,
  matches,
  case when matches then namespace end as namespace,
  case when matches then entity_type end as type,
  case when matches then entity_id end as id,
  case when matches then version::float8 end as version,
  case when matches and $7 then event end as event,
  case when matches then ${isoTime("at")} end as at
from weighed
where before < $3
order by n, shard_seq`;

/** The last event of an entity is never deleted. Ordered for the same reason as in append-events.ts. */
export const readLatest = (schema: string): string => `
select
  coalesce(
    (select version from ${schema}.journal ${ofEntity} order by version desc limit 1), 0
  )::float8 as version,
  coalesce(
    (select last_seq from ${schema}.heads where group_name = $1 and shard = $2), 0
  )::float8 as seq`;
