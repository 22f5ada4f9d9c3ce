import type { LiveCluster } from "../../live/live-cluster.ts";
import type { ClusterMirror } from "../../live/mirror.ts";
import { Tokens } from "../../ui/tokens.ts";
import { paintBead, paintTile } from "./cell-painter.ts";
import {
  cellBox,
  ghostBox,
  ghostPlace,
  hitTest,
  type Lane,
  type LaneLayout,
  type LaneSpec,
  layOut,
} from "./lane-layout.model.ts";
import { Slots } from "./slots.ts";

export interface MapWish {
  readonly isMini: boolean;
  readonly tilesUpTo: number;
  /** Lanes in their order, without counts. */
  readonly order: readonly { readonly key: string; readonly startsGroup: boolean }[];
  /** Cells that do not pass are dimmed; null passes all. */
  readonly passes: ((flat: number) => boolean) | null;
}

type Shown = Pick<LiveCluster, "mirror" | "listen">;

/**
 * Paints the lanes of a mirror on a canvas, and afterwards only the cells that changed. With ten
 * thousand shards and a thousand changes a second a full repaint in every frame would cost the whole
 * main thread.
 */
export class MapPainter {
  readonly #canvas: HTMLCanvasElement;
  readonly #ctx: CanvasRenderingContext2D;
  readonly #live: Shown;
  readonly #tokens = new Tokens();
  readonly #onLayout: (layout: LaneLayout) => void;
  readonly #stop: () => void;
  /** Cells to paint again, by lane. */
  readonly #dirtyCells = new Map<string, Set<number>>();
  readonly #dirtyGhosts = new Set<string>();
  #isAllDirty = true;
  #frame = 0;
  #layout: LaneLayout | null = null;
  #lanes = new Map<string, Lane>();
  #slots: Slots | null = null;
  #wish: MapWish;
  #width = 0;

