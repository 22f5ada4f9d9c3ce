import fc from "fast-check";
import { describe, expect, it } from "vitest";
import type { DeathProof } from "./log.ts";
import {
  type Evidence,
  endOf,
  leaseDeadlineMs,
  nextEndMs,
  type WatchedLease,
  type Watches,
  watch,
  watchFactor,
} from "./membership.ts";

const ttlMs = 5_000;
const a = { nodeId: "a", incarnation: "a-1" };
const lease: WatchedLease = { ...a, state: "alive", renewals: 7, exited: false };
const noEvidence: Evidence = { isGone: () => false, isRefused: () => false };

const seen = (...reads: readonly (readonly [atMs: number, lease: WatchedLease])[]): Watches =>
  reads.reduce<Watches>((watches, [atMs, row]) => watch(watches, [row], atMs), new Map());

/** What is concluded one instant after the lease was first seen, unless said otherwise. */
const endedBy = (row: WatchedLease, evidence = noEvidence, afterMs = 1): DeathProof | null =>
  endOf(seen([1_000, row]), a, 1_000 + afterMs, ttlMs, evidence);

describe("the end of a lease", () => {
  it("is not concluded of a life that nobody has seen a lease of", () => {
    expect(endOf(new Map(), a, 1e9, ttlMs, noEvidence)).toBeNull();
  });

  it("is not concluded of a counter that is seen for the first time", () => {
    expect(endedBy(lease)).toBeNull();
  });

  it("is what the row says: released, or dead", () => {
    expect(endedBy({ ...lease, state: "released" })).toBe("released");
    expect(endedBy({ ...lease, state: "dead" })).toBe("released");
  });

  it("is proven by the parent that waited for the process", () => {
    expect(endedBy({ ...lease, exited: true })).toBe("waiter");
  });

  it("is proven by the host, of exactly this incarnation", () => {
    const isGone = (incarnation: string) => incarnation === "a-1";
    expect(endedBy(lease, { ...noEvidence, isGone })).toBe("host");
    expect(endedBy(lease, { ...noEvidence, isGone: (life) => life === "a-0" })).toBeNull();
  });

  it("is proven by a refusal that the operator trusts, of exactly this incarnation", () => {
    const isRefused = (incarnation: string) => incarnation === "a-1";
    expect(endedBy(lease, { ...noEvidence, isRefused })).toBe("refused");
    expect(endedBy(lease, { ...noEvidence, isRefused: (life) => life === "a-0" })).toBeNull();
  });

  it("is superseded where the row names another life", () => {
    expect(endedBy({ ...lease, incarnation: "a-2" })).toBe("superseded");
  });

  it("is watched: the counter stood still for more than 1.02 ttl, and not one instant less", () => {
    expect(watchFactor).toBe(1.02);
    expect(endedBy(lease, noEvidence, 5_099)).toBeNull();
    expect(endedBy(lease, noEvidence, 5_100)).toBeNull();
    expect(endedBy(lease, noEvidence, 5_100.001)).toBe("watched");
  });

  it("says the surest proof first: nobody waits a ttl for a life that has released", () => {
    const sure: Evidence = { isGone: () => true, isRefused: () => true };
    const late = 10 * ttlMs;
    expect(endedBy({ ...lease, state: "released", exited: true }, sure, late)).toBe("released");
    expect(endedBy({ ...lease, exited: true }, sure, late)).toBe("waiter");
    expect(endedBy(lease, sure, late)).toBe("host");
    expect(endedBy(lease, { ...sure, isGone: () => false }, late)).toBe("refused");
  });
});

describe("a watch", () => {
  it("counts from the arrival of the answer that showed the counter first", () => {
    const watches = seen([2_000, lease], [3_000, lease], [4_000, lease]);
    expect(watches.get("a")?.changedAtMs).toBe(2_000);
  });

  it("starts again with each renewal and with each life", () => {
    const renewed = seen([2_000, lease], [3_000, { ...lease, renewals: 8 }]);
    expect(renewed.get("a")?.changedAtMs).toBe(3_000);
    const restarted = seen([2_000, lease], [3_000, { ...lease, incarnation: "a-2" }]);
    expect(restarted.get("a")?.changedAtMs).toBe(3_000);
    // A restored database may show a counter that is lower; it moved all the same.
    const restored = seen([2_000, lease], [3_000, { ...lease, renewals: 1 }]);
    expect(restored.get("a")?.changedAtMs).toBe(3_000);
  });

  it("takes in what else the row says without starting again", () => {
    const watches = seen([2_000, lease], [3_000, { ...lease, state: "released", exited: true }]);
    expect(watches.get("a")).toEqual({
      ...{ ...lease, state: "released", exited: true },
      changedAtMs: 2_000,
    });
  });

  it("forgets a node whose row is gone, and leaves the given watches as they were", () => {
    const before = seen([2_000, lease]);
    expect(watch(before, [], 3_000).size).toBe(0);
    expect(before.get("a")?.changedAtMs).toBe(2_000);
  });
});

describe("a holder", () => {
  it("stops a tenth of a ttl before the ttl after its renewal was sent", () => {
    expect(leaseDeadlineMs(1_000, ttlMs)).toBe(5_500);
  });

  it("has always stopped when a watcher concludes, on clocks whose rates are up to 1 % off", () => {
    const ms = fc.double({ min: 0, max: 10_000, noNaN: true });
    const rate = fc.double({ min: 0.99, max: 1.01, noNaN: true });
    const clocks = fc.record({
      ttl: fc.integer({ min: 100, max: 60_000 }),
      sentAt: ms,
      /** From the send until the row shows the renewal, and from there until a watcher has read it. */
      committedAfter: ms,
      readAfter: ms,
      holderRate: rate,
      watcherRate: rate,
    });
    fc.assert(
      fc.property(clocks, (c) => {
        // Each clock shows real time times its rate; a deadline is an instant on one of them.
        const stopsAt = leaseDeadlineMs(c.sentAt * c.holderRate, c.ttl) / c.holderRate;
        const arrivedAt = c.sentAt + c.committedAfter + c.readAfter;
        const watches = seen([arrivedAt * c.watcherRate, lease]);
        const at = (realMs: number) => endOf(watches, a, realMs * c.watcherRate, c.ttl, noEvidence);
        expect(at(stopsAt)).toBeNull();
        // And it is concluded in the end.
        expect(at(arrivedAt + (1.03 * c.ttl) / 0.99 + 1)).toBe("watched");
      }),
      { numRuns: 1_000 },
    );
  });
});

describe("the next end of a lease", () => {
  const endMs = 1_000 + ttlMs * watchFactor;

  it("is 1.02 ttl after the oldest counter was seen to change", () => {
    const b = { ...lease, nodeId: "b", incarnation: "b-1" };
    const watches = watch(seen([1_000, lease]), [lease, b], 3_000);
    expect(nextEndMs(watches.values(), 3_000, ttlMs)).toBe(endMs);
    expect(nextEndMs(watches.values(), endMs + 1, ttlMs)).toBe(endMs + 2_000);
  });

  it("is none where nobody has a lease, or each is over", () => {
    expect(nextEndMs([], 0, ttlMs)).toBeNull();
    const dead = seen([1_000, { ...lease, state: "dead" }]);
    expect(nextEndMs(dead.values(), 1_000, ttlMs)).toBeNull();
    expect(nextEndMs(seen([1_000, lease]).values(), endMs + 1, ttlMs)).toBeNull();
  });
});
