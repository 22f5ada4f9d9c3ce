"use client";
import type { StaleMove } from "@leasehold/sharding/observe";
import { type ReactNode, useState } from "react";
import { count, plural } from "../../live/say.ts";
import type { Summary } from "../../live/summary.ts";
import { Button } from "../../ui/button.tsx";
import { SectionHead } from "../../ui/section.tsx";
import { StateBadge } from "../../ui/state-badge.tsx";
import type { PlanRequest, Problem } from "../../wire/commands.ts";
import type { PreviewAnswer } from "../../wire/plan-preview.ts";
import { ApplyBar, useWhere } from "./apply-bar.tsx";
import { BlockedMoves } from "./blocked-moves.tsx";
import { Changes } from "./changes.tsx";
import { Distribution } from "./distribution.tsx";
import { planLook } from "./plan.model.ts";
import { PlanMoves } from "./plan-moves.tsx";
import { forecastChanges } from "./preview.model.ts";
import { PreviewFigures } from "./preview-figures.tsx";
import { cliOf, planTitle } from "./request.model.ts";
import { StaleBadge } from "./stale-badge.tsx";
import { copyText, saveJson } from "./take-along.ts";
import type { Preview } from "./use-preview.ts";

/** What a plan would do, to whom and why; and what it would not. */
export function PreviewView(props: {
  readonly request: PlanRequest;
  readonly preview: Preview;
  readonly summary: Summary;
  readonly stale: readonly StaleMove[];
  readonly refused: Problem | null;
  readonly children: ReactNode;
  rebase(): void;
  apply(): Promise<void>;
}) {
  const { request, preview, stale, refused } = props;
  const { answer, problem } = preview;
  const title = planTitle(answer ?? titled(request));
  return (
    <section
      className="page flex flex-col"
      aria-label={`${title} plan`}
      data-testid="plan"
      data-plan-id={answer?.planId ?? ""}
      data-state="preview"
      data-busy={preview.isAsking}
    >
      <div className="bar">
        <h1 className="text-5 tracking-[-.015em]">{title}</h1>
        <StateBadge look={planLook.proposed} />
        {answer !== null && (
          <span className="text-2 text-fg-2 phone:hidden">
            based on event <span className="n text-fg-1">{count(answer.basedOnSeq)}</span>
          </span>
        )}
        <span className="flex-1" />
        <StaleBadge
          stale={stale}
          refused={refused}
          isBusy={preview.isAsking}
          rebase={props.rebase}
        />
      </div>
      {props.children}
      {problem !== null && <Refused problem={problem} again={props.rebase} />}
      {answer === null && problem === null && (
        <p className="text-2 p-(--gutter) text-fg-2">Asking the coordinator for the plan.</p>
      )}
      {answer !== null && <Body {...props} answer={answer} />}
    </section>
  );
}

function Body(props: {
  readonly request: PlanRequest;
  readonly answer: PreviewAnswer;
  readonly preview: Preview;
  readonly summary: Summary;
  readonly stale: readonly StaleMove[];
  readonly refused: Problem | null;
  apply(): Promise<void>;
}) {
  const { answer, summary, preview } = props;
  const { cluster } = useWhere();
  const [isAll, setAll] = useState(false);
  const changes = forecastChanges(answer, isAll);
  const moves = plural(answer.moves.length, "move");
  return (
    <>
      <PreviewFigures answer={answer} summary={summary} />
      {answer.notes.length > 0 && (
        <ul className="text-2 border-line-1 border-b px-(--gutter) py-2" aria-label="Notes">
          {answer.notes.map((note) => (
            <li key={note}>{note}</li>
          ))}
        </ul>
      )}
      <div className="grid grow grid-cols-[minmax(0,1fr)_520px] mid:grid-cols-[minmax(0,1fr)_400px] small:grid-cols-1">
        <div className="min-w-0">
          <SectionHead
            title="Shards per node"
            meta={`${count(answer.nodes.length)} nodes, fullest first · line: now · bars: after`}
          />
          <Distribution nodes={answer.nodes} />
          <SectionHead
            title="Changes"
            meta={`${changes.length} of ${plural(answer.nodes.length, "node")} · ring: now · dot: after`}
          >
            <label className="ml-auto inline-flex items-center gap-1.5 text-2">
              <input
                type="checkbox"
                className="accent-ink"
                checked={!isAll}
                onChange={({ target }) => setAll(!target.checked)}
              />
              only changes
            </label>
          </SectionHead>
          <Changes changes={changes} limit={isAll ? 200 : 14} />
        </div>
        <div className="min-w-0 border-line-1 border-l small:border-t small:border-l-0">
          <PlanMoves
            moves={answer.moves}
            plan={null}
            download={() => saveJson(`plan-${answer.planId}`, answer)}
            copyCli={() => void copyText(cliOf(props.request))}
          />
          <BlockedMoves answer={answer} />
        </div>
      </div>
      <ApplyBar
        key={answer.planId}
        verb={`Apply ${moves}`}
        off={offOf(props.stale, props.refused, answer, preview.isAsking)}
        apply={props.apply}
      >
        Moves <b className="n font-medium text-fg-0">{count(answer.moves.length)}</b>{" "}
        {answer.moves.length === 1 ? "shard" : "shards"} in{" "}
        <b className="font-medium text-fg-0">{cluster}</b>. Pause, cancel and undo stay possible.
      </ApplyBar>
    </>
  );
}

function offOf(
  stale: readonly StaleMove[],
  refused: Problem | null,
  answer: PreviewAnswer,
  isAsking: boolean,
): string | null {
  if (isAsking) return "the plan is being computed";
  if (refused !== null || stale.length > 0) return "the plan is stale: rebase it";
  return answer.moves.length === 0 ? "there is nothing to move" : null;
}

function Refused(props: { readonly problem: Problem; again(): void }) {
  const { title, detail } = props.problem;
  return (
    <div
      className="text-2 flex flex-wrap items-center gap-3 border-line-1 border-b px-(--gutter) py-2.5"
      role="alert"
      data-testid="preview-refused"
    >
      <span className="text-warning-text">{detail ?? title}</span>
      <Button onClick={props.again}>Ask again</Button>
    </div>
  );
}

const titled = (request: PlanRequest) => ({
  kind: request.kind,
  node: request.kind === "drain" ? request.node : null,
  undoes: request.kind === "undo" ? request.planId : null,
});
