import type { Clock } from "../../ports/clock.ts";
import type { ProcessIdentity } from "../../ports/lease-session.ts";
import type { Random } from "./random.ts";
import type { Timeline } from "./timeline.ts";

/** No timer of Node.js is faster. @unit milliseconds */
const timerGrainMs = 1;

export interface SimProcessOptions {
  readonly timeline: Timeline;
  readonly random: Random;
  readonly pid: number;
  /** Its clock's rate against true time. */
  readonly rate: number;
}

/**
 * A process with a clock of its own. Whatever reaches it goes through `deliver`: a paused one finds it
 * all at once when it goes on, a dead one never.
 */
export class SimProcess implements Clock {
  readonly identity: ProcessIdentity;
  readonly #timeline: Timeline;
  readonly #random: Random;
  readonly #rate: number;
  /** Clocks of two processes have nothing to do with each other. */
  readonly #offsetMs: number;
  /** When it last went on after a pause, in true time. */
  wokeAtMs = 0;
  wakes = 0;
  #state: "runs" | "paused" | "dead" = "runs";
  #sleptMs = 0;
  #sleepsSinceMs: number | null = null;
  #waiting: { readonly isTimer: boolean; readonly fn: () => void }[] = [];

  constructor({ timeline, random, pid, rate }: SimProcessOptions) {
    this.#timeline = timeline;
    this.#random = random;
    this.#rate = rate;
    this.#offsetMs = random.between(0, 1e6);
    this.identity = { bootId: "b", pidNamespace: "n", pid, startTime: String(pid) };
  }

  get isAlive(): boolean {
    return this.#state !== "dead";
  }

  get isRunning(): boolean {
    return this.#state === "runs";
  }

  deliver(fn: () => void, isTimer = false): void {
    if (this.#state === "runs") fn();
    else if (this.#state === "paused") this.#waiting.push({ isTimer, fn });
  }

  /** @param isSleep the machine sleeps: its monotonic clock stands still, its boot clock does not. */
  pause(isSleep: boolean): void {
    if (this.#state !== "runs") return;
    this.#state = "paused";
    if (isSleep) this.#sleepsSinceMs = this.#timeline.nowMs;
  }

  /** Goes on with what has waited: the timers that are due come first or last, as it happens. */
  resume(): void {
    if (this.#state !== "paused") return;
    this.#sleptMs = this.#slept();
    this.#sleepsSinceMs = null;
    this.#state = "runs";
    this.wokeAtMs = this.#timeline.nowMs;
    this.wakes += 1;
    const timersFirst = this.#random.chance(0.5);
    const waiting = this.#waiting.splice(0);
    for (const isTimer of [timersFirst, !timersFirst]) {
      for (const one of waiting) {
        if (one.isTimer === isTimer) {
          this.#timeline.after(0, () => this.deliver(one.fn, one.isTimer));
        }
      }
    }
  }

  kill(): void {
    this.#state = "dead";
    this.#waiting = [];
  }

  monotonicMs(): number {
    return this.#offsetMs + (this.#timeline.nowMs - this.#slept()) * this.#rate;
  }

  bootMs(): number {
    return this.#offsetMs + this.#timeline.nowMs * this.#rate;
  }

  after(delayMs: number, fn: () => void): () => void {
    return this.#timeline.after(Math.max(timerGrainMs, delayMs / this.#rate), () =>
      this.deliver(fn, true),
    );
  }

  random(): number {
    return this.#random.next();
  }

  uuid(): string {
    return uuidFrom(this.#random);
  }

  #slept(): number {
    const since = this.#sleepsSinceMs;
    return since === null ? this.#sleptMs : this.#sleptMs + this.#timeline.nowMs - since;
  }
}

function uuidFrom(random: Random): string {
  const part = (): string => random.below(0x1_0000_0000).toString(16).padStart(8, "0");
  const [a, b, c, d] = [part(), part(), part(), part()];
  return `${a}-${b.slice(0, 4)}-4${b.slice(5)}-8${c.slice(1, 4)}-${c.slice(4)}${d}`;
}

/** The clock of what is nobody's process: the network and the database server. True time. */
export const worldClock = (timeline: Timeline, random: Random): Clock => ({
  monotonicMs: () => timeline.nowMs,
  bootMs: () => timeline.nowMs,
  after: (delayMs, fn) => timeline.after(delayMs, fn),
  random: () => random.next(),
  uuid: () => uuidFrom(random),
});
