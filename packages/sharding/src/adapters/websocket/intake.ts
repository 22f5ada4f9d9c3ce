import type { Clock } from "../../ports/clock.ts";
import { TurnBudget } from "../../ports/turn-budget.ts";

export interface IntakeOptions {
  readonly clock: Clock;
  /** @returns the messages of a frame; none where it has none, or the connection ends by it. */
  readonly open: (frame: Buffer) => readonly unknown[];
  readonly dispatch: (message: unknown) => void;
  /** No more is read until `resume`; what was read already still comes. */
  readonly pause: () => void;
  readonly resume: () => void;
}

/** How long one connection may dispatch in one turn of the event loop. @unit milliseconds */
const turnMs = 5;

/**
 * What one connection has read, message by message and in order.
 *
 * Intuition: a handler that computes for half a millisecond is no harm, five hundred of them that one peer sent at
 * once are: timers, heartbeats and the other peers would wait for all of them. So each connection has its share of a
 * turn; what is beyond it waits for the next one, and meanwhile nothing more is read: the peer's own queue fills up.
 */
export class Intake {
  readonly #options: IntakeOptions;
  readonly #frames: Buffer[] = [];
  #messages: readonly unknown[] = [];
  #next = 0;
  readonly #budget: TurnBudget;
  /** Its share of this turn is used up. */
  #isWaiting = false;
  #isFinished = false;
  #isDropped = false;

  constructor(options: IntakeOptions) {
    this.#options = options;
    this.#budget = new TurnBudget(options.clock, turnMs, () => this.#goOn());
  }

  push(frame: Buffer): void {
    if (this.#isDropped) return;
    this.#frames.push(frame);
    if (!this.#isWaiting) this.#drain();
  }

  #goOn(): void {
    if (!this.#isWaiting) return;
    this.#isWaiting = false;
    this.#drain();
    if (!this.#isWaiting) this.#options.resume();
  }

  /** Nothing more will be read: the rest is dispatched now, because nobody waits for turns of a peer that is gone. */
  finish(): void {
    this.#isFinished = true;
    this.#isWaiting = false;
    this.#drain();
  }

  /** The rest belongs to nobody: this side has ended the connection, or its own life. */
  drop(): void {
    this.#isDropped = true;
    this.#isWaiting = false;
    this.#frames.length = 0;
    this.#messages = [];
  }

  #drain(): void {
    const { open, dispatch, pause } = this.#options;
    // A receiver may end this very connection.
    while (!this.#isDropped) {
      if (this.#next < this.#messages.length) {
        if (!this.#isFinished && !this.#budget.hasRoom()) {
          this.#isWaiting = true;
          return pause();
        }
        const message = this.#messages[this.#next];
        this.#next += 1;
        dispatch(message);
      } else {
        const frame = this.#frames.shift();
        if (frame === undefined) return;
        this.#messages = open(frame);
        this.#next = 0;
      }
    }
  }
}
