import { expect, test } from "vitest";
import { systemClock } from "../../adapters/system-clock.ts";
import { TurnShare } from "./turn-share.ts";

test("what comes once a turn's share is used up waits for the next turn, in order", () => {
  let nowMs = 0;
  const due: (() => void)[] = [];
  const after = (_delayMs: number, fn: () => void) => {
    due.push(fn);
    return () => undefined;
  };
  const ran: number[] = [];
  const share = new TurnShare<number>({ ...systemClock, monotonicMs: () => nowMs, after }, (n) => {
    ran.push(n);
    nowMs += 4;
  });
  const ask = (n: number): void => share.add(n);
  for (let n = 1; n <= 7; n += 1) ask(n);
  expect(ran).toEqual([1, 2, 3]);
  due.shift()?.();
  expect(ran).toEqual([1, 2, 3, 4, 5, 6]);
  ask(8);
  due.shift()?.();
  expect(ran).toEqual([1, 2, 3, 4, 5, 6, 7, 8]);
  ask(9);
  expect([ran.at(-1), due.length]).toEqual([9, 1]);
});

test("a loop that awaits one answer after the other does not keep timers from running", async () => {
  const share = new TurnShare<() => void>(systemClock, (answer) => answer());
  let isOver = false;
  systemClock.after(30, () => {
    isOver = true;
  });
  const ask = (): Promise<void> => new Promise((resolve) => share.add(resolve));
  const endMs = systemClock.monotonicMs() + 5_000;
  while (!isOver && systemClock.monotonicMs() < endMs) await ask();
  expect(isOver).toBe(true);
});
