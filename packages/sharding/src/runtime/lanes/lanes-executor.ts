import type { ShardRef } from "../../core/ids.ts";
import { LaneDrainTimeoutError, LaneJoinFailedError, LaneSpawnFailedError } from "../../errors.ts";
import type { LogFn } from "../../node-api.ts";
import type { Clock } from "../../ports/clock.ts";
import type { DropCounter } from "../../ports/transport.ts";
import type { Catalog } from "../entities/catalog.ts";
import type { CallEntity } from "../entities/context.ts";
import type { Executor, ExecutorStats } from "../entities/executor.ts";
import type { FromExecutor, ToExecutor } from "../entities/executor-messages.ts";
import { inputFault } from "../entities/input.ts";
import { bounced, outcomeUnknown, overloaded, refuse } from "../entities/replies.ts";
import { toWireError } from "../entities/wire-error.ts";
import { pause } from "../pause.ts";
import { Lane } from "./lane.ts";
import { LaneGauges } from "./lane-gauges.ts";
import type { FromLane, LaneSetup, LaneThreads } from "./lane-messages.ts";
import { LaneRoute } from "./lane-route.ts";
import { differenceOf, laneTypes } from "./lane-types.ts";
import { LaneWatch } from "./lane-watch.ts";
import { OwnershipTable } from "./ownership-table.ts";

export interface LanesExecutorParts {
  readonly threads: LaneThreads;
  readonly catalog: Catalog;
  readonly nodeId: string;
  readonly clock: Clock;
  readonly log: LogFn;
  readonly drops: DropCounter;
  readonly isStrict: boolean;
  /** A lane that shows no life for so long is stuck. @unit milliseconds */
  readonly stuckMs: number;
  readonly call: CallEntity;
  readonly stored: (shard: ShardRef) => void;
  /** A lane has failed: its shards are given up, and the node is to leave. */
  readonly failed: (error: LaneJoinFailedError) => void;
}

/** What loading the entities' module may take. @unit milliseconds */
const spawnTimeoutMs = 30_000;

type Of<Tag extends FromLane["tag"]> = Extract<FromLane, { tag: Tag }>;
interface Waiting {
  readonly done: () => void;
}

/**
 * The executor whose entities live in other threads, shard by shard. It decides nothing about them: it routes, bounds
 * what waits, and knows what to say for a lane that is gone. Long, because each message has its way here.
 */
export class LanesExecutor implements Executor {
  readonly table: OwnershipTable;
  readonly #parts: LanesExecutorParts;
  readonly #route: LaneRoute;
  readonly #watch: LaneWatch;
  readonly #failures: { readonly lane: number; readonly cause: Error }[] = [];
  /** Where the state of a handoff is being brought. */
  readonly #carrying = new Map<string, Lane>();
  readonly #syncs = new Map<string, Waiting>();
  #lanes: readonly Lane[] = [];
  #listeners: readonly ((message: FromExecutor) => void)[] = [];
  #phase: "starting" | "running" | "ending" = "starting";
  #lastSync = 0;

  constructor(parts: LanesExecutorParts) {
    this.#parts = parts;
    const { catalog, threads, clock } = parts;
    const groups = catalog.groups.filter(({ group }) => !catalog.daemons.has(group));
    this.table = OwnershipTable.create(groups);
    this.#route = new LaneRoute(groups, threads.lanes);
    this.#watch = new LaneWatch(clock, parts.stuckMs, (lane) => this.#stuck(lane));
  }

  // Life

