import fc from "fast-check";
import { applyEntries, type ClusterState, ownerOf } from "../../core/cluster.ts";
import type { NodeRef, ShardRef } from "../../core/ids.ts";
import type {
  CarriedState,
  ClusterEvent,
  LogEntry,
  PlanMove,
  StrategyName,
} from "../../core/log.ts";

/**
 * Histories that a coordinator could have written, for properties over the log: each event is one
 * that makes sense after those before it, and the choice among them is fast-check's.
 */

/** Decides one event: which kind, and where it may choose, what. */
interface Pick {
  readonly kind: number;
  readonly a: number;
  readonly b: number;
  readonly uuid: string;
  readonly text: string;
  readonly number: number;
}

const pick: fc.Arbitrary<Pick> = fc.record({
  kind: fc.nat(1_000),
  a: fc.nat(1_000),
  b: fc.nat(1_000),
  uuid: fc.uuid(),
  text: fc.string({ unit: "grapheme", maxLength: 12 }).filter((text) => !text.includes("\0")),
  number: fc.double({ min: 0, max: 1e6, noNaN: true }).map((value) => value + 0),
});

/** Batches, as commits would carry them. */
export const clusterHistory: fc.Arbitrary<readonly (readonly Pick[])[]> = fc.array(
  fc.array(pick, { minLength: 1, maxLength: 12 }),
  { minLength: 1, maxLength: 12 },
);

export interface Batch {
  readonly events: readonly ClusterEvent[];
  /** The state after them. */
  readonly next: ClusterState;
}

/** The batch that the picks make of a state. */
export function batchAfter(state: ClusterState, picks: readonly Pick[]): Batch {
  const events: ClusterEvent[] = [];
  let next = state;
  for (const chosen of picks) {
    const event = eventAfter(next, chosen);
    if (event === null) continue;
    events.push(event);
    next = stateAfter(next, [event]);
  }
  return { events, next };
}

/** The state after events whose entries do not exist yet: `at` is no part of it. */
export function stateAfter(state: ClusterState, events: readonly ClusterEvent[]): ClusterState {
  const entries = events.map(
    (event, i): LogEntry => ({ ...event, seq: state.seq + i + 1, at: "", term: state.term }),
  );
  return applyEntries(state, entries);
}

/** Falls through to the next kind that is possible, so that few picks are wasted. */
function eventAfter(state: ClusterState, chosen: Pick): ClusterEvent | null {
  for (let offset = 0; offset < kinds.length; offset += 1) {
    const make = kinds[(chosen.kind + offset) % kinds.length];
    const event = make?.(state, chosen) ?? null;
    if (event !== null) return event;
  }
  return null;
}

type Make = (state: ClusterState, pick: Pick) => ClusterEvent | null;

const oneOf = <T>(items: Iterable<T>, index: number): T | undefined => {
  const list = [...items];
  return list[index % Math.max(1, list.length)];
};

const anyShard = (state: ClusterState, { a, b }: Pick): ShardRef | undefined => {
  const entry = oneOf(state.shards, a);
  return entry && { group: entry[0], shard: b % entry[1].length };
};

const rowOf = (state: ClusterState, { group, shard }: ShardRef) => {
  const row = state.shards.get(group)?.[shard];
  if (row === undefined) throw new Error(`No shard ${group}/${shard}.`);
  return row;
};

const anyNode = (state: ClusterState, index: number): NodeRef | undefined => {
  const row = oneOf(state.nodes.values(), index);
  return row && { nodeId: row.nodeId, incarnation: row.incarnation };
};

/** An event about a shard that is in one of these states. */
const onShard =
  (
    states: readonly string[],
    make: (state: ClusterState, ref: ShardRef, pick: Pick) => ClusterEvent | null,
  ): Make =>
  (state, chosen) => {
    const ref = anyShard(state, chosen);
    if (ref === undefined || !states.includes(rowOf(state, ref).state)) return null;
    return make(state, ref, chosen);
  };

const onNode =
  (type: "node-draining" | "node-drained" | "node-restored"): Make =>
  (state, { a }) => {
    const node = anyNode(state, a);
    // A life that has ended takes no part any more.
    if (node === undefined || state.nodes.get(node.nodeId)?.state === "dead") return null;
    return { type, ...node };
  };

const strategies: readonly StrategyName[] = ["least-loaded", "rendezvous", "load"];
const all = ["unallocated", "starting", "hosted", "handing-off"];

const createGroup: Make = (state, { a, text }) =>
  state.groups.size >= 3
    ? null
    : {
        type: "group-created",
        group: `${state.groups.size}${text}`,
        shards: 1 + (a % 5),
        strategy: strategies[a % strategies.length] ?? "least-loaded",
        ...(a % 3 === 0 ? { workers: 1 + (a % 5) } : {}),
      };

const scaleGroup: Make = (state, { a, b }) => {
  const [group, spec] = oneOf(state.groups, a) ?? [];
  if (group === undefined || spec?.workers === undefined || spec.shards > 20) return null;
  const workers = b % (spec.shards + 3);
  return { type: "group-scaled", group, workers, added: Math.max(0, workers - spec.shards) };
};

