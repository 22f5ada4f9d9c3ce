import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { alike, type Row } from "./alike.ts";

describe("alike", () => {
  it("writes once what rows have in common, and their numbers as lists", () => {
    const rows = [0, 1, 2].map((shard) => ({ state: "starting", shard, epoch: 7 + shard }));
    expect(alike(rows)).toEqual({
      count: 3,
      rows: [{ state: "starting", shard: [0, 1, 2], epoch: [7, 8, 9] }],
    });
  });

  it("keeps apart what differs in anything else, also in whether a column is a number at all", () => {
    const rows = [
      { state: "starting", shard: 0, epoch: 1 },
      { state: "hosted", shard: 1, epoch: 1 },
      { state: "hosted", shard: 2, epoch: null },
      { state: "hosted", shard: 3 },
      { state: "hosted", shard: 4, epoch: 2 },
    ];
    expect(alike(rows).rows).toEqual([
      { state: "starting", shard: [0], epoch: [1] },
      { state: "hosted", shard: [1, 4], epoch: [1, 2] },
      { state: "hosted", shard: [2], epoch: null },
      { state: "hosted", shard: [3] },
    ]);
  });

  it("loses no row and adds none", () => {
    const row = fc.record(
      {
        state: fc.constantFrom("a", "b"),
        shard: fc.nat(3),
        epoch: fc.option(fc.nat(3), { nil: null }),
      },
      { requiredKeys: ["state", "shard"] },
    );
    const sorted = (all: readonly object[]) =>
      all.map((one) => JSON.stringify(Object.entries(one).sort())).sort();
    fc.assert(
      fc.property(fc.array(row), (rows) => {
        const { count, rows: joined } = alike(rows);
        expect(count).toBe(rows.length);
        expect(sorted(joined.flatMap(apart))).toEqual(sorted(rows));
      }),
    );
  });
});

/** The rows that a joined one stands for. */
function apart(joined: Row): Row[] {
  const { shard, epoch } = joined as { shard: number[]; epoch?: number[] | null };
  const at = (index: number) => (Array.isArray(epoch) ? { epoch: epoch[index] } : {});
  return shard.map((one, index) => ({ ...joined, shard: one, ...at(index) }));
}
