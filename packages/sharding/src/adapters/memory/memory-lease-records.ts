import type { LeaseRecord, LeaseRecords, VersionedRecord } from "../../ports/lease.ts";

/** One lease's record, for candidates of one process. */
export class MemoryLeaseRecords implements LeaseRecords {
  #record: VersionedRecord | null = null;
  #writes = 0;

  async read(): Promise<VersionedRecord | null> {
    return this.#record;
  }

  async write(
    { holder, ttlMs, transitions }: LeaseRecord,
    expected: VersionedRecord | null,
  ): Promise<VersionedRecord | null> {
    if (this.#record?.version !== expected?.version) return null;
    this.#writes += 1;
    this.#record = { holder, ttlMs, transitions, version: String(this.#writes) };
    return this.#record;
  }
}
