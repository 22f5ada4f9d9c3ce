import type { NodeRef } from "../../core/ids.ts";

const maxRemembered = 1_024;

/**
 * Lives that were peers and are none any more. A node that was stopped for long wakes up as such a life
 * and dials: nothing that it still has to say may be heard, because its shards have new homes.
 */
export class RetiredLives {
  readonly #keys = new Set<string>();

  add(ref: NodeRef): void {
    const [oldest] = this.#keys;
    if (oldest !== undefined && this.#keys.size >= maxRemembered) this.#keys.delete(oldest);
    this.#keys.add(keyOf(ref));
  }

  has(ref: NodeRef): boolean {
    return this.#keys.has(keyOf(ref));
  }

  delete(ref: NodeRef): void {
    this.#keys.delete(keyOf(ref));
  }

  clear(): void {
    this.#keys.clear();
  }
}

const keyOf = (ref: NodeRef): string => `${ref.incarnation} ${ref.nodeId}`;
