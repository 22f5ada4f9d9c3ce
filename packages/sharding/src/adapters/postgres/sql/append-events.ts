import { deleteEventsOf, entityFrom, sameEntity } from "./of-entity.ts";

const columns = `n int, group_name text, shard int, epoch bigint, incarnation uuid, namespace text,
  entity_type text, entity_id text, version bigint, command_id uuid, events json, key text,
  body_hash text, answer json, keep_for_ms float8, timers json, fired_name text, fired_by uuid`;

/**
 * `$1` appends of any entities and shards, each all or nothing for itself; one row `(n, result)` for each.
 *
 * - `head` locks the heads one by one in shard order, which is how two of these never wait for each other in a
 *   circle, and returns their newest versions: a claim that is under way is waited for and then seen.
 *   `for update`, not `for key share`: a claim does not conflict with that one, and both would win (S4).
 * - `judged` compares. The journal is read with the statement's snapshot, which may be older than the
 *   lock; what it misses, the journal's unique keys refuse, and the whole statement with it.
 * - `advanced` numbers each shard's events under the lock: in commit order, without a gap.
 */
export const appendEvents = (schema: string): string => append(schema, {});

/** The same where some of them set timers, or are firings of timers: a longer statement, which most do not need. */
export const appendTimed = (schema: string): string =>
  append(schema, { isStale: isTimerGone(schema), more: timerChanges(schema) });

/**
 * The same for one append that removes its entity: what the journal and the snapshots had of it before goes in
 * the same statement. `$2` to `$6` name the entity.
 */
export const appendRemoval = (schema: string): string =>
  append(schema, { isStale: isTimerGone(schema), more: removals(schema) });

const removals = (schema: string): string => `,
unlogged as (${deleteEventsOf(schema, 2, { of: "", when: isCommitted })}),
forgotten as (delete from ${schema}.snapshots ${entityFrom(2)} and ${isCommitted}),
unset as (delete from ${schema}.timers ${entityFrom(2)} and ${isCommitted})`;

const isCommitted = "exists (select from judged where result = 'committed')";

/** Those that are taken away are found one by one, by the entity's own key (see `journalPlanning`). */
const timerChanges = (schema: string): string => `,
timer as materialized (
  select j.group_name, j.shard, j.entity_type, j.namespace, j.entity_id, j.command_id, t.*
  from judged j
  cross join json_to_recordset(j.timers) as t (
    name text, due_ms float8, command text, input json, recurrence json
  )
  where j.result = 'committed'
),
unset as (
  delete from ${schema}.timers
  where ctid = any (array(
    select d.ctid
    from timer
    cross join lateral (
      select d.ctid
      from ${schema}.timers d
      where ${sameEntity("d", "timer")} and d.name = timer.name
      order by d.name
      limit 1
    ) d
    where timer.due_ms is null
  ))
),
set as (
  insert into ${schema}.timers (
    group_name, shard, entity_type, namespace, entity_id, name, due_at, command_id, command, input,
    recurrence
  )
  select
    group_name, shard, entity_type, namespace, entity_id, name, to_timestamp(due_ms / 1000), command_id,
    command, coalesce(input, 'null'), recurrence
  from timer
  where due_ms is not null
  on conflict (group_name, shard, entity_type, namespace, entity_id, name) do update
  set
    due_at = excluded.due_at,
    command_id = excluded.command_id,
    command = excluded.command,
    input = excluded.input,
    recurrence = excluded.recurrence
)`;

/** The timer that fired has fired already, or was set again or taken away since. */
const isTimerGone = (schema: string): string => `
        or i.fired_name is not null and not exists (
          select from ${schema}.timers t
          where ${sameEntity("t", "i")} and t.name = i.fired_name and t.command_id = i.fired_by
        )`;

interface Additions {
  /** What makes an append conflict, besides what always does. */
  readonly isStale?: string;
  /** More to do, in further parts of the statement. */
  readonly more?: string;
}

const append = (schema: string, { isStale = "", more = "" }: Additions): string => `
with item as materialized (
  select * from json_to_recordset($1::json) as r (${columns}) limit json_array_length($1::json)
),
head as materialized (
  select h.*
  from (select distinct group_name, shard from item order by group_name, shard) i
  cross join lateral (
    select group_name, shard, epoch, incarnation
    from ${schema}.heads
    where group_name = i.group_name
      and shard = i.shard
    for update
  ) h
),
judged as materialized (
  select i.*,
    case
      when head.shard is null then 'fenced'
      when ${isBehind(schema)}${isStale}
      then 'conflict'
      else 'committed'
    end as result
  from item i
  left join head
    on head.group_name = i.group_name
    and head.shard = i.shard
    and head.epoch = i.epoch
    and head.incarnation = i.incarnation
),
event as materialized (
  select
    j.*, e.event, e.place,
    row_number() over (partition by j.group_name, j.shard order by j.n, e.place) as position
  from judged j
  cross join json_array_elements(j.events) with ordinality as e (event, place)
  where j.result = 'committed'
),
advanced as (
  update ${schema}.heads h
  set last_seq = h.last_seq + added.count
  from (select group_name, shard, count(*) as count from event group by group_name, shard) added
  where h.group_name = added.group_name
    and h.shard = added.shard
  returning h.group_name, h.shard, h.last_seq - added.count as before
),
written as (
  insert into ${schema}.journal (
    group_name, shard, shard_seq, namespace, entity_type, entity_id, version, epoch, command_id,
    event_index, event
  )
  select
    e.group_name, e.shard, a.before + e.position, e.namespace, e.entity_type, e.entity_id,
    e.version + e.place, e.epoch, e.command_id, e.place - 1, e.event::jsonb
  from event e
  join advanced a on a.group_name = e.group_name and a.shard = e.shard
),
kept as (
  insert into ${schema}.outcomes as o (
    group_name, shard, entity_type, namespace, entity_id, key, command_id, body_hash, version, answer,
    expires_at
  )
  select
    group_name, shard, entity_type, namespace, entity_id, key, command_id, body_hash,
    version + json_array_length(events), coalesce(answer::jsonb, 'null'),
    clock_timestamp() + keep_for_ms * interval '1 millisecond'
  from judged
  where result = 'committed'
    and key is not null
  on conflict (group_name, shard, entity_type, namespace, entity_id, key) do update
  set
    command_id = excluded.command_id,
    body_hash = excluded.body_hash,
    version = excluded.version,
    answer = excluded.answer,
    expires_at = excluded.expires_at
  where o.expires_at <= clock_timestamp()
  returning 1
)${more}
select
  n,
  result,
  case
    when (select count(*) from kept) <> (select count(*) from judged where result = 'committed' and key is not null)
    then 'an outcome was kept under this key meanwhile'
  end::int as complete
from judged`;

/**
 * The entity has another version than the command was decided on, or keeps an answer under its key.
 *
 * Ordered, and not by `exists` or `max`: only the entities' own key has this order (see `journalPlanning`). And
 * from the expected version on: without a lower end the whole page of the index is compared, all versions on it.
 */
const isBehind = (schema: string): string => `
        coalesce(
          (
            select j.version from ${schema}.journal j
            where ${sameEntity("j", "i")}
              and j.version >= i.version
            order by j.version desc
            limit 1
          ),
          0
        ) <> i.version
        or i.key is not null and exists (
          select from ${schema}.outcomes o
          where ${sameEntity("o", "i")} and o.key = i.key and o.expires_at > clock_timestamp()
        )`;
