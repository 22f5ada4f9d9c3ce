import type { ClusterState } from "./cluster.ts";
import { emptyBalance } from "./coordinator/balance.ts";
import { recoverClaims } from "./coordinator/claims.ts";
import { control } from "./coordinator/control.ts";
import { evictAndRestore, stopped } from "./coordinator/eviction.ts";
import { acked, handoffFailed, hosted, hostRefused, released } from "./coordinator/handoff.ts";
import { hearLoads } from "./coordinator/loads.ts";
import { allocate, joinNode, loseNode } from "./coordinator/nodes.ts";
import type { CoordinatorOptions } from "./coordinator/options.ts";
import { drivePlans, rebalanceWhenDue } from "./coordinator/plans.ts";
import { beginRebuild, type ClaimMessage, collectClaims } from "./coordinator/rebuild.ts";
import { repeatOrders } from "./coordinator/repeat.ts";
import { type CoordinatorState, Turn, type TurnResult } from "./coordinator/turn.ts";
import { openWork } from "./coordinator/work.ts";
import type { NodeRef } from "./ids.ts";
import type { DeathProof } from "./log.ts";
import type { AdminCommand, ToCoordinator } from "./messages.ts";
import type { Renewing } from "./reach.ts";
import { cleanText } from "./text.ts";

/**
 * The coordinator: decides homes.
 *
 * Intuition: it is a function from what it heard to what shall be written. A batch of inputs becomes
 * one turn: events to commit under the term, death declarations that belong to the same commit, and
 * messages that may leave only once the commit has succeeded. Nothing here waits, sends or writes.
 *
 * State is the cluster as committed plus what may be forgotten (which orders were repeated when, who
 * is connected): a new coordinator starts from the rows alone (`startCoordinator`).
 *
 * Invariants: S2 (epochs only rise: `assign` is the only door), S6 (a handoff begins only on a
 * `hosted` row), "never force" (a shard leaves a node by its release or by its death).
 */
export type CoordinatorInput =
  | { readonly tag: "tick" }
  /** A message of a region; `from` is authenticated by the transport. */
  | { readonly tag: "message"; readonly from: NodeRef; readonly message: ToCoordinator }
  /** The lease of exactly this incarnation has ended, as membership concluded. */
  | {
      readonly tag: "lease-ended";
      readonly node: NodeRef;
      readonly proof: DeathProof;
      readonly renewals: number;
    }
  /** Lives whose lease is alive, whether registered or not: who may still be on the way. */
  | {
      readonly tag: "leases";
      readonly alive: readonly NodeRef[];
      /** Those whose counters move, and whom they cannot reach. @default nobody knows */
      readonly renewing?: readonly Renewing[];
    };

/** After a take-over: the state as loaded under the new term. */
export function startCoordinator(
  cluster: ClusterState,
  self: NodeRef,
  options: CoordinatorOptions,
  nowMs: number,
): CoordinatorState {
  // Cold: nothing was given to anybody yet, or this node itself has not registered, so the cluster may be
  // only just starting. Nodes that are on their way should get their part at once instead of by moves
  // afterwards. A claim that agrees with the rows says otherwise (coordinator/claims.ts).
  const isMember = cluster.nodes.get(self.nodeId)?.incarnation === self.incarnation;
  const isCold = !isMember || !hasOwners(cluster);
  return {
    cluster,
    options,
    electedAtMs: nowMs,
    settling: isCold || options.rebuildAfterMs !== null,
    rebuild: options.rebuildAfterMs === null ? null : beginRebuild,
    alive: [],
    renewing: [],
    work: openWork(cluster, nowMs),
    rebalanceDue: true,
    allocationDue: true,
    balance: emptyBalance,
    previews: [],
    nextId: 1,
  };
}

const hasOwners = (cluster: ClusterState): boolean =>
  [...cluster.shards.values()].some((rows) => rows.some((row) => row.state !== "unallocated"));

/** Steps all waiting inputs together. Pure: the given state stays as it is. */
export function turnCoordinator(
  state: CoordinatorState,
  inputs: readonly CoordinatorInput[],
  nowMs: number,
): TurnResult {
  const turn = new Turn(state, nowMs);
  for (const input of inputs) step(turn, input);
  allocate(turn);
  drivePlans(turn);
  rebalanceWhenDue(turn);
  repeatOrders(turn);
  return turn.finish();
}

function step(turn: Turn, input: CoordinatorInput): void {
  switch (input.tag) {
    case "tick":
      return;
    case "leases":
      turn.alive = input.alive;
      turn.hearReach(input.renewing ?? []);
      return evictAndRestore(turn);
    case "lease-ended":
      return loseNode(turn, input.node, input.proof, input.renewals);
    case "message":
      return receive(turn, input.from, input.message);
    default:
      input satisfies never;
  }
}

type RegisterMessage = Extract<ToCoordinator, { tag: "register-region" }>;

function receive(turn: Turn, from: NodeRef, message: ToCoordinator): void {
  if (message.tag === "register-region") return register(turn, from, message);
  if (message.tag === "admin") return admin(turn, from, message.requestId, message.command);
  if (message.tag === "claim") return claim(turn, from, message);
  // Claims and reports of a life that is not (or no longer) a member say nothing about the present.
  if (!turn.isMember(from)) return turn.unauthorized(from, message.tag);
  switch (message.tag) {
    case "shards-hosted":
      for (const shard of message.shards) hosted(turn, from, shard);
      return;
    case "handoffs-acked":
      for (const handoff of message.handoffs) acked(turn, from, handoff);
      return;
    case "shards-released":
      for (const shard of message.shards) released(turn, from, shard);
      return;
    case "handoffs-failed":
      for (const handoff of message.handoffs)
        handoffFailed(turn, from, handoff, cleanText(handoff.why));
      return;
    case "shards-stopped":
      return stopped(turn, from, message.shards);
    case "host-refused":
      for (const shard of message.shards) hostRefused(turn, from, shard);
      return;
    case "shard-loads":
      return hearLoads(turn, from, message);
    default:
      message satisfies never;
  }
}

function register(turn: Turn, from: NodeRef, message: RegisterMessage): void {
  joinNode(turn, from, message.node, message.groups, message.versions);
}

function claim(turn: Turn, from: NodeRef, message: ClaimMessage): void {
  if (turn.rebuild !== null) collectClaims(turn, from, message);
  else if (turn.isMember(from)) recoverClaims(turn, from, message.claims);
  else turn.unauthorized(from, message.tag);
}

function admin(turn: Turn, from: NodeRef, requestId: string, command: AdminCommand): void {
  const answer = control(turn, { ...command, by: cleanText(command.by) });
  turn.answer(from, requestId, answer);
}

export { defaultCoordinatorOptions } from "./coordinator/options.ts";
export type { CoordinatorOptions, CoordinatorState, TurnResult };
