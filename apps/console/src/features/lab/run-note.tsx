import Link from "next/link";
import { duration } from "../../live/say.ts";
import { useLive } from "../../live/use-live.ts";
import { Glyph } from "../../ui/glyph.tsx";
import { headline } from "./run/run.model.ts";

/** On every page but the lab's: somebody breaks this cluster on purpose right now. */
export function RunNote({ page }: { readonly page: string }) {
  const run = useLive((it) => it.labRun);
  if (run?.state !== "running" || page === "lab" || page === "lab-run") return null;
  const { glyph, tone, word } = headline(run);
  const step = run.steps.find((it) => it.state === "running");
  return (
    <div className="note" data-testid="run-note" data-run-id={run.id}>
      <Glyph name={glyph} tone={tone} />
      <span className="min-w-0 truncate">
        {run.actor} runs <b>{run.name}</b>, {word.toLowerCase()}
        {step !== undefined && <span className="small:hidden">: {step.words}</span>}
      </span>
      <span className="n ml-auto whitespace-nowrap text-fg-2">
        {duration(run.elapsedMs)} of {duration(run.expectedMs)}
      </span>
      <Link className="underline" href={`/lab?scenario=${run.scenario}`}>
        Lab
      </Link>
    </div>
  );
}
