import {
  type NodeRef,
  ownerOf,
  type ShardBelief,
  type ShardRow,
} from "@leasehold/sharding/observe";
import type { DivergenceClass } from "./classify.ts";
import { duration, type Sentence, say } from "./say.ts";

/** One difference, with what its sentence needs. `nodeId` is null where nobody is concerned. */
export interface Divergence {
  readonly class: Exclude<DivergenceClass, "agree">;
  readonly shard: string;
  readonly nodeId: string | null;
  readonly row: ShardRow;
  readonly belief: ShardBelief | undefined;
  /** Who else serves it; for `dual`. */
  readonly servedBy: readonly string[];
  /** Local clock: when this class was first seen for this shard and node. @unit milliseconds */
  readonly sinceMs: number;
}

/** What a divergence means, in one sentence: belief first, then authority, then what follows. */
export function explain(it: Divergence, leaseLeftMs: number | null): Sentence {
  const owner = ownerOf(it.row);
  const node = it.nodeId ?? "nobody";
  switch (it.class) {
    case "stale-serving":
      return explainStaleServing(it, node, owner, leaseLeftMs);
    case "dual":
      return say`${node} serves shard ${it.shard} at epoch ${epochOf(it)}, and so does ${it.servedBy.join(", ")}. Postgres says ${nameOf(owner)} at epoch ${it.row.epoch}: S1 is broken.`;
    case "stale-idle":
      return explainStaleIdle(it, node, owner);
    case "orphan":
      return owner === null
        ? say`Shard ${it.shard} has no home: Postgres names no owner since epoch ${it.row.epoch}.`
        : say`Nobody serves shard ${it.shard}. Postgres gave it to ${nameOf(owner)} at epoch ${it.row.epoch}, and ${node} does not serve it.`;
    case "unaware":
      return say`${node} has not heard yet that it owns shard ${it.shard}. Postgres gave it the shard at epoch ${it.row.epoch}.`;
    case "skew":
      return say`${node} counts a lease on shard ${it.shard} that Postgres counts differently.`;
    case "unknown":
      return say`Not observed: ${node} has not been heard, so whether it serves shard ${it.shard} at epoch ${it.row.epoch} is unknown.`;
    default:
      return it.class satisfies never;
  }
}

function explainStaleServing(
  it: Divergence,
  node: string,
  owner: NodeRef | null,
  leaseLeftMs: number | null,
): Sentence {
  const first =
    owner?.nodeId === node
      ? say`${node} serves shard ${it.shard} at epoch ${epochOf(it)} under a life that has ended; Postgres says epoch ${it.row.epoch}.`
      : say`${node} still believes it owns shard ${it.shard} at epoch ${epochOf(it)} and serves it. Postgres gave it to ${nameOf(owner)} at epoch ${it.row.epoch}.`;
  if (leaseLeftMs === null) return first;
  return [...first, ...say` Its lease ends by its own clock in ${duration(leaseLeftMs)}.`];
}

function explainStaleIdle(it: Divergence, node: string, owner: NodeRef | null): Sentence {
  if (owner?.nodeId === node) {
    return say`${node}'s lease for shard ${it.shard} ran out by its own clock; it does not serve. Postgres still names its former life as owner at epoch ${it.row.epoch}.`;
  }
  return say`${node} names epoch ${epochOf(it)} of shard ${it.shard}, which Postgres gave to ${nameOf(owner)} at epoch ${it.row.epoch}. It does not serve.`;
}

const nameOf = (owner: NodeRef | null): string => owner?.nodeId ?? "nobody";
const epochOf = (it: Divergence): number | string => it.belief?.epoch ?? "–";
