-- breaking: no
--
-- Daemons: shard groups whose number of workers changes while the cluster runs, and the groups that each node can
-- serve. A version of the program that does not know these columns writes null: its groups are for entities, and it
-- is taken for one that serves every group.

alter table {{schema}}.shard_groups add column workers int check (workers >= 0 and workers <= shards);
alter table {{schema}}.nodes add column groups text[];
