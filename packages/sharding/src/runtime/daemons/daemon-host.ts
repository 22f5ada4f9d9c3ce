import type { GroupName, ShardRef } from "../../core/ids.ts";
import { shardKey } from "../../core/ids.ts";
import type { LogFn } from "../../node-api.ts";
import type { Clock } from "../../ports/clock.ts";
import type { FromExecutor, ServingGuard, ToExecutor } from "../entities/executor-messages.ts";
import type { DaemonDefinition, DaemonNode } from "./definition.ts";
import { type Failures, failedAgain, pauseAfter } from "./failures.ts";
import { Worker } from "./worker.ts";
import { WorkerWatch } from "./worker-watch.ts";

export interface DaemonHostParts {
  readonly daemons: ReadonlyMap<GroupName, DaemonDefinition>;
  readonly clock: Clock;
  readonly guard: ServingGuard;
  readonly log: LogFn;
  readonly node: DaemonNode;
  /** How many workers the cluster wants of the daemon with this group. */
  readonly workers: (group: GroupName) => number;
  /** For daemons that do not say when a worker is stuck. @unit milliseconds */
  readonly heartbeatMs: number;
  /** How long a worker is waited for that has been told to end, at most. @unit milliseconds */
  readonly patienceMs: number;
  readonly emit: (message: FromExecutor) => void;
}

/** What this node has of one index. */
interface Place {
  readonly ref: ShardRef;
  epoch: number;
  worker: Worker | null;
  /** Its worker has failed, and the shard is given up after this pause. */
  cancelPause: (() => void) | null;
  /** The handoff that it is being emptied for. */
  draining: string | null;
  sinceMs: number;
}

/**
 * The executor of daemons: while this node serves shard i of a daemon's group, worker i runs here.
 *
 * Intuition: which node runs a worker is decided as for any shard, so exactly one node has the right to at any
 * moment (S1), and the shard's epoch is the worker's fence. What is added here is that a worker can fail without its
 * node: then the node gives the shard up, and the coordinator finds another home for it.
 */
export class DaemonHost {
  readonly #parts: DaemonHostParts;
  readonly #places = new Map<string, Place>();
  /** Workers that were told to end and have not. A new run of the same index waits for them, within reason. */
  readonly #ending = new Map<string, Set<Worker>>();
  /** Outlives the places: where a worker fails at every home, each of them must slow it down. */
  readonly #failures = new Map<string, Failures>();
  readonly #watch: WorkerWatch;
  #isClosed = false;
  givenUp = 0;

  constructor(parts: DaemonHostParts) {
    this.#parts = parts;
    const limits = [...parts.daemons.values()].map((it) => it.heartbeatMs ?? parts.heartbeatMs);
    this.#watch = new WorkerWatch(parts.clock, limits, (everyMs) => this.#look(everyMs));
  }

  /** Whether the shards of this group are a daemon's. */
  runs(group: GroupName): boolean {
    return this.#parts.daemons.has(group);
  }

  post(message: Extract<ToExecutor, ShardRef>): void {
    switch (message.tag) {
      case "open":
      case "reopen":
        return this.#open(message);
      case "copy":
        return this.#copied(message);
      case "drain":
        return this.#drain(message);
      case "drop":
        return this.#drop(message);
      default:
        // Nothing is carried for a daemon: what a worker knows it must be able to find again.
        return;
    }
  }

