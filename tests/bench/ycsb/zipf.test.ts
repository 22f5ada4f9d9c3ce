import { expect, test } from "vitest";
import { zipf } from "./zipf.ts";

const items = 1_000;
const draws = 1_000_000;

/** How often each rank comes when every number is drawn equally often. */
function frequencies(): readonly number[] {
  const rankOf = zipf(items);
  const counts = new Array<number>(items).fill(0);
  for (let i = 0; i < draws; i += 1) {
    const rank = rankOf((i + 0.5) / draws);
    counts[rank] = (counts[rank] ?? 0) + 1;
  }
  return counts.map((count) => count / draws);
}

const harmonic = Array.from({ length: items }, (_, rank) => 1 / (rank + 1) ** 0.99);
const sum = harmonic.reduce((a, b) => a + b);
const share = (from: number, to: number, of: readonly number[]) =>
  of.slice(from, to).reduce((a, b) => a + b, 0);

test("the two hottest keys come as often as they must, and groups of others nearly", () => {
  const found = frequencies();
  const exact = harmonic.map((weight) => weight / sum);
  expect(found[0]).toBeCloseTo(exact[0] as number, 5);
  expect(found[1]).toBeCloseTo(exact[1] as number, 5);
  for (const [from, to] of [
    [2, 10],
    [10, 100],
    [100, 500],
    [500, 1_000],
  ] as const) {
    const ratio = share(from, to, found) / share(from, to, exact);
    expect(ratio, `ranks ${from} to ${to}`).toBeGreaterThan(0.85);
    expect(ratio, `ranks ${from} to ${to}`).toBeLessThan(1.15);
  }
});

test("every rank is drawn, and none outside of them", () => {
  const rankOf = zipf(items);
  expect(rankOf(0)).toBe(0);
  expect(rankOf(1 - 2 ** -53)).toBe(items - 1);
  expect(frequencies().every((frequency) => frequency > 0)).toBe(true);
});
