-- breaking: yes
--
-- The authority of one cluster: who leads, who lives, who owns what, and the log that says how it
-- came to be. The coordinator's tables are the fold of cluster_log in rows (S7); what a row can say
-- about itself is checked here, so that no version of any program can store a contradiction.
--
-- Rows that change often keep room on their page (fillfactor), and none of the columns that change
-- often is indexed: their updates stay heap-only.

-- One row. `update ... where term = $` is the guard and the counter of every write by a coordinator.
create table {{schema}}.coordinator (
  one int primary key default 1 check (one = 1),
  term bigint not null default 0 check (term >= 0),
  seq bigint not null default 0 check (seq >= 0),
  history uuid not null default gen_random_uuid(),
  node_id text,
  incarnation uuid,
  constraint coordinator_is_whole check ((node_id is null) = (incarnation is null)),
  constraint coordinator_of_a_term check ((term = 0) = (node_id is null))
) with (fillfactor = 10);

insert into {{schema}}.coordinator default values;

-- One row per node, written by the holder of its lease; the death transition is the coordinator's.
create table {{schema}}.leases (
  node_id text primary key check (node_id <> ''),
  incarnation uuid not null constraint leases_incarnation_key unique,
  address text not null,
  process_boot_id text,
  process_pid_namespace text,
  process_pid int,
  process_start_time text,
  state text not null check (state in ('alive', 'released', 'dead')),
  renewals bigint not null default 0 check (renewals >= 0),
  token bigint not null default 1 check (token >= 1),
  backend_pid int not null,
  backend_started_at text not null,
  backend_application_name text not null,
  constraint leases_process_is_whole check (
    num_nulls(process_boot_id, process_pid_namespace, process_pid, process_start_time) in (0, 4)
  )
) with (fillfactor = 20);

-- Requests of parents that waited for a node's process: it has exited. The coordinator acts on them.
create table {{schema}}.exits (
  node_id text not null,
  incarnation uuid not null,
  pid int not null,
  at timestamptz not null default clock_timestamp(),
  primary key (node_id, incarnation)
);

create table {{schema}}.shard_groups (
  name text primary key check (name <> ''),
  shards int not null check (shards > 0),
  strategy text not null check (strategy in ('least-loaded', 'rendezvous')),
  -- The log entry that made the row: reading in this order gives the order of the fold.
  created_seq bigint not null
);

-- The latest incarnation of each node that ever joined.
create table {{schema}}.nodes (
  node_id text primary key check (node_id <> ''),
  incarnation uuid not null constraint nodes_incarnation_key unique,
  address text not null,
  zone text not null,
  weight double precision not null check (weight >= 0),
  labels jsonb not null check (jsonb_typeof(labels) = 'object'),
  state text not null check (state in ('up', 'draining', 'drained', 'evicted', 'dead')),
  cordoned boolean not null,
  created_seq bigint not null
);

create table {{schema}}.shards (
  group_name text not null references {{schema}}.shard_groups (name),
  shard int not null check (shard >= 0),
  state text not null check (state in ('unallocated', 'starting', 'hosted', 'handing-off')),
  epoch bigint not null check (epoch >= 0),
  pinned boolean not null,
  owner_node_id text,
  owner_incarnation uuid,
  handoff_id text,
  handoff_to_node_id text,
  handoff_to_incarnation uuid,
  handoff_plan_id text,
  carried_handoff_id text,
  carried_from_node_id text,
  carried_from_incarnation uuid,
  carried_digest text,
  carried_size bigint check (carried_size >= 0),
  primary key (group_name, shard),
  constraint shards_owner_unless_unallocated check (
    num_nulls(owner_node_id, owner_incarnation) = case state when 'unallocated' then 2 else 0 end
  ),
  -- A shard that was ever assigned has an epoch to fence with.
  constraint shards_owner_has_epoch check (state = 'unallocated' or epoch > 0),
  -- The one handoff in flight lives on the row itself: there is no place for a second one (S6).
  constraint shards_handoff_while_handing_off check (
    num_nulls(handoff_id, handoff_to_node_id, handoff_to_incarnation)
      = case state when 'handing-off' then 0 else 3 end
    and (handoff_plan_id is null or state = 'handing-off')
  ),
  constraint shards_handoff_goes_elsewhere check (
    state <> 'handing-off'
    or (handoff_to_node_id, handoff_to_incarnation) is distinct from (owner_node_id, owner_incarnation)
  ),
  constraint shards_carried_while_starting check (
    num_nulls(
      carried_handoff_id, carried_from_node_id, carried_from_incarnation, carried_digest, carried_size
    ) in (5, case state when 'starting' then 0 else 5 end)
  )
) with (fillfactor = 40);

-- A handoff moves one shard.
create unique index shards_handoff_id_key on {{schema}}.shards (handoff_id) where handoff_id is not null;

create table {{schema}}.plans (
  plan_id text primary key check (plan_id <> ''),
  kind text not null check (kind in ('rebalance', 'drain', 'move', 'undo')),
  by text not null,
  node_id text,
  undoes text,
  based_on_seq bigint not null check (based_on_seq >= 0),
  spread_before double precision not null,
  spread_after double precision not null,
  state text not null check (
    state in ('proposed', 'applying', 'paused', 'done', 'cancelled', 'stale', 'failed')
  ),
  why text,
  created_seq bigint not null,
  constraint plans_drain_names_its_node check (kind <> 'drain' or node_id is not null),
  constraint plans_undo_names_its_plan check (kind <> 'undo' or undoes is not null)
);

create table {{schema}}.moves (
  plan_id text not null references {{schema}}.plans (plan_id),
  index int not null check (index >= 0),
  group_name text not null,
  shard int not null check (shard >= 0),
  from_node_id text not null,
  from_incarnation uuid not null,
  to_node_id text not null,
  to_incarnation uuid not null,
  -- The shard's epoch when the plan was made.
  epoch bigint not null check (epoch >= 0),
  reason text not null,
  state text not null check (state in ('pending', 'moving', 'done', 'failed', 'skipped')),
  why text,
  -- The shard's epoch after the move.
  epoch_after bigint check (epoch_after >= 0),
  primary key (plan_id, index)
) with (fillfactor = 50);

-- Gap-free and in commit order, because its seq comes from the coordinator's row and not from a
-- sequence (a sequence has gaps, and numbers that commit out of order).
create table {{schema}}.cluster_log (
  seq bigint primary key check (seq > 0),
  at timestamptz not null default clock_timestamp(),
  term bigint not null check (term > 0),
  type text not null,
  body jsonb not null check (jsonb_typeof(body) = 'object')
);
