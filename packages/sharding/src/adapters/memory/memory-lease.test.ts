import { RecordLease } from "../../runtime/record-lease.ts";
import type { LeaseHarness } from "../../testkit/contracts/lease.ts";
import { leaseContract } from "../../testkit/contracts/lease.ts";
import { nodeLeaseOf } from "../../testkit/contracts/node-lease-candidate.ts";
import { Wire } from "../../testkit/memory-cluster.ts";
import { ManualClock } from "./manual-clock.ts";
import { MemoryLeaseRecords } from "./memory-lease-records.ts";
import { MemoryPostgres } from "./memory-postgres.ts";

const ttlMs = 1_000;

function timeOf(clock: ManualClock): Pick<LeaseHarness, "ttlMs" | "until" | "nowMs"> {
  return {
    ttlMs,
    nowMs: () => clock.monotonicMs(),
    until: async (sentence, isTrue) => {
      const startMs = clock.monotonicMs();
      while (!(await isTrue())) {
        if (clock.monotonicMs() - startMs > 10 * ttlMs) throw new Error(`not so: ${sentence}`);
        clock.advance(5);
        await new Promise<void>((resolve) => {
          setImmediate(resolve);
        });
      }
    },
  };
}

leaseContract("memory, as a record with a ttl", async () => {
  const clock = new ManualClock();
  const shared = new MemoryLeaseRecords();
  return {
    ...timeOf(clock),
    candidate: async (holder) => {
      const wire = new Wire();
      const through = <T>(call: () => Promise<T>): Promise<T> =>
        new Promise((resolve) => {
          wire.pass("out", () => resolve(call()));
        });
      const records = {
        read: () => through(() => shared.read()),
        write: (...args: Parameters<typeof shared.write>) => through(() => shared.write(...args)),
      };
      const lease = new RecordLease({ records, holder, ttlMs, clock });
      return { lease, cut: () => wire.cut() };
    },
    close: async () => undefined,
  };
});

leaseContract("memory, as a lock on a session", async () => {
  const clock = new ManualClock();
  const server = new MemoryPostgres({ clock });
  return {
    ...timeOf(clock),
    candidate: async (nodeId) => {
      const link = new Wire();
      const { lease } = await nodeLeaseOf({
        ...{ nodeId, ttlMs, clock, sessions: server.sessions({ link }) },
      });
      return { lease, cut: () => link.cut() };
    },
    close: async () => undefined,
  };
});
