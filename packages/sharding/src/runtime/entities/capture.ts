import type { WarmEntity } from "../../core/messages.ts";
import { Activation } from "./activation.ts";
import { entityKey } from "./entity-key.ts";
import type { CapturedEntity } from "./executor-messages.ts";
import { entityLimitBytes, type PackedState, StateWriter, tooLarge } from "./packed-state.ts";
import { checkPlain, copyPlain, weighPlain } from "./plain-data.ts";
import type { Shard } from "./shard.ts";
import { checkStorable } from "./stored-json.ts";

/** One message, short enough for heartbeats to pass before and after it. @unit characters of JSON */
const warmSize = 128 * 1024;
const warmLimit = 1_000;

/** So much is packed while the shard pauses, without a word. @unit bytes */
const littleBytes = 32 * 1024;
/** What still changes after so many copies is captured in the pause. */
const copyLimit = 3;

export interface Captured {
  /** Of the entities that have no other copy, what was not copied before; null for none. */
  readonly state: PackedState | null;
  /** Durable ones, the last used. */
  readonly warm: readonly WarmEntity[];
}

/** What is still to be looked at, one a step. `why` is the reason where the state of one cannot be carried. */
type Pass<T> = Generator<null, { readonly done: T } | { readonly why: string }>;

/**
 * Packs the state of a shard for a handoff: ahead, while commands still run, once or a few times; then, when nothing
 * runs any more, what has changed since, which each activation counts.
 *
 * States are not copied first: as long as the last pass takes, no command of the shard
 * begins.
 */
export class Capture {
  readonly handoffId: string;
  /** When its first pass began, on the monotonic clock. @unit milliseconds */
  readonly sinceMs: number;
  readonly #shard: Shard;
  readonly #writer = new StateWriter();
  /** What was packed, and how often it had changed by then. */
  readonly #packed = new Map<Activation | CapturedEntity, number>();
  #copies = 0;

  constructor(shard: Shard, handoffId: string, sinceMs: number) {
    this.#shard = shard;
    this.handoffId = handoffId;
    this.sinceMs = sinceMs;
  }

  /** Ahead. @returns nothing where what is left is for the pause. */
  *copy(): Pass<readonly Uint8Array[]> {
    this.#copies += 1;
    if (this.#copies > copyLimit || (this.#copies === 1 && this.#isLittle())) return { done: [] };
    const why = yield* this.#pack();
    if (why !== null) return { why };
    const isLittle = this.#copies > 1 && this.#writer.waiting < littleBytes;
    return { done: isLittle ? [] : this.#writer.take() };
  }

  /** When nothing runs. */
  *capture(): Pass<Captured> {
    const why = yield* this.#pack();
    if (why !== null) return { why };
    const durable = this.#shard.activations.all().filter((it) => it.isDurable && it.loaded);
    return { done: { state: this.#writer.end(), warm: warmOf(durable) } };
  }

  *#pack(): Generator<null, string | null> {
    // Before those that may have come back under the same name.
    for (const item of this.#packed.keys()) {
      if (!(item instanceof Activation) || (item.loaded && !item.ended)) continue;
      this.#packed.delete(item);
      this.#writer.remove(item.entity);
      yield null;
    }
    for (const stray of this.#shard.strays) {
      const why = this.#add(stray, stray, 0);
      if (why !== null) return why;
      yield null;
    }
    for (const activation of this.#shard.activations.all()) {
      if (activation.isDurable || !activation.loaded || activation.ended) continue;
      const { entity, state, changes } = activation;
      const why = this.#add(activation, { ...entity, state }, changes);
      if (why !== null) return why;
      yield null;
    }
    return null;
  }

  #add(item: Activation | CapturedEntity, entity: CapturedEntity, changes: number): string | null {
    if (this.#packed.get(item) === changes) return null;
    const { state } = entity;
    try {
      if (weighPlain(state, entityLimitBytes) > entityLimitBytes) throw new Error(tooLarge);
      checkPlain(state, "state");
      this.#writer.add(entity);
      this.#packed.set(item, changes);
      return null;
    } catch (error) {
      const { namespace, type, id } = entity;
      return `${entityKey(namespace, type, id)}: ${(error as Error).message}`;
    }
  }

  #isLittle(): boolean {
    const { strays, activations } = this.#shard;
    let room = littleBytes;
    for (const { state } of strays) {
      room -= weighPlain(state, room);
      if (room < 0) return false;
    }
    for (const { isDurable, loaded, state } of activations.all()) {
      if (!isDurable && loaded) room -= weighPlain(state, room);
      if (room < 0) return false;
    }
    return true;
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
