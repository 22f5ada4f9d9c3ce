/** Doublings at most: the longest wait is 128 times the first, 6.4 ttl. */
const mostDoublings = 7;

/**
 * How long a node stays away from leading after its own decisions failed.
 *
 * A decision that fails by a defect fails again for whoever leads next, from the same rows. Without a wait
 * the cluster would go through terms as fast as Postgres raises them, and push each to every node. A term
 * that ends for another reason, or that lasted, says that the defect is not in the way any more.
 */
export class TermBackoff {
  readonly #ttlMs: number;
  #defects = 0;
  #notBeforeMs = Number.NEGATIVE_INFINITY;

  constructor(ttlMs: number) {
    this.#ttlMs = ttlMs;
  }

  mayLead(nowMs: number): boolean {
    return nowMs >= this.#notBeforeMs;
  }

  /** @returns how long this node stays away. @unit milliseconds */
  termEnded(byDefect: boolean, lastedMs: number, nowMs: number): number {
    if (!byDefect || lastedMs > 4 * this.#ttlMs) this.#defects = 0;
    if (!byDefect) return 0;
    const waitMs = (this.#ttlMs / 20) * 2 ** Math.min(this.#defects, mostDoublings);
    this.#defects += 1;
    this.#notBeforeMs = nowMs + waitMs;
    return waitMs;
  }
}
