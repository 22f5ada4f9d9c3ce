import type { ShardRef } from "../../core/ids.ts";
import { CancelledError, OverloadedError } from "../../errors.ts";
import type { LogFn } from "../../node-api.ts";
import type { Clock } from "../../ports/clock.ts";
import type { Journal } from "../../ports/journal.ts";
import type { Catalog } from "../entities/catalog.ts";
import type { EntityCall } from "../entities/context.ts";
import { createLocalExecutor, type LocalExecutor } from "../entities/executor.ts";
import type { FromExecutor } from "../entities/executor-messages.ts";
import { inputFault } from "../entities/input.ts";
import { bounced } from "../entities/replies.ts";
import { fromWireError } from "../entities/wire-error.ts";
import { inSlices, shortSliceMs } from "../in-slices.ts";
import { pause } from "../pause.ts";
import { LaneGauges } from "./lane-gauges.ts";
import { LaneGuard } from "./lane-guard.ts";
import type { AnswerToLane, FromLane, LaneLink, LaneSetup, ToLane } from "./lane-messages.ts";
import { LaneRoute } from "./lane-route.ts";
import { laneTypes } from "./lane-types.ts";
import { Outbox } from "./outbox.ts";
import { OwnershipTable } from "./ownership-table.ts";

export interface LaneHostParts {
  readonly setup: LaneSetup;
  readonly catalog: Catalog;
  /** Counts from where the main thread's does. */
  readonly clock: Clock;
  readonly link: LaneLink;
  /** The lane's own; null where no entity is durable. */
  readonly journal: Journal | null;
}

/** How often a lane says that it lives. @unit milliseconds */
const pulseMs = 50;
/** Calls of handlers that have no answer yet. */
const callsLimit = 10_000;
/** Between two looks at whether everything has been answered. @unit milliseconds */
const endPollMs = 5;

/** What the end of the journal may take, and half of what the lane still has at most. @unit milliseconds */
const farewellMs = 500;

interface OpenCall {
  resolve(value: unknown): void;
  reject(error: Error): void;
  unlisten(): void;
}

/** A lane, in its thread: runs the entities of its shards, by what its inbox says. */
export class LaneHost {
  readonly #parts: LaneHostParts;
  readonly #executor: LocalExecutor;
  readonly #route: LaneRoute;
  readonly #gauges: LaneGauges;
  readonly #outbox: Outbox<FromLane>;
  readonly #calls = new Map<number, OpenCall>();
  #inbox: ToLane[] = [];
  #isTaking = false;
  #lastCallId = 0;
  #cancelPulse: (() => void) | null = null;

