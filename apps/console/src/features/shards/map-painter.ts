import { lowerBound } from "../../live/lanes.ts";
import type { ClusterMirror } from "../../live/mirror.ts";
import { Tokens } from "../../ui/tokens.ts";
import { paintBead, paintTile } from "./cell-painter.ts";
import {
  cellBox,
  ghostBox,
  hitTest,
  type Lane,
  type LaneLayout,
  type LaneSpec,
  layOut,
} from "./lane-layout.model.ts";

export interface MapWish {
  readonly isMini: boolean;
  readonly tilesUpTo: number;
  /** Lanes in their order, without counts. */
  readonly order: readonly { readonly key: string; readonly startsGroup: boolean }[];
  /** Cells that do not pass are dimmed; null passes all. */
  readonly passes: ((flat: number) => boolean) | null;
}

/**
 * Paints the lanes of a mirror on a canvas, and afterwards only what changed: a cell whose state
 * changed, or a lane that won or lost a cell. With ten thousand shards and a thousand changes a second
 * a full repaint in every frame would cost the whole main thread.
 */
export class MapPainter {
  readonly #canvas: HTMLCanvasElement;
  readonly #ctx: CanvasRenderingContext2D;
  readonly #mirror: ClusterMirror;
  readonly #tokens = new Tokens();
  readonly #onLayout: (layout: LaneLayout) => void;
  readonly #stop: () => void;
  readonly #dirtyCells = new Set<number>();
  readonly #dirtyLanes = new Set<string>();
  #isAllDirty = true;
  #frame = 0;
  #layout: LaneLayout | null = null;
  #lanes = new Map<string, Lane>();
  #wish: MapWish;
  #width = 0;

