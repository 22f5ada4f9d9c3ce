import type { Clock } from "./clock.ts";

/**
 * A share of each turn of the event loop, for work that could fill all of it: timers, heartbeats and whatever else
 * waits for the next turn have the rest.
 */
export class TurnBudget {
  readonly #clock: Clock;
  readonly #shareMs: number;
  readonly #onNextTurn: () => void;
  #isOpen = false;
  #endMs = 0;

  /**
   * @param shareMs of a turn, in milliseconds. What has been begun is never cut short.
   * @param onNextTurn called once for each turn in which there was a question: what found no room may go on.
   */
  constructor(clock: Clock, shareMs: number, onNextTurn: () => void) {
    this.#clock = clock;
    this.#shareMs = shareMs;
    this.#onNextTurn = onNextTurn;
  }

  /** Whether more may begin in this turn. The share begins with the first question. */
  hasRoom(): boolean {
    const nowMs = this.#clock.monotonicMs();
    if (this.#isOpen) return nowMs < this.#endMs;
    this.#isOpen = true;
    this.#endMs = nowMs + this.#shareMs;
    this.#clock.after(0, () => {
      this.#isOpen = false;
      this.#onNextTurn();
    });
    return true;
  }
}
