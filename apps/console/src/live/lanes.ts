/** Sorted lists of shard numbers per node: a lane keeps its order, so that cells do not wander. */
export class Lanes {
  readonly #lanes = new Map<string, number[]>();

  of(key: string): readonly number[] {
    return this.#lanes.get(key) ?? [];
  }

  keys(): Iterable<string> {
    return this.#lanes.keys();
  }

  add(key: string, flat: number): void {
    const lane = this.#lanes.get(key);
    if (lane === undefined) {
      this.#lanes.set(key, [flat]);
      return;
    }
    const at = lowerBound(lane, flat);
    if (lane[at] !== flat) lane.splice(at, 0, flat);
  }

  remove(key: string, flat: number): void {
    const lane = this.#lanes.get(key);
    if (lane === undefined) return;
    const at = lowerBound(lane, flat);
    if (lane[at] === flat) lane.splice(at, 1);
  }

  clear(): void {
    this.#lanes.clear();
  }
}

/** The position of `value` in a sorted list, or where it would stand. */
function lowerBound(sorted: readonly number[], value: number): number {
  let low = 0;
  let high = sorted.length;
  while (low < high) {
    const middle = (low + high) >> 1;
    if ((sorted[middle] ?? 0) < value) low = middle + 1;
    else high = middle;
  }
  return low;
}
