import type { CellBox } from "./cell-painter.ts";

/**
 * Where the cells of a lane map stand. Pure arithmetic: painting, hit-testing and the keyboard ask the
 * same functions, so that a click always means the cell under it.
 *
 *   | header | owned cells in rows ........ | believed, not owned | figures |
 *
 * What is believed and not owned has a place of its own beside the lane: copies that wait out a handoff
 * come and go within a tenth of a second, and nothing must jump for them.
 */
export interface LaneSpec {
  readonly key: string;
  readonly owned: number;
  /** Stands apart from the lane before it. */
  readonly startsGroup: boolean;
}

export interface Lane extends LaneSpec {
  readonly y: number;
  readonly height: number;
  readonly rows: number;
}

export interface LaneMetrics {
  readonly style: "tiles" | "beads";
  readonly width: number;
  /** Left edge of the owned cells. */
  readonly left: number;
  readonly columns: number;
  /** From one cell to the next. */
  readonly pitch: number;
  readonly rowHeight: number;
  readonly cellWidth: number;
  readonly cellHeight: number;
  readonly ghostLeft: number;
  readonly ghostColumns: number;
  /** The header stands above the cells, not beside them. */
  readonly headAbove: boolean;
  readonly laneGap: number;
  readonly minLaneHeight: number;
}

export interface LaneLayout {
  readonly metrics: LaneMetrics;
  readonly lanes: readonly Lane[];
  readonly height: number;
}

const headHeight = 26;
const ghostWidth = 7;
const ghostHeight = 10;
const ghostPitchX = 9;
const ghostPitchY = 13;
const topPadding = 12;
const groupGap = 22;

export interface LayoutWish {
  readonly width: number;
  readonly lanes: readonly LaneSpec[];
  /** Small and quiet, beside other things. */
  readonly isMini: boolean;
  /** Up to so many shards get numbered tiles. */
  readonly tilesUpTo: number;
}

export function layOut(wish: LayoutWish, before: LaneLayout | null): LaneLayout {
  const metrics = measure(wish);
  const rowsBefore = rowsOf(before, metrics);
  let y = topPadding;
  const lanes = wish.lanes.map((spec) => {
    if (spec.startsGroup) y += groupGap;
    const needed = Math.max(1, Math.ceil(spec.owned / metrics.columns));
    const rows = keepRows(needed, rowsBefore.get(spec.key));
    const head = metrics.headAbove ? headHeight : 0;
    const height = Math.max(head + rows * metrics.rowHeight, metrics.minLaneHeight);
    const lane: Lane = { ...spec, y, height, rows };
    y += height + metrics.laneGap;
    return lane;
  });
  return { metrics, lanes, height: y };
}

/** A lane that loses one row keeps its height: at a boundary it would breathe with every change. */
const keepRows = (needed: number, before: number | undefined): number =>
  before !== undefined && before - needed === 1 ? before : needed;

function rowsOf(before: LaneLayout | null, metrics: LaneMetrics): ReadonlyMap<string, number> {
  if (before === null || before.metrics.columns !== metrics.columns) return new Map();
  return new Map(before.lanes.map((it) => [it.key, it.rows]));
}

function measure(wish: LayoutWish): LaneMetrics {
  const { width, lanes, isMini } = wish;
  const headAbove = width < 560;
  const isDense = lanes.length > 20;
  const left = headAbove ? 16 : isDense ? 124 : isMini ? 142 : 160;
  const ghostColumns = headAbove ? 6 : 9;
  const ghostLeft = width - (headAbove ? 16 : 72) - ghostColumns * ghostPitchX;
  const space = Math.max(60, ghostLeft - 14 - left);
  const total = lanes.reduce((sum, it) => sum + it.owned, 0);
  const frame = { width, left, ghostLeft, ghostColumns, headAbove };
  if (!isMini && !headAbove && total <= wish.tilesUpTo) return { ...frame, ...tiles(space) };
  return { ...frame, ...(isDense ? denseBeads(space, lanes) : beads(space, wish, headAbove)) };
}

type CellMetrics = Omit<LaneMetrics, "width" | "left" | "ghostLeft" | "ghostColumns" | "headAbove">;

function tiles(space: number): CellMetrics {
  const pitch = space > 800 ? 31 : 28;
  return {
    style: "tiles",
    columns: Math.floor(space / pitch),
    pitch,
    rowHeight: pitch - 1,
    cellWidth: pitch - 2,
    cellHeight: pitch - 5,
    laneGap: 15,
    minLaneHeight: 56,
  };
}

/** One row a lane, lane under lane: the whole of a large cluster on one screen. */
function denseBeads(space: number, lanes: readonly LaneSpec[]): CellMetrics {
  const longest = Math.max(1, ...lanes.map((it) => it.owned));
  const pitch = Math.max(3, Math.min(9, Math.floor((space / longest) * 10) / 10));
  return {
    style: "beads",
    columns: Math.max(1, Math.floor(space / pitch)),
    pitch,
    rowHeight: 11,
    cellWidth: Math.max(2, pitch - (pitch > 6 ? 2 : 1)),
    cellHeight: 8,
    laneGap: 0,
    minLaneHeight: 11,
  };
}

