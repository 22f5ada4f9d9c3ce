import type { ShardHeat } from "@leasehold/sharding/observe";
import { arePeersSame } from "../live/same-peers.ts";
import type { NodeObservation } from "../wire/relay-frames.ts";
import { type HeardNode, heatEveryMs, type TapeEvent } from "../wire/tape.ts";

/** Of each node, a time. */
const hottestKept = 4;

/**
 * A node speaks at least once a second and mostly says what it said before. What is new is kept whole; the rest is one
 * short entry a second for all nodes together, so that an idle hour of a hundred nodes is small and silence can still
 * be told from calm.
 */
export class Thinner {
  readonly #said = new Map<string, Said>();
  readonly #heard = new Map<string, { readonly node: HeardNode; readonly atMs: number }>();
  /** When each node's hottest shards were kept last. */
  readonly #heatAtMs = new Map<string, number>();

  /** @returns the event to record at once; null where it waits for {@link takeHeard}. */
  note(it: NodeObservation, atMs: number): TapeEvent | null {
    const before = this.#said.get(it.nodeId);
    const said = { words: whatMatters(it), peers: it.peers ?? before?.peers ?? null };
    const arePeersKnown = arePeersSame(before?.peers, said.peers);
    const isNew = it.whole || it.changed.length + it.gone.length > 0;
    const { hot: named, ...words } = it;
    const hot = this.#heatDue(it.nodeId, named, atMs);
    const node = { ...figuresOf(it), ...(hot === undefined ? {} : { hot }) };
    if (!isNew && arePeersKnown && before?.words === said.words) {
      this.#heard.set(it.nodeId, { node, atMs });
      return null;
    }
    this.#said.set(it.nodeId, said);
    // Older figures must not follow newer words; these very ones may, for what they bring along.
    if (hot === undefined) this.#heard.delete(it.nodeId);
    else this.#heard.set(it.nodeId, { node, atMs });
    // A hundred nodes' peers, again and again, would be most of the tape.
    return { tag: "belief", node: arePeersKnown && !it.whole ? { ...words, peers: null } : words };
  }

  /** What is due now, or waits from before; undefined when neither. */
  #heatDue(
    nodeId: string,
    named: readonly ShardHeat[] | undefined,
    atMs: number,
  ): readonly ShardHeat[] | undefined {
    const keptAtMs = this.#heatAtMs.get(nodeId) ?? Number.NEGATIVE_INFINITY;
    if (named === undefined || atMs - keptAtMs < heatEveryMs) {
      return this.#heard.get(nodeId)?.node.hot;
    }
    this.#heatAtMs.set(nodeId, atMs);
    return named
      .toSorted((a, b) => b.requestsPerSecond - a.requestsPerSecond)
      .slice(0, hottestKept);
  }

  /** What waited since the last call; null when nobody was heard. */
  takeHeard(atMs: number): TapeEvent | null {
    if (this.#heard.size === 0) return null;
    const nodes = [...this.#heard.values()].map((it) => ({ ...it.node, ageMs: atMs - it.atMs }));
    this.#heard.clear();
    return { tag: "heard", nodes };
  }
}

interface Said {
  /** Everything that matters but the peers. */
  readonly words: string;
  readonly peers: NodeObservation["peers"];
}

function whatMatters({ belief, faultsOn }: NodeObservation): string {
  const { seq: _seq, load: _load, lease, postgres, faults, ...rest } = belief;
  const set = faults.map(({ expiresInMs: _expiresInMs, ...it }) => it);
  return JSON.stringify([rest, lease.state, postgres.reachable, set, faultsOn]);
}

const figuresOf = ({ nodeId, belief }: NodeObservation): HeardNode => ({
  nodeId,
  ageMs: 0,
  seq: belief.seq,
  load: belief.load,
  leaseLeftMs: belief.lease.leftMs,
  postgresOkMsAgo: belief.postgres.lastOkMsAgo,
});