  /** The number of workers of some daemon has changed. */
  rescale(): void {
    for (const place of this.#places.values()) {
      if (!this.#isWanted(place)) this.#halt(place, "the daemon was scaled down");
      else if (place.worker === null && place.cancelPause === null) this.#begin(place);
    }
  }

  get running(): number {
    let count = 0;
    for (const { worker } of this.#places.values()) if (worker !== null) count += 1;
    return count;
  }

  *places(): Iterable<PlaceView> {
    const nowMs = this.#parts.clock.monotonicMs();
    for (const [key, { ref, epoch, worker, cancelPause, draining, sinceMs }] of this.#places) {
      const isOver = worker === null && cancelPause === null;
      if (isOver && draining === null && !this.#ending.has(key)) continue;
      const { count = 0, why = null } = this.#failures.get(key) ?? {};
      const state = cancelPause !== null ? "waiting" : worker === null ? "stopping" : "running";
      const beatAgeMs = worker === null ? null : Math.round(worker.beatAgeMs);
      yield {
        ...{ ref, fence: worker?.epoch ?? epoch, state, beatAgeMs },
        ...{ sinceMs: Math.round(nowMs - sinceMs), failures: count, lastFailure: why },
      };
    }
  }

  /** Tells all workers to end, and waits for them within reason. Nothing begins afterwards. */
  async end(): Promise<void> {
    this.#isClosed = true;
    this.#watch.rest();
    for (const place of this.#places.values()) this.#halt(place, "the node stops");
    const all = [...this.#ending.values()].flatMap((workers) => [...workers]);
    await this.#untilEnded(all);
  }

  #open({ group, shard, epoch }: ShardRef & { readonly epoch: number }): void {
    const key = shardKey({ group, shard });
    const before = this.#places.get(key);
    if (before !== undefined) this.#halt(before, "it goes on under a new fence");
    const nowMs = this.#parts.clock.monotonicMs();
    const place: Place = {
      ...{ ref: { group, shard }, epoch, worker: null, cancelPause: null, draining: null },
      sinceMs: nowMs,
    };
    this.#places.set(key, place);
    this.#begin(place);
  }

  #begin(place: Place): void {
    if (this.#isClosed || !this.#isWanted(place) || place.draining !== null) return;
    const predecessors = this.#ending.get(shardKey(place.ref));
    if (predecessors === undefined) return this.#run(place);
    void this.#untilEnded([...predecessors]).then(() => {
      const isStill = this.#places.get(shardKey(place.ref)) === place && place.worker === null;
      if (isStill && place.cancelPause === null && place.draining === null) this.#run(place);
    });
  }

  #run(place: Place): void {
    const { daemons, workers } = this.#parts;
    if (this.#isClosed || !this.#isWanted(place)) return;
    const { ref, epoch } = place;
    const { clock, guard, node } = this.#parts;
    // A node that wakes up reads an old order before it has seen that its lease is over: then it is dropped next.
    if (!guard.mayServe(ref, epoch)) return;
    const definition = daemons.get(ref.group) as DaemonDefinition;
    const worker = new Worker({
      ...{ definition, ref, epoch, clock, guard, node },
      workers: () => workers(ref.group),
    });
    this.#change(place, worker);
    this.#watch.begin();
    void worker.ended.then((why) => this.#ended(place, worker, why));
  }

  #ended(place: Place, worker: Worker, why: string): void {
    const key = shardKey(place.ref);
    this.#forget(key, worker);
    if (place.worker === worker) this.#fail(place, why);
  }

  #look(everyMs: number): void {
    for (const place of this.#places.values()) {
      const { worker, ref } = place;
      if (worker === null) continue;
      const silentMs = worker.look(everyMs);
      const { heartbeatMs } = this.#parts.daemons.get(ref.group) as DaemonDefinition;
      const limitMs = heartbeatMs ?? this.#parts.heartbeatMs;
      if (silentMs < limitMs) continue;
      this.#fail(place, `it gave no sign of life for ${Math.round(silentMs)} ms`);
    }
    if (this.#places.size === 0) this.#watch.rest();
  }

  #fail(place: Place, why: string): void {
    const { clock, log } = this.#parts;
    const key = shardKey(place.ref);
    const ranMs = clock.monotonicMs() - (place.worker?.startedMs ?? 0);
    this.#halt(place, why);
    const failures = failedAgain(this.#failures.get(key), why, ranMs);
    this.#failures.set(key, failures);
    const pauseMs = pauseAfter(failures.count);
    log("warn", "a daemon's worker failed", { worker: key, ...failures, pauseMs });
    place.cancelPause = clock.after(pauseMs, () => this.#giveUp(place, why));
  }

  #giveUp(place: Place, why: string): void {
    const { ref, epoch } = place;
    if (this.#places.get(shardKey(ref)) !== place || place.draining !== null) return;
    place.cancelPause = null;
    this.givenUp += 1;
    this.#parts.emit({ tag: "gave-up", ...ref, epoch, why });
  }

  /** A worker has no state that could be. */
  #copied({ group, shard, epoch, handoffId }: Extract<ToExecutor, { tag: "copy" }>): void {
    if (this.#places.get(shardKey({ group, shard }))?.epoch !== epoch) return;
    this.#parts.emit({ tag: "copied", group, shard, epoch, handoffId, chunks: [] });
  }

  #drain(order: Extract<ToExecutor, { tag: "drain" }>): void {
    const { group, shard, epoch, handoffId } = order;
    const place = this.#places.get(shardKey(order));
    if (place?.epoch !== epoch) return;
    place.draining = handoffId;
    this.#halt(place, "its shard moves");
    const workers = [...(this.#ending.get(shardKey(order)) ?? [])];
    void this.#untilEnded(workers).then(() => {
      if (this.#places.get(shardKey(order)) !== place || place.draining !== handoffId) return;
      const nothing = { state: null, warm: [] };
      this.#parts.emit({ tag: "captured", group, shard, epoch, handoffId, ...nothing });
    });
  }

  #drop({ group, shard, epoch }: ShardRef & { readonly epoch: number }): void {
    const place = this.#places.get(shardKey({ group, shard }));
    if (place === undefined || place.epoch > epoch) return;
    this.#halt(place, "this node is its home no more");
    this.#places.delete(shardKey(place.ref));
    this.#parts.emit({ tag: "dropped", group, shard, epoch });
  }

  /** Nothing runs here in its name from now on. */
  #halt(place: Place, why: string): void {
    const { worker } = place;
    place.cancelPause?.();
    place.cancelPause = null;
    this.#change(place, null);
    if (worker === null) return;
    const key = shardKey(place.ref);
    const ending = this.#ending.get(key) ?? new Set();
    this.#ending.set(key, ending.add(worker));
    void worker.ended.then(() => this.#forget(key, worker));
    worker.stop(`Worker ${key} is over under fence ${worker.epoch}: ${why}.`);
  }

  #change(place: Place, worker: Worker | null): void {
    place.worker = worker;
    place.sinceMs = this.#parts.clock.monotonicMs();
  }

  #forget(key: string, worker: Worker): void {
    const ending = this.#ending.get(key);
    ending?.delete(worker);
    if (ending?.size === 0) this.#ending.delete(key);
  }

