"use client";
import Link from "next/link";
import { live, useSummary } from "../../live/use-live.ts";
import { Empty } from "../../ui/section.tsx";
import { PlanView } from "./plan-view.tsx";

/** A plan of the log: how far it is, why each move goes where it goes or does not, and the way back. */
export function PlanPage({ planId }: { readonly planId: string }) {
  const summary = useSummary();
  if (summary === null) return <p className="page p-(--gutter) text-fg-2">Loading the cluster.</p>;
  const plan = live.mirror.cluster?.plans.get(planId);
  if (plan !== undefined) {
    return (
      <div className="page flex flex-col">
        <PlanView plan={plan} summary={summary} />
      </div>
    );
  }
  return (
    <div className="page" data-testid="plan-waiting">
      <Empty title={`Plan ${planId} is not in the log`}>
        It was only looked at, or it is not kept any more.{" "}
        <Link className="underline" href="/moves">
          All plans
        </Link>
      </Empty>
    </div>
  );
}
