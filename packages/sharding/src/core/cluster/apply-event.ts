import type { ClusterDraft } from "../cluster.ts";
import { type NodeRef, type ShardRef, sameNode } from "../ids.ts";
import type { ClusterEvent, PlanProposal } from "../log.ts";
import {
  type GroupRow,
  LogMismatchError,
  type NodeState,
  type PlanRow,
  type ShardRow,
} from "./state.ts";

/**
 * What each event does to the state.
 *
 * An event that does not fit its row is refused, not folded: the coordinator applies its own events
 * before it commits them, so a decision that would break S2 or S6 ends its term instead of reaching the
 * log; and a copy that has parted from the log must not go on as if it had not (S7).
 */
export function applyEvent(draft: ClusterDraft, event: ClusterEvent): void {
  switch (event.type) {
    case "coordinator-elected":
      draft.coordinator = { nodeId: event.nodeId, incarnation: event.incarnation };
      return;
    case "group-created":
      draft.createGroup(event.group, groupRowOf(event));
      return;
    case "group-scaled":
      draft.scaleGroup(event.group, event.workers, event.added);
      return;
    case "node-joined":
    case "node-draining":
    case "node-drained":
    case "node-restored":
    case "node-dead":
    case "node-evicted":
    case "node-cordoned":
    case "node-uncordoned":
      applyNode(draft, event);
      return;
    case "shard-assigned":
    case "shard-hosted":
    case "shard-vacated":
    case "handoff-began":
    case "shard-pinned":
    case "shard-unpinned":
      draft.setRow(event, nextShard(draft.row(event), event));
      return;
    case "plan-proposed":
    case "plan-state-changed":
    case "move-state-changed":
      applyPlan(draft, event);
      return;
    default:
      event satisfies never;
  }
}

const groupRowOf = (event: Extract<ClusterEvent, { type: "group-created" }>): GroupRow => {
  const { shards, strategy, workers } = event;
  return workers === undefined ? { shards, strategy } : { shards, strategy, workers };
};

type NodeEvent = Extract<ClusterEvent, { type: `node-${string}` }>;
type ShardEvent = Extract<ClusterEvent, { type: `shard-${string}` | "handoff-began" }>;
type PlanEvent = Extract<ClusterEvent, { type: `plan-${string}` | "move-state-changed" }>;

const stateAfter = {
  "node-draining": "draining",
  "node-drained": "drained",
  "node-restored": "up",
  "node-dead": "dead",
  "node-evicted": "evicted",
} as const satisfies Record<string, NodeState>;

function applyNode(draft: ClusterDraft, event: NodeEvent): void {
  if (event.type === "node-joined") {
    const { nodeId, incarnation, address, zone, weight, labels, groups } = event;
    // A cordon is the operator's word about the node, not about one life of it: it outlives a restart.
    const cordoned = draft.nodes.get(nodeId)?.cordoned ?? false;
    const row = {
      nodeId,
      incarnation,
      address,
      zone,
      weight,
      labels,
      cordoned,
      state: "up",
    } as const;
    draft.setNode(groups === undefined ? row : { ...row, groups });
    return;
  }
  const row = draft.node(event.nodeId);
  if (event.type === "node-cordoned" || event.type === "node-uncordoned") {
    draft.setNode({ ...row, cordoned: event.type === "node-cordoned" });
    return;
  }
  // What is said of an earlier life changes nothing about the present one.
  if (row.incarnation !== event.incarnation) return;
  const state = stateAfter[event.type];
  // Its shards have new homes: a life that came back would be a second one (S1).
  if (row.state === "dead" && state !== "dead") {
    throw new LogMismatchError(`${event.type}: node "${row.nodeId}" is dead.`);
  }
  draft.setNode({ ...row, state });
}

function nextShard(row: ShardRow, event: ShardEvent): ShardRow {
  const { epoch, pinned } = row;
  switch (event.type) {
    case "shard-assigned": {
      if (event.epoch <= epoch) throw misfit(row, event);
      const owner = { nodeId: event.nodeId, incarnation: event.incarnation };
      return { state: "starting", epoch: event.epoch, pinned, owner, carried: event.carried };
    }
    case "shard-hosted": {
      if (row.state !== "starting" || !isAbout(row, event) || !sameNode(row.owner, event)) {
        throw misfit(row, event);
      }
      return { state: "hosted", epoch, pinned, owner: row.owner };
    }
    case "shard-vacated":
      if (event.epoch !== epoch) throw misfit(row, event);
      return { state: "unallocated", epoch, pinned };
    case "handoff-began": {
      if (row.state !== "hosted" || !isAbout(row, event)) throw misfit(row, event);
      const handoff = { id: event.handoffId, to: event.to, planId: event.planId };
      return { state: "handing-off", epoch, pinned, owner: row.owner, handoff };
    }
    case "shard-pinned":
      return { ...row, pinned: true };
    case "shard-unpinned":
      return { ...row, pinned: false };
    default:
      return event satisfies never;
  }
}

/** Whether an event speaks of the row's home and epoch. */
const isAbout = (
  row: Extract<ShardRow, { owner: NodeRef }>,
  event: { readonly nodeId: string; readonly epoch: number },
): boolean => row.epoch === event.epoch && row.owner.nodeId === event.nodeId;

const misfit = (row: ShardRow, event: ShardRef & { type: string; epoch: number }): Error =>
  new LogMismatchError(
    `${event.type} at epoch ${event.epoch} does not fit shard ${event.group}/${event.shard}, which is ${row.state} at epoch ${row.epoch}.`,
  );

function applyPlan(draft: ClusterDraft, event: PlanEvent): void {
  if (event.type === "plan-proposed") {
    if (draft.plans.has(event.planId)) {
      throw new LogMismatchError(`There is a plan "${event.planId}" already.`);
    }
    draft.setPlan(proposedPlan(event));
    return;
  }
  const plan = draft.plan(event.planId);
  if (event.type === "plan-state-changed") {
    draft.setPlan({ ...plan, state: event.state, why: event.why });
    return;
  }
  if (plan.progress[event.index] === undefined) {
    throw new LogMismatchError(`Plan "${event.planId}" has no move ${event.index}.`);
  }
  const progress = plan.progress.slice();
  progress[event.index] = { state: event.state, why: event.why, epoch: event.epoch };
  draft.setPlan({ ...plan, progress });
}

function proposedPlan(event: PlanProposal): PlanRow {
  const { planId, kind, by, node, undoes, basedOnSeq, moves, spreadBefore, spreadAfter } = event;
  const progress = moves.map(() => ({ state: "pending", why: null, epoch: null }) as const);
  return {
    ...{ planId, kind, by, node, undoes, basedOnSeq, moves, spreadBefore, spreadAfter },
    ...{ state: "proposed", why: null, progress },
  };
}
