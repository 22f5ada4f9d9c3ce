import { isoTime } from "./iso-time.ts";

/**
 * Guard, counter, deaths, rows and log of one commit, all or nothing.
 *
 * What holds it together under READ COMMITTED, where a statement sees one snapshot but row locks see
 * the newest version:
 *
 * - `head` locks the coordinator's row first, so commits queue here (no deadlock among them), and it
 *   reads the newest term and seq, not the snapshot's: a term raised meanwhile is noticed.
 * - `lease` locks the lease rows of the declared, only for a commit that passed the guard. A renewal
 *   that is under way is waited for, and its new counter is what comes back; after that none can
 *   happen before this statement has ended. So `refuted` is the truth, not a snapshot.
 * - `counted` is empty when the guard fails or anybody is refuted, and everything else selects from
 *   `counted`: then nothing is written.
 * - Epochs never go down: a shard's update asks for it, and a row that did not answer fails the whole
 *   statement by the cast at the end (S2), because its log entry would then be a lie (S7).
 *
 * `$1` term, `$2` after, `$3` number of events, `$4` deaths, `$5` events, `$6` new groups, `$7` nodes,
 * `$8` shards of new groups, `$9` shards, `$10` new plans, `$11` their moves, `$12` plans, `$13` moves,
 * `$14` channel, or null where nobody needs to be told. `$4`-`$13` are JSON lists (write-set.ts).
 */
export const commit = (schema: string): string => `
with head as materialized (
  select term, seq from ${schema}.coordinator where one = 1 for update
),
lease as materialized (
  select
    l.node_id, l.incarnation, l.state, l.renewals,
    d.incarnation as declared_incarnation, d.renewals as declared_renewals
  from head
  cross join json_to_recordset($4::json) as d (node_id text, incarnation uuid, renewals bigint)
  join ${schema}.leases l on l.node_id = d.node_id
  where head.term = $1
    and head.seq = $2
  order by l.node_id
  for update of l
),
refuted as materialized (
  select node_id, incarnation
  from lease
  where incarnation = declared_incarnation
    and state = 'alive'
    and renewals <> declared_renewals
),
counted as (
  update ${schema}.coordinator c
  set seq = c.seq + $3
  from head
  where c.one = 1
    and c.term = $1
    and c.seq = $2
    and head.term = $1
    and head.seq = $2
    and not exists (select from refuted)
  returning c.term, c.seq, clock_timestamp() as at
),
${deaths(schema)},
${groupsAndNodes(schema)},
${shards(schema)},
${plans(schema)},
logged as (
  insert into ${schema}.cluster_log (seq, at, term, type, body)
  select $2 + e.n, counted.at, counted.term, e.event ->> 'type', e.event - 'type'
  from counted, jsonb_array_elements($5::jsonb) with ordinality as e (event, n)
)
select
  (select ${isoTime("at")} from counted) as at,
  (select term::float8 from head) as term,
  (
    select coalesce(json_agg(json_build_object('nodeId', node_id, 'incarnation', incarnation)), '[]')
    from refuted
  ) as alive,
  (select pg_notify($14::text, seq::text) from counted where $14::text is not null) as notified,
  (
    select case
      when (select count(*) from changed_shards) <> json_array_length($9::json)
        then 'a shard has no row, or its epoch would go down'
      when (select count(*) from changed_plans) <> json_array_length($12::json)
        then 'a plan has no row'
      when (select count(*) from changed_moves) <> json_array_length($13::json)
        then 'a move has no row'
    end
    from counted
  )::int as complete`;

/** What a declared death needs is checked by `lease`; rows that are not alive any more stay as they are. */
const deaths = (schema: string): string => `died as (
  update ${schema}.leases l
  set state = 'dead'
  from counted, json_to_recordset($4::json) as d (node_id text, incarnation uuid, renewals bigint)
  where l.node_id = d.node_id
    and l.incarnation = d.incarnation
    and l.renewals = d.renewals
    and l.state = 'alive'
)`;

