import { isOwnCopy } from "./claims.ts";
import { type Epoch, type NodeRef, type ShardRef, sameNode } from "./ids.ts";
import type { CarriedState, LogEntry } from "./log.ts";
import type {
  HandoffOrder,
  HandoffRef,
  HostOrder,
  Released,
  ShardGrant,
  Stopped,
} from "./messages.ts";
import { RegionDraft } from "./region/draft.ts";

/**
 * A node's half of the protocol: which shards it holds, under which epoch, and in which phase.
 *
 * ```
 *   (none) --order--> serving --begin--> copying --copied--> draining --captured--> sending --taken--> released
 *                        ^                  |                   |                      |                  |
 *                        +---------- order at epoch + 1 (the handoff was given up) -----------------------+
 * ```
 * `copying` serves like `serving`: what can be sent ahead is not sent in the pause.
 *
 * Intuition: orders come from the log; messages only repeat them. So each may arrive twice or late,
 * and the rule against all of that is one number: a shard is started only under an epoch higher than
 * any that this life has seen for it (`highest`).
 *
 * Boundary: no executor, no socket, no clock. What shall happen is returned as effects, in order.
 *
 * What cannot be served here (a daemon's worker that is stuck) is given up: it is let go of, said, and not started
 * again under that epoch.
 *
 * A region whose life was evicted lets go of everything, says so for each shard, and starts nothing until
 * the log says that it takes part again.
 *
 * One file, because the diagram above is one transition table, and a row of it is judged beside the others.
 *
 * Invariants: S1 (a second home exists only after `released` or `shards-stopped`), S2.
 */
export interface RegionState {
  readonly self: NodeRef;
  readonly held: ReadonlyMap<string, HeldShard>;
  /** Per shard, the highest epoch that was hosted, released or refused here. */
  readonly highest: ReadonlyMap<string, Epoch>;
  /** Handoffs whose state has arrived here whole, and for which shard at which source epoch. */
  readonly arrived: ReadonlyMap<string, ShardGrant>;
  /** The log says that this life is evicted. */
  readonly isEvicted: boolean;
}

export type HeldShard = ShardGrant & HeldPhase;

export type HeldPhase =
  | { readonly phase: "serving" }
  /** It serves on, while its state is sent ahead. */
  | { readonly phase: "copying"; readonly handoffId: string; readonly to: NodeRef }
  | { readonly phase: "draining"; readonly handoffId: string; readonly to: NodeRef }
  | ({ readonly phase: "sending"; readonly handoffId: string; readonly to: NodeRef } & Captured)
  /** The coordinator knows that we stopped; the copy is kept until the target serves. */
  | ({ readonly phase: "frozen"; readonly handoffId: string; readonly to: NodeRef } & Captured);

export interface Captured {
  readonly digest: string;
  readonly size: number;
}

export type RegionInput =
  | { readonly tag: "entry"; readonly entry: LogEntry }
  | { readonly tag: "host"; readonly order: HostOrder }
  | { readonly tag: "begin"; readonly order: Pick<HandoffOrder, "to"> & HandoffRef }
  | { readonly tag: "stop"; readonly grant: ShardGrant }
  /** How this life stands by the rows, where the entries were not seen. */
  | { readonly tag: "standing"; readonly isEvicted: boolean }
  /** What can be sent ahead is at the target. */
  | ({ readonly tag: "copied" } & HandoffRef)
  | ({ readonly tag: "captured" } & HandoffRef & Captured)
  | ({ readonly tag: "capture-failed"; readonly why: string } & HandoffRef)
  /** What is served here under this epoch cannot go on. */
  | ({ readonly tag: "give-up"; readonly why: string } & ShardGrant)
  /** The target holds the state whole. */
  | { readonly tag: "taken"; readonly handoffId: string; readonly from: NodeRef }
  | ({ readonly tag: "arrived" } & HandoffRef);

