import { uptime } from "node:os";
import { Worker } from "node:worker_threads";
import { describe, expect, it } from "vitest";
import { monotonicOriginMs, systemClock } from "./system-clock.ts";

describe("the machine's clock", () => {
  it("runs a timer once its delay has passed, and not one that was cancelled", async () => {
    const startMs = systemClock.monotonicMs();
    const ran: string[] = [];
    const cancel = systemClock.after(1, () => ran.push("cancelled"));
    cancel();
    await new Promise<void>((resolve) => systemClock.after(20, resolve));
    expect(systemClock.monotonicMs() - startMs).toBeGreaterThanOrEqual(19);
    expect(ran).toEqual([]);
  });

  it("runs what has no delay with the next turn, and not what was cancelled", async () => {
    const ran: string[] = [];
    systemClock.after(0, () => ran.push("cancelled"))();
    const next = new Promise<void>((resolve) => systemClock.after(0, resolve));
    systemClock.after(0, () => ran.push("the next turn"));
    expect(ran).toEqual([]);
    await next;
    await new Promise<void>((resolve) => systemClock.after(0, resolve));
    expect(ran).toEqual(["the next turn"]);
  });

  it("counts since boot in milliseconds, at the pace of its monotonic time", async () => {
    const boot = systemClock.bootMs();
    const monotonic = systemClock.monotonicMs();
    await new Promise<void>((resolve) => systemClock.after(50, resolve));
    const parted = systemClock.bootMs() - boot - (systemClock.monotonicMs() - monotonic);
    expect(Math.abs(parted)).toBeLessThan(25);
  });

  it("counts since boot as the system does", () => {
    expect(Math.abs(systemClock.bootMs() - 1_000 * uptime())).toBeLessThan(1_000);
  });

  it("is followed by another thread from the same beginning", async () => {
    const worker = new Worker(new URL("./fixtures/tell-time.ts", import.meta.url), {
      workerData: monotonicOriginMs(),
      execArgv: [],
    });
    try {
      for (let look = 0; look < 20; look += 1) {
        const beforeMs = systemClock.monotonicMs();
        const told = new Promise<number>((resolve) => worker.once("message", resolve));
        worker.postMessage("");
        const there = await told;
        // What was measured of the beginnings is off by microseconds.
        expect(there).toBeGreaterThan(beforeMs - 0.1);
        expect(there).toBeLessThan(systemClock.monotonicMs() + 0.1);
      }
    } finally {
      await worker.terminate();
    }
  });

  it("draws numbers in [0, 1) and new uuids", () => {
    const number = systemClock.random();
    expect(number).toBeGreaterThanOrEqual(0);
    expect(number).toBeLessThan(1);
    expect(systemClock.uuid()).not.toBe(systemClock.uuid());
  });
});
