import type { EntityType } from "./entity-type.ts";
import { checkPlain, copyPlain } from "./plain-data.ts";

/** An event as it is stored. */
export interface StoredData {
  readonly type: string;
  readonly data: unknown;
}

/**
 * The state after these events.
 *
 * Folds get copies: one that changes what it was given must not change what is served or stored.
 *
 * @throws where an event is not one of the type's, or a fold fails.
 */
export function fold(
  { definition }: Pick<EntityType, "definition">,
  state: unknown,
  events: readonly StoredData[],
): unknown {
  let next = copyPlain(state, "state");
  for (const { type, data } of events) {
    const apply = Object.hasOwn(definition.events ?? {}, type)
      ? definition.events?.[type]
      : undefined;
    if (apply === undefined) {
      const known = Object.keys(definition.events ?? {}).join(", ");
      throw new Error(
        `Entity type "${definition.type}" has no event "${type}" in this version; known: ${known}.`,
      );
    }
    next = apply(next, copyPlain(data, `event ${type}`));
  }
  checkPlain(next, "state");
  return next;
}
