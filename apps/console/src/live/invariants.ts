import type { ClusterState, Epoch, LogEntry, ShardRef } from "@leasehold/sharding/observe";
import { findShard, shardKey } from "@leasehold/sharding/observe";

/** The invariants of which an observer can say something. The others are the tests' business. */
export type InvariantId = "S1" | "S2" | "S3" | "S6" | "S7" | "L1" | "L2";

/** `unknown`: not observed, which is never a pass. `waits`: a liveness bound is not reached yet. */
export type Verdict = "holds" | "violated" | "waits" | "unknown";

export interface Invariant {
  readonly id: InvariantId;
  readonly words: string;
  readonly verdict: Verdict;
  /** How often it was looked at; for liveness nothing. */
  readonly checks: number | null;
  /** The first breach, in a sentence. */
  readonly breach: string | null;
}

/** What a monitor has counted so far, as plain data. */
export interface InvariantCounts {
  readonly checks: readonly (readonly [InvariantId, number])[];
  readonly breaches: readonly (readonly [InvariantId, string])[];
}

/**
 * Watches the log as it goes by. It sees each entry once, in order, before it is applied, and keeps the
 * first breach of each invariant for as long as the page lives.
 */
export class InvariantMonitor {
  readonly #checks = new Map<InvariantId, number>();
  readonly #breaches = new Map<InvariantId, string>();
  #memory = new Memory();

  /** Another history begins: epochs and terms may start again. */
  reset(): void {
    this.#memory = new Memory();
  }

  counts(): InvariantCounts {
    return { checks: [...this.#checks], breaches: [...this.#breaches] };
  }

  /** Goes on from what another monitor had counted. */
  restore({ checks, breaches }: InvariantCounts): void {
    this.reset();
    this.#checks.clear();
    this.#breaches.clear();
    for (const [id, count] of checks) this.#checks.set(id, count);
    for (const [id, breach] of breaches) this.#breaches.set(id, breach);
  }

  /** Checks entries against the state before them. */
  watch(before: ClusterState, entries: readonly LogEntry[]): void {
    this.#memory.seq = before.seq;
    this.#watch(this.#memory, before, entries);
  }

  /** Checks entries of the past against one another. */
  watchPast(entries: readonly LogEntry[]): void {
    this.#watch(new Memory(), null, entries);
  }

  #watch(memory: Memory, before: ClusterState | null, entries: readonly LogEntry[]): void {
    for (const entry of entries) {
      const { seq, term } = memory;
      this.#check(
        "S7",
        seq === null || entry.seq === seq + 1,
        () => `Entry ${entry.seq} follows ${seq}.`,
      );
      this.#check(
        "S3",
        entry.term >= term,
        () => `Entry ${entry.seq} is of term ${entry.term}, after ${term}.`,
      );
      memory.seq = entry.seq;
      memory.term = Math.max(term, entry.term);
      if (entry.type === "shard-assigned") this.#watchGrant(memory, before, entry);
      if (entry.type === "handoff-began") this.#watchHandoff(memory, before, entry);
      else if ("epoch" in entry && "shard" in entry) memory.moving.set(shardKey(entry), false);
    }
  }

  /** `dual`: shards that two nodes are seen to serve; `observed`: shards looked at. */
  noteServing(observed: number, dual: readonly string[]): void {
    this.#check("S1", dual.length === 0, () => `Two nodes served shard ${dual[0]}.`, observed);
  }

  verdicts(liveness: Liveness): Invariant[] {
    return [
      this.#safety("S1", "one server per shard"),
      this.#safety("S2", "epochs only rise"),
      this.#safety("S3", "terms only rise"),
      this.#safety("S6", "one handoff a shard"),
      this.#safety("S7", "log without gaps"),
      waiting("L1", "every shard is served", liveness.everyShardServed),
      waiting("L2", "one coordinator", liveness.oneCoordinator),
    ];
  }

  #watchGrant(
    memory: Memory,
    before: ClusterState | null,
    entry: Extract<LogEntry, { type: "shard-assigned" }>,
  ): void {
    const key = shardKey(entry);
    const last = memory.granted.get(key) ?? rowBefore(before, entry)?.epoch ?? 0;
    this.#check(
      "S2",
      entry.epoch > last,
      () => `Shard ${key} got epoch ${entry.epoch} after ${last}.`,
    );
    memory.granted.set(key, entry.epoch);
  }

  #watchHandoff(
    memory: Memory,
    before: ClusterState | null,
    entry: Extract<LogEntry, { type: "handoff-began" }>,
  ): void {
    const key = shardKey(entry);
    const isMoving = memory.moving.get(key) ?? rowBefore(before, entry)?.state === "handing-off";
    this.#check("S6", !isMoving, () => `Shard ${key} began a second handoff at ${entry.seq}.`);
    memory.moving.set(key, true);
  }

  #check(id: InvariantId, holds: boolean, breach: () => string, times = 1): void {
    this.#checks.set(id, (this.#checks.get(id) ?? 0) + times);
    if (!holds && !this.#breaches.has(id)) this.#breaches.set(id, breach());
  }

  #safety(id: InvariantId, words: string): Invariant {
    const checks = this.#checks.get(id) ?? 0;
    const breach = this.#breaches.get(id) ?? null;
    const verdict = breach !== null ? "violated" : checks > 0 ? "holds" : "unknown";
    return { id, words, verdict, checks, breach };
  }
}

/** What one walk along the log has seen. */
class Memory {
  readonly granted = new Map<string, Epoch>();
  /** Written by the log since the state that the walk began from. */
  readonly moving = new Map<string, boolean>();
  seq: number | null = null;
  term = 0;
}

const rowBefore = (before: ClusterState | null, ref: ShardRef) =>
  before === null ? undefined : findShard(before, ref);

/** Null: not observed. */
export interface Liveness {
  readonly everyShardServed: boolean | null;
  readonly oneCoordinator: boolean | null;
}

function waiting(id: InvariantId, words: string, holds: boolean | null): Invariant {
  const verdict = holds === null ? "unknown" : holds ? "holds" : "waits";
  return { id, words, verdict, checks: null, breach: null };
}
