import {
  applyEntries,
  type ClusterJson,
  type ClusterState,
  findShard,
  fromClusterJson,
  type LogEntry,
  type ShardBelief,
  type ShardRef,
  type ShardRow,
} from "@leasehold/sharding/observe";
import type { NodeObservation } from "../wire/relay-frames.ts";
import type { Keyframe } from "../wire/tape.ts";
import { cellCode } from "./cell-state.ts";
import { silentAfterMs } from "./classify.ts";
import { InvariantMonitor } from "./invariants.ts";
import { Lanes } from "./lanes.ts";
import { LogTail, lately } from "./log-tail.ts";
import { hasOtherLife, isSameRight, isSpare, laneOf, touchedNodes } from "./mirror-facts.ts";
import { hasRetired } from "./retired.ts";
import { ShardIndex } from "./shard-index.ts";
import { Verdicts } from "./verdicts.ts";

/**
 * The browser's copy of the cluster: the authority from the log, beside it what every node believes,
 * and for each shard whether the two agree.
 *
 * Plain TypeScript, fed at once by the socket: a hidden tab gets no animation frames but must lose
 * nothing. Painters listen for the cells that changed; React reads a summary at most ten times a
 * second (store.ts). Costs follow what changes, never the number of shards.
 *
 * Longer than other files: each way in (snapshot, keyframe, entries, beliefs, time) writes the same few maps.
 */
export class ClusterMirror {
  readonly index = new ShardIndex();
  readonly log = new LogTail();
  /** Owned shards per node; "" is the lane of shards without a home. */
  readonly owned = new Lanes();
  readonly sights = new Map<string, NodeSight>();
  readonly verdicts: Verdicts;
  readonly invariants = new InvariantMonitor();
  readonly #listeners = new Set<MirrorListener>();
  /** Shards whose class may still change by time alone. */
  readonly #pending = new Set<number>();
  #cluster: ClusterState | null = null;
  #changedAtMs = new Float64Array(0);

  constructor() {
    this.verdicts = new Verdicts(this);
  }

  get cluster(): ClusterState | null {
    return this.#cluster;
  }

  listen(listener: MirrorListener): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  rowOf(flat: number): ShardRow | undefined {
    return this.#cluster === null ? undefined : findShard(this.#cluster, this.index.refOf(flat));
  }

  /** Its daemon has fewer workers: wherever the shard is, nothing runs in it, and nobody misses it. */
  isSpare(flat: number): boolean {
    return this.#cluster !== null && isSpare(this.#cluster, this.index.refOf(flat));
  }

  changedAtMs(flat: number): number {
    return this.#changedAtMs[flat] ?? 0;
  }

