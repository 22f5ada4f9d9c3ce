export interface BatchesOptions<T, R> {
  /** Sends a batch; one result per item, in their order. Never called while a batch is under way. */
  readonly send: (items: readonly T[]) => Promise<readonly R[]>;
  /** Most items of a batch. */
  readonly limit: number;
  /** Most weight of a batch; one item that is heavier goes alone. */
  readonly weightLimit: number;
  readonly weigh: (item: T) => number;
}

interface Waiting<T, R> {
  readonly item: T;
  readonly resolve: (result: R) => void;
  readonly reject: (why: unknown) => void;
}

/**
 * One call at a time, for everything that waits: under load the batches grow by themselves to what one
 * round trip is worth, and without load nobody waits for company.
 */
export class Batches<T, R> {
  readonly #options: BatchesOptions<T, R>;
  #waiting: Waiting<T, R>[] = [];
  #busy = false;

  constructor(options: BatchesOptions<T, R>) {
    this.#options = options;
  }

  /** Rejects with what `send` rejects with, as do all of its batch. */
  add(item: T): Promise<R> {
    return new Promise((resolve, reject) => {
      this.#waiting.push({ item, resolve, reject });
      if (this.#busy) return;
      this.#busy = true;
      // What is added in the same turn goes along.
      queueMicrotask(() => void this.#run());
    });
  }

  async #run(): Promise<void> {
    while (this.#waiting.length > 0) {
      const batch = this.#take();
      try {
        const results = await this.#options.send(batch.map(({ item }) => item));
        for (const [index, { resolve }] of batch.entries()) resolve(results[index] as R);
      } catch (error) {
        for (const { reject } of batch) reject(error);
      }
    }
    this.#busy = false;
  }

  #take(): readonly Waiting<T, R>[] {
    const { limit, weigh, weightLimit } = this.#options;
    let count = 0;
    let weight = 0;
    for (const { item } of this.#waiting) {
      weight += weigh(item);
      if (count > 0 && (count === limit || weight > weightLimit)) break;
      count += 1;
    }
    return this.#waiting.splice(0, count);
  }
}
