import type { Incarnation, NodeRef } from "../core/ids.ts";
import type { Clock } from "../ports/clock.ts";
import type { Grant, Lease, LeaseFactory } from "../ports/lease.ts";
import type { NodeLease } from "./node-lease.ts";
import { SessionLease } from "./session-lease.ts";

export interface CoordinatorRightOptions {
  readonly lease: NodeLease;
  readonly clock: Clock;
  readonly ttlMs: number;
  /** @default an advisory lock on the node's lease session */
  readonly coordinatorLease?: LeaseFactory | undefined;
}

/** The coordinator's lease, as the present life of this node has it or not. */
export class CoordinatorRight {
  readonly #options: CoordinatorRightOptions;
  #made: { readonly of: Incarnation; readonly lease: Lease } | null = null;
  #grant: Grant | null = null;

  constructor(options: CoordinatorRightOptions) {
    this.#options = options;
  }

  isHeld(): boolean {
    return this.#grant?.checkAlive() === true;
  }

  /** @returns whether this life has it now. */
  async acquire(holder: NodeRef): Promise<boolean> {
    const grant = await this.#leaseOf(holder).acquire();
    if (grant !== null) this.#grant = grant;
    return grant !== null;
  }

  async release(): Promise<void> {
    await this.#grant?.release();
  }

  onLost(fn: (why: string) => void): void {
    this.#grant?.onLost(fn);
  }

  /** Each life has one of its own: what a former one took must not be taken for its. */
  #leaseOf(holder: NodeRef): Lease {
    const { lease, clock, ttlMs, coordinatorLease } = this.#options;
    if (this.#made?.of !== holder.incarnation) {
      const ports = {
        session: () => lease.session,
        isAlive: () => lease.grant?.checkAlive() === true,
      };
      const made = coordinatorLease?.({ holder, ttlMs, clock }) ?? new SessionLease(ports);
      this.#made = { of: holder.incarnation, lease: made };
    }
    return this.#made.lease;
  }
}
