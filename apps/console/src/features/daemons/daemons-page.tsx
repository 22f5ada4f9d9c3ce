"use client";
import { count, duration, plural } from "../../live/say.ts";
import { useLive, useOff } from "../../live/use-live.ts";
import { Glyph } from "../../ui/glyph.tsx";
import { Empty } from "../../ui/section.tsx";
import type { DaemonsView } from "../../wire/daemons-view.ts";
import { isOld, listed, runningOf } from "./daemon.model.ts";
import { DaemonSection } from "./daemon-section.tsx";
import { NoDaemons } from "./no-daemons.tsx";
import { type DaemonsReading, useDaemons } from "./use-daemons.ts";

/** What always runs: each daemon, its workers, and how many there shall be. */
export function DaemonsPage() {
  const reading = useDaemons();
  const nowMs = useLive((it) => it.clockMs);
  const ageMs = Math.max(0, nowMs - reading.atMs);
  const { view, problem } = reading;
  return (
    <div className="page flex flex-col">
      <div className="bar">
        <h1 className="text-4">Daemons</h1>
        {view !== null && view.daemons.length > 0 && <Totals view={view} />}
      </div>
      <Problems reading={reading} ageMs={ageMs} />
      {view !== null && <Daemons view={view} ageMs={ageMs} again={reading.again} />}
      {view === null && problem === null && (
        <p className="px-(--gutter) py-3 text-fg-2">Asking the nodes what they run.</p>
      )}
    </div>
  );
}

function Daemons(props: {
  readonly view: DaemonsView;
  readonly ageMs: number;
  readonly again: () => void;
}) {
  const { view, ageMs, again } = props;
  const off = useOff() ?? (isOld(ageMs) ? "this is old" : null);
  if (view.daemons.length > 0) {
    return view.daemons.map((it) => (
      <DaemonSection key={it.daemon} daemon={it} ageMs={ageMs} off={off} scaled={again} />
    ));
  }
  if (view.answered > 0) return <NoDaemons />;
  return (
    <Empty title="No node answered">
      Only a node itself knows how its workers are, so nothing is known of any.
    </Empty>
  );
}

function Totals({ view }: { readonly view: DaemonsView }) {
  const { daemons } = view;
  const sum = (of: (it: (typeof daemons)[number]) => number): number =>
    daemons.reduce((total, it) => total + of(it), 0);
  return (
    <span className="text-2 text-fg-2" data-testid="daemon-totals">
      {plural(daemons.length, "daemon")} · {count(sum(runningOf))} of{" "}
      {plural(
        sum((it) => it.workers),
        "worker",
      )}{" "}
      running
    </span>
  );
}

/** Who did not answer, and how old what stands below is when nobody asks any more. */
function Problems(props: { readonly reading: DaemonsReading; readonly ageMs: number }) {
  const { view, problem } = props.reading;
  const unanswered = Map.groupBy(view?.unanswered ?? [], (it) => it.why);
  if (unanswered.size === 0 && problem === null) return null;
  return (
    <ul className="text-2 space-y-0.5 border-line-1 border-b bg-unknown-soft px-(--gutter) py-2">
      {problem !== null && (
        <li className="flex gap-2" data-testid="daemons-problem">
          <Glyph name="clock" tone="unknown" className="mt-0.5" />
          <span>
            {problem.title}
            {view !== null && (
              <>
                {" "}
                What stands here is <span className="n text-fg-0">{duration(props.ageMs)}</span>{" "}
                old.
              </>
            )}
          </span>
        </li>
      )}
      {[...unanswered].map(([why, nodes]) => (
        <li key={why} className="flex gap-2" data-testid="nodes-unanswered">
          <Glyph name="question" tone="unknown" className="mt-0.5" />
          <span>
            <span className="font-mono text-fg-0 tracking-[-.02em]">
              {listed(nodes.map(({ nodeId }) => nodeId))}
            </span>
            : {why}.
          </span>
        </li>
      ))}
    </ul>
  );
}
