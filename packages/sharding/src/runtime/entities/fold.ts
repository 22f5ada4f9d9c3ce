import type { StoredEvent } from "../../ports/journal.ts";
import type { Upcast } from "./definition.ts";
import type { EntityType } from "./entity-type.ts";
import { messageOf } from "./message-of.ts";
import { checkPlain, copyPlain } from "./plain-data.ts";

/** An event as it is stored. */
export interface StoredData {
  readonly type: string;
  readonly data: unknown;
  /** How many upcasts its data had behind it when it was stored. @default 0 */
  readonly steps?: number;
}

/** What is stored of an entity's removal. No event of a definition has a name like it. */
export const removal: StoredData = { type: "$removed", data: null };

type Typed = Pick<EntityType, "definition">;

/** @throws where it is no event: somebody else has written to the journal. */
export function storedDataOf({ event, version }: StoredEvent): StoredData {
  if (typeof (event as Partial<StoredData> | null)?.type === "string") return event as StoredData;
  throw new Error(`What is stored as its event ${version} is no event.`);
}

/** The upcasts of an event, oldest first. */
const upcastsOf = ({ definition }: Typed, event: string): readonly Upcast[] =>
  (Object.hasOwn(definition.upcasts, event) ? definition.upcasts[event] : undefined) ?? [];

/** How many upcasts the data of an event has behind it in this version of the program. */
export const stepsOf = (type: Typed, event: string): number => upcastsOf(type, event).length;

/**
 * The state after these events.
 *
 * @param initial the state of an entity that nobody has called yet.
 *
 * Folds get copies: one that changes what it was given must not change what is served or stored.
 *
 * @throws where an event is not one of the type's or of a later version, or a fold or an upcast fails.
 */
export function fold(
  type: Typed,
  state: unknown,
  events: readonly StoredData[],
  initial: () => unknown,
): unknown {
  const folds = type.definition.events ?? {};
  let next = copyPlain(state, "state");
  for (const event of events) {
    if (event.type === removal.type) {
      next = initial();
      continue;
    }
    const apply = Object.hasOwn(folds, event.type) ? folds[event.type] : undefined;
    if (apply === undefined) {
      throw new Error(
        `Entity type "${type.definition.type}" has no event "${event.type}" in this version; known: ${Object.keys(folds).join(", ")}.`,
      );
    }
    try {
      next = apply(next, upcast(type, event));
    } catch (error) {
      const why = messageOf(error);
      throw new Error(`The event "${event.type}" cannot be folded: ${why}`, { cause: error });
    }
  }
  checkPlain(next, "state");
  return next;
}

/** The data in its present shape. @throws where it was stored by a later version, or an upcast fails. */
export function upcast(entity: Typed, { type, data, steps = 0 }: StoredData): unknown {
  const upcasts = upcastsOf(entity, type);
  if (steps > upcasts.length) {
    throw new Error(
      `The event "${type}" of entity type "${entity.definition.type}" was stored by a later version of the program: its data has ${steps} upcasts behind it, and ${upcasts.length} are known here.`,
    );
  }
  let present: unknown = copyPlain(data, `event ${type}`);
  for (const step of upcasts.slice(steps)) present = step(present);
  return present;
}
