import type { NodeRef } from "../../core/ids.ts";
import { StoreUnavailableError } from "../../errors.ts";
import type { Clock } from "../../ports/clock.ts";
import type { EventFeed } from "../../ports/event-feed.ts";
import type { HeadClaim, Journal } from "../../ports/journal.ts";
import type {
  LeaseSession,
  LeaseSessionOptions,
  LeaseSessions,
} from "../../ports/lease-session.ts";
import type { ChangeHint, StateStore } from "../../ports/state-store.ts";
import { MemoryBackends } from "./memory-backends.ts";
import { MemoryEventFeed } from "./memory-event-feed.ts";
import { MemoryJournal } from "./memory-journal.ts";
import { MemoryJournalServer } from "./memory-journal-server.ts";
import type { JournalChange } from "./memory-journal-tables.ts";
import { MemoryLeaseSession } from "./memory-lease-session.ts";
import { LetterTable } from "./memory-letters.ts";
import { ask, type MemoryClient, openLink } from "./memory-link.ts";
import { MemoryStateStore } from "./memory-state-store.ts";
import { MemoryTables } from "./memory-tables.ts";

export interface MemoryPostgresOptions {
  /** The server's clock: idle sessions end by it. */
  readonly clock: Clock;
  /**
   * Whether the coordinator's tables outlive its term. Without: what a cluster has that is developed
   * with no state store; leases, locks and letters stay. @default true
   */
  readonly remembers?: boolean;
  /** Its wall clock: for people who read the log. @default that of `clock`, which begins at 0 */
  readonly wallMs?: () => number;
}

/** How long a statement of a store may stay without an answer. @unit milliseconds */
const storeTimeoutMs = 5_000;

/**
 * One server with the tables of one cluster, shared by the nodes of a test.
 *
 * It does what leases rest on in Postgres: sessions hold locks, end after their idle time, can be
 * terminated and end all at once when the server restarts; the tables stay; statements are atomic
 * and guarded alike. The same contract suites hold it and the real one.
 */
export class MemoryPostgres {
  readonly remembers: boolean;
  readonly tables: MemoryTables;
  readonly letters: LetterTable;
  readonly backends: MemoryBackends;
  readonly journals: MemoryJournalServer;
  readonly #clock: Clock;
  readonly #subscribers = new Set<{ readonly fn: (hint: ChangeHint) => void }>();
  #timeline = 1;
  #isUp = true;

  constructor(options: MemoryPostgresOptions) {
    const { clock, remembers = true, wallMs = () => clock.monotonicMs() } = options;
    this.#clock = clock;
    this.remembers = remembers;
    const nowIso = (): string => new Date(wallMs()).toISOString();
    this.tables = new MemoryTables(() => clock.uuid(), nowIso, !remembers);
    this.letters = new LetterTable(this.tables);
    this.backends = new MemoryBackends(clock);
    this.journals = new MemoryJournalServer(clock);
  }

  get timeline(): number {
    return this.#timeline;
  }

  sessions(client: MemoryClient = {}): LeaseSessions {
    return { open: (options) => this.#open(options, this.#clientOf(client)) };
  }

  store(client: MemoryClient = {}, timeoutMs = storeTimeoutMs): StateStore {
    return new MemoryStateStore(this, this.#clientOf(client), timeoutMs);
  }

  journal(client: MemoryClient = {}, timeoutMs = storeTimeoutMs): Journal {
    return new MemoryJournal(this, this.#clientOf(client), timeoutMs);
  }

  feed(client: MemoryClient = {}, timeoutMs = storeTimeoutMs): EventFeed {
    return new MemoryEventFeed(this, this.#clientOf(client), timeoutMs);
  }

  /** Called for each head claimed and each event and outcome committed, at that moment and in order. */
  onJournal(fn: (change: JournalChange) => void): () => void {
    return this.journals.tables.observe(fn);
  }

  /** Ends the sessions that append for the lives that these heads name, unless their lease is alive. */
  endDeadWriters(shards: readonly HeadClaim[]): void {
    const alive = new Set(
      this.tables
        .leases()
        .flatMap(({ state, incarnation }) => (state === "alive" ? [incarnation] : [])),
    );
    for (const life of this.journals.deadWriters(shards, (known) => alive.has(known))) {
      this.backends.endOf((name) => name.startsWith(`journal ${life}`));
    }
  }

  /** What a supervising parent writes after it waited for a node's process. */
  recordExit(holder: NodeRef, pid: number): void {
    this.tables.recordExit(holder, pid);
  }

  stop(): void {
    this.#isUp = false;
    this.backends.endAll("the server was stopped");
  }

  start(): void {
    if (this.#isUp) return;
    this.#isUp = true;
    // Those who listen have connected again, and may have missed something.
    this.notify({ seq: null });
  }

  /** Every session and lock is gone; the tables stay. */
  restart(): void {
    this.stop();
    this.start();
  }

  /** A standby that had everything has taken over. */
  failOver(): void {
    this.lagBehind()();
  }

  /** A standby stops to hear of anything. @returns lets it take over, with what it has. */
  lagBehind(): () => void {
    const standbys = [this.tables.standby(), this.journals.tables.standby()];
    return () => {
      this.stop();
      this.#timeline += 1;
      for (const takeOver of standbys) takeOver();
      this.start();
    };
  }

  notify(hint: ChangeHint): void {
    for (const { fn } of [...this.#subscribers]) fn(hint);
  }

  subscribe(fn: (hint: ChangeHint) => void): () => void {
    const subscriber = { fn };
    this.#subscribers.add(subscriber);
    return () => this.#subscribers.delete(subscriber);
  }

  /** @throws {StoreUnavailableError} */
  mustBeUp(): void {
    if (!this.#isUp) throw new StoreUnavailableError("Postgres cannot be reached: it was stopped.");
  }

  #clientOf({ link = openLink, clock = this.#clock }: MemoryClient): Required<MemoryClient> {
    return { link, clock };
  }

  async #open(
    { holder, ttlMs, timeoutMs, connectTimeoutMs = timeoutMs }: LeaseSessionOptions,
    client: Required<MemoryClient>,
  ): Promise<LeaseSession> {
    const start = () => {
      this.mustBeUp();
      return this.backends.start({
        applicationName: `lease ${holder.incarnation} ${holder.nodeId}`.slice(0, 63),
        idleTimeoutMs: ttlMs,
        onEnd: (why) => client.link.pass("in", () => session?.lose(new Error(why))),
      });
    };
    let session: MemoryLeaseSession | null = null;
    const backend = await ask(client, start, connectTimeoutMs, () => {
      return new StoreUnavailableError(`Postgres did not answer within ${connectTimeoutMs} ms.`);
    });
    session = new MemoryLeaseSession(this, backend, client, timeoutMs);
    if (!this.backends.isOpen(backend)) session.lose(new Error("the server ended it at once"));
    return session;
  }
}