  constructor(parts: LaneHostParts) {
    const { setup, catalog, clock, link, journal } = parts;
    this.#parts = parts;
    this.#route = new LaneRoute(setup.ownership.groups, setup.lanes);
    this.#gauges = new LaneGauges(setup.gauges);
    this.#outbox = new Outbox((batch, transfer) => link.post(batch, transfer));
    const log: LogFn = (level, message, fields) =>
      this.#outbox.add({ tag: "log", level, message, fields });
    const stored = ({ group, shard }: ShardRef): void =>
      this.#outbox.add({ tag: "stored", group, shard });
    this.#executor = createLocalExecutor({
      ...{ catalog, clock, isTimed: setup.isTimed },
      guard: new LaneGuard(new OwnershipTable(setup.ownership), clock),
      durable: journal === null ? undefined : { journal, nodeId: setup.nodeId, log, stored },
      call: (call) => this.#call(call),
    });
    this.#executor.onMessage((message) => this.#outbox.add(message, givenAway(message)));
  }

  start(): void {
    const { link, catalog } = this.#parts;
    link.onInbox((batch) => this.#receive(batch));
    link.onAnswers((batch) => {
      for (const answer of batch) this.#answered(answer);
    });
    this.#pulse();
    this.#outbox.add({ tag: "ready", types: laneTypes(catalog.types.values()) });
  }

  /** Timers, answers and the journal have their turns in between, and replies leave. */
  #receive(batch: readonly ToLane[]): void {
    for (const message of batch) this.#inbox.push(message);
    if (this.#isTaking) return;
    this.#isTaking = true;
    let taken = 0;
    const step = (): boolean => {
      const message = this.#inbox[taken];
      taken += 1;
      if (message !== undefined) this.#take(message);
      if (taken < this.#inbox.length) return true;
      this.#inbox = [];
      this.#isTaking = false;
      return false;
    };
    inSlices(this.#parts.clock, step, shortSliceMs);
  }

  #take(message: ToLane): void {
    if (message.tag === "request") this.#gauges.take();
    if (message.tag === "sync") {
      this.#outbox.add({ tag: "synced", number: message.number });
    } else if (message.tag === "end") {
      this.#end(message);
    } else if (this.#isMisrouted(message)) {
      this.#misrouted(message);
    } else this.#executor.post(message);
  }

  #isMisrouted(message: ToLane): boolean {
    const { lane } = this.#parts.setup;
    if (message.tag === "request") return this.#route.laneOf(message.request) !== lane;
    return "group" in message && this.#route.laneOf(message) !== lane;
  }

  #misrouted(message: ToLane): void {
    const { lane, isStrict } = this.#parts.setup;
    if (isStrict) {
      throw new Error(
        `Lane ${lane} was sent a message of another lane: ${JSON.stringify(message)}`,
      );
    }
    this.#outbox.add({ tag: "misrouted", what: message.tag });
    if (message.tag !== "request") return;
    this.#outbox.add({ tag: "reply", requestId: message.request.requestId, reply: bounced });
  }

  // Calls of handlers

  #call({ signal, ...call }: EntityCall): Promise<unknown> {
    if (signal.aborted) return Promise.reject(new CancelledError("The caller gave up."));
    const fault = inputFault(call.input);
    if (fault !== null) return Promise.reject(fromWireError(fault));
    if (this.#calls.size >= callsLimit) {
      this.#outbox.add({ tag: "call-refused" });
      const message = `${callsLimit} calls of handlers wait for an answer in this lane; back off.`;
      return Promise.reject(new OverloadedError(message));
    }
    this.#lastCallId += 1;
    const callId = this.#lastCallId;
    return new Promise((resolve, reject) => {
      const abort = (): void => this.#outbox.add({ tag: "cancel-call", callId });
      signal.addEventListener("abort", abort, { once: true });
      const unlisten = (): void => signal.removeEventListener("abort", abort);
      this.#calls.set(callId, { resolve, reject, unlisten });
      this.#outbox.add({ tag: "call", callId, call });
    });
  }

  #answered(answer: AnswerToLane): void {
    const open = this.#calls.get(answer.callId);
    if (open === undefined) return;
    this.#calls.delete(answer.callId);
    open.unlisten();
    if (answer.ok) open.resolve(answer.value);
    else open.reject(fromWireError(answer.error));
  }

  // Life

  #pulse(): void {
    this.#gauges.beat(this.#executor.stats());
    this.#cancelPulse = this.#parts.clock.after(pulseMs, () => this.#pulse());
  }

  #end({ abortAtMs, untilMs }: Extract<ToLane, { tag: "end" }>): void {
    const { clock } = this.#parts;
    const look = (): void => {
      const { running, waiting } = this.#executor.stats();
      if (running + waiting === 0 || clock.monotonicMs() >= abortAtMs) {
        void this.#letGo(untilMs);
      } else clock.after(endPollMs, look);
    };
    look();
  }

  async #letGo(untilMs: number): Promise<void> {
    for (const { group, shard, epoch } of this.#executor.describe()) {
      this.#executor.post({ tag: "drop", group, shard, epoch });
    }
    this.#executor.close();
    this.#cancelPulse?.();
    // A farewell to Postgres, unless nobody answers it.
    const { journal, clock } = this.#parts;
    const byeMs = Math.max(0, Math.min(farewellMs, (untilMs - clock.monotonicMs()) / 2));
    if (journal !== null) await Promise.race([journal.close(), pause(clock, byeMs)]);
    this.#outbox.add({ tag: "ended" });
    this.#outbox.flush();
  }
}

/** Copied state is large, and the lane has no more use for it. What was captured it may have to say again. */
const givenAway = (message: FromExecutor): readonly ArrayBuffer[] =>
  message.tag === "copied" ? message.chunks.map((chunk) => chunk.buffer as ArrayBuffer) : [];
