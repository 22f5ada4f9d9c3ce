"use client";
import Link from "next/link";
import { useRouter } from "next/navigation";
import { useState } from "react";
import { toast } from "sonner";
import { readRun } from "../../../live/lab-calls.ts";
import { useLive } from "../../../live/use-live.ts";
import { Button } from "../../../ui/button.tsx";
import { Empty } from "../../../ui/section.tsx";
import type { Problem } from "../../../wire/commands.ts";
import { keptRuns, type LabRun } from "../../../wire/lab.ts";
import { StopRun } from "../run/stop-run.tsx";
import { StartDialog } from "../scenarios/start-dialog.tsx";
import { useAnswer } from "../use-answer.ts";
import { useLab, useLabOff } from "../use-lab.ts";
import { ExportRun } from "./export-run.tsx";
import { RunReport } from "./run-report.tsx";

/** The report of one run, at an address that can be given to others. */
export function RunPage({ id }: { readonly id: string }) {
  const live = useLive((it) => (it.labRun?.id === id ? it.labRun : null));
  const { value, problem } = useAnswer<LabRun>(live === null ? id : null, () => readRun(id));
  const run = live ?? value;
  if (run !== null) {
    return <RunReport run={run} actions={<Actions run={run} />} />;
  }
  return (
    <div className="page">
      {problem === null ? (
        <p className="p-(--gutter) text-fg-2">Reading the run.</p>
      ) : (
        <NoRun id={id} problem={problem} />
      )}
    </div>
  );
}

function NoRun({ id, problem }: { readonly id: string; readonly problem: Problem }) {
  const isUnknown = problem.code === "RUN_UNKNOWN";
  return (
    <Empty title={isUnknown ? `No run ${id} is kept` : problem.title}>
      <p>
        {isUnknown
          ? `It never was, or it is older than the ${keptRuns} runs that are kept. A report that was exported can still be read.`
          : (problem.detail ?? "")}
      </p>
      <p className="mt-2 flex gap-4">
        <Link className="underline" href="/lab/runs">
          All runs
        </Link>
        <Link className="underline" href="/lab/runs/import">
          Import a report
        </Link>
      </p>
    </Empty>
  );
}

function Actions({ run }: { readonly run: LabRun }) {
  const share = async (): Promise<void> => {
    try {
      await navigator.clipboard.writeText(location.href);
      toast.success("Address copied.");
    } catch {
      // Refused, or a plain http page: the address bar has it.
      toast.error("The browser does not let this page copy. The address is in its bar.");
    }
  };
  return (
    <>
      <Button className="phone:hidden" onClick={() => void share()}>
        Copy link
      </Button>
      <ExportRun run={run} />
      {run.state === "running" ? <StopRun run={run} /> : <RunAgain run={run} />}
    </>
  );
}

function RunAgain({ run }: { readonly run: LabRun }) {
  const router = useRouter();
  const off = useLabOff();
  const [isOpen, setOpen] = useState(false);
  const scenario = useLab().value?.scenarios.find((it) => it.id === run.scenario);
  return (
    <>
      <Button
        kind="primary"
        off={off ?? (scenario === undefined ? "this console does not know the scenario" : null)}
        onClick={() => setOpen(true)}
      >
        Run again
      </Button>
      {isOpen && scenario !== undefined && (
        <StartDialog
          scenario={scenario}
          before={run.params}
          close={() => setOpen(false)}
          started={() => router.push(`/lab?scenario=${run.scenario}`)}
        />
      )}
    </>
  );
}
