/**
 * What happened in a run, drawn against its time: a lane for each thing that something was done to, a
 * bar for each fault, a mark for each step. Pure: milliseconds in, percent out.
 */
export interface ChartInput {
  readonly durationMs: number;
  readonly marks: readonly { readonly atMs: number; readonly label: string }[];
  readonly bars: readonly {
    readonly lane: string;
    readonly fromMs: number;
    /** Null: it still lasts. */
    readonly toMs: number | null;
    readonly label: string;
  }[];
}

export interface Chart {
  readonly marks: readonly ChartMark[];
  readonly lanes: readonly { readonly name: string; readonly bars: readonly ChartBar[] }[];
  readonly ticks: readonly { readonly left: number; readonly seconds: number }[];
  /** Rows of labels above the lanes. */
  readonly labelRows: number;
}

export interface ChartMark {
  /** @unit percent */
  readonly left: number;
  readonly label: string;
  /** Where there is room for its label; null where there is none. */
  readonly row: number | null;
  /** Its label stands left of its line: right of it is the edge. */
  readonly isBefore: boolean;
}

export interface ChartBar {
  readonly left: number;
  readonly width: number;
  readonly label: string;
  readonly isOpen: boolean;
}

const maxRows = 3;
/** A letter of a label, of a chart of ordinary width. @unit percent */
const letterWidth = 1.15;
const tickSteps = [1, 2, 5, 10, 15, 30, 60, 120, 300, 600];

export function chartOf({ durationMs, marks, bars }: ChartInput): Chart {
  const span = Math.max(durationMs, 1);
  const percent = (ms: number): number => (Math.min(Math.max(ms, 0), span) / span) * 100;
  const placed = placeLabels(marks.map((it) => ({ left: percent(it.atMs), label: it.label })));
  const lanes = new Map<string, ChartBar[]>();
  for (const { lane, fromMs, toMs, label } of bars) {
    const left = percent(fromMs);
    const bar = { left, width: percent(toMs ?? span) - left, label, isOpen: toMs === null };
    lanes.set(lane, [...(lanes.get(lane) ?? []), bar]);
  }
  return {
    marks: placed,
    lanes: [...lanes]
      .map(([name, its]) => ({ name, bars: its }))
      .sort((a, b) => a.name.localeCompare(b.name, "en", { numeric: true })),
    ticks: ticksOf(span),
    labelRows: Math.max(1, ...placed.map((it) => (it.row ?? 0) + 1)),
  };
}

/** In the highest row in which it does not touch the one before it; a label is never drawn over another. */
function placeLabels(
  marks: readonly { readonly left: number; readonly label: string }[],
): ChartMark[] {
  const ends: number[] = [];
  return marks
    .toSorted((a, b) => a.left - b.left)
    .map(({ left, label }) => {
      const width = label.length * letterWidth + 1;
      const isBefore = left + width > 100;
      const [from, to] = isBefore ? [left - width, left] : [left, left + width];
      const free = Array.from({ length: maxRows }, (_, index) => index);
      const row = free.find((it) => (ends[it] ?? 0) <= from) ?? null;
      if (row !== null) ends[row] = to;
      return { left, label, row, isBefore };
    });
}

function ticksOf(spanMs: number): Chart["ticks"] {
  const seconds = spanMs / 1000;
  const step = tickSteps.find((it) => seconds / it <= 8) ?? 1200;
  const length = Math.floor(seconds / step) + 1;
  return Array.from({ length }, (_, index) => ({
    left: ((index * step) / seconds) * 100,
    seconds: index * step,
  }));
}
