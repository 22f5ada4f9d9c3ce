import { randomUUID } from "node:crypto";
import {
  type ClusterEvent,
  findShard,
  ownerOf,
  type PlanKind,
  type PlanMove,
  type PlanRow,
  type ShardRef,
} from "@leasehold/sharding/observe";
import type { FakeAuthority } from "./fake-cluster.ts";

/** Moves in flight at once, as the real coordinator bounds them. */
const inFlight = 8;

export type FakePlanRequest =
  | {
      readonly kind: "rebalance";
      readonly whatIf?: {
        readonly cordon?: readonly string[];
        readonly weights?: Readonly<Record<string, number>>;
        readonly maxMoves?: number;
      };
    }
  | { readonly kind: "drain"; readonly node: string }
  | { readonly kind: "move"; readonly moves: readonly (ShardRef & { readonly to: string })[] }
  | { readonly kind: "undo"; readonly planId: string };

const previews = new WeakMap<FakeAuthority, Map<string, () => PlanRow>>();

/** A plan that is only looked at: `applyPreview` takes its id. */
export function preview(authority: FakeAuthority, request: FakePlanRequest): unknown {
  const moves = movesOf(authority, request);
  const node = request.kind === "drain" ? request.node : null;
  const undoes = request.kind === "undo" ? request.planId : null;
  const planId = `p_${randomUUID().slice(0, 6)}`;
  const known = previews.get(authority) ?? new Map<string, () => PlanRow>();
  known.set(planId, () => record(authority, request.kind, moves, node, undoes, planId));
  previews.set(authority, known);
  const whatIf = request.kind === "rebalance" ? (request.whatIf ?? {}) : {};
  return {
    ...{ planId, kind: request.kind, by: "console", node, undoes },
    basedOnSeq: authority.state.seq,
    moves: moves.map((it) => ({ ...it, from: it.from.nodeId, to: it.to.nodeId })),
    ...{ spreadBefore: spread(authority, []), spreadAfter: spread(authority, moves) },
    blocked: blockedOf(authority),
    blockedTotal: blockedOf(authority).length,
    ...{ leftOut: 0, movesInFlight: inFlight, notes: [] },
    nodes: [...authority.state.nodes.values()].map(({ nodeId, incarnation, weight, cordoned }) => {
      const before = authority.owned(nodeId);
      const gives = moves.filter(({ from }) => from.nodeId === nodeId).length;
      const takes = moves.filter(({ to }) => to.nodeId === nodeId).length;
      const given = whatIf.weights?.[nodeId];
      const isOff = cordoned || whatIf.cordon?.includes(nodeId) === true;
      const why = isOff ? "cordoned in this plan: gets none" : null;
      return {
        ...{ nodeId, incarnation, weight: given ?? weight, before, after: before + takes - gives },
        why: given === undefined ? why : `weight ${given} in this plan`,
      };
    }),
  };
}

/** Null for an id that is none of a preview. */
export const applyPreview = (authority: FakeAuthority, planId: string): PlanRow | null =>
  previews.get(authority)?.get(planId)?.() ?? null;

const blockedOf = (authority: FakeAuthority) =>
  (authority.state.shards.get("default") ?? []).flatMap((row, shard) => {
    if (row.state !== "handing-off") return [];
    const why = `handoff ${row.handoff.id} takes it to ${row.handoff.to.nodeId} already`;
    return [{ group: "default", shard, on: row.owner.nodeId, code: "handoff", why }];
  });

/** Proposes a plan; nothing moves before it is applied. */
export function propose(authority: FakeAuthority, request: FakePlanRequest): PlanRow {
  const moves = movesOf(authority, request);
  const node = request.kind === "drain" ? request.node : null;
  return record(authority, request.kind, moves, node, null);
}

export const undo = (authority: FakeAuthority, plan: PlanRow): PlanRow =>
  record(authority, "undo", wayBack(authority, plan), null, plan.planId);

const wayBack = (authority: FakeAuthority, plan: PlanRow): PlanMove[] =>
  plan.moves.flatMap((move, index) => {
    const done = plan.progress[index];
    const row = findShard(authority.state, move);
    if (done?.state !== "done" || row === undefined || row.epoch !== done.epoch) return [];
    const why = `takes back ${move.from.nodeId} to ${move.to.nodeId}`;
    return [{ ...move, from: move.to, to: move.from, epoch: row.epoch, why }];
  });

function record(
  authority: FakeAuthority,
  kind: PlanKind,
  moves: readonly PlanMove[],
  node: string | null,
  undoes: string | null,
  planId = `p_${randomUUID().slice(0, 6)}`,
): PlanRow {
  authority.commit({
    type: "plan-proposed",
    planId,
    kind,
    by: "console",
    node,
    undoes,
    basedOnSeq: authority.state.seq,
    moves,
    spreadBefore: spread(authority, []),
    spreadAfter: spread(authority, moves),
  });
  return planOf(authority, planId);
}

export function planOf(authority: FakeAuthority, planId: string): PlanRow {
  const plan = authority.state.plans.get(planId);
  if (plan === undefined) throw new Error(`No plan ${planId}.`);
  return plan;
}

export function setPlan(authority: FakeAuthority, planId: string, state: PlanRow["state"]): void {
  authority.commit({ type: "plan-state-changed", planId, state, why: null });
}

