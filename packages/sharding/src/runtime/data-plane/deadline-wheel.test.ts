import fc from "fast-check";
import { expect, it } from "vitest";
import { ManualClock } from "../../adapters/memory/manual-clock.ts";
import { DeadlineWheel, type WheelEntry } from "./deadline-wheel.ts";

const resolutionMs = 10;

class Entry implements WheelEntry {
  dueMs: number;
  wheelNext: WheelEntry | null = null;
  wheelPrevious: WheelEntry | null = null;
  wheelSlot = -1;
  firedMs: number[] = [];
  constructor(dueMs: number) {
    this.dueMs = dueMs;
  }
}

function wheel() {
  const clock = new ManualClock();
  const made = new DeadlineWheel<Entry>(clock, resolutionMs, (entry) => {
    entry.firedMs.push(clock.monotonicMs());
  });
  return { clock, wheel: made };
}

it("fires each entry once, never early, and at most two resolutions late", () => {
  const steps = fc.array(
    fc.record({
      afterMs: fc.integer({ min: 0, max: 400 }),
      dueInMs: fc.integer({ min: 0, max: 30_000 }),
      removed: fc.boolean(),
    }),
    { maxLength: 60 },
  );
  fc.assert(
    fc.property(steps, (adds) => {
      const { clock, wheel: made } = wheel();
      const entries = adds.map(({ afterMs, dueInMs, removed }) => {
        clock.advance(afterMs);
        const entry = new Entry(clock.monotonicMs() + dueInMs);
        made.add(entry);
        if (removed) made.remove(entry);
        return { entry, removed, addedMs: clock.monotonicMs() };
      });
      clock.advance(60_000);
      for (const { entry, removed, addedMs } of entries) {
        expect(entry.firedMs).toHaveLength(removed ? 0 : 1);
        for (const firedMs of entry.firedMs) {
          expect(firedMs).toBeGreaterThanOrEqual(entry.dueMs);
          expect(firedMs).toBeLessThanOrEqual(Math.max(entry.dueMs, addedMs) + 2 * resolutionMs);
        }
      }
    }),
  );
});

it("an entry may be added again when it fires, and removed by another that fires with it", () => {
  const clock = new ManualClock();
  const [one, two] = [new Entry(5), new Entry(5)];
  const fired: Entry[] = [];
  const made = new DeadlineWheel<Entry>(clock, resolutionMs, (entry) => {
    fired.push(entry);
    made.remove(entry === one ? two : one);
    if (fired.length > 1) return;
    entry.dueMs = 100;
    made.add(entry);
  });
  made.add(one);
  made.add(two);
  clock.advance(50);
  expect(fired).toHaveLength(1);
  clock.advance(60);
  expect(fired).toEqual([fired[0], fired[0]]);
});

it("sets no timer while nothing waits", () => {
  let timers = 0;
  const clock = new ManualClock();
  const after = clock.after.bind(clock);
  clock.after = (delayMs, fn) => {
    timers += 1;
    return after(delayMs, fn);
  };
  const made = new DeadlineWheel<Entry>(clock, resolutionMs, () => undefined);
  const entry = new Entry(25);
  made.add(entry);
  clock.advance(1000);
  expect(timers).toBeLessThanOrEqual(4);
  made.add(new Entry(1005));
  made.close();
  clock.advance(1000);
  expect(timers).toBeLessThanOrEqual(5);
});