export type RegionEffect =
  /** Start serving; `handoffId` names the arrived state to start from. */
  | ({ readonly tag: "open"; readonly handoffId: string | null } & ShardGrant)
  /** Go on with what is here, under a new epoch. */
  | ({ readonly tag: "reopen" } & ShardGrant)
  | ({ readonly tag: "copy" } & HandoffRef)
  | ({ readonly tag: "drain" } & HandoffRef)
  | ({ readonly tag: "drop" } & ShardGrant)
  | ({ readonly tag: "transfer"; readonly to: NodeRef } & HandoffRef)
  /** The copy of this handoff, sent or arrived, is needed no more. */
  | { readonly tag: "forget"; readonly handoffId: string }
  | { readonly tag: "report"; readonly report: RegionReport };

export type RegionReport =
  | { readonly tag: "shards-hosted"; readonly item: ShardGrant }
  | { readonly tag: "handoffs-acked"; readonly item: HandoffRef }
  | { readonly tag: "shards-released"; readonly item: Released }
  | { readonly tag: "handoffs-failed"; readonly item: HandoffRef & { readonly why: string } }
  | { readonly tag: "shards-stopped"; readonly item: Stopped }
  | { readonly tag: "host-refused"; readonly item: ShardGrant & { readonly why: string } };

export interface RegionTurn {
  readonly state: RegionState;
  readonly effects: readonly RegionEffect[];
}

export const emptyRegion = (self: NodeRef): RegionState => ({
  self,
  held: new Map(),
  highest: new Map(),
  arrived: new Map(),
  isEvicted: false,
});

/** Steps all waiting inputs together. Pure: the given state stays as it is. */
export function turnRegion(state: RegionState, inputs: readonly RegionInput[]): RegionTurn {
  const draft = new RegionDraft(state);
  for (const input of inputs) step(draft, input);
  return { state: draft.freeze(), effects: draft.effects };
}

function step(draft: RegionDraft, input: RegionInput): void {
  switch (input.tag) {
    case "entry":
      return followLog(draft, input.entry);
    case "host":
      return host(draft, input.order);
    case "begin":
      return begin(draft, input.order);
    case "stop":
      return stop(draft, input.grant);
    case "standing":
      return stand(draft, input.isEvicted);
    case "copied":
      return copied(draft, input);
    case "captured":
      return captured(draft, input, input);
    case "capture-failed":
      return captureFailed(draft, input, input.why);
    case "give-up":
      return giveUp(draft, input, input.why);
    case "taken":
      return taken(draft, input.handoffId, input.from);
    case "arrived":
      return arrived(draft, input);
    default:
      input satisfies never;
  }
}

/** What the log says about a shard is an order to its home, and an end for everybody else. */
function followLog(draft: RegionDraft, entry: LogEntry): void {
  switch (entry.type) {
    case "shard-assigned":
      if (sameNode(entry, draft.self)) return host(draft, entry);
      return supersede(draft, entry, entry.epoch, entry.carried);
    case "shard-hosted":
      return release(draft, entry, entry.epoch);
    case "shard-vacated":
      return release(draft, entry, entry.epoch + 1);
    case "handoff-began":
      if (entry.nodeId === draft.self.nodeId) begin(draft, entry);
      return;
    case "node-evicted":
    case "node-restored":
      if (sameNode(entry, draft.self)) stand(draft, entry.type === "node-evicted");
      return;
    default:
      return;
  }
}

/** Evicted: whatever may serve is let go. A frozen copy serves nothing, and may yet be asked for. */
function stand(draft: RegionDraft, isEvicted: boolean): void {
  if (isEvicted === draft.isEvicted) return;
  draft.isEvicted = isEvicted;
  if (!isEvicted) return;
  for (const held of draft.allHeld()) {
    if (held.phase === "frozen") continue;
    draft.drop(held);
    draft.report("shards-stopped", grantOf(held));
  }
}

