import { expect } from "vitest";
import type { Call } from "./harness.ts";

/** `counter/add {by: 1}` answers 1, 2, 3 ... in the order of serving: nothing lost, nothing done twice. */
export function expectNothingLost(history: readonly Call[]): void {
  expect(history.filter((call) => call.outcome.tag !== "ok")).toEqual([]);
  for (const [id, calls] of Map.groupBy(history, (call) => call.id)) {
    const values = calls.map((call) => resultOf(call)).sort((a, b) => a - b);
    expect({ id, values }).toEqual({ id, values: values.map((_, i) => i + 1) });
  }
}

function resultOf(call: Call): number {
  if (call.outcome.tag !== "ok") throw new Error("not ok");
  return call.outcome.result as number;
}
