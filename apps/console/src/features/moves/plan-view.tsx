"use client";
import type { PlanRow } from "@leasehold/sharding/observe";
import { useRouter } from "next/navigation";
import { count, plural } from "../../live/say.ts";
import type { Summary } from "../../live/summary.ts";
import { live } from "../../live/use-live.ts";
import { Figure, SectionHead } from "../../ui/section.tsx";
import { StateBadge } from "../../ui/state-badge.tsx";
import type { Problem } from "../../wire/commands.ts";
import { Changes } from "./changes.tsx";
import {
  changedSince,
  failedMoves,
  movedByNode,
  nodeChanges,
  planLook,
  progressOf,
} from "./plan.model.ts";
import { PlanActions } from "./plan-actions.tsx";
import { PlanMoves } from "./plan-moves.tsx";
import { cliOf, planTitle, previewHref, requestAgain } from "./request.model.ts";
import { StaleBadge } from "./stale-badge.tsx";
import { copyText, saveJson } from "./take-along.ts";

/** One plan: what it would do and why, or how far it is. */
export function PlanView({ plan, summary }: { readonly plan: PlanRow; readonly summary: Summary }) {
  const progress = progressOf(plan);
  const router = useRouter();
  const stale = changedSince(live.mirror, plan);
  const owned = new Map(summary.nodes.map((it) => [it.nodeId, it.owned]));
  const changes = nodeChanges(owned, plan);
  const isOpen = plan.state === "proposed";
  const most = Math.max(0, ...owned.values());
  const mostAfter = Math.max(
    0,
    ...[...owned].map(([nodeId, it]) => changes.find((one) => one.nodeId === nodeId)?.after ?? it),
  );
  return (
    <section
      aria-label={`${planTitle(plan)} plan`}
      data-testid="plan"
      data-plan-id={plan.planId}
      data-state={plan.state}
      className="flex grow flex-col"
    >
      <div className="bar">
        <h1 className="text-5 tracking-[-.015em]">{planTitle(plan)}</h1>
        <span className="tok">{plan.planId}</span>
        <StateBadge look={planLook[plan.state]} />
        <span className="text-2 text-fg-2 phone:hidden">
          by {plan.by}, based on event <span className="n text-fg-1">{count(plan.basedOnSeq)}</span>
        </span>
        <span className="flex-1" />
        {stale.length > 0 || plan.state === "stale" ? (
          <StaleBadge
            stale={stale}
            refused={plan.state === "stale" ? wasStale(plan) : null}
            isBusy={false}
            rebase={() => router.push(previewHref(requestAgain(plan)))}
          />
        ) : (
          plan.why !== null && <span className="text-2 text-fg-2">{plan.why}</span>
        )}
      </div>
      <dl className="figs" data-testid="plan-summary">
        <Figure
          label="Moves"
          value={progress.total}
          note={share(progress.total, summary.totals.total)}
        />
        <Figure
          label="Spread σ"
          value={
            <>
              <span className="text-fg-2">{plan.spreadBefore.toFixed(1)}</span> →{" "}
              {plan.spreadAfter.toFixed(1)}
            </>
          }
          note="by weight"
        />
        {isOpen ? (
          <Figure
            label="Most loaded"
            value={
              <>
                <span className="text-fg-2">{most}</span> → {mostAfter}
              </>
            }
            note="shards"
          />
        ) : (
          <Figure label="Done" value={progress.done} note={`of ${progress.total}`} />
        )}
        <Figure label="In flight" value={progress.moving} />
        <Figure label="Failed or skipped" value={progress.failed + progress.skipped} />
      </dl>
      {!isOpen && <ProgressBar plan={plan} />}
      <FailedMoves plan={plan} />
      <div className="grid grow grid-cols-[minmax(0,1fr)_520px] mid:grid-cols-[minmax(0,1fr)_400px] small:grid-cols-1">
        <div className="min-w-0">
          {(isOpen || changes.length > 0) && (
            <>
              <SectionHead
                title={isOpen ? "Changes" : "Still to change"}
                meta={`${plural(changes.length, "node")}, largest first · ring: now · dot: after`}
              />
              <Changes changes={changes} />
            </>
          )}
          {progress.done > 0 && <Moved plan={plan} />}
        </div>
        <div className="min-w-0 border-line-1 border-l small:border-t small:border-l-0">
          <PlanMoves
            plan={plan}
            moves={plan.moves.map((move) => ({
              ...move,
              from: move.from.nodeId,
              to: move.to.nodeId,
            }))}
            download={() => saveJson(`plan-${plan.planId}`, plan)}
            copyCli={() => void copyText(cliOf(requestAgain(plan)))}
          />
        </div>
      </div>
      <PlanActions plan={plan} isStale={stale.length > 0} />
    </section>
  );
}

