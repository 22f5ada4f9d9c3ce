import type { Incarnation, NodeRef } from "../../core/ids.ts";
import type { Clock } from "../../ports/clock.ts";

/** Waits until every peer has heard that this node takes no more requests. */
export class Farewell {
  readonly #clock: Clock;
  readonly #unheard = new Set<Incarnation>();
  #done: () => void = () => undefined;

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /** @returns when all of them have heard it or are gone, or after `timeoutMs`. */
  async until(peers: readonly NodeRef[], timeoutMs: number): Promise<void> {
    for (const { incarnation } of peers) this.#unheard.add(incarnation);
    if (this.#unheard.size === 0) return;
    const { promise, resolve } = Promise.withResolvers<void>();
    this.#done = resolve;
    const cancel = this.#clock.after(timeoutMs, resolve);
    await promise;
    cancel();
    this.#unheard.clear();
  }

  /** It has heard it, or is gone. */
  without({ incarnation }: NodeRef): void {
    if (this.#unheard.delete(incarnation) && this.#unheard.size === 0) this.#done();
  }
}
