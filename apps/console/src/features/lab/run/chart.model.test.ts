import { expect, test } from "vitest";
import { liveRun, passedRun } from "../../../testing/lab-fixtures.ts";
import { chartOf } from "./chart.model.ts";

const bare = { ...passedRun, marks: [], lanes: [], elapsedMs: 20_000 };

test("times become percents of the run, and what still lasts reaches as far as the run has come", () => {
  const lanes = [
    {
      nodeId: "node-2",
      segments: [
        { fromMs: 0, toMs: 5000, state: "stable" as const, words: "78 shards" },
        { fromMs: 5000, toMs: null, state: "warning" as const, words: "cut, serves" },
      ],
    },
  ];
  const ended = chartOf({ ...bare, lanes }).lanes[0]?.bars;
  expect(ended).toMatchObject([
    { left: 0, width: 25, state: "stable" },
    { left: 25, width: 75, state: "warning" },
  ]);
  // 20 of 40 s: the rest of the chart is still to come.
  const live = { ...bare, lanes, state: "running" as const, expectedMs: 40_000 };
  expect(chartOf(live).lanes[0]?.bars[1]).toMatchObject({ left: 12.5, width: 37.5 });
});

test("labels never lie over one another: the next row, or none", () => {
  const marks = ["cut", "lease ends", "taken over", "healed"].map((words, index) => ({
    atMs: 1000 + index * 50,
    words,
  }));
  const rows = chartOf({ ...bare, marks }).marks.map((it) => it.row);
  expect(rows).toEqual([0, 1, 2, null]);
});

test("a label that would leave the chart stands before its line", () => {
  const [mark] = chartOf({ ...bare, marks: [{ atMs: 19_900, words: "settled" }] }).marks;
  expect(mark).toMatchObject({ row: 0, isBefore: true });
});

test("on a phone fewer words have room", () => {
  const rows = (on: "desk" | "phone") => chartOf(passedRun, on).marks.map((it) => it.row);
  expect(rows("desk")).toEqual([0, 0, 1, 0, 0]);
  expect(rows("phone")).toEqual([0, 0, 1, 0, 1]);
});

test("a short bar keeps its words to itself", () => {
  const words = chartOf(passedRun).lanes[1]?.bars.map((it) => it.isWordy);
  expect(words).toEqual([false, true, true, false, true]);
});

test("calls are shares of the busiest moment, answered and failed together", () => {
  const calls = { bucketMs: 5000, answered: [10, 5, 0, 4], failed: [0, 5, 2, 0] };
  expect(chartOf({ ...bare, calls }).calls).toEqual([
    { left: 0, width: 25, answered: 1, failed: 0 },
    { left: 25, width: 25, answered: 0.5, failed: 0.5 },
    { left: 50, width: 25, answered: 0, failed: 0.2 },
    { left: 75, width: 25, answered: 0.4, failed: 0 },
  ]);
});

test.each([
  [3000, [0, 1, 2, 3]],
  [30_200, [0, 5, 10, 15, 20, 25, 30]],
  [90_000, [0, 15, 30, 45, 60, 75, 90]],
])("%i ms have ticks at %j", (elapsedMs, seconds) => {
  expect(chartOf({ ...bare, elapsedMs }).ticks.map((it) => it.seconds)).toEqual(seconds);
});

test("a run that goes on longer than expected stretches its chart", () => {
  expect(chartOf(liveRun).ticks.at(-1)?.seconds).toBe(30);
  expect(chartOf({ ...liveRun, elapsedMs: 61_000 }).ticks.at(-1)?.seconds).toBe(60);
});
