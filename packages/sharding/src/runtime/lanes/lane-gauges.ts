import type { ExecutorStats } from "../entities/executor.ts";

const words = 5;
const takenWord = 0;
const pulseWord = 1;
const entitiesWord = 2;
const waitingWord = 3;
const runningWord = 4;

/** What a lane lets the main thread see of it at any time, in shared memory: a message would wait for a lane that is busy. */
export class LaneGauges {
  readonly shared: SharedArrayBuffer;
  readonly #words: Int32Array;

  constructor(shared: SharedArrayBuffer = new SharedArrayBuffer(4 * words)) {
    this.shared = shared;
    this.#words = new Int32Array(shared);
  }

  /** How many requests the lane has taken from its inbox, modulo 2^32. */
  get taken(): number {
    return Atomics.load(this.#words, takenWord);
  }

  take(): void {
    Atomics.add(this.#words, takenWord, 1);
  }

  /** Stands still while the lane is stuck. */
  get pulse(): number {
    return Atomics.load(this.#words, pulseWord);
  }

  beat({ entities, waiting, running }: ExecutorStats): void {
    Atomics.store(this.#words, entitiesWord, entities);
    Atomics.store(this.#words, waitingWord, waiting);
    Atomics.store(this.#words, runningWord, running);
    Atomics.add(this.#words, pulseWord, 1);
  }

  /** As of its last pulse. */
  stats(): ExecutorStats {
    return {
      entities: Atomics.load(this.#words, entitiesWord),
      waiting: Atomics.load(this.#words, waitingWord),
      running: Atomics.load(this.#words, runningWord),
    };
  }
}
