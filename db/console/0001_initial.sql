-- breaking: no
--
-- What the console remembers: it writes here and nowhere else. A cluster works without it, and nothing in it is the
-- truth about anything: dropping this schema loses history and nothing else.

-- The tape: what the recording console heard, in the order in which it heard it. One row holds many entries (gzip of
-- JSON), so that a thousand events a second are a few rows.
create table {{schema}}.segments (
  first_pos bigint primary key check (first_pos > 0),
  last_pos bigint not null check (last_pos >= first_pos),
  -- By the recording console's clock, as everything here.
  first_at timestamptz not null,
  last_at timestamptz not null,
  entries bytea not null,
  -- Counts for the time bar: events, divergences, faults at most.
  stats jsonb not null
);
create index segments_last_at on {{schema}}.segments (last_at);

-- The whole observation after entry `pos`: where a replay begins.
create table {{schema}}.keyframes (
  pos bigint primary key check (pos >= 0),
  at timestamptz not null,
  frame bytea not null
);

-- Moments worth a jump: faults, divergences, violations, gaps in the recording.
create table {{schema}}.marks (
  pos bigint not null check (pos >= 0),
  ordinal integer not null,
  at timestamptz not null,
  kind text not null,
  subject text not null,
  words text not null,
  primary key (pos, ordinal)
);

-- Two rows an action, joined by `action`: what somebody wanted, then what came of it.
create table {{schema}}.audit (
  id bigint generated always as identity primary key,
  -- The key that the asking page made: the second of two equal ones is refused by this table.
  action uuid not null,
  phase text not null check (phase in ('intent', 'outcome')),
  at timestamptz not null,
  actor text not null,
  role text not null,
  kind text not null,
  subject text not null,
  -- The command as it was asked; for an outcome what the cluster answered, with before and after where there are any.
  body jsonb not null,
  -- Position of the tape at that moment; null where nothing was recorded.
  pos bigint,
  unique (action, phase)
);
create index audit_at on {{schema}}.audit (at);

-- Runs of the lab, with everything that their report needs.
create table {{schema}}.runs (
  run uuid primary key,
  scenario text not null,
  state text not null check (state in ('running', 'ended')),
  verdict text check (verdict in ('pass', 'fail', 'not-observed')),
  started_at timestamptz not null,
  ended_at timestamptz,
  actor text not null,
  first_pos bigint,
  last_pos bigint,
  report jsonb not null
);
create index runs_started_at on {{schema}}.runs (started_at);
