import type { Clock } from "../../ports/clock.ts";
import { inSlices } from "../in-slices.ts";
import type { Activation } from "./activation.ts";
import type { EntityId } from "./command.ts";
import type { EntityType } from "./entity-type.ts";
import type { WireError } from "./executor-messages.ts";
import { messageOf } from "./message-of.ts";
import { copyPlain, samePlain } from "./plain-data.ts";
import { notStarted, overloaded } from "./replies.ts";

/**
 * Loads entities and unloads idle ones, by time and by the type's limit.
 *
 * A volatile entity has no second copy, so it is unloaded only where nobody can notice, because its
 * state equals the initial one, or where its definition says that it may be forgotten. (See
 * docs/decisions/ on passivation of volatile entities.) Unloading happens within one turn, so no
 * message can arrive in its middle: the next one loads the entity again.
 */
export class Passivation {
  readonly #clock: Clock;
  readonly #types: readonly EntityType[];
  readonly #sweepMs: number;
  #cancelSweep: (() => void) | null = null;

  constructor(clock: Clock, types: Iterable<EntityType>) {
    this.#clock = clock;
    this.#types = [...types];
    const shortestMs = Math.min(...this.#types.map((type) => type.definition.passivateAfterMs));
    this.#sweepMs = Math.min(Math.max(shortestMs / 8, 10), 10_000);
  }

  get resident(): number {
    return this.#types.reduce((sum, type) => sum + type.residents.size, 0);
  }

  close(): void {
    this.#cancelSweep?.();
    this.#cancelSweep = null;
  }

  /** Marks the entity as used, and loads it first where needed. @returns why it cannot be loaded. */
  use(activation: Activation, nowMs: number): WireError | null {
    if (activation.loaded) {
      activation.type.residents.touch(activation, nowMs);
      return null;
    }
    const full = this.full(activation, nowMs);
    if (full !== null) return full;
    try {
      this.restore(activation, initialStateOf(activation), nowMs);
      return null;
    } catch (error) {
      return notStarted(`${activation.key} could not be activated: ${messageOf(error)}`);
    }
  }

  /** Makes room for one more of its type. @returns why there is none. */
  full(activation: Activation, nowMs: number): WireError | null {
    const { definition, residents } = activation.type;
    if (residents.size >= definition.residentLimit && !this.#makeRoom(activation.type, nowMs)) {
      return overloaded(
        `${residents.size} entities of type "${definition.type}" are loaded here, and none of them may be unloaded.`,
      );
    }
    return null;
  }

  /** Loads with a given state. No limit: a state that a handoff brought is never turned away. */
  restore(activation: Activation, state: unknown, nowMs: number): void {
    activation.state = state;
    activation.loaded = true;
    activation.type.residents.add(activation, nowMs);
    this.#arm(this.#sweepMs);
  }

  /** Its state is not the truth any more: the next command loads it again. */
  outdate(activation: Activation): void {
    if (!activation.loaded) return;
    activation.type.residents.remove(activation);
    activation.loaded = false;
  }

  unload(activation: Activation): void {
    if (activation.ended) return;
    activation.ended = true;
    if (activation.loaded) activation.type.residents.remove(activation);
    activation.shard.activations.delete(activation);
  }

  /** Of a shard that is gone or never came: at leisure, because nobody asks for them any more. */
  unloadAll(activations: readonly Activation[]): void {
    let next = 0;
    inSlices(this.#clock, () => {
      const activation = activations[next];
      next += 1;
      if (activation !== undefined) this.unload(activation);
      return activation !== undefined;
    });
  }

  /** Looks at a few of the oldest. Those that have to stay count as used: the next call looks at others. */
  #makeRoom(type: EntityType, nowMs: number): boolean {
    for (let looked = 0; looked < looksForRoom; looked += 1) {
      const { oldest } = type.residents;
      if (oldest === null) return false;
      if (mayUnload(oldest)) {
        this.unload(oldest);
        return true;
      }
      type.residents.touch(oldest, nowMs);
    }
    return false;
  }

  #arm(afterMs: number): void {
    this.#cancelSweep ??= this.#clock.after(afterMs, () => {
      this.#cancelSweep = null;
      const nowMs = this.#clock.monotonicMs();
      let left = sweepBatch;
      for (const type of this.#types) left = this.#sweep(type, nowMs, left);
      if (this.resident > 0) this.#arm(left === 0 ? 1 : this.#sweepMs);
    });
  }

  /** @returns how many more entities this sweep may look at. */
  #sweep(type: EntityType, nowMs: number, budget: number): number {
    const idleSinceMs = nowMs - type.definition.passivateAfterMs;
    let left = budget;
    for (; left > 0; left -= 1) {
      const { oldest } = type.residents;
      if (oldest === null || oldest.usedMs > idleSinceMs) break;
      // What has to stay is looked at again after another idle time, not with every sweep.
      if (mayUnload(oldest)) this.unload(oldest);
      else type.residents.touch(oldest, nowMs);
    }
    return left;
  }
}

const looksForRoom = 32;
const sweepBatch = 500;

function mayUnload(activation: Activation): boolean {
  if (activation.shard.phase === "gone") return true;
  if (!activation.idle || activation.shard.phase !== "serving") return false;
  if (activation.type.definition.mayForget) return true;
  try {
    return samePlain(activation.state, initialStateOf(activation));
  } catch {
    // A definition that cannot make the initial state now could not make it again later.
    return false;
  }
}

export function initialStateOf({
  entity,
  type,
}: {
  readonly entity: EntityId;
  readonly type: Pick<EntityType, "definition">;
}): unknown {
  const { namespace, id } = entity;
  // A copy: a definition may give the same object each time.
  return copyPlain(type.definition.state({ namespace, id }), "initial state");
}
