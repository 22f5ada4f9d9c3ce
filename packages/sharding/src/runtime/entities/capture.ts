import type { WarmEntity } from "../../core/messages.ts";
import type { Activation } from "./activation.ts";
import { entityKey } from "./entity-key.ts";
import type { CapturedEntity } from "./executor-messages.ts";
import { entityLimitBytes, type PackedState, StateWriter, tooLarge } from "./packed-state.ts";
import { checkPlain, copyPlain, weighPlain } from "./plain-data.ts";
import type { Shard } from "./shard.ts";
import { checkStorable } from "./stored-json.ts";

/** One message, short enough for heartbeats to pass before and after it. @unit characters of JSON */
const warmSize = 128 * 1024;
const warmLimit = 1_000;

export interface Captured {
  /** Of the entities that have no other copy, all of them; null for none. */
  readonly state: PackedState | null;
  /** Durable ones, the last used. */
  readonly warm: readonly WarmEntity[];
}

/**
 * Takes the state of a shard in which nothing runs, one entity per step. The states are not copied first: as long
 * as it takes, no command of the shard begins.
 */
export class Capture {
  readonly #writer = new StateWriter();
  readonly #strays: readonly CapturedEntity[];
  readonly #activations: readonly Activation[];
  readonly #durable: Activation[] = [];
  #next = 0;

  constructor(shard: Shard) {
    this.#strays = shard.strays;
    this.#activations = shard.activations.all();
  }

  /**
   * @returns null while there is more to do; a sentence where the state of an entity that has no other copy cannot
   * be carried.
   */
  step(): Captured | string | null {
    const index = this.#next;
    this.#next += 1;
    const stray = this.#strays[index];
    if (stray !== undefined) return this.#add(stray);
    const activation = this.#activations[index - this.#strays.length];
    if (activation === undefined) {
      return { state: this.#writer.end(), warm: warmOf(this.#durable) };
    }
    if (!activation.loaded) return null;
    if (activation.isDurable) {
      this.#durable.push(activation);
      return null;
    }
    return this.#add({ ...activation.entity, state: activation.state });
  }

  #add(entity: CapturedEntity): string | null {
    try {
      const { state } = entity;
      if (weighPlain(state, entityLimitBytes) > entityLimitBytes) throw new Error(tooLarge);
      checkPlain(state, "state");
      this.#writer.add(entity);
      return null;
    } catch (error) {
      const { namespace, type, id } = entity;
      return `${entityKey(namespace, type, id)}: ${(error as Error).message}`;
    }
  }
}

function warmOf(activations: readonly Activation[]): readonly WarmEntity[] {
  const warm: WarmEntity[] = [];
  let room = warmSize;
  const latest = activations.toSorted((a, b) => b.usedMs - a.usedMs).slice(0, warmLimit);
  for (const activation of latest) {
    // Looking at a large state only to find that it does not fit would take longer than it is worth.
    const size = weighPlain(activation.state, room) > room ? room + 1 : sizeOf(activation);
    if (size > room) continue;
    room -= size;
    const { entity, state, version, unkept } = activation;
    const { namespace, type, id } = entity;
    const copy = copyPlain(state, "state");
    warm.push({ namespace, type, id, state: copy, version, unkept: unkept.events });
  }
  return warm;
}

/** Infinite where the state is no JSON: it is folded anew. @unit characters */
function sizeOf({ key, state }: Activation): number {
  try {
    return key.length + checkStorable(state, "state");
  } catch {
    return Number.POSITIVE_INFINITY;
  }
}
