import Link from "next/link";
import type { ReactNode } from "react";
import { plain } from "../../../live/say.ts";
import { ScrollRegion } from "../../../ui/scroll-region.tsx";
import { SectionHead } from "../../../ui/section.tsx";
import type { LabRun, RunFault } from "../../../wire/lab.ts";
import { faultSentence } from "../faults.model.ts";
import { figureRows, shortId } from "../run/run.model.ts";
import { RunChart } from "../run/run-chart.tsx";
import { RunInvariants } from "../run/run-invariants.tsx";
import { RunSteps } from "../run/run-steps.tsx";
import { VerdictBand } from "../run/verdict-band.tsx";

/** Everything about one run, for somebody who was not there. */
export function RunReport(props: {
  readonly run: LabRun;
  /** Beside the title: where it comes from. */
  readonly chip?: ReactNode;
  readonly actions: ReactNode;
}) {
  const { run } = props;
  return (
    <div className="page lab-report">
      <div className="min-w-0">
        <div className="px-(--gutter) pt-3.5 pb-3">
          <div className="flex flex-wrap items-center gap-2">
            <h1 className="text-5">{run.name}</h1>
            <span className="tok">{shortId(run.id)}</span>
            {props.chip}
            <span className="flex-1" />
            {props.actions}
          </div>
          <p className="text-2 mt-1.5 max-w-[86ch] leading-[18px]">
            {run.sentence} Touched {run.blast.sentence}, in{" "}
            <span className="n text-fg-0">{run.cluster}</span>.
          </p>
        </div>
        <VerdictBand run={run} />
        <SectionHead title="What happened" meta={<Moment run={run} />} />
        <RunChart run={run} />
        <RunSteps run={run} />
        <Hypothesis run={run} />
        <Figures run={run} />
        <Faults run={run} />
      </div>
      <div className="min-w-0 border-line-1 border-l">
        <RunInvariants invariants={run.invariants} />
      </div>
    </div>
  );
}

/** Where the rest of it can be looked up, in the cluster that it ran in. */
function Moment({ run }: { readonly run: LabRun }) {
  const { log, tape } = run;
  return (
    <>
      {new Date(run.startedAt).toLocaleString("en-GB")}
      {log.firstSeq !== null && (
        <>
          {" · events "}
          <span className="n">
            {log.firstSeq} to {log.lastSeq ?? "now"}
          </span>
        </>
      )}
      {tape.firstPos !== null && (
        <>
          {" · "}
          <Link className="underline" prefetch={false} href={`/timeline?at=${tape.firstPos}`}>
            the moment it began
          </Link>
        </>
      )}
    </>
  );
}

function Hypothesis({ run }: { readonly run: LabRun }) {
  return (
    <section aria-label="Hypothesis" className="border-line-1 border-t">
      <SectionHead title="Hypothesis" meta="said before the run" />
      <ul className="text-2 list-disc px-(--gutter) pb-3 pl-9 leading-[20px]">
        {run.hypothesis.map((it) => (
          <li key={it}>{it}</li>
        ))}
      </ul>
    </section>
  );
}

function Figures({ run }: { readonly run: LabRun }) {
  return (
    <section aria-label="Figures" className="border-line-1 border-t">
      <SectionHead title="Figures" meta="measured, beside what they may be" />
      <table className="tbl border-line-1 border-t" aria-label="Figures">
        <tbody>
          {figureRows(run).map((it) => (
            <tr key={it.name} data-testid="run-figure" data-within={it.isWithin ?? "unknown"}>
              <td>{it.name}</td>
              <td className={`n r ${it.isWithin === false ? "text-danger-text!" : "text-fg-0!"}`}>
                {it.value}
              </td>
              <td className="r text-fg-2">
                {it.bound === null ? "" : `${it.bound}${it.isWithin === false ? ": exceeded" : ""}`}
              </td>
            </tr>
          ))}
        </tbody>
      </table>
    </section>
  );
}

function Faults({ run }: { readonly run: LabRun }) {
  return (
    <section aria-label="Faults of the run" className="border-line-1 border-t">
      <SectionHead title="Faults" meta={run.faults.length === 0 ? "none was set" : undefined} />
      {run.faults.length > 0 && (
        <ScrollRegion label="Faults of the run, scrollable">
          <table className="tbl border-line-1 border-t" aria-label="Faults of the run">
            <thead>
              <tr>
                <th>What</th>
                <th className="r">Set at</th>
                <th className="r">Ended at</th>
                <th>How it ended</th>
              </tr>
            </thead>
            <tbody>
              {run.faults.map((it, index) => (
                <tr key={index} data-testid="run-fault">
                  <td>{wordsOf(it)}</td>
                  <td className="n r">{seconds(it.setMs)}</td>
                  <td className="n r">{it.endedMs === null ? "–" : seconds(it.endedMs)}</td>
                  <td>{endOf(it)}</td>
                </tr>
              ))}
            </tbody>
          </table>
        </ScrollRegion>
      )}
    </section>
  );
}

const wordsOf = ({ nodeId, faultId, kind, detail, ttlMs }: RunFault): string =>
  plain(faultSentence(nodeId, { id: faultId ?? "", kind, detail, expiresInMs: ttlMs }));

const seconds = (ms: number): string => `${(ms / 1000).toFixed(1)} s`;

function endOf({ how, faultId, ttlMs }: RunFault): string {
  if (how === "ttl") return "by itself, on the node";
  if (how !== null) return how;
  return faultId === null
    ? "not known to have been set"
    : `not yet; by itself after ${seconds(ttlMs)} at most`;
}
