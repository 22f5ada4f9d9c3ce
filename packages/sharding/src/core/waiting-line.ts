/** What a waiting line needs to know of a request. */
export interface Waiting {
  /** Grows with each request of this sender; a request keeps it when it is sent again. */
  readonly order: number;
  /** Approximate size in memory, always the same. Asked only when the request has to wait. @unit bytes */
  size(): number;
}

/** Bounds of what waits for one shard. */
export interface LineLimits {
  readonly messages: number;
  readonly bytes: number;
}

/** Bytes that may wait for all shards together: ten thousand full buffers would not fit. */
export class Budget {
  #left: number;
  constructor(bytes: number) {
    this.#left = bytes;
  }
  /** @returns false, and takes nothing, where it does not fit. */
  take(bytes: number): boolean {
    if (bytes > this.#left) return false;
    this.#left -= bytes;
    return true;
  }
  /** Takes even where it does not fit. */
  force(bytes: number): void {
    this.#left -= bytes;
  }
  give(bytes: number): void {
    this.#left += bytes;
  }
}

/**
 * The requests that wait for one shard's home, in the order in which they go out: first those that came
 * back unexecuted, in their old order, then those that were never sent.
 *
 * Each of the former was sent before any of the latter was offered, so the whole is sorted by `order`.
 */
export class WaitingLine<R extends Waiting> {
  readonly #limits: LineLimits;
  readonly #budget: Budget;
  /** Sorted by `order`. */
  readonly #returned: R[] = [];
  /** In order of arrival. */
  readonly #held = new Set<R>();
  #bytes = 0;

  constructor(limits: LineLimits, budget: Budget) {
    this.#limits = limits;
    this.#budget = budget;
  }

  get length(): number {
    return this.#returned.length + this.#held.size;
  }

  /** A new request. @returns false, and keeps nothing, where it exceeds a bound. */
  hold(request: R): boolean {
    const bytes = request.size();
    const { messages, bytes: maxBytes } = this.#limits;
    if (this.length >= messages || this.#bytes + bytes > maxBytes) return false;
    if (!this.#budget.take(bytes)) return false;
    this.#bytes += bytes;
    this.#held.add(request);
    return true;
  }

  /** An unexecuted one comes back. It was accepted before: it may exceed the bounds, and new ones pay. */
  putBack(request: R): void {
    let index = this.#returned.length;
    while (index > 0 && (this.#returned[index - 1] as R).order > request.order) index -= 1;
    this.#returned.splice(index, 0, request);
    const bytes = request.size();
    this.#bytes += bytes;
    this.#budget.force(bytes);
  }

  takeFirst(): R | null {
    const request = this.#returned[0] ?? this.#firstHeld();
    if (request !== null) this.remove(request);
    return request;
  }

  /** The request is in the line. */
  remove(request: R): void {
    if (!this.#held.delete(request)) this.#returned.splice(this.#returned.indexOf(request), 1);
    const bytes = request.size();
    this.#bytes -= bytes;
    this.#budget.give(bytes);
  }

  #firstHeld(): R | null {
    for (const request of this.#held) return request;
    return null;
  }
}
