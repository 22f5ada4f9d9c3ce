import type { KeyboardEvent, PointerEvent, RefObject } from "react";
import { count } from "../../live/say.ts";
import { live, useLive } from "../../live/use-live.ts";
import { stateLook } from "../../ui/tone.ts";
import { type Arrow, cellBox, type LaneLayout, stepCell } from "./lane-layout.model.ts";
import type { MapPainter } from "./map-painter.ts";

interface MapCursorProps {
  readonly painter: RefObject<MapPainter | null>;
  readonly layout: LaneLayout;
  readonly shards: number;
  readonly selection: {
    readonly flat: number;
    select(flat: number): void;
    open(flat: number): void;
  };
}

/**
 * The part of the map that keyboards and screen readers meet: a grid with one real cell, the active
 * one, placed over its picture on the canvas.
 */
export function MapCursor({ painter, layout, shards, selection }: MapCursorProps) {
  // The cell may move or change its state at any publication.
  useLive((it) => it.clockMs);
  const place = selection.flat < 0 ? null : (painter.current?.placeOf(selection.flat) ?? null);
  const rows = layout.lanes.reduce((sum, it) => sum + it.rows, 0);
  // The grid begins right of the headers, the painter counts from the canvas' edge.
  const offset = layout.metrics.left - 4;
  const onPointer = (event: PointerEvent<HTMLDivElement>): void => {
    const box = event.currentTarget.getBoundingClientRect();
    const x = event.clientX - box.left + offset;
    const flat = painter.current?.shardAt(x, event.clientY - box.top) ?? -1;
    if (flat >= 0) selection.select(flat);
  };
  const onKey = (event: KeyboardEvent): void => {
    if (event.key === "Enter" && selection.flat >= 0) selection.open(selection.flat);
    if (!isArrow(event.key)) return;
    event.preventDefault();
    const first = layout.lanes.find((it) => it.owned > 0);
    const from = place === null ? null : { key: place.lane.key, index: place.index };
    const to =
      from === null ? { key: first?.key ?? "", index: 0 } : stepCell(layout, from, event.key);
    const flat = painter.current?.shardOf(to.key, to.index) ?? -1;
    if (flat >= 0) selection.select(flat);
  };
  return (
    // biome-ignore lint/a11y/useSemanticElements: the cells are painted; the table is the other view
    <div
      role="grid"
      tabIndex={0}
      aria-label={`Shard map, ${count(shards)} shards`}
      aria-rowcount={rows}
      aria-colcount={layout.metrics.columns}
      aria-activedescendant={place === null ? undefined : "active-shard"}
      data-testid="shard-map"
      data-style={layout.metrics.style}
      className="absolute inset-0 focus-visible:shadow-[inset_0_0_0_2px_var(--fg-0)]"
      style={{ left: offset }}
      onPointerDown={onPointer}
      onDoubleClick={() => selection.flat >= 0 && selection.open(selection.flat)}
      onKeyDown={onKey}
    >
      {place !== null && (
        <ActiveCell layout={layout} lane={place.lane} index={place.index} flat={selection.flat} />
      )}
    </div>
  );
}

function ActiveCell(props: {
  readonly layout: LaneLayout;
  readonly lane: Parameters<typeof cellBox>[1];
  readonly index: number;
  readonly flat: number;
}) {
  const { layout, lane, index, flat } = props;
  const box = cellBox(layout, lane, index);
  const state = live.mirror.verdicts.cellOf(flat);
  const label = live.mirror.index.label(flat);
  const owner = lane.key === "" ? "no home" : lane.key;
  const ref = live.mirror.index.refOf(flat);
  return (
    // biome-ignore lint/a11y/useSemanticElements: part of the painted grid
    // biome-ignore lint/a11y/useFocusableInteractive: the grid has the focus and points here
    <div role="row" aria-rowindex={Math.floor(index / layout.metrics.columns) + 1}>
      {/* biome-ignore lint/a11y/useSemanticElements: part of the painted grid */}
      {/* biome-ignore lint/a11y/useFocusableInteractive: the grid has the focus and points here */}
      <div
        role="gridcell"
        id="active-shard"
        aria-selected
        aria-colindex={(index % layout.metrics.columns) + 1}
        aria-label={`Shard ${label}, ${stateLook[state].word}, ${owner}`}
        data-testid="shard-cell-active"
        data-shard-id={`${ref.group}/${ref.shard}`}
        data-state={state}
        className="pointer-events-none absolute outline-2 outline-offset-1 outline-fg-0 shadow-[0_0_0_1px_var(--bg-0)]"
        style={{
          left: box.x - (layout.metrics.left - 4),
          top: box.y,
          width: box.w,
          height: box.h,
        }}
      />
    </div>
  );
}

const isArrow = (key: string): key is Arrow =>
  key === "ArrowLeft" || key === "ArrowRight" || key === "ArrowUp" || key === "ArrowDown";
