import fc from "fast-check";
import { describe, expect, it, test } from "vitest";
import type { NodeRef } from "./ids.ts";
import {
  areApart,
  evictable,
  isReachedAgain,
  type Links,
  type Renewing,
  renewingOf,
  seeLinks,
  shouldYield,
  unreachedIn,
} from "./reach.ts";

const lifeOf = (nodeId: string): NodeRef => ({ nodeId, incarnation: `${nodeId}-1` });
const names = (nodes: readonly NodeRef[]): string => nodes.map((node) => node.nodeId).join(" ");

/** Nodes by name, and pairs whose link is cut: both sides say so. */
function renewing(all: string, ...cuts: string[]): readonly Renewing[] {
  return all.split("").map((nodeId) => ({
    ...lifeOf(nodeId),
    unreached: cuts
      .filter((pair) => pair.includes(nodeId))
      .map((pair) => lifeOf(pair.replace(nodeId, "")).incarnation),
  }));
}

describe("who is evicted", () => {
  it.each([
    ["nobody, when all links are whole", renewing("abc"), ""],
    ["nobody, when one link is cut", renewing("abc", "ab"), ""],
    ["a node that both others cannot reach", renewing("abc", "ac", "bc"), "c"],
    ["nobody of two", renewing("ab", "ab"), ""],
    ["nobody, when all are alone", renewing("abc", "ab", "ac", "bc"), ""],
    ["nobody, when half stands against half", renewing("abcd", "ac", "ad", "bc", "bd"), ""],
    ["the smaller part", renewing("abcde", "ad", "ae", "bd", "be", "cd", "ce"), "d e"],
    [
      "nobody, when no part is a majority",
      renewing("abcde", "ac", "ad", "ae", "bc", "bd", "be", "ce", "de"),
      "",
    ],
  ])("%s", (_name, nodes, out) => {
    expect(names(evictable(nodes))).toBe(out);
  });

  test("nobody by the word of a node about itself", () => {
    const alone = { ...lifeOf("c"), unreached: ["a-1", "b-1"] };
    const nodes = [...renewing("ab"), alone];
    expect(evictable(nodes)).toEqual([]);
  });

  test("a node comes back only when a majority reaches it, and goes only when one does not", () => {
    const half = renewing("abcd", "ad", "bd");
    const [d] = half.slice(-1) as [Renewing];
    expect([evictable(half), isReachedAgain(half, d)]).toEqual([[], false]);
    expect(isReachedAgain(renewing("abcd", "ad"), d)).toBe(true);
    expect(isReachedAgain(renewing("abc"), d)).toBe(false);
  });
});

describe("who leads", () => {
  it.each([
    ["goes on, when nobody has to go", renewing("abc", "ab"), "a", false],
    ["yields, when it is the one to go", renewing("abc", "ac", "bc"), "c", true],
    ["goes on, when it reaches as many as any", renewing("abc", "ac", "bc"), "a", false],
    ["yields to one that reaches more", renewing("abcde", "ae", "be", "ce", "de", "ab"), "a", true],
    [
      "goes on beside one that has to go itself",
      renewing("abcde", "ae", "be", "ce", "de"),
      "a",
      false,
    ],
  ])("%s", (_name, nodes, self, yields) => {
    expect(shouldYield(nodes, lifeOf(self))).toBe(yields);
  });
});

describe("a link", () => {
  const ttlMs = 1_000;
  /** Looks every 100 ms at a link that is up by `isUp`. */
  const seen = (isUp: (ms: number) => boolean, untilMs: number): string => {
    let links: Links = new Map();
    for (let ms = 0; ms <= untilMs; ms += 100) {
      links = seeLinks(links, ["b-1"], new Set(isUp(ms) ? ["b-1"] : []), ms, ttlMs);
    }
    return unreachedIn(links).join();
  };

  test("counts as down after one ttl without it, and as up after one ttl with it", () => {
    expect(seen((ms) => ms < 500, 1_400)).toBe("");
    expect(seen((ms) => ms < 500, 1_500)).toBe("b-1");
    expect(seen((ms) => ms < 500 || ms >= 2_000, 2_900)).toBe("b-1");
    expect(seen((ms) => ms < 500 || ms >= 2_000, 3_000)).toBe("");
  });

  test("that flaps stays what it was", () => {
    const flaps = (ms: number) => ms % 1_000 < 500;
    expect(seen(flaps, 20_000)).toBe("");
    expect(seen((ms) => ms >= 2_000 && flaps(ms), 20_000)).toBe("b-1");
  });

  test("to a life just met has one ttl to come up", () => {
    expect(seen(() => false, 900)).toBe("");
    expect(seen(() => false, 1_000)).toBe("b-1");
  });
});

test("a lease counts while its counter moves, under the life that it names", () => {
  const watches = new Map(
    [["a", 600] as const, ["b", 400] as const, ["c", 900] as const].map(([nodeId, changedAtMs]) => [
      nodeId,
      { ...lifeOf(nodeId), state: "alive" as const, renewals: 3, exited: false, changedAtMs },
    ]),
  );
  const rows = renewing("abcd").map((node) => ({ ...node, state: "alive" }));
  const other = rows.map((row) => (row.nodeId === "c" ? { ...row, incarnation: "c-2" } : row));
  expect(names(renewingOf(rows, watches, 1_000, 1_000))).toBe("a c");
  expect(names(renewingOf(other, watches, 1_000, 1_000))).toBe("a");
});

describe("whatever the links are like", () => {
  const cluster = fc.integer({ min: 1, max: 7 }).chain((count) => {
    const all = "abcdefg".slice(0, count);
    const pairs = all.split("").flatMap((x) =>
      all
        .split("")
        .filter((y) => y > x)
        .map((y) => x + y),
    );
    return fc.subarray(pairs).map((cuts) => renewing(all, ...cuts));
  });

  test("those that stay are a strict majority, and each that goes is missed by one", () => {
    fc.assert(
      fc.property(cluster, (nodes) => {
        const out = evictable(nodes);
        expect(2 * (nodes.length - out.length)).toBeGreaterThan(nodes.length);
        for (const node of out) {
          const missing = nodes.filter((other) => areApart(nodes, node, other)).length;
          expect(2 * missing).toBeGreaterThan(nodes.length);
          expect(isReachedAgain(nodes, node)).toBe(false);
        }
      }),
    );
  });

  test("somebody may lead, and whoever may is not the one to go", () => {
    fc.assert(
      fc.property(cluster, (nodes) => {
        const leaders = nodes.filter((node) => !shouldYield(nodes, node));
        expect(leaders.length).toBeGreaterThan(0);
        const out = evictable(nodes);
        expect(leaders.filter((node) => out.includes(node))).toEqual([]);
      }),
    );
  });

  test("two nodes never evict", () => {
    fc.assert(
      fc.property(fc.subarray(["ab"]), (cuts) => {
        expect(evictable(renewing("ab", ...cuts))).toEqual([]);
      }),
    );
  });
});
