"use client";
import Link from "next/link";
import { useEffect, useState } from "react";
import { readRuns } from "../../../live/lab-calls.ts";
import { duration, plural } from "../../../live/say.ts";
import { problemText } from "../../../live/send-command.ts";
import { useLive } from "../../../live/use-live.ts";
import { Button } from "../../../ui/button.tsx";
import type { ExportColumn } from "../../../ui/rows/export.model.ts";
import { TableTools } from "../../../ui/rows/table-tools.tsx";
import { Empty } from "../../../ui/section.tsx";
import { StateBadge } from "../../../ui/state-badge.tsx";
import type { RunSummary } from "../../../wire/lab.ts";
import { shortId, verdictLook } from "../run/run.model.ts";
import { useAnswer } from "../use-answer.ts";

const pageSize = 50;

const columns: readonly ExportColumn<RunSummary>[] = [
  { name: "run", of: (it) => it.id },
  { name: "scenario", of: (it) => it.scenario },
  { name: "name", of: (it) => it.name },
  { name: "verdict", of: (it) => it.verdict ?? "running" },
  { name: "startedAt", of: (it) => it.startedAt },
  { name: "endedAt", of: (it) => it.endedAt },
  { name: "actor", of: (it) => it.actor },
  { name: "reason", of: (it) => it.reason },
];

/** Every run that is kept, latest first. */
export function RunsPage() {
  const run = useLive((it) => (it.labRun === null ? "" : `${it.labRun.id} ${it.labRun.state}`));
  const { value, problem, again } = useAnswer("runs", readRuns);
  useEffect(again, [again, run]);
  return (
    <div className="page">
      <div className="bar">
        <span className="text-2 text-fg-2">
          <Link href="/lab">Lab</Link> /
        </span>
        <h1 className="text-4">Runs</h1>
        {value !== null && (
          <span className="text-2 text-fg-2">{plural(value.runs.length, "run")}, latest first</span>
        )}
        <span className="flex-1" />
        {value !== null && value.runs.length > 0 && (
          <TableTools name="runs" columns={columns} rows={() => value.runs} />
        )}
        <Link className="btn" href="/lab/runs/import">
          Import
        </Link>
      </div>
      {problem !== null && (
        <p className="text-2 bg-unknown-soft px-(--gutter) py-2" role="status">
          {problemText(problem)}
        </p>
      )}
      {value === null && problem === null && (
        <p className="px-(--gutter) py-3 text-fg-2">Reading the runs.</p>
      )}
      {value !== null && value.runs.length === 0 && <NoRuns />}
      {value !== null && value.runs.length > 0 && <RunTable runs={value.runs} />}
    </div>
  );
}

const NoRuns = () => (
  <Empty title="No runs yet">
    A run breaks the cluster on purpose and says whether it held.{" "}
    <Link className="underline" href="/lab">
      Choose a scenario
    </Link>
    , or import the report of another console.
  </Empty>
);

function RunTable({ runs }: { readonly runs: readonly RunSummary[] }) {
  const [shown, setShown] = useState(pageSize);
  return (
    <>
      <table className="tbl" aria-label="Runs">
        <thead>
          <tr>
            <th>Verdict</th>
            <th>Scenario</th>
            <th className="phone:hidden">Run</th>
            <th>Began</th>
            <th className="r small:hidden">Took</th>
            <th className="small:hidden">By</th>
            <th className="mid:hidden">Because</th>
          </tr>
        </thead>
        <tbody>
          {runs.slice(0, shown).map((it) => (
            <Row key={it.id} run={it} />
          ))}
        </tbody>
      </table>
      {runs.length > shown && (
        <p className="px-(--gutter) py-3">
          <Button onClick={() => setShown(shown + pageSize)}>
            {`Show ${Math.min(pageSize, runs.length - shown)} more`}
          </Button>
        </p>
      )}
    </>
  );
}

const began = new Intl.DateTimeFormat("en-GB", {
  day: "numeric",
  month: "short",
  hour: "2-digit",
  minute: "2-digit",
});

const running = { word: "running", glyph: "pie", tone: "handoff" } as const;

function Row({ run }: { readonly run: RunSummary }) {
  const look = run.verdict === null ? running : verdictLook[run.verdict];
  const tookMs = run.endedAt === null ? null : Date.parse(run.endedAt) - Date.parse(run.startedAt);
  return (
    <tr data-testid="run-row" data-run-id={run.id} data-verdict={run.verdict ?? "running"}>
      <td>
        <StateBadge look={look} flat />
      </td>
      <td>
        <Link className="text-fg-0" prefetch={false} href={`/lab/runs/${run.id}`}>
          {run.name}
        </Link>
      </td>
      <td className="n phone:hidden">{shortId(run.id)}</td>
      <td className="n" title={run.startedAt}>
        {began.format(new Date(run.startedAt))}
      </td>
      <td className="n r small:hidden">{tookMs === null ? "–" : duration(tookMs)}</td>
      <td className="small:hidden">{run.actor}</td>
      <td className="max-w-[46ch] truncate mid:hidden" title={run.reason ?? undefined}>
        {run.reason}
      </td>
    </tr>
  );
}
