import {
  MessageChannel,
  type MessagePort,
  receiveMessageOnPort,
  Worker,
} from "node:worker_threads";
import type { JournalOptions } from "../adapters/postgres/index.ts";
import { monotonicOriginMs } from "../adapters/system-clock.ts";
import type {
  AnswerToLane,
  FromLane,
  LaneSetup,
  LaneThread,
  LaneThreads,
  ToLane,
} from "../runtime/lanes/lane-messages.ts";
import type { LaneGateData, LaneGateSource } from "./lane-gate.ts";

/** What a lane's thread is started with. */
export interface LaneData {
  readonly setup: LaneSetup;
  /** The module with the entities. */
  readonly entities: string;
  /** Where the main thread's clock begins. @unit milliseconds */
  readonly clockOriginMs: number;
  /** Null: no entity is durable. */
  readonly journal: JournalOptions | null;
  /** Null: nothing is broken on purpose. */
  readonly gate: LaneGateData | null;
  /** What the lane says, and the answers to its calls: not behind the requests, which come the other way. */
  readonly replies: MessagePort;
}

export interface LaneThreadsOptions
  extends Pick<LaneThreads, "lanes" | "inboxCapacity" | "drainTimeoutMs"> {
  readonly entities: URL;
  readonly journal: JournalOptions | null;
  /** @default none */
  readonly gate?: LaneGateSource;
}

/** Lanes as threads of this process. */
export const createLaneThreads = (options: LaneThreadsOptions): LaneThreads => ({
  ...options,
  spawn: (setup) => new WorkerLane(setup, options),
});

class WorkerLane implements LaneThread {
  readonly #worker: Worker;
  readonly #replies: MessagePort;
  #cause: Error | null = null;
  #hear: (batch: readonly FromLane[]) => void = () => undefined;

  constructor(setup: LaneSetup, { entities, journal, gate }: LaneThreadsOptions) {
    const { port1, port2 } = new MessageChannel();
    this.#replies = port1;
    const data: LaneData = {
      ...{ setup, entities: entities.href, journal, replies: port2 },
      gate: gate === undefined ? null : { module: gate.module.href, memory: gate.memory },
      clockOriginMs: monotonicOriginMs(),
    };
    this.#worker = new Worker(new URL("./lane-main.ts", import.meta.url), {
      ...{ name: `lane ${setup.lane}`, workerData: data, transferList: [port2] },
    });
    this.#worker.on("error", (error: unknown) => {
      this.#cause = error instanceof Error ? error : new Error(String(error));
    });
  }

  post(batch: readonly ToLane[], transfer: readonly ArrayBuffer[]): void {
    this.#worker.postMessage(batch, transfer);
  }

  answer(batch: readonly AnswerToLane[]): void {
    this.#replies.postMessage(batch);
  }

  onMessages(fn: (batch: readonly FromLane[]) => void): void {
    this.#hear = fn;
    this.#replies.on("message", fn);
  }

  onExit(fn: (cause: Error | null) => void): void {
    this.#worker.once("exit", () => {
      // What it said before its end counts.
      for (let last = receiveMessageOnPort(this.#replies); last !== undefined; ) {
        this.#hear(last.message as readonly FromLane[]);
        last = receiveMessageOnPort(this.#replies);
      }
      this.#replies.close();
      fn(this.#cause);
    });
  }

  async terminate(): Promise<void> {
    await this.#worker.terminate();
  }
}
