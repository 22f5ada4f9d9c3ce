-- breaking: no
--
-- What nodes say to each other when their link is cut and both still reach this server.

-- A letter: control messages from one life to a node, or to whoever leads (to_node_id is empty).
-- A later letter on the same subject replaces the earlier one, so that a node has a few rows at most
-- however long nobody reads them. Taking a letter deletes it.
create table {{schema}}.letters (
  to_node_id text not null,
  from_node_id text not null check (from_node_id <> ''),
  from_incarnation uuid not null,
  subject text not null check (subject <> ''),
  messages jsonb not null check (jsonb_typeof(messages) = 'array'),
  at timestamptz not null default clock_timestamp(),
  primary key (to_node_id, from_node_id, from_incarnation, subject)
);

-- Lives that the holder of this lease could not reach for a while, by its own clock. Part of a renewal.
alter table {{schema}}.leases add column unreached uuid[] not null default '{}';
