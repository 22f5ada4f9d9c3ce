import { duration } from "../../../live/say.ts";
import { Glyph } from "../../../ui/glyph.tsx";
import { SectionHead } from "../../../ui/section.tsx";
import { textClass } from "../../../ui/tone.ts";
import type { LabRun, RunStep } from "../../../wire/lab.ts";
import { stepLook } from "./run.model.ts";

/** What the run does, one after another, each with its deadline. */
export function RunSteps({ run }: { readonly run: LabRun }) {
  const done = run.steps.filter((it) => it.state === "done").length;
  const share = Math.min(1, run.elapsedMs / Math.max(run.expectedMs, run.elapsedMs, 1));
  return (
    <section aria-label="Steps" className="border-line-1 border-t">
      <SectionHead title="Steps" meta={`${done} of ${run.steps.length} done`} />
      {run.state === "running" && (
        <div className="meter mx-(--gutter) mb-2" aria-hidden="true">
          <i style={{ width: `${share * 100}%` }} />
        </div>
      )}
      <ol className="border-line-1 border-t">
        {run.steps.map((it) => (
          <Step key={it.id} step={it} nowMs={run.elapsedMs} />
        ))}
      </ol>
    </section>
  );
}

function Step({ step, nowMs }: { readonly step: RunStep; readonly nowMs: number }) {
  const { word, glyph, tone } = stepLook[step.state];
  return (
    <li className="run-step" data-testid="run-step" data-id={step.id} data-state={step.state}>
      <Glyph name={glyph} tone={tone} />
      <span className={step.state === "waiting" ? "text-fg-2" : "text-fg-0"}>{step.words}</span>
      <span className={step.state === "failed" ? textClass.danger : "text-fg-2"}>
        {step.note ?? (step.state === "running" ? within(step, nowMs) : word)}
      </span>
      <span className="n text-right text-fg-2">
        {step.beganMs === null ? "" : `${(step.beganMs / 1000).toFixed(1)} s`}
      </span>
    </li>
  );
}

const within = ({ beganMs, deadlineMs }: RunStep, nowMs: number): string =>
  `${duration(nowMs - (beganMs ?? nowMs))} of at most ${duration(deadlineMs)}`;
