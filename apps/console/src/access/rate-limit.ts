/** So many keys are watched at once; whoever comes on top takes the place of the one idle longest. */
const keysWatched = 10_000;

export interface RateLimitOptions {
  /** How many at once. */
  readonly burst: number;
  /** How soon one of them comes back. @unit milliseconds */
  readonly everyMs: number;
  readonly nowMs?: () => number;
}

/** A bucket of tokens for each key, in bounded memory. */
export class RateLimit {
  readonly #burst: number;
  readonly #everyMs: number;
  readonly #nowMs: () => number;
  /** When the bucket is full again. In the order of use. */
  readonly #fullAtMs = new Map<string, number>();

  constructor({ burst, everyMs, nowMs = () => performance.now() }: RateLimitOptions) {
    this.#burst = burst;
    this.#everyMs = everyMs;
    this.#nowMs = nowMs;
  }

  /** @returns 0 where it may go on, else how long to wait. @unit milliseconds */
  take(key: string): number {
    const nowMs = this.#nowMs();
    const fullAtMs = Math.max(nowMs, this.#fullAtMs.get(key) ?? nowMs);
    const waitMs = fullAtMs + this.#everyMs - (nowMs + this.#burst * this.#everyMs);
    if (waitMs > 0) return waitMs;
    this.#fullAtMs.delete(key);
    this.#fullAtMs.set(key, fullAtMs + this.#everyMs);
    if (this.#fullAtMs.size > keysWatched) {
      const [oldest] = this.#fullAtMs.keys();
      if (oldest !== undefined) this.#fullAtMs.delete(oldest);
    }
    return 0;
  }
}
