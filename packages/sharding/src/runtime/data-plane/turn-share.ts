import type { Clock } from "../../ports/clock.ts";
import { TurnBudget } from "../../ports/turn-budget.ts";

/** How long the asks of this node that it answers itself may keep a turn of the event loop. @unit milliseconds */
const turnMs = 10;

/**
 * Lets others have their turn.
 *
 * Intuition: an ask whose home is this very node is answered without ever leaving the turn, so a caller that awaits
 * one after the other (a loop that fills a cluster) would keep the event loop for ever: no heartbeat would leave, and
 * the node would lose its lease. What comes once a turn's share is used up waits for the next one, in order.
 */
export class TurnShare<Item> {
  readonly #take: (item: Item) => void;
  readonly #budget: TurnBudget;
  readonly #waiting: Item[] = [];

  constructor(clock: Clock, take: (item: Item) => void) {
    this.#take = take;
    this.#budget = new TurnBudget(clock, turnMs, () => this.#goOn());
  }

  add(item: Item): void {
    if (this.#waiting.length === 0 && this.#budget.hasRoom()) this.#take(item);
    else this.#waiting.push(item);
  }

  #goOn(): void {
    let next = 0;
    while (next < this.#waiting.length && this.#budget.hasRoom()) {
      this.#take(this.#waiting[next] as Item);
      next += 1;
    }
    this.#waiting.splice(0, next);
  }
}
