import type { LogEntry } from "@leasehold/sharding/observe";
import { ClusterMirror, type NodeSight } from "../live/mirror.ts";
import type { NodeObservation } from "../wire/relay-frames.ts";
import type { HeardNode, Keyframe, Pos, TapeEntry } from "../wire/tape.ts";

/** Time passes in the past by steps of so much, so that every replay lets it pass alike. @unit milliseconds */
const tickEveryMs = 250;

/**
 * The reducer of the tape: entries in, the cluster as it was seen out. The console that records, every browser that
 * looks back and the tests use this one, so a moment is the same facts for everybody.
 *
 * Intuition: a mirror of the present is fed by a socket and a clock; this one is fed by the tape, which brings its own
 * time. Nothing here reads a clock.
 */
export class Replay {
  readonly mirror = new ClusterMirror();
  #pos: Pos = 0;
  #atMs = 0;

  get pos(): Pos {
    return this.#pos;
  }

  get atMs(): number {
    return this.#atMs;
  }

  restore(keyframe: Keyframe): void {
    this.mirror.restore(keyframe);
    this.#pos = keyframe.pos;
    this.#atMs = keyframe.atMs;
  }

  /** Goes on by entries that follow what was fed before. Those that did not yet happen at `untilPos` are left alone. */
  feed(entries: readonly TapeEntry[], untilPos: Pos = Number.POSITIVE_INFINITY): void {
    for (let index = 0; index < entries.length; index++) {
      const entry = entries[index] as TapeEntry;
      if (entry.pos <= this.#pos) continue;
      if (entry.pos > untilPos) return;
      this.#passTime(entry.atMs);
      index = this.#apply(entries, index, untilPos);
      this.#pos = (entries[index] as TapeEntry).pos;
    }
  }

  #passTime(atMs: number): void {
    if (Math.floor(atMs / tickEveryMs) > Math.floor(this.#atMs / tickEveryMs))
      this.mirror.tick(atMs);
    this.#atMs = atMs;
  }

  /**
   * Entries of the log of one instant go in one batch, as far as they are about different shards: of a shard that moved
   * twice within it nobody may skip a step, or how long it differs would depend on where a batch was cut.
   *
   * @returns the index of the last entry that it applied.
   */
  #apply(entries: readonly TapeEntry[], index: number, untilPos: Pos): number {
    const first = entries[index] as TapeEntry;
    switch (first.tag) {
      case "log": {
        const batch = [first.entry];
        const shards = new Set([shardOf(first.entry)]);
        let last = index;
        for (let next = entries[last + 1]; next !== undefined; next = entries[last + 1]) {
          if (next.tag !== "log" || next.atMs !== first.atMs || next.pos > untilPos) break;
          const shard = shardOf(next.entry);
          if (shard !== null && shards.has(shard)) break;
          shards.add(shard);
          batch.push(next.entry);
          last++;
        }
        this.mirror.applyLog(this.mirror.cluster?.history ?? "", batch, first.atMs);
        return last;
      }
      case "authority":
        this.mirror.applySnapshot({ cluster: first.cluster, recent: [] }, first.atMs);
        return index;
      case "belief":
        this.mirror.applyBeliefs([first.node], first.atMs);
        return index;
      case "heard":
        this.mirror.applyBeliefs(this.#heard(first.nodes), first.atMs);
        return index;
      case "tick":
        this.mirror.tick(first.atMs);
        return index;
      case "gap":
        return index;
      default:
        return first satisfies never;
    }
  }

  #heard(nodes: readonly HeardNode[]): NodeObservation[] {
    return nodes.flatMap((it) => {
      const sight = this.mirror.sights.get(it.nodeId);
      return sight === undefined ? [] : [observationOf(sight, it, this.#atMs - it.ageMs)];
    });
  }
}

const shardOf = (it: LogEntry): string | null => ("shard" in it ? `${it.group}/${it.shard}` : null);

/** What the node said before, with the figures that it says now. */
function observationOf(sight: NodeSight, it: HeardNode, heardAtMs: number): NodeObservation {
  const { nodeId, faultsOn, leaseTtlMs, belief } = sight;
  const sinceMs = heardAtMs - sight.heardAtMs;
  return {
    nodeId,
    faultsOn,
    leaseTtlMs,
    belief: {
      ...belief,
      seq: it.seq,
      load: it.load,
      lease: { ...belief.lease, leftMs: it.leaseLeftMs },
      postgres: { ...belief.postgres, lastOkMsAgo: it.postgresOkMsAgo },
      faults: belief.faults.map((one) => ({ ...one, expiresInMs: one.expiresInMs - sinceMs })),
    },
    peers: null,
    ageMs: it.ageMs,
    whole: false,
    changed: [],
    gone: [],
  };
}
