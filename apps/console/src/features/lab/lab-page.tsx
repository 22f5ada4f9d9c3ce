"use client";
import { useSearchParams } from "next/navigation";
import { problemText } from "../../live/send-command.ts";
import { useLive, useSummary } from "../../live/use-live.ts";
import { Glyph } from "../../ui/glyph.tsx";
import { NoNodes } from "../overview/overview-states.tsx";
import { ActiveFaults } from "./active-faults.tsx";
import { LinksSection } from "./links/links-section.tsx";
import { LiveInvariants, RunInvariants } from "./run/run-invariants.tsx";
import { RecentRuns } from "./scenarios/recent-runs.tsx";
import { ScenarioBoard } from "./scenarios/scenario-board.tsx";
import { ScenarioList } from "./scenarios/scenario-list.tsx";
import { useLab } from "./use-lab.ts";

/** Where the cluster is broken on purpose, and proven right or wrong. The scenario is in the address. */
export function LabPage() {
  const summary = useSummary();
  const wanted = useSearchParams().get("scenario");
  const run = useLive((it) => it.labRun);
  const { value: lab, problem, again } = useLab();
  if (summary === null) return <p className="page p-(--gutter) text-fg-2">Loading the cluster.</p>;
  if (summary.nodes.length === 0) return <NoNodes />;
  const chosen =
    lab?.scenarios.find((it) => it.id === (wanted ?? run?.scenario)) ?? lab?.scenarios[0];
  const shown = run !== null && run.scenario === chosen?.id ? run : null;
  return (
    <div className="page lab">
      <div className="lab-side">
        <ScenarioList
          scenarios={lab?.scenarios ?? []}
          chosen={chosen?.id}
          running={run?.state === "running" ? run.scenario : undefined}
        />
        <RecentRuns runs={lab?.runs ?? []} />
      </div>
      <div className="lab-middle">
        <FaultsOff />
        {problem !== null && <Line words={problemText(problem)} />}
        {lab?.notKept != null && <Line words={`Runs are not kept: ${lab.notKept}.`} />}
        {lab !== null && chosen !== undefined ? (
          <ScenarioBoard key={chosen.id} lab={lab} scenario={chosen} run={shown} changed={again} />
        ) : (
          <div className="px-(--gutter) py-3.5">
            <h1 className="text-5">Lab</h1>
            {problem === null && <p className="text-2 mt-1.5 text-fg-2">Reading the scenarios.</p>}
          </div>
        )}
        <LinksSection nodes={summary.nodes} />
        <ActiveFaults faults={summary.faults} />
      </div>
      <div className="lab-right">
        {shown === null ? <LiveInvariants /> : <RunInvariants invariants={shown.invariants} />}
      </div>
    </div>
  );
}

function FaultsOff() {
  const meta = useLive((it) => it.meta);
  if (meta === null || meta.faultsOn) return null;
  return (
    <p
      className="text-2 flex items-start gap-2 border-line-1 border-b bg-unknown-soft px-(--gutter) py-2.5"
      data-testid="faults-off"
    >
      <Glyph name="lock" tone="unknown" className="mt-0.5" />
      <span>
        Nothing can be broken here: the nodes of this cluster were started with faults off. Start
        them with <code className="font-mono text-fg-0">LEASEHOLD_FAULTS=on</code> (never in
        production) to use the lab.
      </span>
    </p>
  );
}

const Line = ({ words }: { readonly words: string }) => (
  <p
    className="text-2 flex items-start gap-2 border-line-1 border-b bg-unknown-soft px-(--gutter) py-2"
    role="status"
    data-testid="lab-problem"
  >
    <Glyph name="question" tone="unknown" className="mt-0.5" />
    <span>{words}</span>
  </p>
);
