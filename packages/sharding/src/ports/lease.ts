import type { NodeRef } from "../core/ids.ts";
import type { Clock } from "./clock.ts";

/**
 * A right that one holder has at a time, and that runs out by itself.
 *
 * Contract (`testkit/contracts/lease.ts`, run against Postgres, memory and Kubernetes):
 * - Of all grants of one lease at most one is alive at any instant, on whatever clocks.
 * - `acquire` never waits for another holder. Where it cannot tell whether the lease is free it is not.
 * - A grant that has ended never comes alive again.
 */
export interface Lease {
  /**
   * Takes the lease if it is free.
   *
   * @returns null where somebody else holds it, or may.
   * @throws what the store of the lease throws when it cannot be reached.
   */
  acquire(): Promise<Grant | null>;
}

export interface Grant {
  /** Local and synchronous: compares with the clock each time, and no flag of a timer is trusted. */
  checkAlive(): boolean;
  /** Gives it back, so that nobody has to wait for it to run out. Never rejects. */
  release(): Promise<void>;
  /**
   * Calls `fn` once when the grant ends otherwise than by `release`: taken away, not renewed in time. At
   * once where it has ended already. @returns an unsubscribe function.
   */
  onLost(fn: (why: string) => void): () => void;
}

/** Where leases are kept as one record each, with a version that each write changes. */
export interface LeaseRecords {
  /** @returns null where there is no record. */
  read(signal: AbortSignal): Promise<VersionedRecord | null>;
  /**
   * Writes the record if it still has the version that was read; null: if there is none.
   *
   * @returns what was written, or null where somebody else wrote in between.
   * @throws when it is not known whether it was written.
   */
  write(
    record: LeaseRecord,
    expected: VersionedRecord | null,
    signal: AbortSignal,
  ): Promise<VersionedRecord | null>;
}

export interface LeaseRecord {
  /** Unique to one life; empty: nobody's. */
  readonly holder: string;
  /** How long others wait since they last saw the record change. @unit milliseconds */
  readonly ttlMs: number;
  /** Goes up each time that the holder changes. */
  readonly transitions: number;
}

export interface VersionedRecord extends LeaseRecord {
  readonly version: string;
}

/** Makes the lease for one life of a node; called again for the next one. */
export type LeaseFactory = (of: {
  readonly holder: NodeRef;
  /** The node's. @unit milliseconds */
  readonly ttlMs: number;
  readonly clock: Clock;
}) => Lease;
