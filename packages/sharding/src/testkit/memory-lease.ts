import { MemoryLeaseRecords } from "../adapters/memory/memory-lease-records.ts";
import type { LeaseFactory } from "../ports/lease.ts";
import { RecordLease } from "../runtime/record-lease.ts";

/** One lease for all nodes of this process: `startNode({ coordinatorLease: memoryLease() })`, the same for each. */
export function memoryLease(): LeaseFactory {
  const records = new MemoryLeaseRecords();
  return ({ holder, ttlMs, clock }) =>
    new RecordLease({
      ...{ records, ttlMs, clock },
      holder: `${holder.nodeId}_${holder.incarnation}`,
    });
}
