import { expect, test } from "vitest";
import { pairsOf, takeTurns } from "./turns.ts";

const measured = (perSecond: number) => ({ perSecond, latenciesUs: [] });

test("parts take turns, and the first round of each counts nothing", async () => {
  const calls: string[] = [];
  const part = (name: string) => async () => {
    calls.push(name);
    return measured(calls.length);
  };
  const said: string[] = [];
  const turns = await takeTurns(2, { a: part("a"), b: part("b") }, (line) => said.push(line));
  expect(calls.join("")).toBe("ababab");
  expect(turns.a.map(({ perSecond }) => perSecond)).toEqual([3, 5]);
  expect(said.at(-1)).toBe("round 2/2: a 5/s, b 6/s");
  expect(pairsOf(turns.a, turns.b, ({ perSecond }) => perSecond)).toEqual([
    { ours: 3, other: 4 },
    { ours: 5, other: 6 },
  ]);
});
