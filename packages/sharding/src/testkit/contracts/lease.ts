import { afterEach, beforeEach, describe, expect, it } from "vitest";
import type { Grant, Lease } from "../../ports/lease.ts";

/** One who wants the lease, as a process of its own would. */
export interface LeaseCandidate {
  readonly lease: Lease;
  /** From now on nothing passes between it and the store, and nobody is told. */
  cut(): void;
}

export interface LeaseHarness {
  /** @unit milliseconds */
  readonly ttlMs: number;
  candidate(name: string): Promise<LeaseCandidate>;
  /** Lets time pass until it is true. @throws with the sentence when it does not come true in time. */
  until(sentence: string, isTrue: () => boolean | Promise<boolean>): Promise<void>;
  nowMs(): number;
  close(): Promise<void>;
}

/** What every lease does (ports/lease.ts). */
export function leaseContract(name: string, makeHarness: () => Promise<LeaseHarness>): void {
  describe(`a lease in ${name}`, () => {
    let harness: LeaseHarness;
    let a: LeaseCandidate;
    let b: LeaseCandidate;

    beforeEach(async () => {
      harness = await makeHarness();
      a = await harness.candidate("a");
      b = await harness.candidate("b");
    });
    afterEach(() => harness.close());

    const take = async (candidate: LeaseCandidate): Promise<Grant> => {
      const grant = await candidate.lease.acquire();
      if (grant === null) throw new Error("the lease is not free");
      return grant;
    };

    it("has one holder at a time", async () => {
      expect((await take(a)).checkAlive()).toBe(true);
      expect(await b.lease.acquire()).toBeNull();
    });

    it("is the same right when its holder asks again", async () => {
      const grant = await take(a);
      expect(await a.lease.acquire()).toBe(grant);
      await grant.release();
      expect((await take(b)).checkAlive()).toBe(true);
    });

    it("that was given back is free at once, and was not lost", async () => {
      const grant = await take(a);
      const losses: string[] = [];
      grant.onLost((why) => losses.push(why));
      await grant.release();
      expect(grant.checkAlive()).toBe(false);
      expect((await take(b)).checkAlive()).toBe(true);
      expect(await a.lease.acquire()).toBeNull();
      expect(losses).toEqual([]);
    });

    it("is kept by its holder for longer than a ttl, whoever tries to take it", async () => {
      const grant = await take(a);
      const endMs = harness.nowMs() + 2 * harness.ttlMs;
      await harness.until("two ttl have passed", async () => {
        expect(grant.checkAlive()).toBe(true);
        expect(await b.lease.acquire()).toBeNull();
        return harness.nowMs() >= endMs;
      });
    });

    it("of a holder that is cut off ends for it before anybody else has it, and says so once", async () => {
      const grant = await take(a);
      const losses: string[] = [];
      grant.onLost((why) => losses.push(why));
      const unsubscribe = grant.onLost(() => losses.push("unsubscribed"));
      unsubscribe();
      a.cut();
      let next: Grant | null = null;
      await harness.until("the other one has it", async () => {
        next = await b.lease.acquire();
        // Whatever was true when it was asked for: at this instant only one of them may hold it.
        if (next !== null) expect(grant.checkAlive()).toBe(false);
        return next !== null;
      });
      await harness.until("the former holder knows", () => losses.length > 0);
      grant.onLost((why) => losses.push(why));
      expect(losses).toHaveLength(2);
      expect(losses[1]).toBe(losses[0]);
      await grant.release();
      expect((next as Grant | null)?.checkAlive()).toBe(true);
    });
  });
}
