import { applyEntries, type ClusterState, type LogEntry } from "@leasehold/sharding/observe";
import { LogTail } from "../live/log-tail.ts";
import { parseEntry } from "./entry-schema.ts";

/**
 * One copy of the authority, merged by (history, seq) from whoever tells: every node's log and the
 * tail of the table in Postgres. All tell the same log at their own pace, so the longest wins and the
 * rest are repetitions. A log under a new history replaces everything, and the old one never returns:
 * a node that slept through a restore must not bring it back.
 */
export class Authority {
  readonly tail: LogTail;
  #state: ClusterState | null = null;
  #currentAtMs: number | null = null;
  readonly #retired = new Set<string>();
  readonly #adopted: (change: AuthorityChange) => void;

  constructor(adopted: (change: AuthorityChange) => void, tail: LogTail = new LogTail()) {
    this.#adopted = adopted;
    this.tail = tail;
  }

  get state(): ClusterState | null {
    return this.#state;
  }

  /** Since the copy was last known to be current; null before the first. @unit milliseconds */
  ageMs(nowMs: number): number | null {
    return this.#currentAtMs === null ? null : Math.max(0, nowMs - this.#currentAtMs);
  }

  offerSnapshot(cluster: ClusterState, ageMs: number, nowMs: number): void {
    const mine = this.#state;
    if (this.#retired.has(cluster.history)) return;
    if (mine !== null && mine.history === cluster.history && cluster.seq <= mine.seq) {
      this.#noteAge(ageMs, nowMs);
      return;
    }
    if (mine !== null && mine.history !== cluster.history) this.#retired.add(mine.history);
    this.#state = cluster;
    this.tail.reset([]);
    this.#currentAtMs = nowMs - ageMs;
    this.#adopted({ tag: "replaced", state: cluster });
  }

  /**
   * Applies what is new. `gap`: the teller is further than the copy can follow; ask for a snapshot or
   * for what is missing.
   *
   * @throws when a new entry is malformed or does not fit the state.
   */
  offerEntries(
    history: string,
    entries: readonly RawEntry[],
    ageMs: number,
    nowMs: number,
  ): "applied" | "gap" {
    const mine = this.#state;
    if (mine === null || mine.history !== history) return "gap";
    const fresh = entries.filter((entry) => entry.seq > mine.seq);
    if (fresh.length > 0 && fresh[0]?.seq !== mine.seq + 1) return "gap";
    this.#noteAge(ageMs, nowMs);
    if (fresh.length === 0) return "applied";
    const parsed = fresh.map(parseEntry);
    this.#state = applyEntries(mine, parsed);
    this.tail.append(parsed);
    this.#adopted({ tag: "extended", entries: parsed });
    return "applied";
  }

  #noteAge(ageMs: number, nowMs: number): void {
    this.#currentAtMs = Math.max(this.#currentAtMs ?? Number.NEGATIVE_INFINITY, nowMs - ageMs);
  }
}

export type AuthorityChange =
  | { readonly tag: "replaced"; readonly state: ClusterState }
  | { readonly tag: "extended"; readonly entries: readonly LogEntry[] };

/** An entry whose position is known and nothing else yet. */
export interface RawEntry {
  readonly seq: number;
}
