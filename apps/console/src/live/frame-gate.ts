/** So much is kept back; beyond, the relay is asked again from where the page stands. */
const limits = { entries: 50_000, frames: 6_000 };

/**
 * Keeps the relay's frames back while the page is paused, in their order: nothing of the page changes,
 * and nothing is lost. Entries count what waits; beliefs wait too, uncounted.
 */
export class FrameGate {
  readonly #limits: typeof limits;
  #held: (() => void)[] | null = null;
  #waiting = 0;
  #isOverfull = false;

  constructor(wish: Partial<typeof limits> = {}) {
    this.#limits = { ...limits, ...wish };
  }

  get isHeld(): boolean {
    return this.#held !== null;
  }

  /** Log entries kept back, also those that were dropped for their number. */
  get waiting(): number {
    return this.#waiting;
  }

  pass(entries: number, apply: () => void): void {
    if (this.#held === null) {
      apply();
      return;
    }
    this.#waiting += entries;
    const { entries: mostEntries, frames } = this.#limits;
    if (this.#waiting > mostEntries || this.#held.length >= frames) {
      this.#isOverfull = true;
      this.#held.length = 0;
    }
    if (!this.#isOverfull) this.#held.push(apply);
  }

  hold(): void {
    this.#held ??= [];
  }

  /** A new line to the relay begins where the page stands: what waited comes again. */
  restart(): void {
    if (this.#held !== null) this.#held = [];
    this.#waiting = 0;
    this.#isOverfull = false;
  }

  /** Applies what waited. `overfull`: too much, ask the relay again. */
  release(): "applied" | "overfull" {
    const held = this.#held ?? [];
    const outcome = this.#isOverfull ? "overfull" : "applied";
    this.#held = null;
    this.#waiting = 0;
    this.#isOverfull = false;
    for (const apply of held) apply();
    return outcome;
  }
}
