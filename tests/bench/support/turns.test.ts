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
  const parts = { a: part("a"), b: part("b"), c: undefined };
  const isQuiet = async () => calls.length !== 5;
  const turns = await takeTurns(2, parts, (line) => said.push(line), isQuiet);
  expect(calls.join("")).toBe("ababab");
  expect(turns.a.map(({ perSecond }) => perSecond)).toEqual([3, 5]);
  expect(said[1]).toBe("round 1/2: a 3/s, b 4/s");
  expect(said[2]).toBe("round 2/2: a 5/s, b 6/s (others at work, 1 of 2)");
  expect(pairsOf(turns.a, turns.b, ({ perSecond }) => perSecond)).toEqual([
    { ours: 3, other: 4 },
    { ours: 5, other: 6 },
  ]);
});
