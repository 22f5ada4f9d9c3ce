import { EventUnreadableError } from "../../errors.ts";
import type { EntityEvent } from "../../event-api.ts";
import type { FeedEvent } from "../../ports/event-feed.ts";
import type { AnyEntityDefinition } from "../entities/definition.ts";
import { entityKey } from "../entities/entity-key.ts";
import { type StoredData, upcast } from "../entities/fold.ts";
import { messageOf } from "../entities/message-of.ts";

/**
 * A stored event as a subscriber gets it: in the newest shape that this node's program knows.
 *
 * @throws {EventUnreadableError} where it must not be guessed.
 */
export function readable(
  { namespace, type, id, version, event, at }: FeedEvent,
  types: ReadonlyMap<string, AnyEntityDefinition>,
): EntityEvent {
  const entity = { namespace, type, id };
  const definition = types.get(type);
  try {
    if (!isStored(event)) throw new Error(`it is not what an entity stores: ${excerpt(event)}`);
    const data = definition === undefined ? event.data : upcast({ definition }, event);
    return { entity, version, name: event.type, data: data ?? null, at };
  } catch (error) {
    const what = `Event ${version} of ${entityKey(namespace, type, id)} cannot be read`;
    const why = messageOf(error);
    throw new EventUnreadableError(`${what}: ${why}`, { cause: error });
  }
}

function isStored(event: unknown): event is StoredData {
  if (typeof event !== "object" || event === null) return false;
  const { type, steps = 0 } = event as Partial<StoredData>;
  return typeof type === "string" && Number.isSafeInteger(steps) && steps >= 0;
}

const excerpt = (event: unknown): string => JSON.stringify(event)?.slice(0, 100) ?? "nothing";
