import { watchFactor } from "../core/membership.ts";
import type { Grant, Lease, VersionedRecord } from "../ports/lease.ts";
import { LeaseDeadline } from "./lease-deadline.ts";
import { RecordGrant, type RecordLeaseOptions } from "./record-grant.ts";
import { withDeadline } from "./with-deadline.ts";

/**
 * Takes a lease that is a record in a store which knows versions but ends nothing by itself.
 *
 * The record's times are never looked at: they are of another machine's clock. It may be taken from its
 * holder once it has been watched unchanged, on the own clock and from the arrival of the answer on, for
 * longer than the ttl that its holder wrote.
 */
export class RecordLease implements Lease {
  readonly #options: RecordLeaseOptions;
  #seen: { readonly version: string; readonly sinceMs: number } | null = null;
  #grant: RecordGrant | null = null;

  constructor(options: RecordLeaseOptions) {
    this.#options = options;
  }

  async acquire(): Promise<Grant | null> {
    if (this.#grant?.checkAlive() === true) return this.#grant;
    const { records, clock, holder, ttlMs } = this.#options;
    const found = await withDeadline(clock, ttlMs / 3, (signal) => records.read(signal));
    if (found !== null && !this.#mayTake(found)) return null;
    const isChange = found !== null && found.holder !== holder;
    const transitions = (found?.transitions ?? 0) + (isChange ? 1 : 0);
    const deadline = new LeaseDeadline(clock, ttlMs);
    const written = await withDeadline(clock, ttlMs / 3, (signal) =>
      records.write({ holder, ttlMs, transitions }, found, signal),
    );
    if (written === null) return null;
    this.#grant = new RecordGrant(this.#options, written, deadline);
    return this.#grant;
  }

  #mayTake(found: VersionedRecord): boolean {
    const { clock, holder } = this.#options;
    if (found.holder === "" || found.holder === holder) return true;
    const nowMs = clock.monotonicMs();
    if (this.#seen?.version !== found.version)
      this.#seen = { version: found.version, sinceMs: nowMs };
    return nowMs - this.#seen.sinceMs > found.ttlMs * watchFactor;
  }
}
