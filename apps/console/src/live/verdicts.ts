import { ownerOf, type ShardBelief, type ShardRow } from "@leasehold/sharding/observe";
import type { NodeObservation } from "../wire/relay-frames.ts";
import { type CellState, cellCode, cellOf, cellState, cellStates } from "./cell-state.ts";
import {
  classify,
  type DivergenceClass,
  graceMs,
  type ObservedNode,
  settleMs,
} from "./classify.ts";
import type { Divergence } from "./explain.ts";
import { Lanes } from "./lanes.ts";
import type { ClusterMirror } from "./mirror.ts";

/**
 * For each shard: the cell that the map shows, and the differences between belief and authority.
 * Kept per shard, so that judging one costs the same with ten shards and with ten thousand.
 */
export class Verdicts {
  /** Shards that a node believes in without owning them. */
  readonly ghosts = new Lanes();
  /** Cells per state, by `cellCode`. */
  readonly counts: number[] = cellStates.map(() => 0);
  readonly divergences = new Map<number, readonly Divergence[]>();
  readonly #mirror: Source;
  /** Per shard: the nodes that believe anything about it. */
  #believers: string[][] = [];
  #cells = new Uint8Array(0);
  readonly #ghostKeys = new Map<number, readonly string[]>();

  constructor(mirror: Source) {
    this.#mirror = mirror;
  }

