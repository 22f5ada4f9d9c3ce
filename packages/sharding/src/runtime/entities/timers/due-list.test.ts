import fc from "fast-check";
import { expect, test } from "vitest";
import type { DueTimer } from "../../../ports/timers.ts";
import { DueList, timerKey } from "./due-list.ts";

const timerOf = (name: string): DueTimer => ({
  ...{ group: "default", shard: 0, namespace: "default", type: "t", id: "x", name, setBy: "c" },
  ...{ dueMs: 0, command: "c", input: null, recurrence: null },
});

test("has each timer once, the first one first, like a map that is sorted", () => {
  const step = fc.record({
    name: fc.constantFrom("a", "b", "c", "d", "e"),
    atMs: fc.option(fc.integer({ min: 0, max: 4 }), { nil: null }),
  });
  fc.assert(
    fc.property(fc.array(step, { maxLength: 40 }), (steps) => {
      const list = new DueList();
      const model = new Map<string, number>();
      for (const { name, atMs } of steps) {
        if (atMs === null) {
          list.delete(timerKey(timerOf(name)));
          model.delete(name);
        } else {
          list.set({ timer: timerOf(name), atMs });
          model.set(name, atMs);
        }
        const times = list.all().map((entry) => entry.atMs);
        expect(times).toEqual([...model.values()].toSorted((a, b) => a - b));
        const named = new Map(list.all().map((entry) => [entry.timer.name, entry.atMs]));
        expect(named).toEqual(model);
        expect(list.size).toBe(model.size);
        expect(list.first).toBe(list.all()[0]);
      }
    }),
  );
});
