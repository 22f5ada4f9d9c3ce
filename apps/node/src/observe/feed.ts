import type { ShardingNode } from "@leasehold/sharding";
import type { Belief, ShardBelief } from "@leasehold/sharding/observe";
import type { FaultEngine } from "../faults/types.ts";

/** Beliefs leave at least this often, so that silence means something. */
const heartbeatMs = 1_000;
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
  /** It is time for a belief. */
  onBelief(belief: Belief): void;
}

export interface Feed {
  follow(follower: Follower): () => void;
  belief(): Belief;
  /** Something about the belief has changed that the node does not know (faults). */
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
  const tick = (): void => {
    soon = null;
    if (followers.size === 0) return;
    const now = belief();
    for (const follower of followers) follower.onBelief(now);
  };
  const touch = (): void => {
    soon ??= setTimeout(tick, coalesceMs);
  };
  const heartbeat = setInterval(tick, heartbeatMs);
  const onLog = (): void => {
    for (const follower of followers) follower.onLog();
    touch();
  };
  const unfollow = [
    node.onLog(onLog),
    node.onReload(onLog),
    node.onShardBelief((changed, gone) => {
      for (const follower of followers) follower.onShards(changed, gone);
      touch();
    }),
  ];

  return {
    belief,
    touch,
    follow(follower) {
      followers.add(follower);
      return () => followers.delete(follower);
    },
    close() {
      clearInterval(heartbeat);
      if (soon !== null) clearTimeout(soon);
      for (const end of unfollow) end();
      followers.clear();
    },
  };
}
