"use client";
import type { PlanRow, ShardRef } from "@leasehold/sharding/observe";
import { useVirtualizer } from "@tanstack/react-virtual";
import Link from "next/link";
import { useRef } from "react";
import { live } from "../../live/use-live.ts";
import { SectionHead } from "../../ui/section.tsx";
import { SpacerRow } from "../../ui/spacer-row.tsx";
import { StateBadge } from "../../ui/state-badge.tsx";
import { moveInFlight, phaseWord } from "./in-flight.model.ts";
import { PhaseMeter } from "./phase-meter.tsx";
import { moveLook } from "./plan.model.ts";

const rowHeight = 28;

/** Every move of a plan in its order, with the planner's own reason. */
export function PlanMoves({ plan }: { readonly plan: PlanRow }) {
  const scroller = useRef<HTMLDivElement>(null);
  const virtual = useVirtualizer({
    count: plan.moves.length,
    getScrollElement: () => scroller.current,
    estimateSize: () => rowHeight,
    overscan: 8,
  });
  const items = virtual.getVirtualItems();
  const above = items[0]?.start ?? 0;
  const below = virtual.getTotalSize() - (items.at(-1)?.end ?? 0);
  return (
    <>
      <SectionHead title="Moves" meta={`${plan.moves.length}, in this order`}>
        <button
          type="button"
          className="ml-auto text-2 underline-offset-[3px] hover:underline"
          onClick={() => download(plan)}
        >
          Download JSON
        </button>
      </SectionHead>
      <div ref={scroller} className="max-h-[340px] overflow-auto border-line-1 border-t">
        <table className="tbl" aria-label="Moves" aria-rowcount={plan.moves.length}>
          <thead className="sticky top-0 z-1 bg-bg-0">
            <tr>
              <th>Shard</th>
              <th>From</th>
              <th>To</th>
              <th>Because</th>
              <th>State</th>
            </tr>
          </thead>
          <tbody>
            <SpacerRow height={above} />
            {items.map(({ index }) => {
              const move = plan.moves[index];
              const progress = plan.progress[index];
              if (move === undefined || progress === undefined) return null;
              return (
                <tr
                  key={index}
                  aria-rowindex={index + 2}
                  data-testid="plan-move"
                  data-shard-id={`${move.group}/${move.shard}`}
                  data-state={progress.state}
                >
                  <td className="n">
                    <Link
                      prefetch={false}
                      className="text-fg-0"
                      href={`/shards/${move.group}/${move.shard}`}
                    >
                      {move.group === "default" ? move.shard : `${move.group}/${move.shard}`}
                    </Link>
                  </td>
                  <td className="n text-fg-2">{move.from.nodeId}</td>
                  <td className="n">{move.to.nodeId}</td>
                  <td className="max-w-44 truncate" title={progress.why ?? move.why}>
                    {progress.why ?? move.why}
                  </td>
                  <td>
                    {progress.state === "moving" ? (
                      <MovePhase move={move} />
                    ) : (
                      <StateBadge look={moveLook[progress.state]} flat />
                    )}
                  </td>
                </tr>
              );
            })}
            <SpacerRow height={below} />
          </tbody>
        </table>
      </div>
    </>
  );
}

/** Between the log's two words for it a move has steps, and its nodes say at which it is. */
function MovePhase({ move }: { readonly move: ShardRef }) {
  const flat = live.mirror.index.find(move);
  const flight = flat === -1 ? null : moveInFlight(live.mirror, flat);
  if (flight === null) return <StateBadge look={moveLook.moving} flat />;
  return (
    <span className="whitespace-nowrap" data-testid="move-phase" data-phase={flight.phase}>
      <PhaseMeter phase={flight.phase} /> <span className="text-2">{phaseWord(flight)}</span>
    </span>
  );
}

function download(plan: PlanRow): void {
  const blob = new Blob([JSON.stringify(plan, null, 2)], { type: "application/json" });
  const link = document.createElement("a");
  link.href = URL.createObjectURL(blob);
  link.download = `plan-${plan.planId}.json`;
  link.click();
  URL.revokeObjectURL(link.href);
}
