import { findShard, ownerOf, type ShardRef } from "@leasehold/sharding/observe";
import type { ClusterMirror, NodeSight } from "../live/mirror.ts";

/** The cluster as a run sees it at one instant: the questions that scenarios ask. */
export class Seen {
  readonly #mirror: ClusterMirror;
  readonly #nowMs: number;

  /** @param nowMs on the clock that the mirror is fed by. */
  constructor(mirror: ClusterMirror, nowMs: number) {
    this.#mirror = mirror;
    this.#nowMs = nowMs;
  }

  sight(nodeId: string): NodeSight | undefined {
    return this.#mirror.sights.get(nodeId);
  }

  /** Since it said anything; null: never. @unit milliseconds */
  silentMs(nodeId: string): number | null {
    const sight = this.sight(nodeId);
    return sight === undefined ? null : this.#nowMs - sight.heardAtMs;
  }

  isHeard(nodeId: string, withinMs = 1500): boolean {
    return (this.silentMs(nodeId) ?? Number.POSITIVE_INFINITY) < withinMs;
  }

  servingCount(nodeId: string): number {
    return [...(this.sight(nodeId)?.shards.values() ?? [])].filter((it) => it.serving).length;
  }

  /** The node that is heard to serve the shard under the epoch that the log has for it. */
  serverOf(ref: ShardRef): { readonly nodeId: string; readonly epoch: number } | null {
    const cluster = this.#mirror.cluster;
    const row = cluster === null ? undefined : findShard(cluster, ref);
    const owner = row === undefined ? null : ownerOf(row);
    if (row === undefined || owner === null) return null;
    const belief = this.sight(owner.nodeId)?.shards.get(this.#mirror.index.find(ref));
    const isServed = belief?.serving === true && belief.epoch === row.epoch;
    return isServed ? { nodeId: owner.nodeId, epoch: row.epoch } : null;
  }

  /** By the log. */
  epochOf(ref: ShardRef): number {
    const cluster = this.#mirror.cluster;
    return (cluster === null ? undefined : findShard(cluster, ref)?.epoch) ?? 0;
  }

  ownedBy(nodeId: string): number {
    return this.#mirror.owned.of(nodeId).length;
  }

  nodeState(nodeId: string): string | null {
    return this.#mirror.cluster?.nodes.get(nodeId)?.state ?? null;
  }

  incarnationOf(nodeId: string): string | null {
    return this.#mirror.cluster?.nodes.get(nodeId)?.incarnation ?? null;
  }

  /** It takes part, holds its lease, reaches Postgres and is heard. */
  isWell(nodeId: string): boolean {
    const sight = this.sight(nodeId);
    return (
      this.nodeState(nodeId) === "up" &&
      sight?.belief.incarnation === this.incarnationOf(nodeId) &&
      sight.belief.lease.state === "held" &&
      sight.belief.postgres.reachable &&
      this.isHeard(nodeId)
    );
  }

  planState(planId: string): string | null {
    return this.#mirror.cluster?.plans.get(planId)?.state ?? null;
  }

  /** Null: every shard that is needed is served by its owner. Otherwise one that is not. */
  unserved(): string | null {
    const { index } = this.#mirror;
    for (let flat = 0; flat < index.size; flat++) {
      if (this.#mirror.isSpare(flat)) continue;
      const ref = index.refOf(flat);
      if (this.#mirror.rowOf(flat)?.state !== "hosted" || this.serverOf(ref) === null) {
        return index.label(flat);
      }
    }
    return null;
  }

  /** Null: exactly one node believes to lead, and the log says the same. */
  notOneCoordinator(): string | null {
    const leaders = [...this.#mirror.sights.values()].filter(
      (it) => this.isHeard(it.nodeId) && it.belief.role === "coordinator",
    );
    const named = this.#mirror.cluster?.coordinator?.nodeId;
    const [leader, second] = leaders;
    if (leader === undefined) return "No node leads.";
    if (second !== undefined) return `${leader.nodeId} and ${second.nodeId} both believe to lead.`;
    return leader.nodeId === named ? null : `${leader.nodeId} leads, the log says ${named}.`;
  }
}
