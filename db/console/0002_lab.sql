-- breaking: no
--
-- One run of the lab at a time, over all consoles of a cluster, and a run whose console died is told from one that goes on.
alter table {{schema}}.runs add column alive_at timestamptz not null default clock_timestamp();
create unique index runs_one_running on {{schema}}.runs (state) where state = 'running';
