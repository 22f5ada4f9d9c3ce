import type { ClusterState } from "../../core/cluster.ts";
import type { NodeRef, Seq, Term } from "../../core/ids.ts";
import type { LogEntry } from "../../core/log.ts";
import { changesOwnership } from "../../core/ownership.ts";
import { StoreUnavailableError } from "../../errors.ts";
import type {
  ChangeHint,
  CommitRequest,
  CommitResult,
  LogPage,
  LogPosition,
  Standing,
  StateStore,
} from "../../ports/state-store.ts";
import { MemoryLetters } from "./memory-letters.ts";
import { ask, type MemoryClient } from "./memory-link.ts";
import type { MemoryPostgres } from "./memory-postgres.ts";

type Hint = (hint: ChangeHint) => void;

/** The client's half of the store. */
export class MemoryStateStore implements StateStore {
  readonly letters: MemoryLetters;
  readonly remembers: boolean;
  readonly #server: MemoryPostgres;
  readonly #client: Required<MemoryClient>;
  readonly #timeoutMs: number;
  readonly #subscriptions = new Set<() => void>();
  #isClosed = false;

  constructor(server: MemoryPostgres, client: Required<MemoryClient>, timeoutMs: number) {
    this.letters = new MemoryLetters(server, (statement) => this.#ask(statement));
    this.#server = server;
    this.remembers = server.remembers;
    this.#client = client;
    this.#timeoutMs = timeoutMs;
  }

  raiseTerm(by: NodeRef, expected: Term, seen?: LogPosition): Promise<LogEntry | null> {
    return this.#ask(() => {
      const entry = this.#server.tables.raiseTerm(by, expected, seen);
      if (entry !== null) this.#server.notify({ seq: entry.seq });
      return entry;
    });
  }

  standing(): Promise<Standing> {
    return this.#ask(() => {
      const { timeline, tables } = this.#server;
      const { history, term } = tables.state();
      return { history, term, timeline, acceptedTimeline: tables.acceptedTimeline };
    });
  }

  acceptTimeline(timeline: number): Promise<boolean> {
    return this.#ask(() => {
      if (this.#server.timeline !== timeline) return false;
      this.#server.tables.acceptedTimeline = timeline;
      return true;
    });
  }

  commit(write: CommitRequest): Promise<CommitResult> {
    return this.#ask(() => {
      const result = this.#server.tables.commit(write);
      if (result.outcome === "committed" && changesOwnership(write.events)) {
        this.#server.notify({ seq: write.after + write.events.length });
      }
      return result;
    });
  }

  load(): Promise<ClusterState> {
    return this.#ask(() => this.#server.tables.state());
  }

  readLog(after: Seq, limit: number): Promise<LogPage> {
    return this.#ask(() => this.#server.tables.readLog(after, limit));
  }

  onChange(fn: Hint): () => void {
    const unsubscribe = this.#server.subscribe((hint) => {
      this.#client.link.pass("in", () => {
        if (!this.#isClosed) fn(hint);
      });
    });
    this.#subscriptions.add(unsubscribe);
    // Never within the call: a subscriber is not ready for its first hint before it returns.
    queueMicrotask(() => {
      if (this.#subscriptions.has(unsubscribe)) fn({ seq: null });
    });
    return () => {
      this.#subscriptions.delete(unsubscribe);
      unsubscribe();
    };
  }

  async close(): Promise<void> {
    this.#isClosed = true;
    for (const unsubscribe of this.#subscriptions) unsubscribe();
    this.#subscriptions.clear();
  }

  async #ask<T>(statement: () => T): Promise<T> {
    if (this.#isClosed) throw new StoreUnavailableError("This store was closed.");
    const limit = `${this.#timeoutMs} ms`;
    return await ask(
      this.#client,
      () => {
        this.#server.mustBeUp();
        return statement();
      },
      this.#timeoutMs,
      () => new StoreUnavailableError(`Postgres did not answer within ${limit}.`),
    );
  }
}
