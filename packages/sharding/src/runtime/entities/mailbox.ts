import type { EntityRequest } from "./executor-messages.ts";

/** The requests that wait for one entity, first in first out. Its owner keeps it within the limit. */
export class Mailbox {
  #waiting: EntityRequest[] = [];
  /** Taken from the front by index: shifting an array of a thousand moves them all. */
  #first = 0;

  get size(): number {
    return this.#waiting.length - this.#first;
  }

  push(request: EntityRequest): void {
    this.#waiting.push(request);
  }

  shift(): EntityRequest | undefined {
    const request = this.#waiting[this.#first];
    if (request === undefined) return undefined;
    this.#first += 1;
    if (this.#first === this.#waiting.length) this.#reset([]);
    else if (this.#first >= 64) this.#reset(this.#waiting.slice(this.#first));
    return request;
  }

  /** Takes out what `gone` says, in order; the rest stays in order. */
  take(gone: (request: EntityRequest) => boolean): EntityRequest[] {
    const taken: EntityRequest[] = [];
    const kept: EntityRequest[] = [];
    for (let index = this.#first; index < this.#waiting.length; index += 1) {
      const request = this.#waiting[index] as EntityRequest;
      (gone(request) ? taken : kept).push(request);
    }
    if (taken.length > 0) this.#reset(kept);
    return taken;
  }

  #reset(waiting: EntityRequest[]): void {
    this.#waiting = waiting;
    this.#first = 0;
  }
}
