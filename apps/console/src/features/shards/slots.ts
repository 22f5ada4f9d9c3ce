import type { Lanes } from "../../live/lanes.ts";

/**
 * Which cell of a lane a shard stands in. In a map of numbered tiles the cells are in the order of
 * their numbers. In a map of beads nobody reads numbers, and order would cost: one shard that leaves
 * would shift all cells behind it. There the last cell of the lane fills the hole, so that a change
 * repaints two cells and not a thousand.
 */
export class Slots {
  readonly #isOrdered: boolean;
  readonly #owned: Lanes;
  readonly #lanes = new Map<string, number[]>();
  readonly #indexOf = new Map<number, number>();

  constructor(owned: Lanes, isOrdered: boolean) {
    this.#owned = owned;
    this.#isOrdered = isOrdered;
    for (const key of owned.keys()) {
      const lane = [...owned.of(key)];
      this.#lanes.set(key, lane);
      for (const [index, flat] of lane.entries()) this.#indexOf.set(flat, index);
    }
  }

  of(key: string): readonly number[] {
    return this.#lanes.get(key) ?? [];
  }

  indexOf(flat: number): number {
    return this.#indexOf.get(flat) ?? -1;
  }

  /** Follows a move; `touched` is told every cell that shows something else now. */
  move(
    flat: number,
    from: string,
    to: string,
    touched: (key: string, index: number) => void,
  ): void {
    if (this.#isOrdered) {
      this.#reread(from, touched);
      this.#reread(to, touched);
      return;
    }
    const source = this.#laneOf(from);
    const hole = this.#indexOf.get(flat);
    const last = source.length - 1;
    const filler = source.pop();
    if (hole !== undefined && filler !== undefined) {
      if (filler !== flat) {
        source[hole] = filler;
        this.#indexOf.set(filler, hole);
        touched(from, hole);
      }
      touched(from, last);
    }
    const target = this.#laneOf(to);
    target.push(flat);
    this.#indexOf.set(flat, target.length - 1);
    touched(to, target.length - 1);
  }

  #reread(key: string, touched: (key: string, index: number) => void): void {
    const before = this.of(key).length;
    const lane = [...this.#owned.of(key)];
    this.#lanes.set(key, lane);
    for (const [index, flat] of lane.entries()) this.#indexOf.set(flat, index);
    for (let index = 0; index < Math.max(before, lane.length); index++) touched(key, index);
  }

  #laneOf(key: string): number[] {
    const lane = this.#lanes.get(key) ?? [];
    this.#lanes.set(key, lane);
    return lane;
  }
}
