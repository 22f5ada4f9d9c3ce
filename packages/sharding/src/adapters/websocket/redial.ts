import type { Clock } from "../../ports/clock.ts";
import type { WebsocketLimits } from "./limits.ts";

/** A dial under way. Giving it up reports nothing. */
export interface Attempt {
  giveUp(): void;
}

export interface RedialOptions {
  readonly clock: Clock;
  readonly limits: Pick<WebsocketLimits, "backoffMinMs" | "backoffMaxMs">;
  readonly mayDial: () => boolean;
  readonly open: () => Attempt;
}

/** Dials one channel again and again: one attempt at a time, with pauses that grow. */
export class Redial {
  readonly #options: RedialOptions;
  #attempt: Attempt | null = null;
  #isCommitted = false;
  #cancelPause: (() => void) | null = null;
  #failures = 0;

  constructor(options: RedialOptions) {
    this.#options = options;
  }

  /** The own proof has left: the other side may count this attempt as a connection. */
  get isCommitted(): boolean {
    return this.#isCommitted;
  }

  commit(): void {
    this.#isCommitted = true;
  }

  /** Dials at once, pause or not, where it may. */
  start(): void {
    if (this.#attempt !== null || !this.#options.mayDial()) return;
    this.#endPause();
    this.#attempt = this.#options.open();
  }

  /** Dials after a pause, longer with each failure, and random so that a cluster does not dial in step. */
  startLater(): void {
    if (this.#attempt !== null || this.#cancelPause !== null) return;
    const { clock, limits } = this.#options;
    const pauseMs = Math.min(
      limits.backoffMaxMs,
      limits.backoffMinMs * 2 ** Math.min(this.#failures, 16),
    );
    this.#failures++;
    this.#cancelPause = clock.after(pauseMs * (0.5 + clock.random() / 2), () => {
      this.#cancelPause = null;
      this.start();
    });
  }

  /** The attempt has come to its end by itself. */
  settle(): void {
    this.#attempt = null;
    this.#isCommitted = false;
  }

  /** Neither an attempt nor a pause is left. */
  stop(): void {
    const attempt = this.#attempt;
    this.settle();
    this.#endPause();
    attempt?.giveUp();
  }

  forgetFailures(): void {
    this.#failures = 0;
  }

  #endPause(): void {
    this.#cancelPause?.();
    this.#cancelPause = null;
  }
}
