import { expect, test } from "vitest";
import { RateLimit } from "./rate-limit.ts";

test("lets a burst through, then one at a time, and says how long to wait", () => {
  let nowMs = 0;
  const limit = new RateLimit({ burst: 3, everyMs: 1000, nowMs: () => nowMs });
  expect([1, 2, 3].map(() => limit.take("a"))).toEqual([0, 0, 0]);
  expect(limit.take("a")).toBe(1000);
  expect(limit.take("b")).toBe(0);
  nowMs = 999;
  expect(limit.take("a")).toBe(1);
  nowMs = 1000;
  expect(limit.take("a")).toBe(0);
  expect(limit.take("a")).toBe(1000);
  nowMs = 60_000;
  expect([1, 2, 3].map(() => limit.take("a"))).toEqual([0, 0, 0]);
  expect(limit.take("a")).toBeGreaterThan(0);
});

test("watches so many keys and no more", () => {
  const limit = new RateLimit({ burst: 1, everyMs: 1000, nowMs: () => 0 });
  expect(limit.take("first")).toBe(0);
  for (let key = 0; key < 10_000; key++) limit.take(`key ${key}`);
  expect(limit.take("first"), "forgotten").toBe(0);
  expect(limit.take("key 9999"), "remembered").toBe(1000);
});