  /** All lanes or none. @throws {LaneSpawnFailedError} with the first cause. */
  async start(): Promise<void> {
    const { threads, catalog, clock } = this.#parts;
    const wanted = laneTypes(catalog.types.values());
    const { promise: failed, reject } = Promise.withResolvers<never>();
    const fail = (lane: number, cause: Error): void =>
      reject(new LaneSpawnFailedError(`Lane ${lane} did not start: ${cause.message}`, { cause }));
    const ready: Promise<void>[] = [];
    this.#lanes = Array.from({ length: threads.lanes }, (_, number) => {
      const lane = this.#spawn(number, threads);
      const { promise, resolve } = Promise.withResolvers<void>();
      ready.push(promise);
      lane.thread.onMessages((batch) => {
        for (const message of batch) {
          if (message.tag !== "ready") this.#from(lane, message);
          else {
            const difference = differenceOf(message.types, wanted);
            if (difference === null) resolve();
            else fail(number, new Error(`${difference}.`));
          }
        }
      });
      lane.thread.onExit((cause) => {
        const why = cause ?? new Error("its thread has ended.");
        if (this.#phase === "starting") fail(number, why);
        this.#gone(lane, why);
      });
      return lane;
    });
    const cancel = clock.after(spawnTimeoutMs, () => {
      fail(0, new Error(`not all were ready within ${spawnTimeoutMs} ms.`));
    });
    try {
      await Promise.race([Promise.all(ready), failed]);
    } catch (error) {
      this.#phase = "ending";
      await Promise.all(this.#lanes.map(({ thread }) => thread.terminate()));
      throw error;
    } finally {
      cancel();
    }
    this.#phase = "running";
    this.#watch.begin(this.#lanes);
  }

  #spawn(number: number, threads: LaneThreads): Lane {
    const setup: LaneSetup = {
      ...{ lane: number, lanes: threads.lanes, nodeId: this.#parts.nodeId },
      ...{ ownership: this.table.shared, gauges: new LaneGauges().shared },
      isStrict: this.#parts.isStrict,
      isTimed: this.#parts.catalog.groups.some(({ strategy }) => strategy === "load"),
    };
    const thread = threads.spawn(setup);
    return new Lane(setup, thread, threads.inboxCapacity);
  }

  /**
   * Resolves when every lane has taken what was posted before: after `drop` nothing of the shard can take effect any
   * more. A lane that never does is stuck, and ended for it.
   */
  async quiet(): Promise<void> {
    await Promise.all(this.#living().map((lane) => this.#sync(lane)));
  }

  #sync(lane: Lane): Promise<void> {
    this.#lastSync += 1;
    const number = this.#lastSync;
    return new Promise((done) => {
      this.#syncs.set(`${lane.number}/${number}`, { done });
      lane.post({ tag: "sync", number });
    });
  }

