import type { ClusterState, PlanRow, ShardRow } from "../../core/cluster.ts";
import { findShard } from "../../core/cluster.ts";
import type { GroupName, NodeId, Seq } from "../../core/ids.ts";
import type { ClusterEvent } from "../../core/log.ts";
import type { CommitRequest } from "../../ports/state-store.ts";
import { type AlikeRows, alike, type Numbers, type Row } from "./alike.ts";

/** The rows that a commit touches, with their values after it: columns of the tables. */
export interface WriteSet {
  readonly groups: readonly Row[];
  readonly nodes: readonly Row[];
  readonly newShards: AlikeRows;
  readonly shards: AlikeRows;
  readonly newPlans: readonly Row[];
  readonly newMoves: AlikeRows;
  readonly plans: readonly Row[];
  readonly moves: AlikeRows;
  /** `n` counts them from 1. */
  readonly events: AlikeRows;
}

/**
 * Which rows: what the events name. Which values: those of the state after the events, so that what
 * an event does is said in one place (core/cluster.ts) and not a second time in SQL.
 */
export function writeSetOf({ after, events, next }: CommitRequest): WriteSet {
  const touched = touchedBy(events, after);
  const planRows = [...touched.newPlans.keys()].map((planId) => planOf(next, planId));
  return {
    groups: [...touched.groups].map(([name, created_seq]) => ({
      name,
      ...groupOf(next, name),
      created_seq,
    })),
    nodes: [...touched.nodes].map(([nodeId, seq]) => nodeColumns(next, nodeId, seq)),
    newShards: alike(
      [...touched.newShards].flatMap(([group, count]) => {
        const rows = shardsOf(next, group);
        const from = rows.length - count;
        return rows.slice(from).map((row, i) => shardColumns(group, from + i, row));
      }),
    ),
    shards: alike(
      [...touched.shards].flatMap(([group, indices]) =>
        [...indices].flatMap((shard) => {
          const row = findShard(next, { group, shard });
          if (row === undefined) throw missing(`shard ${group}/${shard}`);
          const isNew = shard >= shardsOf(next, group).length - (touched.newShards.get(group) ?? 0);
          return isNew ? [] : [shardColumns(group, shard, row)];
        }),
      ),
    ),
    newPlans: planRows.map((plan) => planColumns(plan, touched.newPlans.get(plan.planId) ?? after)),
    newMoves: alike(
      planRows.flatMap((plan) => plan.moves.map((_, index) => moveColumns(plan, index))),
    ),
    plans: [...touched.plans].map((planId) => {
      const { state, why } = planOf(next, planId);
      return { plan_id: planId, state, why };
    }),
    moves: alike(
      [...touched.moves].flatMap(([planId, indices]) =>
        [...indices].map((index) => ({
          plan_id: planId,
          index,
          ...progressColumns(planOf(next, planId), index),
        })),
      ),
    ),
    events: alike(
      events.map((event, index) => ({ ...event, n: index + 1 })),
      ({ type, ...body }, lists) => ({ type, body, ...lists }),
    ),
  };
}

class Touched {
  /** With the seq of the event that made, or first changed, them. */
  readonly groups = new Map<GroupName, Seq>();
  /** How many, behind those that there were. */
  readonly newShards = new Map<GroupName, number>();
  readonly nodes = new Map<NodeId, Seq>();
  readonly newPlans = new Map<string, Seq>();
  /** What was made in this batch is written once, with its last values: a shard may stand here and be new. */
  readonly shards = new Map<GroupName, Set<number>>();
  readonly plans = new Set<string>();
  readonly moves = new Map<string, Set<number>>();
}

function touchedBy(events: readonly ClusterEvent[], after: Seq): Touched {
  const touched = new Touched();
  for (const [index, event] of events.entries()) touch(touched, event, after + index + 1);
  return touched;
}

