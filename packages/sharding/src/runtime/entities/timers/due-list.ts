import type { DueTimer } from "../../../ports/timers.ts";

export interface Entry {
  readonly timer: DueTimer;
  /** When it is to fire. @unit milliseconds on the server's clock */
  readonly atMs: number;
}

export const timerKey = ({
  type,
  namespace,
  id,
  name,
}: Omit<DueTimer, "group" | "shard">): string => JSON.stringify([type, namespace, id, name]);

/** Timers that wait for their time, each once, the first one first. */
export class DueList {
  readonly #entries: Entry[] = [];
  readonly #byKey = new Map<string, Entry>();

  get size(): number {
    return this.#entries.length;
  }

  get first(): Entry | undefined {
    return this.#entries[0];
  }

  /** In the place of the one that it had. */
  set(entry: Entry): void {
    const key = timerKey(entry.timer);
    this.delete(key);
    this.#byKey.set(key, entry);
    this.#entries.splice(this.#placeOf(entry.atMs), 0, entry);
  }

  delete(key: string): void {
    const entry = this.#byKey.get(key);
    if (entry === undefined) return;
    this.#byKey.delete(key);
    this.#entries.splice(this.#entries.indexOf(entry, this.#firstAt(entry.atMs)), 1);
  }

  all(): readonly Entry[] {
    return [...this.#entries];
  }

  /** After all that are due at that time or before. */
  #placeOf(atMs: number): number {
    return this.#search((entry) => entry.atMs <= atMs);
  }

  #firstAt(atMs: number): number {
    return this.#search((entry) => entry.atMs < atMs);
  }

  /** How many entries at the list's beginning are so. */
  #search(isBefore: (entry: Entry) => boolean): number {
    let low = 0;
    let high = this.#entries.length;
    while (low < high) {
      const middle = (low + high) >>> 1;
      if (isBefore(this.#entries[middle] as Entry)) low = middle + 1;
      else high = middle;
    }
    return low;
  }
}
