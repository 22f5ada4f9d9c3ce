import type { ShardRef } from "@leasehold/sharding/observe";
import { useState } from "react";
import { live, useSummary, useWallNow } from "../../live/use-live.ts";
import { SectionHead } from "../../ui/section.tsx";
import { Segmented } from "../../ui/segmented.tsx";
import { clockTime } from "../timeline/entry-text.ts";
import { ownershipOf, type Stretch } from "./ownership.model.ts";

const spans = [
  { value: "60", label: "1 min" },
  { value: "600", label: "10 min" },
  { value: "3600", label: "1 h" },
] as const;

type Span = (typeof spans)[number]["value"];

/** Who owned the shard, over time: filled while it was served, hatched while nobody did. */
export function OwnershipRibbon(props: { readonly shard: ShardRef; readonly span?: Span }) {
  const { shard } = props;
  useSummary();
  const [seconds, setSeconds] = useState<Span>(props.span ?? "60");
  const untilMs = useWallNow();
  const spanMs = Number(seconds) * 1000;
  const stretches = ownershipOf(live.mirror.log.entries, shard, untilMs - spanMs, untilMs);
  const place = (ms: number): number => ((ms - (untilMs - spanMs)) / spanMs) * 100;
  return (
    <section className="pb-4" aria-label="Ownership">
      <SectionHead
        title="Ownership"
        meta="filled: served · hatched: nobody served · wall clock of the database"
      >
        <span className="ml-auto">
          <Segmented label="Span" value={seconds} options={spans} change={setSeconds} />
        </span>
      </SectionHead>
      <div className="px-(--gutter)">
        <ol className="relative h-[18px] bg-bg-1" data-testid="ownership-ribbon">
          {stretches.map((it) => (
            <li
              key={`${it.epoch}:${it.isServing}:${it.nodeId}`}
              className={`n absolute top-0 h-full overflow-hidden px-1.5 text-[11px] leading-[18px] ${it.isServing ? "bg-stable-fill text-white" : "bel-gap text-fg-1"}`}
              style={{
                left: `${place(it.fromMs)}%`,
                width: `max(2px, calc(${place(it.toMs) - place(it.fromMs)}% - 1px))`,
              }}
              title={describe(it)}
            >
              {place(it.toMs) - place(it.fromMs) > 8 ? `${it.nodeId ?? "nobody"} e${it.epoch}` : ""}
            </li>
          ))}
        </ol>
        <div className="n text-1 flex justify-between pt-1 text-fg-2">
          <span>{clockTime(new Date(untilMs - spanMs).toISOString()).slice(0, 8)}</span>
          {stretches.length === 0 && <span>No change of owner is kept for this shard.</span>}
          <span>now</span>
        </div>
      </div>
    </section>
  );
}

const describe = (it: Stretch): string =>
  `${it.nodeId ?? "nobody"}, epoch ${it.epoch}, ${it.isServing ? "served" : "not served"} from ${clockTime(new Date(it.fromMs).toISOString())}`;
