import { InvariantViolation } from "./invariant-violation.ts";
import type { Call } from "./steady-load.ts";

/** What is certain about one epoch of a shard: it was served at some time in each call's interval. */
interface Served {
  readonly nodeId: string;
  readonly incarnation: string;
  /** The latest start of a call: it still served then, or later. */
  lastStartMs: number;
  /** The earliest end of a call: it had served by then. */
  firstEndMs: number;
}

/**
 * Who served which shard when, from the answers alone (S1, S2).
 *
 * A command ran at some time between its call's start and end, so an epoch surely served at or after its
 * latest start, and surely had served by its earliest end. An older epoch that still serves after a
 * younger one has served is two homes at once, or an epoch that went down; whatever clients, queues and
 * retries add to an interval only hides such a case, it never makes one up.
 */
export class ServiceHistory {
  readonly #shards = new Map<string, Map<number, Served>>();
  #calls = 0;

  /** How many answers were judged. */
  get calls(): number {
    return this.#calls;
  }

  /** @throws {InvariantViolation} */
  add({ id, startMs, endMs, outcome }: Call): void {
    if (outcome.tag !== "ok") return;
    this.#calls += 1;
    const { group, shard, epoch, nodeId, incarnation } = outcome.servedBy;
    const name = `${group}/${shard}`;
    const epochs = this.#shards.get(name) ?? new Map<number, Served>();
    this.#shards.set(name, epochs);
    const own = epochs.get(epoch) ?? {
      ...{ nodeId, incarnation, lastStartMs: startMs, firstEndMs: endMs },
    };
    epochs.set(epoch, own);
    if (own.incarnation !== incarnation) {
      throw new InvariantViolation(
        `S2: ${name} at epoch ${epoch} was served by ${own.nodeId} ${own.incarnation} and by ${nodeId} ${incarnation} (${id})`,
      );
    }
    own.lastStartMs = Math.max(own.lastStartMs, startMs);
    own.firstEndMs = Math.min(own.firstEndMs, endMs);
    for (const [other, served] of epochs) {
      if (other < epoch) expectOver(name, other, served, epoch, own);
      if (other > epoch) expectOver(name, epoch, own, other, served);
    }
  }
}

function expectOver(name: string, older: number, a: Served, younger: number, b: Served): void {
  if (a.lastStartMs <= b.firstEndMs) return;
  const lateMs = (a.lastStartMs - b.firstEndMs).toFixed(1);
  throw new InvariantViolation(
    `S1: ${name} was still served at epoch ${older} by ${a.nodeId} ${a.incarnation} at least ${lateMs} ms after ` +
      `it had been served at epoch ${younger} by ${b.nodeId} ${b.incarnation}`,
  );
}