  grow(size: number): void {
    const cells = new Uint8Array(size).fill(noCell);
    cells.set(this.#cells);
    this.#cells = cells;
    while (this.#believers.length < size) this.#believers.push([]);
  }

  clear(): void {
    this.ghosts.clear();
    this.counts.fill(0);
    this.divergences.clear();
    this.#believers = [];
    this.#cells = new Uint8Array(0);
    this.#ghostKeys.clear();
  }

  cellOf(flat: number): CellState {
    return cellOf(this.#cells[flat] ?? noCell);
  }

  /** What a node's lane shows for a shard that it believes in and does not own. */
  ghostOf(nodeId: string, flat: number): CellState {
    const own = this.divergences.get(flat)?.find((it) => it.nodeId === nodeId);
    return own?.class ?? "leaving";
  }

  believersOf(flat: number): readonly string[] {
    return this.#believers[flat] ?? [];
  }

  /** Writes an observation into `shards` and says which shards it touched. */
  adoptBeliefs(it: NodeObservation, shards: Map<number, ShardBelief>): Set<number> {
    const { index } = this.#mirror;
    const touched = new Set<number>();
    if (it.whole) {
      for (const flat of shards.keys()) touched.add(flat);
      shards.clear();
    }
    for (const gone of it.gone) {
      const flat = index.find(gone);
      shards.delete(flat);
      touched.add(flat);
    }
    for (const belief of it.changed) {
      const flat = index.find(belief);
      if (flat < 0) continue;
      shards.set(flat, belief);
      touched.add(flat);
    }
    for (const flat of touched) this.#setBeliever(flat, it.nodeId, shards.has(flat));
    return touched;
  }

  /** Says since when a difference that stands is known; one that does not stand is left alone. */
  setSince(flat: number, nodeId: string | null, it: DivergenceClass, sinceMs: number): void {
    const list = this.divergences.get(flat);
    if (list === undefined) return;
    const isIt = (one: Divergence): boolean => one.nodeId === nodeId && one.class === it;
    this.divergences.set(
      flat,
      list.map((one) => (isIt(one) ? { ...one, sinceMs } : one)),
    );
  }

  /** Empties what is kept of a node's beliefs; its shards are judged anew by the caller. */
  forgetBeliefs(nodeId: string, shards: Map<number, ShardBelief>): void {
    for (const flat of shards.keys()) this.#setBeliever(flat, nodeId, false);
    shards.clear();
  }

  judge(
    flat: number,
    nowMs: number,
  ): { readonly cell: boolean; readonly ghosts: readonly string[] } {
    const row = this.#mirror.rowOf(flat);
    if (row === undefined) return { cell: false, ghosts: [] };
    if (this.#mirror.isSpare(flat)) return this.#setAside(flat);
    const owner = ownerOf(row)?.nodeId ?? null;
    const believers = this.believersOf(flat);
    const found: Divergence[] = [];
    const before = this.divergences.get(flat);
    const note = (nodeId: string | null, it: DivergenceClass): void => {
      if (it !== "agree") found.push(this.#divergence(flat, row, nodeId, it, before, nowMs));
    };
    const ownerClass =
      owner === null ? this.#homeless(flat, nowMs) : this.#classOf(flat, row, owner, nowMs);
    note(owner, ownerClass);
    const others: DivergenceClass[] = [];
    for (const nodeId of believers) {
      if (nodeId === owner) continue;
      const it = this.#classOf(flat, row, nodeId, nowMs);
      others.push(it);
      note(nodeId, it);
    }
    const changed = !isSame(before, found);
    if (found.length > 0) this.divergences.set(flat, found);
    else this.divergences.delete(flat);
    const ghosts = this.#placeGhosts(flat, owner, changed);
    return { cell: this.#setCell(flat, cellState(row, ownerClass, others)), ghosts };
  }

  /** Nobody has to serve it, so nothing about it can be wrong. */
  #setAside(flat: number): { readonly cell: boolean; readonly ghosts: readonly string[] } {
    const ghosts = this.#ghostKeys.get(flat) ?? [];
    for (const key of ghosts) this.ghosts.remove(key, flat);
    this.#ghostKeys.delete(flat);
    this.divergences.delete(flat);
    return { cell: this.#setCell(flat, null), ghosts };
  }

  #homeless(flat: number, nowMs: number): DivergenceClass {
    return nowMs - this.#mirror.changedAtMs(flat) > graceMs ? "orphan" : "unaware";
  }

  #classOf(flat: number, row: ShardRow, nodeId: string, nowMs: number): DivergenceClass {
    const sight = this.#mirror.sights.get(nodeId);
    return classify({
      row,
      changedMsAgo: nowMs - this.#mirror.changedAtMs(flat),
      authoritySeq: this.#mirror.cluster?.seq ?? 0,
      node: sight === undefined ? null : observed(sight, nowMs),
      belief: sight?.shards.get(flat),
      servedElsewhere: this.believersOf(flat).some((it) => this.#serves(it, flat, nodeId)),
    });
  }

  /** Whether it is another node that serves the shard, as far as it was heard after the last change. */
  #serves(nodeId: string, flat: number, exceptNodeId: string): boolean {
    // Most shards have one believer, its owner: nothing is looked up for those.
    if (nodeId === exceptNodeId) return false;
    const sight = this.#mirror.sights.get(nodeId);
    return (
      sight !== undefined &&
      !sight.silent &&
      sight.heardAtMs > this.#mirror.changedAtMs(flat) + settleMs &&
      sight.shards.get(flat)?.serving === true
    );
  }

  #divergence(
    flat: number,
    row: ShardRow,
    nodeId: string | null,
    it: Exclude<DivergenceClass, "agree">,
    before: readonly Divergence[] | undefined,
    nowMs: number,
  ): Divergence {
    const old = before?.find((one) => one.nodeId === nodeId && one.class === it);
    return {
      class: it,
      shard: this.#mirror.index.label(flat),
      nodeId,
      row,
      belief: nodeId === null ? undefined : this.#mirror.sights.get(nodeId)?.shards.get(flat),
      servedBy:
        it === "dual" && nodeId !== null
          ? this.believersOf(flat).filter((one) => this.#serves(one, flat, nodeId))
          : [],
      sinceMs: old?.sinceMs ?? nowMs,
    };
  }

  #setBeliever(flat: number, nodeId: string, believes: boolean): void {
    const list = this.#believers[flat];
    if (list === undefined) return;
    const at = list.indexOf(nodeId);
    if (believes && at < 0) list.push(nodeId);
    if (!believes && at >= 0) list.splice(at, 1);
  }

  #placeGhosts(flat: number, owner: string | null, repaint: boolean): readonly string[] {
    const before = this.#ghostKeys.get(flat) ?? [];
    const now = this.believersOf(flat).filter((nodeId) => nodeId !== owner);
    if (before.length === 0 && now.length === 0) return before;
    for (const key of before) if (!now.includes(key)) this.ghosts.remove(key, flat);
    for (const key of now) this.ghosts.add(key, flat);
    if (now.length > 0) this.#ghostKeys.set(flat, now);
    else this.#ghostKeys.delete(flat);
    const moved = before.length !== now.length || before.some((key) => !now.includes(key));
    return moved ? [...new Set([...before, ...now])] : repaint ? now : [];
  }

  /** @param state null: it has no cell. */
  #setCell(flat: number, state: CellState | null): boolean {
    const code = state === null ? noCell : cellCode(state);
    const old = this.#cells[flat];
    if (old === code) return false;
    if (old !== undefined && old !== noCell) this.counts[old] = (this.counts[old] ?? 1) - 1;
    if (code !== noCell) this.counts[code] = (this.counts[code] ?? 0) + 1;
    this.#cells[flat] = code;
    return true;
  }
}

/** No state's code. */
const noCell = 255;

/** What a verdict needs of the mirror. */
type Source = Pick<
  ClusterMirror,
  "index" | "sights" | "cluster" | "rowOf" | "isSpare" | "changedAtMs"
>;

interface Sight {
  readonly nodeId: string;
  readonly heardAtMs: number;
  readonly belief: NodeObservation["belief"];
}

const observed = (sight: Sight, nowMs: number): ObservedNode => ({
  nodeId: sight.nodeId,
  incarnation: sight.belief.incarnation,
  heardMsAgo: nowMs - sight.heardAtMs,
  leaseLost: sight.belief.lease.state === "lost",
  seq: sight.belief.seq,
});

const isSame = (a: readonly Divergence[] | undefined, b: readonly Divergence[]): boolean =>
  (a?.length ?? 0) === b.length &&
  b.every((it, index) => a?.[index]?.class === it.class && a[index]?.nodeId === it.nodeId);
