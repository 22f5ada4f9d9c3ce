import { expect, onTestFinished, test, vi } from "vitest";
import { SteadyLoad } from "./steady-load.ts";

test("a load knows when its own process stood still, so that no cluster is blamed for it", async () => {
  const load = new SteadyLoad(() => [], { perSecond: 1, ids: 1, deadlineMs: 10 });
  onTestFinished(() => load.abort());
  const startMs = performance.now();
  while (performance.now() < startMs + 300) {
    // Nothing else runs.
  }
  await vi.waitFor(() => {
    expect(load.stalledMs(startMs, performance.now())).toBeGreaterThan(250);
  });
  expect(load.stalledMs(startMs + 100, startMs + 200)).toBeCloseTo(100);
  expect(load.stalledMs(startMs + 10_000, startMs + 11_000)).toBe(0);
});
