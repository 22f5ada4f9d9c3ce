import type { ReactNode } from "react";
import { duration } from "../../../live/say.ts";
import { Glyph } from "../../../ui/glyph.tsx";
import { Sentence } from "../../../ui/sentence.tsx";
import type { LabRun } from "../../../wire/lab.ts";
import { aftermath, headline, shortId, soFar } from "./run.model.ts";

/** The one thing to read: what the run proved, in a word, and why. */
export function VerdictBand(props: { readonly run: LabRun; readonly children?: ReactNode }) {
  const { run } = props;
  const { word, glyph, tone } = headline(run);
  const isOver = run.verdict !== null;
  return (
    <div
      className="verdict-band"
      data-testid="run-verdict"
      data-verdict={run.verdict?.tag ?? "running"}
      data-tone={tone}
    >
      <div className="word" data-over={isOver}>
        <Glyph name={glyph} tone={tone} className={isOver ? "size-[22px]" : "size-[18px]"} />
        <h2>{word}</h2>
      </div>
      <div className="text-2 min-w-0 leading-[18px]">
        {isOver ? <Reasons run={run} /> : <SoFar run={run} />}
      </div>
      {props.children ?? <When run={run} />}
    </div>
  );
}

function Reasons({ run }: { readonly run: LabRun }) {
  const [first, ...more] = run.verdict?.reasons ?? [];
  return (
    <>
      <p className="text-fg-0" data-testid="run-reason">
        {first}
      </p>
      {more.map((it) => (
        <p key={it} data-testid="run-reason">
          {it}
        </p>
      ))}
      <p className="text-fg-2">
        <Sentence words={aftermath(run)} />
      </p>
    </>
  );
}

function SoFar({ run }: { readonly run: LabRun }) {
  return (
    <>
      <p>
        <Sentence words={soFar(run)} />
      </p>
      <p className="n text-fg-2" data-testid="run-elapsed">
        {duration(run.elapsedMs)} of about {duration(run.expectedMs)}
      </p>
    </>
  );
}

function When({ run }: { readonly run: LabRun }) {
  return (
    <div className="text-2 text-right text-fg-2 leading-[18px] small:text-left">
      <span className="n">{shortId(run.id)}</span> · {run.actor}
      <br />
      <span className="n">
        {clock(run.startedAt)}
        {run.endedAt !== null && ` to ${clock(run.endedAt)}`}
      </span>
    </div>
  );
}

const clock = (iso: string): string => new Date(iso).toLocaleTimeString("en-GB");
