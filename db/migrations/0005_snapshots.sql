-- breaking: no
--
-- The latest state that was kept of each durable entity: loading it folds only the events above `version`. A
-- version of the program that does not know this table folds all of them.

create table {{schema}}.snapshots (
  group_name text not null,
  shard int not null check (shard >= 0),
  entity_type text not null,
  namespace text not null,
  entity_id text not null,
  version bigint not null check (version > 0),
  -- What shape the state has: one of another shape is not read.
  state_version int not null check (state_version > 0),
  -- As it was written: a jsonb would forget the order of its keys.
  state json not null,
  at timestamptz not null default clock_timestamp(),
  primary key (group_name, shard, entity_type, namespace, entity_id)
);