  constructor(
    canvas: HTMLCanvasElement,
    mirror: ClusterMirror,
    wish: MapWish,
    onLayout: (layout: LaneLayout) => void,
  ) {
    const ctx = canvas.getContext("2d");
    if (ctx === null) throw new Error("This browser gives no 2d canvas.");
    this.#canvas = canvas;
    this.#ctx = ctx;
    this.#mirror = mirror;
    this.#wish = wish;
    this.#onLayout = onLayout;
    this.#stop = mirror.listen({
      cell: (flat) => this.#schedule(() => this.#dirtyCells.add(flat)),
      lane: (key) => this.#schedule(() => this.#dirtyLanes.add(key)),
      reset: () => this.repaint(),
    });
  }

  get layout(): LaneLayout | null {
    return this.#layout;
  }

  dispose(): void {
    this.#stop();
    cancelAnimationFrame(this.#frame);
  }

  want(wish: MapWish): void {
    this.#wish = wish;
    this.repaint();
  }

  resize(width: number): void {
    if (width === this.#width) return;
    this.#width = width;
    this.repaint();
  }

  repaint(): void {
    this.#schedule(() => {
      this.#isAllDirty = true;
    });
  }

  /** The shard at a point of the canvas; -1 where there is none. */
  shardAt(x: number, y: number): number {
    const hit = this.#layout === null ? null : hitTest(this.#layout, x, y);
    if (hit === null) return -1;
    const { verdicts, owned } = this.#mirror;
    const list = hit.isGhost ? verdicts.ghosts.of(hit.lane.key) : owned.of(hit.lane.key);
    return list[hit.index] ?? -1;
  }

  /** Where a shard's owned cell stands now. */
  placeOf(flat: number): { readonly lane: Lane; readonly index: number } | null {
    for (const lane of this.#lanes.values()) {
      const list = this.#mirror.owned.of(lane.key);
      const index = lowerBound(list, flat);
      if (list[index] === flat) return { lane, index };
    }
    return null;
  }

  #schedule(note: () => void): void {
    note();
    if (this.#frame === 0) this.#frame = requestAnimationFrame(() => this.#paint());
  }

  #paint(): void {
    this.#frame = 0;
    if (this.#width === 0) return;
    if (this.#isAllDirty || this.#outgrown()) this.#paintAll();
    else this.#paintDirty();
    this.#isAllDirty = false;
    this.#dirtyCells.clear();
    this.#dirtyLanes.clear();
  }

  #outgrown(): boolean {
    for (const key of this.#dirtyLanes) {
      const lane = this.#lanes.get(key);
      const owned = this.#mirror.owned.of(key).length;
      if (lane === undefined) {
        if (owned > 0) return true;
        continue;
      }
      const rows = Math.max(1, Math.ceil(owned / (this.#layout?.metrics.columns ?? 1)));
      if (rows > lane.rows || rows < lane.rows - 1) return true;
      if (key === "" && owned === 0) return true;
    }
    return false;
  }

  #specs(): LaneSpec[] {
    const { owned } = this.#mirror;
    return this.#wish.order
      .map((it) => ({ ...it, owned: owned.of(it.key).length }))
      .filter((it) => it.key !== "" || it.owned > 0);
  }

  #paintAll(): void {
    const { isMini, tilesUpTo } = this.#wish;
    const wish = { width: this.#width, lanes: this.#specs(), isMini, tilesUpTo };
    const layout = layOut(wish, this.#layout);
    this.#layout = layout;
    this.#lanes = new Map(layout.lanes.map((it) => [it.key, it]));
    const scale = devicePixelRatio || 1;
    this.#canvas.width = Math.round(this.#width * scale);
    this.#canvas.height = Math.round(layout.height * scale);
    this.#canvas.style.height = `${layout.height}px`;
    this.#ctx.setTransform(scale, 0, 0, scale, 0, 0);
    for (const lane of layout.lanes) this.#paintLane(layout, lane);
    this.#onLayout(layout);
  }

  #paintDirty(): void {
    const layout = this.#layout;
    if (layout === null) return;
    for (const key of this.#dirtyLanes) {
      const lane = this.#lanes.get(key);
      if (lane !== undefined) this.#paintLane(layout, lane);
    }
    for (const flat of this.#dirtyCells) {
      const place = this.placeOf(flat);
      if (place === null || this.#dirtyLanes.has(place.lane.key)) continue;
      const box = cellBox(layout, place.lane, place.index);
      this.#ctx.clearRect(box.x - 1, box.y, box.w + 2, box.h);
      this.#paintCell(layout, place.lane, place.index, flat);
    }
  }

  #paintLane(layout: LaneLayout, lane: Lane): void {
    const ctx = this.#ctx;
    const { verdicts, owned } = this.#mirror;
    ctx.clearRect(0, lane.y - 1, this.#width, lane.height + 2);
    owned.of(lane.key).forEach((flat, index) => {
      this.#paintCell(layout, lane, index, flat);
    });
    const ghosts = verdicts.ghosts.of(lane.key);
    if (ghosts.length === 0) return;
    ctx.fillStyle = this.#tokens.get("line-2");
    ctx.fillRect(layout.metrics.ghostLeft - 8, lane.y, 1, lane.height - 1);
    ghosts.forEach((flat, index) => {
      const box = ghostBox(layout, lane, index);
      if (box !== null) paintBead(ctx, box, verdicts.ghostOf(lane.key, flat), this.#tokens);
    });
  }

  #paintCell(layout: LaneLayout, lane: Lane, index: number, flat: number): void {
    const ctx = this.#ctx;
    const state = this.#mirror.verdicts.cellOf(flat);
    const box = cellBox(layout, lane, index);
    const isDim = this.#wish.passes !== null && !this.#wish.passes(flat);
    if (isDim) ctx.globalAlpha = 0.16;
    if (layout.metrics.style === "tiles") {
      paintTile(ctx, box, state, String(this.#mirror.index.refOf(flat).shard), this.#tokens);
    } else paintBead(ctx, box, state, this.#tokens);
    if (isDim) ctx.globalAlpha = 1;
  }
}
