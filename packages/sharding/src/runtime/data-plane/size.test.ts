import { expect, it } from "vitest";
import { approximateBytes } from "./size.ts";

it("grows with what data holds: text, bytes, numbers, keys", () => {
  expect(approximateBytes("x".repeat(1000))).toBeGreaterThanOrEqual(1000);
  expect(approximateBytes(new Uint8Array(1000))).toBeGreaterThanOrEqual(1000);
  expect(approximateBytes(Array.from({ length: 100 }, (_, n) => n))).toBeGreaterThanOrEqual(800);
  expect(approximateBytes({ ["k".repeat(500)]: { deep: "y".repeat(500) } })).toBeGreaterThan(1000);
});

it("ends for data that contains itself", () => {
  const ring: unknown[] = [];
  ring.push(ring, { ring });
  expect(approximateBytes(ring)).toBeGreaterThan(0);
});
