import { type ChartInput, chartOf } from "./chart.model.ts";

/** Faults as bars on the lane of what they are set on, steps as lines through all of them. */
export function RunChart(props: { readonly input: ChartInput }) {
  const chart = chartOf(props.input);
  const summary = props.input.marks
    .map((it) => `${it.label} at ${(it.atMs / 1000).toFixed(1)} s`)
    .join(", ");
  return (
    <div
      className="run-chart"
      role="img"
      aria-label={summary === "" ? "Nothing has happened yet" : summary}
      data-testid="run-chart"
    >
      <div className="names" style={{ paddingTop: chart.labelRows * 15 + 4 }}>
        {chart.lanes.map((lane) => (
          <div key={lane.name} className="truncate">
            {lane.name}
          </div>
        ))}
      </div>
      <div className="plot" style={{ paddingTop: chart.labelRows * 15 + 4 }}>
        {chart.ticks.map((it) => (
          <span key={it.seconds} className="tick" style={{ left: `${it.left}%` }}>
            <i>{it.seconds} s</i>
          </span>
        ))}
        {chart.lanes.map((lane) => (
          <div key={lane.name} className="lane">
            {lane.bars.map((bar, index) => (
              <span
                key={index}
                className="bar-of-fault"
                data-open={bar.isOpen}
                title={bar.label}
                style={{ left: `${bar.left}%`, width: `max(3px, ${bar.width}%)` }}
              >
                {bar.width > bar.label.length * 1.3 && bar.label}
              </span>
            ))}
          </div>
        ))}
        {chart.marks.map((it, index) => (
          <span key={index} className="mark" title={it.label} style={{ left: `${it.left}%` }}>
            {it.row !== null && (
              <i data-before={it.isBefore} style={{ top: it.row * 15 }}>
                {it.label}
              </i>
            )}
          </span>
        ))}
      </div>
    </div>
  );
}
