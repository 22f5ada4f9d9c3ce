-- breaking: no
--
-- What durable entities keep: events, and the answers that must be the same when asked again. Written by
-- the owners of shards, each append in one statement under its shard's head; a version that does not
-- know these tables owns shards without claiming their heads, and so writes nothing here.
--
-- Every key starts with the shard, so that the journal can be partitioned by it. None of these tables
-- refers to `shards`: the coordinator must never wait for an append, nor an append for the coordinator.

-- The fence of a shard's appends, claimed by each new owner before it replays; the coordinator never
-- writes it. `last_seq` counts the shard's events: under the row's lock, so in commit order and gap-free.
create table {{schema}}.heads (
  group_name text not null check (group_name <> ''),
  shard int not null check (shard >= 0),
  epoch bigint not null check (epoch > 0),
  incarnation uuid not null,
  last_seq bigint not null default 0 check (last_seq >= 0),
  primary key (group_name, shard)
) with (fillfactor = 20);

create table {{schema}}.journal (
  group_name text not null,
  shard int not null check (shard >= 0),
  shard_seq bigint not null check (shard_seq > 0),
  namespace text not null,
  entity_type text not null,
  entity_id text not null,
  -- The entity's events counted from 1: its state after this one is the fold of so many.
  version bigint not null check (version > 0),
  -- The epoch under which it was written; it never goes down along shard_seq (S4).
  epoch bigint not null check (epoch > 0),
  command_id uuid not null,
  event_index int not null check (event_index >= 0),
  event jsonb not null,
  at timestamptz not null default clock_timestamp(),
  primary key (group_name, shard, shard_seq),
  constraint journal_version_key unique (group_name, shard, entity_type, namespace, entity_id, version),
  -- A command takes effect once (S5).
  constraint journal_command_key unique (group_name, shard, command_id, event_index)
);

-- The first answer under each idempotency key, with or without events.
create table {{schema}}.outcomes (
  group_name text not null,
  shard int not null check (shard >= 0),
  entity_type text not null,
  namespace text not null,
  entity_id text not null,
  key text not null check (key <> ''),
  command_id uuid not null,
  -- Of the command and its input: the same key with another body is refused.
  body_hash text not null,
  -- The entity's version when it was answered.
  version bigint not null check (version >= 0),
  answer jsonb not null,
  expires_at timestamptz not null,
  primary key (group_name, shard, entity_type, namespace, entity_id, key)
);

-- For the removal of what has expired. It must not begin with the shard: then it could be taken for
-- finding a key, and everything that the shard keeps would be read.
create index outcomes_expires_at on {{schema}}.outcomes (expires_at);
