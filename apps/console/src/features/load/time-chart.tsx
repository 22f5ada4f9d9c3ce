import { type ReactNode, useCallback, useEffect, useRef, useState } from "react";
import type uPlot from "uplot";
import "uplot/dist/uPlot.min.css";
import { stepMs, steps } from "../../live/series.ts";
import { SectionHead } from "../../ui/section.tsx";
import { Segmented } from "../../ui/segmented.tsx";
import { Tokens } from "../../ui/tokens.ts";
import { themeEvent } from "../frame/theme.ts";
import { describe } from "./load.model.ts";
import { chartOptions, clock, type Line, toColumns } from "./time-chart.model.ts";

const tokens = new Tokens();

/**
 * Figures over the last five minutes: a picture for the eye, one sentence for everybody, and the same as a table for
 * those who cannot use a picture.
 */
export function TimeChart(props: {
  readonly title: string;
  readonly lines: readonly Line[];
  /** Wall clock of the last step. @unit milliseconds since 1970 */
  readonly untilMs: number;
  say(value: number): string;
  readonly testId: string;
  readonly children?: ReactNode;
}) {
  const { title, lines, untilMs, say } = props;
  const [view, setView] = useState<"chart" | "table">("chart");
  const showTable = useCallback(() => setView("table"), []);
  return (
    <figure className="min-w-0" aria-label={title} data-testid={props.testId}>
      <SectionHead title={title} meta="last 5 minutes">
        <span className="ml-auto" />
        {props.children}
        <Segmented
          label={`${title} as`}
          value={view}
          options={views}
          change={setView}
          testId={`${props.testId}-view`}
        />
      </SectionHead>
      {view === "chart" ? (
        <Picture lines={lines} untilMs={untilMs} say={say} failed={showTable} />
      ) : (
        <LinesTable title={title} lines={lines} untilMs={untilMs} say={say} />
      )}
      <figcaption className="text-2 flex flex-wrap gap-x-4 px-(--gutter) pb-2.5 text-fg-2">
        {lines.map((it) => {
          const { now, least, most } = describe(it.values);
          return (
            <span key={it.name} className="flex items-center gap-1.5">
              <svg viewBox="0 0 16 4" className="h-1 w-4" aria-hidden="true">
                <path
                  d="M0 2h16"
                  className={it.isSecond ? "stroke-fg-2" : "stroke-fg-0"}
                  strokeWidth="2"
                  strokeDasharray={it.isSecond ? "3 2" : undefined}
                />
              </svg>
              {it.name} <span className="n text-fg-0">{Number.isNaN(now) ? "–" : say(now)}</span>
              {!Number.isNaN(now) && (
                <span>
                  between <span className="n">{say(least)}</span> and{" "}
                  <span className="n">{say(most)}</span>
                </span>
              )}
            </span>
          );
        })}
      </figcaption>
    </figure>
  );
}

const views = [
  { value: "chart", label: "Chart" },
  { value: "table", label: "Table" },
] as const;

interface PictureProps {
  readonly lines: readonly Line[];
  readonly untilMs: number;
  say(value: number): string;
}

/** @param failed the chart cannot be had: an old page whose parts the server no longer has, or an odd browser. */
function Picture(props: PictureProps & { failed(): void }) {
  const { lines, untilMs, say, failed } = props;
  const box = useRef<HTMLDivElement>(null);
  const chart = useRef<uPlot | null>(null);
  const latest = useRef({ lines, untilMs });
  latest.current = { lines, untilMs };
  const names = lines.map((it) => it.name).join("|");
  useEffect(() => {
    const element = box.current;
    if (element === null) return;
    let isOver = false;
    let Plot: typeof uPlot | null = null;
    const draw = (): void => {
      if (Plot === null || isOver) return;
      chart.current?.destroy();
      const { lines: now, untilMs: until } = latest.current;
      const options = chartOptions(now, element.clientWidth, (name) => tokens.get(name), say);
      chart.current = new Plot(options, toColumns(now, until), element);
    };
    import("uplot").then((it) => {
      Plot = it.default;
      draw();
    }, failed);
    const observer = new ResizeObserver(() =>
      chart.current?.setSize({ width: element.clientWidth, height: chart.current.height }),
    );
    observer.observe(element);
    window.addEventListener(themeEvent, draw);
    return () => {
      isOver = true;
      observer.disconnect();
      window.removeEventListener(themeEvent, draw);
      chart.current?.destroy();
      chart.current = null;
    };
  }, [names, say, failed]);
  useEffect(() => chart.current?.setData(toColumns(lines, untilMs)), [lines, untilMs]);
  return <div ref={box} className="h-[150px] overflow-hidden" aria-hidden="true" />;
}

/** Every half minute is enough to read. */
const stride = 15;

function LinesTable({ title, lines, untilMs, say }: PictureProps & { readonly title: string }) {
  const rows = Array.from({ length: steps / stride }, (_, at) => steps - 1 - at * stride);
  return (
    <div className="h-[150px] overflow-auto">
      <table className="tbl" aria-label={title}>
        <thead>
          <tr>
            <th>At</th>
            {lines.map((it) => (
              <th key={it.name} className="r">
                {it.name}
              </th>
            ))}
          </tr>
        </thead>
        <tbody>
          {rows.map((at) => (
            <tr key={at}>
              <td className="n">{clock(untilMs - (steps - 1 - at) * stepMs)}</td>
              {lines.map((it) => {
                const value = it.values[at] ?? Number.NaN;
                return (
                  <td key={it.name} className="n r">
                    {Number.isNaN(value) ? "not heard" : say(value)}
                  </td>
                );
              })}
            </tr>
          ))}
        </tbody>
      </table>
    </div>
  );
}
