import type { Clock } from "../../ports/clock.ts";

/** How long the asks of this node that it answers itself may keep a turn of the event loop. @unit milliseconds */
const turnMs = 10;

/**
 * Lets others have their turn.
 *
 * Intuition: an ask whose home is this very node is answered without ever leaving the turn, so a caller that awaits
 * one after the other (a loop that fills a cluster) would keep the event loop for ever: no heartbeat would leave, and
 * the node would lose its lease. What comes once a turn's share is used up waits for the next one, in order.
 */
export class TurnShare {
  readonly #clock: Clock;
  readonly #waiting: (() => void)[] = [];
  #isOpen = false;
  #endMs = 0;

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  run(start: () => void): void {
    if (this.#waiting.length === 0 && this.#hasRoom()) start();
    else this.#waiting.push(start);
  }

  #hasRoom(): boolean {
    const nowMs = this.#clock.monotonicMs();
    if (this.#isOpen) return nowMs < this.#endMs;
    this.#isOpen = true;
    this.#endMs = nowMs + turnMs;
    this.#clock.after(0, () => this.#next());
    return true;
  }

  #next(): void {
    this.#isOpen = false;
    while (this.#waiting.length > 0 && this.#hasRoom()) this.#waiting.shift()?.();
  }
}
