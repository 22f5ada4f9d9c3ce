import {
  applyEntries,
  type ClusterState,
  emptyCluster,
  LogMismatchError,
} from "../core/cluster.ts";
import type { Seq } from "../core/ids.ts";
import type { LogEntry } from "../core/log.ts";
import type { LogFn } from "../node-api.ts";
import type { Clock } from "../ports/clock.ts";
import type { LogPage, LogPosition, StateStore } from "../ports/state-store.ts";

/** Entries kept in memory for followers that resume. */
const kept = 20_000;
const pageSize = 5_000;
/** How long entries that the coordinator pushes may take after Postgres has said that they are there. @unit milliseconds */
const pushTakesMs = 100;

export interface ReplicaEvents {
  entries(entries: readonly LogEntry[], state: ClusterState): void;
  /** The whole state was replaced: entries in between were not seen. */
  reload(state: ClusterState): void;
}

/**
 * This node's copy of the authority.
 *
 * The coordinator pushes what it commits over the mesh (fast); Postgres is asked whenever something
 * may be missing (true). Both bring the same entries in the same order, so whichever is first wins
 * and the other is a repetition.
 */
export class Replica {
  readonly #store: StateStore;
  readonly #clock: Clock;
  readonly #events: ReplicaEvents;
  readonly #log: LogFn;
  #state: ClusterState = emptyCluster("");
  #recent: LogEntry[] = [];
  #currentAtMs = Number.NEGATIVE_INFINITY;
  #catchUp: Promise<void> | null = null;
  #again = false;
  /** The furthest that was seen of the present history, also of what was lost since. */
  #furthest: LogPosition = { history: "", seq: 0, term: 0 };
  #isDoubted = false;
  /** The furthest that Postgres has spoken of while a push is waited for; 0: no wait. */
  #awaited: Seq = 0;

  constructor(store: StateStore, clock: Clock, events: ReplicaEvents, log: LogFn) {
    this.#store = store;
    this.#clock = clock;
    this.#events = events;
    this.#log = log;
  }

  get state(): ClusterState {
    return this.#state;
  }

  /** The copy, or null while the log may have lost what it was made of. */
  get undoubted(): ClusterState | null {
    return this.#isDoubted ? null : this.#state;
  }

  /** What a coordinator needs to know to notice that the log has lost its end. */
  get furthest(): LogPosition {
    return this.#furthest;
  }

  /** Since the copy was last known to be current; infinite before the first load. @unit milliseconds */
  ageMs(): number {
    return this.#clock.monotonicMs() - this.#currentAtMs;
  }

  /** @throws {StoreUnavailableError} */
  async load(): Promise<void> {
    const askedAtMs = this.#clock.monotonicMs();
    const state = await this.#store.load();
    const isDoubted = this.#isDoubted;
    this.#isDoubted = false;
    this.#replace(state, isDoubted);
    this.#currentAtMs = askedAtMs;
  }

  /**
   * The log may have lost its end since it was followed (the lease is lost, perhaps by a failover): entries
   * of the same number may say something else by now, so the whole state is read anew. Until then the
   * copy stays as it is.
   */
  doubt(): void {
    this.#isDoubted = true;
    this.catchUp();
  }

  /** Somebody who asked Postgres at `askedAtMs` saw the log end at `seq`. */
  seen(history: string, seq: Seq, askedAtMs: number): void {
    const isKnown = history === this.#state.history && seq <= this.#state.seq;
    if (isKnown && !this.#isDoubted) {
      this.#currentAtMs = Math.max(this.#currentAtMs, askedAtMs);
    } else {
      this.catchUp();
    }
  }

  /** Entries pushed over the mesh. A gap is filled from Postgres. */
  receive(history: string, entries: readonly LogEntry[]): void {
    const first = entries[0];
    if (first === undefined) return;
    if (history !== this.#state.history || first.seq > this.#state.seq + 1) this.catchUp();
    else this.#append(entries.filter((entry) => entry.seq > this.#state.seq));
  }

  /**
   * The log goes as far as `seq`, and the coordinator is about to push what leads there. Only what has not
   * come after a while is read: after a death these are thousands of entries, and if each node read them at
   * once, the server would be busy with that while the shards wait for their homes.
   */
  expect(seq: Seq): void {
    const isWaiting = this.#awaited > 0;
    this.#awaited = Math.max(this.#awaited, seq);
    if (isWaiting) return;
    this.#clock.after(pushTakesMs, () => {
      const awaited = this.#awaited;
      this.#awaited = 0;
      if (awaited > this.#state.seq) this.catchUp();
    });
  }

  /** Reads what is missing; calls while one runs are folded into one more. Never rejects. */
  catchUp(): void {
    if (this.#catchUp !== null) {
      this.#again = true;
      return;
    }
    this.#catchUp = this.#readOn()
      .catch((error: unknown) => {
        // The next hint or heartbeat asks again; meanwhile the copy's age says how old it is.
        this.#log("debug", "the log could not be read", { error: String(error) });
      })
      .finally(() => {
        this.#catchUp = null;
        if (!this.#again) return;
        this.#again = false;
        this.catchUp();
      });
  }

  /** A page from memory, or null where it does not reach back that far. */
  page(after: Seq, limit: number): LogPage | null {
    const first = this.#recent[0];
    if (
      after > this.#state.seq ||
      (after < this.#state.seq && (first === undefined || first.seq > after + 1))
    ) {
      return null;
    }
    const start = first === undefined ? 0 : after + 1 - first.seq;
    const entries = this.#recent.slice(Math.max(0, start), Math.max(0, start) + limit);
    return { history: this.#state.history, oldest: first?.seq ?? 0, entries };
  }

  async #readOn(): Promise<void> {
    for (;;) {
      if (this.#isDoubted) await this.load();
      const askedAtMs = this.#clock.monotonicMs();
      const after = this.#state.seq;
      const page = await this.#store.readLog(after, pageSize);
      if (page.history !== this.#state.history || (page.oldest > after + 1 && page.oldest > 0)) {
        await this.load();
        continue;
      }
      this.#append(page.entries.filter((entry) => entry.seq > this.#state.seq));
      if (page.entries.length < pageSize) {
        this.#currentAtMs = askedAtMs;
        return;
      }
    }
  }

  #append(entries: readonly LogEntry[]): void {
    if (entries.length === 0) return;
    try {
      this.#state = applyEntries(this.#state, entries);
    } catch (error) {
      if (!(error instanceof LogMismatchError)) throw error;
      return this.#startOver(error);
    }
    this.#reach();
    this.#recent.push(...entries);
    if (this.#recent.length > 2 * kept) this.#recent = this.#recent.slice(-kept);
    this.#events.entries(entries, this.#state);
  }

  /** The copy and the log have parted (S7), which no known fault leads to: Postgres is right. */
  #startOver(error: LogMismatchError): void {
    this.#log("error", "the log does not fit this node's copy; loading it anew", {
      seq: this.#state.seq,
      error: error.message,
    });
    this.#state = emptyCluster("");
    this.#recent = [];
    this.catchUp();
  }

  #reach(): void {
    const { history, seq, term } = this.#state;
    const isFurther = history !== this.#furthest.history || seq > this.#furthest.seq;
    if (isFurther) this.#furthest = { history, seq, term };
  }

  #replace(state: ClusterState, evenIfOlder: boolean): void {
    const isOlder = state.history === this.#state.history && state.seq <= this.#state.seq;
    if (isOlder && !evenIfOlder) return;
    this.#state = state;
    this.#reach();
    this.#recent = [];
    this.#events.reload(state);
  }
}