  applySnapshot(frame: Snapshot, nowMs: number): void {
    const cluster = fromClusterJson(frame.cluster);
    if (this.#cluster === null) {
      const changed = frame.changed ?? lately(frame.recent);
      this.#noteChanged(
        cluster,
        changed.map((it) => ({ ...it, ageMs: 0 })),
        nowMs,
      );
    }
    this.#adoptCluster(cluster, frame.recent, nowMs, this.#cluster);
    this.invariants.watchPast(frame.recent);
  }

  /**
   * Becomes what another mirror was when it made the keyframe. Whatever was here is forgotten, but not the listeners.
   */
  restore(frame: Keyframe): void {
    this.#forget();
    const { atMs } = frame;
    const cluster = fromClusterJson(frame.cluster);
    this.#noteChanged(cluster, frame.changed, atMs);
    // What nodes say comes first, so that each shard is judged once.
    for (const it of frame.nodes) this.#adoptSight(it, atMs);
    this.#adoptCluster(cluster, frame.recent, atMs, null);
    for (const it of frame.since) {
      this.verdicts.setSince(this.index.find(it), it.nodeId, it.class, atMs - it.ageMs);
    }
    this.invariants.restore(frame.invariants);
  }

  #noteChanged(cluster: ClusterState, changed: Keyframe["changed"], atMs: number): void {
    this.#grow(cluster);
    for (const it of changed) this.#changedAtMs[this.index.find(it)] = atMs - it.ageMs;
  }

  #adoptCluster(
    cluster: ClusterState,
    recent: readonly LogEntry[],
    nowMs: number,
    before: ClusterState | null,
  ): void {
    // Another log may have other groups, and then a shard's number would mean another shard.
    if (before !== null && before.history !== cluster.history) this.#forget();
    this.#cluster = cluster;
    this.log.reset(recent);
    this.#grow(cluster);
    this.owned.clear();
    for (let flat = 0; flat < this.index.size; flat++) {
      const ref = this.index.refOf(flat);
      const row = findShard(cluster, ref);
      if (row === undefined) continue;
      const lane = laneOf(cluster, ref);
      if (lane !== null) this.owned.add(lane, flat);
      const old = before === null ? undefined : findShard(before, ref);
      // A row that is as it was keeps its age; after a first snapshot every row is old.
      if (old !== undefined && !isSameRight(old, row)) this.#changedAtMs[flat] = nowMs;
    }
    for (let flat = 0; flat < this.index.size; flat++) this.#judge(flat, nowMs);
    for (const listener of this.#listeners) listener.reset();
  }

  /** Earlier entries, to be read only. */
  applyPast(history: string, entries: readonly LogEntry[]): void {
    if (this.#cluster?.history !== history) return;
    this.log.prepend(entries);
    this.invariants.watchPast(entries);
  }

  /** What fits is applied. `gap`: ask for what is missing. */
  applyLog(history: string, entries: readonly LogEntry[], nowMs: number): "applied" | "gap" {
    const before = this.#cluster;
    if (before === null || before.history !== history) return "gap";
    const fresh = entries.filter((entry) => entry.seq > before.seq);
    if (fresh.length === 0) return "applied";
    if (fresh[0]?.seq !== before.seq + 1) return "gap";
    this.invariants.watch(before, fresh);
    const cluster = applyEntries(before, fresh);
    this.#cluster = cluster;
    this.log.append(fresh);
    if (this.#grow(cluster)) this.#addNewShards(cluster);
    for (const flat of this.#touchedShards(fresh, cluster))
      this.#adoptRow(flat, before, cluster, nowMs);
    for (const nodeId of touchedNodes(fresh)) this.#judgeNode(nodeId, nowMs);
    return "applied";
  }

  applyBeliefs(observations: readonly NodeObservation[], nowMs: number): void {
    for (const it of observations) {
      const old = this.sights.get(it.nodeId);
      const { sight, touched } = this.#adoptSight(it, nowMs);
      const { silent } = sight;
      if (old === undefined || old.silent !== silent || hasOtherLife(old, sight)) {
        this.#judgeNode(it.nodeId, nowMs);
      }
      for (const flat of touched) this.#judge(flat, nowMs);
      this.#noteServing(sight.shards.size);
    }
  }

  #adoptSight(
    it: NodeObservation,
    nowMs: number,
  ): { readonly sight: NodeSight; readonly touched: ReadonlySet<number> } {
    const { ageMs, whole: _whole, changed: _changed, gone: _gone, ...said } = it;
    const heardAtMs = nowMs - ageMs;
    const old = this.sights.get(it.nodeId);
    const shards = old?.shards ?? new Map<number, ShardBelief>();
    const touched = this.verdicts.adoptBeliefs(it, shards);
    const silent = nowMs - heardAtMs > silentAfterMs;
    const sight = { ...said, peers: it.peers ?? old?.peers ?? [], heardAtMs, silent, shards };
    this.sights.set(it.nodeId, sight);
    return { sight, touched };
  }

  #noteServing(observed: number): void {
    const dual: number[] = [];
    // Each of a thousand observations a second comes here, and an outage may have ten thousand differences.
    const isAny = (this.verdicts.counts[dualCode] ?? 0) > 0;
    for (const [flat, list] of isAny ? this.verdicts.divergences : []) {
      if (list.some((it) => it.class === "dual")) dual.push(flat);
    }
    // The first one is named: in their own order, which a mirror that begins at a keyframe has, too.
    const shards = dual.sort((a, b) => a - b).map((flat) => this.index.label(flat));
    this.invariants.noteServing(observed, shards);
  }

  /** Lets time pass: silence, and classes that wait for a node to speak. */
  tick(nowMs: number): void {
    for (const [nodeId, sight] of this.sights) {
      const silent = nowMs - sight.heardAtMs > silentAfterMs;
      if (silent !== sight.silent) {
        this.sights.set(nodeId, { ...sight, silent });
        this.#judgeNode(nodeId, nowMs);
      }
      this.#forgetRetired(nodeId, nowMs);
    }
    for (const flat of this.#pending) {
      if (nowMs - this.changedAtMs(flat) > silentAfterMs) this.#pending.delete(flat);
      this.#judge(flat, nowMs, false);
    }
  }

  /** What a dead node believed last is of no use to anybody, unless it is only paused. */
  #forgetRetired(nodeId: string, nowMs: number): void {
    const sight = this.sights.get(nodeId);
    const row = this.#cluster?.nodes.get(nodeId);
    if (sight === undefined || row === undefined || sight.shards.size === 0) return;
    if (!hasRetired(row, sight, nowMs)) return;
    const shards = [...sight.shards.keys()];
    this.verdicts.forgetBeliefs(nodeId, sight.shards);
    for (const flat of shards) this.#judge(flat, nowMs);
  }

  #forget(): void {
    this.index.clear();
    this.verdicts.clear();
    this.sights.clear();
    this.invariants.reset();
    this.#pending.clear();
    this.#changedAtMs = new Float64Array(0);
  }

  #grow(cluster: ClusterState): boolean {
    if (!this.index.learn(cluster)) return false;
    const grown = new Float64Array(this.index.size).fill(Number.NEGATIVE_INFINITY);
    grown.set(this.#changedAtMs);
    this.#changedAtMs = grown;
    this.verdicts.grow(this.index.size);
    return true;
  }

  #addNewShards(cluster: ClusterState): void {
    for (let flat = 0; flat < this.index.size; flat++) {
      const lane = laneOf(cluster, this.index.refOf(flat));
      if (lane !== null) this.owned.add(lane, flat);
    }
    for (const listener of this.#listeners) listener.reset();
  }

  #touchedShards(entries: readonly LogEntry[], cluster: ClusterState): Set<number> {
    const touched = new Set<number>();
    for (const entry of entries) {
      if ("shard" in entry) touched.add(this.index.find(entry));
      if (entry.type !== "group-scaled") continue;
      // Which of its shards are needed has changed; their rows have not.
      const { group } = entry;
      const shards = cluster.groups.get(group)?.shards ?? 0;
      for (let shard = 0; shard < shards; shard++) touched.add(this.index.find({ group, shard }));
    }
    return touched;
  }

  #adoptRow(flat: number, before: ClusterState, cluster: ClusterState, nowMs: number): void {
    const ref = this.index.refOf(flat);
    const row = findShard(cluster, ref);
    if (row === undefined) return;
    const old = findShard(before, ref);
    const lane = laneOf(cluster, ref);
    const oldLane = old === undefined ? lane : laneOf(before, ref);
    if (lane !== oldLane) this.#changeLane(flat, oldLane, lane);
    if (old === undefined || lane !== oldLane || !isSameRight(old, row)) {
      this.#changedAtMs[flat] = nowMs;
    }
    this.#judge(flat, nowMs);
  }

  #changeLane(flat: number, from: string | null, to: string | null): void {
    if (from !== null) this.owned.remove(from, flat);
    if (to !== null) this.owned.add(to, flat);
    for (const listener of this.#listeners) {
      if (from === null || to === null) listener.reset();
      else listener.moved(flat, from, to);
    }
  }

  #judgeNode(nodeId: string, nowMs: number): void {
    for (const flat of this.owned.of(nodeId)) this.#judge(flat, nowMs);
    for (const flat of this.sights.get(nodeId)?.shards.keys() ?? []) this.#judge(flat, nowMs);
  }

  #judge(flat: number, nowMs: number, mayChange = true): void {
    // What changed long ago changes no more until somebody speaks: else a keyframe of ten thousand is judged twice.
    if (mayChange && nowMs - this.changedAtMs(flat) <= silentAfterMs) this.#pending.add(flat);
    const change = this.verdicts.judge(flat, nowMs);
    if (change.cell) for (const listener of this.#listeners) listener.cell(flat);
    for (const nodeId of change.ghosts) {
      for (const listener of this.#listeners) listener.ghosts(nodeId);
    }
  }
}

/** Nothing is worse: where a belief is dual, the shard's cell is. */
const dualCode = cellCode("dual");

/** What Postgres says at one instant. */
export interface Snapshot {
  readonly cluster: ClusterJson;
  /** The end of the log before it, oldest first. */
  readonly recent: readonly LogEntry[];
  /** Shards that changed shortly before it: what nodes said last may be older. Default: those of `recent`. */
  readonly changed?: readonly ShardRef[];
}

/** A node as it was heard last. */
export interface NodeSight
  extends Omit<NodeObservation, "ageMs" | "whole" | "changed" | "gone" | "peers"> {
  readonly peers: NonNullable<NodeObservation["peers"]>;
  /** Local clock. @unit milliseconds */
  readonly heardAtMs: number;
  readonly silent: boolean;
  /** By shard number. */
  readonly shards: Map<number, ShardBelief>;
}

export interface MirrorListener {
  /** The cell of a shard shows another state. */
  cell(flat: number): void;
  /** The shard has another home; "" is none. */
  moved(flat: number, from: string, to: string): void;
  /** What a node believes in without owning it has changed. */
  ghosts(nodeId: string): void;
  /** Everything may be different. */
  reset(): void;
}
