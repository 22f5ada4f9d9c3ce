import { describe, expect, it } from "vitest";
import { ManualClock } from "../adapters/memory/manual-clock.ts";
import { LeaseDeadline } from "./lease-deadline.ts";

const ttlMs = 1_000;

const scene = () => {
  const clock = new ManualClock();
  return { clock, deadline: new LeaseDeadline(clock, ttlMs) };
};

/** What runs in one go asks for boot time once. */
const nextTurn = () => Promise.resolve();

describe("a lease's deadline", () => {
  it("is nine tenths of a ttl after the lease was asked for", () => {
    const { clock, deadline } = scene();
    clock.advance(899);
    expect([deadline.checkAlive(), deadline.leftMs()]).toEqual([true, 1]);
    clock.advance(1);
    expect([deadline.checkAlive(), deadline.leftMs()]).toEqual([false, 0]);
  });

  it("counts from when a renewal was sent, and an answer out of order does not shorten it", () => {
    const { clock, deadline } = scene();
    clock.advance(500);
    deadline.renewed(400);
    deadline.renewed(200);
    expect(deadline.leftMs()).toBe(800);
  });

  it("has passed for good once the machine slept for a twentieth of a ttl, however little time that took", async () => {
    const { clock, deadline } = scene();
    clock.suspend(ttlMs / 20);
    expect(deadline.checkAlive()).toBe(true);
    clock.suspend(1);
    await nextTurn();
    expect(deadline.checkAlive()).toBe(false);
    deadline.renewed(clock.monotonicMs());
    expect(deadline.checkAlive()).toBe(false);
  });

  it("never comes back once it was ended", () => {
    const { clock, deadline } = scene();
    deadline.end();
    deadline.renewed(clock.monotonicMs());
    expect(deadline.checkAlive()).toBe(false);
  });
});
