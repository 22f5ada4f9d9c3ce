-- breaking: no
--
-- The server's timeline under which coordinators decide. After a failover it is another one: what the
-- standby had not heard of never happened, so nobody may decide anything until every lease of the
-- timeline before has run out. Null: not known yet; the first coordinator sets it.

alter table {{schema}}.coordinator
  add column timeline bigint check (timeline > 0);
