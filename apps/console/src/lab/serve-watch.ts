/**
 * S1 by what nodes say about themselves. A frame is older than its arrival by its way here, which nobody can measure, so
 * two nodes that are seen to serve a shard at once may have done so one after the other. What is counted is for how long
 * each of them has gone on to say so, in frames after both had begun:
 *
 *   said for more than `certainMs`            they serve at the same instant: frames do not take so long, twice
 *   heard again more than `resolutionMs` later   not decided: S1 is not observed at that place
 *   below                                     the way of the frames: nothing is said
 */
const resolutionMs = 500;
const certainMs = 1500;
const undecidedLimit = 20;

/** Two lives that both say that they serve a shard. */
interface Overlap {
  /** When the second began. */
  readonly beganMs: number;
  /** Per life: its first frame and its last since then. */
  readonly said: Map<string, { readonly firstMs: number; lastMs: number }>;
}

export class ServeWatch {
  /** Per life of a node, `node-1 3f2a...`: what it says that it serves, and under which epochs. */
  readonly #lives = new Map<string, ReadonlyMap<string, number>>();
  /** Per shard: the lives that say so. */
  readonly #servers = new Map<string, Set<string>>();
  readonly #overlaps = new Map<string, Overlap>();
  readonly #undecided = new Map<string, string>();
  checks = 0;
  breach: string | null = null;

  /** Overlaps that are too long for the frames' way and too short to be sure. */
  get undecided(): readonly string[] {
    return [...this.#undecided.values()];
  }

  /** One frame: all shards that this life says it serves, with their epochs. */
  heard(life: Life, serving: ReadonlyMap<string, number>, nowMs: number): void {
    const key = `${life.nodeId} ${life.incarnation}`;
    for (const other of this.#lives.keys()) {
      // A node has one life at a time: what the one before served has ended.
      if (other !== key && nodeOf(other) === life.nodeId) this.#adopt(other, new Map(), nowMs);
    }
    this.checks += serving.size;
    this.#adopt(key, serving, nowMs);
  }

  #adopt(key: string, serving: ReadonlyMap<string, number>, nowMs: number): void {
    for (const [shard, epoch] of this.#lives.get(key) ?? []) {
      if (serving.get(shard) !== epoch) this.#withdraw(shard, key);
    }
    if (serving.size > 0) this.#lives.set(key, new Map(serving));
    else this.#lives.delete(key);
    for (const shard of serving.keys()) {
      const servers = this.#servers.get(shard) ?? new Set<string>();
      this.#servers.set(shard, servers.add(key));
      for (const other of servers) if (other !== key) this.#compare(shard, key, other, nowMs);
    }
  }

  #withdraw(shard: string, key: string): void {
    const servers = this.#servers.get(shard);
    servers?.delete(key);
    for (const other of servers ?? []) this.#overlaps.delete(pairOf(shard, key, other));
  }

  #compare(shard: string, key: string, other: string, nowMs: number): void {
    const pair = pairOf(shard, key, other);
    const overlap = this.#overlaps.get(pair) ?? { beganMs: nowMs, said: new Map() };
    this.#overlaps.set(pair, overlap);
    const own = overlap.said.get(key) ?? { firstMs: nowMs, lastMs: nowMs };
    own.lastMs = nowMs;
    overlap.said.set(key, own);
    const its = overlap.said.get(other);
    if (its === undefined) return;
    const bothMs = Math.min(own.lastMs, its.lastMs) - Math.max(own.firstMs, its.firstMs);
    const heardMs = Math.min(own.lastMs, its.lastMs) - overlap.beganMs;
    if (bothMs > certainMs) this.breach ??= this.#words(shard, key, other, overlap, bothMs);
    else if (heardMs > resolutionMs && this.#undecided.size < undecidedLimit) {
      this.#undecided.set(pair, this.#words(shard, key, other, overlap, heardMs));
    }
  }

  #words(shard: string, a: string, b: string, { beganMs }: Overlap, forMs: number): string {
    const [one, two] = [a, b]
      .sort()
      .map((key) => `${nodeOf(key)} (epoch ${this.#lives.get(key)?.get(shard)})`);
    return (
      `${one} and ${two} both said that they serve shard ${shard}, for ${seconds(forMs)} after ` +
      `${seconds(beganMs)}.`
    );
  }
}

interface Life {
  readonly nodeId: string;
  readonly incarnation: string;
}

const pairOf = (shard: string, a: string, b: string): string =>
  a < b ? `${shard} ${a} ${b}` : `${shard} ${b} ${a}`;

const seconds = (ms: number): string => `${(ms / 1000).toFixed(1)} s`;

const nodeOf = (key: string): string => key.split(" ")[0] ?? key;
