const alikeShards = `group_name, state, pinned, owner_node_id, owner_incarnation, handoff_id,
      handoff_to_node_id, handoff_to_incarnation, handoff_plan_id, carried_handoff_id,
      carried_from_node_id, carried_from_incarnation, carried_digest, carried_size`;

const alikeMoves = `plan_id, group_name, from_node_id, from_incarnation, to_node_id, to_incarnation,
        reason, state, why`;

/**
 * The whole state. One statement: everything is of one snapshot, and `seq` names it.
 *
 * Rows that differ in their number and epoch alone come as one, with lists: a take-over reads ten thousand
 * shards, and a row each would be most of what it waits for, here and in the reader.
 */
export const loadCluster = (schema: string): string => `
select
  c.history,
  c.seq::float8 as seq,
  c.term::float8 as term,
  c.node_id as "nodeId",
  c.incarnation,
  (
    select coalesce(json_agg(json_build_array(g.name, g.shards, g.strategy, g.workers) order by g.created_seq), '[]')
    from ${schema}.shard_groups g
  ) as groups,
  (
    select coalesce(json_agg(json_strip_nulls(json_build_object(
      'nodeId', n.node_id, 'incarnation', n.incarnation, 'address', n.address, 'zone', n.zone,
      'weight', n.weight, 'labels', n.labels, 'state', n.state, 'cordoned', n.cordoned,
      'groups', n.groups
    )) order by n.created_seq), '[]')
    from ${schema}.nodes n
  ) as nodes,
  (
    select coalesce(json_agg(json_build_array(
      s.group_name, s.state, s.pinned, s.owner_node_id, s.owner_incarnation,
      case when s.handoff_id is not null then json_build_array(
        s.handoff_id, s.handoff_to_node_id, s.handoff_to_incarnation, s.handoff_plan_id
      ) end,
      case when s.carried_handoff_id is not null then json_build_array(
        s.carried_handoff_id, s.carried_from_node_id, s.carried_from_incarnation,
        s.carried_digest, s.carried_size
      ) end,
      s.shards, s.epochs
    )), '[]')
    from (
      select ${alikeShards}, array_agg(shard) as shards, array_agg(epoch) as epochs
      from ${schema}.shards
      group by ${alikeShards}
    ) s
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
      m.plan_id, m.group_name, m.from_node_id, m.from_incarnation, m.to_node_id, m.to_incarnation,
      m.reason, m.state, m.why, m.indices, m.shards, m.epochs, m.epochs_after
    )), '[]')
    from (
      select
        ${alikeMoves}, array_agg(index) as indices, array_agg(shard) as shards,
        array_agg(epoch) as epochs, array_agg(epoch_after) as epochs_after
      from ${schema}.moves
      group by ${alikeMoves}
    ) m
  ) as moves
from ${schema}.coordinator c`;
