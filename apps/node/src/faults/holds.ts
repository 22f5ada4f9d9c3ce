import type { ActiveFault } from "@leasehold/sharding";

/** What only another process can end: the node's own event loop stands still meanwhile. */
export type HeldKind = "pause" | "freeze";

export interface Hold {
  readonly id: string;
  readonly kind: HeldKind;
  readonly ttlMs: number;
  /** The freeze's byte in the shared flag. */
  readonly slot: number;
}

export interface HoldEffects {
  stop(): void;
  resume(): void;
  endFreeze(slot: number): void;
  ended(id: string): void;
}

/**
 * The helper's table of pauses and freezes, each with the timer that ends it.
 *
 * A hold begins before the fault acts, so that a heal which arrives in between is not lost: `act`
 * finds no hold any more and does nothing. The node runs again only when no pause is left.
 */
export class Holds {
  readonly #effects: HoldEffects;
  readonly #active = new Map<
    string,
    { hold: Hold; endsAtMs: number; timer: NodeJS.Timeout; stopped: boolean }
  >();

  constructor(effects: HoldEffects) {
    this.#effects = effects;
  }

  begin(hold: Hold): void {
    this.#active.set(hold.id, {
      hold,
      endsAtMs: performance.now() + hold.ttlMs,
      timer: setTimeout(() => this.heal(hold.id), hold.ttlMs),
      stopped: false,
    });
  }

  /** The answer has left: stop the node, if this pause still holds. */
  act(id: string): void {
    const entry = this.#active.get(id);
    if (entry?.hold.kind !== "pause") return;
    entry.stopped = true;
    this.#effects.stop();
  }

  /** @returns the ids that ended. */
  heal(id?: string): readonly string[] {
    const ids =
      id === undefined ? [...this.#active.keys()] : [id].filter((one) => this.#active.has(one));
    for (const one of ids) this.#end(one);
    return ids;
  }

  list(): readonly ActiveFault[] {
    return [...this.#active.values()].map(({ hold, endsAtMs }) => ({
      id: hold.id,
      kind: hold.kind,
      detail: {},
      expiresInMs: Math.max(0, Math.round(endsAtMs - performance.now())),
    }));
  }

  anyStopped(): boolean {
    return [...this.#active.values()].some((entry) => entry.stopped);
  }

  #end(id: string): void {
    const entry = this.#active.get(id);
    if (entry === undefined) return;
    clearTimeout(entry.timer);
    this.#active.delete(id);
    if (entry.hold.kind === "freeze") this.#effects.endFreeze(entry.hold.slot);
    else if (entry.stopped && !this.anyStopped()) this.#effects.resume();
    this.#effects.ended(id);
  }
}
