import type { MemoryBackend } from "./memory-backends.ts";

interface Waiting {
  readonly by: MemoryBackend;
  readonly keys: readonly string[];
  /** How many of the keys it has. */
  held: number;
  readonly then: () => void;
}

/** Row locks of sessions: taken one after the other, kept while the session waits for the next one. */
export class RowLocks {
  readonly #holders = new Map<string, MemoryBackend>();
  #waiting: Waiting[] = [];

  areFree(keys: readonly string[]): boolean {
    return !keys.some((key) => this.#holders.has(key));
  }

  /** Takes the locks in the order given, and then calls `then`: at once, or when others let go. */
  take(by: MemoryBackend, keys: readonly string[], then: () => void): void {
    this.#advance({ by, keys, held: 0, then });
  }

  /** Lets go of everything that a session holds or waits for. */
  release(by: MemoryBackend): void {
    for (const [key, holder] of this.#holders) if (holder === by) this.#holders.delete(key);
    const waiting = this.#waiting.filter((one) => one.by !== by);
    this.#waiting = [];
    for (const one of waiting) this.#advance(one);
  }

  #advance(one: Waiting): void {
    for (let key = one.keys[one.held]; key !== undefined; key = one.keys[one.held]) {
      if (this.#holders.has(key)) {
        this.#waiting.push(one);
        return;
      }
      this.#holders.set(key, one.by);
      one.held += 1;
    }
    one.then();
  }
}
