import { strict as assert } from "node:assert";
import { escapeIdentifier } from "pg";
import type { Incarnation, NodeId, NodeRef } from "../../core/ids.ts";
import { StoreUnavailableError } from "../../errors.ts";
import type {
  Backend,
  Heartbeat,
  LeaseRow,
  LeaseSession,
  LockName,
  NewLease,
} from "../../ports/lease-session.ts";
import type { RawConnection } from "./connection.ts";
import { lockKeyOf } from "./lock-key.ts";
import { sessionNotKept } from "./session-settings.ts";
import { readLease } from "./sql/read-lease.ts";
import { releaseLease } from "./sql/release-lease.ts";
import { renewLease } from "./sql/renew-lease.ts";
import { takeFirstLease } from "./sql/take-first-lease.ts";
import { takeOverLease } from "./sql/take-over-lease.ts";
import { terminateBackend } from "./sql/terminate-backend.ts";
import { tryLock } from "./sql/try-lock.ts";
import { unlock } from "./sql/unlock.ts";
import { sessionLost, storeError } from "./sqlstate.ts";

export interface PostgresLeaseSessionOptions {
  /** Connected, with its settings verified. */
  readonly connection: RawConnection;
  readonly backend: Backend;
  /** The name of the cluster's schema, not quoted. */
  readonly schema: string;
  readonly timeoutMs: number;
}

interface Answer<R> {
  readonly rows: readonly R[];
  readonly rowCount: number;
}

/**
 * One server session, one statement at a time.
 *
 * A statement that is not answered in time ends the session from this side: whether it took effect is
 * unknown, and with it what the session holds.
 */
export class PostgresLeaseSession implements LeaseSession {
  readonly backend: Backend;
  readonly #connection: RawConnection;
  readonly #schema: string;
  readonly #quoted: string;
  readonly #timeoutMs: number;
  readonly #held = new Set<LockName>();
  readonly #listeners = new Set<{ readonly fn: (why: Error) => void }>();
  #last: Promise<unknown> = Promise.resolve();
  #closed: Error | null = null;

  constructor(options: PostgresLeaseSessionOptions) {
    this.backend = options.backend;
    this.#connection = options.connection;
    this.#schema = options.schema;
    this.#quoted = escapeIdentifier(options.schema);
    this.#timeoutMs = options.timeoutMs;
    const { client } = options.connection;
    client.on("error", (error) => this.#lose(error));
    client.once("end", () => this.#lose(new Error("Postgres has ended the connection.")));
  }

  async tryLock(key: LockName): Promise<boolean> {
    assert.ok(!this.#held.has(key), `This session already asked for the lock "${key}".`);
    this.#held.add(key);
    let locked = false;
    try {
      const { rows } = await this.#run<{ locked: boolean; backendPid: number }>(
        `locking "${key}"`,
        tryLock,
        [...lockKeyOf(this.#schema, key)],
      );
      this.#mustBeOwnBackend(rows[0]?.backendPid);
      locked = rows[0]?.locked === true;
      return locked;
    } finally {
      if (!locked) this.#held.delete(key);
    }
  }

  async unlock(key: LockName): Promise<boolean> {
    const { rows } = await this.#run<{ held: boolean }>(`unlocking "${key}"`, unlock, [
      ...lockKeyOf(this.#schema, key),
    ]);
    this.#held.delete(key);
    return rows[0]?.held === true;
  }

  async read(nodeId: NodeId): Promise<LeaseRow | null> {
    return await this.#lease("reading a lease", readLease(this.#quoted), [nodeId]);
  }

  async take(lease: NewLease, expected: LeaseRow | null): Promise<LeaseRow | null> {
    const { process } = lease;
    const values = [
      lease.nodeId,
      lease.incarnation,
      lease.address,
      process?.bootId ?? null,
      process?.pidNamespace ?? null,
      process?.pid ?? null,
      process?.startTime ?? null,
      ...this.#backendValues(),
    ];
    return expected === null
      ? await this.#lease("taking a first lease", takeFirstLease(this.#quoted), values)
      : await this.#lease("taking a lease", takeOverLease(this.#quoted), [
          ...values,
          expected.incarnation,
          expected.state,
          expected.renewals,
        ]);
  }

  async renew(holder: NodeRef, unreached: readonly Incarnation[] = []): Promise<Heartbeat> {
    const { rows } = await this.#run<Heartbeat & { readonly backendPid: number }>(
      "renewing the lease",
      renewLease(this.#quoted),
      [holder.nodeId, holder.incarnation, ...this.#backendValues(), unreached],
    );
    const row = rows[0];
    this.#mustBeOwnBackend(row?.backendPid);
    const { renewed, leases, coordinator, letters, timeline } = row as Heartbeat;
    return { renewed, leases, coordinator, letters, timeline };
  }

  async release(holder: NodeRef): Promise<boolean> {
    const { rowCount } = await this.#run("releasing the lease", releaseLease(this.#quoted), [
      holder.nodeId,
      holder.incarnation,
    ]);
    return rowCount === 1;
  }

