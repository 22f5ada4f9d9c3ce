import type {
  ClusterState,
  NodeRow,
  PlanRow,
  ShardRow,
  ShardStateName,
} from "../../core/cluster.ts";
import type { GroupName } from "../../core/ids.ts";
import type { LogEntry, MoveState, PlanProposal, PlanState, StrategyName } from "../../core/log.ts";

/** What `sql/load-cluster.ts` answers. Lists instead of objects where rows come in thousands. */
export interface ClusterRows {
  readonly history: string;
  readonly seq: number;
  readonly term: number;
  readonly nodeId: string | null;
  readonly incarnation: string | null;
  readonly groups: readonly (readonly [name: GroupName, shards: number, strategy: StrategyName])[];
  readonly nodes: readonly NodeRow[];
  readonly shards: Readonly<Record<GroupName, readonly ShardColumns[]>>;
  readonly plans: readonly PlanColumns[];
  readonly moves: readonly MoveColumns[];
}

type ShardColumns = readonly [
  shard: number,
  state: ShardStateName,
  epoch: number,
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
];

type PlanColumns = Omit<PlanProposal, "moves"> & {
  readonly state: PlanState;
  readonly why: string | null;
};

type MoveColumns = readonly [
  planId: string,
  group: GroupName,
  shard: number,
  fromNodeId: string,
  fromIncarnation: string,
  toNodeId: string,
  toIncarnation: string,
  epoch: number,
  reason: string,
  state: MoveState,
  why: string | null,
  epochAfter: number | null,
];

export function clusterOf(rows: ClusterRows): ClusterState {
  const { history, seq, term, nodeId, incarnation } = rows;
  const groups = rows.groups.map(
    ([name, shards, strategy]) => [name, { shards, strategy }] as const,
  );
  return {
    history,
    seq,
    term,
    coordinator: nodeId === null || incarnation === null ? null : { nodeId, incarnation },
    groups: new Map(groups),
    nodes: new Map(rows.nodes.map((node) => [node.nodeId, node])),
    shards: new Map(groups.map(([name]) => [name, (rows.shards[name] ?? []).map(shardOf)])),
    plans: plansOf(rows),
  };
}

function shardOf([, state, epoch, pinned, ...rest]: ShardColumns): ShardRow {
  const [nodeId, incarnation, handoff, carried] = rest;
  if (state === "unallocated") return { state, epoch, pinned };
  const owner = { nodeId, incarnation };
  switch (state) {
    case "hosted":
      return { state, epoch, pinned, owner };
    case "starting":
      return { state, epoch, pinned, owner, carried: carriedOf(carried) };
    case "handing-off": {
      const [id, toNodeId, toIncarnation, planId] = handoff;
      const to = { nodeId: toNodeId, incarnation: toIncarnation };
      return { state, epoch, pinned, owner, handoff: { id, to, planId } };
    }
    default:
      return state satisfies never;
  }
}

function carriedOf(carried: ShardColumns[7]) {
  if (carried === null) return null;
  const [handoffId, nodeId, incarnation, digest, size] = carried;
  return { handoffId, from: { nodeId, incarnation }, digest, size };
}

function plansOf(rows: ClusterRows): ReadonlyMap<string, PlanRow> {
  const movesOf = Map.groupBy(rows.moves, ([planId]) => planId);
  return new Map(
    rows.plans.map((plan) => {
      const moves = movesOf.get(plan.planId) ?? [];
      return [
        plan.planId,
        {
          ...plan,
          moves: moves.map(([, group, shard, fromNode, fromLife, toNode, toLife, epoch, why]) => ({
            group,
            shard,
            from: { nodeId: fromNode, incarnation: fromLife },
            to: { nodeId: toNode, incarnation: toLife },
            epoch,
            why,
          })),
          progress: moves.map((move) => ({ state: move[9], why: move[10], epoch: move[11] })),
        },
      ];
    }),
  );
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
