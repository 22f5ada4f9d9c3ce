export interface LaneRules {
  readonly isCut: () => boolean;
  /** Asked once per item. @unit milliseconds */
  readonly delayMs: () => number;
}

interface Item {
  /** On the monotonic clock; never before the item ahead of it. */
  atMs: number;
  readonly deliver: () => void;
}

/** More than any live connection holds: what is older belongs to connections that have ended. */
const maxHeld = 65_536;

/**
 * Items in order: each is delivered at once, after its delay, or when the cut ends, and none overtakes
 * another.
 */
export class Lane {
  readonly #rules: LaneRules;
  #held: Item[] = [];
  #timer: NodeJS.Timeout | null = null;
  #isDelivering = false;

  constructor(rules: LaneRules) {
    this.#rules = rules;
  }

  get isEmpty(): boolean {
    return this.#held.length === 0;
  }

  pass(deliver: () => void): void {
    const delayMs = this.#rules.delayMs();
    const isFree = this.isEmpty && !this.#isDelivering && !this.#rules.isCut() && delayMs === 0;
    if (isFree) return deliver();
    const atMs = Math.max(performance.now() + delayMs, this.#held.at(-1)?.atMs ?? 0);
    this.#held.push({ atMs, deliver });
    if (this.#held.length > maxHeld) this.#held.shift();
    this.pump();
  }

  /** The rules have changed; `isSwift`: whatever is held has no delay left. */
  pump(isSwift = false): void {
    if (this.#isDelivering) return;
    if (this.#timer !== null) clearTimeout(this.#timer);
    this.#timer = null;
    if (isSwift) for (const item of this.#held) item.atMs = 0;
    this.#isDelivering = true;
    try {
      this.#deliverDue();
    } finally {
      this.#isDelivering = false;
    }
    const [next] = this.#held;
    if (next === undefined || this.#rules.isCut()) return;
    this.#timer = setTimeout(() => this.pump(), next.atMs - performance.now());
  }

  #deliverDue(): void {
    for (;;) {
      const [next] = this.#held;
      // Asked again for each: what is delivered may itself set or end a fault.
      if (next === undefined || next.atMs > performance.now() || this.#rules.isCut()) return;
      this.#held.shift();
      next.deliver();
    }
  }
}
