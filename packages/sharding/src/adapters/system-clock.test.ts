import { uptime } from "node:os";
import { describe, expect, it } from "vitest";
import { systemClock } from "./system-clock.ts";

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

  it("draws numbers in [0, 1) and new uuids", () => {
    const number = systemClock.random();
    expect(number).toBeGreaterThanOrEqual(0);
    expect(number).toBeLessThan(1);
    expect(systemClock.uuid()).not.toBe(systemClock.uuid());
  });
});
