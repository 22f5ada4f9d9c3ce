import type { Grant, Lease } from "../ports/lease.ts";
import type { LeaseSession } from "../ports/lease-session.ts";

export interface SessionLeasePorts {
  /** The node's lease session while it is up. */
  readonly session: () => LeaseSession | null;
  /** Whether the node's own lease holds: the server frees the lock later than that. */
  readonly isAlive: () => boolean;
}

/**
 * The coordinator's lease in Postgres: an advisory lock on the session that the node's own lease renews.
 *
 * It is taken without waiting for the former holder, unlike a node's lease: the term fences whatever that
 * one still writes.
 */
export class SessionLease implements Lease {
  readonly #ports: SessionLeasePorts;
  #held: SessionGrant | null = null;

  constructor(ports: SessionLeasePorts) {
    this.#ports = ports;
  }

  async acquire(): Promise<Grant | null> {
    const session = this.#ports.session();
    if (session === null || !this.#ports.isAlive()) return null;
    // Locks stack: one that is held on this session must not be taken again.
    if (this.#held?.isOn(session) === true) return this.#held.checkAlive() ? this.#held : null;
    if (!(await session.tryLock("coordinator"))) return null;
    const grant = new SessionGrant(session, this.#ports);
    if (!grant.checkAlive()) {
      await grant.release();
      return null;
    }
    this.#held = grant;
    return grant;
  }
}

class SessionGrant implements Grant {
  readonly #session: LeaseSession;
  readonly #ports: SessionLeasePorts;
  readonly #listeners = new Set<(why: string) => void>();
  readonly #unsubscribe: () => void;
  #state: "held" | "releasing" | "released" | "lost" = "held";
  #why = "";

  constructor(session: LeaseSession, ports: SessionLeasePorts) {
    this.#session = session;
    this.#ports = ports;
    this.#unsubscribe = session.onClosed((why) => {
      if (this.#state !== "held") return;
      this.#state = "lost";
      this.#why = why.message;
      for (const listener of this.#listeners) listener(this.#why);
      this.#listeners.clear();
    });
  }

  isOn(session: LeaseSession): boolean {
    const isGone = this.#state === "released" || this.#state === "lost";
    return !isGone && this.#session === session;
  }

  checkAlive(): boolean {
    const isUp = this.#ports.session() === this.#session;
    return this.#state === "held" && isUp && this.#ports.isAlive();
  }

  async release(): Promise<void> {
    if (this.#state !== "held") return;
    this.#state = "releasing";
    this.#unsubscribe();
    // A session that has ended took the lock with it.
    await this.#session.unlock("coordinator").catch(() => false);
    this.#state = "released";
  }

  onLost(fn: (why: string) => void): () => void {
    if (this.#state === "lost") fn(this.#why);
    else this.#listeners.add(fn);
    return () => this.#listeners.delete(fn);
  }
}