function host(draft: RegionDraft, order: HostOrder): void {
  const held = draft.find(order);
  const highest = draft.highestOf(order);
  if (order.epoch <= highest) {
    if (order.epoch === highest) answerAgain(draft, order, held);
    // A late order, to which the answer is ignored; or a log that has lost its end, and asks until it hears it.
    else if (held === undefined) refuse(draft, order, `epoch ${highest} has been seen here`);
    return;
  }
  draft.raise(order, order.epoch);
  if (draft.isEvicted) {
    if (held !== undefined) draft.drop(held);
    draft.report("shards-stopped", grantOf(order));
  } else if (held !== undefined && goesOn(held, order, draft.self)) {
    if (held.phase !== "serving") draft.effects.push({ tag: "forget", handoffId: held.handoffId });
    draft.serve(order);
    draft.effects.push({ tag: "reopen", ...grantOf(order) });
    draft.report("shards-hosted", grantOf(order));
  } else {
    if (held !== undefined) draft.drop(held);
    start(draft, order);
  }
  draft.forgetArrived(order, order.epoch);
}

/**
 * An order that was answered: the answer may have been lost, and the coordinator asks until it has one.
 * Where its row has moved on it ignores what it gets.
 */
function answerAgain(draft: RegionDraft, order: HostOrder, held: HeldShard | undefined): void {
  if (draft.isEvicted) draft.report("shards-stopped", grantOf(order));
  else if (held?.phase === "serving") draft.report("shards-hosted", grantOf(held));
  else if (held === undefined) refuse(draft, order, "it is not held here any more");
}

function start(draft: RegionDraft, order: HostOrder): void {
  const handoffId = order.carried?.handoffId ?? null;
  if (handoffId !== null && !draft.hasArrived(handoffId)) {
    // The source reported its release only after we had said that all of it was here.
    refuse(draft, order, `the state of handoff ${handoffId} is not here`);
    return;
  }
  draft.serve(order);
  draft.effects.push({ tag: "open", ...grantOf(order), handoffId });
  if (handoffId !== null) draft.consume(handoffId);
  draft.report("shards-hosted", grantOf(order));
}

const refuse = (draft: RegionDraft, order: HostOrder, why: string): void =>
  draft.report("host-refused", { ...grantOf(order), why });

/**
 * Whether what is held here is the shard's latest state: nobody served it in between, because no
 * epoch lies in between, or because the order says that the target never got to serve.
 */
function goesOn(held: HeldShard, order: HostOrder, self: NodeRef): boolean {
  if (order.epoch === held.epoch + 1 && order.carried === null) return true;
  const { carried } = order;
  if (carried === null) return false;
  // The map was rebuilt from claims, and ours was the highest.
  if (isOwnCopy(carried, self)) return true;
  if (held.phase === "serving" || held.phase === "copying") return false;
  return carried.handoffId === held.handoffId && sameNode(carried.from, self);
}

function begin(draft: RegionDraft, order: Pick<HandoffOrder, "to"> & HandoffRef): void {
  const held = draft.find(order);
  if (held === undefined || held.epoch !== order.epoch) return;
  const { group, shard, epoch, handoffId, to } = order;
  const ref = { group, shard, epoch, handoffId };
  if (held.phase === "serving") {
    draft.hold({ group, shard, epoch, phase: "copying", handoffId, to });
    draft.effects.push({ tag: "copy", ...ref });
    draft.report("handoffs-acked", ref);
    return;
  }
  if (held.handoffId !== handoffId) return;
  if (held.phase === "frozen") draft.report("shards-released", releasedOf(held));
  else draft.report("handoffs-acked", ref);
}

/** The coordinator says that our claim is older than the row. */
function stop(draft: RegionDraft, grant: ShardGrant): void {
  const held = draft.find(grant);
  draft.raise(grant, grant.epoch);
  if (held !== undefined && held.epoch <= grant.epoch) draft.drop(held);
}

