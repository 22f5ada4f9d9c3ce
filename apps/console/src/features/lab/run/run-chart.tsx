import { useIsPhone } from "../../../ui/use-is-phone.ts";
import type { LabRun } from "../../../wire/lab.ts";
import { type CallBar, type Chart, type ChartMark, chartOf } from "./chart.model.ts";

/** A label's line. @unit pixels */
const labelHeight = 15;

/** Who did what when: a lane for each node, the probe's calls below, the steps as lines through all. */
export function RunChart({ run }: { readonly run: LabRun }) {
  const chart = chartOf(run, useIsPhone() ? "phone" : "desk");
  const top = { paddingTop: chart.labelRows * labelHeight + 4 };
  const said = run.marks.map((it) => `${it.words} at ${(it.atMs / 1000).toFixed(1)} s`).join(", ");
  return (
    <div
      className="run-chart"
      role="img"
      aria-label={said === "" ? "Nothing has happened yet" : said}
      data-testid="run-chart"
    >
      <div className="names" style={top}>
        {chart.lanes.map(({ nodeId }) => (
          <div key={nodeId} className="truncate">
            {nodeId}
          </div>
        ))}
        <div>requests</div>
      </div>
      <div className="plot" style={top}>
        {chart.ticks.map((it) => (
          <span key={it.seconds} className="tick" style={{ left: `${it.left}%` }}>
            <i>{it.seconds} s</i>
          </span>
        ))}
        {chart.lanes.map((lane) => (
          <Lane key={lane.nodeId} lane={lane} />
        ))}
        <Calls calls={chart.calls} />
        {chart.marks.map((it, index) => (
          <span key={index} className="mark" title={it.label} style={lineOf(it, chart)}>
            {it.row !== null && (
              <span className="label" data-before={it.isBefore}>
                {it.label}
              </span>
            )}
          </span>
        ))}
      </div>
    </div>
  );
}

/** From its label down: a line through the labels above would cross them out. */
const lineOf = ({ left, row }: ChartMark, { labelRows }: Chart) => ({
  left: `${left}%`,
  top: (row ?? labelRows) * labelHeight,
});

function Lane({ lane }: { readonly lane: Chart["lanes"][number] }) {
  return (
    <div className="lane">
      {lane.bars.map((it, index) => (
        <span
          key={index}
          className="segment"
          data-state={it.state}
          title={it.words}
          style={{ left: `${it.left}%`, width: `calc(${it.width}% - 1px)` }}
        >
          {it.isWordy && it.words}
        </span>
      ))}
    </div>
  );
}

/** Two paths for hundreds of bars. */
function Calls({ calls }: { readonly calls: readonly CallBar[] }) {
  const bar = (it: CallBar, from: number, height: number): string =>
    `M${it.left} ${100 - from * 100}h${it.width * 0.7}v${-height * 100}h${-it.width * 0.7}z`;
  const path = (part: (it: CallBar) => string): string => calls.map(part).join("");
  return (
    <svg className="calls" viewBox="0 0 100 100" preserveAspectRatio="none" aria-hidden="true">
      <path className="answered" d={path((it) => bar(it, 0, it.answered))} />
      <path className="failed" d={path((it) => bar(it, it.answered, it.failed))} />
    </svg>
  );
}
