"use client";
import { type PlanRow, type ShardRef, whyNotMoving } from "@leasehold/sharding/observe";
import { useVirtualizer } from "@tanstack/react-virtual";
import Link from "next/link";
import { useRef } from "react";
import { count, say } from "../../live/say.ts";
import { live } from "../../live/use-live.ts";
import { SectionHead } from "../../ui/section.tsx";
import { SpacerRow } from "../../ui/spacer-row.tsx";
import { StateBadge } from "../../ui/state-badge.tsx";
import { Why } from "../../ui/why.tsx";
import { moveInFlight, phaseWord } from "./in-flight.model.ts";
import { PhaseMeter } from "./phase-meter.tsx";
import { moveLook } from "./plan.model.ts";

const rowHeight = 28;

/** A move as it is shown: of a plan in the log with how far it is, of a preview without. */
export interface MoveShown extends ShardRef {
  readonly from: string;
  readonly to: string;
  readonly why: string;
}

/** Every move in its order, with the planner's own reason. */
export function PlanMoves(props: {
  readonly moves: readonly MoveShown[];
  readonly plan: PlanRow | null;
  download(): void;
  copyCli(): void;
}) {
  const { moves, plan } = props;
  const scroller = useRef<HTMLDivElement>(null);
  const virtual = useVirtualizer({
    count: moves.length,
    getScrollElement: () => scroller.current,
    estimateSize: () => rowHeight,
    overscan: 8,
  });
  const items = virtual.getVirtualItems();
  const above = items[0]?.start ?? 0;
  const below = virtual.getTotalSize() - (items.at(-1)?.end ?? 0);
  return (
    <>
      <SectionHead title="Moves" meta={`${count(moves.length)}, in this order`}>
        <button
          type="button"
          className="ml-auto text-2 underline-offset-[3px] hover:underline"
          onClick={props.download}
        >
          Download JSON
        </button>
        <button
          type="button"
          className="ml-2 text-2 underline-offset-[3px] hover:underline"
          onClick={props.copyCli}
        >
          Copy as CLI
        </button>
      </SectionHead>
      <div ref={scroller} className="max-h-[340px] overflow-auto border-line-1 border-t">
        <table className="tbl" aria-label="Moves" aria-rowcount={moves.length}>
          <thead className="sticky top-0 z-1 bg-bg-0">
            <tr>
              <th>Shard</th>
              <th>From</th>
              <th>To</th>
              <th>Because</th>
              <th>{plan === null ? <span className="sr-only">In full</span> : "State"}</th>
            </tr>
          </thead>
          <tbody>
            <SpacerRow height={above} />
            {items.map(({ index }) => {
              const move = moves[index];
              const progress = plan?.progress[index];
              if (move === undefined) return null;
              return (
                <tr
                  key={index}
                  aria-rowindex={index + 2}
                  data-testid="plan-move"
                  data-shard-id={`${move.group}/${move.shard}`}
                  data-state={progress?.state ?? "preview"}
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
                  <td className="n text-fg-2">{move.from}</td>
                  <td className="n">{move.to}</td>
                  <td className="max-w-44 truncate" title={progress?.why ?? move.why}>
                    {progress?.why ?? move.why}
                  </td>
                  <td>
                    {plan === null ? (
                      <Why
                        about={`shard ${move.group}/${move.shard} moves`}
                        sentences={[[`${move.why}.`]]}
                      />
                    ) : (
                      <MoveState plan={plan} index={index} move={move} />
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

function MoveState(props: {
  readonly plan: PlanRow;
  readonly index: number;
  readonly move: MoveShown;
}) {
  const { plan, index, move } = props;
  const state = plan.progress[index]?.state ?? "pending";
  if (state === "moving") return <MovePhase move={move} />;
  const { cluster } = live.mirror;
  const why = cluster === null ? null : whyNotMoving(cluster, plan, index);
  const label = `shard ${move.group}/${move.shard}`;
  return (
    <>
      <StateBadge look={moveLook[state]} flat />
      {why !== null && (
        <Why
          about={`${label} is ${moveLook[state].word}`}
          sentences={[
            say`Shard ${`${move.group}/${move.shard}`}: ${why}.`,
            [`Planned because ${move.why}.`],
          ]}
        />
      )}
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