  /**
   * Lets the lanes answer what they hold and ends them, within one deadline for all. Nothing runs in any of them when
   * it resolves.
   *
   * @throws {LaneJoinFailedError} naming every lane that failed, also before.
   */
  async end(): Promise<void> {
    const { threads, clock, log } = this.#parts;
    if (this.#phase === "ending") return;
    this.#phase = "ending";
    this.#watch.end();
    const timeoutMs = threads.drainTimeoutMs;
    const living = this.#living();
    const nowMs = clock.monotonicMs();
    const [abortAtMs, untilMs] = [nowMs + timeoutMs / 2, nowMs + timeoutMs];
    const ended = living.map((lane) => {
      lane.post({ tag: "end", abortAtMs, untilMs });
      return new Promise<void>((done) => this.#syncs.set(`${lane.number}/end`, { done }));
    });
    await Promise.race([Promise.all(ended), this.#untilLate(timeoutMs)]);
    for (const lane of living) {
      if (!this.#syncs.has(`${lane.number}/end`)) continue;
      const cause = new LaneDrainTimeoutError(
        `it did not end within ${timeoutMs} ms: a handler keeps its thread.`,
      );
      log("error", "a lane is stuck and was ended", { lane: lane.number, error: cause.message });
      this.#failures.push({ lane: lane.number, cause });
    }
    await Promise.all(living.map(({ thread }) => thread.terminate()));
    if (this.#failures.length > 0) throw joinFailed(this.#failures);
  }

  /** Counted, not timed: a process that was frozen meanwhile must not blame its lanes, which were, too. */
  async #untilLate(timeoutMs: number): Promise<void> {
    for (let tick = 0; tick < ticksPerDrain; tick += 1) {
      await pause(this.#parts.clock, timeoutMs / ticksPerDrain);
    }
  }

  close(): void {
    this.#watch.end();
  }

  #living(): readonly Lane[] {
    return this.#lanes.filter(({ isGone }) => !isGone);
  }

  #stuck(lane: Lane): void {
    const { stuckMs, log } = this.#parts;
    const cause = new LaneDrainTimeoutError(
      `it showed no life for ${stuckMs} ms: a handler keeps its thread.`,
    );
    log("error", "a lane is stuck and is ended", { lane: lane.number, error: cause.message });
    this.#failures.push({ lane: lane.number, cause });
    void lane.thread.terminate();
  }

  /** Nothing of it runs any more: what it held is answered for it, and its shards want another home. */
  #gone(lane: Lane, cause: Error): void {
    if (lane.isGone) return;
    const left = lane.gone();
    const isFailure = this.#phase === "running";
    if (isFailure && !this.#failures.some((failure) => failure.lane === lane.number)) {
      this.#failures.push({ lane: lane.number, cause });
      const { message, stack } = cause;
      this.#parts.log("error", "a lane has failed", { lane: lane.number, error: message, stack });
    }
    for (const key of this.#syncs.keys()) {
      if (key.startsWith(`${lane.number}/`)) this.#done(key);
    }
    this.#answerInStead(lane, left, `Its lane has failed: ${cause.message}`);
    if (isFailure) this.#parts.failed(joinFailed([...this.#failures]));
  }

  #answerInStead(lane: Lane, left: ReturnType<Lane["gone"]>, why: string): void {
    for (const { requestId, wasTaken } of left) {
      this.#emit({ tag: "reply", requestId, reply: wasTaken ? lost : bounced });
    }
    for (const [handoffId, carrier] of this.#carrying) {
      if (carrier === lane) this.#forget(handoffId);
    }
    for (const { handoffId, ...shard } of [...lane.shards.values()]) {
      if (handoffId !== null) this.#emit({ tag: "capture-failed", ...shard, handoffId, why });
      this.#emit({ tag: "gave-up", ...shard, why });
    }
    lane.shards.clear();
  }

  // To the lanes

  post(message: ToExecutor): void {
    switch (message.tag) {
      case "request":
        return this.#request(message);
      case "cancel":
        return this.#lanes.find((lane) => lane.has(message.requestId))?.post(message);
      case "forget":
        this.#carrying.get(message.handoffId)?.post(message);
        return void this.#carrying.delete(message.handoffId);
      default:
        return this.#control(message);
    }
  }

  #request(message: Extract<ToExecutor, { tag: "request" }>): void {
    const { requestId, input } = message.request;
    const lane = this.#laneOf(message.request);
    const reply = (answer: typeof bounced): void =>
      this.#emit({ tag: "reply", requestId, reply: answer });
    if (lane === undefined || lane.isGone) return reply(bounced);
    // One that cannot cross would take all that cross with it along.
    const fault = inputFault(input);
    if (fault !== null) return reply(refuse(fault));
    if (lane.tryRequest(message)) return;
    this.#parts.drops.count("request", "full");
    reply(refuse(overloaded(`Too many requests wait for lane ${lane.number}; back off.`)));
  }

  /** What is said about a shard; for a lane that is gone, what it would say. */
  #control(message: Exclude<ToExecutor, { tag: "request" | "cancel" | "forget" }>): void {
    const lane = this.#laneOf(message);
    if (lane === undefined || lane.isGone) return this.#answerFor(message);
    if (message.tag === "open" || message.tag === "reopen") lane.opened(message);
    else if (message.tag === "drop") lane.closed(message);
    else if (message.tag !== "carry") lane.handsOff(message, message.handoffId);
    if (message.tag === "open" && message.carried !== null) this.#carrying.delete(message.carried);
    if (message.tag !== "carry") return lane.post(message);
    this.#carrying.set(message.handoffId, lane);
    // It may be a part of a frame's memory, which is not ours to give away.
    const bytes = message.bytes.slice();
    lane.post({ ...message, bytes }, [bytes.buffer]);
  }

