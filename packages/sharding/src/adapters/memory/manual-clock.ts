import type { Clock } from "../../ports/clock.ts";

interface Timer {
  readonly atMs: number;
  readonly fn: () => void;
}

/**
 * Time that passes only when a test says so. Randomness and ids come from a seed: two clocks with
 * one seed give the same run.
 */
export class ManualClock implements Clock {
  #nowMs = 0;
  #suspendedMs = 0;
  /** In the order of setting, which is the order of running for the same instant. */
  readonly #timers = new Set<Timer>();
  #seed: number;

  constructor(seed = 1) {
    this.#seed = seed;
  }

  monotonicMs(): number {
    return this.#nowMs;
  }

  bootMs(): number {
    return this.#nowMs + this.#suspendedMs;
  }

  after(delayMs: number, fn: () => void): () => void {
    const timer = { atMs: this.#nowMs + Math.max(0, delayMs), fn };
    this.#timers.add(timer);
    return () => this.#timers.delete(timer);
  }

  /** Runs what is due within `ms`, in the order of time; a timer set meanwhile counts too. */
  advance(ms: number): void {
    const endMs = this.#nowMs + ms;
    for (let next = this.#nextUntil(endMs); next !== undefined; next = this.#nextUntil(endMs)) {
      this.#timers.delete(next);
      this.#nowMs = next.atMs;
      next.fn();
    }
    this.#nowMs = endMs;
  }

  /** The machine sleeps: time since boot goes on, the monotonic clock and the timers do not. */
  suspend(ms: number): void {
    this.#suspendedMs += ms;
  }

  /** Mulberry32. */
  random(): number {
    this.#seed = (this.#seed + 0x6d2b79f5) | 0;
    let t = Math.imul(this.#seed ^ (this.#seed >>> 15), this.#seed | 1);
    t ^= t + Math.imul(t ^ (t >>> 7), t | 61);
    return ((t ^ (t >>> 14)) >>> 0) / 0x1_0000_0000;
  }

  uuid(): string {
    const digits = Array.from({ length: 32 }, () => Math.floor(this.random() * 16).toString(16));
    digits[12] = "4";
    digits[16] = "8";
    const hex = digits.join("");
    const parts = [hex.slice(0, 8), hex.slice(8, 12), hex.slice(12, 16), hex.slice(16, 20)];
    return [...parts, hex.slice(20)].join("-");
  }

  #nextUntil(endMs: number): Timer | undefined {
    let first: Timer | undefined;
    for (const timer of this.#timers) {
      if (timer.atMs <= endMs && (first === undefined || timer.atMs < first.atMs)) first = timer;
    }
    return first;
  }
}
