"use client";
import type { PlanRow } from "@leasehold/sharding/observe";
import { useRouter } from "next/navigation";
import { useState } from "react";
import { runCommand } from "../../live/run-command.ts";
import { plural } from "../../live/say.ts";
import { useLive, useOff } from "../../live/use-live.ts";
import { Button } from "../../ui/button.tsx";
import { ConfirmDialog } from "../../ui/confirm-dialog.tsx";
import { environmentKind, useEnvironment } from "../frame/environment.ts";
import { progressOf } from "./plan.model.ts";
import { Rebalance } from "./rebalance.tsx";

type Verb = "apply" | "pause" | "resume" | "cancel" | "undo";

const told: Readonly<Record<Verb, string>> = {
  apply: "Applying.",
  pause: "Paused; what is in flight finishes.",
  resume: "Going on.",
  cancel: "Cancelled; what is in flight finishes.",
  undo: "Planned the way back; nothing has moved yet.",
};

/** What can be done with a plan in the state that it is in. */
export function PlanActions({
  plan,
  changed,
}: {
  readonly plan: PlanRow;
  readonly changed: number;
}) {
  const router = useRouter();
  const off = useOff();
  const [isAsking, setAsking] = useState(false);
  const [isBusy, setBusy] = useState(false);
  const { environment, cluster } = useWhere();
  const { planId, state } = plan;
  const moves = plural(plan.moves.length, "move");
  const run = async (verb: Verb): Promise<void> => {
    setBusy(true);
    const answer = await runCommand<{ planId?: string }>(
      { kind: "plan", planId, verb },
      told[verb],
    );
    setBusy(false);
    if (verb === "undo" && answer?.planId !== undefined && answer.planId !== planId) {
      router.push(`/moves?plan=${encodeURIComponent(answer.planId)}`);
    }
  };
  const button = (verb: Verb, label: string) => (
    <Button off={off} disabled={isBusy} testId={`plan-${verb}`} onClick={() => void run(verb)}>
      {label}
    </Button>
  );
  const stale = changed > 0 || state === "stale" ? "shards have moved since it was planned" : null;
  const empty = plan.moves.length === 0 ? "there is nothing to move" : null;
  return (
    <div className="sticky bottom-0 z-2 flex flex-wrap items-center gap-2 border-line-2 border-t bg-bg-1 px-(--gutter) py-3">
      <span className="text-2 small:hidden">{footing(plan, cluster)}</span>
      <span className="flex-1" />
      {stale !== null && (state === "proposed" || state === "stale") && <Rebalance />}
      {state === "proposed" && (
        <>
          {button("cancel", "Discard")}
          <Button
            kind="primary"
            off={off ?? stale ?? empty}
            disabled={isBusy}
            testId="plan-apply"
            onClick={() => setAsking(true)}
          >
            Apply {moves}
          </Button>
        </>
      )}
      {state === "applying" && button("pause", "Pause")}
      {state === "paused" && button("resume", "Resume")}
      {(state === "applying" || state === "paused") && button("cancel", "Cancel")}
      {(state === "done" || state === "cancelled" || state === "failed") &&
        progressOf(plan).done > 0 &&
        button("undo", "Undo…")}
      {isAsking && (
        <ConfirmDialog
          isOpen
          title={`Apply ${moves}?`}
          verb={`Apply ${moves}`}
          typed={environmentKind(environment) === "production" ? cluster : undefined}
          close={() => setAsking(false)}
          confirm={() => run("apply")}
        >
          <p>
            Moves {plural(plan.moves.length, "shard")}, a few at a time. Requests to a shard wait
            while it moves; none fails. Pause and cancel let what is in flight finish; undo shows
            the way back.
          </p>
        </ConfirmDialog>
      )}
    </div>
  );
}

function useWhere(): { readonly environment: string; readonly cluster: string } {
  const { name, cluster } = useEnvironment();
  return { environment: name, cluster: useLive((it) => it.meta?.cluster) ?? cluster };
}

function footing(plan: PlanRow, cluster: string): string {
  if (plan.state === "proposed") {
    return `Moves ${plural(plan.moves.length, "shard")} in ${cluster}. Pause, cancel and undo stay possible.`;
  }
  const { done, total, moving } = progressOf(plan);
  return `${done} of ${total} done${moving > 0 ? `, ${moving} in flight` : ""}. Asked for by ${plan.by}.`;
}