  #answerFor(message: Exclude<ToExecutor, { tag: "request" | "cancel" | "forget" }>): void {
    const { group, shard } = message;
    switch (message.tag) {
      case "carry":
        return this.#forget(message.handoffId);
      case "open":
      case "reopen":
        return this.#emit({ tag: "gave-up", group, shard, epoch: message.epoch, why: noLane });
      case "drop":
        return this.#emit({ tag: "dropped", group, shard, epoch: message.epoch });
      case "copy":
      case "drain": {
        const { epoch, handoffId } = message;
        return this.#emit({ tag: "capture-failed", group, shard, epoch, handoffId, why: noLane });
      }
      default:
        message satisfies never;
    }
  }

  #forget(handoffId: string): void {
    this.#carrying.delete(handoffId);
    this.#emit({ tag: "carry-failed", handoffId, why: noLane });
  }

  #laneOf(ref: ShardRef): Lane | undefined {
    const lane = this.#route.laneOf(ref);
    return lane === null ? undefined : this.#lanes[lane];
  }

  // From the lanes

  onMessage(fn: (message: FromExecutor) => void): () => void {
    this.#listeners = [...this.#listeners, fn];
    return () => {
      this.#listeners = this.#listeners.filter((listener) => listener !== fn);
    };
  }

  /** Of each lane's last pulse. */
  stats(): ExecutorStats {
    const all = this.#living().map(({ gauges }) => gauges.stats());
    const sum = (key: keyof ExecutorStats): number =>
      all.reduce((total, one) => total + one[key], 0);
    return { entities: sum("entities"), waiting: sum("waiting"), running: sum("running") };
  }

  #emit(message: FromExecutor): void {
    for (const listener of this.#listeners) listener(message);
  }

  #from(lane: Lane, message: Exclude<FromLane, { tag: "ready" }>): void {
    const { drops, log, stored } = this.#parts;
    switch (message.tag) {
      case "reply":
        lane.replied(message.requestId);
        return this.#emit(message);
      case "captured":
      case "capture-failed":
        lane.handsOff(message, null);
        return this.#emit(message);
      case "call":
        return void this.#call(lane, message);
      case "cancel-call":
        return lane.calls.get(message.callId)?.abort();
      case "call-refused":
        return drops.count("request", "full");
      case "misrouted":
        return drops.count(message.what === "request" ? "request" : "control", "misrouted");
      case "stored":
        return stored(message);
      case "log":
        return log(message.level, message.message, { ...message.fields, lane: lane.number });
      case "synced":
        return this.#done(`${lane.number}/${message.number}`);
      case "ended":
        return this.#done(`${lane.number}/end`);
      default:
        return this.#emit(message);
    }
  }

  #done(key: string): void {
    const waiting = this.#syncs.get(key);
    this.#syncs.delete(key);
    waiting?.done();
  }

  async #call(lane: Lane, { callId, call }: Of<"call">): Promise<void> {
    const controller = new AbortController();
    lane.calls.set(callId, controller);
    try {
      const value = await this.#parts.call({ ...call, signal: controller.signal });
      lane.answer({ callId, ok: true, value });
    } catch (error) {
      lane.answer({ callId, ok: false, error: toWireError(error) });
    } finally {
      lane.calls.delete(callId);
    }
  }
}

/** Looks at how the lanes end, within the time that they have. */
const ticksPerDrain = 10;

function joinFailed(failures: LaneJoinFailedError["failures"]): LaneJoinFailedError {
  const each = failures.map(({ lane, cause }) => `lane ${lane}: ${cause.message}`).join("; ");
  const what = failures.length === 1 ? "A lane has" : `${failures.length} lanes have`;
  return new LaneJoinFailedError(`${what} failed: ${each}`, failures);
}

const noLane = "Its lane has failed.";
const lost = refuse(outcomeUnknown("The lane that ran it has failed."));
