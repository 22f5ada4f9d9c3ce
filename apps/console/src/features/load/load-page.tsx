"use client";
import { useState } from "react";
import { stepMs, stepOf } from "../../live/series.ts";
import { live, useLive, useSummary } from "../../live/use-live.ts";
import { Empty, Figure } from "../../ui/section.tsx";
import { Sentence } from "../../ui/sentence.tsx";
import { NoNodes } from "../overview/overview-states.tsx";
import { HotShards } from "./hot-shards.tsx";
import { describe, type LoadView, loadSentence, loadView, rate } from "./load.model.ts";
import { NodeLoads } from "./node-loads.tsx";
import { clock } from "./time-chart.model.ts";
import { TimeChart } from "./time-chart.tsx";
import { usePastLoads } from "./use-past-loads.ts";

const perSecond = (value: number): string => `${rate(value)}/s`;
const milliseconds = (value: number): string => `${value.toFixed(1)} ms`;

/** Where is it hot, and since when? From what nodes say of themselves: now, or before a moment of the past. */
export function LoadPage() {
  const summary = useSummary();
  const isPast = useLive((it) => it.moment !== null);
  if (summary === null) return <p className="page p-(--gutter) text-fg-2">Loading the cluster.</p>;
  if (summary.nodes.length === 0) return <NoNodes />;
  return isPast ? <PastLoad /> : <PresentLoad />;
}

/** Kept while this page is open. */
function PresentLoad() {
  const step = useLive((it) => stepOf(it.paused?.atMs ?? it.clockMs));
  // The page's clock counts from its opening; people read the wall's.
  const untilMs = performance.timeOrigin + step * stepMs;
  return (
    <Load
      view={loadView(live.loads, step)}
      untilMs={untilMs}
      named="each node names its hottest 16"
    />
  );
}

/** As far as the tape has it. */
function PastLoad() {
  const found = usePastLoads();
  if (found === null) return <p className="page p-(--gutter) text-fg-2">Reading the recording.</p>;
  if (!found.ok) {
    return (
      <div className="page">
        <h1 className="sr-only">Load</h1>
        <Empty title={found.problem.title}>{found.problem.detail}</Empty>
      </div>
    );
  }
  const { loads, atMs, fromMs } = found.body;
  const step = stepOf(atMs);
  return (
    <Load
      view={loadView(loads, step)}
      untilMs={step * stepMs}
      named={`each node's hottest 4, every 10 s, from ${clock(fromMs)} on`}
    />
  );
}

function Load(props: {
  readonly view: LoadView;
  /** Wall clock of the last step. @unit milliseconds since 1970 */
  readonly untilMs: number;
  /** Which shards are known at all. */
  readonly named: string;
}) {
  const { view, untilMs } = props;
  const entities = useSummary()?.load.entities ?? 0;
  const [chosen, setChosen] = useState<string | null>(null);
  return (
    <div className="page flex flex-col">
      <div className="bar">
        <h1 className="text-4">Load</h1>
        <p className="min-w-0 flex-1" data-testid="load-sentence">
          <Sentence words={loadSentence(view)} />
        </p>
      </div>
      <Figures view={view} entities={entities} />
      <Charts view={view} chosen={chosen} untilMs={untilMs} />
      <NodeLoads view={view} chosen={chosen} choose={setChosen} />
      <HotShards view={view} named={props.named} />
    </div>
  );
}

function Figures({ view, entities }: { readonly view: LoadView; readonly entities: number }) {
  const total = describe(view.total);
  const failed = describe(view.failed);
  const p50 = describe(view.p50);
  const p99 = describe(view.p99);
  const known = (value: number, text: (it: number) => string): string =>
    Number.isNaN(value) ? "–" : text(value);
  return (
    <dl className="figs" data-testid="load-figures">
      <Figure label="Requests/s" value={known(total.now, rate)} note={`mean ${rate(total.mean)}`} />
      <Figure label="Failed/s" value={known(failed.now, rate)} note={`most ${rate(failed.most)}`} />
      <Figure label="p50 reply" value={known(p50.now, milliseconds)} note="slowest node" />
      <Figure label="p99 reply" value={known(p99.now, milliseconds)} note="slowest node" />
      <Figure label="Entities resident" value={entities.toLocaleString("en-US")} />
    </dl>
  );
}

function Charts(props: {
  readonly view: LoadView;
  readonly chosen: string | null;
  readonly untilMs: number;
}) {
  const { view, untilMs } = props;
  const node = view.nodes.find((it) => it.nodeId === props.chosen);
  const one =
    node === undefined ? [] : [{ name: node.nodeId, values: node.requests, isSecond: true }];
  return (
    <div className="grid grid-cols-2 border-line-1 border-b small:grid-cols-1">
      <TimeChart
        title="Requests a second"
        lines={[{ name: "all nodes", values: view.total }, ...one]}
        untilMs={untilMs}
        say={perSecond}
        testId="chart-requests"
      />
      <div className="min-w-0 border-line-1 border-l small:border-t small:border-l-0">
        <TimeChart
          title="Reply time"
          lines={[
            { name: "p99", values: view.p99 },
            { name: "p50", values: view.p50, isSecond: true },
          ]}
          untilMs={untilMs}
          say={milliseconds}
          testId="chart-latency"
        />
      </div>
    </div>
  );
}
