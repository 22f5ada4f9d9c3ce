import {
  type NodeRef,
  ownerOf,
  type Seq,
  type ShardBelief,
  type ShardRow,
  sameNode,
} from "@leasehold/sharding/observe";

/**
 * Belief against authority, for one shard and one node.
 *
 * Intuition: Postgres says who owns the shard, a node says what it does with it, and both arrive here
 * with a delay of their own. A difference is only named once the node has spoken after this console
 * saw the authority change: before that, both may be right.
 */
export type DivergenceClass =
  /** Node and Postgres say the same. */
  | "agree"
  /** Postgres gave it the shard and the node does not know yet. */
  | "unaware"
  /** It names a right that has run out, and does not serve. */
  | "stale-idle"
  /** It serves what it no longer owns. */
  | "stale-serving"
  /** Two nodes serve it. */
  | "dual"
  /** Nobody serves it. */
  | "orphan"
  /** Its lease is counted differently here and there. */
  | "skew"
  /** Not observed: the node has not been heard. */
  | "unknown";

/** What is known about a node when one of its shards is judged. */
export interface ObservedNode extends NodeRef {
  readonly heardMsAgo: number;
  readonly leaseLost: boolean;
  /** How far its copy of the log has come. */
  readonly seq: Seq;
}

export interface ShardCase {
  readonly row: ShardRow;
  /** Since this console saw the row change. */
  readonly changedMsAgo: number;
  readonly authoritySeq: Seq;
  /** Null: the node was never heard. */
  readonly node: ObservedNode | null;
  readonly belief: ShardBelief | undefined;
  /** Some other node, heard lately, serves the shard too. */
  readonly servedElsewhere: boolean;
}

/** A node that is silent for longer is not observed. @unit milliseconds */
export const silentAfterMs = 3000;
/** How long a node may take to act on a commit before it counts. @unit milliseconds */
export const graceMs = 1500;
/** A frame that left the node within this time of the change may be older than it. @unit milliseconds */
export const settleMs = 250;

/** The class of one node's belief about one shard. */
export function classify(input: ShardCase): DivergenceClass {
  const owner = ownerOf(input.row);
  const { node } = input;
  if (node === null || node.heardMsAgo > silentAfterMs) return "unknown";
  if (owner === null || owner.nodeId !== node.nodeId) return classifyOther(input, node);
  return classifyOwner(input, node, owner);
}

function classifyOwner(input: ShardCase, node: ObservedNode, owner: NodeRef): DivergenceClass {
  const { row, belief } = input;
  // The life that Postgres names has ended: what runs now is another one.
  if (node.leaseLost || !sameNode(owner, node)) {
    if (!isSettled(input, node)) return "agree";
    return belief?.serving ? worstServing(input) : "stale-idle";
  }
  if (belief === undefined || belief.epoch < row.epoch) return classifyBehind(input, node);
  if (belief.epoch > row.epoch) return classifyAhead(input, node, belief);
  if (row.state !== "hosted" || belief.serving || isYoung(input)) return "agree";
  return belief.phase === "starting" ? "unaware" : "orphan";
}

/** The owner does not name the epoch that Postgres gave it. */
function classifyBehind(input: ShardCase, node: ObservedNode): DivergenceClass {
  if (input.belief?.serving && isSettled(input, node)) return worstServing(input);
  return input.row.state === "starting" || isYoung(input) ? "unaware" : "orphan";
}

function classifyOther(input: ShardCase, node: ObservedNode): DivergenceClass {
  const { row, belief } = input;
  if (belief === undefined || !isSettled(input, node)) return "agree";
  if (belief.epoch > row.epoch) return classifyAhead(input, node, belief);
  if (belief.serving) return worstServing(input);
  return isYoung(input) || isPartOfHandoff(row, node) ? "agree" : "stale-idle";
}

/** The node names a later epoch. Either this console's copy is behind, or Postgres went back in time. */
function classifyAhead(input: ShardCase, node: ObservedNode, belief: ShardBelief): DivergenceClass {
  if (node.seq > input.authoritySeq || isYoung(input)) return "agree";
  return belief.serving ? worstServing(input) : "stale-idle";
}

const worstServing = (input: ShardCase): DivergenceClass =>
  input.servedElsewhere ? "dual" : "stale-serving";

const isSettled = (input: ShardCase, node: ObservedNode): boolean =>
  node.heardMsAgo < input.changedMsAgo - settleMs;

const isYoung = (input: ShardCase): boolean => input.changedMsAgo < graceMs;

/** The source keeps a frozen copy until the target serves; the target starts before it owns. */
function isPartOfHandoff(row: ShardRow, node: NodeRef): boolean {
  if (row.state === "handing-off") return sameNode(row.handoff.to, node);
  return row.state === "starting" && row.carried !== null && sameNode(row.carried.from, node);
}

/** Worst first. */
export const severity = [
  "dual",
  "stale-serving",
  "orphan",
  "stale-idle",
  "skew",
  "unknown",
  "unaware",
  "agree",
] as const satisfies readonly DivergenceClass[];

export const isWorse = (a: DivergenceClass, b: DivergenceClass): boolean =>
  severity.indexOf(a) < severity.indexOf(b);

export const isDanger = (it: DivergenceClass): boolean => it === "dual" || it === "stale-serving";
