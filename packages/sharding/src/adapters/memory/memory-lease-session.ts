import { strict as assert } from "node:assert";
import type { Incarnation, NodeId, NodeRef } from "../../core/ids.ts";
import { SessionLostError, StoreUnavailableError } from "../../errors.ts";
import type {
  Backend,
  Heartbeat,
  LeaseRow,
  LeaseSession,
  LockName,
  NewLease,
} from "../../ports/lease-session.ts";
import type { MemoryBackend } from "./memory-backends.ts";
import { ask, type MemoryClient } from "./memory-link.ts";
import type { MemoryPostgres } from "./memory-postgres.ts";

/** The client's half of a session: what it knows of the server came over its link. */
export class MemoryLeaseSession implements LeaseSession {
  readonly backend: Backend;
  readonly #server: MemoryPostgres;
  readonly #session: MemoryBackend;
  readonly #client: Required<MemoryClient>;
  readonly #timeoutMs: number;
  readonly #held = new Set<LockName>();
  readonly #listeners = new Set<{ readonly fn: (why: Error) => void }>();
  /** Fails the statement that waits for its answer. */
  #abort: (why: Error) => void = () => {};
  #last: Promise<unknown> = Promise.resolve();
  #closed: Error | null = null;

  constructor(
    server: MemoryPostgres,
    session: MemoryBackend,
    client: Required<MemoryClient>,
    timeoutMs: number,
  ) {
    const { pid, startedAt, applicationName } = session;
    this.backend = { pid, startedAt, applicationName };
    this.#server = server;
    this.#session = session;
    this.#client = client;
    this.#timeoutMs = timeoutMs;
  }

  async tryLock(key: LockName): Promise<boolean> {
    assert.ok(!this.#held.has(key), `This session already asked for the lock "${key}".`);
    this.#held.add(key);
    let locked = false;
    try {
      locked = await this.#run(() => this.#session.tryLock(key));
      return locked;
    } finally {
      if (!locked) this.#held.delete(key);
    }
  }

  async unlock(key: LockName): Promise<boolean> {
    const held = await this.#run(() => this.#session.unlock(key));
    this.#held.delete(key);
    return held;
  }

  read(nodeId: NodeId): Promise<LeaseRow | null> {
    return this.#run(() => this.#server.tables.lease(nodeId));
  }

  take(lease: NewLease, expected: LeaseRow | null): Promise<LeaseRow | null> {
    return this.#run(() => this.#server.tables.take(lease, this.backend, expected));
  }

  renew(holder: NodeRef, unreached: readonly Incarnation[] = []): Promise<Heartbeat> {
    return this.#run(() => {
      const { tables, letters, timeline } = this.#server;
      const renewed = tables.renew(holder, this.backend, unreached);
      const { term, seq, history, coordinator } = tables.state();
      const nodeId = coordinator?.nodeId ?? null;
      const incarnation = coordinator?.incarnation ?? null;
      return {
        renewed,
        leases: tables.leases(),
        coordinator: { term, seq, history, nodeId, incarnation },
        letters: { toCoordinator: letters.hasFor(null), toNode: letters.hasFor(holder.nodeId) },
        timeline,
      };
    });
  }

  release(holder: NodeRef): Promise<boolean> {
    return this.#run(() => this.#server.tables.release(holder));
  }

  terminate(backend: Backend): Promise<boolean> {
    return this.#run(() => this.#server.backends.terminate(backend));
  }

  onClosed(fn: (why: Error) => void): () => void {
    const listener = { fn };
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  async close(): Promise<void> {
    this.lose(new Error("It was closed."));
  }

  /** The session has ended, by either side; the first reason counts. */
  lose(why: Error): void {
    if (this.#closed !== null) return;
    this.#closed = new SessionLostError(`The lease session has ended: ${why.message}`, {
      cause: why,
    });
    this.#held.clear();
    this.#abort(this.#closed);
    // The end of the socket travels like everything else: a server behind a black hole waits idle.
    this.#client.link.pass("out", () => this.#session.end("client closed the connection"));
    const listeners = [...this.#listeners];
    this.#listeners.clear();
    for (const { fn } of listeners) fn(this.#closed);
  }

  #run<T>(statement: () => T): Promise<T> {
    const answer = this.#last.then(() => this.#ask(statement));
    // The next statement follows whatever became of this one; who asked hears of a failure.
    this.#last = answer.catch(() => undefined);
    return answer;
  }

  async #ask<T>(statement: () => T): Promise<T> {
    if (this.#closed !== null) throw this.#closed;
    const onServer = () => {
      if (!this.#server.backends.isOpen(this.#session))
        throw new SessionLostError("No such session.");
      return this.#session.run(statement);
    };
    const onTimeout = () =>
      new StoreUnavailableError(`Postgres did not answer within ${this.#timeoutMs} ms.`);
    try {
      return await new Promise<T>((resolve, reject) => {
        this.#abort = reject;
        ask(this.#client, onServer, this.#timeoutMs, onTimeout).then(resolve, reject);
      });
    } catch (error) {
      // No answer, or no session any more: what it holds is unknown.
      if (error instanceof SessionLostError || error instanceof StoreUnavailableError)
        this.lose(error);
      throw this.#closed ?? error;
    }
  }
}
