import Link from "next/link";
import { useState } from "react";
import { duration } from "../../../live/say.ts";
import { useLive } from "../../../live/use-live.ts";
import { Button } from "../../../ui/button.tsx";
import { Glyph } from "../../../ui/glyph.tsx";
import { SectionHead } from "../../../ui/section.tsx";
import type { LabRun, LabScenario, LabView } from "../../../wire/lab.ts";
import { ExportRun } from "../report/export-run.tsx";
import { shortId } from "../run/run.model.ts";
import { RunChart } from "../run/run-chart.tsx";
import { RunSteps } from "../run/run-steps.tsx";
import { StopRun } from "../run/stop-run.tsx";
import { VerdictBand } from "../run/verdict-band.tsx";
import { useLabOff } from "../use-lab.ts";
import { Expectation, StartDialog } from "./start-dialog.tsx";

/** One scenario: what it would do before it runs, what it does while it runs, what it proved. */
export function ScenarioBoard(props: {
  readonly lab: LabView;
  readonly scenario: LabScenario;
  /** Its run that goes on, or has just ended. */
  readonly run: LabRun | null;
  changed(): void;
}) {
  const { lab, scenario, run } = props;
  const [isAsking, setAsking] = useState(false);
  return (
    <section aria-label={scenario.name} data-testid="scenario-board" data-id={scenario.id}>
      <div className="px-(--gutter) pt-3.5 pb-3">
        <div className="flex flex-wrap items-center gap-2">
          <h1 className="text-5">{scenario.name}</h1>
          {run !== null && <span className="tok">{shortId(run.id)}</span>}
          <span className="flex-1" />
          <Actions scenario={scenario} lab={lab} run={run} start={() => setAsking(true)} />
        </div>
        {run === null ? (
          <div className="mt-1.5">
            <Expectation preview={scenario} />
            <Unavailable scenario={scenario} />
          </div>
        ) : (
          <p className="text-2 mt-1.5 max-w-[86ch] leading-[18px]">
            {run.sentence} Touches {run.blast.sentence}.{" "}
            <span className="text-fg-2">Expect: {run.hypothesis.join(" ")}</span>
          </p>
        )}
      </div>
      {run !== null && <Run run={run} />}
      {isAsking && (
        <StartDialog
          scenario={scenario}
          before={run?.params}
          close={() => setAsking(false)}
          started={props.changed}
        />
      )}
    </section>
  );
}

function Actions(props: {
  readonly scenario: LabScenario;
  readonly lab: LabView;
  readonly run: LabRun | null;
  start(): void;
}) {
  const { scenario, lab, run } = props;
  const off = useLabOff();
  const other = useLive((it) => it.labRun);
  const isRunning = run?.state === "running";
  const running = other?.state === "running" ? other.id : lab.running;
  const { availability } = scenario;
  const why =
    off ??
    (isRunning ? "it runs" : running !== null ? "another run goes on" : null) ??
    (availability.available ? null : availability.why);
  return (
    <>
      {run !== null && (
        <Link className="btn phone:hidden" prefetch={false} href={`/lab/runs/${run.id}`}>
          Report
        </Link>
      )}
      {run !== null && !isRunning && <ExportRun run={run} />}
      <Button kind="primary" off={why} testId="start-run" onClick={props.start}>
        {isRunning ? "Running" : run === null ? "Start…" : "Run again…"}
      </Button>
    </>
  );
}

function Unavailable({ scenario: { availability } }: { readonly scenario: LabScenario }) {
  if (availability.available) return null;
  return (
    <p className="text-2 mt-2.5 flex gap-2" data-testid="unavailable">
      <Glyph name="lock" tone="unknown" className="mt-0.5" />
      {availability.why}
    </p>
  );
}

function Run({ run }: { readonly run: LabRun }) {
  const isRunning = run.state === "running";
  return (
    <>
      <VerdictBand run={run}>{isRunning ? <StopRun run={run} /> : undefined}</VerdictBand>
      <SectionHead
        title={isRunning ? "What happens" : "What happened"}
        meta={<span className="n">{duration(run.elapsedMs)}</span>}
      >
        <Link href="/timeline">Timeline</Link>
      </SectionHead>
      <RunChart run={run} />
      <RunSteps run={run} />
    </>
  );
}
