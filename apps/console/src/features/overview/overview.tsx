"use client";
import Link from "next/link";
import { count, plural } from "../../live/say.ts";
import type { Summary } from "../../live/summary.ts";
import { useSummary } from "../../live/use-live.ts";
import { Glyph } from "../../ui/glyph.tsx";
import { Figure, SectionHead } from "../../ui/section.tsx";
import { Sentence } from "../../ui/sentence.tsx";
import { DivergenceList } from "../divergence/divergence-list.tsx";
import { RecentActions } from "../session/acted.tsx";
import { LaneMap } from "../shards/lane-map.tsx";
import { Legend } from "../shards/legend.tsx";
import { LogRows } from "../timeline/log-rows.tsx";
import { InFlight } from "./in-flight.tsx";
import { Invariants } from "./invariants.tsx";
import { NoNodes, OverviewSkeleton } from "./overview-states.tsx";
import { judge } from "./verdict.model.ts";

export function Overview() {
  const summary = useSummary();
  if (summary === null) return <OverviewSkeleton />;
  if (summary.nodes.length === 0) return <NoNodes />;
  return (
    <div className="page flex flex-col">
      <VerdictLine summary={summary} />
      <Figures summary={summary} />
      <Invariants invariants={summary.invariants} />
      <div className="grid flex-1 grid-cols-[minmax(0,1fr)_432px] mid:grid-cols-[minmax(0,1fr)_356px] small:grid-cols-1">
        <div className="min-w-0">
          <SectionHead
            title="Who owns what"
            meta={`${plural(summary.totals.total, "shard")} by owner · right of the line: believed, not owned`}
          >
            <Link href="/shards">Open map</Link>
          </SectionHead>
          <LaneMap isMini />
          <div className="px-(--gutter) pt-1 pb-4">
            <Legend cells={summary.cells} />
          </div>
          <div className="border-line-1 border-t">
            <SectionHead
              title="Belief differs from authority"
              meta={
                summary.divergence.total === 0
                  ? "nowhere"
                  : `${plural(summary.divergence.total, "time")}, worst first`
              }
            >
              {summary.divergence.total > 0 && <Link href="/divergence">All</Link>}
            </SectionHead>
            <DivergenceList divergence={summary.divergence} limit={6} />
          </div>
        </div>
        <div className="min-w-0 border-line-1 border-l small:border-t small:border-l-0">
          <InFlight summary={summary} />
          <RecentActions limit={5} />
          <SectionHead title="Cluster log" meta="newest first">
            <Link href="/timeline">Timeline</Link>
          </SectionHead>
          <LogRows limit={14} />
        </div>
      </div>
    </div>
  );
}

function VerdictLine({ summary }: { readonly summary: Summary }) {
  const verdict = judge(summary);
  return (
    <section
      aria-label="Verdict"
      data-testid="verdict"
      data-tone={verdict.tone}
      className="flex items-start gap-3.5 border-line-1 border-b px-(--gutter) py-[18px] small:flex-wrap"
    >
      <Glyph name={verdict.glyph} tone={verdict.tone} className="mt-1 size-[18px]" />
      <div className="min-w-0 flex-1">
        <h1 className="text-5 tracking-[-.015em]">{verdict.title}</h1>
        <p className="mt-[3px] min-h-5 max-w-[92ch] text-pretty">
          <Sentence words={verdict.words} />
        </p>
      </div>
      <div className="flex gap-2 small:basis-full">
        {summary.divergence.total > 0 && (
          <Link className="btn small:flex-1" href="/divergence">
            See divergence
          </Link>
        )}
        <Link className="btn small:flex-1" href="/timeline">
          What happened
        </Link>
      </div>
    </section>
  );
}

function Figures({ summary }: { readonly summary: Summary }) {
  const { totals, nodes, load } = summary;
  const ready = nodes.filter((it) => it.condition === "ready").length;
  const troubled = nodes.find((it) => !["ready", "cordoned"].includes(it.condition));
  return (
    <dl className="figs" data-testid="figures">
      <Figure
        label="Shards hosted"
        value={<span data-testid="shards-hosted">{count(totals.hosted)}</span>}
        note={`of ${count(totals.total)}`}
      />
      <Figure
        label="On the move"
        value={count(totals.handingOff + totals.starting)}
        note={totals.starting > 0 ? `${count(totals.starting)} starting` : "handed off or starting"}
      />
      <Figure label="Without a home" value={count(totals.unallocated)} />
      <Figure
        label="Nodes ready"
        value={<span data-testid="nodes-ready">{count(ready)}</span>}
        note={`of ${count(nodes.length)}${troubled === undefined ? "" : ` · ${troubled.nodeId}`}`}
      />
      <Figure
        label="Requests/s"
        value={count(Math.round(load.requestsPerSecond))}
        note={`${count(Math.round(load.failedPerSecond))} failed`}
      />
      <Figure label="p99 reply" value={`${load.p99Ms.toFixed(1)} ms`} note="worst node" />
      <Figure className="mid:hidden" label="Entities resident" value={count(load.entities)} />
    </dl>
  );
}
