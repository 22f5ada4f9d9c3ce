"use client";
import { useRouter } from "next/navigation";
import { useMemo, useState } from "react";
import { count } from "../../live/say.ts";
import { live, useSummary } from "../../live/use-live.ts";
import { Segmented } from "../../ui/segmented.tsx";
import { useFilterKey } from "../keys/use-filter-key.ts";
import { NoNodes } from "../overview/overview-states.tsx";
import { parseFilter, type ShardFilter, shardFacts } from "./filter.model.ts";
import { Inspector } from "./inspector.tsx";
import { LaneMap } from "./lane-map.tsx";
import { Legend } from "./legend.tsx";
import { NotStable } from "./not-stable.tsx";
import { ShardTable } from "./shard-table.tsx";

const views = [
  { value: "lanes", label: "Lanes" },
  { value: "table", label: "Table" },
] as const;

export function ShardsPage() {
  const router = useRouter();
  const summary = useSummary();
  const [view, setView] = useState<"lanes" | "table">("lanes");
  const [text, setText] = useState("");
  const [selected, setSelected] = useState(-1);
  const filterField = useFilterKey();
  const filter = useMemo(() => parseFilter(text), [text]);
  const passes = useMemo(() => (filter === null ? null : passing(filter)), [filter]);
  if (summary !== null && summary.nodes.length === 0) return <NoNodes />;
  const total = summary?.totals.total ?? 0;
  const open = (flat: number): void => {
    const { group, shard } = live.mirror.index.refOf(flat);
    router.push(`/shards/${group}/${shard}`);
  };
  return (
    <div className="page grid h-full grid-cols-[minmax(0,1fr)_var(--w-inspector)] grid-rows-[auto_auto_minmax(0,1fr)] mid:grid-cols-[minmax(0,1fr)_272px] small:grid-cols-1">
      <div className="bar">
        <h1 className="sr-only">Shards</h1>
        <Segmented
          label="View"
          value={view}
          options={views}
          change={setView}
          testId="shards-view"
        />
        <search className="flex min-w-40 flex-1 items-center gap-2">
          <input
            className="inp quiet flex-1"
            ref={filterField}
            aria-label="Filter shards"
            placeholder="Filter: owner:node-2 state:!stable epoch>40 172"
            data-testid="shard-filter"
            value={text}
            onChange={(event) => setText(event.target.value)}
          />
          <span className="n text-2 text-fg-2 phone:hidden" data-testid="filter-count">
            {count(passes === null ? total : countPassing(passes))} of {count(total)}
          </span>
        </search>
      </div>
      <div className="min-h-[39px] border-line-1 border-b px-(--gutter) py-[9px]">
        {summary !== null && <Legend cells={summary.cells} />}
      </div>
      <div className="col-start-1 min-h-0 overflow-auto" data-testid="shard-map-region">
        {view === "lanes" ? (
          <>
            <LaneMap passes={passes} selection={{ flat: selected, select: setSelected, open }} />
            <NotStable selected={selected} select={setSelected} />
          </>
        ) : (
          <ShardTable filter={filter} selected={selected} select={setSelected} />
        )}
      </div>
      <Inspector flat={selected} />
    </div>
  );
}

const passing =
  (filter: ShardFilter) =>
  (flat: number): boolean => {
    const { index, verdicts } = live.mirror;
    const row = live.mirror.rowOf(flat);
    return (
      row !== undefined &&
      filter(shardFacts(flat, index.refOf(flat), row, verdicts.cellOf(flat), index.label(flat)))
    );
  };

function countPassing(passes: (flat: number) => boolean): number {
  let found = 0;
  for (let flat = 0; flat < live.mirror.index.size; flat++) {
    if (!live.mirror.isSpare(flat) && passes(flat)) found++;
  }
  return found;
}
