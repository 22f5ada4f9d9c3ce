"use client";
import type { PlanRow } from "@leasehold/sharding/observe";
import Link from "next/link";
import { count, plural } from "../../live/say.ts";
import { useSummary } from "../../live/use-live.ts";
import { Empty, SectionHead } from "../../ui/section.tsx";
import { StateBadge } from "../../ui/state-badge.tsx";
import { planLook, progressOf } from "./plan.model.ts";
import { Rebalance } from "./rebalance.tsx";
import { planHref } from "./request.model.ts";

/** Every plan there has been, and the way to a new one. */
export function MovesPage() {
  const summary = useSummary();
  if (summary === null) return <p className="page p-(--gutter) text-fg-2">Loading the cluster.</p>;
  return (
    <div className="page flex flex-col">
      <div className="bar">
        <h1 className="text-4">Moves</h1>
        <span className="text-2 text-fg-2">
          {plural(summary.totals.handingOff + summary.totals.starting, "shard")} on the move
        </span>
        <span className="flex-1" />
        <Rebalance />
      </div>
      <RecentPlans plans={summary.plans} />
    </div>
  );
}

function RecentPlans({ plans }: { readonly plans: readonly PlanRow[] }) {
  if (plans.length === 0) {
    return (
      <Empty title="No plans yet">
        Rebalance shows which shards would move and why. Nothing moves before it is applied.
      </Empty>
    );
  }
  return (
    <section aria-label="Recent plans">
      <SectionHead title="Recent plans" meta="newest first" />
      <table className="tbl border-line-1 border-t" aria-label="Recent plans">
        <thead>
          <tr>
            <th>Plan</th>
            <th>Kind</th>
            <th>State</th>
            <th className="r">Moves</th>
            <th className="r phone:hidden">Done</th>
            <th className="small:hidden">Asked by</th>
            <th className="r small:hidden">Based on</th>
          </tr>
        </thead>
        <tbody>
          {plans.map((it) => {
            const progress = progressOf(it);
            return (
              <tr
                key={it.planId}
                data-testid="plan-row"
                data-plan-id={it.planId}
                data-state={it.state}
              >
                <td className="n">
                  <Link prefetch={false} className="text-fg-0" href={planHref(it.planId)}>
                    {it.planId}
                  </Link>
                </td>
                <td>
                  {it.kind}
                  {it.node !== null && <span className="n"> {it.node}</span>}
                  {it.undoes !== null && <span className="n text-fg-2"> of {it.undoes}</span>}
                </td>
                <td>
                  <StateBadge look={planLook[it.state]} flat word={it.state} />
                </td>
                <td className="n r">{count(progress.total)}</td>
                <td className="n r phone:hidden">{count(progress.done)}</td>
                <td className="small:hidden">{it.by}</td>
                <td className="n r small:hidden">{count(it.basedOnSeq)}</td>
              </tr>
            );
          })}
        </tbody>
      </table>
    </section>
  );
}
