import type uPlot from "uplot";
import { stepMs } from "../../live/series.ts";

export interface Line {
  readonly name: string;
  /** A value a step, oldest first; NaN is a gap, and is drawn as one. */
  readonly values: Float32Array;
  /** Dashed and quiet: hue means state, so lines differ by weight. */
  readonly isSecond?: boolean;
}

const height = 150;

export function toColumns(lines: readonly Line[], untilMs: number): uPlot.AlignedData {
  const length = lines[0]?.values.length ?? 0;
  const at = Array.from({ length }, (_, index) => (untilMs - (length - 1 - index) * stepMs) / 1000);
  const columns = lines.map((it) =>
    Array.from(it.values, (value) => (Number.isNaN(value) ? null : value)),
  );
  return [at, ...columns];
}

export function chartOptions(
  lines: readonly Line[],
  width: number,
  token: (name: string) => string,
  say: (value: number) => string,
): uPlot.Options {
  const axis: uPlot.Axis = {
    stroke: token("fg-2"),
    font: `11px ${token("font-geist-mono") || "ui-monospace"}, monospace`,
    grid: { stroke: token("line-1"), width: 1 },
    ticks: { show: false },
  };
  return {
    ...{ width, height },
    legend: { show: false },
    cursor: { drag: { setScale: false, x: false, y: false }, points: { size: 5 } },
    padding: [8, 20, 0, 0],
    scales: { y: { range: (_chart, _least, most) => [0, Math.max(1, most * 1.1)] } },
    series: [
      {},
      ...lines.map((it) => ({
        stroke: token(it.isSecond === true ? "fg-2" : "fg-0"),
        width: 1.5,
        ...(it.isSecond === true ? { dash: [4, 3] } : {}),
        points: { show: false },
        spanGaps: false,
      })),
    ],
    axes: [
      { ...axis, space: 90, size: 26, values: (_chart, values) => values.map(minute) },
      { ...axis, size: 60, space: 36, values: (_chart, values) => values.map(say) },
    ],
  };
}

const minute = (seconds: number): string => new Date(seconds * 1000).toTimeString().slice(0, 5);

/** Of the wall, as the axis has it. */
export const clock = (ms: number): string => new Date(ms).toTimeString().slice(0, 8);
