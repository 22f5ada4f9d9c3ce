import { beforeEach, describe, expect, it } from "vitest";
import { createBootClock } from "./boot-clock.ts";

describe("time since boot", () => {
  let nowMs: number;
  let asleepMs: number;
  let wallStepMs: number;
  let readings: number;
  let bootMs: () => number;

  beforeEach(() => {
    [nowMs, asleepMs, wallStepMs, readings] = [5_000, 700, 0, 0];
    bootMs = createBootClock({
      readMs: () => {
        readings += 1;
        return nowMs + asleepMs;
      },
      monotonicMs: () => nowMs,
      wallMs: () => Math.floor(1e12 + nowMs + asleepMs + wallStepMs),
    });
  });

  it("is read once a millisecond, and goes on in between", () => {
    for (let step = 0; step < 40; step += 1) {
      expect(bootMs()).toBe(nowMs + 700);
      nowMs += 0.05;
    }
    expect(readings).toBe(2);
  });

  it("has gone on when a machine wakes up, within the same millisecond", () => {
    bootMs();
    asleepMs += 300;
    expect(bootMs()).toBe(nowMs + 1_000);
  });

  it("is seen to have gone on a millisecond later, also where the wall clock has stood still", () => {
    bootMs();
    asleepMs += 300;
    wallStepMs -= 300;
    nowMs += 1;
    expect(bootMs()).toBe(nowMs + 1_000);
  });

  it.each([3_600_000, -3_600_000])("is no other when the wall clock steps by %i ms", (step) => {
    bootMs();
    wallStepMs += step;
    expect([bootMs(), bootMs(), readings]).toEqual([5_700, 5_700, 2]);
  });
});
