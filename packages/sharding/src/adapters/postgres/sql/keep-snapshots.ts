import { deleteEventsOf, ofEntity, sameEntity } from "./of-entity.ts";

const columns = `group_name text, shard int, epoch bigint, incarnation uuid, namespace text, entity_type text,
  entity_id text, version bigint, state_version int, state json`;

/**
 * `$1` snapshots of different entities. In the order of their key, so that two of these never wait for each
 * other in a circle. The heads are read without a lock: what a former owner keeps late is true as well.
 *
 * The event of a snapshot's version is the first from there on: only the entity's own key has that order.
 */
export const keepSnapshots = (schema: string): string => `
insert into ${schema}.snapshots as s (
  group_name, shard, entity_type, namespace, entity_id, version, state_version, state
)
select
  i.group_name, i.shard, i.entity_type, i.namespace, i.entity_id, i.version, i.state_version,
  coalesce(i.state, 'null')
from json_to_recordset($1::json) as i (${columns})
where (
    select h.incarnation from ${schema}.heads h
    where h.group_name = i.group_name and h.shard = i.shard and h.epoch = i.epoch
    limit 1
  ) = i.incarnation
  and (
    select j.version from ${schema}.journal j
    where ${sameEntity("j", "i")} and j.version >= i.version
    order by j.version
    limit 1
  ) = i.version
order by i.group_name, i.shard, i.entity_type, i.namespace, i.entity_id
on conflict (group_name, shard, entity_type, namespace, entity_id) do update
set
  version = excluded.version,
  state_version = excluded.state_version,
  state = excluded.state,
  at = clock_timestamp()
where s.state_version <> excluded.state_version
  or s.version < excluded.version`;

/** `$6` up to which version, `$7` the state version: nothing goes that a snapshot has not taken in. */
export const deleteEvents = (schema: string): string =>
  deleteEventsOf(schema, 1, {
    of: "and version <= $6",
    when: `exists (
    select from ${schema}.snapshots ${ofEntity} and state_version = $7 and version > $6
  )`,
  });
