import type { Belief, NodeRef } from "@leasehold/sharding/observe";

type Peers = Belief["peers"];

/** Indices into `lives`. */
export interface CompactPeers {
  readonly named: readonly number[];
  /** Those that it does not reach. */
  readonly cut: readonly number[];
}

/** Gives every life that is named a number, in the order in which they come. */
export class NodeRefs {
  readonly list: NodeRef[] = [];
  readonly #indices = new Map<string, number>();

  indexOf({ nodeId, incarnation }: NodeRef): number {
    const key = `${nodeId} ${incarnation}`;
    const known = this.#indices.get(key);
    if (known !== undefined) return known;
    this.#indices.set(key, this.list.length);
    return this.list.push({ nodeId, incarnation }) - 1;
  }
}

export function compactPeers(peers: Peers, lives: NodeRefs): CompactPeers {
  const cut: number[] = [];
  const named = peers.map((it) => {
    const index = lives.indexOf(it);
    if (!it.connected) cut.push(index);
    return index;
  });
  return { named, cut };
}

/** @param peers a recording from before they were numbered has them written out. */
export function expandPeers(peers: CompactPeers | Peers, lives: readonly NodeRef[] = []): Peers {
  if (!("named" in peers)) return peers;
  const cut = new Set(peers.cut);
  return peers.named.map((index) => {
    const life = lives[index];
    if (life === undefined) throw new RangeError(`Nobody is explained as peer ${index}.`);
    return { ...life, connected: !cut.has(index) };
  });
}
