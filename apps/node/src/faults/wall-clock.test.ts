import { afterEach, expect, test } from "vitest";
import { SharedFaults } from "./shared-faults.ts";
import { shiftWallClock } from "./wall-clock.ts";

const True = globalThis.Date;
afterEach(() => {
  globalThis.Date = True;
});

/** @unit milliseconds */
const hour = 3_600_000;
/** How far this thread's clock is off, to the nearest minute; never -0. */
const offBy = (readMs: number): number => Math.round((readMs - True.now()) / 60_000) * 60_000 + 0;

test("each way to ask for the time is off, until the fault ends", () => {
  const shared = new SharedFaults();
  shiftWallClock(() => shared.read("clockMs"));
  const ways = (): number[] => [
    offBy(Date.now()),
    // biome-ignore lint/complexity/useDateNow: this is one of the ways.
    offBy(new Date().getTime()),
    offBy(True.parse(Date())),
  ];
  expect(ways()).toEqual([0, 0, 0]);
  const end = shared.add({ clockMs: hour });
  const endOther = shared.add({ clockMs: -3 * hour });
  expect(ways()).toEqual([-2 * hour, -2 * hour, -2 * hour]);
  end();
  end();
  expect(ways()).toEqual([-3 * hour, -3 * hour, -3 * hour]);
  endOther();
  expect(ways()).toEqual([0, 0, 0]);
});

test("what does not ask for the time is as ever, and so is the monotonic clock", () => {
  const before = performance.now();
  shiftWallClock(() => 5 * hour);
  expect(performance.now() - before).toBeLessThan(hour);
  expect(new Date(0).toISOString()).toBe("1970-01-01T00:00:00.000Z");
  expect(new Date(2026, 1, 3).getMonth()).toBe(1);
  expect(Date.UTC(1970, 0, 2)).toBe(24 * hour);
  expect(Date.parse("1970-01-01T00:00:01Z")).toBe(1000);
  expect(new Date()).toBeInstanceOf(True);
  expect(new True()).toBeInstanceOf(Date);
});