function Moved({ plan }: { readonly plan: PlanRow }) {
  const nodes = movedByNode(plan);
  return (
    <>
      <SectionHead title="Moved so far" meta={`by ${plural(nodes.length, "node")}`} />
      <ul className="text-2 px-(--gutter) pb-4" aria-label="Moved so far">
        {nodes.slice(0, nodesShown).map(({ nodeId, gave, got }) => (
          <li key={nodeId} className="grid h-7 grid-cols-[minmax(92px,18%)_1fr] items-center gap-3">
            <span className="n text-fg-0">{nodeId}</span>
            <span>
              {gave > 0 && <>gave {plural(gave, "shard")}</>}
              {gave > 0 && got > 0 && ", "}
              {got > 0 && <>got {plural(got, "shard")}</>}
            </span>
          </li>
        ))}
      </ul>
      {nodes.length > nodesShown && (
        <p className="text-2 px-(--gutter) pb-4 text-fg-2">and {nodes.length - nodesShown} more</p>
      )}
    </>
  );
}

const nodesShown = 20;

/** Why moves failed, in full: the table below has room for the first words. */
function FailedMoves({ plan }: { readonly plan: PlanRow }) {
  const failed = failedMoves(plan);
  if (failed.length === 0) return null;
  return (
    <ul className="text-2 border-line-1 border-b px-(--gutter) py-2" aria-label="Failed moves">
      {failed.slice(0, failuresShown).map(({ label, to, why }) => (
        <li key={label} data-testid="failed-move" className="wrap-anywhere">
          <span className="n text-fg-0">{label}</span> to <span className="n">{to}</span>:{" "}
          <span className="text-danger-text">{why}</span>
        </li>
      ))}
      {failed.length > failuresShown && (
        <li className="text-fg-2">and {failed.length - failuresShown} more</li>
      )}
    </ul>
  );
}

const failuresShown = 5;

const wasStale = (plan: PlanRow): Problem => ({
  ...{ title: "The plan was refused.", status: 409, code: "PLAN_STALE" },
  detail: plan.why ?? "The cluster had changed since it was made.",
});

const share = (moves: number, total: number): string =>
  total === 0 ? "" : `${((moves / total) * 100).toFixed(1)} % of shards`;

function ProgressBar({ plan }: { readonly plan: PlanRow }) {
  const { total, done, moving, failed, skipped } = progressOf(plan);
  const width = (value: number): string => `${total === 0 ? 0 : (value / total) * 100}%`;
  return (
    <div
      className="flex h-1.5 bg-bg-3"
      role="progressbar"
      aria-label="Plan progress"
      aria-valuemin={0}
      aria-valuemax={total}
      aria-valuenow={done}
      data-testid="plan-progress"
    >
      <i className="bg-stable-fill" style={{ width: width(done) }} />
      <i className="bg-handoff-fill" style={{ width: width(moving) }} />
      <i className="bg-danger-fill" style={{ width: width(failed) }} />
      <i className="bg-unknown-fill" style={{ width: width(skipped) }} />
    </div>
  );
}
