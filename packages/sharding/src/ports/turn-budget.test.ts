import { expect, test } from "vitest";
import { systemClock } from "../adapters/system-clock.ts";
import { TurnBudget } from "./turn-budget.ts";

test("a turn has its share from the first question on, and each turn has its own", () => {
  let nowMs = 0;
  const due: (() => void)[] = [];
  const clock = {
    ...systemClock,
    monotonicMs: () => nowMs,
    after: (delayMs: number, fn: () => void) => {
      expect(delayMs).toBe(0);
      due.push(fn);
      return () => undefined;
    },
  };
  let turns = 0;
  const budget = new TurnBudget(clock, 10, () => {
    turns += 1;
  });
  for (const [atMs, hasRoom] of [
    [5, true],
    [14, true],
    [15, false],
    [90, false],
  ] as const) {
    nowMs = atMs;
    expect([atMs, budget.hasRoom()]).toEqual([atMs, hasRoom]);
  }
  expect([turns, due.length]).toEqual([0, 1]);
  due.shift()?.();
  // Nobody asks, nothing is called.
  expect([turns, due.length]).toEqual([1, 0]);
  expect([budget.hasRoom(), due.length]).toEqual([true, 1]);
});
