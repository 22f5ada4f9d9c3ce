interface Event {
  readonly atMs: number;
  /** Of setting: events of one instant run in the order in which they were set. */
  readonly order: number;
  readonly fn: () => void;
  isCancelled: boolean;
}

/** Far above what a run needs. */
const eventLimit = 2_000_000;

/**
 * True time, which nobody in the simulation can read, and all that is going to happen in it.
 *
 * One event at a time; every promise that an event settles is followed to its end before the next one,
 * so the order of events is the only order there is.
 */
export class Timeline {
  nowMs = 0;
  events = 0;
  readonly #heap: Event[] = [];
  #order = 0;

  /** @returns cancels it. */
  after(delayMs: number, fn: () => void): () => void {
    this.#order += 1;
    const atMs = this.nowMs + Math.max(0, delayMs);
    const event: Event = { atMs, order: this.#order, fn, isCancelled: false };
    this.#push(event);
    return () => {
      event.isCancelled = true;
    };
  }

  /** Lets time pass up to `endMs`, calling `look` after each event. */
  async run(endMs: number, look: () => void): Promise<void> {
    for (let first = this.#heap[0]; first !== undefined && first.atMs <= endMs; ) {
      this.#pop();
      if (!first.isCancelled) {
        this.nowMs = first.atMs;
        this.events += 1;
        if (this.events > eventLimit)
          throw new Error(`More than ${eventLimit} events: time stands still.`);
        first.fn();
        await settled();
        look();
      }
      first = this.#heap[0];
    }
    this.nowMs = endMs;
  }

  #push(event: Event): void {
    const heap = this.#heap;
    let at = heap.length;
    while (at > 0) {
      const parent = (at - 1) >> 1;
      const above = heap[parent] as Event;
      if (isBefore(above, event)) break;
      heap[at] = above;
      at = parent;
    }
    heap[at] = event;
  }

  #pop(): void {
    const heap = this.#heap;
    const last = heap.pop() as Event;
    if (heap.length === 0) return;
    let at = 0;
    for (;;) {
      let child = 2 * at + 1;
      if (child >= heap.length) break;
      const right = heap[child + 1];
      if (right !== undefined && isBefore(right, heap[child] as Event)) child += 1;
      const below = heap[child] as Event;
      if (isBefore(last, below)) break;
      heap[at] = below;
      at = child;
    }
    heap[at] = last;
  }
}

const isBefore = (a: Event, b: Event): boolean =>
  a.atMs < b.atMs || (a.atMs === b.atMs && a.order < b.order);

/** Every promise that can go on has gone on. */
const settled = (): Promise<void> =>
  new Promise((resolve) => {
    setImmediate(resolve);
  });
