import type { WarmEntity } from "../../core/messages.ts";
import type { Activation } from "./activation.ts";
import type { CapturedEntity } from "./executor-messages.ts";
import { copyPlain } from "./plain-data.ts";
import type { Shard } from "./shard.ts";
import { checkStorable } from "./stored-json.ts";

/** One message, short enough for heartbeats to pass before and after it. @unit characters of JSON */
const warmSize = 128 * 1024;
const warmLimit = 1_000;

export interface Captured {
  /** Entities that have no other copy, all of them. */
  readonly entities: readonly CapturedEntity[];
  /** Durable ones, the last used. */
  readonly warm: readonly WarmEntity[];
}

/** @returns why not, where the state of an entity that has no other copy cannot be carried. */
export function captureAll(shard: Shard): Captured | string {
  const entities: CapturedEntity[] = [...shard.strays];
  const durable: Activation[] = [];
  for (const activation of shard.activations.all()) {
    const { loaded, isDurable, key, entity, state } = activation;
    if (!loaded) continue;
    if (isDurable) {
      durable.push(activation);
      continue;
    }
    try {
      const { namespace, type, id } = entity;
      entities.push({ namespace, type, id, state: copyPlain(state, "state") });
    } catch (error) {
      return `${key}: ${(error as Error).message}`;
    }
  }
  return { entities, warm: warmOf(durable) };
}

function warmOf(activations: readonly Activation[]): readonly WarmEntity[] {
  const warm: WarmEntity[] = [];
  let room = warmSize;
  for (const activation of activations.toSorted((a, b) => b.usedMs - a.usedMs)) {
    const size = sizeOf(activation);
    if (size > room) continue;
    room -= size;
    const { entity, state, version, unkept } = activation;
    const { namespace, type, id } = entity;
    const copy = copyPlain(state, "state");
    warm.push({ namespace, type, id, state: copy, version, unkept: unkept.events });
    if (warm.length === warmLimit) break;
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