  async terminate(backend: Backend): Promise<boolean> {
    const { rows } = await this.#run<{ terminated: boolean }>(
      "ending a backend",
      terminateBackend,
      [backend.pid, backend.startedAt, backend.applicationName],
    );
    return rows[0]?.terminated === true;
  }

  onClosed(fn: (why: Error) => void): () => void {
    const listener = { fn };
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  async close(): Promise<void> {
    if (this.#closed !== null) return;
    const ended = new Promise<void>((resolve) => this.#connection.client.once("end", resolve));
    const drop = setTimeout(() => this.#connection.destroy(), this.#timeoutMs);
    this.#lose(new Error("It was closed."), () => {
      // A failing farewell means that the connection is gone already.
      this.#connection.client.end().catch(() => this.#connection.destroy());
    });
    await ended;
    clearTimeout(drop);
  }

  async #lease(doing: string, text: string, values: unknown[]): Promise<LeaseRow | null> {
    const { rows } = await this.#run<{ lease: LeaseRow }>(doing, text, values);
    return rows[0]?.lease ?? null;
  }

  #backendValues(): [number, string, string] {
    const { pid, startedAt, applicationName } = this.backend;
    return [pid, startedAt, applicationName];
  }

  /** @throws {SessionLostError} */
  #mustBeOwnBackend(pid: number | undefined): void {
    if (pid === this.backend.pid) return;
    const why = sessionNotKept();
    this.#lose(why);
    throw sessionLost(why);
  }

  #run<R extends object>(doing: string, text: string, values: unknown[]): Promise<Answer<R>> {
    const answer = this.#last.then(() => this.#ask<R>(doing, text, values));
    // The next statement follows whatever became of this one; who asked hears of a failure.
    this.#last = answer.catch(() => undefined);
    return answer;
  }

  async #ask<R extends object>(doing: string, text: string, values: unknown[]): Promise<Answer<R>> {
    if (this.#closed !== null) throw sessionLost(this.#closed);
    const timer = setTimeout(() => {
      const limit = `${this.#timeoutMs} ms`;
      this.#lose(new StoreUnavailableError(`Postgres did not answer within ${limit} (${doing}).`));
    }, this.#timeoutMs);
    try {
      const { rows, rowCount } = await this.#connection.client.query<R>(text, values);
      return { rows, rowCount: rowCount ?? 0 };
    } catch (error) {
      if (this.#closed !== null) throw sessionLost(this.#closed);
      throw storeError(error, doing);
    } finally {
      clearTimeout(timer);
    }
  }

  /** The first reason counts; afterwards nothing that the server still says is believed. */
  #lose(why: Error, end: () => void = () => this.#connection.destroy()): void {
    if (this.#closed !== null) return;
    this.#closed = sessionLost(why);
    this.#held.clear();
    end();
    const listeners = [...this.#listeners];
    this.#listeners.clear();
    for (const { fn } of listeners) fn(this.#closed);
  }
}