  /**
   * They were told to. Whoever does not end in time, counted from then, is left alone: its fence tells others about it.
   */
  async #untilEnded(workers: readonly Worker[]): Promise<void> {
    if (workers.length === 0) return;
    const { clock, patienceMs, log } = this.#parts;
    const { promise, resolve } = Promise.withResolvers<void>();
    const stoppedMs = Math.max(...workers.map((worker) => worker.stoppedMs ?? 0));
    const leave = (): void => {
      const count = workers.length;
      log("warn", "workers did not end after their signal; they may still run", { count });
      resolve();
    };
    const cancel = clock.after(stoppedMs + patienceMs - clock.monotonicMs(), leave);
    void Promise.all(workers.map((worker) => worker.ended)).then(() => resolve());
    await promise;
    cancel();
  }

  #isWanted({ ref }: Place): boolean {
    return ref.shard < this.#parts.workers(ref.group);
  }
}

/** A worker as its node sees it. */
export interface PlaceView {
  readonly ref: ShardRef;
  readonly fence: number;
  /** `waiting`: it has failed, and its shard is given up after a pause. `stopping`: it was told to end. */
  readonly state: "running" | "waiting" | "stopping";
  /** In this state. @unit milliseconds */
  readonly sinceMs: number;
  /** @unit milliseconds */
  readonly beatAgeMs: number | null;
  /** In a row, here. */
  readonly failures: number;
  readonly lastFailure: string | null;
}