  constructor(
    canvas: HTMLCanvasElement,
    live: Shown,
    wish: MapWish,
    onLayout: (layout: LaneLayout) => void,
  ) {
    const ctx = canvas.getContext("2d");
    if (ctx === null) throw new Error("This browser gives no 2d canvas.");
    this.#canvas = canvas;
    this.#ctx = ctx;
    this.#live = live;
    this.#wish = wish;
    this.#onLayout = onLayout;
    this.#stop = live.listen({
      cell: (flat) => this.#touchShard(flat),
      moved: (flat, from, to) => this.#move(flat, from, to),
      ghosts: (key) => this.#schedule(() => this.#dirtyGhosts.add(key)),
      reset: () => this.repaint(),
    });
  }

  /** Another one once the pages show another moment: everything is painted anew then. */
  get #mirror(): ClusterMirror {
    return this.#live.mirror;
  }

  dispose(): void {
    this.#stop();
    cancelAnimationFrame(this.#frame);
  }

  /** Paints at once, so that what stands below the map comes where it stays. */
  want(wish: MapWish): void {
    this.#wish = wish;
    this.#isAllDirty = true;
    this.#paint();
  }

  resize(width: number): void {
    // Nothing is as wide as nothing: a phone shows bars in place of the map.
    if (width === 0 || width === this.#width) return;
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
    return hit === null ? -1 : this.shardOf(hit.lane.key, hit.index, hit.isGhost);
  }

  /** The shard in a cell of a lane; -1 where there is none. */
  shardOf(key: string, index: number, isGhost = false): number {
    const list = isGhost ? this.#mirror.verdicts.ghosts.of(key) : this.#slots?.of(key);
    return list?.[index] ?? -1;
  }

  /** Where a shard's owned cell stands now. */
  placeOf(flat: number): { readonly lane: Lane; readonly index: number } | null {
    const row = this.#mirror.rowOf(flat);
    if (row === undefined) return null;
    const lane = this.#lanes.get(row.state === "unallocated" ? "" : row.owner.nodeId);
    const index = this.#slots?.indexOf(flat) ?? -1;
    return lane === undefined || index < 0 ? null : { lane, index };
  }

  #touchShard(flat: number): void {
    const place = this.placeOf(flat);
    if (place !== null) this.#touch(place.lane.key, place.index);
  }

  #touch(key: string, index: number): void {
    this.#schedule(() => {
      const cells = this.#dirtyCells.get(key);
      if (cells === undefined) this.#dirtyCells.set(key, new Set([index]));
      else cells.add(index);
    });
  }

  #move(flat: number, from: string, to: string): void {
    this.#slots?.move(flat, from, to, (key, index) => this.#touch(key, index));
  }

  #schedule(note: () => void): void {
    note();
    if (this.#frame === 0) this.#frame = requestAnimationFrame(() => this.#paint());
  }

  #paint(): void {
    cancelAnimationFrame(this.#frame);
    this.#frame = 0;
    if (this.#width === 0) return;
    if (this.#isAllDirty || this.#hasOutgrown()) this.#paintAll();
    else this.#paintDirty();
    this.#isAllDirty = false;
    this.#dirtyCells.clear();
    this.#dirtyGhosts.clear();
  }

  /** Whether a lane needs another height than it has. */
  #hasOutgrown(): boolean {
    for (const key of this.#dirtyCells.keys()) {
      const lane = this.#lanes.get(key);
      const owned = this.#mirror.owned.of(key).length;
      if (lane === undefined || (key === "" && owned === 0)) return true;
      const rows = Math.max(1, Math.ceil(owned / (this.#layout?.metrics.columns ?? 1)));
      if (rows > lane.rows || rows < lane.rows - 1) return true;
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
    this.#slots = new Slots(this.#mirror.owned, layout.metrics.style === "tiles");
    const scale = devicePixelRatio || 1;
    this.#canvas.width = Math.round(this.#width * scale);
    this.#canvas.height = Math.round(layout.height * scale);
    this.#canvas.style.height = `${layout.height}px`;
    this.#ctx.setTransform(scale, 0, 0, scale, 0, 0);
    for (const lane of layout.lanes) {
      this.#slots.of(lane.key).forEach((flat, index) => {
        this.#paintCell(layout, lane, index, flat);
      });
      this.#paintGhosts(layout, lane);
    }
    this.#onLayout(layout);
  }

  #paintDirty(): void {
    const layout = this.#layout;
    if (layout === null) return;
    for (const [key, cells] of this.#dirtyCells) {
      const lane = this.#lanes.get(key);
      if (lane === undefined) continue;
      for (const index of cells) {
        const box = cellBox(layout, lane, index);
        this.#ctx.clearRect(box.x - 0.5, box.y, box.w + 1, box.h);
        const flat = this.shardOf(key, index);
        if (flat >= 0) this.#paintCell(layout, lane, index, flat);
      }
    }
    for (const key of this.#dirtyGhosts) {
      const lane = this.#lanes.get(key);
      if (lane !== undefined) this.#paintGhosts(layout, lane);
    }
  }

  #paintGhosts(layout: LaneLayout, lane: Lane): void {
    const ctx = this.#ctx;
    const { verdicts } = this.#mirror;
    const place = ghostPlace(layout, lane);
    ctx.clearRect(place.x, place.y, place.w, place.h);
    const ghosts = verdicts.ghosts.of(lane.key);
    if (ghosts.length === 0) return;
    ctx.fillStyle = this.#tokens.get("line-2");
    ctx.fillRect(place.x, lane.y, 1, lane.height - 1);
    for (const [index, flat] of ghosts.entries()) {
      const box = ghostBox(layout, lane, index);
      if (box === null) return;
      paintBead(ctx, box, verdicts.ghostOf(lane.key, flat), this.#tokens);
    }
  }

  #paintCell(layout: LaneLayout, lane: Lane, index: number, flat: number): void {
    const ctx = this.#ctx;
    const state = this.#mirror.verdicts.cellOf(flat);
    const box = cellBox(layout, lane, index);
    const isDim = this.#wish.passes !== null && !this.#wish.passes(flat);
    if (isDim) ctx.globalAlpha = 0.16;
    if (layout.metrics.style === "tiles") {
      paintTile(ctx, box, state, this.#mirror.index.shortLabel(flat), this.#tokens);
    } else paintBead(ctx, box, state, this.#tokens);
    if (isDim) ctx.globalAlpha = 1;
  }
}