const joinNode: Make = (_state, { a, uuid, text, number }) => ({
  type: "node-joined",
  nodeId: `node-${a % 4}`,
  incarnation: uuid,
  address: `http://127.0.0.1:${a}`,
  zone: text,
  weight: number,
  labels: a % 3 === 0 ? {} : { [text]: uuid, role: text },
  ...(a % 5 === 0 ? {} : { groups: a % 5 === 1 ? [] : ["default", `daemon:${text}`] }),
});

const kill: Make = (state, { a, b, uuid }) => {
  const node = anyNode(state, a);
  if (node === undefined) return null;
  // Now and then the death of a life that is not the latest one.
  const incarnation = b % 4 === 0 ? uuid : node.incarnation;
  return { type: "node-dead", nodeId: node.nodeId, incarnation, proof: "watched" };
};

const cordon: Make = (state, { a, b }) => {
  const node = anyNode(state, a);
  const type = b % 3 === 0 ? "node-uncordoned" : "node-cordoned";
  return node ? { type, nodeId: node.nodeId } : null;
};

const assign = onShard(all, (state, ref, { a, uuid, text, number }) => {
  const node = anyNode(state, a);
  if (node === undefined) return null;
  const row = rowOf(state, ref);
  const carried: CarriedState | null =
    row.state === "handing-off"
      ? { handoffId: row.handoff.id, from: row.owner, digest: text, size: Math.floor(number) }
      : null;
  const cause = row.state === "handing-off" ? "handoff" : "allocated";
  const epoch = row.epoch + 1 + (Number.parseInt(uuid.slice(0, 1), 16) % 3);
  return { type: "shard-assigned", ...ref, ...node, epoch, cause, carried };
});

const host = onShard(["starting"], (state, ref) => {
  const row = rowOf(state, ref);
  const owner = ownerOf(row);
  return owner && { type: "shard-hosted", ...ref, ...owner, epoch: row.epoch };
});

const beginHandoff = onShard(["hosted"], (state, ref, { a, b, uuid }) => {
  const row = rowOf(state, ref);
  const owner = ownerOf(row);
  const to = anyNode(state, a);
  if (owner === null || to === undefined || to.incarnation === owner.incarnation) return null;
  const planId = b % 2 === 0 ? (oneOf(state.plans.keys(), b) ?? null) : null;
  const { nodeId } = owner;
  return { type: "handoff-began", ...ref, handoffId: uuid, nodeId, epoch: row.epoch, to, planId };
});

const proposePlan: Make = (state, chosen) => {
  const { a, b, uuid, text, number } = chosen;
  const node = anyNode(state, a);
  const to = anyNode(state, b);
  const ref = anyShard(state, chosen);
  if (node === undefined || to === undefined || ref === undefined) return null;
  const move: PlanMove = { ...ref, from: node, to, epoch: rowOf(state, ref).epoch, why: text };
  return {
    type: "plan-proposed",
    planId: uuid,
    kind: a % 2 === 0 ? "drain" : "rebalance",
    by: text,
    node: a % 2 === 0 ? node.nodeId : null,
    undoes: b % 5 === 0 ? uuid : null,
    basedOnSeq: state.seq,
    moves: Array.from({ length: b % 3 }, (_, i) => ({ ...move, epoch: move.epoch + i })),
    spreadBefore: number,
    spreadAfter: number / 3,
  };
};

const changePlan: Make = (state, { a, b, text }) => {
  const plan = oneOf(state.plans.values(), a);
  const next = oneOf(["applying", "paused", "done", "cancelled", "stale", "failed"] as const, b);
  if (plan === undefined || next === undefined) return null;
  const why = b % 2 === 0 ? text : null;
  return { type: "plan-state-changed", planId: plan.planId, state: next, why };
};

const changeMove: Make = (state, { a, b, text }) => {
  const plan = oneOf(state.plans.values(), a);
  const next = oneOf(["moving", "done", "failed", "skipped"] as const, b);
  if (plan === undefined || next === undefined || plan.moves.length === 0) return null;
  const index = b % plan.moves.length;
  const why = b % 2 === 0 ? text : null;
  const epoch = next === "done" ? b : null;
  return { type: "move-state-changed", planId: plan.planId, index, state: next, why, epoch };
};

const vacate = onShard(all, (state, ref, { text }) => {
  return { type: "shard-vacated", ...ref, epoch: rowOf(state, ref).epoch, why: text };
});

const pin = onShard(all, (_state, ref, { kind }) => {
  return { type: kind % 2 === 0 ? "shard-pinned" : "shard-unpinned", ...ref };
});

const kinds: readonly Make[] = [
  createGroup,
  scaleGroup,
  joinNode,
  onNode("node-draining"),
  onNode("node-drained"),
  onNode("node-restored"),
  kill,
  cordon,
  assign,
  assign,
  host,
  host,
  beginHandoff,
  beginHandoff,
  assign,
  vacate,
  pin,
  proposePlan,
  changePlan,
  changeMove,
];
