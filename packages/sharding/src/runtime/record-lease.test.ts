import { describe, expect, it } from "vitest";
import { ManualClock } from "../adapters/memory/manual-clock.ts";
import { MemoryLeaseRecords } from "../adapters/memory/memory-lease-records.ts";
import type { LeaseRecords } from "../ports/lease.ts";
import { RecordLease } from "./record-lease.ts";

const ttlMs = 1_000;

/** Candidates over one store whose answers take as long as they are told to. */
function scene() {
  const clock = new ManualClock();
  const store = new MemoryLeaseRecords();
  const answers = { afterMs: 0 };
  const late = <T>(value: Promise<T>): Promise<T> => {
    const { afterMs } = answers;
    if (afterMs === 0) return value;
    return new Promise((resolve) => clock.after(afterMs, () => resolve(value)));
  };
  const records: LeaseRecords = {
    read: () => late(store.read()),
    write: (record, expected) => late(store.write(record, expected)),
  };
  const lease = (holder: string) => new RecordLease({ records, holder, ttlMs, clock });
  const run = async (ms: number): Promise<void> => {
    for (let passed = 0; passed < ms; passed += 1) {
      clock.advance(1);
      await new Promise<void>((resolve) => {
        setImmediate(resolve);
      });
    }
  };
  return { clock, store, answers, lease, run };
}

describe("a lease that is a record", () => {
  it("ends at its deadline from when the last answered renewal was sent, not from its answer", async () => {
    const { answers, lease, run } = scene();
    const grant = await lease("a").acquire();
    answers.afterMs = 250;
    // The first renewal is sent after a sixth of the ttl, and answered 250 ms later; none after it is.
    await run(200);
    answers.afterMs = 1_000_000;
    await run(166 + 900 - 200 - 2);
    expect(grant?.checkAlive()).toBe(true);
    await run(4);
    expect(grant?.checkAlive()).toBe(false);
  });

  it("is over when the answer to its renewal comes after its deadline", async () => {
    const { answers, lease, run, store } = scene();
    const grant = await lease("a").acquire();
    await run(10);
    answers.afterMs = 1_000_000;
    await run(890);
    expect(grant?.checkAlive()).toBe(false);
    answers.afterMs = 0;
    await run(1_000);
    expect(grant?.checkAlive()).toBe(false);
    expect((await store.read())?.holder).toBe("a");
  });

  it("is over when the machine has slept, even while its first answer was on its way", async () => {
    const { clock, answers, lease, run } = scene();
    const grant = await lease("a").acquire();
    expect(grant?.checkAlive()).toBe(true);
    await run(1);
    clock.suspend(ttlMs);
    expect(grant?.checkAlive()).toBe(false);
    await run(ttlMs);
    answers.afterMs = 50;
    const again = lease("a").acquire();
    await run(75);
    clock.suspend(ttlMs);
    await run(75);
    expect((await again)?.checkAlive()).toBe(false);
  });

  it("is watched from the arrival of the answer that first showed its version", async () => {
    const { answers, lease, run, store } = scene();
    await store.write({ holder: "x", ttlMs, transitions: 0 }, null);
    const candidate = lease("b");
    answers.afterMs = 300;
    const first = candidate.acquire();
    await run(300);
    expect(await first).toBeNull();
    answers.afterMs = 0;
    await run(1_019);
    expect(await candidate.acquire()).toBeNull();
    await run(2);
    expect((await candidate.acquire())?.checkAlive()).toBe(true);
  });

  it("is watched anew each time that its record changes", async () => {
    const { lease, run, store } = scene();
    let record = await store.write({ holder: "x", ttlMs, transitions: 0 }, null);
    const candidate = lease("b");
    for (let renewals = 0; renewals < 5; renewals += 1) {
      expect(await candidate.acquire()).toBeNull();
      await run(900);
      record = await store.write({ holder: "x", ttlMs, transitions: 0 }, record);
    }
    expect(await candidate.acquire()).toBeNull();
  });
});
