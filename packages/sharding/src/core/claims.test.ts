import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { type Claims, claimsOf, epochBefore, mergeClaims, noClaims } from "./claims.ts";

const lives = ["a", "b", "c"].map((nodeId) => ({ nodeId, incarnation: `${nodeId}-1` }));

/** What one life says it holds; few shards and epochs, so that claims meet. */
const anyClaims: fc.Arbitrary<Claims> = fc
  .tuple(
    fc.constantFrom(...lives),
    fc.array(
      fc.record({
        group: fc.constantFrom("default", "orders"),
        shard: fc.nat(2),
        epoch: fc
          .tuple(fc.integer({ min: 1, max: 3 }), fc.integer({ min: 1, max: 3 }))
          .map(([term, n]) => epochBefore(term) + n),
      }),
      { maxLength: 6 },
    ),
  )
  .map(([by, grants]) => claimsOf(by, grants));

const sorted = (claims: Claims) => [...claims].sort(([one], [other]) => (one < other ? -1 : 1));
const expectSame = (one: Claims, other: Claims) => expect(sorted(one)).toEqual(sorted(other));

describe("merging claims", () => {
  it("does not depend on who spoke first", () => {
    fc.assert(
      fc.property(anyClaims, anyClaims, (a, b) => {
        expectSame(mergeClaims(a, b), mergeClaims(b, a));
      }),
    );
  });

  it("does not depend on what was merged before", () => {
    fc.assert(
      fc.property(anyClaims, anyClaims, anyClaims, (a, b, c) => {
        expectSame(mergeClaims(mergeClaims(a, b), c), mergeClaims(a, mergeClaims(b, c)));
      }),
    );
  });

  it("takes what was said twice once", () => {
    fc.assert(
      fc.property(anyClaims, anyClaims, (a, b) => {
        const merged = mergeClaims(a, b);
        expectSame(mergeClaims(merged, a), merged);
        expectSame(mergeClaims(merged, merged), merged);
        expectSame(mergeClaims(merged, noClaims), merged);
      }),
    );
  });

  it("keeps the highest epoch of each shard that anybody claims", () => {
    fc.assert(
      fc.property(fc.array(anyClaims), (all) => {
        const merged = all.reduce(mergeClaims, noClaims);
        const said = all.flatMap((claims) => [...claims.values()]);
        expect(new Set(merged.keys())).toEqual(new Set(all.flatMap((one) => [...one.keys()])));
        for (const [key, winner] of merged) {
          const epochs = said.filter((one) => `${one.group}/${one.shard}` === key);
          expect(winner.epoch).toBe(Math.max(...epochs.map((one) => one.epoch)));
        }
      }),
    );
  });
});

describe("an epoch", () => {
  it("of a later term is above every epoch of an earlier one, and stays a safe integer", () => {
    const term = fc.integer({ min: 1, max: 2 ** 32 });
    const n = fc.integer({ min: 1, max: 2 ** 20 - 1 });
    fc.assert(
      fc.property(term, n, n, (earlier, one, other) => {
        expect(epochBefore(earlier + 1) + one).toBeGreaterThan(epochBefore(earlier) + other);
        expect(Number.isSafeInteger(epochBefore(earlier) + one)).toBe(true);
      }),
    );
  });
});
