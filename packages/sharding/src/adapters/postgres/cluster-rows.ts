import type {
  ClusterState,
  MoveProgress,
  NodeRow,
  PlanRow,
  ShardRow,
  ShardStateName,
} from "../../core/cluster.ts";
import type { Epoch, GroupName } from "../../core/ids.ts";
import type {
  LogEntry,
  MoveState,
  PlanMove,
  PlanProposal,
  PlanState,
  StrategyName,
} from "../../core/log.ts";

/** What `sql/load-cluster.ts` answers. Rows that come in thousands are put together where they are alike. */
export interface ClusterRows {
  readonly history: string;
  readonly seq: number;
  readonly term: number;
  readonly nodeId: string | null;
  readonly incarnation: string | null;
  readonly groups: readonly GroupColumns[];
  readonly nodes: readonly NodeRow[];
  readonly shards: readonly AlikeShards[];
  readonly plans: readonly PlanColumns[];
  readonly moves: readonly AlikeMoves[];
}

type GroupColumns = readonly [
  name: GroupName,
  shards: number,
  strategy: StrategyName,
  workers: number | null,
];

type AlikeShards = readonly [
  group: GroupName,
  state: ShardStateName,
  pinned: boolean,
  ownerNodeId: string,
  ownerIncarnation: string,
  handoff: readonly [id: string, nodeId: string, incarnation: string, planId: string | null],
  carried:
    | readonly [
        handoffId: string,
        nodeId: string,
        incarnation: string,
        digest: string,
        size: number,
      ]
    | null,
  shards: readonly number[],
  epochs: readonly Epoch[],
];

type PlanColumns = Omit<PlanProposal, "moves"> & {
  readonly state: PlanState;
  readonly why: string | null;
};

type AlikeMoves = readonly [
  planId: string,
  group: GroupName,
  fromNodeId: string,
  fromIncarnation: string,
  toNodeId: string,
  toIncarnation: string,
  reason: string,
  state: MoveState,
  why: string | null,
  indices: readonly number[],
  shards: readonly number[],
  epochs: readonly Epoch[],
  epochsAfter: readonly (Epoch | null)[],
];

export function clusterOf(rows: ClusterRows): ClusterState {
  const { history, seq, term, nodeId, incarnation } = rows;
  const groups = rows.groups.map(
    ([name, shards, strategy, workers]) =>
      [name, workers === null ? { shards, strategy } : { shards, strategy, workers }] as const,
  );
  return {
    history,
    seq,
    term,
    coordinator: nodeId === null || incarnation === null ? null : { nodeId, incarnation },
    groups: new Map(groups),
    nodes: new Map(rows.nodes.map((node) => [node.nodeId, node])),
    shards: shardsOf(rows),
    plans: plansOf(rows),
  };
}

function shardsOf({ groups, shards }: ClusterRows): ReadonlyMap<GroupName, readonly ShardRow[]> {
  const rowsOf = new Map(groups.map(([name, count]) => [name, new Array<ShardRow>(count)]));
  for (const alike of shards) {
    const [group, , , , , , , indices, epochs] = alike;
    const rowAt = shardRowsOf(alike);
    const rows = rowsOf.get(group) as ShardRow[];
    for (const [i, shard] of indices.entries()) rows[shard] = rowAt(epochs[i] as Epoch);
  }
  return rowsOf;
}

/** @returns the row of one of them, by its epoch. */
function shardRowsOf([, state, pinned, ...rest]: AlikeShards): (epoch: Epoch) => ShardRow {
  if (state === "unallocated") return (epoch) => ({ state, epoch, pinned });
  const [nodeId, incarnation, handoffColumns, carriedColumns] = rest;
  const owner = { nodeId, incarnation };
  switch (state) {
    case "hosted":
      return (epoch) => ({ state, epoch, pinned, owner });
    case "starting": {
      const carried = carriedOf(carriedColumns);
      return (epoch) => ({ state, epoch, pinned, owner, carried });
    }
    case "handing-off": {
      const [id, toNodeId, toIncarnation, planId] = handoffColumns;
      const to = { nodeId: toNodeId, incarnation: toIncarnation };
      return (epoch) => ({ state, epoch, pinned, owner, handoff: { id, to, planId } });
    }
    default:
      return state satisfies never;
  }
}

function carriedOf(carried: AlikeShards[6]) {
  if (carried === null) return null;
  const [handoffId, nodeId, incarnation, digest, size] = carried;
  return { handoffId, from: { nodeId, incarnation }, digest, size };
}

function plansOf(rows: ClusterRows): ReadonlyMap<string, PlanRow> {
  const alikeOf = Map.groupBy(rows.moves, ([planId]) => planId);
  return new Map(
    rows.plans.map((plan) => {
      const alike = alikeOf.get(plan.planId) ?? [];
      return [plan.planId, { ...plan, ...movesOf(alike) }];
    }),
  );
}

function movesOf(alike: readonly AlikeMoves[]): Pick<PlanRow, "moves" | "progress"> {
  const count = alike.reduce((sum, { 9: indices }) => sum + indices.length, 0);
  const moves = new Array<PlanMove>(count);
  const progress = new Array<MoveProgress>(count);
  for (const [, group, fromNode, fromLife, toNode, toLife, why, state, whyNot, ...lists] of alike) {
    const [indices, shards, epochs, epochsAfter] = lists;
    const from = { nodeId: fromNode, incarnation: fromLife };
    const to = { nodeId: toNode, incarnation: toLife };
    for (const [i, index] of indices.entries()) {
      const epoch = epochs[i] as Epoch;
      moves[index] = { group, shard: shards[i] as number, from, to, epoch, why };
      progress[index] = { state, why: whyNot, epoch: epochsAfter[i] ?? null };
    }
  }
  return { moves, progress };
}

/** What `sql/read-log.ts` answers for one entry. */
export interface EntryColumns {
  readonly seq: number;
  readonly at: string;
  readonly term: number;
  readonly type: string;
  readonly body: Readonly<Record<string, unknown>>;
}

/** The database checks no event's fields; who writes them is `commit`, which takes typed ones. */
export const entryOf = ({ seq, at, term, type, body }: EntryColumns): LogEntry =>
  ({ ...body, type, seq, at, term }) as unknown as LogEntry;
