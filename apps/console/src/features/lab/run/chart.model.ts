import type { LabRun, RunLane } from "../../../wire/lab.ts";

/** What happened in a run, drawn against its time: milliseconds in, percent of the width out. */
export interface Chart {
  readonly marks: readonly ChartMark[];
  readonly lanes: readonly { readonly nodeId: string; readonly bars: readonly ChartBar[] }[];
  readonly ticks: readonly { readonly left: number; readonly seconds: number }[];
  /** The probe's calls, one bar each: heights as shares of the tallest, answered below failed. */
  readonly calls: readonly CallBar[];
  /** Rows of labels above the lanes. */
  readonly labelRows: number;
}

export interface ChartMark {
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
  readonly state: RunLane["segments"][number]["state"];
  readonly words: string;
  /** Its words fit into it. */
  readonly isWordy: boolean;
}

export interface CallBar {
  readonly left: number;
  readonly width: number;
  readonly answered: number;
  readonly failed: number;
}

const maxRows = 3;
/** A letter of a label in the chart of a desk, and of a phone. @unit percent */
const letterWidths = { desk: 1.15, phone: 2.2 };
const tickSteps = [1, 2, 5, 10, 15, 30, 60, 120, 300, 600];

/** While a run goes on, its chart is as wide as it will be, so that nothing moves but its end. */
export function chartOf(
  run: Pick<LabRun, ChartPart>,
  on: keyof typeof letterWidths = "desk",
): Chart {
  const letterWidth = letterWidths[on];
  const isOver = run.state === "ended";
  const spanMs = Math.max(1, run.elapsedMs, isOver ? 0 : run.expectedMs);
  const percent = (atMs: number): number => (Math.min(Math.max(atMs, 0), spanMs) / spanMs) * 100;
  const marks = run.marks.map((it) => ({ left: percent(it.atMs), label: it.words }));
  const placed = placeLabels(marks, letterWidth);
  return {
    marks: placed,
    lanes: run.lanes.map(({ nodeId, segments }) => ({
      nodeId,
      bars: segments.map(({ fromMs, toMs, state, words }) => {
        const left = percent(fromMs);
        const width = percent(toMs ?? run.elapsedMs) - left;
        return { left, width, state, words, isWordy: width > words.length * letterWidth + 1.5 };
      }),
    })),
    ticks: ticksOf(spanMs),
    calls: callBars(run.calls, percent),
    labelRows: Math.max(1, ...placed.map((it) => (it.row ?? 0) + 1)),
  };
}

type ChartPart = "state" | "elapsedMs" | "expectedMs" | "marks" | "lanes" | "calls";

/** In the highest row in which it touches no other; a label is never drawn over another. */
function placeLabels(
  marks: readonly { readonly left: number; readonly label: string }[],
  letterWidth: number,
): ChartMark[] {
  const ends: number[] = [];
  const rows = Array.from({ length: maxRows }, (_, index) => index);
  return marks
    .toSorted((a, b) => a.left - b.left)
    .map(({ left, label }) => {
      const width = label.length * letterWidth + 1;
      const isBefore = left + width > 100;
      const [from, to] = isBefore ? [left - width, left] : [left, left + width];
      const row = rows.find((it) => (ends[it] ?? 0) <= from) ?? null;
      if (row !== null) ends[row] = to;
      return { left, label, row, isBefore };
    });
}

function callBars(
  { bucketMs, answered, failed }: LabRun["calls"],
  percent: (atMs: number) => number,
): CallBar[] {
  const most = Math.max(1, ...answered.map((it, index) => it + (failed[index] ?? 0)));
  return answered.map((it, index) => ({
    left: percent(index * bucketMs),
    width: percent(bucketMs),
    answered: it / most,
    failed: (failed[index] ?? 0) / most,
  }));
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
