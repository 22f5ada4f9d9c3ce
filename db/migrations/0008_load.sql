-- breaking: no
--
-- The strategy `load`. A version of the program that does not know it works with every group but those that use it:
-- no group does before all nodes were started with it.

alter table {{schema}}.shard_groups
  drop constraint shard_groups_strategy_check,
  add constraint shard_groups_strategy_check check (strategy in ('least-loaded', 'rendezvous', 'load'));
