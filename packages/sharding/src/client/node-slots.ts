interface Slots {
  taken: number;
  /** Of those that wait, in order: what lets each in. */
  readonly waiting: Set<() => void>;
}

/**
 * Bounds how many commands one node is asked at a time; others wait their turn. A node drops connections that come
 * faster than it takes them, and then nobody knows what became of their commands.
 */
export class NodeSlots {
  readonly #limit: number;
  readonly #waitingLimit: number;
  readonly #nodes = new Map<string, Slots>();

  constructor(limit: number, waitingLimit: number) {
    this.#limit = limit;
    this.#waitingLimit = waitingLimit;
  }

  /** @returns false where it took too long, was aborted, or too many wait already. Else `leave` must follow. */
  async enter(node: string, leftMs: number, signal: AbortSignal | undefined): Promise<boolean> {
    const slots = this.#nodes.get(node) ?? { taken: 0, waiting: new Set() };
    this.#nodes.set(node, slots);
    if (slots.taken < this.#limit) {
      slots.taken += 1;
      return true;
    }
    if (slots.waiting.size >= this.#waitingLimit) return false;
    const { promise, resolve } = Promise.withResolvers<boolean>();
    const letIn = (): void => resolve(true);
    // At once, so that no slot is given to one who has gone.
    const giveUp = (): void => {
      if (slots.waiting.delete(letIn)) resolve(false);
    };
    slots.waiting.add(letIn);
    const timer = setTimeout(giveUp, leftMs);
    signal?.addEventListener("abort", giveUp);
    const isIn = await promise;
    clearTimeout(timer);
    signal?.removeEventListener("abort", giveUp);
    return isIn;
  }

  /** The slot goes to whoever waits longest. */
  leave(node: string): void {
    const slots = this.#nodes.get(node);
    if (slots === undefined) return;
    const [next] = slots.waiting;
    if (next !== undefined) {
      slots.waiting.delete(next);
      return next();
    }
    slots.taken -= 1;
    if (slots.taken === 0) this.#nodes.delete(node);
  }
}