const groupsAndNodes = (schema: string): string => `new_groups as (
  insert into ${schema}.shard_groups (name, shards, strategy, created_seq)
  select r.name, r.shards, r.strategy, r.created_seq
  from counted, json_to_recordset($6::json) as r (name text, shards int, strategy text, created_seq bigint)
),
changed_nodes as (
  insert into ${schema}.nodes as n (
    node_id, incarnation, address, zone, weight, labels, state, cordoned, created_seq
  )
  select
    r.node_id, r.incarnation, r.address, r.zone, r.weight, r.labels, r.state, r.cordoned, r.created_seq
  from counted, json_to_recordset($7::json) as r (
    node_id text, incarnation uuid, address text, zone text, weight double precision, labels jsonb,
    state text, cordoned boolean, created_seq bigint
  )
  on conflict (node_id) do update set
    incarnation = excluded.incarnation,
    address = excluded.address,
    zone = excluded.zone,
    weight = excluded.weight,
    labels = excluded.labels,
    state = excluded.state,
    cordoned = excluded.cordoned
)`;

const shardColumns = [
  "state text",
  "epoch bigint",
  "pinned boolean",
  "owner_node_id text",
  "owner_incarnation uuid",
  "handoff_id text",
  "handoff_to_node_id text",
  "handoff_to_incarnation uuid",
  "handoff_plan_id text",
  "carried_handoff_id text",
  "carried_from_node_id text",
  "carried_from_incarnation uuid",
  "carried_digest text",
  "carried_size bigint",
];
const shardNames = shardColumns.map((column) => column.slice(0, column.indexOf(" ")));
const shardRecord = `r (group_name text, shard int, ${shardColumns.join(", ")})`;

const shards = (schema: string): string => `new_shards as (
  insert into ${schema}.shards (group_name, shard, ${shardNames.join(", ")})
  select r.group_name, r.shard, ${shardNames.map((name) => `r.${name}`).join(", ")}
  from counted, json_to_recordset($8::json) as ${shardRecord}
),
changed_shards as (
  update ${schema}.shards s
  set ${shardNames.map((name) => `${name} = r.${name}`).join(", ")}
  from counted, json_to_recordset($9::json) as ${shardRecord}
  where s.group_name = r.group_name
    and s.shard = r.shard
    and s.epoch <= r.epoch
  returning 1
)`;

const moveRecord = `r (
    plan_id text, index int, group_name text, shard int, from_node_id text, from_incarnation uuid,
    to_node_id text, to_incarnation uuid, epoch bigint, reason text,
    state text, why text, epoch_after bigint
  )`;

const plans = (schema: string): string => `new_plans as (
  insert into ${schema}.plans (
    plan_id, kind, by, node_id, undoes, based_on_seq, spread_before, spread_after, state, why, created_seq
  )
  select
    r.plan_id, r.kind, r.by, r.node_id, r.undoes, r.based_on_seq, r.spread_before, r.spread_after,
    r.state, r.why, r.created_seq
  from counted, json_to_recordset($10::json) as r (
    plan_id text, kind text, by text, node_id text, undoes text, based_on_seq bigint,
    spread_before double precision, spread_after double precision, state text, why text,
    created_seq bigint
  )
),
new_moves as (
  insert into ${schema}.moves (
    plan_id, index, group_name, shard, from_node_id, from_incarnation, to_node_id, to_incarnation,
    epoch, reason, state, why, epoch_after
  )
  select
    r.plan_id, r.index, r.group_name, r.shard, r.from_node_id, r.from_incarnation, r.to_node_id,
    r.to_incarnation, r.epoch, r.reason, r.state, r.why, r.epoch_after
  from counted, json_to_recordset($11::json) as ${moveRecord}
),
changed_plans as (
  update ${schema}.plans p
  set state = r.state, why = r.why
  from counted, json_to_recordset($12::json) as r (plan_id text, state text, why text)
  where p.plan_id = r.plan_id
  returning 1
),
changed_moves as (
  update ${schema}.moves m
  set state = r.state, why = r.why, epoch_after = r.epoch_after
  from counted, json_to_recordset($13::json) as r (
    plan_id text, index int, state text, why text, epoch_after bigint
  )
  where m.plan_id = r.plan_id
    and m.index = r.index
  returning 1
)`;
