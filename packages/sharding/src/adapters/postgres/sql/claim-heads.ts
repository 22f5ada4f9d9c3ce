const claims = `(
    select * from json_to_recordset($1::json) as r (group_name text, shard int, epoch bigint)
    limit json_array_length($1::json)
  )`;

/**
 * `$1` shards with their epochs, `$2` the new owner's life.
 *
 * - `created` makes heads that nobody had; one that another statement makes at the same time shows as busy.
 *   Not those that exist: the check for duplicates would wait for whoever is about to change them.
 * - `head` locks in shard order, so claims and appends never wait for each other in a circle, and skips
 *   what is locked: one append that hangs must not keep the other shards waiting.
 * - What it returns is the newest version of each row, and stays so until the end of this statement: a
 *   head that is at the epoch, or above it, is left alone (S4).
 */
export const claimHeads = (schema: string): string => `
with claim as materialized ${claims},
created as (
  insert into ${schema}.heads (group_name, shard, epoch, incarnation)
  select c.group_name, c.shard, c.epoch, $2::uuid
  from claim c
  where not exists (
    select from ${schema}.heads h where h.group_name = c.group_name and h.shard = c.shard
  )
  order by c.group_name, c.shard
  on conflict do nothing
  returning group_name, shard
),
head as materialized (
  select h.*
  from (select group_name, shard from claim order by group_name, shard) c
  cross join lateral (
    select group_name, shard, epoch, incarnation
    from ${schema}.heads
    where group_name = c.group_name
      and shard = c.shard
    for no key update skip locked
  ) h
),
claimed as (
  update ${schema}.heads h
  set epoch = c.epoch, incarnation = $2::uuid
  from head
  join claim c on c.group_name = head.group_name and c.shard = head.shard
  where h.group_name = head.group_name
    and h.shard = head.shard
    and head.epoch < c.epoch
  returning h.group_name, h.shard
)
select
  c.group_name as "group",
  c.shard,
  case
    when w.shard is not null then 'claimed'
    when head.shard is null then 'busy'
    when head.epoch = c.epoch and head.incarnation = $2::uuid then 'claimed'
    else 'fenced'
  end as result
from claim c
left join (select * from created union all select * from claimed) w
  on w.group_name = c.group_name and w.shard = c.shard
left join head on head.group_name = c.group_name and head.shard = c.shard`;
