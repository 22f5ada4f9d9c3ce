import { expect, it } from "vitest";
import { ManualClock } from "../adapters/memory/manual-clock.ts";
import type { Clock } from "../ports/clock.ts";
import { inSlices } from "./in-slices.ts";

it("work in slices ends each after a few milliseconds, and what is short is done at once", () => {
  const timers = new ManualClock();
  let [workedMs, steps] = [0, 0];
  const clock: Clock = {
    monotonicMs: () => timers.monotonicMs() + workedMs,
    ...{ bootMs: () => 0, random: () => 0, uuid: () => "" },
    after: (delayMs, fn) => timers.after(delayMs, fn),
  };
  const step = (): boolean => {
    workedMs += 1;
    steps += 1;
    return steps < 20;
  };
  inSlices(clock, step);
  expect(steps).toBe(8);
  timers.advance(0);
  expect([steps, workedMs]).toEqual([20, 20]);

  [workedMs, steps] = [0, 14];
  inSlices(clock, step);
  expect(steps).toBe(20);
});
