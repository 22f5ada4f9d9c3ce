"use client";
import Link from "next/link";
import { useRouter, useSearchParams } from "next/navigation";
import { useState } from "react";
import { toast } from "sonner";
import { problemText, sendCommand } from "../../live/send-command.ts";
import type { Summary } from "../../live/summary.ts";
import { live, useSummary } from "../../live/use-live.ts";
import { Empty } from "../../ui/section.tsx";
import type { PlanRequest, Problem, WhatIf } from "../../wire/commands.ts";
import { endsByRebase, staleSince } from "./preview.model.ts";
import { PreviewView } from "./preview-view.tsx";
import { planHref, previewHref, requestOf } from "./request.model.ts";
import { usePreview } from "./use-preview.ts";
import { WhatIfKnobs } from "./what-if.tsx";

/** A plan that is only looked at: the address has its conditions, and nothing is in the log before it is applied. */
export function PreviewPage() {
  const summary = useSummary();
  const request = requestOf(useSearchParams());
  if (request === null) {
    return (
      <div className="page">
        <Empty title="This address asks for no plan">
          <Link className="underline" href="/moves">
            All plans
          </Link>
        </Empty>
      </div>
    );
  }
  if (summary === null) return <p className="page p-(--gutter) text-fg-2">Loading the cluster.</p>;
  return <Looked request={request} summary={summary} />;
}

function Looked(props: { readonly request: PlanRequest; readonly summary: Summary }) {
  const { request, summary } = props;
  const router = useRouter();
  const preview = usePreview(request);
  const [refused, setRefused] = useState<Problem | null>(null);
  const { answer } = preview;
  const { cluster } = live.mirror;
  const stale = answer === null || cluster === null ? [] : staleSince(cluster, answer);
  const change = (whatIf: WhatIf): void => {
    setRefused(null);
    const href = previewHref({ kind: "rebalance", whatIf });
    // A knob is no step of the way here: Back leads to where the plan was asked for.
    window.history.replaceState(null, "", href);
  };
  const rebase = (): void => {
    setRefused(null);
    preview.again();
  };
  const apply = async (): Promise<void> => {
    if (answer === null) return;
    const outcome = await sendCommand({ kind: "plan", planId: answer.planId, verb: "apply" });
    if (outcome.ok) return router.push(planHref(answer.planId));
    if (endsByRebase(outcome.problem)) return setRefused(outcome.problem);
    toast.error(problemText(outcome.problem));
  };
  return (
    <PreviewView
      request={request}
      preview={preview}
      summary={summary}
      stale={stale}
      refused={refused}
      rebase={rebase}
      apply={apply}
    >
      {request.kind === "rebalance" && (
        <WhatIfKnobs
          whatIf={request.whatIf ?? {}}
          nodes={summary.nodes.filter((it) => it.weight > 0)}
          told={toldOf(preview)}
          change={change}
        />
      )}
    </PreviewView>
  );
}

const toldOf = ({ isAsking, tookMs }: { isAsking: boolean; tookMs: number }): string =>
  isAsking ? "computing" : `computed in ${Math.max(1, Math.round(tookMs))} ms`;
