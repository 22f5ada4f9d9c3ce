import { type Epoch, type ShardRef, shardKey } from "../../core/ids.ts";
import type { ToExecutor } from "../entities/executor-messages.ts";
import { LaneGauges } from "./lane-gauges.ts";
import type { AnswerToLane, LaneSetup, LaneThread, ToLane } from "./lane-messages.ts";
import { Outbox } from "./outbox.ts";

type Request = Extract<ToExecutor, { tag: "request" }>;

export interface OpenShard extends ShardRef {
  readonly epoch: Epoch;
  /** The handoff that the lane has been told of and has not answered to the end. */
  readonly handoffId: string | null;
}

/**
 * One lane as the main thread sees it: what is under way to it, and what it holds.
 *
 * Its inbox is bounded in requests, by how many it has taken, which it says in shared memory. What is said about shards
 * is bounded by the region, goes the same way and always fits: a request must not overtake its shard's `open`, nor
 * come to it after `drain`.
 */
export class Lane {
  readonly number: number;
  readonly gauges: LaneGauges;
  readonly thread: LaneThread;
  readonly shards = new Map<string, OpenShard>();
  /** Calls of its handlers that are under way. */
  readonly calls = new Map<number, AbortController>();
  isGone = false;
  readonly #outbox: Outbox<ToLane>;
  readonly #answers: Outbox<AnswerToLane>;
  readonly #capacity: number;
  /** Requests without a reply, and how many had been posted with each. */
  readonly #inFlight = new Map<number, number>();
  /** As many as were posted, modulo 2^32. */
  #posted = 0;

  constructor(setup: LaneSetup, thread: LaneThread, capacity: number) {
    this.number = setup.lane;
    this.gauges = new LaneGauges(setup.gauges);
    this.thread = thread;
    this.#capacity = capacity;
    this.#outbox = new Outbox((batch, transfer) => {
      if (!this.isGone) thread.post(batch, transfer);
    });
    this.#answers = new Outbox((batch) => {
      if (!this.isGone) thread.answer(batch);
    });
  }

  /** @returns false where its inbox is full. */
  tryRequest(message: Request): boolean {
    if (((this.#posted - this.gauges.taken) | 0) >= this.#capacity) return false;
    this.#posted = (this.#posted + 1) | 0;
    this.#inFlight.set(message.request.requestId, this.#posted);
    this.#outbox.add(message);
    return true;
  }

  post(message: ToLane, transfer?: readonly ArrayBuffer[]): void {
    this.#outbox.add(message, transfer);
  }

  answer(message: AnswerToLane): void {
    this.#answers.add(message);
  }

  has(requestId: number): boolean {
    return this.#inFlight.has(requestId);
  }

  replied(requestId: number): void {
    this.#inFlight.delete(requestId);
  }

  opened({ group, shard, epoch }: ShardRef & { readonly epoch: Epoch }): void {
    this.shards.set(shardKey({ group, shard }), { group, shard, epoch, handoffId: null });
  }

  /** @param handoffId null: it has been answered. */
  handsOff(ref: ShardRef, handoffId: string | null): void {
    const open = this.shards.get(shardKey(ref));
    if (open !== undefined) this.shards.set(shardKey(ref), { ...open, handoffId });
  }

  closed(ref: ShardRef): void {
    this.shards.delete(shardKey(ref));
  }

  /** Nothing of it runs any more. @returns the requests that it leaves behind, and whether it had taken each. */
  gone(): readonly { readonly requestId: number; readonly wasTaken: boolean }[] {
    this.isGone = true;
    for (const controller of this.calls.values()) controller.abort();
    this.calls.clear();
    const { taken } = this.gauges;
    const left = [...this.#inFlight].map(([requestId, place]) => ({
      requestId,
      wasTaken: ((place - taken) | 0) <= 0,
    }));
    this.#inFlight.clear();
    return left;
  }
}
