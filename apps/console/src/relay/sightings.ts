import type { Belief, ShardBelief, ShardHeat, ShardRef } from "@leasehold/sharding/observe";
import { shardKey } from "@leasehold/sharding/observe";
import { arePeersSame } from "../live/same-peers.ts";
import type { NodeObservation } from "../wire/relay-frames.ts";
import type { Hello } from "./frame-schemas.ts";

/**
 * What each node said about itself last, and what of it the browsers have not been told yet.
 * A node that falls silent keeps its last words; their age says how much they are worth.
 */
export class Sightings {
  readonly #nodes = new Map<string, Sighting>();
  readonly #unsent = new Map<string, Unsent>();
  /** Per node: the peers that browsers were told last. */
  readonly #told = new Map<string, Belief["peers"]>();

  /**
   * A belief as it was said, but with the very list of peers from before where it is the same one: a hundred nodes
   * name a hundred peers in each of a thousand frames a second, and nobody after this has to look at them again.
   */
  recognize(belief: Belief): Belief {
    const old = this.#nodes.get(belief.nodeId)?.belief.peers;
    return old !== undefined && arePeersSame(old, belief.peers)
      ? { ...belief, peers: old }
      : belief;
  }

  whole(hello: Hello, belief: Belief, shards: readonly ShardBelief[], nowMs: number): void {
    const map = new Map(shards.map((it) => [shardKey(it), it]));
    this.#nodes.set(belief.nodeId, { hello, belief, shards: map, hot: null, heardAtMs: nowMs });
    this.#unsent.set(belief.nodeId, { ...nothingUnsent(), whole: true });
  }

  delta(
    hello: Hello,
    belief: Belief,
    changed: readonly ShardBelief[],
    gone: readonly ShardRef[],
    nowMs: number,
    hot: readonly ShardHeat[] | null = null,
  ): void {
    const old = this.#nodes.get(belief.nodeId);
    const shards = old?.shards ?? new Map<string, ShardBelief>();
    const unsent = this.#unsentOf(belief.nodeId);
    unsent.isHotNew ||= hot !== null;
    for (const it of gone) {
      const key = shardKey(it);
      shards.delete(key);
      unsent.changed.delete(key);
      unsent.gone.set(key, { group: it.group, shard: it.shard });
    }
    for (const it of changed) {
      const key = shardKey(it);
      shards.set(key, it);
      unsent.gone.delete(key);
      unsent.changed.set(key, it);
    }
    this.#nodes.set(belief.nodeId, {
      ...{ hello, belief, shards, heardAtMs: nowMs },
      hot: hot ?? old?.hot ?? null,
    });
  }

  get(nodeId: string): Sighting | undefined {
    return this.#nodes.get(nodeId);
  }

  /** Everything, for a browser that has just come. */
  all(nowMs: number): NodeObservation[] {
    return [...this.#nodes.values()].map((it) => observation(it, nowMs, null, false));
  }

  /** What is new since the last call. */
  takeUnsent(nowMs: number): NodeObservation[] {
    const found: NodeObservation[] = [];
    for (const [nodeId, unsent] of this.#unsent) {
      const it = this.#nodes.get(nodeId);
      if (it === undefined) continue;
      const { peers } = it.belief;
      const isKnown = !unsent.whole && arePeersSame(this.#told.get(nodeId), peers);
      this.#told.set(nodeId, peers);
      found.push(observation(it, nowMs, unsent.whole ? null : unsent, isKnown));
    }
    this.#unsent.clear();
    return found;
  }

  #unsentOf(nodeId: string): Unsent {
    const old = this.#unsent.get(nodeId);
    if (old !== undefined) return old;
    const fresh = nothingUnsent();
    this.#unsent.set(nodeId, fresh);
    return fresh;
  }
}

export interface Sighting {
  readonly hello: Hello;
  readonly belief: Belief;
  readonly shards: Map<string, ShardBelief>;
  /** Null: it has not said yet. */
  readonly hot: readonly ShardHeat[] | null;
  readonly heardAtMs: number;
}

interface Unsent {
  readonly whole: boolean;
  readonly changed: Map<string, ShardBelief>;
  readonly gone: Map<string, ShardRef>;
  isHotNew: boolean;
}

const nothingUnsent = (): Unsent => ({
  ...{ whole: false, isHotNew: false },
  changed: new Map(),
  gone: new Map(),
});

function observation(
  it: Sighting,
  nowMs: number,
  delta: Unsent | null,
  arePeersKnown: boolean,
): NodeObservation {
  const { peers, ...belief } = it.belief;
  const tellsHot = it.hot !== null && (delta === null || delta.isHotNew);
  return {
    nodeId: it.belief.nodeId,
    faultsOn: it.hello.faultsOn,
    leaseTtlMs: it.hello.leaseTtlMs,
    belief,
    peers: arePeersKnown ? null : peers,
    ageMs: nowMs - it.heardAtMs,
    whole: delta === null,
    changed: delta === null ? [...it.shards.values()] : [...delta.changed.values()],
    gone: delta === null ? [] : [...delta.gone.values()],
    ...(tellsHot && it.hot !== null ? { hot: it.hot } : {}),
  };
}
