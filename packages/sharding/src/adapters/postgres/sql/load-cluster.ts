/** The whole state. One statement: everything is of one snapshot, and `seq` names it. */
export const loadCluster = (schema: string): string => `
select
  c.history,
  c.seq::float8 as seq,
  c.term::float8 as term,
  c.node_id as "nodeId",
  c.incarnation,
  (
    select coalesce(json_agg(json_build_array(g.name, g.shards, g.strategy) order by g.created_seq), '[]')
    from ${schema}.shard_groups g
  ) as groups,
  (
    select coalesce(json_agg(json_build_object(
      'nodeId', n.node_id, 'incarnation', n.incarnation, 'address', n.address, 'zone', n.zone,
      'weight', n.weight, 'labels', n.labels, 'state', n.state, 'cordoned', n.cordoned
    ) order by n.created_seq), '[]')
    from ${schema}.nodes n
  ) as nodes,
  (
    select coalesce(json_object_agg(per_group.group_name, per_group.rows), '{}')
    from (
      select s.group_name, json_agg(json_build_array(
        s.shard, s.state, s.epoch, s.pinned, s.owner_node_id, s.owner_incarnation,
        case when s.handoff_id is not null then json_build_array(
          s.handoff_id, s.handoff_to_node_id, s.handoff_to_incarnation, s.handoff_plan_id
        ) end,
        case when s.carried_handoff_id is not null then json_build_array(
          s.carried_handoff_id, s.carried_from_node_id, s.carried_from_incarnation,
          s.carried_digest, s.carried_size
        ) end
      ) order by s.shard) as rows
      from ${schema}.shards s
      group by s.group_name
    ) per_group
  ) as shards,
  (
    select coalesce(json_agg(json_build_object(
      'planId', p.plan_id, 'kind', p.kind, 'by', p.by, 'node', p.node_id, 'undoes', p.undoes,
      'basedOnSeq', p.based_on_seq, 'spreadBefore', p.spread_before, 'spreadAfter', p.spread_after,
      'state', p.state, 'why', p.why
    ) order by p.created_seq), '[]')
    from ${schema}.plans p
  ) as plans,
  (
    select coalesce(json_agg(json_build_array(
      m.plan_id, m.group_name, m.shard, m.from_node_id, m.from_incarnation, m.to_node_id,
      m.to_incarnation, m.epoch, m.reason, m.state, m.why, m.epoch_after
    ) order by m.plan_id, m.index), '[]')
    from ${schema}.moves m
  ) as moves
from ${schema}.coordinator c`;
