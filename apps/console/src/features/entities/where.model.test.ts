import { describe, expect, test } from "vitest";
import { assigned, entriesOf, hosted, hostedEvent } from "../../testing/factories.ts";
import { whereabouts } from "./where.model.ts";

const ref = { group: "default", shard: 7 };
const startMs = 1_700_000_000_000;
/** At millisecond 1 to 7 of the test's log. */
const entries = entriesOf(
  1,
  assigned(7, "node-a", 1),
  hostedEvent(7, "node-a", 1),
  assigned(8, "node-b", 1),
  assigned(7, "node-b", 2),
  hostedEvent(7, "node-b", 2),
  assigned(7, "node-b", 3),
  hostedEvent(7, "node-b", 3),
);
const at = (earlierMs: number) => ({ nowMs: startMs + 100, earlierMs: startMs + earlierMs });

describe("where an entity is", () => {
  test("counts from its coming to its home, not from the last epoch there", () => {
    expect(whereabouts(entries, ref, hosted("node-b", 3), at(50))).toEqual({
      ...{ owner: "node-b", epoch: 3 },
      sinceMs: startMs + 4,
      before: { nodeId: "node-a", epoch: 1 },
      earlier: { nodeId: "node-b", epoch: 3 },
    });
  });

  test.each([
    [1, { nodeId: "node-a", epoch: 1 }],
    [3, { nodeId: "node-a", epoch: 1 }],
    [4, { nodeId: "node-b", epoch: 2 }],
    [0, null],
  ])("knows who had it %i ms after the beginning", (earlierMs, expected) => {
    expect(whereabouts(entries, ref, hosted("node-b", 3), at(earlierMs)).earlier).toEqual(expected);
  });

  test("does not make up what is no longer kept", () => {
    expect(whereabouts([], ref, hosted("node-b", 3), at(50))).toEqual({
      ...{ owner: "node-b", epoch: 3, sinceMs: null, before: null, earlier: null },
    });
  });

  test("says that nobody had it while it had no home", () => {
    const vacated = { type: "shard-vacated", ...ref, epoch: 1, nodeId: "node-a" } as never;
    const log = entriesOf(1, assigned(7, "node-a", 1), vacated);
    const row = { state: "unallocated", epoch: 1, pinned: false } as const;
    expect(whereabouts(log, ref, row, at(50))).toMatchObject({
      ...{ owner: null, sinceMs: startMs + 2 },
      before: { nodeId: "node-a" },
      earlier: { nodeId: null },
    });
  });
});
