import { expect, test } from "vitest";
import { chartOf } from "./chart.model.ts";

test("times become percents of the run, and a fault that still lasts reaches its end", () => {
  const chart = chartOf({
    durationMs: 20_000,
    marks: [{ atMs: 5000, label: "cut" }],
    bars: [
      { lane: "node-10", fromMs: 5000, toMs: 15_000, label: "cut" },
      { lane: "node-2", fromMs: 10_000, toMs: null, label: "paused" },
    ],
  });
  expect(chart.marks).toEqual([{ left: 25, label: "cut", row: 0, isBefore: false }]);
  expect(chart.lanes.map((it) => it.name)).toEqual(["node-2", "node-10"]);
  expect(chart.lanes[0]?.bars[0]).toMatchObject({ left: 50, width: 50, isOpen: true });
  expect(chart.lanes[1]?.bars[0]).toMatchObject({ left: 25, width: 50, isOpen: false });
});

test("labels never lie over one another: the next row, or none", () => {
  const marks = ["cut", "lease ends", "taken over", "healed"].map((label, index) => ({
    atMs: 1000 + index * 50,
    label,
  }));
  const rows = chartOf({ durationMs: 30_000, marks, bars: [] }).marks.map((it) => it.row);
  expect(rows).toEqual([0, 1, 2, null]);
});

test("a label that would leave the chart stands before its line", () => {
  const marks = [{ atMs: 29_900, label: "settled" }];
  const [mark] = chartOf({ durationMs: 30_000, marks, bars: [] }).marks;
  expect(mark).toMatchObject({ row: 0, isBefore: true });
});

test.each([
  [3000, [0, 1, 2, 3]],
  [30_200, [0, 5, 10, 15, 20, 25, 30]],
  [90_000, [0, 15, 30, 45, 60, 75, 90]],
])("%i ms have ticks at %j", (durationMs, seconds) => {
  const { ticks } = chartOf({ durationMs, marks: [], bars: [] });
  expect(ticks.map((it) => it.seconds)).toEqual(seconds);
});