function copied(draft: RegionDraft, ref: HandoffRef): void {
  const held = draft.find(ref);
  if (held?.phase !== "copying" || held.handoffId !== ref.handoffId) return;
  const { group, shard, epoch, handoffId } = held;
  draft.hold({ ...held, phase: "draining" });
  draft.effects.push({ tag: "drain", group, shard, epoch, handoffId });
}

function captured(draft: RegionDraft, ref: HandoffRef, state: Captured): void {
  const held = draft.find(ref);
  if (held?.phase !== "draining" || held.handoffId !== ref.handoffId) {
    // The handoff was given up meanwhile, and nobody else will ask for what was captured.
    const isKept =
      held !== undefined && held.phase !== "serving" && held.handoffId === ref.handoffId;
    if (!isKept) draft.effects.push({ tag: "forget", handoffId: ref.handoffId });
    return;
  }
  const { group, shard, epoch, handoffId, to } = held;
  const { digest, size } = state;
  if (size === 0) {
    freeze(draft, { group, shard, epoch, phase: "sending", handoffId, to, digest, size });
    return;
  }
  draft.hold({ group, shard, epoch, phase: "sending", handoffId, to, digest, size });
  draft.effects.push({ tag: "transfer", group, shard, epoch, handoffId, to });
}

function captureFailed(draft: RegionDraft, ref: HandoffRef, why: string): void {
  const held = draft.find(ref);
  if (held?.phase !== "copying" && held?.phase !== "draining") return;
  if (held.handoffId !== ref.handoffId) return;
  draft.effects.push({ tag: "forget", handoffId: ref.handoffId });
  // The executor serves on; the coordinator confirms that under a new epoch.
  draft.serve(held);
  const { group, shard, epoch, handoffId } = held;
  draft.report("handoffs-failed", { group, shard, epoch, handoffId, why });
}

function giveUp(draft: RegionDraft, grant: ShardGrant, why: string): void {
  const held = draft.find(grant);
  // A handoff is under way, which takes it from here anyhow; or it has another home or epoch by now.
  if (held?.phase !== "serving" || held.epoch !== grant.epoch) return;
  draft.drop(held);
  draft.report("shards-stopped", { ...grantOf(held), why });
}

function taken(draft: RegionDraft, handoffId: string, from: NodeRef): void {
  const held = draft.findHandoff(handoffId);
  if (held?.phase === "sending" && sameNode(held.to, from)) freeze(draft, held);
}

function freeze(draft: RegionDraft, held: Extract<HeldShard, { phase: "sending" }>): void {
  const frozen = { ...held, phase: "frozen" } as const;
  draft.hold(frozen);
  draft.report("shards-released", releasedOf(frozen));
}

function arrived(draft: RegionDraft, ref: HandoffRef): void {
  // State for an assignment that is already behind us will never be asked for.
  if (ref.epoch < draft.highestOf(ref))
    draft.effects.push({ tag: "forget", handoffId: ref.handoffId });
  else draft.arrive(ref);
}

/** Somebody else is the home now. A frozen copy stays until that home serves. */
function supersede(
  draft: RegionDraft,
  ref: ShardRef,
  epoch: Epoch,
  carried: CarriedState | null,
): void {
  draft.raise(ref, epoch);
  const held = draft.find(ref);
  if (held !== undefined && held.epoch < epoch) {
    const keeps = held.phase === "frozen" && carried?.handoffId === held.handoffId;
    if (!keeps) draft.drop(held);
  }
  draft.forgetArrived(ref, epoch);
}

/** Somebody serves the shard under this epoch: older copies are over. */
function release(draft: RegionDraft, ref: ShardRef, epoch: Epoch): void {
  const held = draft.find(ref);
  if (held !== undefined && held.epoch < epoch) draft.drop(held);
}

const grantOf = ({ group, shard, epoch }: ShardGrant): ShardGrant => ({ group, shard, epoch });

const releasedOf = (held: Extract<HeldShard, { phase: "frozen" }>): Released => {
  const { group, shard, epoch, handoffId, digest, size } = held;
  return { group, shard, epoch, handoffId, digest, size };
};
