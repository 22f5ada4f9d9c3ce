import { describe, expect, test } from "vitest";
import {
  cellBox,
  ghostBox,
  hitTest,
  type LaneSpec,
  layOut,
  stepCell,
} from "./lane-layout.model.ts";

const lanes = (count: number, owned: number): LaneSpec[] =>
  Array.from({ length: count }, (_, index) => ({
    key: `node-${index}`,
    owned,
    startsGroup: false,
  }));
const wish = { width: 1200, isMini: false, tilesUpTo: 600 };

describe("lane layout", () => {
  test("gives every shard of a small cluster a numbered tile and a large one beads", () => {
    expect(layOut({ ...wish, lanes: lanes(3, 85) }, null).metrics.style).toBe("tiles");
    expect(layOut({ ...wish, lanes: lanes(3, 3333) }, null).metrics.style).toBe("beads");
  });

  test("shows ten thousand shards of a hundred nodes on about one screen", () => {
    const layout = layOut({ ...wish, lanes: lanes(100, 100) }, null);
    expect(layout.lanes.every((lane) => lane.rows === 1)).toBe(true);
    expect(layout.height).toBeLessThan(1200);
  });

  test.each([
    ["tiles", 3, 85],
    ["beads", 3, 3333],
    ["dense beads", 100, 100],
  ])("finds under each cell of %s the cell itself", (_name, count, owned) => {
    const layout = layOut({ ...wish, lanes: lanes(count, owned) }, null);
    for (const lane of layout.lanes) {
      for (const index of [0, 1, Math.floor(owned / 2), owned - 1]) {
        const box = cellBox(layout, lane, index);
        const hit = hitTest(layout, box.x + box.w / 2, box.y + box.h / 2);
        expect(hit).toMatchObject({ index, isGhost: false, lane: { key: lane.key } });
        expect(box.x + box.w).toBeLessThanOrEqual(layout.metrics.ghostLeft);
      }
    }
  });

  test("finds believed cells in their own place", () => {
    const layout = layOut({ ...wish, lanes: lanes(3, 85) }, null);
    const lane = layout.lanes[1];
    if (lane === undefined) throw new Error("The layout has no second lane.");
    const box = ghostBox(layout, lane, 3);
    expect(box).not.toBeNull();
    expect(hitTest(layout, (box?.x ?? 0) + 1, (box?.y ?? 0) + 1)).toMatchObject({
      index: 3,
      isGhost: true,
    });
  });

  test("keeps a lane's height while it loses one row, so that nothing below it jumps", () => {
    const before = layOut({ ...wish, lanes: lanes(3, 85) }, null);
    const columns = before.metrics.columns;
    const full = layOut({ ...wish, lanes: lanes(3, columns * 3 + 1) }, null);
    const less = layOut({ ...wish, lanes: lanes(3, columns * 3) }, full);
    expect(less.height).toBe(full.height);
    const much = layOut({ ...wish, lanes: lanes(3, columns) }, full);
    expect(much.height).toBeLessThan(full.height);
  });

  test("walks from cell to cell and from lane to lane with the arrow keys", () => {
    const layout = layOut({ ...wish, lanes: lanes(2, 85) }, null);
    const { columns } = layout.metrics;
    expect(stepCell(layout, { key: "node-0", index: 0 }, "ArrowRight").index).toBe(1);
    expect(stepCell(layout, { key: "node-0", index: 0 }, "ArrowLeft").index).toBe(0);
    expect(stepCell(layout, { key: "node-0", index: 3 }, "ArrowDown").index).toBe(3 + columns);
    const last = Math.floor(84 / columns) * columns;
    expect(stepCell(layout, { key: "node-0", index: last }, "ArrowDown")).toEqual({
      key: "node-1",
      index: 0,
    });
    expect(stepCell(layout, { key: "node-1", index: 0 }, "ArrowUp")).toEqual({
      key: "node-0",
      index: last,
    });
  });
});
