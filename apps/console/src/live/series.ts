/** One step of a series. @unit milliseconds */
export const stepMs = 2_000;
/** So many are kept: five minutes. */
export const steps = 150;

/** The last five minutes of one figure, a value a step; where nothing was heard there is NaN. */
export class Series {
  readonly #values = new Float32Array(steps).fill(Number.NaN);
  #newest = Number.NEGATIVE_INFINITY;

  get newest(): number {
    return this.#newest;
  }

  /** @param step since the clock began; an older one than the newest is late and left out. */
  put(step: number, value: number): void {
    if (step < this.#newest) return;
    const first = Math.max(this.#newest + 1, step - steps + 1);
    for (let it = first; it <= step; it++) this.#values[it % steps] = Number.NaN;
    this.#newest = step;
    this.#values[step % steps] = value;
  }

  at(step: number): number {
    if (step > this.#newest || step <= this.#newest - steps || step < 0) return Number.NaN;
    return this.#values[step % steps] ?? Number.NaN;
  }

  /** Up to a step, oldest first. */
  upTo(last: number): Float32Array {
    return Float32Array.from({ length: steps }, (_, index) => this.at(last - steps + 1 + index));
  }
}

export const stepOf = (nowMs: number): number => Math.floor(nowMs / stepMs);
