"use client";
import {
  createColumnHelper,
  createSortedRowModel,
  rowSortingFeature,
  sortFn_alphanumeric,
  sortFn_basic,
  tableFeatures,
  useTable,
} from "@tanstack/react-table";
import Link from "next/link";
import { useEffect, useState } from "react";
import { live } from "../../live/use-live.ts";
import type { ExportColumn } from "../../ui/rows/export.model.ts";
import { TableTools } from "../../ui/rows/table-tools.tsx";
import { useHeldRows } from "../../ui/rows/use-hold.ts";
import { useVirtualRows } from "../../ui/rows/use-virtual-rows.ts";
import { SpacerRow } from "../../ui/spacer-row.tsx";
import { StateBadge } from "../../ui/state-badge.tsx";
import { stateLook } from "../../ui/tone.ts";
import { type ShardFacts, type ShardFilter, shardFacts } from "./filter.model.ts";

const features = tableFeatures({
  rowSortingFeature,
  sortedRowModel: createSortedRowModel(),
  sortFns: { alphanumeric: sortFn_alphanumeric, basic: sortFn_basic },
});
const column = createColumnHelper<typeof features, ShardFacts>();
const columns = column.columns([
  column.accessor("flat", { header: "Shard", sortFn: "basic" }),
  column.accessor("state", { header: "State", sortFn: "alphanumeric" }),
  column.accessor((it) => it.owner ?? "", { id: "owner", header: "Owner", sortFn: "alphanumeric" }),
  column.accessor("epoch", { header: "Epoch", sortFn: "basic" }),
  column.accessor("rowState", { header: "Authority", sortFn: "alphanumeric" }),
  column.accessor((it) => (it.pinned ? 1 : 0), { id: "pinned", header: "Pinned", sortFn: "basic" }),
]);

const exported: readonly ExportColumn<ShardFacts>[] = [
  { name: "group", of: (it) => it.group },
  { name: "shard", of: (it) => it.shard },
  { name: "state", of: (it) => it.state },
  { name: "owner", of: (it) => it.owner },
  { name: "epoch", of: (it) => it.epoch },
  { name: "authority", of: (it) => it.rowState },
  { name: "pinned", of: (it) => it.pinned },
];

/** Rows are read again so often. @unit milliseconds */
const refreshEveryMs = 1000;

/** Every shard as a row. Its order holds still under pointer and focus: a row must not slip away. */
export function ShardTable(props: {
  readonly filter: ShardFilter | null;
  readonly selected: number;
  select(flat: number): void;
}) {
  const { filter, selected } = props;
  const data = useShardRows(filter);
  const table = useTable({ features, columns, data, getRowId: (it) => String(it.flat) });
  const ordered = table.getRowModel().rows.map((it) => it.original);
  const held = useHeldRows(ordered, keyOf, filter);
  const { rows } = held;
  const { scroller, items, above, below } = useVirtualRows(rows.length);
  if (filter !== null && data.length === 0) {
    return <p className="text-2 px-(--gutter) py-3 text-fg-2">No shard passes the filter.</p>;
  }
  return (
    <div className="flex h-full flex-col">
      <div className="flex h-9 flex-none items-center justify-end border-line-1 border-b px-(--gutter)">
        <TableTools
          name="shards"
          columns={exported}
          rows={() => ordered}
          changes={held.changes}
          apply={held.apply}
        />
      </div>
      <div ref={scroller} className="min-h-0 flex-1 overflow-auto" {...held.handlers}>
        <table
          className="tbl"
          aria-label="Shards"
          aria-rowcount={rows.length}
          data-testid="shard-table"
        >
          <thead className="sticky top-0 z-1 bg-bg-0">
            {table.getHeaderGroups().map((group) => (
              <tr key={group.id}>
                {group.headers.map((header) => {
                  const sorted = header.column.getIsSorted();
                  return (
                    <th
                      key={header.id}
                      aria-sort={
                        sorted === false ? "none" : sorted === "asc" ? "ascending" : "descending"
                      }
                    >
                      <button
                        type="button"
                        onClick={(event) => {
                          header.column.getToggleSortingHandler()?.(event);
                          held.apply();
                        }}
                      >
                        <table.FlexRender header={header} />
                        {sorted === "asc" && " ↑"}
                        {sorted === "desc" && " ↓"}
                      </button>
                    </th>
                  );
                })}
              </tr>
            ))}
          </thead>
          <tbody>
            <SpacerRow height={above} />
            {items.map((item) => {
              const row = rows[item.index];
              return row === undefined ? null : (
                <ShardRow
                  key={row.key}
                  it={row.row}
                  isGone={row.isGone}
                  at={item.index}
                  isSelected={row.row.flat === selected}
                  select={props.select}
                />
              );
            })}
            <SpacerRow height={below} />
          </tbody>
        </table>
      </div>
    </div>
  );
}

const keyOf = (it: ShardFacts): string => String(it.flat);

function ShardRow(props: {
  readonly it: ShardFacts;
  readonly isGone: boolean;
  readonly at: number;
  readonly isSelected: boolean;
  select(flat: number): void;
}) {
  const { it } = props;
  return (
    <tr
      aria-rowindex={props.at + 2}
      data-testid="shard-row"
      data-shard-id={`${it.group}/${it.shard}`}
      data-state={it.state}
      data-selected={props.isSelected}
      data-gone={props.isGone}
      onClick={() => props.select(it.flat)}
    >
      <td className="n">
        <Link prefetch={false} className="text-fg-0" href={`/shards/${it.group}/${it.shard}`}>
          {it.label}
        </Link>
      </td>
      <td>
        <StateBadge look={stateLook[it.state]} flat />
      </td>
      <td className="n">{it.owner ?? "–"}</td>
      <td className="n">{it.epoch}</td>
      <td>{it.rowState}</td>
      <td>{it.pinned ? "pinned" : ""}</td>
    </tr>
  );
}

function useShardRows(filter: ShardFilter | null): readonly ShardFacts[] {
  const [rows, setRows] = useState<readonly ShardFacts[]>([]);
  useEffect(() => {
    const read = (): void => setRows(readRows(filter));
    read();
    const timer = setInterval(read, refreshEveryMs);
    return () => clearInterval(timer);
  }, [filter]);
  return rows;
}

function readRows(filter: ShardFilter | null): ShardFacts[] {
  const { index, verdicts } = live.mirror;
  const rows: ShardFacts[] = [];
  for (let flat = 0; flat < index.size; flat++) {
    const row = live.mirror.rowOf(flat);
    if (row === undefined || live.mirror.isSpare(flat)) continue;
    const it = shardFacts(flat, index.refOf(flat), row, verdicts.cellOf(flat), index.label(flat));
    if (filter === null || filter(it)) rows.push(it);
  }
  return rows;
}
