"use client";
import type { PlanRow } from "@leasehold/sharding/observe";
import { useRouter } from "next/navigation";
import { useRef, useState } from "react";
import { runCommand } from "../../live/run-command.ts";
import { plural } from "../../live/say.ts";
import { useOff } from "../../live/use-live.ts";
import { Button } from "../../ui/button.tsx";
import { ApplyBar, useWhere } from "./apply-bar.tsx";
import { progressOf } from "./plan.model.ts";
import { previewHref } from "./request.model.ts";

type Verb = "apply" | "pause" | "resume" | "cancel";

const told: Readonly<Record<Verb, string>> = {
  apply: "Applying.",
  pause: "Paused; what is in flight finishes.",
  resume: "Going on.",
  cancel: "Cancelled; what is in flight finishes.",
};

/** What can be done with a plan in the state that it is in. */
export function PlanActions(props: { readonly plan: PlanRow; readonly isStale: boolean }) {
  const { plan, isStale } = props;
  const { cluster } = useWhere();
  const { run, isBusy } = useVerb(plan.planId);
  if (plan.state !== "proposed") return <Running plan={plan} run={run} isBusy={isBusy} />;
  const empty = plan.moves.length === 0 ? "there is nothing to move" : null;
  return (
    <ApplyBar
      verb={`Apply ${plural(plan.moves.length, "move")}`}
      off={isStale ? "the plan is stale: rebase it" : empty}
      apply={() => run("apply")}
    >
      Moves {plural(plan.moves.length, "shard")} in {cluster}. Pause, cancel and undo stay possible.{" "}
      <Button
        kind="ghost"
        testId="plan-cancel"
        disabled={isBusy}
        onClick={() => void run("cancel")}
      >
        Discard
      </Button>
    </ApplyBar>
  );
}

/** A second click while the first is under way is none. */
function useVerb(planId: string) {
  const [isBusy, setBusy] = useState(false);
  const hasBegun = useRef(false);
  const run = async (verb: Verb): Promise<void> => {
    if (hasBegun.current) return;
    hasBegun.current = true;
    setBusy(true);
    await runCommand({ kind: "plan", planId, verb }, told[verb]);
    hasBegun.current = false;
    setBusy(false);
  };
  return { run, isBusy };
}

function Running(props: {
  readonly plan: PlanRow;
  readonly isBusy: boolean;
  run(verb: Verb): Promise<void>;
}) {
  const { plan, isBusy, run } = props;
  const router = useRouter();
  const off = useOff();
  const { state, planId } = plan;
  const { done, total, moving } = progressOf(plan);
  const isOver = state === "done" || state === "cancelled" || state === "failed";
  const button = (verb: Verb, label: string) => (
    <Button off={off} disabled={isBusy} testId={`plan-${verb}`} onClick={() => void run(verb)}>
      {label}
    </Button>
  );
  return (
    <div className="sticky bottom-0 z-2 flex flex-wrap items-center gap-2 border-line-2 border-t bg-bg-1 px-(--gutter) py-3">
      <span className="text-2">
        <span className="n">{done}</span> of <span className="n">{total}</span> done
        {moving > 0 && (
          <>
            , <span className="n">{moving}</span> in flight
          </>
        )}
        .
      </span>
      <span className="flex-1" />
      {state === "applying" && button("pause", "Pause")}
      {state === "paused" && button("resume", "Resume")}
      {(state === "applying" || state === "paused") &&
        button("cancel", moving > 0 ? `Cancel: finish ${moving}, start no more` : "Cancel")}
      {isOver && done > 0 && (
        <Button
          off={off}
          testId="plan-undo"
          onClick={() => router.push(previewHref({ kind: "undo", planId }))}
        >
          Undo…
        </Button>
      )}
    </div>
  );
}
