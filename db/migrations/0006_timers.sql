-- breaking: no
--
-- What wakes durable entities: written with the appends of their shards' owners, under the same fence. A version of
-- the program that does not know this table lets them wait.

create table {{schema}}.timers (
  group_name text not null,
  shard int not null check (shard >= 0),
  entity_type text not null,
  namespace text not null,
  entity_id text not null,
  name text not null check (name <> ''),
  -- By this server's clock, in whole milliseconds.
  due_at timestamptz not null,
  -- What set it last: a firing that was begun for another one takes no effect.
  command_id uuid not null,
  command text not null,
  -- As it was written: a jsonb would forget the order of its keys.
  input json not null,
  -- How it is set again when it fires; null: it is not.
  recurrence json,
  primary key (group_name, shard, entity_type, namespace, entity_id, name)
);

-- Only who asks for what is due in a shard can take it: an index that began with the shard's columns would look
-- as good as the entity's own key to a planner that knows nothing of the table yet.
create index timers_due_at on {{schema}}.timers ((group_name || '/' || shard::text), due_at);