function touch(touched: Touched, event: ClusterEvent, seq: Seq): void {
  switch (event.type) {
    case "coordinator-elected":
      throw new Error("A term is raised by raiseTerm, not by a commit.");
    case "group-created":
    case "group-scaled": {
      if (!touched.groups.has(event.group)) touched.groups.set(event.group, seq);
      const added = event.type === "group-created" ? event.shards : event.added;
      touched.newShards.set(event.group, (touched.newShards.get(event.group) ?? 0) + added);
      return;
    }
    case "node-joined":
    case "node-draining":
    case "node-drained":
    case "node-restored":
    case "node-dead":
    case "node-evicted":
    case "node-cordoned":
    case "node-uncordoned":
      if (!touched.nodes.has(event.nodeId)) touched.nodes.set(event.nodeId, seq);
      return;
    case "shard-assigned":
    case "shard-hosted":
    case "shard-vacated":
    case "handoff-began":
    case "shard-pinned":
    case "shard-unpinned":
      add(touched.shards, event.group, event.shard);
      return;
    case "plan-proposed":
      touched.newPlans.set(event.planId, seq);
      return;
    case "plan-state-changed":
      if (!touched.newPlans.has(event.planId)) touched.plans.add(event.planId);
      return;
    case "move-state-changed":
      if (!touched.newPlans.has(event.planId)) add(touched.moves, event.planId, event.index);
      return;
    default:
      return event satisfies never;
  }
}

function add(sets: Map<string, Set<number>>, key: string, index: number): void {
  const set = sets.get(key);
  if (set === undefined) sets.set(key, new Set([index]));
  else set.add(index);
}

function shardColumns(group: GroupName, shard: number, row: ShardRow): Row & Numbers {
  const base = { group_name: group, shard, state: row.state, epoch: row.epoch, pinned: row.pinned };
  if (row.state === "unallocated") return base;
  const owned = {
    ...base,
    owner_node_id: row.owner.nodeId,
    owner_incarnation: row.owner.incarnation,
  };
  if (row.state === "handing-off") {
    return {
      ...owned,
      handoff_id: row.handoff.id,
      handoff_to_node_id: row.handoff.to.nodeId,
      handoff_to_incarnation: row.handoff.to.incarnation,
      handoff_plan_id: row.handoff.planId,
    };
  }
  if (row.state === "hosted" || row.carried === null) return owned;
  return {
    ...owned,
    carried_handoff_id: row.carried.handoffId,
    carried_from_node_id: row.carried.from.nodeId,
    carried_from_incarnation: row.carried.from.incarnation,
    carried_digest: row.carried.digest,
    carried_size: row.carried.size,
  };
}

function nodeColumns(next: ClusterState, nodeId: NodeId, created_seq: Seq): Row {
  const row = next.nodes.get(nodeId);
  if (row === undefined) throw missing(`node "${nodeId}"`);
  const { incarnation, address, zone, weight, labels, state, cordoned, groups = null } = row;
  return {
    node_id: nodeId,
    incarnation,
    address,
    zone,
    weight,
    labels,
    state,
    cordoned,
    groups,
    created_seq,
  };
}

const planColumns = (plan: PlanRow, created_seq: Seq): Row => ({
  plan_id: plan.planId,
  kind: plan.kind,
  by: plan.by,
  node_id: plan.node,
  undoes: plan.undoes,
  based_on_seq: plan.basedOnSeq,
  spread_before: plan.spreadBefore,
  spread_after: plan.spreadAfter,
  state: plan.state,
  why: plan.why,
  created_seq,
});

function moveColumns(plan: PlanRow, index: number): Row & Numbers {
  const move = plan.moves[index];
  if (move === undefined) throw missing(`move ${index} of plan "${plan.planId}"`);
  return {
    plan_id: plan.planId,
    index,
    group_name: move.group,
    shard: move.shard,
    from_node_id: move.from.nodeId,
    from_incarnation: move.from.incarnation,
    to_node_id: move.to.nodeId,
    to_incarnation: move.to.incarnation,
    epoch: move.epoch,
    reason: move.why,
    ...progressColumns(plan, index),
  };
}

function progressColumns(plan: PlanRow, index: number): Row {
  const progress = plan.progress[index];
  if (progress === undefined) throw missing(`move ${index} of plan "${plan.planId}"`);
  return { state: progress.state, why: progress.why, epoch_after: progress.epoch };
}

function shardsOf(next: ClusterState, group: GroupName): readonly ShardRow[] {
  const rows = next.shards.get(group);
  if (rows === undefined) throw missing(`group "${group}"`);
  return rows;
}

function groupOf(next: ClusterState, group: GroupName): Row {
  const row = next.groups.get(group);
  if (row === undefined) throw missing(`group "${group}"`);
  return { ...row };
}

function planOf(next: ClusterState, planId: string): PlanRow {
  const plan = next.plans.get(planId);
  if (plan === undefined) throw missing(`plan "${planId}"`);
  return plan;
}

const missing = (what: string): Error =>
  new Error(`The events of a commit name the ${what}, which the state after them does not have.`);