/** The largest cells with which all lanes still fit into the height that the page can give. */
function beads(space: number, wish: LayoutWish, headAbove: boolean): CellMetrics {
  const budget = (wish.isMini ? 190 : 640) + (headAbove ? 200 : 0);
  const head = headAbove ? headHeight : 0;
  const laneGap = 12;
  const sizes = wish.isMini ? [17, 15, 13, 11, 9, 7, 6, 5, 4] : [15, 13, 11, 9, 8, 7, 6, 5];
  const made = sizes.map((pitch): CellMetrics => {
    const cellHeight = Math.min(13, Math.max(4, Math.round(pitch * 0.9)));
    return {
      style: "beads",
      columns: Math.max(1, Math.floor(space / pitch)),
      pitch,
      rowHeight: cellHeight + 2,
      cellWidth: pitch - (pitch > 6 ? 2 : 1),
      cellHeight,
      laneGap,
      minLaneHeight: head + 34,
    };
  });
  const fits = made.find((it) => {
    const heights = wish.lanes.map((lane) => {
      const rows = Math.max(1, Math.ceil(lane.owned / it.columns));
      return Math.max(it.minLaneHeight, head + rows * it.rowHeight) + laneGap;
    });
    return heights.reduce((sum, height) => sum + height, 0) <= budget;
  });
  return fits ?? (made.at(-1) as CellMetrics);
}

/** The box of the `index`th owned cell of a lane. */
export function cellBox({ metrics }: LaneLayout, lane: Lane, index: number): CellBox {
  const row = Math.floor(index / metrics.columns);
  const column = index % metrics.columns;
  const head = metrics.headAbove ? headHeight : 0;
  return {
    x: metrics.left + column * metrics.pitch,
    y: lane.y + head + row * metrics.rowHeight,
    w: metrics.cellWidth,
    h: metrics.cellHeight,
  };
}

/** The whole place of a lane's believed cells, its line included. */
export const ghostPlace = ({ metrics }: LaneLayout, lane: Lane): CellBox => ({
  x: metrics.ghostLeft - 8,
  y: lane.y - 1,
  w: metrics.ghostColumns * ghostPitchX + 8,
  h: lane.height + 2,
});

/** The box of the `index`th believed cell, or null where the place is full. */
export function ghostBox({ metrics }: LaneLayout, lane: Lane, index: number): CellBox | null {
  const row = Math.floor(index / metrics.ghostColumns);
  const top = metrics.headAbove ? headHeight : 0;
  const y = lane.y + top + row * ghostPitchY;
  if (row > 0 && y + ghostHeight > lane.y + lane.height) return null;
  const x = metrics.ghostLeft + (index % metrics.ghostColumns) * ghostPitchX;
  return { x, y, w: ghostWidth, h: Math.min(ghostHeight, lane.height - 1) };
}

export interface Hit {
  readonly lane: Lane;
  readonly index: number;
  readonly isGhost: boolean;
}

/** What stands at a point; the index may lie beyond the lane's last cell. */
export function hitTest(layout: LaneLayout, x: number, y: number): Hit | null {
  const { metrics } = layout;
  const lane = layout.lanes.find((it) => y >= it.y && y < it.y + it.height + metrics.laneGap);
  if (lane === undefined) return null;
  const top = lane.y + (metrics.headAbove ? headHeight : 0);
  if (x >= metrics.ghostLeft) {
    const column = Math.floor((x - metrics.ghostLeft) / ghostPitchX);
    if (column >= metrics.ghostColumns) return null;
    const row = Math.max(0, Math.floor((y - top) / ghostPitchY));
    return { lane, index: row * metrics.ghostColumns + column, isGhost: true };
  }
  const column = Math.floor((x - metrics.left) / metrics.pitch);
  const row = Math.floor((y - top) / metrics.rowHeight);
  if (column < 0 || column >= metrics.columns || row < 0 || row >= lane.rows) return null;
  return { lane, index: row * metrics.columns + column, isGhost: false };
}

export type Arrow = "ArrowLeft" | "ArrowRight" | "ArrowUp" | "ArrowDown";

/** The cell that an arrow key leads to, as lane and index; stays where there is nothing. */
export function stepCell(
  layout: LaneLayout,
  at: { readonly key: string; readonly index: number },
  arrow: Arrow,
): { readonly key: string; readonly index: number } {
  const laneAt = layout.lanes.findIndex((it) => it.key === at.key);
  const lane = layout.lanes[laneAt];
  if (lane === undefined) return at;
  const { columns } = layout.metrics;
  if (arrow === "ArrowLeft") return { ...at, index: Math.max(0, at.index - 1) };
  if (arrow === "ArrowRight") return { ...at, index: Math.min(lane.owned - 1, at.index + 1) };
  const step = arrow === "ArrowUp" ? -1 : 1;
  const index = at.index + step * columns;
  if (index >= 0 && index < lane.owned) return { ...at, index };
  const column = at.index % columns;
  for (let next = laneAt + step; layout.lanes[next] !== undefined; next += step) {
    const other = layout.lanes[next];
    if (other === undefined || other.owned === 0) continue;
    const lastRow = Math.floor((other.owned - 1) / columns) * columns;
    const start = step > 0 ? 0 : lastRow;
    return { key: other.key, index: Math.min(other.owned - 1, start + column) };
  }
  return at;
}
