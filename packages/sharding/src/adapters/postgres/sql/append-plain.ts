import { sameEntity } from "./of-entity.ts";

const columns = `group_name, shard, shard_seq, namespace, entity_type, entity_id, version, epoch, command_id,
    event_index, event`;

/**
 * What most appends are: events alone, without a key or a timer. These statements write them, or nothing at all and
 * answer no row: then append-events.ts says of each append what became of it.
 *
 * So they need not tell apart who is fenced from who conflicts, and nobody has to number events that may be left out:
 * half of the work of the statement that can do everything. The row says where each shard's events ended before.
 *
 * This one has one event: `$1` group, `$2` shard, `$3` epoch, `$4` incarnation, `$5` namespace, `$6` type, `$7` id,
 * `$8` version, `$9` command, `$10` event. The update waits for a claim that is under way and compares with what it
 * has left (S4). The journal is read with the statement's snapshot; what that misses, the journal's unique keys refuse.
 */
export const appendOne = (schema: string): string => `
${advanceOne(schema)}
    and coalesce(
      (
        select version from ${schema}.journal
        where group_name = $1::text and shard = $2::int and entity_type = $6::text
          and namespace = $5::text and entity_id = $7::text
          and version >= $8::bigint - 1
        order by version desc
        limit 1
      ),
      0
    ) = $8::bigint - 1
${insertOne(schema)}
returning array[shard_seq - 1]::float8[] as before`;

/**
 * The same where the entity surely has that version if the shard's last event is still `$11`. How many rows it has
 * written says everything: one that answers none costs both sides a tenth less.
 */
export const appendNext = (schema: string): string => `
${advanceOne(schema)}
    and last_seq = $11::bigint
${insertOne(schema)}`;

const advanceOne = (schema: string): string => `
with advanced as (
  update ${schema}.heads
  set last_seq = last_seq + 1
  where group_name = $1::text
    and shard = $2::int
    and epoch = $3::bigint
    and incarnation = $4::uuid`;

const insertOne = (schema: string): string => `
  returning last_seq
)
insert into ${schema}.journal (${columns})
select $1, $2, last_seq, $5, $6, $7, $8, $3, $9::uuid, 0, $10::jsonb
from advanced`;

/**
 * Events of any appends of one group and one life. `$1` group, `$2` incarnation; for each shard `$3` its number,
 * `$4` its epoch, `$5` how many events it gets, `$6` its last event or -1 (not known); `$7` and `$8` the namespaces and
 * types that there are; for each event, those of a shard in their order, `$9` the shard's place in `$3`, `$10` its
 * position among the shard's, `$11` its place in `$7` and `$8`, `$12` id, `$13` version, `$14` command, `$15` place in
 * the append, `$16` event, `$17` 1 where the version is to be looked up.
 *
 * The heads are locked in shard order, as by everybody who locks several.
 */
export const appendMany = (schema: string): string => `
with head as materialized (
  select s.place, h.last_seq
  from (
    select *
    from unnest($3::int[], $4::bigint[], $6::bigint[]) with ordinality
      as s (shard, epoch, last_seq, place)
    order by shard
  ) s
  cross join lateral (
    select last_seq
    from ${schema}.heads
    where group_name = $1::text
      and shard = s.shard
      and epoch = s.epoch
      and incarnation = $2::uuid
      and (s.last_seq = -1 or last_seq = s.last_seq)
    for update
  ) h
),
event as materialized (
  select
    $1::text as group_name, ($3::int[])[place] as shard, ($7::text[])[kind] as namespace,
    ($8::text[])[kind] as entity_type, e.*
  from unnest(
    $9::int[], $10::int[], $11::int[], $12::text[], $13::bigint[], $14::uuid[], $15::int[], $16::text[],
    $17::int[]
  ) as e (place, position, kind, entity_id, version, command_id, event_index, event, looked_up)
),
sound as materialized (
  select before
  from (select count(*) as locked, array_agg(last_seq order by place) as before from head) head
  where locked = cardinality($3::int[])
    and not exists (
      select
      from event e
      where looked_up = 1
        and coalesce(
          (
            select j.version from ${schema}.journal j
            where ${sameEntity("j", "e")}
              and j.version >= e.version - 1
            order by j.version desc
            limit 1
          ),
          0
        ) <> e.version - 1
    )
),
advanced as (
  update ${schema}.heads h
  set last_seq = h.last_seq + s.added
  from sound, unnest($3::int[], $5::int[]) as s (shard, added)
  where h.group_name = $1::text
    and h.shard = s.shard
),
written as (
  insert into ${schema}.journal (${columns})
  select
    group_name, shard, sound.before[place] + position, namespace, entity_type, entity_id, version,
    ($4::bigint[])[place], command_id, event_index, event::jsonb
  from sound
  cross join event
)
select before::float8[] as before from sound`;