/** Lets applying plans go on: finishes what arrived, starts what has room. */
export function stepPlans(authority: FakeAuthority): void {
  for (const plan of authority.state.plans.values()) {
    if (plan.state !== "applying" && plan.state !== "paused" && plan.state !== "cancelled")
      continue;
    const events = plan.moves.flatMap((move, index) => stepMove(authority, plan, move, index));
    const moving = plan.progress.filter((it) => it.state === "moving").length;
    if (plan.state === "applying") events.push(...startMoves(authority, plan, inFlight - moving));
    authority.commit(...events);
    const now = planOf(authority, plan.planId);
    if (now.state === "applying" && now.progress.every((it) => isOver(it.state))) {
      setPlan(authority, plan.planId, "done");
    }
  }
}

const isOver = (state: string): boolean => state !== "pending" && state !== "moving";

function stepMove(
  authority: FakeAuthority,
  plan: PlanRow,
  move: PlanMove,
  index: number,
): ClusterEvent[] {
  if (plan.progress[index]?.state !== "moving") return [];
  const row = findShard(authority.state, move);
  if (row?.state !== "hosted") return [];
  const done = ownerOf(row)?.nodeId === move.to.nodeId;
  const { planId } = plan;
  return [
    {
      type: "move-state-changed",
      planId,
      index,
      state: done ? "done" : "failed",
      why: done ? null : "its home changed",
      epoch: row.epoch,
    },
  ];
}

function startMoves(authority: FakeAuthority, plan: PlanRow, room: number): ClusterEvent[] {
  const events: ClusterEvent[] = [];
  plan.moves.forEach((move, index) => {
    if (room <= 0 || plan.progress[index]?.state !== "pending") return;
    const row = findShard(authority.state, move);
    const { planId } = plan;
    if (row?.state !== "hosted" || row.epoch !== move.epoch) {
      events.push({
        type: "move-state-changed",
        planId,
        index,
        state: "skipped",
        why: "its home changed",
        epoch: null,
      });
      return;
    }
    room--;
    events.push(
      { type: "move-state-changed", planId, index, state: "moving", why: null, epoch: null },
      {
        type: "handoff-began",
        group: move.group,
        shard: move.shard,
        handoffId: `h_${planId.slice(2)}_${index}`,
        nodeId: row.owner.nodeId,
        epoch: row.epoch,
        to: move.to,
        planId,
      },
    );
  });
  return events;
}

function movesOf(authority: FakeAuthority, request: FakePlanRequest): PlanMove[] {
  const rows = authority.state.shards.get("default") ?? [];
  const move = (shard: number, to: string, why: string): PlanMove[] => {
    const row = rows[shard];
    const owner = row === undefined ? null : ownerOf(row);
    const target = authority.state.nodes.get(to);
    if (row === undefined || owner === null || target === undefined || owner.nodeId === to)
      return [];
    const { nodeId, incarnation } = target;
    return [
      { group: "default", shard, from: owner, to: { nodeId, incarnation }, epoch: row.epoch, why },
    ];
  };
  if (request.kind === "move") {
    return request.moves.flatMap((it) => move(it.shard, it.to, "asked for by an operator"));
  }
  if (request.kind === "undo") return wayBack(authority, planOf(authority, request.planId));
  const {
    cordon = [],
    weights = {},
    maxMoves = rows.length,
  } = request.kind === "rebalance" ? (request.whatIf ?? {}) : {};
  const counts = new Map(
    authority
      .candidates()
      .filter(({ nodeId }) => !cordon.includes(nodeId))
      .map((it) => [it.nodeId, it.owned / (weights[it.nodeId] ?? 1)]),
  );
  const give = (shard: number, why: string): PlanMove[] => {
    const [to] = [...counts].sort((a, b) => a[1] - b[1]);
    if (to === undefined) return [];
    counts.set(to[0], to[1] + 1 / (weights[to[0]] ?? 1));
    return move(shard, to[0], why);
  };
  if (request.kind === "drain") {
    counts.delete(request.node);
    return rows.flatMap((row, shard) =>
      ownerOf(row)?.nodeId === request.node ? give(shard, `${request.node} is being emptied`) : [],
    );
  }
  const mean = rows.length / Math.max(1, counts.size);
  const moves = rows.flatMap((row, shard) => {
    const owner = ownerOf(row)?.nodeId ?? "";
    const has = counts.get(owner) ?? 0;
    if (has <= Math.ceil(mean)) return [];
    const [least] = [...counts].sort((a, b) => a[1] - b[1]);
    if (least === undefined || least[1] + 1 >= has) return [];
    counts.set(owner, has - 1 / (weights[owner] ?? 1));
    return give(
      shard,
      `${owner} has ${has} shards, ${least[0]} has ${least[1]}; the mean is ${mean.toFixed(1)}`,
    );
  });
  return moves.slice(0, maxMoves);
}

function spread(authority: FakeAuthority, moves: readonly PlanMove[]): number {
  const counts = new Map(authority.candidates().map((it) => [it.nodeId, it.owned]));
  for (const move of moves) {
    counts.set(move.from.nodeId, (counts.get(move.from.nodeId) ?? 0) - 1);
    counts.set(move.to.nodeId, (counts.get(move.to.nodeId) ?? 0) + 1);
  }
  const values = [...counts.values()];
  const mean = values.reduce((sum, it) => sum + it, 0) / Math.max(1, values.length);
  return Math.sqrt(
    values.reduce((sum, it) => sum + (it - mean) ** 2, 0) / Math.max(1, values.length),
  );
}
