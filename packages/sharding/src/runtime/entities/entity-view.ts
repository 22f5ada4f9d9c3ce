import type { Incarnation, NodeId, ShardRef } from "../../core/ids.ts";
import { StoreUnavailableError } from "../../errors.ts";
import type { Journal, StoredEntity, StoredEvent } from "../../ports/journal.ts";
import { type DueTimer, untilStartMs } from "../../ports/timers.ts";
import type { AnyEntityDefinition } from "./definition.ts";
import type { StoredData } from "./fold.ts";
import { loadEntity } from "./load-entity.ts";
import { messageOf } from "./message-of.ts";
import { initialStateOf } from "./passivation.ts";

/** An entity as whoever looks at it sees it: nothing is activated for it. */
export interface EntityView extends ShardRef {
  readonly namespace: string;
  readonly type: string;
  readonly id: string;
  /** As this node's copy of the log has it; null while its shard has none. */
  readonly home: { readonly nodeId: NodeId; readonly incarnation: Incarnation } | null;
  readonly epoch: number;
  /** What Postgres has of it; null for a volatile entity, whose state is in the memory of its home alone. */
  readonly stored: StoredView | null;
}

export interface StoredView {
  /** How many events it has had; null where they cannot be folded here. */
  readonly version: number | null;
  /** Null where it cannot be folded. */
  readonly state: unknown;
  /** Why it cannot be folded, or null. */
  readonly fault: string | null;
  /** The last ones, oldest first, as they are stored. */
  readonly events: readonly {
    readonly version: number;
    readonly type: string;
    readonly data: unknown;
  }[];
  readonly timers: readonly TimerView[];
}

export interface TimerView {
  readonly name: string;
  /** By the clock of the Postgres server; null: at its next home. */
  readonly dueAt: Date | null;
  readonly command: string;
  readonly comesAgain: boolean;
}

/**
 * Reads what Postgres has of a durable entity. It may be a command behind its home, never ahead of it.
 *
 * @param limit how many events at most.
 */
export async function viewStored(
  journal: Pick<Journal, "replay" | "read" | "timersOf">,
  definition: AnyEntityDefinition,
  entity: StoredEntity,
  limit: number,
): Promise<StoredView> {
  const type = { definition };
  const initial = () => initialStateOf({ entity, type });
  const timers = (await journal.timersOf(entity)).map(timerView);
  try {
    const { state, version } = await loadEntity(journal, type, entity, initial);
    const events = await journal.read(entity, Math.max(0, version - limit), limit);
    return { version, state, fault: null, events: events.map(eventView), timers };
  } catch (error) {
    if (error instanceof StoreUnavailableError) throw error;
    const fault = messageOf(error);
    return { version: null, state: null, fault, events: [], timers };
  }
}

const eventView = ({ version, event }: StoredEvent): StoredView["events"][number] => {
  const { type, data } = event as StoredData;
  return { version, type, data };
};

const timerView = ({ name, dueMs, command, recurrence }: DueTimer): TimerView => ({
  ...{ name, command, comesAgain: recurrence !== null },
  dueAt: dueMs === untilStartMs ? null : new Date(dueMs),
});
