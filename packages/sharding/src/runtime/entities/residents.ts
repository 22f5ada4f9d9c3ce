import type { Activation } from "./activation.ts";

/** The loaded activations of one type on this node, from the least to the most recently used. */
export class Residents {
  #size = 0;
  #oldest: Activation | null = null;
  #newest: Activation | null = null;

  get size(): number {
    return this.#size;
  }

  get oldest(): Activation | null {
    return this.#oldest;
  }

  add(activation: Activation, nowMs: number): void {
    this.#size += 1;
    this.#append(activation, nowMs);
  }

  /** Makes it the most recently used one. */
  touch(activation: Activation, nowMs: number): void {
    if (this.#newest === activation) {
      activation.usedMs = nowMs;
      return;
    }
    this.#unlink(activation);
    this.#append(activation, nowMs);
  }

  remove(activation: Activation): void {
    this.#size -= 1;
    this.#unlink(activation);
  }

  #append(activation: Activation, nowMs: number): void {
    activation.usedMs = nowMs;
    activation.older = this.#newest;
    activation.newer = null;
    if (this.#newest === null) this.#oldest = activation;
    else this.#newest.newer = activation;
    this.#newest = activation;
  }

  #unlink(activation: Activation): void {
    const { older, newer } = activation;
    if (older === null) this.#oldest = newer;
    else older.newer = newer;
    if (newer === null) this.#newest = older;
    else newer.older = older;
    activation.older = null;
    activation.newer = null;
  }
}
