import { expect, test } from "vitest";
import { keepAsking } from "./asking.ts";

test("answers that need no I/O leave the event loop to others", async () => {
  let turns = 0;
  let isDone = false;
  const next = (): void => {
    turns += 1;
    if (!isDone) setImmediate(next);
  };
  setImmediate(next);
  const { latenciesUs } = await keepAsking(async () => null, 2, 60);
  isDone = true;
  expect(latenciesUs.length).toBeGreaterThan(0);
  expect(turns).toBeGreaterThan(0);
});

test("one that fails ends it", async () => {
  const ask = (turn: number) => (turn === 5 ? Promise.reject(new Error("no")) : Promise.resolve());
  await expect(keepAsking(ask, 2, 60_000)).rejects.toThrow("no");
});

test("so many are under way, each caller's next when its last is answered", async () => {
  let [underWay, most] = [0, 0];
  const asked: number[] = [];
  const ask = async (turn: number): Promise<void> => {
    asked.push(turn);
    if (asked.length === 30) throw new Error("enough");
    underWay += 1;
    most = Math.max(most, underWay);
    await new Promise((resolve) => setImmediate(resolve));
    underWay -= 1;
  };
  await expect(keepAsking(ask, 3, 60_000)).rejects.toThrow("enough");
  expect(most).toBe(3);
  expect(asked.slice(0, 3)).toEqual([0, 1, 2]);
});
