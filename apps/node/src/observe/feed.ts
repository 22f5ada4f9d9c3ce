import type { ShardingNode } from "@leasehold/sharding";
import {
  type Belief,
  isRenewalLate,
  type ShardBelief,
  type ShardHeat,
} from "@leasehold/sharding/observe";
import type { FaultEngine } from "../faults/types.ts";

/** Beliefs leave at least this often, so that silence means something. */
const heartbeatMs = 1_000;
/** How soon a renewal that is late, a lease, a link or a role that was lost or won is noticed: nothing else announces them. */
const watchMs = 100;
/** And at most this often: changes in between travel together. */
const coalesceMs = 50;

/** One who is told what happens on the node. No call may block or throw. */
export interface Follower {
  /** Shards as the node sees them have changed. A belief follows. */
  onShards(
    changed: readonly ShardBelief[],
    gone: readonly { group: string; shard: number }[],
  ): void;
  /** The log has grown, or is another one. */
  onLog(): void;
  /** It is time for a belief; with the hottest shards once a second, else null. */
  onBelief(belief: Belief, hot: readonly ShardHeat[] | null): void;
}

export interface Feed {
  follow(follower: Follower): () => void;
  belief(): Belief;
  /**
   * Something about the belief has changed that the node does not know (faults). It is told before this
   * returns: the fault may be the one that stops this process.
   */
  touch(): void;
  close(): void;
}

/** Follows the node once, however many observe, and sets the pace for all of them. */
export function createFeed(node: ShardingNode, faults: FaultEngine | null): Feed {
  const followers = new Set<Follower>();
  const belief = (): Belief => ({
    ...node.belief(),
    faults: faults?.list() ?? [],
    healUrl: faults?.healUrl ?? null,
  });

  let soon: NodeJS.Timeout | null = null;
  // Asking costs a look at every shard, and makes the node measure: only while somebody observes.
  const tick = (isHeatDue: boolean): void => {
    if (soon !== null) clearTimeout(soon);
    soon = null;
    if (followers.size === 0) return;
    const now = belief();
    const hot = isHeatDue ? node.hotShards() : null;
    for (const follower of followers) follower.onBelief(now, hot);
  };
  const tellSoon = (): void => {
    soon ??= setTimeout(() => tick(false), coalesceMs);
  };
  const heartbeat = setInterval(() => tick(true), heartbeatMs);
  let vitals = vitalsOf(node.belief(), node.leaseTtlMs);
  const watch = setInterval(() => {
    const before = vitals;
    vitals = vitalsOf(node.belief(), node.leaseTtlMs);
    if (vitals !== before) tellSoon();
  }, watchMs);
  const onLog = (): void => {
    for (const follower of followers) follower.onLog();
    tellSoon();
  };
  const unfollow = [
    node.onLog(onLog),
    node.onReload(onLog),
    node.onShardBelief((changed, gone) => {
      for (const follower of followers) follower.onShards(changed, gone);
      tellSoon();
    }),
  ];

  return {
    belief,
    touch: () => tick(false),
    follow(follower) {
      followers.add(follower);
      return () => followers.delete(follower);
    },
    close() {
      clearInterval(heartbeat);
      clearInterval(watch);
      if (soon !== null) clearTimeout(soon);
      for (const end of unfollow) end();
      followers.clear();
    },
  };
}

type Vitals = Pick<Belief, "incarnation" | "role" | "lease" | "postgres" | "peers">;

const vitalsOf = (
  { incarnation, role, lease, postgres, peers }: Vitals,
  leaseTtlMs: number,
): string => {
  const linked = peers.filter((peer) => peer.connected).map((peer) => peer.nodeId);
  const isLate = isRenewalLate(lease.leftMs, leaseTtlMs);
  return [incarnation, role, lease.state, isLate, postgres.reachable, ...linked].join(" ");
};
