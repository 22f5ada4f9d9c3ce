"use client";
import { useLayoutEffect, useRef, useState } from "react";
import { live, useSummary } from "../../live/use-live.ts";
import { useIsPhone } from "../../ui/use-is-phone.ts";
import { themeEvent } from "../frame/theme.ts";
import { LaneHeads } from "./lane-heads.tsx";
import type { LaneLayout } from "./lane-layout.model.ts";
import { groupLanes, laneOrder } from "./lane-order.model.ts";
import { MapCursor } from "./map-cursor.tsx";
import { MapPainter } from "./map-painter.ts";
import { NodeBars } from "./node-bars.tsx";

export interface LaneMapProps {
  readonly isMini?: boolean;
  /** Cells that do not pass are dimmed; null passes all. */
  readonly passes?: ((flat: number) => boolean) | null;
  /** Given, the map is a grid to walk through; else a picture. */
  readonly selection?: {
    readonly flat: number;
    select(flat: number): void;
    open(flat: number): void;
  };
}

/** Numbered tiles up to here; beyond, a shard is a bead. */
const tilesUpTo = 600;

/** Who owns what: a lane for each node, a cell for each shard; on a phone a bar for each node. */
export function LaneMap(props: LaneMapProps) {
  const { nodes = [] } = useSummary() ?? {};
  return useIsPhone() ? <NodeBars nodes={nodes} /> : <Lanes {...props} />;
}

/** Lane = owner, colour = state. */
function Lanes({ isMini = false, passes = null, selection }: LaneMapProps) {
  const canvas = useRef<HTMLCanvasElement>(null);
  const painter = useRef<MapPainter | null>(null);
  const [layout, setLayout] = useState<LaneLayout | null>(null);
  const { nodes = [], totals } = useSummary() ?? {};
  const groups = groupLanes(nodes);
  const order = laneOrder(groups);
  const orderKey = order.map((it) => `${it.startsGroup ? "|" : ""}${it.key}`).join(" ");
  const wish = useRef({ isMini, tilesUpTo, order, passes });
  wish.current = { isMini, tilesUpTo, order, passes };

  useLayoutEffect(() => {
    const element = canvas.current;
    if (element === null) return;
    const it = new MapPainter(element, live, wish.current, setLayout);
    painter.current = it;
    const frame = element.parentElement ?? element;
    it.resize(frame.clientWidth);
    const observer = new ResizeObserver(([entry]) =>
      it.resize(Math.floor(entry?.contentRect.width ?? 0)),
    );
    observer.observe(frame);
    const repaint = (): void => it.repaint();
    window.addEventListener(themeEvent, repaint);
    void document.fonts.ready.then(repaint);
    return () => {
      observer.disconnect();
      window.removeEventListener(themeEvent, repaint);
      it.dispose();
      painter.current = null;
    };
  }, []);
  useLayoutEffect(() => painter.current?.want(wish.current), [orderKey, isMini, passes]);

  const shards = totals?.total ?? 0;
  return (
    <div className="relative w-full" style={{ height: layout?.height }}>
      <canvas
        ref={canvas}
        className="absolute inset-0 block w-full"
        aria-hidden={selection !== undefined}
        role={selection === undefined ? "img" : undefined}
        aria-label={selection === undefined ? describe(nodes) : undefined}
      />
      {layout !== null && <LaneHeads layout={layout} groups={groups} isMini={isMini} />}
      {selection !== undefined && layout !== null && (
        <MapCursor painter={painter} layout={layout} shards={shards} selection={selection} />
      )}
    </div>
  );
}

const describe = (nodes: readonly { readonly nodeId: string; readonly owned: number }[]): string =>
  nodes.map((it) => `${it.nodeId} owns ${it.owned} shards`).join(", ");
