import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { hashOf, shardOf } from "./hash.ts";

type Names = readonly [namespace: string, type: string, id: string];

/** Shards of 256, of 2^20 and of 1000. A change here moves entities away from their stored state. */
const golden: readonly (readonly [Names, number, number, number])[] = [
  [["default", "counter", "cart-42"], 226, 323554, 274],
  [["default", "account", "7"], 147, 7571, 139],
  [["default", "register", "x"], 217, 755161, 569],
  [["", "", ""], 61, 880957, 357],
  [["a", "bc", "d"], 61, 220989, 285],
  [["ab", "c", "d"], 113, 843377, 137],
  [["a", "b", "cd"], 241, 370417, 57],
  [["default", "counter", "Zürich"], 146, 619666, 930],
  [["default", "counter", "東京"], 0, 227840, 464],
  [["default", "counter", "🛒"], 72, 44616, 584],
  [["default", "counter", "\ud83d"], 136, 673160, 32],
  [["default", "counter", "\ufffd"], 136, 673160, 32],
  [["default", "counter", "\ud800x"], 131, 347011, 235],
  [["tenant/1", "room", "a b\u0000c"], 41, 183849, 49],
  [["default", "doc", "x".repeat(255)], 79, 847183, 471],
  [["default", "doc", "x".repeat(256)], 21, 682773, 109],
  // Longer than the two bytes of its length.
  [["default", "doc", "é".repeat(40_000)], 170, 709290, 58],
];

/** FNV-1a as its authors write it, in 64 bits. */
function reference(names: Names, shards: number): number {
  let hash = 0xcbf29ce484222325n;
  const step = (byte: number): void => {
    hash = ((hash ^ BigInt(byte)) * 0x100000001b3n) & 0xffff_ffff_ffff_ffffn;
  };
  for (const name of names) {
    const bytes = new TextEncoder().encode(name);
    step(bytes.length & 0xff);
    step((bytes.length >> 8) & 0xff);
    for (const byte of bytes) step(byte);
  }
  return Number(hash % BigInt(shards));
}

describe("the shard of an entity", () => {
  it("is its hash, as people are shown it, mod the shards", () => {
    for (const [names, of256, ofMany, of1000] of golden) {
      const hash = BigInt(`0x${hashOf(...names)}`);
      expect([hash % 256n, hash % 2n ** 20n, hash % 1000n].map(Number)).toEqual([
        of256,
        ofMany,
        of1000,
      ]);
      expect(hashOf(...names)).toHaveLength(16);
    }
  });

  it("is frozen: nodes of two versions must agree, and stored state stays where it is", () => {
    for (const [names, of256, ofMany, of1000] of golden) {
      const label = JSON.stringify(names).slice(0, 60);
      expect(shardOf(...names, 256), label).toBe(of256);
      expect(shardOf(...names, 2 ** 20), label).toBe(ofMany);
      expect(shardOf(...names, 1000), label).toBe(of1000);
    }
  });

  it("does not depend on what was asked before", () => {
    const namespaces = ["default", "other"];
    const types = ["counter", "account"];
    const ids = ["a", "b"];
    const all = namespaces.flatMap((namespace) =>
      types.flatMap((type) => ids.map((id): Names => [namespace, type, id])),
    );
    for (const before of all) {
      for (const names of all) {
        shardOf(...before, 256);
        expect(shardOf(...names, 256), names.join()).toBe(reference(names, 256));
      }
    }
  });

  it("is FNV-1a of 64 bits, mod the group's shards", () => {
    // Lone surrogates included: they are what a hand-made encoder gets wrong.
    const unit = fc.oneof(
      fc.integer({ min: 0, max: 0xffff }).map((code) => String.fromCharCode(code)),
      fc.string({ unit: "binary", minLength: 1, maxLength: 1 }),
    );
    const name = fc.array(unit, { maxLength: 12 }).map((units) => units.join(""));
    const shards = fc.integer({ min: 1, max: 2 ** 20 });
    fc.assert(
      fc.property(fc.tuple(name, name, name), shards, (names, count) => {
        expect(shardOf(...names, count)).toBe(reference(names, count));
      }),
      { numRuns: 2_000 },
    );
  });

  it("knows where one name ends and the next begins", () => {
    // A few pairs may meet by chance among 2^20 shards, hardly three.
    const boundaries: readonly (readonly [Names, Names])[] = [
      [
        ["a", "bc", "d"],
        ["ab", "c", "d"],
      ],
      [
        ["a", "b", "cd"],
        ["a", "bc", "d"],
      ],
      [
        ["", "a", "b"],
        ["a", "", "b"],
      ],
    ];
    for (const [one, other] of boundaries) {
      expect(shardOf(...one, 2 ** 20)).not.toBe(shardOf(...other, 2 ** 20));
    }
  });

  it("spreads ids that differ in a digit evenly over 256 shards", () => {
    const counts = new Array<number>(256).fill(0);
    const each = 200;
    for (let i = 0; i < 256 * each; i += 1) {
      const shard = shardOf("default", "counter", `cart-${i}`, 256);
      counts[shard] = (counts[shard] ?? 0) + 1;
    }
    const chiSquared = counts.reduce((sum, count) => sum + (count - each) ** 2 / each, 0);
    // 255 degrees of freedom: mean 255, standard deviation 22.6; six of them above is not chance.
    expect(chiSquared).toBeLessThan(391);
    expect(Math.min(...counts)).toBeGreaterThan(each / 2);
  });
});
