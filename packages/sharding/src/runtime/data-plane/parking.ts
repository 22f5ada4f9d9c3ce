import type { ShardRef } from "../../core/ids.ts";
import type { Accepted } from "./inbound.ts";
import type { DataPlaneLimits } from "./limits.ts";
import { requestBytes } from "./pending.ts";
import { ShardTable } from "./shard-table.ts";

/** Requests that wait at their home until it has the shard's carried state: bounded, first in first out. */
export class Parking {
  readonly #limits: Pick<DataPlaneLimits, "parkedMessages" | "parkedBytes">;
  readonly #lots = new ShardTable<Lot>();

  constructor(limits: Pick<DataPlaneLimits, "parkedMessages" | "parkedBytes">) {
    this.#limits = limits;
  }

  has(ref: ShardRef): boolean {
    return this.#lots.get(ref) !== undefined;
  }

  /** @returns false, and takes nothing, where the shard's lot is full. */
  add(accepted: Accepted): boolean {
    const { request } = accepted;
    const bytes = requestBytes(request);
    const lot = this.#lots.get(request) ?? { waiting: new Set<Accepted>(), bytes: 0 };
    const { parkedMessages, parkedBytes } = this.#limits;
    if (lot.waiting.size >= parkedMessages || lot.bytes + bytes > parkedBytes) return false;
    accepted.bytes = bytes;
    lot.waiting.add(accepted);
    lot.bytes += bytes;
    this.#lots.set({ group: request.group, shard: request.shard }, lot);
    return true;
  }

  remove(accepted: Accepted): void {
    const lot = this.#lots.get(accepted.request);
    if (lot === undefined || !lot.waiting.delete(accepted)) return;
    lot.bytes -= accepted.bytes;
    if (lot.waiting.size === 0) this.#lots.delete(accepted.request);
  }

  /** Empties the shard's lot. @returns what was there, in order of arrival. */
  takeAll(ref: ShardRef): readonly Accepted[] {
    const lot = this.#lots.get(ref);
    if (lot === undefined) return [];
    this.#lots.delete(ref);
    return [...lot.waiting];
  }
}

interface Lot {
  readonly waiting: Set<Accepted>;
  bytes: number;
}
